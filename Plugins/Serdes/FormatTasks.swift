internal import Engine
internal import Expression
internal import Formats
internal import Records

/// Reads the properties that several tasks have in common.
enum FormatProperties {
  /// A tab and line ends may be written with a backslash in plain text, too.
  static func separator(_ text: String) -> String {
    switch text {
    case "\\t": "\t"
    case "\\n": "\n"
    case "\\r": "\r"
    case "\\r\\n": "\r\n"
    default: text
    }
  }

  /// Column types by name: `{id: int64, price: "decimal(10,2)"}`.
  static func columns(_ map: [ExactText: String]) throws -> [ExactText: DataType] {
    try map.mapValues { text in
      guard let type = TypeName.parse(text) else {
        throw Failure(
          .configuration, "'columns': '\(text)' is not a type",
          hint: "Types are \(TypeName.examples)")
      }
      return type
    }
  }

  /// What is wrong with a character set and with types of columns that stand in the flow itself.
  static func problems(of literals: ValueMap) -> [(property: String, message: String)] {
    var problems: [(property: String, message: String)] = []
    if let charset = literals["charset"]?.string, !Charset.isKnown(charset) {
      problems.append(("charset", "\(Charset.unknown(charset))"))
    }
    for (name, type) in literals["columns"]?.map ?? [:] where TypeName.parse(type.text) == nil {
      problems.append(("columns", "'\(type.text)' of '\(name)' is not a type. Types are \(TypeName.examples)"))
    }
    return problems
  }

  /// What takes a task's bad rows: rejected ones go to a record file beside its output.
  /// - Parameter schema: what is kept of a row.
  static func badRows(
    _ policy: OnBadLines, _ limit: Int?, _ context: TaskContext, schema: Schema = BadRows.schema,
    _ uri: @escaping (String) -> Void
  ) -> BadRows {
    BadRows(
      policy, limit: limit, schema: schema, warn: { context.log(.warn, $0) },
      makeSink: {
        let stored = try context.create("rejected.arrow")
        uri(stored.uri)
        return try RecordFileWriter(stored, schema: schema)
      })
  }
}

/// A reader's whole run: optimistic, restarted with a wider schema, its ledger balanced.
enum FormatLoad {
  static func run<R: FormatReader>(
    _ context: TaskContext, policy: OnBadLines, limit: Int?, open: (Schema?, BadRows) throws -> R
  ) throws -> ValueMap {
    var uri = ""
    var rejected: String?
    let (reader, bad) = try WholeFile.load(
      open: open, bad: { FormatProperties.badRows(policy, limit, context) { rejected = $0 } },
      start: { schema in
        context.ledger.restart()
        let output = try context.createRecords(schema: schema)
        uri = output.uri
        return output
      },
      progress: { _ in try context.checkCancelled() })
    context.ledger.add(read: reader.rowCount, rejected: bad.count)
    var outputs: ValueMap = ["uri": .string(uri), "size": .int(Int64(reader.rowCount - bad.count))]
    if let rejected { outputs["rejected"] = .string(rejected) }
    return outputs
  }

  static let outputs = [
    TaskOutput("uri", .uri, "The record file."), TaskOutput("size", .integer, "Rows in it."),
    TaskOutput(
      "rejected", .uri,
      "With onBadLines REJECT: a record file of the bad rows, with byte offset, line, reason and raw bytes (UTF-8)."),
  ]
}

/// A writer's whole run.
enum FormatStore {
  static func run(
    _ context: TaskContext, _ from: StorageReference, name: String, policy: OnBadLines = .error, limit: Int? = nil,
    make: (any ByteOutput, Schema, BadRows) throws -> any RecordSink
  ) throws -> ValueMap {
    let reader = try context.openRecords(from)
    let stored = try context.create(name)
    var rejected: String?
    let bad = FormatProperties.badRows(policy, limit, context, schema: reader.schema) { rejected = $0 }
    let sink = try make(stored, reader.schema, bad)
    var rows = 0
    while let batch = try reader.next() {
      let before = bad.count
      try sink.write(batch)
      let refused = bad.count - before
      rows += batch.count - refused
      context.ledger.add(
        read: batch.count, written: batch.count - refused, rejected: refused, bytes: batch.byteCount, batches: 1)
      try context.checkCancelled()
    }
    try sink.finish()
    try bad.finish()
    var outputs: ValueMap = ["uri": .string(stored.uri), "size": .int(Int64(rows))]
    if let rejected { outputs["rejected"] = .string(rejected) }
    return outputs
  }

  static let outputs = [TaskOutput("uri", .uri, "The file."), TaskOutput("size", .integer, "Rows in it.")]
}
