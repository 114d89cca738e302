internal import Expression
internal import Records

/// The values that flows of a namespace keep between executions: `_kv/KEY.json` under the namespace, each a JSON value,
/// beside it `KEY.expires` where it does not live for ever, and `KEY.marks`, which says what of it is secret.
struct KeyValueStore {
  let storage: any Storage
  let namespace: String

  /// Nil when there is none, or its time is over.
  func value(of key: String, now: Instant = .now()) throws -> Value? {
    let file = try uri(key, "json")
    guard try storage.exists(file) else { return nil }
    if let end = try expiry(of: key), end <= now { return nil }
    let value = try Value.parseJSON(try text(of: file))
    let marks = try uri(key, "marks")
    return try storage.exists(marks) ? value.marked(at: Value.parseJSON(try text(of: marks))) : value
  }

  private func text(of file: StorageURI) throws -> String {
    try String.contents(of: storage.open(file, range: nil))
  }

  func set(_ key: String, to value: Value, expires: Instant?) throws {
    let mark = try uri(key, "expires")
    let marks = try uri(key, "marks")
    let places = value.secretPlaces
    // Never a value without the end and the marks that it was given, nor an old end beside a new value.
    if let places { try write(places.json(), to: marks) }
    if let expires { try write(String(expires.microseconds), to: mark) }
    try write(value.json(), to: uri(key, "json"))
    if expires == nil { _ = try storage.delete(mark) }
    if places == nil { _ = try storage.delete(marks) }
  }

  /// False when there was none.
  func delete(_ key: String) throws -> Bool {
    let existed = try value(of: key) != nil
    for name in ["json", "expires", "marks"] { _ = try storage.delete(uri(key, name)) }
    return existed
  }

  /// Those that begin with a prefix, sorted.
  func keys(prefix: String) throws -> [String] {
    let folder = try StorageURI("ferry:///\(path)_kv")
    guard try storage.exists(folder) else { return [] }
    return try storage.list(folder).filter { $0.hasSuffix(".json") }.map { String($0.dropLast(".json".count)) }
      .filter { try $0.hasPrefix(prefix) && value(of: $0) != nil }
  }

  private func expiry(of key: String) throws -> Instant? {
    let mark = try uri(key, "expires")
    guard try storage.exists(mark) else { return nil }
    return Int64(try text(of: mark)).map(Instant.init(microseconds:))
  }

  private func write(_ text: String, to uri: StorageURI) throws {
    let output = try storage.create(uri)
    try output.write(text: text)
    try output.commit()
  }

  private var path: String { namespace.split(separator: ".").map { "\($0)/" }.joined() }

  private func uri(_ key: String, _ kind: String) throws -> StorageURI {
    let isValid =
      key.utf8.first.map { $0 != UInt8(ascii: ".") && $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: "_") } == true
      && key.utf8.allSatisfy {
        (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || [45, 46, 95].contains($0)
      }
    guard isValid else {
      throw Failure(.configuration, "'\(key)' is no key of the store: expected [a-zA-Z0-9][a-zA-Z0-9._-]*")
    }
    return try StorageURI("ferry:///\(path)_kv/\(key).\(kind)")
  }
}
