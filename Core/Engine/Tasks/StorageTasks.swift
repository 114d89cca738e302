internal import Expression
internal import Glibc
internal import Records

struct Concat: FerryTask {
  static let info = TaskInfo(
    "core.storage.Concat", aliases: ["storage.Concat", "storages.Concat"],
    "Puts files one behind the other.",
    details: """
      Record files need the same columns; the result is one record file. Other files are joined byte by byte, with \
      `separator` between them.
      """,
    outputs: [TaskOutput("uri", .uri, "The file.")],
    example: """
      id: all
      type: io.kestra.plugin.core.storage.Concat
      files:
        - "file:///data/january.arrow"
        - "file:///data/february.arrow"
      """)
  @Property("The files: a list of URIs, or one URI of a JSON list.") var files: Value
  @Property("What goes between two files that are not record files.") var separator: String?
  @Property("The name's extension, for files that are not record files.") var `extension` = ".tmp"

  func run(_ context: TaskContext) throws -> ValueMap {
    let list = try files.list ?? (files.string?.first == "[" ? Value.parseJSON(files.markedText).list ?? [] : [files])
    let references = try list.map { try StorageReference(property: $0) }
    guard let first = references.first else {
      throw Failure(.configuration, "there is no file to put together", hint: "Name at least one in 'files'")
    }
    if try RecordFileReader.isRecordFile(context.open(first)) { return try joinRecords(references, context) }
    return try joinBytes(references, context)
  }

  private func joinRecords(_ references: [StorageReference], _ context: TaskContext) throws -> ValueMap {
    var output: RecordOutput?
    var schema = Schema([])
    for reference in references {
      let reader = try context.openRecords(reference)
      if output == nil {
        schema = reader.schema
        output = try context.createRecords(schema: schema)
      }
      guard reader.schema.fields == schema.fields else {
        throw Failure(
          .schema,
          "'\(reference.uri)' has other columns than the first file: "
            + "\(describe(reader.schema)) instead of \(describe(schema))",
          hint: "Give the queries behind the files the same columns")
      }
      try output?.copy(from: reader, context: context)
    }
    try output?.finish()
    return ["uri": .string(output?.uri ?? "")]
  }

  private func joinBytes(_ references: [StorageReference], _ context: TaskContext) throws -> ValueMap {
    let output = try context.create("concat" + self.extension)
    for (index, reference) in references.enumerated() {
      if index > 0, let separator { try output.write(text: separator) }
      try context.copy(from: context.open(reference), to: output, counted: true)
    }
    try output.commit()
    return ["uri": .string(output.uri)]
  }

  private func describe(_ schema: Schema) -> String {
    schema.fields.map { "\($0.name) \($0.type.name)" }.joined(separator: ", ")
  }
}

struct Split: FerryTask {
  static let info = TaskInfo(
    "core.storage.Split", aliases: ["storage.Split", "storages.Split"],
    "Splits a record file into several, by rows, bytes or a number of parts.",
    outputs: [TaskOutput("uris", .list(.uri), "The files, in order.")],
    example: """
      id: parts
      type: io.kestra.plugin.core.storage.Split
      from: "file:///data/orders.arrow"
      rows: 100000
      """)
  @Property("The record file.") var from: StorageReference
  @Property("Rows of a part.", .range(1...Int.max)) var rows: Int?
  @Property("About so many bytes of values a part: a number, or a text such as 10MB.") var bytes: Value?
  @Property("How many parts; rows go to them in turn, batch by batch.", .range(1...10_000)) var partitions: Int?
  @Property("What ends a row.", .unused("record files have no separator"))
  var separator: String?

  func run(_ context: TaskContext) throws -> ValueMap {
    let reader = try context.openRecords(from)
    let parts = Parts(context: context, schema: reader.schema)
    do {
      if let partitions {
        try spread(reader, over: (0..<partitions).map { _ in try parts.next() }, context)
      } else {
        try splitInOrder(reader, into: parts, rows: rows, bytes: byteLimit(), context)
      }
    } catch {
      parts.removeFinished()
      throw error
    }
    return ["uris": .list(parts.uris.map { .string($0) })]
  }

