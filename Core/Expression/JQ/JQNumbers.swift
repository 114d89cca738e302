internal import Records

/// jq's numbers are doubles. Numbers of an input that no double holds take part as others: once as the double below
/// them, once as the one above. A result in which they come out again as they went in holds the number itself; where
/// the two runs differ in anything else, jq has computed with the number or compared it too closely, and the program
/// fails rather than round.
struct JQNumbers: Sendable {
  /// What stands for a number in a run.
  enum Form {
    case low, high
    /// Its digits as a text, for a run that finds out whether the program looks into what it has written.
    case digits
  }

  /// In ascending order, no two of them equal.
  private var inexact: [Value] = []
  private var low: [Double] = []
  private var high: [Double] = []
  private var places: [Value: Int] = [:]
  private var byBounds: [[UInt64]: Int] = [:]
  /// As jq writes them into texts.
  private var writtenLow: [ExactText: Int] = [:]
  private var writtenHigh: [ExactText: Int] = [:]
  /// How numbers are written that doubles hold, where that is not how a result would be: 1.0, 1.10.
  private var spellings: [UInt64: Value] = [:]

  var isExact: Bool { inexact.isEmpty }

  init(_ input: Value) {
    var found: Set<Value> = []
    var whole: Set<UInt64> = []
    collect(input, &found, &whole)
    for number in whole { spellings[number] = nil }
    let sorted = found.compactMap { value in Decimal(value).map { (value, $0) } }
      .sorted { $0.1.compared(to: $1.1) < 0 }
    for (index, (value, exact)) in sorted.enumerated() {
      if index > 0, sorted[index - 1].1.compared(to: exact) == 0 {
        places[value] = inexact.count - 1
        continue
      }
      places[value] = inexact.count
      inexact.append(value)
    }
    bound()
  }

  private mutating func collect(_ value: Value, _ found: inout Set<Value>, _ whole: inout Set<UInt64>) {
    switch value {
    case .int, .double, .decimal:
      guard let double = Self.double(value) else {
        found.insert(value)
        return
      }
      if case .int = value { whole.insert(double.bitPattern) }
      if Self.plain(double) != value { spellings[double.bitPattern] = value }
    case .list(let elements): for element in elements { collect(element, &found, &whole) }
    case .map(let map): for entry in map { collect(entry.value, &found, &whole) }
    default: break
    }
  }

  /// The double that writes the same number, nil where there is none.
  static func double(_ value: Value) -> Double? {
    switch value {
    case .int(let number): return Int64(exactly: Double(number)) == number ? Double(number) : nil
    case .double(let number): return number
    default:
      guard let exact = Decimal(value), let near = Decimal(.double(value.approximate)) else { return nil }
      return exact.compared(to: near) == 0 ? value.approximate : nil
    }
  }

  /// Doubles below and above each number, in the same order as the numbers.
  private mutating func bound() {
    high = inexact.map { number in
      let near = number.approximate
      guard let exact = Decimal(number), let double = Decimal(.double(near)) else { return near }
      return double.compared(to: exact) > 0 ? near : near.nextUp
    }
    low = high.map(\.nextDown)
    for index in high.indices.dropFirst() where high[index] <= high[index - 1] { high[index] = high[index - 1].nextUp }
    for index in low.indices.dropLast().reversed() where low[index] >= low[index + 1] {
      low[index] = low[index + 1].nextDown
    }
    for index in inexact.indices {
      byBounds[[low[index].bitPattern, high[index].bitPattern]] = index
      writtenLow[JV.written(low[index]).exact] = index
      writtenHigh[JV.written(high[index]).exact] = index
    }
  }

  /// The input with what stands for its numbers.
  func prepared(_ value: Value, _ form: Form) -> Value {
    switch value {
    case .int, .decimal:
      guard let place = places[value] else { return value }
      return switch form {
      case .low: .double(low[place])
      case .high: .double(high[place])
      case .digits: .string(inexact[place].text)
      }
    case .list(let elements): return .list(elements.map { prepared($0, form) })
    case .map(let map): return .map(ValueMap(map.map { ($0.key, prepared($0.value, form)) }))
    default: return value
    }
  }

  // MARK: Results

  private static func plain(_ number: Double) -> Value {
    // 2^63 is the first that 64 bits have no room for.
    if number.magnitude < 0x1p63, let whole = Int64(exactly: number), whole != 0 || number.sign == .plus {
      return .int(whole)
    }
    return .double(number)
  }

