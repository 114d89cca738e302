import Engine
import FerryTesting
import Records
import SQL
import Testing

@testable import ODBC

/// Connections that stall, or fall silent, through drivers that wait where nobody can reach them.
private func suite(
  _ driver: String, port: Int, rest: String, user: String, password: String, slow: String, many: String
) -> StalledConnections<ODBC> {
  var suite = StalledConnections<ODBC>(host: "127.0.0.1", port: UInt16(port), slowQuery: slow, manyRows: many) {
    port, _ in
    try ConnectionSettings(
      for: ODBC.self, url: "\(TestServer.place(driver, "127.0.0.1", Int(port)));\(rest)", username: user,
      password: password)
  }
  suite.batchRows = 500
  suite.options = { text in
    var options = ODBCOptions()
    let parts = text.split(separator: "=")
    guard parts.count == 2, let limit = Int(parts[1]) else { return options }
    if parts[0] == "connectTimeout" { options.connectTimeout = .milliseconds(limit) }
    if parts[0] == "socketTimeout" { options.socketTimeout = .milliseconds(limit) }
    return options
  }
  return suite
}

/// PostgreSQL through psqlODBC.
@Suite(.serialized) struct StallTests {
  private static func stalled() throws -> StalledConnections<ODBC> {
    let server = try TestServer("FERRY_TEST_POSTGRESQL_URL")
    return suite(
      Drivers.postgreSQL, port: server.port, rest: "Database=\(server.url.database ?? "");SSLmode=disable",
      user: server.user, password: server.password, slow: "SELECT pg_sleep(30)",
      many: "SELECT i, repeat('x', 1000) FROM generate_series(1, 10000000) AS i")
  }

  @Test(arguments: [true, false]) func aStoppedTaskEndsOnEveryRoad(answered: Bool) throws {
    let bench = try FaultBench.postgreSQL()
    try bench.run("CREATE TABLE \(bench.table) (id integer, t text)")
    defer { _ = try? bench.run("DROP TABLE \(bench.table)") }
    try StallTests.stalled().checkStops(bench.table, answered: answered)
  }

  @Test func connectingIsStoppedAtOnce() throws { try StallTests.stalled().checkConnectingStops() }

  @Test(arguments: [FaultyProxy.Action.ignoreNew, .dropNew]) func connectingHasALimit(action: FaultyProxy.Action) throws
  {
    try StallTests.stalled().checkConnectingHasALimit("connectTimeout=700", .milliseconds(700), said: "0.7 s", action)
  }

  @Test func aSilentServerIsGivenUp() throws { try StallTests.stalled().checkSilence("socketTimeout=1000") }
}

/// SQL Server through Microsoft's driver.
@Suite(.serialized) struct SQLServerStallTests {
  private let server: TDSServer
  init() throws { server = try TDSServer() }

  private func stalled(encrypts: Bool = true) -> StalledConnections<ODBC> {
    suite(
      Drivers.microsoft, port: server.port,
      rest: "Database=ferry;TrustServerCertificate=yes;Encrypt=\(encrypts ? "yes" : "no")", user: TDSServer.user,
      password: TDSServer.password, slow: "WAITFOR DELAY '00:00:30' SELECT 1",
      many: "SELECT value, REPLICATE('x', 1000) AS x FROM GENERATE_SERIES(1, 1000000)")
  }

  @Test func aStoppedTaskEndsOnEveryRoad() throws {
    _ = try server.native("CREATE TABLE t_stall (id int, t varchar(max))")
    try withExtendedLifetime(server) { try stalled().checkStops("t_stall", answered: false) }
  }

  @Test(arguments: [false, true]) func connectingIsStoppedAtOnce(encrypts: Bool) throws {
    try withExtendedLifetime(server) { try stalled(encrypts: encrypts).checkConnectingStops() }
  }

  @Test(arguments: [FaultyProxy.Action.ignoreNew, .dropNew]) func connectingHasALimit(action: FaultyProxy.Action) throws
  {
    try withExtendedLifetime(server) {
      try stalled().checkConnectingHasALimit("connectTimeout=1000", .seconds(1), said: "1 s", action)
    }
  }

  @Test func aSilentServerIsGivenUp() throws {
    try withExtendedLifetime(server) { try stalled().checkSilence("socketTimeout=1000") }
  }
}
