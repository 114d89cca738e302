import Expression
import FerryTesting
import Foundation
import Records
import SQL
import Testing

@testable import Engine
@testable import ODBC

/// A driver that lies: nothing is half loaded, and nothing is cut.
@Suite(.serialized) struct LyingDriverTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private var path: String { folder.path + "/test.db" }
  private var storage: String { folder.path + "/storage" }

  private func properties(_ lies: String, _ more: ValueMap) -> ValueMap {
    let url = "Driver=\(LyingDriver.path);Lies=\(lies);Database=\(path);BigInt=1;StepAPI=1"
    let own: ValueMap = ["url": .string(url)]
    return own.merging(more)
  }

  private func source(_ count: Int) throws -> String {
    let numbers = ColumnBuilder(.int64)
    let texts = ColumnBuilder(.text)
    for number in 0..<count {
      numbers.append(Int64(number))
      texts.append(text: "v\(number)")
    }
    let schema = Schema([Field("id", .int64), Field("v", .text)])
    let batch = RecordBatch(schema: schema, columns: [numbers.finish(), texts.finish()], count: count)
    return try TaskContext.alone(storage: storage) { context in
      let output = try context.createRecords("source.arrow", schema: schema)
      try output.write(batch)
      try output.finish()
      return output.uri
    }
  }

  private func rows(_ sql: String) throws -> [[String?]] {
    try TestedProduct.sqlite.rows(sql, at: TestedProduct.Place(file: path))
  }

  private func create() throws {
    _ = try SQLQuery<ODBC>.runAlone(
      properties("", ["sql": "CREATE TABLE t (id BIGINT, v TEXT)"]), storage: storage)
  }

  /// Whatever a driver says of arrays, every row is in the table, once.
  @Test(arguments: [
    "", "array-refused", "array-changed", "array-ignored", "array-claimed", "status-silent", "no-describe-param",
  ]) func everyRowIsLoaded(_ lies: String) throws {
    try create()
    let uri = try source(1_000)
    for load: ValueMap in [["table": "t"], ["sql": "INSERT INTO t (id, v) VALUES (? + 0, ?)"]] {
      let outputs = try SQLBatch<ODBC>.runAlone(
        properties(lies, ["from": .string(uri)]).merging(load), storage: storage
      ).outputs
      #expect(outputs["rowCount"]?.int == 1_000, "\(lies)")
      #expect(outputs["updatedCount"]?.int == 1_000, "\(lies)")
      #expect(
        try rows("SELECT count(*), count(DISTINCT id), min(v), max(id) FROM t") == [["1000", "1000", "v0", "999"]])
      _ = try rows("DELETE FROM t")
    }
  }

  /// Long values come whole, and every row comes.
  @Test(arguments: ["", "no-total", "rowset-ignored"]) func everythingIsRead(_ lies: String) throws {
    let long = String(repeating: "0123456789abcdef", count: 20_000)
    let sql = "SELECT '\(long)' AS b UNION ALL SELECT 'short' UNION ALL SELECT NULL"
    let outputs = try SQLQuery<ODBC>.runAlone(
      properties(lies, ["sql": .string(sql), "fetchType": "FETCH"]), storage: storage
    ).outputs
    #expect(outputs["rows"] == [["b": .string(long)], ["b": "short"], ["b": .null]])
  }

  /// The answer to a COMMIT is lost: whether the rows are in is not known, and nothing is done again.
  @Test func aLostCommitIsUnknown() throws {
    try create()
    let uri = try source(10)
    let load = properties(
      "commit-lost", ["from": .string(uri), "table": "t", "commitToken": "none", "retryScope": "ALL"])
    do {
      _ = try SQLBatch<ODBC>.runAlone(load, storage: storage)
      Issue.record("nothing was thrown")
    } catch let failure as Failure {
      #expect(failure.outcome == .unknown, "\(failure)")
      #expect(try rows("SELECT count(*) FROM t") == [["10"]])
    }
  }
}
