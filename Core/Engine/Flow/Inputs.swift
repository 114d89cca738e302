public import Expression
internal import Records

/// One input that a flow declares.
public struct InputDeclaration: Sendable {
  public enum Kind: String, Sendable, CaseIterable {
    case string = "STRING"
    case `enum` = "ENUM"
    case select = "SELECT"
    case multiselect = "MULTISELECT"
    case int = "INT"
    case float = "FLOAT"
    case boolean = "BOOLEAN"
    case bool = "BOOL"
    case datetime = "DATETIME"
    case date = "DATE"
    case time = "TIME"
    case duration = "DURATION"
    case file = "FILE"
    case json = "JSON"
    case yaml = "YAML"
    case uri = "URI"
    case secret = "SECRET"
    case email = "EMAIL"
    case array = "ARRAY"
  }

  public var id: String
  public var kind: Kind
  public var description: String?
  public var isRequired = true
  /// May hold expressions.
  public var fallback: Value?
  var fallbackPosition: Position?
  var itemKind: Kind?
  var values: [String] = []
  /// An expression for the list of values.
  var choices: Value?
  /// The input only counts where this comes to true.
  var condition: Value?
  var allowsCustomValue = false
  /// The whole text must match.
  var validator: String?
  var min: Value?
  var max: Value?
  /// What the name of a file may end with: `.csv`. Empty for any.
  var endings: [String] = []
  var after: String?
  var before: String?
}

extension InputDeclaration {
  /// The typed value of what the user gave (texts from the command line, values from a file), or why it is refused.
  /// - Parameter check: throws when the run is to stop: a validator may take its time.
  func accept(_ given: Value, _ check: @escaping @Sendable () throws -> Void = {}) throws -> Value {
    let isHidden = kind == .secret || given.holdsSecret
    let value: Value
    do { value = try Self.convert(given.unmarked, to: kind, item: itemKind).marked(like: given) } catch {
      // What it is instead is not said.
      guard isHidden, let mismatch = error as? PropertyMismatch else { throw error }
      let expected = mismatch.message.split(separator: ", found ").first.map(String.init) ?? mismatch.message
      throw PropertyMismatch("\(expected), found a secret that is none", path: mismatch.path)
    }
    try checkChoice(value)
    do {
      try checkBounds(value)
      if let validator, let text = value.string, try !Self.test("text matches other", text, validator, check) {
        throw mismatch("a text that matches '\(validator)'")
      }
    } catch let mismatch as PropertyMismatch where !isHidden {
      throw PropertyMismatch("\(mismatch.message), found \(Self.shown(given))")
    }
    return kind == .secret ? value.asSecret : value
  }

  private func checkChoice(_ value: Value) throws {
    guard !values.isEmpty, !allowsCustomValue else { return }
    for choice in value.list ?? [value] where !values.containsExactly(choice.text) {
      let isHidden = kind == .secret || choice.isSecret
      let hint = isHidden ? "" : nearest(choice.text, in: values).map { ". Did you mean '\($0)'?" } ?? ""
      let found = isHidden ? "another" : Self.shown(choice)
      throw mismatch("one of \(values.joined(separator: ", ")), found \(found)\(hint)")
    }
  }

  private func checkBounds(_ value: Value) throws {
    switch kind {
    case .int:
      let number = value.int ?? 0
      if let min = min?.int, number < min { throw mismatch("at least \(min)") }
      if let max = max?.int, number > max { throw mismatch("at most \(max)") }
    case .float:
      let number = Double(value.text) ?? 0
      if let min = min.flatMap({ Double($0.text) }), number < min { throw mismatch("at least \(self.min?.text ?? "")") }
      if let max = max.flatMap({ Double($0.text) }), number > max { throw mismatch("at most \(self.max?.text ?? "")") }
    case .date, .time:
      // ISO texts of one form compare as the times they stand for.
      if let after, value.text <= after { throw mismatch("after \(after)") }
      if let before, value.text >= before { throw mismatch("before \(before)") }
    case .datetime:
      if let after, try !Self.test("(text | timestampMicro) > (other | timestampMicro)", value.text, after) {
        throw mismatch("after \(after)")
      }
      if let before, try !Self.test("(text | timestampMicro) < (other | timestampMicro)", value.text, before) {
        throw mismatch("before \(before)")
      }
    case .file:
      let name = value.text.lowercased()
      guard endings.isEmpty || endings.contains(where: { name.hasSuffix($0.lowercased()) }) else {
        throw mismatch("a file that ends in \(endings.joined(separator: " or "))")
      }
    case .duration:
      guard let duration = Duration(iso8601: value.text) else { return }
      if let min = min.flatMap({ Duration(iso8601: $0.text) }), duration < min {
        throw mismatch("at least \(min.iso8601)")
      }
      if let max = max.flatMap({ Duration(iso8601: $0.text) }), duration > max {
        throw mismatch("at most \(max.iso8601)")
      }
    default: return
    }
  }

  private func mismatch(_ expected: String) -> PropertyMismatch { PropertyMismatch("expected \(expected)") }

  /// What an expression over two texts comes to.
  static func test(
    _ expression: String, _ text: String, _ other: String, _ check: @escaping @Sendable () throws -> Void = {}
  ) throws -> Bool {
    let scope = Scope(variables: ["text": .string(text), "other": .string(other)], host: NoHost(), check: check)
    return try Template("{{ \(expression) }}").render(in: scope) == .bool(true)
  }

