// sources: Core/Expression

/// Any text as a template: it is rendered or refused, never a crash or a hang.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let text = String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
  let variables: ValueMap = [
    "a": 1, "b": "text", "list": [1, "two", nil], "map": ["key": ["deep": true]], "d": .decimal("12.50"),
  ]
  do {
    _ = try Template(text).renderText(in: Scope(variables: variables, host: Nowhere()))
  } catch {}
  _ = try? Value.parseJSON(text)
  return 0
}

/// A world in which there is nothing.
struct Nowhere: ExpressionHost {
  struct Nothing: Error {}
  func secret(_ name: String) throws -> String { throw Nothing() }
  func read(_ uri: String) throws -> String { throw Nothing() }
  func fileURI(_ path: String) throws -> String { throw Nothing() }
  func fileSize(_ uri: String) throws -> Int64 { throw Nothing() }
  func kv(_ key: String) throws -> Value? { throw Nothing() }
  func parseYAML(_ text: String) throws -> Value { throw Nothing() }
  func now() -> Int64 { 0 }
}
