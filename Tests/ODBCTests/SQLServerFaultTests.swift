import Engine
import Expression
import FerryTesting
import Records
import SQL
import Testing

@testable import ODBC

/// SQL Server through Microsoft's driver, when it stops, lies or chooses a victim: clear errors, nothing half loaded,
/// nothing twice.
@Suite(.serialized) struct SQLServerFaultTests {
  private let server: TDSServer
  private let bench: FaultBench

  init() throws {
    server = try TDSServer()
    bench = try .sqlServer(server)
    try bench.run("CREATE TABLE \(bench.table) (n bigint PRIMARY KEY, v nvarchar(20))")
  }

  // MARK: reading

  @Test(arguments: ["row", "token"]) func `a server that stops in the middle of rows`(fault: String) throws {
    try server.arm(fault, 30_000)
    let failure = try failure { _ = try bench.tasks.query("SELECT value FROM GENERATE_SERIES(1, 100000)") }
    #expect(failure.category == .transient && failure.code == "08S01", "\(failure)")
    #expect(failure.message.contains("reading the result, after row "), "\(failure)")
    #expect(failure.message.contains("(127.0.0.1:\(server.port))") && failure.outcome == .undone, "\(failure)")
    // The server is as it was.
    #expect(try bench.tasks.query("SELECT 7 AS n")["rows"]?.list?.count == 1)
  }

  // MARK: loading

  @Test(arguments: LoadRoad.allCases) func `a connection that breaks while rows are sent`(road: LoadRoad) throws {
    let uri = try bench.tasks.input(1...1_000)
    let proxy = try bench.proxy(.cut(after: 40_000, from: .client))
    let failure = try failure { try bench.load(uri, road, through: proxy) }
    #expect(proxy.faultsHappened == 1)
    #expect(failure.category == .transient && failure.code == "08S01" && failure.outcome == .undone, "\(failure)")
    #expect(failure.message.contains("(127.0.0.1:\(proxy.port))"), "\(failure)")
    #expect(try bench.counts() == ["0", "0"])
    let again = try bench.proxy(.cut(after: 40_000, from: .client))
    let outputs = try bench.load(uri, road, FaultBench.again, through: again)
    #expect(outputs["updatedCount"]?.int == 1_000 && again.faultsHappened == 1)
    #expect(try bench.counts() == ["1000", "1000"])
  }

  @Test(arguments: LoadRoad.allCases, ["before_commit", "after_commit"])
  func `a connection that breaks around the commit`(road: LoadRoad, fault: String) throws {
    let uri = try bench.tasks.input(1...300)
    // The table of commits is there already: it is made by a transaction of its own.
    try bench.load(uri, road)
    try bench.run("DELETE FROM \(bench.table)")
    try server.arm(fault)
    let isDone = fault == "after_commit"
    if isDone {
      let outputs = try bench.load(uri, road)
      #expect(outputs["rowCount"]?.int == 300 && outputs["updatedCount"]?.int == 300)
      #expect(bench.log.lines.contains { $0.contains("the server says that it is committed") })
    } else {
      let failure = try failure { try bench.load(uri, road) }
      #expect(failure.category == .transient && failure.outcome == .undone, "\(failure)")
      #expect(failure.message.contains("the server says that nothing is committed"), "\(failure)")
    }
    #expect(try bench.counts() == (isDone ? ["300", "300"] : ["0", "0"]))
    guard !isDone else { return }
    try server.arm(fault)
    try bench.load(uri, road, FaultBench.again)
    #expect(try bench.counts() == ["300", "300"])
  }

  @Test func `without a token nobody knows, and nothing is repeated`() throws {
    let uri = try bench.tasks.input(1...300)
    try server.arm("after_commit")
    let failure = try failure { try bench.load(uri, .bulk, FaultBench.again.merging(["commitToken": "none"])) }
    #expect(failure.outcome == .unknown, "\(failure)")
    #expect(failure.message.contains("it is not known whether the rows are in"), "\(failure)")
    #expect(try bench.counts() == ["300", "300"])
  }

  /// 1205: the server has rolled back all of the transaction.
  @Test(arguments: LoadRoad.allCases) func `the victim of a deadlock`(road: LoadRoad) throws {
    let uri = try bench.tasks.input(1...300)
    try server.arm("deadlock", 150)
    let failure = try failure { try bench.load(uri, road) }
    #expect(failure.category == .transient && failure.code == "40001" && failure.outcome == .undone, "\(failure)")
    #expect(failure.message.contains("deadlock victim") && failure.message.contains("(error 1205)"), "\(failure)")
    #expect(try bench.counts() == ["0", "0"])
    try server.arm("deadlock", 150)
    let outputs = try bench.load(uri, road, FaultBench.again)
    #expect(bench.log.lines.contains { $0.contains("the load failed and starts again") })
    #expect(outputs["rowCount"]?.int == 300 && outputs["updatedCount"]?.int == 300)
    #expect(try bench.counts() == ["300", "300"])
  }

  // MARK: lies

  /// It says of each row that it is four: that is no array that can be trusted, and a row is a row.
  @Test func `a server that miscounts`() throws {
    let uri = try bench.tasks.input(1...300)
    try server.arm("count", 3)
    let outputs = try bench.load(uri, .bulk)
    try bench.run("EXEC ferry_fault 'none'")
    #expect(outputs["rowCount"]?.int == 300 && outputs["updatedCount"]?.int == 300)
    #expect(bench.log.lines.contains { $0.contains("it has inserted 1200 of them): they go one by one") })
    #expect(try bench.counts() == ["300", "300"])
  }

  /// Its rows are counted beside those of the load.
  @Test func `a trigger that changes rows`() throws {
    let table = bench.table
    try bench.run(
      "CREATE TABLE audit (n bigint)",
      "CREATE TRIGGER audited ON \(table) AFTER INSERT AS INSERT INTO audit SELECT n FROM inserted")
    let outputs = try bench.load(try bench.tasks.input(1...50), .bulk)
    #expect(outputs["rowCount"]?.int == 50 && outputs["updatedCount"]?.int == 50)
    #expect(try bench.counts() == ["50", "50"])
    #expect(try bench.run("SELECT COUNT(*) FROM audit") == [["50"]])
  }
}
