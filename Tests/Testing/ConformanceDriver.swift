internal import Engine
internal import Expression
internal import Foundation
internal import Records
internal import SQL
import Testing

/// What the kit and the engine need of a driver beside its values.
extension DatabaseConformance {
  private var url: String { database.connection["url"]?.string ?? "" }

  /// The kit finds the server in every URL, with or without a port: by that it knows whether two tasks meet on one.
  func place() throws {
    guard let port = Driver.port else { return #expect(Driver.server(of: url) == nil) }
    let host = try #require(try JDBCURL(url, Driver.urlForm).hosts.first)
    #expect(Driver.server(of: url) == "\(host.name.lowercased()):\(host.port ?? port)")
    let alone = url.replacing(":\(host.port ?? port)", with: "")
    #expect(Driver.server(of: alone) == "\(host.name.lowercased()):\(port)")
    #expect(Driver.place(of: url).hasPrefix("\(Driver.name)://\(host.name.lowercased()):"))
    #expect(Driver.place(of: url) != Driver.place(of: alone) || host.port == port)
  }

  /// A password inside of a URL is seen nowhere, however it is written: not in the driver's errors, not in what a task
  /// behind it logs.
  func secrets() async throws {
    guard Driver.port != nil || Driver.urlForm == .connectionString else { return }
    let password = "p;w/ü @\(Int.random(in: 10_000..<99_999)) end"
    let escaped = password.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    for (url, written) in urls(with: password, escaped) {
      let bench = try ConformanceBench<Driver>(database.storage)
      let task = database.connection.merging(["url": .string(url), "password": .null, "username": .null])
      let properties = task.filter { !$0.value.isNull }.map { "    \($0.key): \($0.value.json())" }
      try await bench.run(
        """
        tasks:
          - id: read
            type: jdbc.\(ConformanceBench<Driver>.name).Query
            allowFailure: true
        \(properties.joined(separator: "\n"))
            sql: SELECT 1
          - {id: log, type: core.log.Log, message: \(Value.string("read from \(url)").json())}
        """)
      let shown = bench.lines
      #expect(shown.contains { $0.hasPrefix("read from ") }, "\(shown)")
      for line in shown {
        #expect(!line.contains(password) && !line.contains(written), "\(line)")
      }
    }
  }

  private func urls(with password: String, _ escaped: String) -> [(url: String, written: String)] {
    if Driver.urlForm == .connectionString { return [(url + ";UID=nobody;PWD={\(password)}", password)] }
    guard let slashes = url.firstRange(of: "//") else { return [] }
    switch Driver.urlForm {
    case .servers, .serversOrName:
      var user = url
      user.insert(contentsOf: "nobody:\(escaped)@", at: slashes.upperBound)
      let mark = url.contains("?") ? "&" : "?"
      return [(user, escaped), (url + "\(mark)user=nobody&password=\(escaped)", escaped)]
    case .properties:
      return [(url + ";user=nobody;password={\(password)}", password)]
    case .file, .connectionString, .instances: return []
    }
  }

  /// A load begins with the first rows that the task before it writes: where the driver tells the engine its server.
  func overlap() async throws {
    try create("early", [("n", .int64)])
    let bench = try ConformanceBench<Driver>(database.storage, threads: 2)
    let properties = database.connection.map { "    \($0.key): \($0.value.json())" }.joined(separator: "\n")
    let began = await bench.began
    try await bench.run(
      """
      tasks:
        - {id: rows, type: conformance.Rows, waits: \(Driver.port != nil)}
        - id: load
          type: jdbc.\(ConformanceBench<Driver>.name).Batch
      \(properties)
          from: "{{ outputs.rows.uri }}"
          table: early
      """)
    #expect(bench.execution?.state == .success, "\(bench.lines)")
    let isEarly = bench.outputs("rows")["met"] == true
    #expect(isEarly == (Driver.port != nil), "a load into \(Driver.title) did not begin with the first rows")
    #expect(await bench.began == began + 1)
    #expect(try database.independent("SELECT count(*) FROM early") == [["2"]])
  }

  /// What went wrong first is what the task says, whatever else went wrong because of it.
  func causes() throws {
    let one = table([("id", integers(0..<1))])
    try create("caused", [("id", .int64)])
    let long = String(repeating: "n", count: 200)
    let loads: [ValueMap] = [
      ["sql": "INSERT INTO no_such_place.t (id) VALUES (?)"], ["table": "no_such_place.t"],
      ["sql": "INSERT INTO a.b.c.d (id) VALUES (?)"], ["sql": "INSERT INTO caused (nope) VALUES (?)"],
      ["sql": "INSERT INTO caused (id) SELECT ? FROM nowhere"], ["table": .string(long)],
      ["sql": "UPDATE caused SET id = no_such_function(?)"],
    ]
    for load in loads {
      let failure = try failure { try batch([one], load) }
      #expect(failure.category == .schema && failure.code != "25P02", "\(load): \(failure)")
    }
    if let (table, login) = try database.forbidden() {
      for sql in ["INSERT INTO \(table) (id) VALUES (?)", "INSERT INTO \(table) (id) VALUES (? + 0)", nil] {
        let load: ValueMap = sql.map { ["sql": .string($0)] } ?? ["table": .string(table)]
        let failure = try failure { try batch([one], load.merging(login)) }
        #expect(failure.category == .auth && failure.code != "25P02", "\(load): \(failure)")
      }
    }
    // The transaction is open, and the statement behind the one that fails is not the one to speak of.
    let late = try failure { try query("SELECT nothing FROM nowhere", ["afterSQL": "SELECT other FROM elsewhere"]) }
    #expect(late.message.contains("nowhere") && late.category == .schema, "\(late)")
  }
}

/// An engine with one driver, which tells when a task connects.
final class ConformanceBench<D: SQLDriver> {
  static var name: String { NotedDriver<D>.name }
  private let engine: Engine
  private let registry: Registry
  private let state: Seen

