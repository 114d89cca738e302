import Engine
import Expression
import FerryTesting
import Records
import SQL
import Testing

@testable import ODBC

/// Log-ins that do not come about: what was tried through which driver, the server's own words and codes, what to do
/// next, and never a password.
@Suite(.serialized) struct LogInTests {
  private static let wrong = "not it; {really}"

  private func refused(_ driver: String, _ url: String, user: String, password: String) throws -> Failure {
    let failure = try failure {
      let settings = try ConnectionSettings(for: ODBC.self, url: url, username: user, password: password)
      try ODBC.connect(settings, ODBCOptions(), .forTests()).close()
    }
    let library = driver.split(separator: "/").last ?? ""
    #expect(!"\(failure)".contains(password) && !"\(failure)".contains("really"), "\(failure)")
    #expect(failure.message.contains("through '\(library)': "), "\(failure)")
    #expect(failure.hint != nil && failure.outcome == .undone, "\(failure)")
    return failure
  }

  /// A port of this machine that nobody listens at.
  private static func closedPort() throws -> Int {
    let server = try ScriptedServer([])
    return Int(server.port)
  }

  // MARK: PostgreSQL

  private func postgreSQL(
    host: String = "127.0.0.1", port: Int? = nil, database: String? = nil, password: String? = nil,
    _ more: String = ";SSLmode=disable"
  ) throws -> (failure: Failure, place: String) {
    let server = try TestServer("FERRY_TEST_POSTGRESQL_URL")
    let place = TestServer.place(Drivers.postgreSQL, host, port ?? server.port)
    let failure = try refused(
      Drivers.postgreSQL, "\(place);Database=\(database ?? server.url.database ?? "")\(more)", user: server.user,
      password: password ?? server.password)
    return (failure, "connecting to \(host):\(port ?? server.port) through ")
  }

  @Test func `PostgreSQL: a wrong password`() throws {
    let (failure, place) = try postgreSQL(password: LogInTests.wrong)
    #expect(failure.category == .auth && failure.code == "28P01", "\(failure)")
    #expect(failure.message.hasPrefix(place) && failure.message.contains("password authentication failed"))
    #expect(failure.hint?.contains("password") == true)
  }

  @Test func `PostgreSQL: a wrong database`() throws {
    let (failure, place) = try postgreSQL(database: "nowhere")
    #expect(failure.category == .schema && failure.code == "3D000", "\(failure)")
    #expect(failure.message.hasPrefix(place) && failure.message.contains("database \"nowhere\" does not exist"))
    #expect(failure.hint?.contains("Database") == true)
  }

  @Test func `PostgreSQL: a wrong host and a wrong port`() throws {
    let (host, hostPlace) = try postgreSQL(host: "missing.invalid")
    #expect(host.category == .configuration && host.code == "08001" && host.retryIsSafe, "\(host)")
    #expect(host.message.hasPrefix(hostPlace) && host.message.contains("could not translate host name"))
    let (port, portPlace) = try postgreSQL(port: LogInTests.closedPort())
    #expect(port.category == .transient && port.code == "08001" && port.retryIsSafe, "\(port)")
    #expect(port.message.hasPrefix(portPlace) && port.message.contains("Connection refused"))
    #expect(port.hint?.contains("port") == true)
  }

  @Test func `PostgreSQL: a wrong certificate`() throws {
    let other = try TLSFiles.path("other-ca.crt")
    let (failure, place) = try postgreSQL(";SSLmode=verify-ca;pqopt={sslrootcert=\(other)}")
    #expect(failure.category == .configuration && failure.code == "08001", "\(failure)")
    #expect(failure.message.hasPrefix(place) && failure.message.contains("certificate verify failed"))
    #expect(failure.hint?.contains("certificate") == true)
  }

  // MARK: SQL Server

  private func sqlServer(
    _ library: SQLServerLibrary, host: String = "127.0.0.1", port: Int? = nil, database: String = "ferry",
    password: String? = nil, _ more: String = ";TrustServerCertificate=yes"
  ) throws -> (failure: Failure, place: String) {
    let server = try TestServer("FERRY_TEST_SQLSERVER_URL", .properties)
    let place = TestServer.place(library.path, host, port ?? server.port)
    let failure = try refused(
      library.path, "\(place);Database=\(database)\(more)", user: server.user, password: password ?? server.password)
    return (failure, "connecting to \(host):\(port ?? server.port) through ")
  }

  @Test(arguments: [SQLServerLibrary.microsoft, .freeTDS])
  func `SQL Server: a wrong password and a wrong database`(library: SQLServerLibrary) throws {
    let (failure, place) = try sqlServer(library, password: LogInTests.wrong)
    #expect(failure.category == .auth && failure.code == "28000", "\(failure)")
    #expect(failure.message == "\(place)'\(library.file)': Login failed for user 'ferry'. (error 18456)")
    #expect(failure.hint == "Check the user name and the password")
    let (database, _) = try sqlServer(library, database: "nowhere")
    #expect(database.category == .configuration, "\(database)")
    #expect(database.message.contains("Cannot open database \"nowhere\"") && database.message.contains("(error 4060)"))
    #expect(database.hint?.contains("Database") == true)
  }

  @Test(arguments: [SQLServerLibrary.microsoft, .freeTDS])
  func `SQL Server: a wrong host and a wrong port`(library: SQLServerLibrary) throws {
    let (port, portPlace) = try sqlServer(library, port: LogInTests.closedPort())
    #expect(port.category == .transient && port.retryIsSafe && port.code == "08001", "\(port)")
    #expect(port.message.hasPrefix(portPlace), "\(port)")
    #expect(port.hint?.contains("port") == true)
    let (host, hostPlace) = try sqlServer(library, host: "missing.invalid")
    #expect(host.message.hasPrefix(hostPlace) && host.code == "08001" && host.retryIsSafe, "\(host)")
  }

  /// Microsoft's driver encrypts by default, and trusts whom the machine trusts.
  @Test func `SQL Server: a wrong certificate`() throws {
    let (failure, place) = try sqlServer(.microsoft, ";TrustServerCertificate=no")
    #expect(failure.category == .configuration && failure.code == "08001", "\(failure)")
    #expect(failure.message.hasPrefix(place) && failure.message.contains("certificate verify failed"), "\(failure)")
    #expect(failure.hint?.contains("TrustServerCertificate") == true)
  }
}

extension SQLServerLibrary {
  fileprivate var file: Substring { path.split(separator: "/").last ?? "" }
}
