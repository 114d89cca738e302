internal import Engine
internal import Expression
internal import Formats
internal import Records

/// Reads the properties that several tasks have in common.
enum TextProperties {
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
  static func badRows(_ policy: OnBadLines, _ limit: Int?, _ context: TaskContext, _ uri: @escaping (String) -> Void)
    -> BadRows
  {
    BadRows(
      policy, limit: limit, warn: { context.log(.warn, $0) },
      makeSink: {
        let stored = try context.create("rejected.arrow")
        uri(stored.uri)
        return try RecordFileWriter(stored, schema: BadRows.schema)
      })
  }
}

/// A reader's whole run: optimistic, restarted with a wider schema, its ledger balanced.
enum TextLoad {
  static func run<R: TextReader>(
    _ context: TaskContext, policy: OnBadLines, limit: Int?, open: (Schema?, BadRows) throws -> R
  ) throws -> ValueMap {
    var uri = ""
    var rejected: String?
    let (reader, bad) = try TextTable.load(
      open: open, bad: { TextProperties.badRows(policy, limit, context) { rejected = $0 } },
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
enum TextStore {
  static func run(
    _ context: TaskContext, _ from: StorageReference, name: String,
    make: (any ByteOutput, Schema) throws -> any RecordSink
  ) throws -> ValueMap {
    let reader = try context.openRecords(from)
    let stored = try context.create(name)
    let sink = try make(stored, reader.schema)
    var rows = 0
    while let batch = try reader.next() {
      try sink.write(batch)
      rows += batch.count
      context.ledger.add(read: batch.count, written: batch.count, bytes: batch.byteCount, batches: 1)
      try context.checkCancelled()
    }
    try sink.finish()
    return ["uri": .string(stored.uri), "size": .int(Int64(rows))]
  }

  static let outputs = [TaskOutput("uri", .uri, "The file."), TaskOutput("size", .integer, "Rows in it.")]
}
