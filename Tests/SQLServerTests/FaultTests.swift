import Engine
import Expression
import FerryTesting
import Foundation
import Records
import SQL
import Testing

@testable import SQLServer

/// A server that stops, lies or chooses a victim: clear errors, nothing half loaded, nothing twice.
@Suite(.serialized) struct FaultTests {
  typealias Road = LoadBench.Road

  private let server: OwnServer
  private let bench: LoadBench

  init() throws {
    server = try OwnServer()
    bench = try LoadBench(server)
  }

  private func create() throws { try server.run("CREATE TABLE t (n bigint PRIMARY KEY, v nvarchar(20))") }

  // MARK: reading

  @Test(arguments: ["row", "token"]) func `a server that stops in the middle of rows`(fault: String) throws {
    try server.arm(fault, 30_000)
    let failure = try thrown { _ = try bench.query("SELECT value FROM GENERATE_SERIES(1, 100000)") }
    #expect(failure.category == .transient && failure.code == "08006", "\(failure)")
    #expect(failure.message.contains("reading the result, after row "))
    #expect(failure.message.contains("127.0.0.1:\(server.port)"), "\(failure)")
    // The server is as it was.
    #expect(try bench.query("SELECT 7 AS n")["rows"]?.list?.count == 1)
  }

  @Test func `a server that is killed`() throws {
    let connection = try server.connect()
    defer { connection.close() }
    guard case .rows(let rows) = try connection.query("SELECT value FROM GENERATE_SERIES(1, 10000000)", [], .init())
    else { return #expect(Bool(false)) }
    _ = try rows.next()
    server.end()
    let failure = try thrown { while try rows.next() != nil {} }
    #expect(failure.category == .transient && failure.code == "08006" && failure.outcome == .unknown, "\(failure)")
    rows.close()
    let next = try thrown { _ = try connection.execute("SELECT 1") }
    #expect(next.category == .transient && next.message.contains("the connection is closed"), "\(next)")
  }

  // MARK: loading

  @Test(arguments: Road.allCases) func `a connection that breaks while rows are sent`(road: Road) throws {
    try create()
    let proxy = try FaultyProxy(to: "127.0.0.1", UInt16(server.port), [.cut(after: 300_000, from: .client)])
    let uri = try bench.input(1...40_000)
    let url = server.url("encrypt=false", port: Int(proxy.port))
    let failure = try thrown { try bench.load(uri, road.target("t"), url: url) }
    #expect(proxy.faultsHappened == 1)
    #expect(failure.category == .transient && failure.code == "08006" && failure.outcome == .undone, "\(failure)")
    #expect(failure.message.contains("127.0.0.1:\(proxy.port)"), "\(failure)")
    #expect(try server.count("t") == 0)
    // The same is tried again where the flow says so.
    let again = try FaultyProxy(to: "127.0.0.1", UInt16(server.port), [.cut(after: 300_000, from: .client)])
    let outputs = try bench.load(
      uri, road.target("t").merging(["retryScope": "ALL", "retryBackoff": "PT0.01S"]),
      url: server.url("encrypt=false", port: Int(again.port)))
    #expect(outputs["updatedCount"]?.int == 40_000 && again.faultsHappened == 1)
    #expect(try server.count("t") == 40_000)
  }

  /// The answer is lost, and the server is asked over another connection.
  @Test(arguments: Road.allCases, ["before_commit", "after_commit"])
  func `a connection that breaks around the commit`(road: Road, fault: String) throws {
    try create()
    let uri = try bench.input(1...1_000)
    try server.arm(fault)
    let isDone = fault == "after_commit"
    if isDone {
      let outputs = try bench.load(uri, road.target("t"))
      #expect(outputs["rowCount"]?.int == 1_000 && outputs["updatedCount"]?.int == 1_000)
      #expect(bench.log.lines.contains { $0.contains("the server says that it is committed") })
    } else {
      let failure = try thrown { try bench.load(uri, road.target("t")) }
      #expect(failure.category == .transient && failure.outcome == .undone, "\(failure)")
      #expect(failure.message.contains("the server says that nothing is committed"))
    }
    #expect(try server.count("t") == (isDone ? 1_000 : 0))
    // The commit that is not done is done again; the key would refuse rows that come twice.
    guard !isDone else { return }
    try server.arm(fault)
    try bench.load(uri, road.target("t").merging(["retryScope": "ALL", "retryBackoff": "PT0.01S"]))
    #expect(try server.count("t") == 1_000)
  }

  @Test(arguments: Road.allCases) func `without a token nobody knows`(road: Road) throws {
    try create()
    let uri = try bench.input(1...1_000)
    try server.arm("after_commit")
    let more: ValueMap = ["commitToken": "none", "retryScope": "ALL"]
    let failure = try thrown { try bench.load(uri, road.target("t").merging(more)) }
    #expect(failure.outcome == .unknown && failure.message.contains("it is not known whether the rows are in"))
    #expect(try server.count("t") == 1_000)
  }

  /// 1205: the server has rolled back all of the transaction.
  @Test(arguments: Road.allCases) func `the victim of a deadlock`(road: Road) throws {
    try create()
    let uri = try bench.input(1...1_000)
    // Behind SETs, the look for old tokens, BEGIN and those of the catalog.
    try server.arm("deadlock", 24)
    let failure = try thrown { try bench.load(uri, road.target("t")) }
    #expect(failure.category == .transient && failure.code == "40001" && failure.outcome == .undone, "\(failure)")
    #expect(failure.message.contains("deadlock victim") && failure.message.contains("(error 1205)"))
    #expect(try server.count("t") == 0)
    try server.arm("deadlock", 24)
    let outputs = try bench.load(
      uri, road.target("t").merging(["retryScope": "ALL", "retryBackoff": "PT0.01S"]))
    #expect(bench.log.lines.contains { $0.contains("the load failed and starts again") })
    #expect(outputs["updatedCount"]?.int == 1_000)
    #expect(try server.count("t") == 1_000)
  }

  // MARK: lies

  @Test(arguments: [
    ("bulk_count", "10000 rows were sent, and the server says that it has taken 10005"),
    ("bulk_lose", "the server has confirmed 10000 rows, and the table has 0 more than before"),
  ])
  func `a bulk load that is miscounted or lost`(fault: String, said: String) throws {
    try create()
    try server.run("INSERT INTO t VALUES (0, N'old')")
    let uri = try bench.input(1...10_000)
    try server.arm(fault, 5)
    let failure = try thrown { try bench.load(uri, Road.bulk.target("t")) }
    #expect(failure.message.contains("loading table 't': \(said)"), "\(failure)")
    #expect(failure.category == .transient && failure.outcome == .undone)
    #expect(try server.run("SELECT n, v FROM t") == [["0", "old"]])
    // Who trusts the server's word finds nothing of lost rows.
    guard fault == "bulk_lose" else { return }
    try server.arm(fault)
    #expect(
      try bench.load(uri, Road.bulk.target("t").merging(["confirmCount": "false"]))["updatedCount"]?.int == 10_000)
    #expect(try server.count("t") == 1)
  }

