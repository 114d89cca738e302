import Engine
import Expression
import FerryTesting
import Foundation
import Records
import SQL
import Testing

@testable import ODBC

/// PostgreSQL through psqlODBC, when its backends die, its answers are lost and its locks cross.
@Suite(.serialized) struct FaultTests {
  private let bench: FaultBench
  private var table: String { bench.table }

  init() throws { bench = try .postgreSQL() }

  /// A table whose trigger does something to the backend at row 700, the first time: sequences forget no rollback.
  private func withTable(_ fault: String = "", _ body: () throws -> Void) throws {
    try bench.run(
      "CREATE TABLE \(table) (n bigint PRIMARY KEY, v text)", "CREATE SEQUENCE \(table)_fuse",
      """
      CREATE FUNCTION \(table)_at() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF NEW.n = 700 AND nextval('\(table)_fuse') = 1 THEN \(fault) END IF; RETURN NEW; END $$
      """,
      "CREATE TRIGGER at BEFORE INSERT ON \(table) FOR EACH ROW EXECUTE FUNCTION \(table)_at()")
    defer {
      _ = try? bench.run(
        "DROP TABLE \(table)", "DROP FUNCTION \(table)_at", "DROP SEQUENCE \(table)_fuse")
    }
    try body()
  }

  private static let dies = "PERFORM pg_terminate_backend(pg_backend_pid());"

  // MARK: reading

  @Test func `a backend that is killed in the middle of a fetch`() throws {
    let failure = try failure {
      _ = try bench.tasks.query(
        """
        SELECT i, CASE WHEN i = 20500 THEN pg_terminate_backend(pg_backend_pid()) END AS k
        FROM generate_series(1, 100000) AS i
        """)
    }
    #expect(failure.category == .transient && failure.code == "57P01", "\(failure)")
    #expect(failure.message.contains("reading the result, after row 20000: "), "\(failure)")
    #expect(failure.message.contains("terminating connection due to administrator command"), "\(failure)")
    #expect(failure.message.contains("(127.0.0.1:\(bench.port))"), "\(failure)")
    #expect(failure.outcome == .undone)
  }

  @Test func `a connection that breaks in the middle of a fetch`() throws {
    let proxy = try bench.proxy(.cut(after: 400_000, from: .server))
    let failure = try failure {
      _ = try bench.tasks.query("SELECT i FROM generate_series(1, 100000) AS i", url: bench.url(Int(proxy.port)))
    }
    #expect(proxy.faultsHappened == 1)
    #expect(failure.category == .transient && failure.code == "08S01", "\(failure)")
    #expect(failure.message.contains("reading the result, after row "), "\(failure)")
    #expect(failure.message.contains("(127.0.0.1:\(proxy.port))") && failure.outcome == .undone, "\(failure)")
  }

  /// The rows before it are there, the connection goes on, and in a transaction of the user's it is as with any error.
  @Test(arguments: [true, false]) func `an error in the middle of a fetch`(inTransaction: Bool) throws {
    let server = try TestServer("FERRY_TEST_POSTGRESQL_URL")
    let connection = try server.open(server.connection(Drivers.postgreSQL, database: server.url.database ?? ""))
    defer { connection.close() }
    if inTransaction { try connection.begin() }
    let failure = try failure { _ = try connection.all("SELECT 1 / (25500 - i) FROM generate_series(1, 30000) AS i") }
    #expect(failure.category == .data && failure.code == "22012" && failure.outcome == .undone, "\(failure)")
    #expect(failure.message.contains("reading the result, after row 25000: ERROR: division by zero"), "\(failure)")
    if inTransaction {
      #expect(try FerryTesting.failure { try connection.execute("SELECT 1") }.code == "25P02")
      try connection.rollback()
    }
    // The one that asks.
    #expect(try connection.texts("SELECT count(*) FROM pg_cursors") == [["1"]])
    #expect(try connection.texts("VALUES (1), (2)") == [["1"], ["2"]])
  }

  /// Rows come in steps, with values for placeholders, and in a transaction, which is left as it was.
  @Test func `rows come in steps`() throws {
    let server = try TestServer("FERRY_TEST_POSTGRESQL_URL")
    let connection = try server.open(server.connection(Drivers.postgreSQL, database: server.url.database ?? ""))
    defer { connection.close() }
    let sql = "SELECT i FROM generate_series(1, ?) AS i"
    for count in [0, 1, 999, 1_000, 1_001, 10_000] {
      let texts = try connection.all(sql, [.int(Int64(count))]).columns[0].texts
      #expect(texts == (0..<count).map { "\($0 + 1)" })
    }
    try connection.begin()
    try connection.execute("CREATE TEMPORARY TABLE steps (i int) ON COMMIT DROP")
    #expect(try connection.all(sql, [.int(2_000)]).count == 2_000)
    // The rest is given up, and the cursor with it.
    guard case .rows(let rows) = try connection.query(sql, [.int(5_000)], .init()) else { return }
    _ = try rows.next()
    rows.close()
    #expect(try connection.texts("SELECT count(*) FROM pg_cursors WHERE name = 'ferry_rows'") == [["1"]])
    #expect(try connection.execute("INSERT INTO steps SELECT 1 FROM generate_series(1, 3)") == 3)
    #expect(try connection.texts("SELECT count(*) FROM steps") == [["3"]])
    try connection.commit()
  }