  private final class Seen: RunObserver, @unchecked Sendable {
    let lock = NSLock()
    var lines: [String] = []
    var execution: Execution?

    func handle(_ event: RunEvent) {
      lock.withLock {
        switch event {
        case .log(let line): lines.append(line.message)
        case .executionEnded(let ended): execution = ended
        default: break
        }
      }
    }
  }

  init(_ storage: String, threads: Int = 1) throws {
    let plugin = Plugin(
      "conformance", "The suite's.",
      tasks: [SQLQuery<NotedDriver<D>>.self, SQLBatch<NotedDriver<D>>.self, ConformanceRows.self])
    registry = Registry([plugin])
    state = Seen()
    var settings = EngineSettings(
      try LocalHome(folder: storage + "/flows"), registry: registry, environment: try Environment())
    settings.observers = [state]
    settings.threads = threads
    engine = Engine(settings)
  }

  var lines: [String] { state.lock.withLock { state.lines } }
  var execution: Execution? { state.lock.withLock { state.execution } }
  var began: Int { get async { Connects.count } }
  func outputs(_ task: String) -> ValueMap { execution?.taskRuns.first { $0.taskID == task }?.outputs ?? [:] }

  func run(_ tasks: String) async throws {
    let text = "id: conformance\nnamespace: test\n" + tasks
    let (flow, problems) = FlowParser.parse(text, file: "conformance.yaml", registry: registry)
    guard let flow else { throw TestFault(problems.map(\.line).joined(separator: "\n")) }
    _ = try await engine.run(flow, inputs: [:], cancellation: Cancellation())
  }
}

/// Counts the connections of all `NotedDriver`s.
private enum Connects {
  private static let lock = NSLock()
  nonisolated(unsafe) private static var made = 0
  static var count: Int { lock.withLock { made } }
  static func add() { lock.withLock { made += 1 } }
}

/// A driver that tells when it connects.
enum NotedDriver<D: SQLDriver>: SQLDriver {
  static var name: String { "noted.\(D.name)" }
  static var aliases: [String] { [] }
  static var title: String { D.title }
  static var urlPrefixes: [String] { D.urlPrefixes }
  static var urlForm: JDBCURL.Form { D.urlForm }
  static var urlExample: String { D.urlExample }
  static var port: Int? { D.port }
  static var urlDefault: String? { D.urlDefault }
  static var clocksAreInstants: Bool { D.clocksAreInstants }
  static var outputs: [TaskOutput] { D.outputs }
  static var dialect: Dialect { D.dialect }

  static func connect(
    _ settings: ConnectionSettings, _ options: D.Options, _ context: TaskContext
  ) throws -> any SQLConnection {
    Connects.add()
    return try D.connect(settings, options, context)
  }
}

/// Writes a row, and the second one when the task behind it has connected.
struct ConformanceRows: FerryTask {
  static let info = TaskInfo(
    "conformance.Rows", "Two rows.",
    outputs: [TaskOutput("uri", .uri, "The rows."), TaskOutput("met", .boolean, "Whether the next task had begun.")])
  @Property("Whether somebody is expected.") var waits: Bool

  func run(_ context: TaskContext) throws -> ValueMap {
    let schema = Schema([Field("n", .int64)])
    let output = try context.createRecords(schema: schema, from: "elsewhere:1")
    let before = Connects.count
    let end = Date().addingTimeInterval(waits ? 30 : 0.5)
    for number in 1...2 {
      let rows = BatchBuilder(schema)
      rows.columns[0].append(Int64(number))
      _ = rows.finishRow(bytes: 8)
      context.ledger.add(read: 1)
      try output.write(rows.finish())
      while number == 1, Connects.count == before, Date() < end { TestThread.pause(.milliseconds(10)) }
    }
    let hasMet = Connects.count > before
    try output.finish()
    return ["uri": .string(output.uri), "met": .bool(hasMet)]
  }
}
