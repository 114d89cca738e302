import FerryTesting
import Foundation
import SQL
import Testing

/// A connection that breaks around a COMMIT, between two real servers: every row is there once, or the task has failed
/// and says what it knows. Each row of these tables stands for "rows in the target, state of the task".
@Suite(.serialized) struct TwiceTests {
  typealias Fault = FaultyProxy.Fault

  enum Kind: String, CaseIterable, Sendable {
    case postgresql, mysql, sqlserver

    /// As it stands in what the client sends: SQL Server's is UTF-16.
    func sent(_ text: String) -> String {
      self == .sqlserver ? String(text.flatMap { [$0, "\0"] }) : text
    }

    /// The server that rows come from.
    var other: Kind { self == .postgresql ? .mysql : .postgresql }
  }

  /// A target behind a proxy, a table of its own in it, and a source that is another server.
  private struct Bench {
    let kind: Kind
    let ferry: Ferry
    let proxy: FaultyProxy
    let table: String
    let direct: String
    let proxied: String
    let source: String
    /// Enough for the load to begin early, with a source that is slow at its end, or few.
    let rows: Int
    let isEarly: Bool
    var once: [Int] { [rows, rows] }

    init(_ kind: Kind, _ faults: [Fault] = [], early: Bool = false, rows: Int? = nil) throws {
      self.kind = kind
      table = "twice_\(UInt32.random(in: 0 ... .max))"
      isEarly = early
      self.rows = rows ?? (early ? 150_000 : 20_000)
      let target = try Bench.server(kind)
      proxy = try FaultyProxy(to: target.host, UInt16(target.port), faults)
      ferry = try Ferry(environment: ["FERRY_SECRET_PASSWORD": target.password])
      direct = Bench.connection(kind, target, port: target.port)
      proxied = Bench.connection(kind, target, port: Int(proxy.port))
      let other = try Bench.server(kind.other)
      source = Bench.connection(kind.other, other, port: other.port)
    }

    struct Server {
      var host: String
      var port: Int
      var user: String
      var password: String
      var database: String
    }

    static func server(_ kind: Kind) throws -> Server {
      let environment = ProcessInfo.processInfo.environment
      let names =
        switch kind {
        case .postgresql: ["FERRY_TEST_POSTGRESQL_URL"]
        case .mysql: ["FERRY_TEST_MYSQL_URL", "FERRY_TEST_MARIADB_URL"]
        case .sqlserver: ["FERRY_TEST_SQLSERVER_URL"]
        }
      let text = try #require(names.compactMap { environment[$0] }.first, "needs \(names[0])")
      let url = try JDBCURL(text, kind == .sqlserver ? .properties : .servers)
      return Server(
        host: url.hosts.first?.name ?? "", port: url.hosts.first?.port ?? 0, user: url.user ?? url["user"] ?? "",
        password: url.password ?? url["password"] ?? "", database: url.database ?? "")
    }

    /// Without TLS: the proxy has to see the words. All test servers have one password.
    static func connection(_ kind: Kind, _ server: Server, port: Int) -> String {
      let rest =
        switch kind {
        case .postgresql: "/\(server.database)?sslmode=disable"
        case .mysql: "/\(server.database)?sslMode=DISABLED"
        case .sqlserver: ";databaseName=\(server.database);encrypt=false"
        }
      return """
        url: "jdbc:\(kind)://\(server.host):\(port)\(rest)"
            username: "\(server.user)"
            password: "{{ secret('PASSWORD') }}"
        """
    }

    func sql(_ text: String) async throws -> [String: Any] {
      try ferry.write(
        "sql.yaml",
        """
        id: sql
        namespace: test
        tasks:
          - id: run
            type: jdbc.\(kind).Queries
            \(direct)
            sql: "\(text)"
            fetchType: FETCH_ONE
            commitToken: none
        """)
      let result = try await ferry.run("run", "sql.yaml", "--log-format", "json")
      #expect(result.status == 0, "\(result.output)\(result.error)")
      let outputs = try result.tasks()["run"]?["outputs"] as? [String: Any]
      return ((outputs?["outputs"] as? [[String: Any]])?.last?["row"] as? [String: Any]) ?? [:]
    }

    func create(_ more: String = "") async throws {
      _ = try await sql("CREATE TABLE \(table) (n bigint, v bigint)\(more)")
    }

    /// All rows, and the different ones.
    func count() async throws -> [Int] {
      let row = try await sql("SELECT count(*) AS a, count(DISTINCT n) AS d FROM \(table)")
      return [row["a"] as? Int ?? -1, row["d"] as? Int ?? -1]
    }