  /// The task's own `retry`, in the real command.
  @Test func `a task that reads is tried again`() throws {
    let server = try TestServer("FERRY_TEST_POSTGRESQL_URL")
    let folder = try TemporaryFolder()
    try bench.run("CREATE SEQUENCE \(table)_fuse")
    defer { _ = try? bench.run("DROP SEQUENCE \(table)_fuse") }
    try """
    id: again
    namespace: test
    tasks:
      - id: read
        type: jdbc.odbc.Query
        url: "\(bench.url(bench.port))"
        username: "\(server.user)"
        password: "{{ secret('DB') }}"
        sql: >-
          SELECT i, CASE WHEN i = 20500 AND nextval('\(table)_fuse') = 1
          THEN pg_terminate_backend(pg_backend_pid()) END AS k FROM generate_series(1, 30000) AS i
        fetchType: STORE
        retry: {type: constant, interval: PT0.1S, maxAttempts: 3}

    """.write(toFile: folder.path + "/flow.yaml", atomically: true, encoding: .utf8)
    let run = try FerryProcess.run(
      folder.path + "/flow.yaml", home: folder, ["FERRY_SECRET_DB": server.password], "--log-format", "json")
    #expect(run.status == 0 && run.output.contains("\"attempts\":2"), "\(run.output)")
    #expect(run.output.contains("\"written\":30000"), "\(run.output)")
  }

