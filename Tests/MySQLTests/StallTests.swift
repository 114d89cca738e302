import Engine
import FerryTesting
import Records
import SQL
import Testing

@testable import MySQL

/// Connections that stall, fall silent or are gone.
@Suite(.serialized) struct StallTests {
  static func suite(tls: Bool = false) throws -> StalledConnections<MySQL> {
    let url = try JDBCURL(Server.url)
    return StalledConnections(
      host: url.hosts[0].name, port: UInt16(url.hosts[0].port ?? 3_306), slowQuery: "SELECT SLEEP(30)",
      manyRows: """
        WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 1000)
        SELECT a.n, repeat('x', 1000) FROM s a, s b
        """
    ) { port, parameters in
      try ConnectionSettings(
        for: MySQL.self,
        url:
          "jdbc:mysql://127.0.0.1:\(port)/\(url.database ?? "")?sslMode=\(tls ? "REQUIRED" : "DISABLED")&\(parameters)",
        username: url.user, password: url.password)
    }
  }

  private func withTable(_ body: (String) throws -> Void) throws {
    let connection = try Server.connect()
    defer { connection.close() }
    try connection.create("t_stall", "id int, t text")
    try body("t_stall")
    try connection.run("DROP TABLE t_stall")
  }

  @Test(arguments: zip([true, false, false], [true, true, false]))
  func aStoppedTaskEndsOnEveryRoad(answered: Bool, tls: Bool) throws {
    try withTable { try StallTests.suite(tls: tls).checkStops($0, answered: answered) }
  }

  @Test(arguments: [false, true]) func connectingIsStoppedAtOnce(tls: Bool) throws {
    try StallTests.suite(tls: tls).checkConnectingStops()
  }

  @Test(arguments: [FaultyProxy.Action.ignoreNew, .dropNew]) func connectingHasALimit(action: FaultyProxy.Action) throws
  {
    try StallTests.suite().checkConnectingHasALimit("connectTimeout=700", .milliseconds(700), said: "0.7 s", action)
  }

  @Test(arguments: [false, true]) func aSilentServerIsGivenUp(tls: Bool) throws {
    try StallTests.suite(tls: tls).checkSilence("socketTimeout=1000")
  }

  private static let keepAlive = "tcpKeepIdle=1&tcpKeepInterval=1&tcpKeepCount=1"

  @Test(arguments: [false, true]) func aDeadPeerIsNoticed(sending: Bool) throws {
    try StallTests.suite().checkDeadPeer(StallTests.keepAlive, sending: sending, codes: ["08006", "2013"])
  }

  @Test func aBusyPeerIsNotDead() throws { try StallTests.suite().checkBusyPeer(StallTests.keepAlive) }

  @Test func theNextHostIsTried() throws {
    let url = try JDBCURL(Server.url)
    let place = "\(url.hosts[0].name):\(url.hosts[0].port ?? 3_306)"
    let proxy = try FaultyProxy(to: url.hosts[0].name, UInt16(url.hosts[0].port ?? 3_306))
    proxy.act(.ignoreNew)
    let text = try Server.url(parameters: "connectTimeout=2000").replacing(
      place, with: "127.0.0.1:\(proxy.port),\(place)")
    let start = ContinuousClock.now
    let connection = try Server.connect(text)
    defer { connection.close() }
    #expect(try connection.value("SELECT 1") == "1")
    #expect(ContinuousClock.now - start < .seconds(2))
  }

  /// Something that is no MySQL server hangs up.
  @Test func nothingIsLostThatNeverWas() throws {
    let outcome = try StallTests.suite().failure("", [.cut(after: 1, from: .server)]) { _, _ in }
    let failure = try #require(outcome.failure)
    #expect(failure.category == .transient)
    #expect(failure.message.contains("the other side ended the connection before the login"), "\(failure)")
    #expect(failure.hint?.contains("host and port") == true)
  }
}
