import FerryTesting
import Foundation
import SQL
import Testing

/// The real command, stopped while a database's network stalls, and while it does not.
@Suite(.serialized) struct StopTests {
  enum Database: String, CaseIterable, Sendable {
    case postgresql, mysql
    /// PostgreSQL and SQL Server through their ODBC drivers, which wait where nobody can reach them.
    case psqlodbc, msodbc

    static let native: [Database] = [.postgresql, .mysql]

    var variables: [String] {
      switch self {
      case .postgresql, .psqlodbc: ["FERRY_TEST_POSTGRESQL_URL"]
      case .mysql: ["FERRY_TEST_MYSQL_URL", "FERRY_TEST_MARIADB_URL"]
      case .msodbc: ["FERRY_TEST_SQLSERVER_URL"]
      }
    }

    var plugin: String { Database.native.contains(self) ? rawValue : "odbc" }

    /// Without TLS: the proxy has to see the words.
    func url(port: UInt16, _ database: String) -> String {
      switch self {
      case .postgresql: "jdbc:postgresql://127.0.0.1:\(port)/\(database)?sslmode=disable"
      case .mysql: "jdbc:mysql://127.0.0.1:\(port)/\(database)?sslMode=disable"
      case .psqlodbc: "Driver=\(Drivers.postgreSQL);Server=127.0.0.1;Port=\(port);Database=\(database);SSLmode=disable"
      case .msodbc: "Driver=\(Drivers.microsoft);Server=127.0.0.1,\(port);Database=\(database);Encrypt=no"
      }
    }

    func sleep(_ mark: String) -> String {
      switch self {
      case .postgresql, .psqlodbc: "SELECT '\(mark)', pg_sleep(20)"
      case .mysql: "SELECT '\(mark)', SLEEP(20)"
      case .msodbc: "WAITFOR DELAY '00:00:20' SELECT '\(mark)'"
      }
    }

    /// As it stands in what the client sends: SQL Server's is UTF-16.
    func sent(_ text: String) -> String { self == .msodbc ? String(text.flatMap { [$0, "\0"] }) : text }
  }

  private struct Server {
    var kind: Database
    var url: JDBCURL
    var ferry: Ferry

    init(_ kind: Database) throws {
      let environment = ProcessInfo.processInfo.environment
      let text = try #require(kind.variables.compactMap { environment[$0] }.first, "needs \(kind.variables)")
      self.kind = kind
      url = try JDBCURL(text, kind == .msodbc ? .properties : .servers)
      ferry = try Ferry(environment: ["FERRY_SECRET_DB": url.password ?? url["password"] ?? ""])
    }

    /// - Parameter mark: what the statement holds that is waited for.
    func proxy(_ mark: String = "none") throws -> FaultyProxy {
      let isSent = FaultyProxy.Fault(.text(kind.sent(mark), from: .client), .forward)
      return try FaultyProxy(to: url.hosts[0].name, UInt16(url.hosts[0].port ?? 0), [isSent])
    }

    /// A flow whose one task runs a statement for a long time; `mark` tells it from others.
    func flow(port: UInt16, mark: String, more: String = "") -> String {
      """
      id: stop
      tasks:
        - id: wait
          type: jdbc.\(kind.plugin).Queries
          url: "\(kind.url(port: port, url.database ?? ""))"
          username: "\(url.user ?? url["user"] ?? "")"
          password: "{{ secret('DB') }}"
          sql: "\(kind.sleep(mark))"
          fetchType: FETCH
          \(more)
      """
    }

    /// How many statements with this mark run at the server, by a client that has nothing to do with Ferry.
    func running(_ mark: String) throws -> Int {
      let postgresql = """
        import sys, psycopg
        db = psycopg.connect(sys.argv[1])
        print(db.execute("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() "
                         "AND query LIKE %s", ['%' + sys.argv[2] + '%']).fetchone()[0])
        """
      let mysql = """
        import sys, pymysql, urllib.parse as u
        p = u.urlparse(sys.argv[1])
        db = pymysql.connect(host=p.hostname, port=p.port, user=u.unquote(p.username), password=u.unquote(p.password))
        c = db.cursor()
        c.execute("SELECT count(*) FROM information_schema.processlist WHERE id <> connection_id() AND info LIKE %s",
                  ['%' + sys.argv[2] + '%'])
        print(c.fetchone()[0])
        """
      let environment = ProcessInfo.processInfo.environment
      let text = kind.variables.compactMap { environment[$0] }.first ?? ""
      let output = try FerryTesting.Python.output(of: kind == .mysql ? mysql : postgresql, [text, mark])
      return Int(output.trimmingCharacters(in: .whitespacesAndNewlines)) ?? -1
    }