  @Test func `rows that a chunk loses`() throws {
    try create()
    let uri = try bench.input(1...10_000)
    try server.arm("bulk_lose")
    let chunks: ValueMap = ["table": "t", "commit": "chunk", "chunk": "1000"]
    let failure = try thrown { try bench.load(uri, chunks) }
    #expect(failure.message.contains("has confirmed 1000 rows, and the table has 0 more"), "\(failure)")
    #expect(try server.count("t") == 0)
    #expect(try bench.load(uri, chunks)["updatedCount"]?.int == 10_000)
    #expect(try server.count("t") == 10_000)
  }

  /// Ferry adds up what each copy of the statement says of itself.
  @Test func `a server that miscounts statements`() throws {
    try create()
    try server.arm("count", 3)
    let outputs = try bench.load(try bench.input(1...1_000), Road.statement.target("t"))
    #expect(outputs["rowCount"]?.int == 1_000 && outputs["updatedCount"]?.int == 1_000)
    try server.run("EXEC ferry_fault 'none'")
    #expect(try server.count("t") == 1_000)
  }

  /// A chunk that was counted needs no count until as many rows have come again.
  @Test func `chunks are counted as the table grows`() throws {
    try create()
    try server.run("INSERT INTO t SELECT value, N'x' FROM GENERATE_SERIES(1, 10)")
    let connection = try server.connect()
    defer { connection.close() }
    let counts = RowCounts()
    try counts.begin("t", connection.native)
    try connection.native.run("INSERT INTO t SELECT value, N'x' FROM GENERATE_SERIES(11, 12)")
    #expect(try counts.end("t", 2, connection.native) == nil)
    try connection.native.run("DELETE FROM t")
    #expect(try counts.end("t", 11, connection.native) == nil)
    let wrong = try #require(try counts.end("t", 1, connection.native))
    #expect(wrong == (12, -12))
    counts.forget()
    #expect(try counts.end("t", 100, connection.native) == nil)
  }

