internal import Expression

/// Any text as a template: it is rendered, twice the same, or refused. Any JSON is the same when it was written again.
func fuzzExpressions(_ choices: inout Choices) {
  let text = String(decoding: choices.file, as: UTF8.self)
  let variables: ValueMap = [
    "a": 1, "b": "text", "list": [1, "two", nil], "map": ["key": ["deep": true]], "d": .decimal("12.50"),
    "time": "2024-02-29T12:30:15.123456Z", "f": 1.5,
  ]
  if let template = try? Template(text) {
    _ = template.references
    let results = (0..<2).map { _ in
      (try? template.renderText(in: Scope(variables: variables, host: Nowhere()))).map { Array($0.utf8) }
    }
    let isRandom = template.calls.contains { ["uuid", "id", "randomInt", "render", "renderOnce"].contains($0.name) }
    guard isRandom || results[0] == results[1] else { fault("rendered twice, it is two texts") }
    _ = try? template.render(in: Scope(variables: variables, host: Nowhere()))
  }
  if let value = try? Value.parseJSON(text) {
    guard let again = try? Value.parseJSON(value.json()), again == value else {
      fault("\(value) becomes \(value.json())")
    }
  }
}

/// A world in which there is nothing.
private struct Nowhere: ExpressionHost {
  struct Nothing: Error {}
  func secret(_ name: String) throws -> String { throw Nothing() }
  func read(_ uri: String, check: @escaping @Sendable () throws -> Void) throws -> String { throw Nothing() }
  func fileURI(_ path: String) throws -> String { throw Nothing() }
  func fileSize(_ uri: String) throws -> Int64 { throw Nothing() }
  func kv(_ key: String) throws -> Value? { throw Nothing() }
  func parseYAML(_ text: String) throws -> Value { throw Nothing() }
  func now() -> Int64 { 0 }
}