  private func spread(_ reader: RecordFileReader, over parts: [RecordOutput], _ context: TaskContext) throws {
    var turn = 0
    while let batch = try reader.next() {
      context.ledger.add(read: batch.count)
      let size = (batch.count + parts.count - 1) / parts.count
      for start in stride(from: 0, to: batch.count, by: max(size, 1)) {
        try parts[turn % parts.count].write(batch.slice(start, min(size, batch.count - start)))
        turn += 1
      }
      try context.checkCancelled()
    }
    for part in parts { try part.finish() }
  }

  /// One part is open at a time, however many there are.
  private func splitInOrder(
    _ reader: RecordFileReader, into parts: Parts, rows: Int?, bytes: Int?, _ context: TaskContext
  ) throws {
    guard rows != nil || bytes != nil else {
      throw Failure(.configuration, "none of rows, bytes and partitions is set", hint: "Set one of them")
    }
    var part = try parts.next()
    var rowsLeft = rows ?? Int.max
    var bytesLeft = bytes ?? Int.max
    while let batch = try reader.next() {
      context.ledger.add(read: batch.count)
      var start = 0
      let rowBytes = max(1, batch.byteCount / max(batch.count, 1))
      while start < batch.count {
        if rowsLeft <= 0 || bytesLeft <= 0 {
          try part.finish()
          part = try parts.next()
          rowsLeft = rows ?? Int.max
          bytesLeft = bytes ?? Int.max
        }
        let count = min(batch.count - start, rowsLeft, max(1, bytesLeft / rowBytes))
        try part.write(batch.slice(start, count))
        start += count
        rowsLeft -= count
        bytesLeft -= count * rowBytes
      }
      try context.checkCancelled()
    }
    try part.finish()
  }

  /// The files of one run of the task.
  private final class Parts {
    private let context: TaskContext
    private let schema: Schema
    private(set) var uris: [String] = []

    init(context: TaskContext, schema: Schema) {
      self.context = context
      self.schema = schema
    }

    func next() throws -> RecordOutput {
      let part = try context.createRecords("part-\(uris.count + 1).arrow", schema: schema, aside: false)
      uris.append(part.uri)
      return part
    }

    /// A task that fails leaves no file.
    func removeFinished() {
      for uri in uris { _ = try? context.delete(StorageReference(property: .string(uri))) }
    }
  }

  private func byteLimit() throws -> Int? {
    guard let bytes else { return nil }
    let units = [("KB", 1 << 10), ("MB", 1 << 20), ("GB", 1 << 30), ("B", 1)]
    let text = bytes.text.uppercased()
    for (unit, factor) in units where text.hasSuffix(unit) {
      if let number = Int(text.dropLast(unit.count)), number > 0 { return number * factor }
    }
    guard let number = Int(text), number > 0 else {
      throw Failure(.configuration, "bytes: expected a size such as 10MB, found \(bytes.markedText.masked)")
    }
    return number
  }
}

struct Size: FerryTask {
  static let info = TaskInfo(
    "core.storage.Size", aliases: ["storage.Size", "storages.Size"], "Tells how large a file is.",
    outputs: [TaskOutput("size", .integer, "In bytes.")],
    example: """
      id: size
      type: io.kestra.plugin.core.storage.Size
      uri: "file:///data/orders.arrow"
      """)
  @Property("The file.") var uri: StorageReference

  func run(_ context: TaskContext) throws -> ValueMap { ["size": .int(try context.size(uri))] }
}

struct Delete: FerryTask {
  static let info = TaskInfo(
    "core.storage.Delete", aliases: ["storage.Delete", "storages.Delete"], "Deletes a file.",
    outputs: [
      TaskOutput("uri", .uri, "The file."), TaskOutput("deleted", .boolean, "Whether it was there."),
    ],
    example: """
      id: clean
      type: io.kestra.plugin.core.storage.Delete
      uri: "file:///tmp/old.arrow"
      """)
  @Property("The file.") var uri: StorageReference
  @Property("Whether a file that is not there is a failure.") var errorOnMissing = false

  func run(_ context: TaskContext) throws -> ValueMap {
    let deleted = try context.delete(uri)
    guard deleted || !errorOnMissing else {
      throw Failure(.configuration, "deleting '\(uri.uri)': there is no such file")
    }
    return ["uri": .string(uri.uri), "deleted": .bool(deleted)]
  }
}