  // MARK: transactions

  private static let duplicate = "INSERT INTO t VALUES (1, N'b')"
  private static let conversion = "INSERT INTO t VALUES (2, CAST('x' AS int))"

  /// An error that is caught inside of the statement leaves the transaction as it is, or dooms it.
  @Test(arguments: [(duplicate, false), (conversion, true)])
  func `an error that dooms the transaction`(statement: String, isDoomed: Bool) throws {
    try create()
    let connection = try server.connect()
    defer { connection.close() }
    try connection.begin()
    try connection.execute("INSERT INTO t VALUES (1, N'a')")
    let caught = "BEGIN TRY \(statement) END TRY BEGIN CATCH PRINT ERROR_MESSAGE() END CATCH"
    if isDoomed {
      let failure = try thrown { try connection.execute(caught) }
      #expect(failure.outcome == .undone && failure.message.contains("Uncommittable transaction"), "\(failure)")
      let commit = try thrown { try connection.commit() }
      #expect(commit.outcome == .undone && commit.message.contains("ended by a statement inside of it"), "\(commit)")
      try connection.rollback()
    } else {
      try connection.execute(caught)
      #expect(try connection.native.texts("SELECT XACT_STATE()") == [["1"]])
      try connection.commit()
    }
    #expect(try server.count("t") == (isDoomed ? 0 : 1))
  }

  @Test func `a transaction that a statement ends`() throws {
    try create()
    let connection = try server.connect()
    defer { connection.close() }
    try connection.begin()
    try connection.execute("INSERT INTO t VALUES (1, N'a') ROLLBACK TRANSACTION")
    let failure = try thrown { try connection.commit() }
    #expect(failure.message.contains("the transaction has been ended by a statement inside of it"), "\(failure)")
    #expect(try server.count("t") == 0)
  }

  // MARK: sessions

  @Test func `a session is ended by another one`() throws {
    let (one, other) = (try server.connect(), try server.connect())
    defer {
      one.close()
      other.close()
    }
    let session = try #require(one.tokenTable?.session)
    let number = try #require(SessionNumber(session))
    // One that has had the number before is left alone.
    try other.breakOff(session: SessionNumber(number: number.number, since: "2001-01-01T00:00:00").text)
    #expect(try one.native.texts("SELECT 1") == [["1"]])
    try other.breakOff(session: session)
    let failure = try thrown { _ = try one.execute("SELECT 1") }
    #expect(failure.category == .transient, "\(failure)")
    let gone = try thrown {
      try other.breakOff(session: SessionNumber(number: "9999", since: "x").text)
    }
    #expect(gone.category == .auth && gone.message.contains("it has ended, or this login may not see it"), "\(gone)")
  }
}
