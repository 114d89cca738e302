import Engine
import Expression
import FerryTesting
import Foundation
import Records
import SQL
import Testing

@testable import SQLServer

/// Rows that the server refuses are named, also where it only says that one of them was wrong.
@Suite(.serialized) struct TraceTests {
  typealias Road = LoadBench.Road

  private let server: OwnServer
  private let bench: LoadBench

  init() throws {
    server = try OwnServer()
    bench = try LoadBench(server)
    try server.run(
      "CREATE TABLE keys (v nvarchar(20) PRIMARY KEY)", "INSERT INTO keys VALUES (N'known')",
      """
      CREATE TABLE t (n bigint PRIMARY KEY CHECK (n <> 7777), v nvarchar(20) REFERENCES keys (v), \
      w AS n * 2, x nvarchar(10) NOT NULL DEFAULT N'x')
      """)
  }

  private static let row = 7_777

  /// What is wrong with the row, its code and the server's words.
  enum Fault: String, CaseIterable, Sendable {
    case check, foreignKey, duplicate

    var code: String { self == .duplicate ? "23505" : "23503" }

    var words: String {
      switch self {
      case .check: "conflicted with the CHECK constraint"
      case .foreignKey: "conflicted with the FOREIGN KEY constraint"
      case .duplicate: "Violation of PRIMARY KEY constraint"
      }
    }
  }

  /// 12,000 rows in three batches, of which the one in question breaks the rule.
  private func input(_ fault: Fault) throws -> String {
    let row = TraceTests.row
    switch fault {
    // Its number is the key.
    case .check: return try bench.input(1...12_000, value: { _ in "known" })
    case .foreignKey:
      return try bench.input(20_001...32_000, value: { $0 == 20_000 + row ? "unknown" : "known" })
    case .duplicate:
      try server.run("INSERT INTO t (n, v) VALUES (\(20_000 + row), N'known')")
      return try bench.input(20_001...32_000, value: { _ in "known" })
    }
  }

  @Test(arguments: Road.allCases, Fault.allCases) func `the row that was refused`(road: Road, fault: Fault) throws {
    let uri = try input(fault)
    let before = try server.count("t")
    let failure = try thrown { try bench.load(uri, road.target("t")) }
    #expect(failure.category == .data && failure.code == fault.code && failure.outcome == .undone, "\(failure)")
    #expect(failure.message.contains("row \(TraceTests.row)") && failure.message.contains(fault.words), "\(failure)")
    #expect(!failure.message.contains("\(20_000 + TraceTests.row)"), "no value without logValues: \(failure)")
    #expect(try server.count("t") == before)
  }

  /// Its errors end the transaction, and its lines are its own.
  @Test(arguments: Road.allCases) func `the row that a trigger refuses`(road: Road) throws {
    try server.run(
      "CREATE TABLE fired (n bigint, v nvarchar(20))", "CREATE TABLE told (n bigint)",
      """
      CREATE TRIGGER no_sevens ON fired AFTER INSERT AS
      INSERT INTO told SELECT n FROM inserted
      IF EXISTS (SELECT 1 FROM inserted WHERE n = \(TraceTests.row)) THROW 50001, N'not that one', 1
      """)
    let failure = try thrown { try bench.load(bench.input(1...12_000), road.target("fired")) }
    #expect(failure.category == .data && failure.outcome == .undone && failure.code == "50001", "\(failure)")
    #expect(
      failure.message.contains("row \(TraceTests.row):") && failure.message.contains("in 'no_sevens'"), "\(failure)")
    #expect(try server.count("fired") == 0 && server.count("told") == 0)
    // Rows that the trigger adds elsewhere are not this load's.
    #expect(try bench.load(bench.input(1...700), road.target("fired"))["updatedCount"]?.int == 700)
    #expect(try server.count("fired") == 700 && server.count("told") == 700)
    guard road == .bulk else { return }
    try bench.load(bench.input(7_000...8_000), road.target("fired").merging(["fireTriggers": "false"]))
    #expect(try server.count("fired") == 1_701 && server.count("told") == 700)
  }

  /// Rows that are committed are not loaded again to find the one that is wrong.
  @Test func `the row of a load in chunks`() throws {
    let uri = try input(.foreignKey)
    let failure = try thrown { try bench.load(uri, ["table": "t", "commit": "chunk", "chunk": "1000"]) }
    #expect(failure.message.contains("row \(TraceTests.row)"), "\(failure)")
    #expect(failure.outcome == .partial && failure.message.contains("the first 7000 rows of the input are committed"))
    #expect(try server.count("t") == 7_000)
  }

  /// So many rows at a time: a refusal is found before the rest is sent.
  @Test(arguments: [1, 999, 5_000, 50_000]) func `the row of a bulk load in batches`(size: Int) throws {
    let uri = try input(.check)
    let more: ValueMap = ["table": "t", "bulkBatchSize": .int(Int64(size))]
    if size > 1 {
      let failure = try thrown { try bench.load(uri, more) }
      #expect(failure.message.contains("row \(TraceTests.row)"), "\(failure)")
      #expect(try server.count("t") == 0)
    }
    let few = try bench.input(1...700, value: { _ in "known" })
    #expect(try bench.load(few, more)["updatedCount"]?.int == 700)
    #expect(try server.count("t") == 700)
  }

  @Test(arguments: Road.allCases) func `NULL in a column that takes none`(road: Road) throws {
    try server.run("CREATE TABLE strict (n bigint, v nvarchar(20) NOT NULL)")
    let uri = try bench.input(1...500, value: { $0 == 321 ? nil : "v" })
    let failure = try thrown { try bench.load(uri, road.target("strict")) }
    #expect(failure.category == .data && failure.code == "23502", "\(failure)")
    #expect(failure.message.contains("row 321") && failure.message.contains("column 'v'"), "\(failure)")
    #expect(try server.count("strict") == 0)
  }

  /// 8,060 bytes are what a row may take; of what is stored beside it, 24 bytes each.
  @Test(arguments: Road.allCases) func `rows of 8,060 bytes`(road: Road) throws {
    let text = String(repeating: "x", count: 30)
    let many = (1...60).map { "a\($0) varchar(30) DEFAULT '\(text)'" }.joined(separator: ", ")
    try server.run(
      "CREATE TABLE wide (n bigint, v nvarchar(20), a char(8000) DEFAULT 'a')",
      "CREATE TABLE wider (n bigint CHECK (n > 0), v nvarchar(20), a char(7000) DEFAULT 'a', \(many))")
    let uri = try bench.input(1...50)
    #expect(try bench.load(uri, road.target("wide"))["updatedCount"]?.int == 50)
    let failure = try thrown { try bench.load(uri, road.target("wider")) }
    #expect(failure.message.contains("8060") && failure.message.contains("row 1"), "\(failure)")
    #expect(failure.category == .data)
    #expect(try server.count("wider") == 0)
  }
}
