import FerryTesting
import Records
import SQL
import Testing

@testable import Engine
@testable import PostgreSQL

/// Connections that stall, fall silent or are gone.
@Suite(.serialized) struct StallTests {
  static func suite() throws -> StalledConnections<PostgreSQL> {
    let url = try Server.jdbc
    return StalledConnections(
      host: url.hosts[0].name, port: UInt16(url.hosts[0].port ?? 5_432), slowQuery: "SELECT pg_sleep(30)",
      manyRows: "SELECT i, repeat('x', 1000) FROM generate_series(1, 10000000) AS i"
    ) { port, parameters in
      try ConnectionSettings(
        for: PostgreSQL.self, url: "postgres://127.0.0.1:\(port)/\(url.database ?? "")?sslmode=disable&\(parameters)",
        username: url.user,
        password: url.password)
    }
  }

  private func withTable(_ body: (String) throws -> Void) throws {
    let session = try Server.session()
    defer { session.close() }
    try session.run("DROP TABLE IF EXISTS d_stall; CREATE TABLE d_stall (id integer, t text)")
    try body("d_stall")
    try session.run("DROP TABLE d_stall")
  }

  @Test(arguments: [true, false]) func aStoppedTaskEndsOnEveryRoad(answered: Bool) throws {
    try withTable { try StallTests.suite().checkStops($0, answered: answered) }
  }

  @Test func connectingIsStoppedAtOnce() throws { try StallTests.suite().checkConnectingStops() }

  @Test(arguments: [FaultyProxy.Action.ignoreNew, .dropNew]) func connectingHasALimit(action: FaultyProxy.Action) throws
  {
    try StallTests.suite().checkConnectingHasALimit("connectTimeout=1", .seconds(1), said: "1 s", action)
  }

  @Test func aSilentServerIsGivenUp() throws { try StallTests.suite().checkSilence("socketTimeout=1") }

  private static let keepAlive = "keepalives_idle=1&keepalives_interval=1&keepalives_count=1"

  @Test(arguments: [false, true]) func aDeadPeerIsNoticed(sending: Bool) throws {
    try StallTests.suite().checkDeadPeer(StallTests.keepAlive, sending: sending, codes: ["08006"])
  }

  @Test func aBusyPeerIsNotDead() throws { try StallTests.suite().checkBusyPeer(StallTests.keepAlive) }

  @Test func aNameThatIsNotKnownIsSaidSo() throws {
    let failure = #expect(throws: Failure.self) {
      _ = try Server.session("postgres://u:topsecret@nowhere.invalid:1/x")
    }
    #expect(failure?.message.contains("nowhere.invalid") == true)
    #expect(failure?.code == "08001")
  }

  /// One host that never answers leaves time for the next.
  @Test func theNextHostIsTried() throws {
    let url = try Server.jdbc
    let proxy = try FaultyProxy(to: url.hosts[0].name, UInt16(url.hosts[0].port ?? 5_432))
    proxy.act(.ignoreNew)
    let start = ContinuousClock.now
    let session = try Server.session(
      "postgres://127.0.0.1:\(proxy.port),\(url.hosts[0].name):\(url.hosts[0].port ?? 5_432)/\(url.database ?? "")"
        + "?connectTimeout=2", username: url.user, password: url.password)
    defer { session.close() }
    #expect(try session.texts("SELECT 1") == ["1"])
    #expect(ContinuousClock.now - start < .seconds(2))
  }

  @Test func aResetSaysWhy() throws {
    try withTable { table in
      let outcome = try StallTests.suite().failure("") { connection, proxy in
        let info = try connection.describe(TableName([table]))
        try connection.begin()
        let load = try #require(try connection.bulkLoad(into: info, info.columns))
        let batch = try connection.all("SELECT i AS id, repeat('x', 100) AS t FROM generate_series(1, 1000) AS i")
        for part in 0..<10_000 {
          if part == 3 { proxy.act(.reset) }
          try load.write(batch, firstRow: Int64(part * 1_000 + 1))
        }
      }
      let failure = try #require(outcome.failure)
      #expect(failure.code == "08006", "\(failure)")
      #expect(failure.message.split(separator: ":").last?.contains(where: \.isLetter) == true, "\(failure)")
    }
  }

  /// The server ends what a killed process leaves behind.
  @Test func theServerHasLimitsOfItsOwn() throws {
    let cancellation = Cancellation(deadline: .now + .seconds(50))
    let session = try Server.session(context: .forTests(cancellation: cancellation))
    defer { session.close() }
    let limit = try session.texts("SELECT setting FROM pg_settings WHERE name = 'statement_timeout'")[0] ?? ""
    #expect((59_000...60_000).contains(Int(limit) ?? 0), "\(limit)")
    let looks = try session.texts("SELECT setting FROM pg_settings WHERE name = 'client_connection_check_interval'")
    #expect(looks == ["10000"])
    let free = try Server.session()
    defer { free.close() }
    #expect(try free.texts("SHOW statement_timeout") == ["0"])
  }

  @Test func aLowerLimitOfTheServerStays() throws {
    let url = try Server.jdbc
    let place = "\(url.hosts[0].name):\(url.hosts[0].port ?? 5_432)/\(url.database ?? "")"
    let text = "postgres://\(place)?options=-c%20statement_timeout=7000"
    let session = try Server.session(
      text, username: url.user, password: url.password,
      context: .forTests(cancellation: Cancellation(deadline: .now + .seconds(50))))
    defer { session.close() }
    #expect(try session.texts("SHOW statement_timeout") == ["7s"])
  }
}
