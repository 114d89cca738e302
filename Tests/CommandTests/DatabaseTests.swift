import Foundation
import Testing

/// Flows between two real servers, by the command.
@Suite struct DatabaseTests {
  private static func server(_ variables: String...) throws -> URLComponents {
    let environment = ProcessInfo.processInfo.environment
    let text = try #require(variables.compactMap { environment[$0] }.first, "needs \(variables[0])")
    return try #require(URLComponents(string: text))
  }

  private static func mysql() throws -> URLComponents {
    try server("FERRY_TEST_MYSQL_URL", "FERRY_TEST_MARIADB_URL")
  }
  private static func postgresql() throws -> URLComponents { try server("FERRY_TEST_POSTGRESQL_URL") }

  /// A command that knows the passwords as secrets: they may hold any character.
  private func ferry() throws -> Ferry {
    try Ferry(environment: [
      "FERRY_SECRET_MYSQL": DatabaseTests.mysql().password ?? "",
      "FERRY_SECRET_POSTGRESQL": DatabaseTests.postgresql().password ?? "",
    ])
  }

  /// A server's url and log-in as properties of a task.
  private func connection(_ kind: String, _ url: URLComponents) -> String {
    """
    url: "jdbc:\(kind)://\(url.host ?? "localhost"):\(url.port ?? 0)\(url.path)"
        username: "\(url.user ?? "")"
        password: "{{ secret('\(kind)') }}"
    """
  }

  private static let rows = 200_000

  /// Reads numbers from MySQL and loads them into PostgreSQL; `value` is the second column.
  private func flow(_ table: String, value: String) throws -> String {
    let mysql = connection("mysql", try DatabaseTests.mysql())
    let postgresql = connection("postgresql", try DatabaseTests.postgresql())
    return """
      id: between
      namespace: test
      tasks:
        - id: create
          type: jdbc.postgresql.Queries
          \(postgresql)
          sql: |
            DROP TABLE IF EXISTS \(table);
            CREATE TABLE \(table) (n bigint PRIMARY KEY, v bigint);
        - id: read
          type: jdbc.mysql.Query
          \(mysql)
          sql: >-
            WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 1000)
            SELECT (a.n - 1) * 1000 + b.n AS n, \(value) AS v FROM s a, s b WHERE a.n <= \(DatabaseTests.rows / 1_000)
          fetchType: STORE
        - id: load
          type: jdbc.postgresql.Batch
          \(postgresql)
          from: "{{ outputs.read.uri }}"
          table: \(table)
        - id: look
          type: jdbc.postgresql.Query
          \(postgresql)
          sql: SELECT count(*) AS count, sum(n) AS n, sum(v) AS v FROM \(table)
          fetchType: FETCH_ONE
      errors:
        - id: after
          type: jdbc.postgresql.Query
          \(postgresql)
          sql: SELECT count(*) AS count FROM \(table)
          fetchType: FETCH_ONE
      """
  }

  @Test(arguments: [1, 2])
  func `all rows get from MySQL to PostgreSQL`(threads: Int) async throws {
    let ferry = try ferry()
    try ferry.write("flow.yaml", try flow("between_\(threads)", value: "b.n"))
    let result = try await ferry.run("run", "flow.yaml", "--log-format", "json", "--threads", "\(threads)")
    #expect(result.status == 0, "\(result.error)\(result.output)")
    let tasks = try result.tasks()
    let rows = DatabaseTests.rows
    let row = try #require((tasks["look"]?["outputs"] as? [String: Any])?["row"] as? [String: Any])
    #expect("\(row["count"] ?? "")" == "\(rows)")
    #expect("\(row["n"] ?? "")" == "\(rows * (rows + 1) / 2)")
    #expect("\(row["v"] ?? "")" == "\(rows / 1_000 * 500_500)")
    let ledger = try #require(tasks["load"]?["ledger"] as? [String: Any])
    #expect(ledger["read"] as? Int == rows)
    #expect(ledger["written"] as? Int == rows)
  }

  @Test(arguments: [1, 2])
  func `a read that fails half-way leaves nothing in the target`(threads: Int) async throws {
    let ferry = try ferry()
    let value = "IF(a.n = 150, (SELECT 1 UNION ALL SELECT b.n), 0)"
    try ferry.write("flow.yaml", try flow("halfway_\(threads)", value: value))
    let result = try await ferry.run("run", "flow.yaml", "--log-format", "json", "--threads", "\(threads)")
    #expect(result.status == 1)
    let tasks = try result.tasks()
    #expect(tasks.keys.sorted() == ["after", "create", "read"])
    #expect(tasks["read"]?["state"] as? String == "FAILED")
    let row = try #require((tasks["after"]?["outputs"] as? [String: Any])?["row"] as? [String: Any])
    #expect("\(row["count"] ?? "")" == "0")
  }

