internal import Expression
internal import Records

/// The types of numbers by their bounds and by what they are a multiple of.
struct JSONSchemaNumber {
  static let singerDecimal = "singer.decimal"
  private let map: ValueMap

  init(_ map: ValueMap) { self.map = map }

  // MARK: integers

  private static let integers: [(type: DataType, range: ClosedRange<Int128>)] = [
    (.int8, -128...127), (.uint8, 0...255), (.int16, -32_768...32_767), (.uint16, 0...65_535),
    (.int32, Int128(Int32.min)...Int128(Int32.max)), (.uint32, 0...Int128(UInt32.max)),
    (.int64, Int128(Int64.min)...Int128(Int64.max)), (.uint64, 0...Int128(UInt64.max)),
  ]

  static func range(of type: DataType) -> ClosedRange<Int128>? { integers.first { $0.type == type }?.range }

  /// The type whose bounds these are; else the first signed one that holds all values, or a decimal.
  var integer: DataType {
    if map["minimum"] == nil, map["maximum"] == nil, let format = map["format"]?.string,
      let known = JSONSchemaNumber.integers.first(where: { $0.type.name.isExactly(format) })
    {
      return known.type
    }
    let low = bound("minimum", "exclusiveMinimum", inwards: 1)
    let high = bound("maximum", "exclusiveMaximum", inwards: -1)
    if case .beyond(let digits) = JSONSchemaNumber.wider(low, high) {
      return digits <= 76 ? .decimal(precision: digits, scale: 0) : .numeric
    }
    let least = low.number ?? min(Int128(Int64.min), high.number ?? 0)
    let most = high.number ?? max(Int128(Int64.max), least)
    if let same = JSONSchemaNumber.integers.first(where: { $0.range == least...max(least, most) }) { return same.type }
    let signed = [DataType.int8, .int16, .int32, .int64, .uint64].first { type in
      JSONSchemaNumber.range(of: type).map { $0.contains(least) && $0.contains(most) } ?? false
    }
    let digits = max(String(least.magnitude).count, String(most.magnitude).count)
    return signed ?? .decimal(precision: digits, scale: 0)
  }

  private enum Bound {
    case none
    case at(Int128)
    /// More digits than 128 bits hold.
    case beyond(digits: Int)

    var number: Int128? { if case .at(let number) = self { number } else { nil } }
  }

  private static func wider(_ a: Bound, _ b: Bound) -> Bound {
    switch (a, b) {
    case (.beyond(let x), .beyond(let y)): .beyond(digits: max(x, y))
    case (.beyond, _): a
    default: b
    }
  }

  /// - Parameter inwards: what an exclusive bound leaves out.
  private func bound(_ key: String, _ exclusiveKey: String, inwards: Int128) -> Bound {
    let own = map[key].flatMap(JSONSchemaNumber.digits)
    let exclusive = map[exclusiveKey].flatMap(JSONSchemaNumber.digits)
    guard let digits = exclusive ?? own else { return .none }
    let isExclusive = exclusive != nil || map[exclusiveKey] == true
    let whole = max(0, digits.significant.count + digits.power)
    if whole > 37 { return .beyond(digits: whole) }
    let text = String(decoding: digits.significant.prefix(whole), as: UTF8.self)
    let zeros = String(repeating: "0", count: whole - min(whole, digits.significant.count))
    let number = (Int128(text + zeros) ?? 0) * (digits.isNegative ? -1 : 1)
    // Of -0.5 the next integer inwards is 0, of 0.5 it is 1.
    let isWhole = digits.power >= 0 || digits.significant.isEmpty
    if !isWhole { return .at((inwards > 0) != digits.isNegative ? number + inwards : number) }
    return .at(isExclusive ? number + inwards : number)
  }

  // MARK: numbers with a point

  var number: DataType {
    switch map["format"]?.string {
    case "float": return .float32
    case "double": return .float64
    case JSONSchemaNumber.singerDecimal: return singer
    default: break
    }
    guard let step = map["multipleOf"].flatMap(JSONSchemaNumber.digits), !step.significant.isEmpty else {
      return .numeric
    }
    let scale = max(0, -step.power)
    let whole = [wholeDigits("minimum", "exclusiveMinimum"), wholeDigits("maximum", "exclusiveMaximum")]
    guard let low = whole[0], let high = whole[1] else {
      return scale <= 38 ? .decimal(precision: 38, scale: scale) : .numeric
    }
    let precision = max(1, max(low, high) + scale)
    return precision <= 76 ? .decimal(precision: precision, scale: scale) : .numeric
  }

  /// The digits in front of the point that a bound leaves. 10^n that is not reached is n digits.
  private func wholeDigits(_ key: String, _ exclusiveKey: String) -> Int? {
    let own = map[key].flatMap(JSONSchemaNumber.digits)
    let exclusive = map[exclusiveKey].flatMap(JSONSchemaNumber.digits)
    guard let digits = exclusive ?? own else { return nil }
    let isExclusive = exclusive != nil || map[exclusiveKey] == true
    let whole = max(0, digits.significant.count + digits.power)
    return isExclusive && digits.significant == [UInt8(ascii: "1")] ? max(0, whole - 1) : whole
  }

  /// `precision` and `scale`, or tap-oracle's `"scale_precision": "(38,9)"`, where the tap says them.
  private var singer: DataType {
    let pair = map["additionalProperties"]?.map?["scale_precision"]?.string ?? ""
    let parts = pair.split { "(), ".contains($0) }.compactMap { Int($0) }
    let precision = map["precision"]?.int.map { Int(clamping: $0) } ?? parts.first
    let scale = map["scale"]?.int.map { Int(clamping: $0) } ?? (parts.count == 2 ? parts[1] : 0)
    guard let precision, (1...76).contains(precision), (0...precision).contains(scale) else { return .numeric }
    return .decimal(precision: precision, scale: scale)
  }

  private static func digits(_ value: Value) -> ScalarText.Digits? {
    switch value {
    case .int, .double, .decimal: ScalarText.Digits(value.text)
    default: nil
    }
  }

  // MARK: several

  static func isNumber(_ type: DataType) -> Bool {
    switch type {
    case .float32, .float64, .decimal, .numeric: true
    default: range(of: type) != nil
    }
  }

  static func common(_ types: [DataType]) -> DataType {
    let ranges = types.compactMap { range(of: $0) }
    guard ranges.count == types.count, let least = ranges.map(\.lowerBound).min(),
      let most = ranges.map(\.upperBound).max()
    else {
      return types.allSatisfy { $0 == .float32 || $0 == .float64 } ? .float64 : .numeric
    }
    return integers.first { $0.range.contains(least) && $0.range.contains(most) }?.type
      ?? .decimal(precision: 20, scale: 0)
  }
}
