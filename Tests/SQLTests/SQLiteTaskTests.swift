import Engine
import Expression
import FerryTesting
import Foundation
import Records
import SQL
import SQLite
import Testing

/// What only SQLite's tasks have: columns whose values decide their type, databases as files of internal storage.
@Suite(.serialized) struct SQLiteTaskTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private var path: String { folder.path + "/test.db" }
  private var storage: String { folder.path + "/storage" }

  @discardableResult
  private func query(_ sql: String, _ more: ValueMap = [:]) throws -> ValueMap {
    try run(SQLQuery<SQLite>.self, ["sql": .string(sql)], more)
  }

  @discardableResult
  private func run<T: FerryTask>(_ task: T.Type, _ properties: ValueMap, _ more: ValueMap = [:]) throws -> ValueMap {
    var all: ValueMap = ["url": .string("jdbc:sqlite:\(path)")]
    for (name, value) in Array(properties) + Array(more) { all[name] = value }
    let result = try T.runAlone(all, storage: storage)
    #expect(result.counts.isBalanced)
    return result.outputs
  }

  /// What Python's own SQLite module sees in a database file.
  private func python(_ sql: String, in file: String? = nil) throws -> [[String?]] {
    let script = """
      import json, sqlite3, sys
      rows = sqlite3.connect(f'file:{sys.argv[1]}?mode=ro', uri=True).execute(sys.argv[2]).fetchall()
      print(json.dumps([[None if v is None else str(v) for v in row] for row in rows]))
      """
    return try Python.rows(script, [file ?? path, sql])
  }

  private func python(make sql: String, in file: String? = nil) throws {
    _ = try Python.run(
      "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.argv[2]); print(1)", [file ?? path, sql])
  }

  private func stored(_ outputs: ValueMap) throws -> (schema: Schema, rows: [[Value]]) {
    let uri = try StorageReference(property: outputs["uri"] ?? .null)
    return try TaskContext.alone(storage: storage) { context in
      let reader = try context.openRecords(uri)
      var rows: [[Value]] = []
      while let batch = try reader.next() {
        rows += (0..<batch.count).map { row in batch.columns.map { $0.value(at: row) } }
      }
      return (reader.schema, rows)
    }
  }

  @Test func timestampsWithOffsetInOutputs() throws {
    try python(
      make: """
        CREATE TABLE t (n INTEGER PRIMARY KEY, v DATETIMEOFFSET);
        INSERT INTO t (v) VALUES ('2004-10-19 10:23:54.25+05:30'), ('2004-10-19T10:23:54Z'), ('2004-10-19 10:23:54'),
          (NULL), ('infinity'), ('10000-01-01 00:00:00-00:30')
        """)
    func values(_ format: Value) throws -> [Value?]? {
      let outputs = try query("SELECT v FROM t ORDER BY n", ["fetchType": "FETCH", "rowFormat": format])
      return outputs["rows"]?.list?.map { $0.map?["v"] }
    }
    // As java.time.OffsetDateTime prints it; what ISO 8601 has no form for stays exact.
    #expect(
      try values("KESTRA") == [
        "2004-10-19T10:23:54.25+05:30", "2004-10-19T10:23:54Z", "2004-10-19T10:23:54Z", .null, "infinity",
        "10000-01-01T00:00:00-00:30",
      ])
    #expect(
      try values("EXACT") == [
        "2004-10-19T10:23:54.250000+05:30", "2004-10-19T10:23:54+00:00", "2004-10-19T10:23:54+00:00", .null, "infinity",
        "10000-01-01T00:00:00-00:30",
      ])
  }

  // MARK: promote

  /// Declared types that some value does not fit: the column's name, its declaration, its values, the type that fits
  /// and the values as that type has them.
  static let promoted: [(declared: String, values: String, type: DataType, expected: [Value])] = [
    ("INTEGER", "(1), ('two'), (NULL), (3)", .text, ["1", "two", .null, "3"]),
    ("INTEGER", "(1), (2.5), (NULL)", .float64, [.double(1), .double(2.5), .null]),
    ("INTEGER", "(9007199254740993), (2.5)", .numeric, [.decimal("9007199254740993"), .decimal("2.5")]),
    ("INTEGER", "(1), (x'0102'), ('a')", .bytes, ["MQ==", "AQI=", "YQ=="]),
    ("REAL", "(1.5), ('a')", .text, ["1.5", "a"]),
    ("DATE", "('2024-02-29'), ('someday')", .text, ["2024-02-29", "someday"]),
    ("BOOLEAN", "(0), (1), (2)", .int64, [0, 1, 2]),
    ("DECIMAL(5,2)", "(1), (1.25), ('a')", .text, ["1", "1.25", "a"]),
    ("TEXT", "('a'), (x'ff00')", .bytes, ["YQ==", "/wA="]),
    // What fits keeps the declared type.
    ("INTEGER", "(1), (2), (NULL)", .int64, [1, 2, .null]),
    ("DATE", "('2024-02-29'), (NULL)", .date, ["2024-02-29", .null]),
    ("", "(1), ('a'), (NULL)", .text, ["1", "a", .null]),
    ("", "(NULL), (NULL)", .text, [.null, .null]),
  ]

  @Test(arguments: promoted.indices) func promoteFindsATypeThatAllValuesFit(index: Int) throws {
    let (declared, values, type, expected) = SQLiteTaskTests.promoted[index]
    try python(make: "CREATE TABLE t (n INTEGER PRIMARY KEY, v \(declared)); INSERT INTO t (v) VALUES \(values)")
    let (schema, rows) = try stored(query("SELECT v FROM t ORDER BY n", ["fetchType": "STORE", "promote": true]))
    #expect(schema.fields[0].type == type)
    #expect(rows.map { $0[0] } == expected)
  }

  /// Without it a value that does not fit is an error, which names the way out; with it the whole result decides, also
  /// what comes long after the first batch.
  @Test func promoteLooksAtEveryRow() throws {
    try python(
      make: """
        CREATE TABLE t (n INTEGER PRIMARY KEY, v INTEGER);
        WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 150000)
        INSERT INTO t SELECT i, i * 2 FROM r;
        INSERT INTO t VALUES (150001, 'late'), (150002, NULL);
        """)
    let sql = "SELECT n, v, v + 0 AS w, CASE WHEN n > 150000 THEN 'x' ELSE n END AS u FROM t ORDER BY n"
    let failure = try #require(throws: Failure.self) { try query(sql, ["fetchType": "STORE"]) }
    #expect(failure.category == .data)
    #expect(
      failure.description.contains("column 'v': the value (text) does not fit the column's type int64")
        || failure.description.contains("row 150001"), "\(failure)")
    #expect(failure.hint == "Cast it in the query, or set 'promote: true'")
    let (schema, rows) = try stored(query(sql, ["fetchType": "STORE", "promote": true]))
    #expect(schema.fields.map(\.type) == [.int64, .text, .int64, .text])
    let expected: [[Value]] =
      (1...150_000).map { n in
        [.int(Int64(n)), .string("\(n * 2)"), .int(Int64(n * 2)), .string("\(n)")]
      } + [[150_001, "late", 0, "x"], [150_002, .null, .null, "x"]]
    #expect(rows == expected)
  }

  @Test func promoteWorksForFetchesAndParameters() throws {
    try python(make: "CREATE TABLE t (n INTEGER, v INTEGER); INSERT INTO t VALUES (1, 5), (2, 'a'), (3, 6)")
    let one = try query(
      "SELECT v FROM t WHERE n >= :n ORDER BY n", ["fetchType": "FETCH_ONE", "promote": true, "parameters": ["n": 1]])
    #expect(one == ["row": ["v": "5"], "size": 1])
    let all = try query(
      "SELECT v FROM t WHERE n >= :n ORDER BY n", ["fetchType": "FETCH", "promote": true, "parameters": ["n": 2]])
    #expect(all == ["rows": [["v": "a"], ["v": "6"]], "size": 2])
    let none = try query("SELECT v FROM t WHERE n > 9", ["fetchType": "FETCH", "promote": true])
    #expect(none == ["rows": [], "size": 0])
  }

  /// Reading the result twice would change the data twice.
  @Test func promoteRefusesWhatChangesData() throws {
    try python(make: "CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (1)")
    let failure = try #require(throws: Failure.self) {
      try query("UPDATE t SET n = n + 1 RETURNING n", ["fetchType": "FETCH", "promote": true])
    }
    #expect(failure.category == .configuration && failure.message.contains("'promote' reads the result twice"))
    #expect(try python("SELECT n FROM t") == [["1"]])
    // A statement without rows is not read twice.
    #expect(try query("UPDATE t SET n = n + 1", ["promote": true]) == ["updateCount": 1])
  }

  // MARK: sqliteFile, outputDbFile

  private func file(_ outputs: ValueMap) throws -> String {
    storage + (try #require(outputs["databaseUri"]?.string)).dropFirst("ferry://".count)
  }

  @Test func aTaskWorksOnACopyOfItsDatabaseFile() throws {
    let given = folder.path + "/given.db"
    try python(make: "CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (1), (2)", in: given)
    let before = try Data(contentsOf: URL(fileURLWithPath: given))
    let more: ValueMap = ["url": "jdbc:sqlite:shop.db", "sqliteFile": .string("file://" + given)]
    let read = try query("SELECT sum(n) AS s FROM t", more.merging(["fetchType": "FETCH_ONE"]))
    #expect(read == ["row": ["s": 3], "size": 1])
    let changed = try query("INSERT INTO t VALUES (3)", more.merging(["outputDbFile": true]))
    #expect(changed["updateCount"] == 1)
    #expect(try python("SELECT n FROM t ORDER BY n", in: file(changed)) == [["1"], ["2"], ["3"]])
    // What was given is as it was; the url names no file of its own.
    #expect(try Data(contentsOf: URL(fileURLWithPath: given)) == before)
    #expect(!FileManager.default.fileExists(atPath: "shop.db"))
    // The next task goes on with what the one before put out.
    let next = try run(
      SQLQueries<SQLite>.self, ["sql": "DELETE FROM t WHERE n < 3; SELECT n FROM t", "fetchType": "FETCH"],
      ["sqliteFile": changed["databaseUri"] ?? .null, "outputDbFile": true, "url": "jdbc:sqlite:"])
    #expect(next["outputs"] == [["rows": [["n": 3]], "size": 1]])
    #expect(try python("SELECT n FROM t", in: file(next)) == [["3"]])
  }

  @Test(arguments: ["jdbc:sqlite::memory:", "jdbc:sqlite:"]) func aDatabaseInMemoryIsPutOut(url: String) throws {
    let outputs = try run(
      SQLQueries<SQLite>.self,
      ["sql": "CREATE TABLE t (v TEXT); INSERT INTO t VALUES ('it''s'), (NULL)"],
      ["url": .string(url), "outputDbFile": true])
    #expect(try python("SELECT v FROM t", in: file(outputs)) == [["it's"], [nil]])
  }

  @Test func loadsPutTheirDatabaseOut() throws {
    let source = try TaskContext.alone(storage: storage) { context in
      let schema = Schema([Field("n", .int64)])
      let rows = BatchBuilder(schema)
      for n in 0..<3 {
        rows.columns[0].append(Int64(n))
        rows.finishRows(1, bytes: 0)
      }
      let output = try context.createRecords(schema: schema)
      try output.write(rows.finish())
      try output.finish()
      return output.uri
    }
    try python(make: "CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (7)")
    let outputs = try run(
      SQLBatch<SQLite>.self, ["from": .string(source), "table": "t"],
      ["sqliteFile": .string("file://" + path), "outputDbFile": true])
    #expect(outputs["rowCount"] == 3)
    #expect(try python("SELECT n FROM t ORDER BY n", in: file(outputs)) == [["0"], ["1"], ["2"], ["7"]])
    #expect(try python("SELECT n FROM t") == [["7"]])
  }

  @Test func parametersOfTheURLAreSettings() throws {
    try query("CREATE TABLE t (id integer)")
    let url = "jdbc:sqlite:\(path)?busy_timeout=100&cache_size=77&mode=ro"
    let sizes = try query("PRAGMA cache_size", ["url": .string(url), "fetchType": "FETCH_ONE"])
    #expect(sizes["row"] == ["cache_size": 77])
    let refused = #expect(throws: Failure.self) { try query("INSERT INTO t VALUES (1)", ["url": .string(url)]) }
    #expect(refused?.category == .auth, "\(refused as Any)")
    for wrong in ["colour=red", "cache_size=1%3B DROP TABLE t", "cache_size="] {
      let failure = #expect(throws: Failure.self) {
        try query("SELECT 1", ["url": .string("jdbc:sqlite:\(path)?\(wrong)")])
      }
      let name = wrong.prefix { $0 != "=" }
      #expect(failure?.category == .configuration && failure?.message.contains("sets '\(name)'") == true, "\(wrong)")
      #expect(failure?.hint?.contains("busy_timeout") == true)
    }
  }

  /// What a Batch cannot bind is said before a row is read.
  @Test(
    arguments: [
      (["columns": ["a"]], "sql", "'columns' names 1 columns, but the statement has 2 placeholders"),
      (["columns": ["a", "b", "c"]], "sql", "'columns' names 3 columns, but the statement has 2 placeholders"),
      ([:], "sql", "the file has 3 columns, but the statement has 2 placeholders"),
      (["columns": ["a", "twice"]], "table", "the column 'twice' of 't' is computed and takes no value"),
    ] as [(ValueMap, String, String)])
  func whatCannotBeBoundIsSaid(properties: ValueMap, road: String, message: String) throws {
    try query("CREATE TABLE t (a integer, b text, twice integer AS (a * 2))")
    let rows = try query("SELECT 1 AS a, 'x' AS b, 2 AS twice", ["fetchType": "STORE"])
    let target: Value = road == "sql" ? "INSERT INTO t (a, b) VALUES (?, ?)" : "t"
    let failure = #expect(throws: Failure.self) {
      try run(SQLBatch<SQLite>.self, ["from": rows["uri"] ?? .null, road: target], properties)
    }
    #expect(failure?.category == .schema && failure?.message.contains(message) == true, "\(failure as Any)")
    #expect(try python("SELECT count(*) FROM t") == [["0"]])
  }

  @Test func aPlaceholderWithoutAColumnIsNull() throws {
    try query("CREATE TABLE t (a integer, b text)")
    let rows = try query("SELECT 1 AS a", ["fetchType": "STORE"])
    let from = rows["uri"] ?? .null
    try run(SQLBatch<SQLite>.self, ["from": from, "sql": "INSERT INTO t VALUES (?, ?)"])
    #expect(try python("SELECT a, b FROM t") == [["1", nil]])
    let two: ValueMap = ["from": from, "sql": "INSERT INTO t VALUES (?, ?); INSERT INTO t VALUES (?, ?)"]
    let several = #expect(throws: Failure.self) { try run(SQLBatch<SQLite>.self, two) }
    #expect(several?.message.contains("'sql' holds 2 statements") == true, "\(several as Any)")
  }

  @Test func aFileThatIsNoDatabaseIsSaid() throws {
    let text = folder.path + "/text.db"
    try "no database, but long enough to be looked at".write(toFile: text, atomically: true, encoding: .utf8)
    let broken = try #require(throws: Failure.self) {
      try query("SELECT 1 FROM t", ["sqliteFile": .string("file://" + text)])
    }
    #expect(broken.category == .data && broken.message.contains("not a database"), "\(broken)")
    let missing = try #require(throws: Failure.self) {
      try query("SELECT 1", ["sqliteFile": .string("file://\(folder.path)/missing.db")])
    }
    #expect(missing.category == .configuration && missing.message.contains("missing.db"), "\(missing)")
  }

  /// The outputs are declared: a flow that names `databaseUri` passes the check, and runs.
  @Test func flowsHandDatabasesOn() async throws {
    let source = """
      id: files
      tasks:
        - id: make
          type: io.kestra.plugin.jdbc.sqlite.Queries
          url: "jdbc:sqlite::memory:"
          sql: CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (41);
          outputDbFile: true
        - id: change
          type: io.kestra.plugin.jdbc.sqlite.Query
          url: jdbc:sqlite:shop.db
          sqliteFile: "{{ outputs.make.databaseUri }}"
          sql: UPDATE t SET n = n + 1
          outputDbFile: true
        - id: read
          type: io.kestra.plugin.jdbc.sqlite.Trigger
          url: jdbc:sqlite:shop.db
          sqliteFile: "{{ outputs.change.databaseUri }}"
          sql: SELECT n FROM t
      outputs:
        - {id: n, value: "{{ outputs.read.rows[0].n }}"}
      """
    let registry = Registry([sqlitePlugin])
    let (flow, found) = FlowParser.parse(source, file: folder.path + "/flow.yaml", registry: registry)
    #expect(found.map(\.line) == [])
    let engine = try Engine(
      EngineSettings(LocalHome(folder: storage), registry: registry, environment: Environment()))
    let execution = try await engine.run(try #require(flow), inputs: [:], cancellation: Cancellation())
    #expect(execution.state == .success, "\(execution.error ?? "")")
    #expect(execution.outputs == ["n": "42"])
  }

  // MARK: Trigger

  private func trigger(_ sql: String, _ more: ValueMap = [:]) throws -> ValueMap {
    try run(SQLTrigger<SQLite>.self, ["sql": .string(sql)], more)
  }

  @Test func aTriggerFetchesAndMarksWhatItHasSeen() throws {
    try python(make: "CREATE TABLE job (id INTEGER, done INTEGER); INSERT INTO job VALUES (1, 0), (2, 1), (3, 0)")
    let sql = "SELECT id FROM job WHERE done = :done ORDER BY id"
    let mark: ValueMap = [
      "parameters": ["done": 0], "afterSQL": "UPDATE job SET done = 1 WHERE done = :done", "interval": "PT5S",
    ]
    #expect(try trigger(sql, mark) == ["rows": [["id": 1], ["id": 3]], "size": 2])
    #expect(try python("SELECT count(*) FROM job WHERE done = 1") == [["3"]])
    // Nothing new: what a scheduler would not fire for.
    #expect(try trigger(sql, mark) == ["rows": [], "size": 0])
  }

  @Test func aTriggerFetchesAsItIsTold() throws {
    try python(make: "CREATE TABLE job (id INTEGER); INSERT INTO job VALUES (1), (2)")
    let sql = "SELECT id FROM job ORDER BY id"
    #expect(try trigger(sql, ["fetchType": "FETCH_ONE"]) == ["row": ["id": 1], "size": 1])
    #expect(try trigger(sql, ["fetchOne": true]) == ["row": ["id": 1], "size": 1])
    #expect(try trigger(sql, ["fetch": true]) == ["rows": [["id": 1], ["id": 2]], "size": 2])
    for store: ValueMap in [["store": true], ["fetchType": "STORE"]] {
      let outputs = try trigger(sql, store)
      #expect(outputs["size"] == 2)
      #expect(try stored(outputs).rows == [[1], [2]])
    }
    let failure = try #require(throws: Failure.self) { _ = try trigger(sql, ["fetchType": "NONE"]) }
    #expect(failure.category == .configuration)
    #expect(failure.description.hasPrefix("a trigger with fetchType: NONE would never fire"))
  }

  /// The query and what marks its rows are one transaction.
  @Test func aTriggerThatFailsMarksNothing() throws {
    try python(make: "CREATE TABLE job (id INTEGER NOT NULL, done INTEGER); INSERT INTO job VALUES (1, 0)")
    let failure = try #require(throws: Failure.self) {
      _ = try trigger("UPDATE job SET done = 1 RETURNING id", ["afterSQL": "INSERT INTO job (id) VALUES (NULL)"])
    }
    #expect(failure.category == .data && failure.code == "23502")
    #expect(try python("SELECT id, done FROM job") == [["1", "0"]])
  }
}