    /// A flow that reads from the other server and loads through the proxy.
    func load(_ more: [String] = []) throws {
      let numbers =
        kind != .postgresql
        ? """
        SELECT g AS n, CASE WHEN g = \(isEarly ? rows - 1 : 0) THEN (SELECT g FROM pg_sleep(1)) ELSE g END AS v
                FROM generate_series(1, \(rows)) g
        """
        : """
        WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 1000)
                SELECT (a.n - 1) * 1000 + b.n AS n,
                b.n + IF(a.n = \(isEarly ? rows / 1_000 : 0) AND b.n = 999, SLEEP(1), 0) AS v
                FROM s a, s b WHERE a.n <= \(rows / 1_000)
        """
      try ferry.write(
        "load.yaml",
        """
        id: load
        namespace: test
        tasks:
          - id: read
            type: jdbc.\(kind.other).Query
            \(source)
            sql: >-
                \(numbers)
            fetchType: STORE
          - id: load
            type: jdbc.\(kind).Batch
            \(proxied)
            from: "{{ outputs.read.uri }}"
            table: \(table)
        \(more.map { "    \($0)\n" }.joined())
        """)
    }

    /// A flow of one task with statements of its own.
    func statements(_ type: String, _ sql: String, _ more: [String] = []) throws {
      try ferry.write(
        "load.yaml",
        """
        id: load
        namespace: test
        tasks:
          - id: load
            type: jdbc.\(kind).\(type)
            \(proxied)
            sql: "\(sql)"
        \(more.map { "    \($0)\n" }.joined())
        """)
    }

    /// New connections end at once, once the first one is gone.
    func runAlone() async throws -> Outcome {
      let cutter = Task { [proxy] in
        while !Task.isCancelled {
          if proxy.faultsHappened > 0 { proxy.act(.cut) }
          try? await Task.sleep(for: .milliseconds(50))
        }
      }
      defer { cutter.cancel() }
      return try await run()
    }

    func run(_ more: String...) async throws -> Outcome {
      let arguments = ["run", "load.yaml", "--log-format", "json", "--log-level", "debug"] + more
      let result = try await ferry.start(arguments).wait()
      return try Outcome(result, try await count())
    }
  }

  /// What a run has come to.
  private struct Outcome {
    var status: Int32
    var id = ""
    var task: [String: Any] = [:]
    /// All rows, and the different ones.
    var rows: [Int]
    var logs: [String] = []
    var text: String

    init(_ result: Ferry.Result, _ rows: [Int]) throws {
      status = result.status
      self.rows = rows
      text = result.output + result.error
      guard status != 2 else { return }
      id = try result.summary()["execution"] as? String ?? ""
      task = try result.tasks()["load"] ?? [:]
      logs = try result.events().compactMap { $0["message"] as? String }
    }

    var state: String { task["state"] as? String ?? "" }
    var outcome: String { task["outcome"] as? String ?? "undone" }
    var error: String { task["error"] as? String ?? "" }
    var written: Int { (task["ledger"] as? [String: Any])?["written"] as? Int ?? -1 }
    var attempts: Int { task["attempts"] as? Int ?? -1 }
    func says(_ text: String) -> Bool { logs.contains { $0.contains(text) } }
  }

  private static let retry = "retry: {type: constant, interval: PT0.1S, maxAttempts: 3}"

  // MARK: the answer is lost, and can be asked for

  @Test(arguments: Kind.allCases, ["1", "2"])
  func `a lost answer to a commit that is done is a success`(kind: Kind, threads: String) async throws {
    let bench = try Bench(kind, [.loseAnswer(to: kind.sent("COMMIT"))], early: threads == "2")
    try await bench.create()
    try bench.load([TwiceTests.retry])
    let run = try await bench.run("--threads", threads)
    #expect(bench.proxy.faultsHappened == 1)
    #expect(run.status == 0 && run.rows == bench.once, "\(run.text)")
    #expect(run.written == bench.rows && run.attempts == 1)
    #expect(run.says("the answer was lost") && run.says("the server says that it is committed"))
    #expect(run.says("commit token: \(kind == .postgresql ? "server" : "row")"))
  }

