import FerryTesting
import Foundation
import Records
import SQL
import Testing

@testable import Engine
@testable import MySQL

/// Servers that ask for what is not theirs.
@Suite struct RogueServerTests {
  private static let password = "cleartextpw"

  private static func packet(_ number: UInt8, _ payload: [UInt8]) -> [UInt8] {
    let header: [UInt8] = [UInt8(payload.count & 0xFF), UInt8(payload.count >> 8), 0, number]
    return header + payload
  }

  private static let scramble = Array("abcdefghijklmnopqrst".utf8)

  /// The greeting of a server without TLS.
  private static func greeting(_ plugin: String = "mysql_native_password") -> [UInt8] {
    var bytes: [UInt8] = [10]
    bytes += Array("5.5.5-10.6.1-MariaDB\0".utf8)
    bytes += [1, 0, 0, 0]
    bytes += scramble[..<8]
    // Capabilities, a character set, a status, more capabilities, the scramble's length.
    bytes += [0, 0x89, 0xA2, 45, 2, 0, 8, 0, 21]
    bytes += Array(repeating: 0, count: 10)
    bytes += scramble[8...]
    bytes += [0]
    bytes += Array("\(plugin)\0".utf8)
    return packet(0, bytes)
  }

  private static func switching(to plugin: String) -> [UInt8] {
    var bytes: [UInt8] = [0xFE]
    bytes += Array("\(plugin)\0".utf8)
    bytes += scramble
    bytes += [0]
    return packet(2, bytes)
  }

  private static let ok: [UInt8] = [0, 0, 0, 2, 0, 0, 0]

  private func connect(_ server: ScriptedServer, _ options: MySQLOptions = .init(), _ parameters: String = "") throws
    -> Failure
  {
    try failure {
      let settings = try ConnectionSettings(
        for: MySQL.self, url: "jdbc:mysql://127.0.0.1:\(server.port)/x?connectTimeout=2000\(parameters)", username: "u",
        password: RogueServerTests.password)
      try MySQL.connect(settings, options, .forTests()).close()
    }
  }

  /// A server that is asked for by name or by its greeting.
  @Test(arguments: ["mysql_clear_password", "dialog"], [true, false])
  func thePasswordIsNotGivenAway(plugin: String, greeting: Bool) throws {
    let server = try ScriptedServer(
      greeting
        ? [.send(RogueServerTests.greeting(plugin)), .receive]
        : [
          .send(RogueServerTests.greeting()), .receive, .send(RogueServerTests.switching(to: plugin)), .receive,
        ])
    var options = MySQLOptions()
    options.sslMode = "DISABLED"
    let failure = try connect(server, options)
    #expect(!server.received.contains(RogueServerTests.password))
    #expect(failure.category == .auth, "\(failure)")
    #expect(failure.message.contains("would hand it the password"), "\(failure)")
    #expect(failure.hint?.contains("allowClearPassword") == true)
  }

  @Test func itIsGivenToWhomTheUserTrusts() throws {
    var plan = try Server.plan("mysql://db.example.com/x?sslMode=REQUIRED")
    plan.allowsClearPassword = true
    #expect(!plan.logIns(to: plan.hosts[0]).contains("mysql_clear_password"))
    plan.tls = .verified
    #expect(plan.logIns(to: plan.hosts[0]).contains("mysql_clear_password"))
    plan.allowsClearPassword = false
    #expect(!plan.logIns(to: plan.hosts[0]).contains("mysql_clear_password"))
  }

  /// Without TLS whoever sits in between could send a key of its own.
  @Test func aKeyIsTakenFromKnownServersOnly() throws {
    func takesKey(_ url: String) throws -> Bool {
      let plan = try Server.plan(url)
      return plan.logIns(to: plan.hosts[0]).contains("caching_sha2_password")
    }
    #expect(try !takesKey("mysql://db.example.com/x?sslMode=DISABLED"))
    #expect(try takesKey("mysql://db.example.com/x?sslMode=DISABLED&allowPublicKeyRetrieval=true"))
    #expect(try takesKey("mysql://db.example.com/x?sslMode=REQUIRED"))
    #expect(try takesKey("mysql://127.0.0.1/x?sslMode=DISABLED"))
  }

  /// A server may ask for any file of the client, in answer to any statement.
  @Test func noFileIsSent() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "ferry-\(UUID().uuidString)").path
    try "the content".write(toFile: path, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let ask: [UInt8] = [0xFB] + Array(path.utf8)
    let server = try ScriptedServer([
      .send(RogueServerTests.greeting()), .receive, .send(RogueServerTests.packet(2, RogueServerTests.ok)), .receive,
      .send(RogueServerTests.packet(1, ask)), .receive, .send(RogueServerTests.packet(3, RogueServerTests.ok)),
    ])
    var options = MySQLOptions()
    options.sslMode = "DISABLED"
    let failure = try connect(server, options)
    #expect(failure.message.contains("asked for the file '\(path)'"), "\(failure)")
    #expect(!server.received.contains("the content"))
  }
}

extension [UInt8] {
  fileprivate func contains(_ text: String) -> Bool { !ranges(of: Array(text.utf8)).isEmpty }
}
