import Expression
import FerryTesting
import Records
import SQL
import Testing

@testable import PostgreSQL

/// Reading on roads other than COPY, and what a decimal cannot hold.
@Suite(.serialized) struct ReadTests {
  /// Row by row, as statements go that COPY cannot take: 300 MB.
  @Test(arguments: [
    ("SELECT i, repeat('x', 1000) AS x FROM generate_series(1, 300000) i WHERE i > $1", [Value.int(0)]),
    ("INSERT INTO d_flat SELECT i, repeat('x', 1000) FROM generate_series(1, 300000) i RETURNING i, x", []),
  ])
  func memoryStaysFlatRowByRow(sql: String, parameters: [Value]) throws {
    let session = try Server.session()
    defer { session.close() }
    try session.run("DROP TABLE IF EXISTS d_flat; CREATE UNLOGGED TABLE d_flat (i integer, x text)")
    let watch = MemoryWatch()
    guard case .rows(let rows) = try session.query(sql, parameters, QueryOptions()) else {
      Issue.record("no rows")
      return
    }
    var expected: Int32 = 1
    var bytes = 0
    while let batch = try rows.next() {
      for row in 0..<batch.count {
        #expect(batch.columns[0].fixed(Int32.self)[row] == expected)
        expected += 1
      }
      bytes += batch.columns[1].byteCount
    }
    let growth = watch.stop()
    #expect(expected == 300_001 && bytes > 300_000_000)
    // Two batches and what libpq holds, in a process that other tests have left their marks on; the rows are 300 MB.
    #expect(growth < 128 << 20, "memory grew by \(growth >> 20) MiB")
    try session.run("DROP TABLE d_flat")
  }

  /// A decimal has no NaN: the error says what keeps it, and that does.
  @Test func notANumberIsKeptByNumeric() throws {
    let session = try Server.session()
    defer { session.close() }
    try session.run("DROP TABLE IF EXISTS d_nan; CREATE TABLE d_nan (id integer, v numeric(10,2), w numeric)")
    try session.run("INSERT INTO d_nan VALUES (1, 1.50, 1.5), (2, 'NaN', 'NaN')")
    for sql in ["SELECT v FROM d_nan ORDER BY id", "SELECT v FROM d_nan WHERE id > $1 ORDER BY id"] {
      let parameters: [Value] = sql.contains("$1") ? [0] : []
      let failure = try #require(throws: Failure.self) { try session.all(sql, parameters) }
      #expect(failure.category == .data)
      #expect(failure.message.hasSuffix("row 2, column 'v': the value is NaN, which decimal(10,2) cannot hold"))
      #expect(failure.hint == "Cast it in the query: v::numeric")
    }
    let kept = try session.all("SELECT v::numeric, w FROM d_nan ORDER BY id")
    #expect(kept.schema.fields.map(\.type) == [.numeric, .numeric])
    #expect(kept.columns.map(\.texts) == [["1.50", "NaN"], ["1.5", "NaN"]])
    try session.run("DROP TABLE d_nan")
  }
}