    /// Until the server has got the statement, and time to begin with it.
    func waitUntilRunning(_ proxy: FaultyProxy) async throws {
      for _ in 0..<1_000 {
        if proxy.faultsHappened > 0 { break }
        try await Task.sleep(for: .milliseconds(10))
      }
      #expect(proxy.faultsHappened == 1, "the statement never ran")
      try await Task.sleep(for: .milliseconds(200))
    }
  }

  /// What a run comes to that is stopped while its network stalls, and how long that took.
  private func stop(
    _ kind: Database, ignoresNew: Bool, more: String = "", _ signals: [Int32]
  ) async throws -> (result: Ferry.Result, seconds: Double) {
    let server = try Server(kind)
    let mark = "mark\(Int.random(in: 1...999_999_999))"
    let proxy = try server.proxy(mark)
    let child = try server.ferry.start([
      "run", try server.ferry.write("flow.yaml", server.flow(port: proxy.port, mark: mark, more: more)),
    ])
    try await server.waitUntilRunning(proxy)
    proxy.act(.stall)
    if ignoresNew { proxy.act(.ignoreNew) }
    let start = Date()
    for (index, number) in signals.enumerated() {
      if index > 0 { try await Task.sleep(for: .milliseconds(150)) }
      child.signal(number)
    }
    let result = try await child.wait()
    return (result, Date().timeIntervalSince(start))
  }

  @Test(arguments: Database.native, [false, true]) func aSignalEndsAStalledRun(kind: Database, ignoresNew: Bool)
    async throws
  {
    let number = ignoresNew ? SIGINT : SIGTERM
    let (result, seconds) = try await stop(kind, ignoresNew: ignoresNew, [number])
    #expect(result.status == 128 + number && !result.wasKilled, "\(result.output)\(result.error)")
    #expect(seconds < 4)
  }

  @Test(arguments: Database.allCases) func theSecondSignalEndsItAtOnce(kind: Database) async throws {
    let (result, seconds) = try await stop(kind, ignoresNew: true, [SIGINT, SIGINT])
    #expect(result.status == 130 && !result.wasKilled)
    #expect(seconds < 0.8)
  }

  @Test(arguments: Database.allCases) func aTimeoutEndsAStalledRun(kind: Database) async throws {
    let (result, seconds) = try await stop(kind, ignoresNew: true, more: "timeout: PT2S", [])
    #expect(result.status == 1)
    #expect((result.output + result.error).contains("stopped by its timeout of PT2S"), "\(result.output)")
    #expect(seconds < 6)
  }

  @Test(arguments: Database.allCases) func aTimeoutEndsConnecting(kind: Database) async throws {
    let server = try Server(kind)
    let proxy = try server.proxy()
    proxy.act(.ignoreNew)
    let start = Date()
    let flow = server.flow(port: proxy.port, mark: "none", more: "timeout: PT1S")
    let result = try await server.ferry.run("run", server.ferry.write("flow.yaml", flow))
    #expect(result.status == 1)
    #expect((result.output + result.error).contains("stopped by its timeout of PT1S"), "\(result.output)")
    #expect(Date().timeIntervalSince(start) < 2)
  }

  /// A terminal that closes, and Ctrl-\: nothing goes on at the server.
  @Test(arguments: Database.native, [SIGHUP, SIGQUIT]) func theStatementIsStoppedAtTheServer(
    kind: Database, number: Int32
  ) async throws {
    let server = try Server(kind)
    let mark = "mark\(Int.random(in: 1...999_999_999))"
    let proxy = try server.proxy(mark)
    let child = try server.ferry.start([
      "run", try server.ferry.write("flow.yaml", server.flow(port: proxy.port, mark: mark)),
    ])
    try await server.waitUntilRunning(proxy)
    #expect(try server.running(mark) == 1)
    child.signal(number)
    let result = try await child.wait()
    #expect(result.status == 128 + number && !result.wasKilled, "\(result.output)\(result.error)")
    #expect(try server.running(mark) == 0)
  }
}