  /// The commit never gets to the server. Threads: two for an early attempt, which starts anew.
  @Test(arguments: Kind.allCases, [("1", false, 1), ("1", true, 0), ("2", false, 0)])
  func `a commit that is not done is undone`(kind: Kind, _ way: (threads: String, retries: Bool, status: Int32))
    async throws
  {
    let bench = try Bench(kind, [.cutBefore(kind.sent("COMMIT"))], early: way.threads == "2")
    try await bench.create()
    try bench.load(way.retries ? [TwiceTests.retry] : [])
    let run = try await bench.run("--threads", way.threads)
    #expect(bench.proxy.faultsHappened == 1)
    #expect(run.status == way.status && run.rows == (way.status == 0 ? bench.once : [0, 0]), "\(run.text)")
    #expect(run.outcome == "undone" && run.written == (way.status == 0 ? bench.rows : 0))
    #expect(run.attempts == (way.retries ? 2 : 1) && run.says("It starts anew") == (way.threads == "2"))
    if way.status == 1 {
      #expect(run.error.contains("the server says that nothing is committed"))
      let again = try await bench.run("--restart", run.id)
      #expect(again.status == 0 && again.rows == bench.once)
    }
  }

  @Test(arguments: Kind.allCases) func `a load tries again itself`(kind: Kind) async throws {
    let bench = try Bench(kind, [.cutBefore(kind.sent("COMMIT")), .loseAnswer(to: kind.sent("COMMIT"))])
    try await bench.create()
    try bench.load(["retryScope: ALL", "retryBackoff: PT0.1S"])
    let run = try await bench.run("--threads", "1")
    #expect(bench.proxy.faultsHappened == 2)
    #expect(run.status == 0 && run.rows == bench.once && run.written == bench.rows, "\(run.text)")
  }

  // MARK: the answer is lost, and nobody can be asked

  @Test(arguments: Kind.allCases, ["1", "2"])
  func `without a token nobody does it again`(kind: Kind, threads: String) async throws {
    let bench = try Bench(kind, [.loseAnswer(to: kind.sent("COMMIT"))], early: threads == "2")
    try await bench.create()
    try bench.load(["commitToken: none", "retryScope: ALL", TwiceTests.retry])
    let run = try await bench.run("--threads", threads)
    #expect(run.status == 1 && run.rows == bench.once, "\(run.text)")
    #expect(run.outcome == "unknown" && run.attempts == 1 && run.written == 0)
    #expect(run.error.contains("it is not known whether the rows are in"))
    let refused = try await bench.run("--restart", run.id)
    #expect(refused.status == 2 && refused.rows == bench.once && refused.text.contains("--accept-unknown"))
    let shown = try await bench.ferry.run("runs", run.id)
    #expect(shown.output.contains("it is not known whether its work is done"))
    // Whoever has looked may say so.
    let accepted = try await bench.run("--restart", run.id, "--accept-unknown")
    #expect(accepted.status == 0 && accepted.rows == [2 * bench.rows, bench.rows])
  }

