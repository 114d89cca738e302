import Expression
import Testing

/// A world of fixed answers.
struct FixedHost: ExpressionHost {
  struct Missing: Error {}
  func secret(_ name: String) throws -> String { if name == "TOKEN" { "s3cret" } else { throw Missing() } }
  func read(_ uri: String, check: @escaping @Sendable () throws -> Void) throws -> String { "text of \(uri)" }
  func fileURI(_ path: String) throws -> String { "file:///flows/\(path)" }
  func fileSize(_ uri: String) throws -> Int64 { 12 }
  func kv(_ key: String) throws -> Value? { key == "known" ? "value" : nil }
  func parseYAML(_ text: String) throws -> Value { text == "a: 1" ? ["a": 1] : .string(text) }
  /// 2024-02-29T23:30:00.123456Z
  func now() -> Int64 { 1_709_249_400_123_456 }
}

let variables: ValueMap = [
  "count": 4, "name": "ferry", "list": ["a"], "map": ["a-b": 1, "x": 2],
  "rows": [["id": 1, "name": "one"], ["id": 2, "name": "two"]],
  "inputs": ["date": "2024-02-29", "empty": "", "none": .null],
  "outputs": [
    "query": ["uri": "ferry:///q", "size": 3], "my-task": ["value": 1], "loop": ["one": ["uri": "ferry:///one"]],
  ],
  "taskrun": ["value": "one"],
  "big": .decimal("12345678901234567890.5"),
]

func render(_ source: String) throws -> Value {
  try Template(source).render(in: Scope(variables: variables, host: FixedHost()))
}

/// The error that parsing or rendering gives.
func failure(_ source: String) -> ExpressionError? {
  do {
    let value = try render(source)
    Issue.record("\(source) gave \(value.json())")
    return nil
  } catch {
    return error as? ExpressionError
  }
}
