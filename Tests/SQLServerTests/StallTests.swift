import Engine
import FerryTesting
import Records
import SQL
import Testing

@testable import SQLServer

/// Connections that stall, fall silent or are gone.
@Suite(.serialized) struct StallTests {
  private let server: OwnServer
  init() throws { server = try OwnServer() }

  private func suite(tls: Bool = false) throws -> StalledConnections<SQLServer> {
    StalledConnections(
      host: server.host, port: UInt16(server.port), slowQuery: "WAITFOR DELAY '00:00:30' SELECT 1",
      manyRows: "SELECT value, REPLICATE('x', 1000) AS x FROM GENERATE_SERIES(1, 1000000)"
    ) { port, parameters in
      try ConnectionSettings(
        for: SQLServer.self,
        url: "jdbc:sqlserver://127.0.0.1:\(port);databaseName=ferry;encrypt=\(tls);trustServerCertificate=true;"
          + parameters, username: OwnServer.user, password: OwnServer.password)
    }
  }

  @Test(arguments: zip([true, false, false], [true, true, false]))
  func aStoppedTaskEndsOnEveryRoad(answered: Bool, tls: Bool) throws {
    try server.run("CREATE TABLE t_stall (id int, t varchar(max))")
    try suite(tls: tls).checkStops("t_stall", answered: answered)
  }

  @Test(arguments: [false, true]) func connectingIsStoppedAtOnce(tls: Bool) throws {
    try suite(tls: tls).checkConnectingStops()
  }

  @Test(arguments: [FaultyProxy.Action.ignoreNew, .dropNew]) func connectingHasALimit(action: FaultyProxy.Action) throws
  {
    try suite().checkConnectingHasALimit("connectTimeout=700", .milliseconds(700), said: "0.7 s", action)
    try suite().checkConnectingHasALimit("loginTimeout=1", .seconds(1), said: "1 s", action)
  }

  @Test(arguments: [false, true]) func aSilentServerIsGivenUp(tls: Bool) throws {
    try suite(tls: tls).checkSilence("socketTimeout=1000")
  }

  private static let keepAlive = "tcpKeepIdle=1;tcpKeepInterval=1;tcpKeepCount=1"

  @Test(arguments: [false, true]) func aDeadPeerIsNoticed(sending: Bool) throws {
    try suite().checkDeadPeer(StallTests.keepAlive, sending: sending, codes: ["08006"])
  }

  @Test func aBusyPeerIsNotDead() throws { try suite().checkBusyPeer(StallTests.keepAlive) }
}
