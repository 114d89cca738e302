import Engine
import Expression
import FerryTesting
import Foundation
import Records
import SQL
import Testing

@testable import SQLServer

/// What bulk loads may be told: what INSERT does is what they do unless a flow says otherwise.
@Suite(.serialized) struct BulkOptionTests {
  typealias Road = LoadBench.Road

  private let server: OwnServer
  private let bench: LoadBench

  init() throws {
    server = try OwnServer()
    bench = try LoadBench(server)
  }

  @Test(arguments: Road.allCases) func `identity columns count by themselves, or take what comes`(road: Road) throws {
    try server.run("CREATE TABLE t (n bigint IDENTITY(100, 1), v nvarchar(20))")
    let uri = try bench.input(7...9)
    // Without the property, the column takes no value.
    let failure = try thrown { try bench.load(uri, ["table": "t"]) }
    #expect(failure.category == .schema && failure.message.contains("is always counted up by the database"))
    #expect(try bench.load(uri, ["table": "t", "columns": ["v"]])["updatedCount"]?.int == 3)
    #expect(try bench.load(uri, road.target("t").merging(["keepIdentity": "true"]))["updatedCount"]?.int == 3)
    let found = try server.run("SELECT n, v FROM t ORDER BY n")
    #expect(
      found == [
        ["7", "v7"], ["8", "v8"], ["9", "v9"], ["100", "v7"], ["101", "v8"], ["102", "v9"],
      ])
  }

  @Test func `constraints are checked unless the flow says no`() throws {
    try server.run("CREATE TABLE t (n bigint CHECK (n < 500), v nvarchar(20))")
    let uri = try bench.input(1...600)
    let failure = try thrown { try bench.load(uri, ["table": "t"]) }
    #expect(failure.message.contains("CHECK constraint") && failure.message.contains("row 500"), "\(failure)")
    #expect(try server.count("t") == 0)
    #expect(try bench.load(uri, ["table": "t", "checkConstraints": "false"])["updatedCount"]?.int == 600)
    #expect(try server.count("t") == 600)
  }

  @Test func `NULL is NULL unless the flow says default`() throws {
    try server.run("CREATE TABLE t (n bigint, v nvarchar(20) DEFAULT N'none')")
    let uri = try bench.input(1...100, value: { $0 % 2 == 0 ? nil : "v" })
    let sql = "SELECT v, COUNT(*) FROM t GROUP BY v ORDER BY v"
    try bench.load(uri, ["table": "t"])
    let nulls = try server.run(sql)
    #expect(nulls == [[nil, "50"], ["v", "50"]])
    try server.run("TRUNCATE TABLE t")
    try bench.load(uri, ["table": "t", "keepNulls": "false"])
    #expect(try server.run(sql) == [["none", "50"], ["v", "50"]])
  }

  /// A NULL stays one beside what else the server is told, and columns that are not given take their defaults.
  @Test(arguments: ["CHECK (n > 0)", "DEFAULT 5"]) func `NULL beside other hints`(more: String) throws {
    try server.run("CREATE TABLE t (n bigint \(more), v nvarchar(20) DEFAULT N'none', w int DEFAULT 7)")
    let uri = try bench.input(1...200, value: { $0 % 50 == 0 ? nil : "v" })
    try bench.load(uri, ["table": "t", "tabLock": "true"])
    #expect(
      try server.run("SELECT v, w, COUNT(*) FROM t GROUP BY v, w ORDER BY v") == [[nil, "7", "4"], ["v", "7", "196"]])
  }

  /// The lock does not take the place of the checks.
  @Test func `a lock on the whole table`() throws {
    try server.run("CREATE TABLE t (n bigint CHECK (n < 500), v nvarchar(20))")
    let locking: ValueMap = ["table": "t", "tabLock": "true"]
    #expect(try bench.load(try bench.input(1...100), locking)["updatedCount"]?.int == 100)
    #expect(throws: Failure.self) { try bench.load(try bench.input(400...600), locking) }
    #expect(try server.count("t") == 100)
  }

  /// What INSERT BULK is told: one thing, the library takes no more.
  @Test(
    arguments: [
      ([], [], "", false), ([], ["constraints"], "CHECK_CONSTRAINTS", false),
      ([], ["triggers"], "FIRE_TRIGGERS", false),
      ([], ["default"], "KEEP_NULLS", false), (["tabLock"], [], "TABLOCK", false),
      (["tabLock"], ["constraints"], "CHECK_CONSTRAINTS", true), (["tabLock"], ["default"], "KEEP_NULLS", true),
      (["fireTriggers"], ["triggers", "constraints"], "CHECK_CONSTRAINTS", false),
      (["checkConstraints"], ["triggers", "constraints"], "FIRE_TRIGGERS", false),
      (["keepNulls"], ["default"], "", false), ([], ["triggers", "constraints"], nil, false),
    ] as [([String], [String], String?, Bool)])
  func hints(changed: [String], table has: [String], hint: String?, locksTable: Bool) throws {
    var options = SQLServerOptions()
    for name in changed {
      switch name {
      case "tabLock": options.tabLock = true
      case "fireTriggers": options.fireTriggers = false
      case "keepNulls": options.keepNulls = false
      default: options.checkConstraints = false
      }
    }
    let type = DatabaseType("int")
    let column = ColumnInfo(
      "n", type.target, isNullable: true, source: .given, hasDefault: true,
      facts: DriverFacts(ColumnFacts(type: type, hasOwnDefault: has.contains("default"))))
    let facts = TableCatalog.Facts(
      hasTriggers: has.contains("triggers"), hasConstraints: has.contains("constraints"), isTable: true, showsAll: true)
    let table = TableInfo(name: TableName(["t"]), columns: [column], facts: DriverFacts(facts))
    let plan = BulkPlan(table, [column], options)
    #expect(plan?.hint == hint && (plan?.locksTable ?? false) == locksTable)
  }
}