  /// What was given, where it is short: an input is not a secret unless it is declared as one.
  private static func shown(_ given: Value) -> String {
    switch given {
    case .string(let text): text.count <= 40 ? "'\(text)'" : "'\(text.prefix(40))…'"
    case .list, .map, .null: given.typeName
    default: given.text
    }
  }

  static func convert(_ given: Value, to kind: Kind, item: Kind?) throws -> Value {
    func refuse(_ example: String) -> PropertyMismatch {
      PropertyMismatch("expected \(kind.rawValue) such as \(example), found \(shown(given))")
    }
    let text = given.text
    switch kind {
    case .string, .enum, .select, .secret: return .string(text)
    case .int:
      guard let number = Int64(text) else { throw refuse("42") }
      return .int(number)
    case .float:
      if case .decimal = given { return given }
      // Neither words nor hexadecimal digits, which Swift would read as numbers too.
      guard let number = Double(text), number.isFinite, !text.lowercased().contains("x") else { throw refuse("3.14") }
      return .double(number)
    case .boolean, .bool:
      guard ["true", "false"].contains(text.lowercased()) else { throw refuse("true") }
      return .bool(text.lowercased() == "true")
    case .date:
      guard ISOText.isDate(text) else { throw refuse("2026-11-21") }
      return .string(text)
    case .time:
      guard ISOText.isTime(text) else { throw refuse("14:30:00") }
      return .string(text)
    case .datetime:
      guard ISOText.isDateTime(text) else { throw refuse("2026-11-21T14:30:00Z") }
      return .string(text)
    case .duration:
      guard Duration(iso8601: text) != nil else { throw refuse("PT5M") }
      return .string(text)
    case .file:
      guard !text.isEmpty else { throw refuse("orders.csv") }
      return .string(text)
    case .uri:
      guard text.contains(":/") else { throw refuse("file:///data/orders.csv") }
      return .string(text)
    case .email:
      let parts = text.split(separator: "@", omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty, parts[1].contains("."), !text.contains(" ") else {
        throw refuse("a@b.org")
      }
      return .string(text)
    case .json:
      if given.string == nil { return given }
      guard let value = try? Value.parseJSON(text) else { throw refuse("{\"a\": 1}") }
      return value
    case .yaml:
      if given.string == nil { return given }
      guard let value = try? Value.parseYAML(text) else { throw refuse("{a: 1}") }
      return value
    case .array, .multiselect:
      guard case .list(let values)? = given.string == nil ? given : try? Value.parseJSON(text) else {
        throw refuse("[1, 2]")
      }
      guard let item else { return .list(values) }
      return .list(try values.map { try convert($0, to: item, item: nil) })
    }
  }
}

/// Dates and times as ISO 8601 writes them: whether a text is one, on a day that exists.
enum ISOText {
  static func isDate(_ text: some StringProtocol) -> Bool {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 3, let year = number(parts[0], 4), let month = number(parts[1], 2),
      let day = number(parts[2], 2),
      (1...12).contains(month)
    else { return false }
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return (1...days[month - 1]).contains(day)
  }

  static func isTime(_ text: some StringProtocol) -> Bool {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard (2...3).contains(parts.count), let hour = number(parts[0], 2), let minute = number(parts[1], 2) else {
      return false
    }
    guard hour < 24, minute < 60 else { return false }
    guard parts.count == 3 else { return true }
    let second = parts[2].split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    let fraction = second.count == 2 ? second[1] : "0"
    guard let whole = number(second[0], 2), (1...9).contains(fraction.utf8.count) else { return false }
    return whole < 60 && fraction.utf8.allSatisfy { (48...57).contains($0) }
  }

  /// With `T` between, and at the end nothing, `Z` or an offset.
  static func isDateTime(_ text: String) -> Bool {
    let parts = text.split(separator: "T", omittingEmptySubsequences: false)
    guard parts.count == 2, isDate(parts[0]) else { return false }
    let time = parts[1].prefix { $0 != "Z" && $0 != "+" && $0 != "-" && $0 != "[" }
    let zone = parts[1].dropFirst(time.count)
    guard isTime(time) else { return false }
    if zone.isEmpty || zone == "Z" || zone.first == "[" { return true }
    return zone.first != "Z" && isTime(zone.dropFirst().prefix { $0 != "[" })
  }

  private static func number(_ text: some StringProtocol, _ digits: Int) -> Int? {
    text.utf8.count == digits && text.utf8.allSatisfy { (48...57).contains($0) } ? Int(text) : nil
  }
}

/// For expressions that reach nothing outside of themselves.
struct NoHost: ExpressionHost {
  private func refuse(_ what: String) -> Failure { Failure(.bug, "\(what) is not available here") }
  func secret(_ name: String) throws -> String { throw refuse("secret()") }
  func read(_ uri: String, check: @escaping @Sendable () throws -> Void) throws -> String { throw refuse("read()") }
  func fileURI(_ path: String) throws -> String { throw refuse("fileURI()") }
  func fileSize(_ uri: String) throws -> Int64 { throw refuse("fileSize()") }
  func kv(_ key: String) throws -> Value? { throw refuse("kv()") }
  func parseYAML(_ text: String) throws -> Value { try Value.parseYAML(text) }
  func now() -> Int64 { Instant.now().microseconds }
}