  /// Both ends of a COMMIT that nobody hears of, for all servers at once: each run waits until its task's time is over.
  private func atOnce(_ body: @escaping @Sendable (Kind, Bool, Fault) async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (kind, isDone) in Kind.allCases.flatMap({ [($0, true), ($0, false)] }) {
        let trigger = FaultyProxy.Trigger.text(kind.sent("COMMIT"), from: .client)
        let fault =
          isDone
          ? Fault(trigger, .ignoreNew, .holdAnswers, .forward, .wait(.milliseconds(200)), .cut)
          : Fault(trigger, .ignoreNew, .cut)
        group.addTask { try await body(kind, isDone, fault) }
      }
      try await group.waitForAll()
    }
  }

  /// No new connection comes about, and the task's time is over meanwhile.
  @Test func `a restart asks again`() async throws { try await atOnce(restartOfLoad) }

  @Sendable private func restartOfLoad(_ kind: Kind, _ isDone: Bool, _ fault: Fault) async throws {
    let bench = try Bench(kind, [fault], rows: 1_000)
    try await bench.create()
    try bench.load([TwiceTests.retry, "timeout: PT3S"])
    let run = try await bench.runAlone()
    #expect(run.status == 1 && run.rows == (isDone ? bench.once : [0, 0]), "\(run.text)")
    #expect(run.outcome == "unknown" && run.attempts == 1)
    bench.proxy.release()
    let again = try await bench.run("--restart", run.id)
    #expect(again.status == 0 && again.rows == bench.once && again.written == bench.rows, "\(again.text)")
    #expect(again.outcome == "undone" && again.says(isDone ? "rows are in" : "it was rolled back"))
  }

  /// The server has answered, and the answer does not come: the time-out finds the commit done.
  @Test func `a time-out in a commit asks`() async throws {
    let fault = Fault(.text("COMMIT", from: .client), .holdAnswers, .forward)
    let bench = try Bench(.postgresql, [fault])
    try await bench.create()
    try bench.load([TwiceTests.retry, "timeout: PT2S"])
    let run = try await bench.run()
    #expect(run.status == 0 && run.rows == bench.once && run.attempts == 1, "\(run.text)")
  }

  // MARK: the process is killed

  /// Before the COMMIT gets to the server, and behind it.
  @Test(arguments: Kind.allCases, [true, false])
  func `a killed process is not forgotten`(kind: Kind, isDone: Bool) async throws {
    let trigger = FaultyProxy.Trigger.text(kind.sent("COMMIT"), from: .client)
    let bench = try Bench(kind, [isDone ? Fault(trigger, .holdAnswers, .forward) : Fault(trigger, .stall)])
    try await bench.create()
    try bench.load()
    let child = try bench.ferry.start(["run", "load.yaml"])
    #expect(bench.proxy.waitForFaults())
    try await Task.sleep(for: .milliseconds(300))
    child.signal(SIGKILL)
    _ = try await child.wait()
    if !isDone { bench.proxy.act(.cut) }
    bench.proxy.release()
    #expect(try await bench.count() == (isDone ? bench.once : [0, 0]))
    let listed = try await bench.ferry.run("runs", "--format", "json")
    let id = try #require(try listed.events().first { $0["flow"] as? String == "load" }?["execution"] as? String)
    let again = try await bench.run("--restart", id)
    #expect(again.status == 0 && again.rows == bench.once, "\(again.text)")
  }

  // MARK: a commit for each chunk

  @Test(arguments: Kind.allCases) func `chunks go on behind the last committed row`(kind: Kind) async throws {
    let bench = try Bench(kind, [.cut(after: 150_000, from: .client), .loseAnswer(to: kind.sent("COMMIT"))])
    try await bench.create()
    try bench.load(["commit: chunk", "chunk: 1000", TwiceTests.retry])
    let run = try await bench.run()
    #expect(bench.proxy.faultsHappened == 2)
    #expect(run.status == 0 && run.rows == bench.once && run.written == bench.rows, "\(run.text)")
    #expect(run.attempts == 3)
  }

  @Test(arguments: Kind.allCases) func `a restart of chunks goes on behind the last committed row`(kind: Kind)
    async throws
  {
    let bench = try Bench(kind, [.cut(after: 150_000, from: .client)])
    try await bench.create()
    try bench.load(["commit: chunk", "chunk: 1000"])
    let run = try await bench.run()
    #expect(run.status == 1 && run.outcome == "partial" && run.rows[0] == run.rows[1], "\(run.text)")
    #expect(run.rows[0] > 0 && run.rows[0] < bench.rows && run.rows[0] % 1_000 == 0 && run.written == run.rows[0])
    let again = try await bench.run("--restart", run.id)
    #expect(again.status == 0 && again.rows == bench.once && again.written == bench.rows, "\(again.text)")
  }

  @Test(arguments: Kind.allCases) func `another input is not taken for the rest`(kind: Kind) async throws {
    let bench = try Bench(kind, [.cut(after: 150_000, from: .client)])
    try await bench.create()
    try bench.load(["commit: chunk", "chunk: 1000"])
    let run = try await bench.run()
    #expect(run.status == 1 && run.outcome == "partial", "\(run.text)")
    // The same task, another table.
    let flow = try String(contentsOf: bench.ferry.folder.appending(path: "load.yaml"), encoding: .utf8)
    try bench.ferry.write("load.yaml", flow.replacingOccurrences(of: bench.table, with: "other_table"))
    let other = try await bench.run("--restart", run.id)
    #expect(other.status == 1 && other.rows == run.rows && other.error.contains("into another table or database"))
    try bench.ferry.write("load.yaml", flow)
    let again = try await bench.run("--restart", run.id)
    #expect(again.status == 0 && again.rows == bench.once, "\(again.text)")
  }

  // MARK: statements of the user

  @Test(arguments: Kind.allCases) func `a statement that commits by itself is not sent twice`(kind: Kind) async throws {
    let bench = try Bench(kind, [.loseAnswer(to: kind.sent("9042"))])
    try await bench.create()
    try bench.statements("Query", "INSERT INTO \(bench.table) VALUES (1, 9042)", [TwiceTests.retry])
    let run = try await bench.run()
    #expect(run.status == 1 && run.rows[0] <= 1 && run.outcome == "unknown" && run.attempts == 1, "\(run.text)")
    #expect(try await bench.run("--restart", run.id).status == 2)
  }

  @Test(arguments: Kind.allCases) func `a query that only reads is tried again`(kind: Kind) async throws {
    let bench = try Bench(kind, [.loseAnswer(to: kind.sent("9043"))])
    try await bench.create()
    try bench.statements("Query", "SELECT n FROM \(bench.table) WHERE v = 9043", [TwiceTests.retry])
    let run = try await bench.run()
    #expect(run.status == 0 && run.attempts == 2, "\(run.text)")
  }

  @Test(arguments: Kind.allCases, [true, false])
  func `statements in a transaction are asked for`(kind: Kind, isDone: Bool) async throws {
    let bench = try Bench(kind, [isDone ? .loseAnswer(to: kind.sent("COMMIT")) : .cutBefore(kind.sent("COMMIT"))])
    try await bench.create()
    let sql = "INSERT INTO \(bench.table) VALUES (1, 1); INSERT INTO \(bench.table) VALUES (2, 2)"
    try bench.statements("Queries", sql, [TwiceTests.retry])
    let run = try await bench.run()
    #expect(run.status == 0 && run.rows == [2, 2] && run.attempts == (isDone ? 1 : 2), "\(run.text)")
    #expect((run.task["outputs"] as? [String: Any])?["updateCount"] as? Int == 2)
  }

  /// The commit of a Queries: nobody answers in time, then a restart finds out.
  @Test func `a restart of statements asks again`() async throws { try await atOnce(restartOfStatements) }

  @Sendable private func restartOfStatements(_ kind: Kind, _ isDone: Bool, _ fault: Fault) async throws {
    let bench = try Bench(kind, [fault])
    try await bench.create()
    let sql = "INSERT INTO \(bench.table) VALUES (1, 1); INSERT INTO \(bench.table) VALUES (2, 2)"
    try bench.statements("Queries", sql, [TwiceTests.retry, "timeout: PT3S"])
    let run = try await bench.runAlone()
    #expect(run.status == 1 && run.rows == (isDone ? [2, 2] : [0, 0]), "\(run.text)")
    #expect(run.outcome == "unknown" && run.attempts == 1)
    bench.proxy.release()
    let again = try await bench.run("--restart", run.id)
    #expect(again.status == 0 && again.rows == [2, 2] && again.outcome == "undone", "\(again.text)")
    #expect(again.says("earlier attempt: \(isDone ? "it is committed" : "it was rolled back")"), "\(again.text)")
    #expect((again.task["outputs"] as? [String: Any])?["updateCount"] as? Int == 2)
  }

  @Test(arguments: Kind.allCases) func `statements that each commit are not done twice`(kind: Kind) async throws {
    let bench = try Bench(kind, [.cutBefore(kind.sent("9044"))])
    try await bench.create()
    let sql = "INSERT INTO \(bench.table) VALUES (1, 1); INSERT INTO \(bench.table) VALUES (2, 9044)"
    try bench.statements("Queries", sql, ["transaction: false", TwiceTests.retry])
    let run = try await bench.run()
    #expect(run.status == 1 && run.rows == [1, 1] && run.outcome == "unknown" && run.attempts == 1, "\(run.text)")
    #expect(try await bench.run("--restart", run.id).status == 2)
  }

  // MARK: what has no transactions

  @Test func `a table without transactions is loaded once`() async throws {
    let bench = try Bench(.mysql)
    _ = try await bench.sql("CREATE TABLE \(bench.table) (n bigint, v bigint NOT NULL) ENGINE = MyISAM")
    try bench.load([TwiceTests.retry])
    let flow = try String(contentsOf: bench.ferry.folder.appending(path: "load.yaml"), encoding: .utf8)
    try bench.ferry.write(
      "load.yaml", flow.replacingOccurrences(of: "ELSE g END AS v", with: "ELSE nullif(g, 7000) END AS v"))
    let run = try await bench.run("--threads", "2")
    #expect(run.status == 1 && run.rows[0] == run.rows[1] && run.rows[0] >= 6_000, "\(run.rows) \(run.text)")
    #expect(run.outcome == "partial" && run.says("has no transactions") && run.error.contains("rows that it took"))
    #expect(try await bench.run("--restart", run.id).status == 2)
  }

  @Test func `a definition in a transaction keeps what came before it`() async throws {
    let bench = try Bench(.mysql)
    try await bench.create()
    let sql =
      "INSERT INTO \(bench.table) VALUES (1, 1); CREATE TABLE \(bench.table)_x (i int); "
      + "INSERT INTO \(bench.table) VALUES (2, 2); SELECT nothing"
    try bench.statements("Queries", sql, [TwiceTests.retry])
    let run = try await bench.run()
    #expect(run.status == 1 && run.rows == [1, 1] && run.outcome == "partial", "\(run.text)")
    #expect(run.says("statement 2 commits what the statements before it changed"))
    #expect(try await bench.run("--restart", run.id).status == 2)
  }
}
