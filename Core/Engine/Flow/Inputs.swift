public import Expression
internal import Records

/// One input that a flow declares.
public struct InputDeclaration: Sendable {
  public enum Kind: String, Sendable, CaseIterable {
    case string = "STRING", `enum` = "ENUM", select = "SELECT", multiselect = "MULTISELECT", int = "INT", float = "FLOAT"
    case boolean = "BOOLEAN", bool = "BOOL", datetime = "DATETIME", date = "DATE", time = "TIME", duration = "DURATION"
    case file = "FILE", json = "JSON", yaml = "YAML", uri = "URI", secret = "SECRET", email = "EMAIL", array = "ARRAY"
  }

  public var id: String
  public var kind: Kind
  public var description: String?
  public var isRequired = true
  /// May hold expressions.
  public var fallback: Value?
  var itemKind: Kind?
  var values: [String] = []
  var allowsCustomValue = false
  /// The whole text must match.
  var validator: String?
  var min: Value?
  var max: Value?
  var after: String?
  var before: String?
}

extension InputDeclaration {
  /// The typed value of what the user gave (texts from the command line, values from a file), or why it is refused.
  func accept(_ given: Value) throws -> Value {
    let value = try Self.convert(given, to: kind, item: itemKind)
    try checkChoice(value)
    try checkBounds(value)
    if let validator, let text = value.string {
      let pattern = try Template("{{ text matches pattern }}")
      let scope = Scope(variables: ["text": .string(text), "pattern": .string(validator)], host: NoHost())
      guard try pattern.render(in: scope) == .bool(true) else { throw mismatch("a text that matches '\(validator)'") }
    }
    return value
  }

  private func checkChoice(_ value: Value) throws {
    guard !values.isEmpty, !allowsCustomValue else { return }
    for choice in value.list ?? [value] where !values.contains(choice.text) {
      let hint = nearest(choice.text, in: values).map { ". Did you mean '\($0)'?" } ?? ""
      throw mismatch("one of \(values.joined(separator: ", "))\(hint)")
    }
  }

  private func checkBounds(_ value: Value) throws {
    switch kind {
    case .int, .float:
      let number = Double(value.text) ?? 0
      if let min = min.flatMap({ Double($0.text) }), number < min { throw mismatch("at least \(self.min?.text ?? "")") }
      if let max = max.flatMap({ Double($0.text) }), number > max { throw mismatch("at most \(self.max?.text ?? "")") }
    case .date, .datetime, .time:
      // ISO texts of one form compare as the times they stand for.
      if let after, value.text <= after { throw mismatch("after \(after)") }
      if let before, value.text >= before { throw mismatch("before \(before)") }
    case .duration:
      guard let duration = Duration(iso8601: value.text) else { return }
      if let min = min.flatMap({ Duration(iso8601: $0.text) }), duration < min { throw mismatch("at least \(min.iso8601)") }
      if let max = max.flatMap({ Duration(iso8601: $0.text) }), duration > max { throw mismatch("at most \(max.iso8601)") }
    default: return
    }
  }

  private func mismatch(_ expected: String) -> Failure {
    Failure(.configuration, "input '\(id)': expected \(expected)", hint: "Give it with -i \(id)=…")
  }

  private static func convert(_ given: Value, to kind: Kind, item: Kind?) throws -> Value {
    func refuse(_ example: String) -> PropertyMismatch {
      PropertyMismatch("expected \(kind.rawValue) such as \(example), found \(given.typeName)")
    }
    let text = given.text
    switch kind {
    case .string, .enum, .select, .secret: return .string(text)
    case .int:
      guard let number = Int64(text) else { throw refuse("42") }
      return .int(number)
    case .float:
      if case .decimal = given { return given }
      guard let number = Double(text) else { throw refuse("3.14") }
      return .double(number)
    case .boolean, .bool:
      guard text == "true" || text == "false" else { throw refuse("true") }
      return .bool(text == "true")
    case .date:
      guard text.wholeMatches("dddd-dd-dd") else { throw refuse("2026-11-21") }
      return .string(text)
    case .time:
      guard text.count >= 5, text.prefix(5).wholeMatches("dd:dd") else { throw refuse("14:30:00") }
      return .string(text)
    case .datetime:
      guard text.count >= 16, text.prefix(10).wholeMatches("dddd-dd-dd"), text.dropFirst(10).first == "T" else {
        throw refuse("2026-11-21T14:30:00Z")
      }
      return .string(text)
    case .duration:
      guard Duration(iso8601: text) != nil else { throw refuse("PT5M") }
      return .string(text)
    case .uri, .file:
      guard text.contains(":/") else { throw refuse("file:///data/orders.csv") }
      return .string(text)
    case .email:
      let parts = text.split(separator: "@", omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty, parts[1].contains("."), !text.contains(" ") else { throw refuse("a@b.org") }
      return .string(text)
    case .json: return given.string == nil ? given : try Value.parseJSON(text)
    case .yaml: return given.string == nil ? given : try Value.parseYAML(text)
    case .array, .multiselect:
      guard case .list(let values) = given.string == nil ? given : try Value.parseJSON(text) else { throw refuse("[1, 2]") }
      guard let item else { return .list(values) }
      return .list(try values.map { try convert($0, to: item, item: nil) })
    }
  }
}

extension StringProtocol {
  /// Whether each character fits its place in a pattern, where `d` stands for a digit.
  fileprivate func wholeMatches(_ pattern: String) -> Bool {
    count == pattern.count
      && zip(self, pattern).allSatisfy { $1 == "d" ? $0.isASCII && $0.isNumber : $0 == $1 }
  }
}

/// For expressions that reach nothing outside of themselves.
struct NoHost: ExpressionHost {
  private func refuse(_ what: String) -> Failure { Failure(.bug, "\(what) is not available here") }
  func secret(_ name: String) throws -> String { throw refuse("secret()") }
  func read(_ uri: String) throws -> String { throw refuse("read()") }
  func fileURI(_ path: String) throws -> String { throw refuse("fileURI()") }
  func fileSize(_ uri: String) throws -> Int64 { throw refuse("fileSize()") }
  func kv(_ key: String) throws -> Value? { throw refuse("kv()") }
  func parseYAML(_ text: String) throws -> Value { try Value.parseYAML(text) }
  func now() -> Int64 { Instant.now().microseconds }
}
