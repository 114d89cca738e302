import Engine
import Expression
import FerryTesting
import Foundation
import Records
import SQL
import Testing

@testable import SQLServer

/// Batches of several results and messages, procedures, many parameters.
@Suite(.serialized) struct QueryTests {
  private let server: OwnServer
  private let bench: LoadBench

  init() throws {
    server = try OwnServer()
    bench = try LoadBench(server)
  }

  private static let batch = """
    PRINT N'first: ü漢'
    SELECT 1 AS n UNION ALL SELECT 2
    RAISERROR (N'second, %d rows', 10, 1, 2) WITH NOWAIT
    SELECT 3 AS n
    PRINT 'third'
    """

  @Test func `several results, and what is said between them`() throws {
    let outputs = try bench.query(QueryTests.batch)
    #expect(outputs["rows"] == .list([["n": 1], ["n": 2], ["n": 3]]))
    let said = bench.log.lines.filter { ["first: ü漢", "second, 2 rows", "third"].contains($0) }
    #expect(said == ["first: ü漢", "second, 2 rows", "third"])
  }

  @Test func `messages come when they are said`() throws {
    let log = KeptLog()
    let connection = try server.connect(context: .forTests(log: log))
    defer { connection.close() }
    guard case .rows(let rows) = try connection.query(QueryTests.batch, [], .init()) else {
      return #expect(Bool(false))
    }
    #expect(log.lines.filter { $0 == "first: ü漢" }.count == 1 && !log.lines.contains("third"))
    #expect(try rows.next()?.columns[0].texts == ["1", "2"])
    #expect(try rows.next() == nil)
    let second = try #require(try rows.nextResult())
    #expect(log.lines.contains("second, 2 rows"))
    #expect(try second.next()?.columns[0].texts == ["3"])
    #expect(try second.next() == nil && second.nextResult() == nil)
    #expect(log.lines.contains("third"))
  }