  /// A result with its numbers as the input has them.
  func spelled(_ value: Value) -> Value {
    switch value {
    case .double(let number): spellings[number.bitPattern] ?? Self.plain(number)
    case .list(let elements): .list(elements.map(spelled))
    case .map(let map): .map(ValueMap(map.map { ($0.key, spelled($0.value)) }))
    default: value
    }
  }

  private static let rounds = Problem(
    "the jq program computes with, or compares, a number of more digits than jq's numbers keep",
    hint: "Pass the number on as it is, or do this part in the expression")

  func merged(_ low: Result<[Value], Problem>, _ high: Result<[Value], Problem>) throws -> [Value] {
    switch (low, high) {
    case (.success(let low), .success(let high)):
      guard low.count == high.count else { throw Self.rounds }
      return try zip(low, high).map { try merged($0, $1) }
    case (.failure(let problem), .failure): throw problem
    default: throw Self.rounds
    }
  }

  private func merged(_ low: Value, _ high: Value) throws -> Value {
    switch (low, high) {
    case (.double(let a), .double(let b)):
      if a.bitPattern == b.bitPattern { return spelled(low) }
      guard let place = byBounds[[a.bitPattern, b.bitPattern]] else { throw Self.rounds }
      return inexact[place]
    case (.string(let a), .string(let b)): return .string(try merged(a, b))
    case (.list(let a), .list(let b)):
      guard a.count == b.count else { throw Self.rounds }
      return .list(try zip(a, b).map { try merged($0, $1) })
    case (.map(let a), .map(let b)):
      guard a.count == b.count else { throw Self.rounds }
      return .map(ValueMap(try zip(a, b).map { (try merged($0.key, $1.key), try merged($0.value, $1.value)) }))
    default:
      guard low == high else { throw Self.rounds }
      return low
    }
  }

  /// A text into which numbers were written holds their digits.
  private func merged(_ low: String, _ high: String) throws -> String {
    if low.utf8.elementsEqual(high.utf8) { return low }
    let (a, b) = (restored(low, writtenLow), restored(high, writtenHigh))
    guard a.utf8.elementsEqual(b.utf8) else { throw Self.rounds }
    return a
  }

  /// The text with each number that stands for another as that.
  private func restored(_ text: String, _ written: [ExactText: Int]) -> String {
    let bytes = Array(text.utf8)
    var result: [UInt8] = []
    var position = 0
    while position < bytes.count {
      guard bytes[position].isDigit else {
        result.append(bytes[position])
        position += 1
        continue
      }
      var end = position
      while end < bytes.count, Self.isNumeric(bytes, end) { end += 1 }
      if bytes[end - 1] == UInt8(ascii: ".") { end -= 1 }
      let digits = String(decoding: bytes[position..<end], as: UTF8.self)
      if result.last == UInt8(ascii: "-"), let index = written[("-" + digits).exact] {
        result.removeLast()
        result += inexact[index].text.utf8
      } else {
        result += (written[digits.exact].map { inexact[$0].text } ?? digits).utf8
      }
      position = end
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// Whether a byte is part of the number before it.
  private static func isNumeric(_ bytes: [UInt8], _ at: Int) -> Bool {
    switch bytes[at] {
    case _ where bytes[at].isDigit, UInt8(ascii: "."): true
    case UInt8(ascii: "e"): at + 1 < bytes.count && (bytes[at + 1] == 0x2B || bytes[at + 1] == 0x2D)
    case UInt8(ascii: "+"), UInt8(ascii: "-"): bytes[at - 1] == UInt8(ascii: "e")
    default: false
    }
  }

  /// Throws where the run on digits comes to something else: the program has looked into what it wrote.
  func compare(_ merged: [Value], with written: Result<[Value], Problem>) throws {
    guard case .success(let written) = written, written.count == merged.count,
      zip(merged, written).allSatisfy({ agree($0, $1) })
    else { throw Self.rounds }
  }

  private func agree(_ value: Value, _ written: Value) -> Bool {
    switch (value, written) {
    case (.int, .string(let text)), (.decimal, .string(let text)): value.text == text
    case (.string(let a), .string(let b)): a.isExactly(b) || a.isExactly(unquoted(b))
    case (.list(let a), .list(let b)): a.count == b.count && zip(a, b).allSatisfy { agree($0, $1) }
    case (.map(let a), .map(let b)):
      a.count == b.count && zip(a, b).allSatisfy { $0.key.isExactly($1.key) && agree($0.value, $1.value) }
    default: value.isSame(as: spelled(written))
    }
  }

  /// Numbers that were given as texts stand in quotes in JSON and CSV.
  private func unquoted(_ text: String) -> String {
    inexact.reduce(text) { $0.replacing("\"\($1.text)\"", with: $1.text) }
  }
}
