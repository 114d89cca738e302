internal import Expression
internal import Records

/// Whose store: shared by the tasks of the key-value store.
struct StoreProperties: Declaring, Decodable {
  @Property("The namespace whose store it is; the flow's own when missing.") var namespace: String?

  func store(_ context: TaskContext) -> KeyValueStore { context.keyValueStore(of: namespace) }
}

/// What a value of the store is.
enum StoredType: String, PropertyChoice {
  case string = "STRING"
  case number = "NUMBER"
  case boolean = "BOOLEAN"
  case datetime = "DATETIME"
  case date = "DATE"
  case duration = "DURATION"
  case json = "JSON"
}

struct KVSet: FerryTask {
  static let info = TaskInfo(
    "core.kv.Set", aliases: ["kv.Set"], "Keeps a value for later executions.",
    details: "Expressions read it as `kv('KEY')`. It lies as `_kv/KEY.json` under the namespace in internal storage.",
    example: """
      id: remember
      type: io.kestra.plugin.core.kv.Set
      key: last_day
      value: "2026-11-21"
      """)
  @Property("The key.") var key: String
  @Property("The value; what an expression comes to is kept as text, unless 'kvType' says otherwise.", .text)
  var value: Value
  @PropertyGroup var place = StoreProperties()
  @Property("What the text of the value is.") var kvType: StoredType?
  @Property("Whether it may replace a value; false fails where there is one.") var overwrite = true
  @Property("How long it lives; for ever when missing.") var ttl: Duration?
  @Property("For readers of the flow.") var kvDescription: String?

  func run(_ context: TaskContext) throws -> ValueMap {
    let store = place.store(context)
    if !overwrite, try store.value(of: key) != nil {
      throw Failure(.configuration, "the store of '\(store.namespace)' has a value for '\(key)' already")
    }
    try store.set(key, to: typed().marked(like: value), expires: ttl.map { .now().advanced(by: $0) })
    return [:]
  }

  private func typed() throws -> Value {
    let text = value.text
    switch kvType {
    case nil: return value.unmarked
    case .number:
      switch try? Value.parseJSON(text) {
      case let number? where ["integer", "number"].contains(number.typeName): return number
      default: throw mismatch("a number")
      }
    case .boolean:
      guard ["true", "false"].contains(text.lowercased()) else { throw mismatch("true or false") }
      return .bool(text.lowercased() == "true")
    case .json: return value.string == nil ? value.unmarked : try Value.parseJSON(text)
    case .date where !ISOText.isDate(text): throw mismatch("a date such as 2026-11-21")
    case .datetime where !ISOText.isDateTime(text): throw mismatch("a time such as 2026-11-21T14:30:00Z")
    case .duration where Duration(iso8601: text) == nil: throw mismatch("a duration such as PT5M")
    case .string, .date, .datetime, .duration: return .string(text)
    }
  }

  private func mismatch(_ expected: String) -> PropertyMismatch {
    PropertyMismatch("expected \(expected), as kvType says, found another text", path: "value")
  }
}

struct KVGet: FerryTask {
  static let info = TaskInfo(
    "core.kv.Get", aliases: ["kv.Get"], "Puts out a value of the key-value store.",
    outputs: [TaskOutput("value", .any, "The value, null when there is none.")],
    example: """
      id: recall
      type: io.kestra.plugin.core.kv.Get
      key: last_day
      """)
  @Property("The key.") var key: String
  @PropertyGroup var place = StoreProperties()
  @Property("Whether it is an error when there is no value.") var errorOnMissing = false

  func run(_ context: TaskContext) throws -> ValueMap {
    let store = place.store(context)
    let value = try store.value(of: key)
    if value == nil, errorOnMissing { throw store.missing(key) }
    return ["value": value ?? .null]
  }
}

struct KVDelete: FerryTask {
  static let info = TaskInfo(
    "core.kv.Delete", aliases: ["kv.Delete"], "Removes a value from the key-value store.",
    outputs: [TaskOutput("deleted", .boolean, "Whether there was one.")],
    example: """
      id: forget
      type: io.kestra.plugin.core.kv.Delete
      key: last_day
      """)
  @Property("The key.") var key: String
  @PropertyGroup var place = StoreProperties()
  @Property("Whether it is an error when there is no value.") var errorOnMissing = false

  func run(_ context: TaskContext) throws -> ValueMap {
    let store = place.store(context)
    let deleted = try store.delete(key)
    if !deleted, errorOnMissing { throw store.missing(key) }
    return ["deleted": .bool(deleted)]
  }
}

struct KVGetKeys: FerryTask {
  static let info = TaskInfo(
    "core.kv.GetKeys", aliases: ["kv.GetKeys"], "Puts out the keys of the key-value store.",
    outputs: [TaskOutput("keys", .list(.string), "The keys, sorted.")],
    example: """
      id: all
      type: io.kestra.plugin.core.kv.GetKeys
      prefix: last_
      """)
  @Property("What the keys begin with; all when missing.") var prefix: String?
  @PropertyGroup var place = StoreProperties()

  func run(_ context: TaskContext) throws -> ValueMap {
    ["keys": .list(try place.store(context).keys(prefix: prefix ?? "").map { .string($0) })]
  }
}

extension KeyValueStore {
  fileprivate func missing(_ key: String) -> Failure {
    Failure(.configuration, "the store of '\(namespace)' has no value for '\(key)'")
  }
}