  /// The type's spelling decides: an unchanged flow of Kestra prints what it printed there.
  @Test func kestrasNamesPrintAsInKestra() async throws {
    let ferry = try ferry()
    let sql = """
      SELECT CAST('04:05:30' AS time) AS t, CAST('-101:05:30.5' AS time(1)) AS far, y, big, ts FROM (
        SELECT * FROM kestra_print) k
      """
    func task(_ id: String, _ type: String) throws -> String {
      """
        - id: \(id)
          type: \(type)
          \(connection("mysql", try DatabaseTests.mysql()).replacingOccurrences(of: "\n", with: "\n"))
          timeZoneId: Europe/Paris
          fetchType: FETCH_ONE
          sql: |
            DROP TABLE IF EXISTS kestra_print;
            CREATE TABLE kestra_print (y year, big bigint unsigned, ts timestamp(6));
            SET time_zone = '+00:00';
            INSERT INTO kestra_print VALUES (2025, 7, '2004-10-19 10:23:54.100000');
            \(sql.replacingOccurrences(of: "\n", with: " "))
      """
    }
    let kestra = try task("kestra", "io.kestra.plugin.jdbc.mysql.Query")
    let own = try task("own", "jdbc.mysql.Query")
    try ferry.write("flow.yaml", "id: print\nnamespace: test\ntasks:\n\(kestra)\n\(own)\n")
    let result = try await ferry.run("run", "flow.yaml", "--log-format", "json")
    #expect(result.status == 0, "\(result.error)\(result.output)")
    let tasks = try result.tasks()
    func row(_ task: String) throws -> [String: Any] {
      try #require((tasks[task]?["outputs"] as? [String: Any])?["row"] as? [String: Any])
    }
    let printed = try row("kestra")
    #expect(printed["t"] as? String == "04:05:30" && printed["far"] as? String == "-101:05:30.5")
    #expect(printed["y"] as? String == "2025-01-01" && printed["big"] as? String == "7")
    #expect(printed["ts"] as? String == "2004-10-19T10:23:54.100Z")
    let exact = try row("own")
    #expect(exact["t"] as? String == "PT4H5M30S" && exact["y"] as? Int == 2025 && exact["big"] as? Int == 7)
  }

  /// A load begins with the first rows of the read before it, under each name of the driver, in both directions.
  @Test(arguments: ["mysql", "mariadb"]) func `a load begins early`(driver: String) async throws {
    let ferry = try ferry()
    func other(_ url: URLComponents) -> String {
      connection("mysql", url).replacingOccurrences(of: "jdbc:mysql:", with: "jdbc:\(driver):")
    }
    let mysql = other(try DatabaseTests.mysql())
    let postgresql = connection("postgresql", try DatabaseTests.postgresql())
    let table = "early_\(driver)"
    try ferry.write(
      "flow.yaml",
      """
      tasks:
        - id: there
          type: jdbc.\(driver).Queries
          \(mysql)
          sql: DROP TABLE IF EXISTS \(table); CREATE TABLE \(table) (n bigint)
        - id: here
          type: jdbc.postgresql.Queries
          \(postgresql)
          sql: DROP TABLE IF EXISTS \(table); CREATE TABLE \(table) (n bigint)
        - id: read
          type: jdbc.postgresql.Query
          \(postgresql)
          sql: SELECT n FROM generate_series(1, 300000) AS n
          fetchType: STORE
        - id: load
          type: jdbc.\(driver).Batch
          \(mysql)
          from: "{{ outputs.read.uri }}"
          table: \(table)
        - id: back
          type: jdbc.\(driver).Query
          \(mysql)
          sql: SELECT n FROM \(table)
          fetchType: STORE
        - id: again
          type: jdbc.postgresql.Batch
          \(postgresql)
          from: "{{ outputs.back.uri }}"
          table: \(table)
      """)
    let result = try await ferry.run("run", "flow.yaml", "--log-format", "json", "--threads", "2")
    #expect(result.status == 0, "\(result.error)\(result.output)")
    let events = try result.events()
    func time(_ event: String, _ task: String) -> String {
      events.first { $0["event"] as? String == event && $0["task"] as? String == task }?["time"] as? String ?? ""
    }
    for (read, load) in [("read", "load"), ("back", "again")] {
      #expect(!time("task_started", load).isEmpty && time("task_started", load) < time("task_ended", read))
      #expect((try result.tasks()[load]?["ledger"] as? [String: Any])?["written"] as? Int == 300_000)
    }
  }
}
