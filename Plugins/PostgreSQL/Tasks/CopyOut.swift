public import Engine
public import Expression
internal import Records
internal import SQL

/// Writes a table or a query's result into a file by COPY.
public struct CopyOut: FerryTask {
  public static let info = TaskInfo(
    "jdbc.postgresql.CopyOut", aliases: ["jdbc.postgres.CopyOut"],
    "Writes a table or a query's rows into a file as PostgreSQL itself writes it (text, CSV, binary).",
    details: "The bytes are streamed as the server sends them. For a record file use jdbc.postgresql.Query with STORE.",
    outputs: [
      TaskOutput("uri", .uri, "The file."), TaskOutput("rowCount", .integer, "How many rows it has."),
    ],
    example: """
      id: export
      type: io.kestra.plugin.jdbc.postgresql.CopyOut
      url: jdbc:postgresql://db.example.com:5432/shop
      sql: SELECT id, name FROM customer
      format: CSV
      header: true
      """)

  @PropertyGroup var connection = ConnectionProperties()
  @Property("A SELECT, VALUES, or a change with RETURNING; else 'table'.") var sql: String?
  @PropertyGroup var copy = CopyOptions()
  @PropertyGroup var options = PostgreSQL.Options()

  public init() {}

  public func run(_ context: TaskContext) throws -> ValueMap {
    let server = try PostgreSQL.open(
      connection.settings(for: PostgreSQL.self, context), options, context, silence: copy.socketTimeout)
    let session = PostgreSQLConnection(server)
    defer { session.close() }
    return try context.onCancel(session.canceller) {
      do { return try copy(server, session, context) } catch let failure as Failure {
        let onlyReads = sql.map { StatementEffect($0, PostgreSQL.dialect).onlyReads } ?? true
        throw context.reason(for: onlyReads ? failure.undone : failure)
      }
    }
  }

  private func copy(_ server: NativeConnection, _ session: PostgreSQLConnection, _ context: TaskContext) throws
    -> ValueMap
  {
    let doing = "copying out"
    try server.startCopyOut("COPY \(try source(session)) TO STDOUT\(copy.clause)", doing)
    let output = try context.create(fileName)
    let bytes = try receive(server, output, doing, context)
    let rows = try server.lastResult(doing)?.changedRows ?? 0
    try context.checkCancelled()
    try output.commit()
    context.ledger.add(read: Int(rows), written: Int(rows), bytes: bytes, batches: 1)
    return ["uri": .string(output.uri), "rowCount": .int(rows)]
  }

  private var fileName: String {
    switch copy.format {
    case .text: "copy.txt"
    case .csv: "copy.csv"
    case .binary: "copy.bin"
    }
  }

  private func source(_ session: PostgreSQLConnection) throws -> String {
    if let sql, !sql.trimmed.isEmpty { return "(\(StatementText(sql, PostgreSQL.dialect).sql)\n)" }
    guard let table = copy.table, !table.isEmpty else {
      throw Failure(.configuration, "'sql' and 'table' are both missing", hint: "Set one of them")
    }
    return PostgreSQL.dialect.quote(try CopyOptions.resolve(table, session)) + copy.columnList
  }

  private static let pieceBytes = 256 << 10

  private func receive(
    _ server: NativeConnection, _ output: StoredOutput, _ doing: String, _ context: TaskContext
  ) throws -> Int {
    var buffer = ByteBuffer(capacity: CopyOut.pieceBytes)
    var total = 0
    while try unsafe server.copyRows(
      doing,
      { bytes in
        unsafe buffer.append(Span(_unsafeBytes: bytes))
        total += bytes.count
        return buffer.count < CopyOut.pieceBytes
      })
    {
      try output.write(buffer.span)
      buffer.removeAll()
      try context.checkCancelled()
    }
    try output.write(buffer.span)
    return total
  }
}
