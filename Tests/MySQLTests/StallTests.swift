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

  @Test(arguments: zip([true, false, false], [true, true, false])) func aStoppedTaskEndsOnEveryRoad(
    answered: Bool, tls: Bool
  ) throws {
    try withTable { table in
      for outcome in try StallTests.suite(tls: tls).stopEach(table, answered: answered) {
        let time = try #require(outcome.time, "\(outcome.road) goes on")
        #expect(time < .seconds(3), "\(outcome.road)")
        #expect(outcome.stopping < .milliseconds(500), "\(outcome.road)")
        // A rollback that finds the connection gone has nothing left to do.
        let isDone = outcome.road == "rolling back" && outcome.failure == nil
        #expect(isDone || outcome.failure?.category == .cancelled, "\(outcome.road): \(outcome.failure as Any)")
      }
    }
  }

  @Test(arguments: [false, true]) func connectingIsStoppedAtOnce(tls: Bool) throws {
    for outcome in try StallTests.suite(tls: tls).stopConnecting() {
      let time = try #require(outcome.time, "\(outcome.road) goes on")
      #expect(time < .milliseconds(800), "\(outcome.road)")
      #expect(outcome.failure?.category == .cancelled, "\(outcome.road): \(outcome.failure as Any)")
    }
  }

  @Test(arguments: [FaultyProxy.Action.ignoreNew, .dropNew]) func connectingHasALimit(action: FaultyProxy.Action) throws
  {
    let outcome = try StallTests.suite().connecting("connectTimeout=700", action)
    let time = try #require(outcome.time)
    let failure = try #require(outcome.failure)
    #expect(time < .milliseconds(1_500))
    #expect(failure.category == .transient && failure.retryIsSafe)
    #expect(failure.message.contains("no answer from '127.0.0.1:"), "\(failure)")
    #expect(failure.message.hasSuffix("within 0.7 s"), "\(failure)")
    #expect(!failure.message.contains("lost"))
    #expect(failure.hint?.contains("connectTimeout") == true)
  }

  @Test(arguments: [false, true]) func aSilentServerIsGivenUp(tls: Bool) throws {
    let outcome = try StallTests.suite(tls: tls).failure("socketTimeout=1000") { connection, proxy in
      _ = try connection.execute("SELECT SLEEP(30)")
    }
    let failure = try #require(outcome.failure)
    #expect(try #require(outcome.time) < .seconds(4))
    #expect(failure.category == .transient)
    #expect(failure.message.contains("has been silent for 1 s"), "\(failure)")
    #expect(failure.hint?.contains("socketTimeout") == true)
  }

  /// A machine without power: nothing is acknowledged any more. One that waits, and one that sends.
  @Test(arguments: [false, true]) func aDeadPeerIsNoticed(sending: Bool) throws {
    try withTable { table in
      let parameters = "tcpKeepIdle=1&tcpKeepInterval=1&tcpKeepCount=1"
      let outcome = try StallTests.suite().failure(parameters) { connection, proxy in
        if sending {
          // What came last has been acknowledged then, and the dead do not ask for that again.
          TestThread.pause(.milliseconds(300))
          proxy.act(.vanish)
        } else {
          TestThread.after(.milliseconds(300)) { proxy.act(.vanish) }
        }
        _ = try connection.execute("SELECT SLEEP(30)")
      }
      let time = try #require(outcome.time, "it was never noticed")
      let failure = try #require(outcome.failure)
      #expect(time < .seconds(5))
      #expect(failure.category == .transient, "\(failure)")
    }
  }

  /// A server that takes no more for a while, as in a load that waits for a lock, acknowledges all the same.
  @Test func aBusyPeerIsNotDead() throws {
    let parameters = "tcpKeepIdle=1&tcpKeepInterval=1&tcpKeepCount=1"
    let outcome = try StallTests.suite().failure(parameters) { connection, proxy in
      TestThread.after(.milliseconds(3_500)) { proxy.release() }
      proxy.act(.stall)
      let text = String(repeating: "x", count: 8 << 20)
      _ = try connection.execute("SELECT length('\(text)')")
    }
    #expect(outcome.failure == nil, "\(outcome.failure as Any)")
    #expect(try #require(outcome.time) > .seconds(3))
  }

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