  /// Rows that came before it do not hide it, and the session goes on.
  @Test(arguments: ["RAISERROR (N'so not', 16, 1)", "SELECT 1 / 0", "THROW 50001, N'so not', 1"])
  func `an error between results`(statement: String) throws {
    let sql = "SELECT 1 AS n\n;\(statement)\nSELECT 2 AS n"
    let connection = try server.connect()
    defer { connection.close() }
    guard case .rows(let rows) = try connection.query(sql, [], .init()) else { return #expect(Bool(false)) }
    let failure = try thrown { _ = try rows.next() }
    #expect(failure.category == .data && failure.message.contains(statement.contains("/") ? "Divide by" : "so not"))
    #expect(failure.message.contains("reading the result, after row 1"), "\(failure)")
    rows.close()
    #expect(try connection.all("SELECT 5 AS n").columns[0].texts == ["5"])
    // The same in a task: an error, whatever rows there were.
    #expect(throws: Failure.self) { try bench.query(sql) }
  }

  @Test func `an error that is only a warning`() throws {
    let outputs = try bench.query("RAISERROR (N'mind the gap', 10, 1); SELECT 1 AS n")
    #expect(outputs["rows"] == .list([["n": 1]]) && bench.log.lines.contains("mind the gap"))
  }

  @Test func `a procedure`() throws {
    try server.run(
      "CREATE TABLE t (n bigint, v nvarchar(20), d datetime2(3))",
      """
      CREATE PROCEDURE add_row @n int, @v nvarchar(5) = N'none', @d datetime2(3) = NULL AS \
      BEGIN INSERT INTO t VALUES (@n, @v, @d) SELECT @@ROWCOUNT AS added END
      """)
    let connection = try server.connect()
    defer { connection.close() }
    let arguments = try #require(try connection.arguments(of: TableName(["add_row"])))
    #expect(arguments.map(\.name) == ["@n", "@v", "@d"])
    #expect(arguments.map(\.target.nativeType) == ["int", "nvarchar(5)", "datetime2(3)"])
    #expect(try connection.arguments(of: TableName(["nothing"])) == nil)
    #expect(try bench.load(bench.input(1...3), ["sql": "EXEC add_row ?, ?"])["rowCount"]?.int == 3)
    #expect(
      try bench.load(bench.input(4...5), ["sql": "EXEC dbo.add_row @v = ?, @n = ?", "columns": ["v", "n"]])[
        "rowCount"]?.int == 2)
    #expect(
      try server.run("SELECT n, v FROM t ORDER BY n") == [
        ["1", "v1"], ["2", "v2"], ["3", "v3"], ["4", "v4"], ["5", "v5"],
      ])
    // What the parameter would cut is refused.
    let failure = try thrown {
      try bench.load(bench.input(6...7, value: { $0 == 7 ? "too long" : "v" }), ["sql": "EXEC add_row ?, ?"])
    }
    #expect(failure.category == .data && failure.message.contains("row 2"), "\(failure)")
    #expect(try server.count("t") == 5)
  }

  /// A call takes 2,100 parameters, of which two are the statement and its declarations.
  @Test(arguments: [1, 23, 700, 1_000]) func `many parameters`(columns: Int) throws {
    let names = (1...columns).map { "c\($0)" }
    try server.run("CREATE TABLE t (\(names.map { "\($0) int" }.joined(separator: ", ")))")
    let rows = columns > 100 ? 7 : 450
    let schema = Schema(names.map { Field($0, .int32) })
    let builders = names.map { _ in ColumnBuilder(.int32) }
    for (place, builder) in builders.enumerated() { for row in 0..<rows { builder.append(Int32(row * 1_000 + place)) } }
    let batch = RecordBatch(schema: schema, columns: builders.map { $0.finish() }, count: rows)
    let marks = names.map { _ in "?" }.joined(separator: ", ")
    let connection = try server.connect()
    defer { connection.close() }
    #expect(try connection.load(batch, "INSERT INTO t SELECT \(marks) WHERE 1 = 1") == Int64(rows))
    let found = try connection.native.texts(
      "SELECT COUNT(*), SUM(CAST(c1 AS bigint)), SUM(CAST(c\(columns) AS bigint)) FROM t")
    let sum = rows * (rows - 1) / 2 * 1_000
    #expect(found == [["\(rows)", "\(sum)", "\(sum + rows * (columns - 1))"]])
  }

  @Test func `too many parameters`() throws {
    try server.run("CREATE TABLE t (n int)")
    let marks = Array(repeating: "?", count: 2_099).joined(separator: ", ")
    let names = (1...2_099).map { "c\($0)" }
    let columns = names.map { _ in
      let builder = ColumnBuilder(.int32)
      builder.append(Int32(1))
      return builder.finish()
    }
    let batch = RecordBatch(schema: Schema(names.map { Field($0, .int32) }), columns: columns, count: 1)
    let connection = try server.connect()
    defer { connection.close() }
    let failure = try thrown { try connection.load(batch, "INSERT INTO t SELECT 1 WHERE 1 IN (\(marks))") }
    #expect(failure.message.contains("the statement has 2099 placeholders"), "\(failure)")
  }

  /// A trigger that asks whether there are rows.
  @Test func `a trigger`() throws {
    try server.run("CREATE TABLE t (n int)", "INSERT INTO t VALUES (1), (2)")
    var properties = server.properties(["sql": "SELECT n FROM t ORDER BY n", "interval": "PT5M", "fetchType": "FETCH"])
    let outputs = try SQLTrigger<SQLServer>.runAlone(properties, storage: bench.folder.path).outputs
    #expect(outputs["rows"] == .list([["n": 1], ["n": 2]]) && outputs["size"]?.int == 2)
    properties["sql"] = "SELECT n FROM t WHERE n > 2"
    #expect(try SQLTrigger<SQLServer>.runAlone(properties, storage: bench.folder.path).outputs["size"]?.int == 0)
  }
}
