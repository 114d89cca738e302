import FerryTesting
import Records
import SQL
import Testing

@testable import Engine
@testable import PostgreSQL

/// The proxy of the tests does what it says, so that other tests may rely on it.
@Suite(.serialized) struct ProxyTests {
  private func failure(_ body: () throws -> Void) throws -> Failure {
    do { try body() } catch let failure as Failure { return failure }
    throw Failure(.bug, "nothing was thrown")
  }

  private func proxy(_ faults: FaultyProxy.Fault...) throws -> FaultyProxy {
    try FaultyProxy(to: "127.0.0.1", UInt16(Server.jdbc.hosts[0].port ?? 5_432), faults)
  }

  private func session(_ proxy: FaultyProxy, _ parameters: String = "") throws -> PostgreSQLConnection {
    let url = try Server.jdbc
    return try Server.session(
      "postgres://127.0.0.1:\(proxy.port)/\(url.database ?? "")?sslmode=disable\(parameters)", username: url.user,
      password: url.password)
  }

  @Test(arguments: [true, false])
  func aTextIsLostBeforeOrBehindTheServer(before: Bool) throws {
    let watcher = try Server.session()
    defer { watcher.close() }
    try watcher.run("DROP TABLE IF EXISTS d_proxy; CREATE TABLE d_proxy (id integer)")
    let proxy = try proxy(before ? .cutBefore("COMMIT") : .loseAnswer(to: "COMMIT"))
    let session = try session(proxy)
    defer { session.close() }
    try session.begin()
    try session.execute("INSERT INTO d_proxy VALUES (1)")
    #expect(proxy.faultsHappened == 0)
    let lost = try failure { try session.commit() }
    #expect(lost.code == "08006")
    #expect(proxy.faultsHappened == 1)
    #expect(try watcher.texts("SELECT count(*) FROM d_proxy") == [before ? "0" : "1"])
    try watcher.run("DROP TABLE d_proxy")
  }

  @Test func aChangedByteArrives() throws {
    let proxy = try proxy(.init(.text("SELECT 'abc", from: .client), .flip(0x40)))
    let session = try session(proxy)
    defer { session.close() }
    // The last byte is the end of the statement's text.
    let refused = try failure { try session.run("SELECT 'abc'") }
    #expect(refused.code == "08P01", "\(refused)")
  }

  @Test func heldAnswersComeAtLast() throws {
    let proxy = try proxy()
    nonisolated(unsafe) let session = try session(proxy)
    defer { session.close() }
    proxy.act(.holdAnswers)
    let start = ContinuousClock.now
    let thread = TestThread {
      try? session.run("SELECT 1")
    }
    thread.join(within: .milliseconds(200))
    proxy.release()
    thread.join()
    #expect(ContinuousClock.now - start >= .milliseconds(200))
    #expect(proxy.connections == 1)
  }
}