  @Test func `a connection is gone for good, and leaves nothing behind`() throws {
    let server = try TestServer("FERRY_TEST_POSTGRESQL_URL")
    let properties = server.connection(Drivers.postgreSQL, database: server.url.database ?? "", ";SSLmode=disable")
    func lose() throws {
      let connection = try server.open(properties)
      defer { connection.close() }
      let killed = try failure { try connection.execute("SELECT pg_terminate_backend(pg_backend_pid())") }
      #expect(killed.category == .transient && killed.outcome == .unknown, "\(killed)")
      let next = try failure { try connection.execute("SELECT 1") }
      #expect(next.category == .transient && next.message.contains("the connection is closed"), "\(next)")
    }
    func files() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count }
    try lose()
    let before = try files()
    for _ in 1...20 { try lose() }
    #expect(try files() < before + 10)
  }

  // MARK: loading

  @Test(arguments: LoadRoad.allCases) func `a backend that is killed in the middle of a load`(road: LoadRoad) throws {
    try withTable(FaultTests.dies) {
      let uri = try bench.tasks.input(1...2_000)
      let failure = try failure { try bench.load(uri, road) }
      #expect(failure.category == .transient && failure.code == "57P01" && failure.outcome == .undone, "\(failure)")
      #expect(failure.message.hasPrefix("loading "), "\(failure)")
      #expect(failure.message.contains("running the statement, row"), "\(failure)")
      #expect(failure.message.contains("(127.0.0.1:\(bench.port))"), "\(failure)")
      #expect(try bench.counts() == ["0", "0"])
      // The same is tried again where the flow says so.
      try bench.run("ALTER SEQUENCE \(table)_fuse RESTART")
      let outputs = try bench.load(uri, road, FaultBench.again)
      #expect(outputs["rowCount"]?.int == 2_000 && outputs["updatedCount"]?.int == 2_000)
      #expect(bench.log.lines.contains { $0.contains("the load failed and starts again") })
      #expect(try bench.counts() == ["2000", "2000"])
    }
  }

  @Test func `chunks go on behind the last committed row`() throws {
    try withTable(FaultTests.dies) {
      let uri = try bench.tasks.input(1...2_000)
      let chunks: ValueMap = ["commit": "chunk", "chunk": "500"]
      let outputs = try bench.load(uri, .bulk, FaultBench.again.merging(chunks))
      #expect(outputs["rowCount"]?.int == 2_000 && outputs["updatedCount"]?.int == 2_000)
      #expect(try bench.counts() == ["2000", "2000"])
    }
  }

  // MARK: committing

  /// The answer is lost, and the server is asked over another connection.
  @Test(arguments: LoadRoad.allCases, [true, false])
  func `a connection that breaks around the commit`(road: LoadRoad, isDone: Bool) throws {
    try withTable {
      let uri = try bench.tasks.input(1...1_000)
      let fault = isDone ? FaultyProxy.Fault.loseAnswer(to: "COMMIT") : .cutBefore("COMMIT")
      // The first one ends the look for old tokens.
      let first = FaultyProxy.Fault(.text("COMMIT", from: .client), .forward)
      try bench.run(
        "CREATE TABLE IF NOT EXISTS ferry_commits (token VARCHAR(64) PRIMARY KEY, committed BIGINT NOT NULL)")
      let proxy = try bench.proxy(first, fault)
      if isDone {
        let outputs = try bench.load(uri, road, through: proxy)
        #expect(outputs["rowCount"]?.int == 1_000 && outputs["updatedCount"]?.int == 1_000)
        #expect(bench.log.lines.contains { $0.contains("the server says that it is committed") })
      } else {
        let failure = try failure { try bench.load(uri, road, through: proxy) }
        #expect(failure.category == .transient && failure.outcome == .undone, "\(failure)")
        #expect(failure.message.contains("the server says that nothing is committed"), "\(failure)")
      }
      #expect(proxy.faultsHappened == 2)
      #expect(try bench.counts() == (isDone ? ["1000", "1000"] : ["0", "0"]))
      // The commit that is not done is done again; the key would refuse rows that come twice.
      guard !isDone else { return }
      try bench.load(uri, road, FaultBench.again, through: try bench.proxy(first, fault))
      #expect(try bench.counts() == ["1000", "1000"])
    }
  }

  @Test(arguments: [true, false]) func `without a token nobody knows, and nothing is repeated`(isDone: Bool) throws {
    try withTable {
      let uri = try bench.tasks.input(1...1_000)
      let proxy = try bench.proxy(isDone ? .loseAnswer(to: "COMMIT") : .cutBefore("COMMIT"))
      let failure = try failure {
        try bench.load(uri, .bulk, FaultBench.again.merging(["commitToken": "none"]), through: proxy)
      }
      #expect(failure.outcome == .unknown, "\(failure)")
      #expect(failure.message.contains("it is not known whether the rows are in"), "\(failure)")
      #expect(proxy.connections == 1)
      #expect(try bench.counts() == (isDone ? ["1000", "1000"] : ["0", "0"]))
    }
  }

  /// What the server refuses at the end is as clear as what it refuses before.
  @Test func `a commit that the server refuses`() throws {
    try withTable {
      try bench.run(
        "ALTER TABLE \(table) ADD CONSTRAINT late UNIQUE (v) DEFERRABLE INITIALLY DEFERRED",
        "INSERT INTO \(table) VALUES (0, 'v7')")
      let failure = try failure { try bench.load(try bench.tasks.input(1...100), .bulk) }
      #expect(failure.category == .data && failure.code == "23505" && failure.outcome == .undone, "\(failure)")
      #expect(failure.message.contains("late") && !failure.message.contains("v7"), "\(failure)")
      #expect(try bench.counts() == ["1", "1"])
    }
  }

  // MARK: locks

  /// Another session takes lock 2 and waits for lock 1, which the load holds: at row 700 the load waits for lock 2.
  @Test(arguments: LoadRoad.allCases) func `the victim of a deadlock`(road: LoadRoad) throws {
    let (one, two) = (Int32.random(in: 1 ... .max), Int32.random(in: 1 ... .max))
    let crosses = """
      SET LOCAL deadlock_timeout = '10ms'; PERFORM pg_advisory_xact_lock(1, \(one));
      WHILE NOT EXISTS (SELECT FROM pg_locks WHERE objid = \(one) AND NOT granted) LOOP PERFORM pg_sleep(0.005);
      END LOOP; PERFORM pg_advisory_xact_lock(1, \(two));
      """
    for more in [[:], FaultBench.again] {
      try withTable(crosses) {
        let uri = try bench.tasks.input(1...1_000)
        nonisolated(unsafe) let look = bench.look
        let other = TestThread {
          _ = try? look(
            """
            DO $$ BEGIN SET LOCAL deadlock_timeout = '60s'; PERFORM pg_advisory_xact_lock(1, \(two));
            WHILE NOT EXISTS (SELECT FROM pg_locks WHERE objid = \(one) AND granted) LOOP PERFORM pg_sleep(0.005);
            END LOOP; PERFORM pg_advisory_xact_lock(1, \(one)); END $$
            """)
        }
        if more.isEmpty {
          let failure = try failure { try bench.load(uri, road) }
          #expect(failure.category == .transient && failure.code == "40P01", "\(failure)")
          #expect(failure.outcome == .undone && failure.message.contains("deadlock detected"), "\(failure)")
          #expect(failure.hint?.contains("another transaction") == true)
          #expect(try bench.counts() == ["0", "0"])
        } else {
          let outputs = try bench.load(uri, road, more)
          #expect(outputs["rowCount"]?.int == 1_000 && outputs["updatedCount"]?.int == 1_000)
          #expect(bench.log.lines.contains { $0.contains("the load failed and starts again") })
          #expect(try bench.counts() == ["1000", "1000"])
        }
        #expect(other.join(within: .seconds(5)))
      }
    }
  }
}
