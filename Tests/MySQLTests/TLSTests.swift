import Engine
import Expression
import FerryTesting
import Foundation
import Records
import SQL
import Testing

@testable import MySQL

/// Against the test servers' own authority (Tests/Testing/certificates.sh).
@Suite struct TLSTests {
  private func pem(_ name: String) throws -> String {
    let folder = try #require(Server.environment["FERRY_TEST_TLS_DIR"])
    return try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
  }

  /// `ferry_tls` is let in over TLS only.
  private func url() throws -> String {
    let parts = try JDBCURL(Server.url)
    return try Server.url().replacingOccurrences(of: "//\(parts.user ?? ""):", with: "//ferry_tls:")
  }

  private func cipher(_ options: MySQLOptions) throws -> String {
    let connection = try Server.connect(url(), options)
    defer { connection.close() }
    guard case .rows(let rows) = try connection.query("SHOW STATUS LIKE 'Ssl_cipher'", [], .init()) else { return "" }
    defer { rows.close() }
    let batch = try #require(try rows.next())
    return batch.columns[1].text(at: 0)
  }

  @Test(arguments: ["REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"]) func theTrustedServerIsTaken(mode: String) throws {
    var options = MySQLOptions()
    options.sslMode = mode
    options.sslRootCert = try pem("ca.crt")
    #expect(try cipher(options).isEmpty == false)
  }

  @Test(arguments: ["VERIFY_CA", "VERIFY_IDENTITY"]) func anotherAuthorityIsRefused(mode: String) throws {
    var options = MySQLOptions()
    options.sslMode = mode
    options.sslRootCert = try pem("other-ca.crt")
    let failure = #expect(throws: Failure.self) { try cipher(options) }
    #expect(failure?.description.contains("p@ss") == false)
  }

  @Test func withoutTLSTheServerRefuses() throws {
    var options = MySQLOptions()
    options.sslMode = "DISABLED"
    let failure = #expect(throws: Failure.self) { try cipher(options) }
    #expect(failure?.category == .auth)
  }
}
