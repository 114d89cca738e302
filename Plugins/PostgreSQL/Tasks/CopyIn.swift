public import Engine
public import Expression
internal import Records
internal import SQL

/// Loads a file into a table by COPY.
public struct CopyIn: FerryTask {
  public static let info = TaskInfo(
    "jdbc.postgresql.CopyIn", aliases: ["jdbc.postgres.CopyIn"],
    "Loads a file that PostgreSQL itself reads (text, CSV, binary) into a table.",
    details: "The file goes to the server as it is. To load a record file use jdbc.postgresql.Batch.",
    outputs: [TaskOutput("rowCount", .integer, "How many rows were loaded.")],
    example: """
      id: load
      type: io.kestra.plugin.jdbc.postgresql.CopyIn
      url: jdbc:postgresql://db.example.com:5432/shop
      from: file:///data/customers.csv
      table: customer
      format: CSV
      header: true
      """)

  @PropertyGroup var connection = ConnectionProperties()
  @Property("The file.") var from: StorageReference
  @PropertyGroup var copy = CopyOptions()
  @PropertyGroup var options = PostgreSQL.Options()

  public init() {}

  public func run(_ context: TaskContext) throws -> ValueMap {
    guard let table = copy.table, !table.isEmpty else { throw Failure(.configuration, "'table' is missing") }
    let input = try context.open(from)
    let server = try PostgreSQL.open(
      connection.settings(for: PostgreSQL.self, context), options, context, silence: copy.socketTimeout)
    let session = PostgreSQLConnection(server)
    defer { session.close() }
    return try context.onCancel(session.canceller) {
      let doing: String
      let bytes: Int
      let name: TableName
      do {
        name = try CopyOptions.resolve(table, session)
        doing = "loading '\(from.uri)' into '\(name)'"
        let statement =
          "COPY \(PostgreSQL.dialect.quote(name))\(copy.columnList) FROM STDIN\(copy.clause)"
        try server.startCopyIn(statement, doing)
        bytes = try send(input, server, doing, context)
      } catch {
        if !server.isBroken {
          server.line.within(Patience.rollback) { _ = try? server.finishCopyIn(abort: "the file could not be read") }
        }
        throw context.reason(for: (error as? Failure)?.undone ?? error)
      }
      // Whether the rows are in depends on the next answer.
      try context.record(TaskProgress([:], canResume: false))
      let rows = try finish(server, name, doing, context)
      context.ledger.add(read: Int(rows), written: Int(rows), bytes: bytes, batches: 1)
      return ["rowCount": .int(rows)]
    }
  }

  private static let pieceBytes = 256 << 10

  private func send(_ input: any ByteInput, _ server: NativeConnection, _ doing: String, _ context: TaskContext) throws
    -> Int
  {
    var total = 0
    try context.pieces(of: input, bytes: CopyIn.pieceBytes) { piece in
      total += piece.count
      // Refused already: the end of the copy tells why.
      return try server.putCopy(piece, doing)
    }
    return total
  }

  private func finish(_ server: NativeConnection, _ table: TableName, _ doing: String, _ context: TaskContext) throws
    -> Int64
  {
    do { return try server.finishCopyIn() } catch {
      let failure = CopyIn.failure(error, table, doing)
      if failure.outcome == .undone { try context.record(nil) }
      throw context.reason(for: failure)
    }
  }

  private static func failure(
    _ error: NativeConnection.CopyInError, _ table: TableName, _ doing: String
  ) -> Failure {
    switch error {
    case .client(var failure):
      failure.message += "; it is not known whether the rows are in"
      return failure
    case .server(let error):
      let position = error.copyPosition(in: table.name)
      let line = position.map { "\(doing), line \($0.line)" } ?? doing
      return error.failure(line, column: position?.column)
    }
  }
}
