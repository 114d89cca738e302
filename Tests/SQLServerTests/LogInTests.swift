import Engine
import Expression
import FerryTesting
import Foundation
import Records
import SQL
import Testing

@testable import SQLServer

/// Log-ins that do not come about: what was tried, the server's own words, what to do next, and never a password.
@Suite(.serialized) struct LogInTests {
  private let server: OwnServer
  init() throws { server = try OwnServer() }

  private func refused(
    _ url: String, _ options: SQLServerOptions = .init(), user: String = OwnServer.user,
    password: String = OwnServer.password
  ) throws -> Failure {
    let failure = try thrown { try OwnServer.connect(url, options, user: user, password: password).close() }
    #expect(!"\(failure)".contains(password) && failure.sensitive == nil)
    #expect(failure.hint != nil, "\(failure)")
    return failure
  }

  @Test(arguments: [("sa", "not it; {really}"), ("nobody", OwnServer.password)])
  func `a wrong password and a wrong user`(user: String, password: String) throws {
    let failure = try refused(server.url(), user: user, password: password)
    #expect(failure.category == .auth && failure.code == "28000")
    #expect(
      failure.message == "connecting to 127.0.0.1:\(server.port): Login failed for user '\(user)'. (error 18456)")
    #expect(failure.hint == "Check the user name and the password")
  }

  @Test func `a wrong database`() throws {
    let failure = try refused(server.url().replacing("databaseName=ferry", with: "databaseName=nowhere"))
    #expect(failure.category == .configuration && failure.message.contains("Cannot open database \"nowhere\""))
    #expect(failure.message.contains("(error 4060)") && failure.hint?.contains("'databaseName'") == true)
  }

  @Test func `a wrong host and a wrong port`() throws {
    let host = try refused("jdbc:sqlserver://missing.invalid;databaseName=ferry")
    #expect(host.message.hasPrefix("connecting to 'missing.invalid': the host is not known") && host.code == "08001")
    let closed = try OwnServer()
    closed.end()
    let port = try refused(closed.url())
    #expect(port.category == .transient && port.retryIsSafe && port.code == "08001")
    #expect(port.message.hasPrefix("connecting to 127.0.0.1:\(closed.port): it cannot be reached ("))
    #expect(port.message.contains("Connection refused") && !port.message.contains("ferry1"), "\(port)")
    #expect(port.hint?.contains("host and port") == true)
  }

  /// Something that is no SQL Server hangs up.
  @Test func `the wrong kind of server`() throws {
    let proxy = try FaultyProxy(to: "127.0.0.1", UInt16(server.port), [.cut(after: 1, from: .server)])
    let failure = try refused(server.url(port: Int(proxy.port)))
    #expect(failure.category == .transient && failure.message.contains("the log-in, or the encryption in front of it"))
  }

  // MARK: instances

  /// The browser answers on UDP port 1434 of any address of this machine: this suite takes one for itself.
  @Test func `an instance is found by its name`() throws {
    let address = "127.\(Int.random(in: 1...250)).\(Int.random(in: 1...250)).\(Int.random(in: 2...250))"
    let named = try OwnServer(["--instance", "SHOP", "--browser-port", "1434"], host: address)
    let url = "jdbc:sqlserver://\(address)\\shop;databaseName=ferry;trustServerCertificate=true"
    let connection = try OwnServer.connect(url)
    defer { connection.close() }
    #expect(try connection.native.texts("SELECT 1") == [["1"]])
    // A port needs nobody to be asked, whatever the instance is called.
    try OwnServer.connect(url.replacing("\\shop", with: "\\other:\(named.port)")).close()
    let start = ContinuousClock.now
    let failure = try refused(url.replacing("\\shop", with: "\\other") + ";loginTimeout=2")
    #expect(ContinuousClock.now - start < .seconds(4))
    #expect(failure.category == .transient && failure.message.contains("'\(address)\\other'"), "\(failure)")
    #expect(named.port > 0)
  }

  @Test func `an instance that nobody knows`() {
    var plan = ConnectionPlan.Host(name: "db")
    plan.instance = "SHOP"
    let settings = try? ConnectionPlan(
      ConnectionSettings(for: SQLServer.self, url: "jdbc:sqlserver://db\\SHOP"), SQLServerOptions())
    let advice = settings.map { LogInAdvice($0, plan) }
    #expect(advice?.unreachable.contains("SQL Server Browser answers on UDP port 1434 of 'db'") == true)
  }

  // MARK: what cannot be

  @Test(arguments: ["encrypt=strict", "encrypt=STRICT;trustServerCertificate=true"])
  func `encryption from the first byte`(parameters: String) throws {
    let failure = try refused(server.url(parameters))
    #expect(failure.category == .configuration && failure.message.contains("(encrypt=strict)"))
    #expect(failure.hint?.contains("encrypt=true") == true)
  }

  @Test func `a word that is none`() throws {
    let failure = try refused(server.url("encrypt=maybe"))
    #expect(failure.message == "reading the url: 'encrypt' is 'maybe'")
    #expect(try refused(server.url("integratedSecurity=true")).hint == "Log in with a user and a password")
  }
}
