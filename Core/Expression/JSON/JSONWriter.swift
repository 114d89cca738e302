internal import Records

extension Value {
  /// How this value stands in a text: a string as it is, null as nothing, lists and maps as JSON.
  public var text: String {
    switch self {
    case .null: ""
    case .bool(let flag): flag ? "true" : "false"
    case .int(let number): String(number)
    case .double(let number): number.description
    case .decimal(let digits): digits
    case .string(let text): text
    case .list, .map: json()
    case .secret(let secret): secret.value.text
    }
  }

  /// This value as JSON. Doubles are the shortest digits that read back the same; integers and decimals are exact; NaN
  /// and infinities, which JSON lacks, become strings.
  public func json(pretty: Bool = false) -> String {
    var writer = JSONWriter(pretty: pretty)
    writer.write(self, level: 0)
    return String(decoding: writer.output, as: UTF8.self)
  }

  /// The same with what is secret of it.
  public func markedJSON() -> MarkedText {
    var writer = JSONWriter(pretty: false)
    writer.write(self, level: 0)
    return MarkedText(String(decoding: writer.output, as: UTF8.self), writer.marks)
  }

  /// The same within the bounds of an evaluation.
  func markedJSON(_ meter: Meter) throws -> MarkedText {
    var writer = JSONWriter(pretty: false, limit: ExpressionLimits.text)
    writer.write(self, level: 0)
    try meter.text(bytes: writer.output.count)
    return MarkedText(String(decoding: writer.output, as: UTF8.self), writer.marks)
  }

  func markedText(_ meter: Meter) throws -> MarkedText {
    switch self {
    case .list, .map: try markedJSON(meter)
    default: markedText
    }
  }
}

private struct JSONWriter {
  let pretty: Bool
  /// Behind so many bytes nothing more is written.
  let limit: Int
  var output: [UInt8] = []
  /// What of the output is secret.
  private(set) var marks = Marks.none

  init(pretty: Bool, limit: Int = .max) {
    self.pretty = pretty
    self.limit = limit
  }

  mutating func write(_ value: Value, level: Int) {
    if output.count > limit { return }
    switch value {
    case .null: output += "null".utf8
    case .double(let number) where !number.isFinite: write(number.isNaN ? "NaN" : number < 0 ? "-Infinity" : "Infinity")
    case .decimal(let digits): output += Self.number(digits).utf8
    case .bool, .int, .double: output += value.text.utf8
    case .string(let text): write(text)
    case .secret(let secret): write(secret)
    case .list(let values):
      output.append(UInt8(ascii: "["))
      for (index, element) in values.enumerated() where output.count <= limit {
        separate(index, level + 1)
        write(element, level: level + 1)
      }
      close(UInt8(ascii: "]"), isEmpty: values.isEmpty, level)
    case .map(let map):
      output.append(UInt8(ascii: "{"))
      for (index, entry) in map.enumerated() where output.count <= limit {
        separate(index, level + 1)
        if map.hasMarkedKeys { write(map.markedEntries[index].key) } else { write(entry.key) }
        output += (pretty ? ": " : ":").utf8
        write(entry.value, level: level + 1)
      }
      close(UInt8(ascii: "}"), isEmpty: map.isEmpty, level)
    }
  }

  private mutating func write(_ secret: Secret) {
    guard secret.value.string == nil else { return write(secret.markedText) }
    let start = output.count
    write(secret.value, level: 0)
    marks.add(start..<output.count)
  }

  private mutating func write(_ text: MarkedText) {
    output.append(UInt8(ascii: "\""))
    for piece in text.pieces {
      let start = output.count
      append(piece.text)
      if piece.isSecret { marks.add(start..<output.count) }
    }
    output.append(UInt8(ascii: "\""))
  }

  /// A decimal as JSON has numbers: databases and YAML write some (`1.`, `+1.5`, `007.5`, `NaN`) that it has not.
  private static func number(_ digits: String) -> String {
    if Value.isJSONNumber(digits) { return digits }
    return Decimal(digits)?.description ?? "\"\(digits)\""
  }

  private mutating func separate(_ index: Int, _ level: Int) {
    if index > 0 { output.append(UInt8(ascii: ",")) }
    newLine(level)
  }

  private mutating func close(_ bracket: UInt8, isEmpty: Bool, _ level: Int) {
    if !isEmpty { newLine(level) }
    output.append(bracket)
  }

  private mutating func newLine(_ level: Int) {
    guard pretty else { return }
    output.append(10)
    output.append(contentsOf: repeatElement(32, count: level * 2))
  }

  private mutating func write(_ text: String) {
    output.append(UInt8(ascii: "\""))
    append(text)
    output.append(UInt8(ascii: "\""))
  }

  /// A text with its escapes.
  private mutating func append(_ text: String) {
    let bytes = text.utf8.span
    var start = 0
    for place in bytes.indices where Self.isEscaped(bytes[place]) {
      output.append(bytes.extracting(start..<place))
      escape(bytes[place])
      start = place + 1
    }
    output.append(bytes.extracting(droppingFirst: start))
  }

  private static func isEscaped(_ byte: UInt8) -> Bool {
    byte < 32 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
  }

  private mutating func escape(_ byte: UInt8) {
    switch byte {
    case 10: output += "\\n".utf8
    case 13: output += "\\r".utf8
    case 9: output += "\\t".utf8
    case 0..<32:
      output += "\\u00".utf8
      output += [Self.hex[Int(byte >> 4)], Self.hex[Int(byte & 15)]]
    default: output += [UInt8(ascii: "\\"), byte]
    }
  }

  private static let hex = Array("0123456789abcdef".utf8)
}

extension Value {
  /// Whether a text is a number in JSON's notation.
  static func isJSONNumber(_ text: String) -> Bool {
    var rest = Substring(text).utf8
    func digits() -> Int {
      let count = rest.prefix { $0.isDigit }.count
      rest = rest.dropFirst(count)
      return count
    }
    if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
    let beginsWithZero = rest.first == UInt8(ascii: "0")
    let whole = digits()
    guard whole == 1 || (whole > 1 && !beginsWithZero) else { return false }
    if rest.first == UInt8(ascii: ".") {
      rest = rest.dropFirst()
      if digits() == 0 { return false }
    }
    if let mark = rest.first, mark | 0x20 == UInt8(ascii: "e") {
      rest = rest.dropFirst()
      if let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { rest = rest.dropFirst() }
      if digits() == 0 { return false }
    }
    return rest.isEmpty
  }
}
