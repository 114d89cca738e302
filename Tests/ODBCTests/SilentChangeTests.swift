import Expression
import FerryTesting
import Foundation
import Records
import SQL
import Testing

@testable import Engine
@testable import ODBC

/// What SQL Server would change without an error, through both of its drivers: refused, with its row.
@Suite(.serialized) struct SilentChangeTests {
  private let folder: TemporaryFolder
  private let server: TestServer

  init() throws {
    folder = try TemporaryFolder()
    server = try TestServer("FERRY_TEST_SQLSERVER_URL", .properties)
  }

  private var storage: String { folder.path + "/storage" }

  private func connection(_ library: SQLServerLibrary) -> ValueMap {
    server.connection(library.path, database: server.url.database ?? "", ";TrustServerCertificate=yes")
  }

  private func source(_ schema: Schema, _ columns: [Column]) throws -> String {
    try TaskContext.alone(storage: storage) { context in
      let output = try context.createRecords("source.arrow", schema: schema)
      try output.write(RecordBatch(schema: schema, columns: columns, count: columns[0].count))
      try output.finish()
      return output.uri
    }
  }

  private func column(_ type: DataType, _ append: (ColumnBuilder) -> Void) -> Column {
    let builder = ColumnBuilder(type)
    append(builder)
    return builder.finish()
  }

  @Test(arguments: [SQLServerLibrary.microsoft, .freeTDS]) func isRefused(_ library: SQLServerLibrary) throws {
    let table = "silent_\(UInt32.random(in: 0...UInt32.max))"
    let connection = connection(library)
    func run(_ sql: String) throws -> ValueMap {
      try SQLQuery<ODBC>.runAlone(connection.merging(["sql": .string(sql), "fetchType": "FETCH"]), storage: storage)
        .outputs
    }
    _ = try run(
      """
      CREATE TABLE \(table) (v varchar(20), u varchar(20) COLLATE Latin1_General_100_CI_AS_SC_UTF8, n nvarchar(20), \
      t datetime)
      """)
    defer { _ = try? run("DROP TABLE \(table)") }

    func load(_ name: String, _ values: Column) throws {
      let uri = try source(Schema([Field(name, values.type)]), [values])
      for sql in ["INSERT INTO \(table) (\(name)) VALUES (?)", "UPDATE \(table) SET \(name) = ?"] {
        _ = try SQLBatch<ODBC>.runAlone(
          connection.merging(["from": .string(uri), "sql": .string(sql)]), storage: storage)
      }
    }
    func refuses(_ name: String, _ values: Column, _ words: String) {
      let failure = #expect(throws: Failure.self) { try load(name, values) }
      #expect(failure?.message.contains("row 2, column '\(name)': \(words)") == true, "\(failure?.message ?? "")")
      #expect(failure?.category == .data)
    }

    let texts = column(.text) {
      $0.append(text: "plain")
      $0.append(text: "漢")
    }
    refuses("v", texts, "the text has characters beyond ASCII")
    try load("u", texts)
    try load("n", texts)
    let millisecond: Int64 = 1_000
    refuses(
      "t",
      column(.timestamp(.microseconds, zoned: false)) {
        $0.append(7 * millisecond)
        $0.append(8 * millisecond)
      }, "a datetime keeps 1/300 s")
    try load("t", column(.timestamp(.microseconds, zoned: false)) { $0.append(-3 * millisecond) })
    let rows = try run("SELECT count(*) AS n FROM \(table)")["rows"]?.list
    #expect(rows?.first?.map?["n"]?.int == 5)
  }
}
