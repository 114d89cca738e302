import Expression
import FerryTesting
import Foundation
import Records
import SQL
import SQLite
import Testing

@testable import Engine

/// All that bears on "each row once", crossed with each other: how a load commits, over which road, whether its commit
/// can be asked for, what breaks and when, who tries again, whether the load begins early. Whatever the crossing, no
/// row is there twice, what a failed task says of its work is true, and a restart ends with every row once or is
/// refused and changes nothing.
@Suite(.serialized) struct CrossingTests {
  enum Commit: String, CaseIterable { case all, chunk }
  enum Road: String, CaseIterable { case bulk, statement }
  enum Token: String, CaseIterable { case table, none }
  enum Trouble: String, CaseIterable { case cut, cutTwice, refused, cancelled }
  enum Retry: String, CaseIterable { case nobody, load, task }

  /// One row of the table; `description` names it where it fails.
  struct Crossing: CustomStringConvertible, Sendable {
    var commit: Commit
    var road: Road
    var token: Token
    var trouble: Trouble
    var call: FaultyDatabase.Call
    var retry: Retry
    var isEarly: Bool

    var description: String {
      "commit \(commit), \(road), token \(token), \(trouble) at \(call), retry by \(retry)\(isEarly ? ", early" : "")"
    }

    /// A server that refuses a row has not lost anything: nothing of it is transient, and nobody tries it again.
    var failure: Failure {
      trouble == .refused ? Failure(.data, "no") : Failure(.transient, "the server closed the connection")
    }

    /// The first commit of several leaves something behind.
    var failures: ClosedRange<Int> {
      let first = commit == .all && call != .write && call != .execute ? 1 : 2
      return first...(trouble == .cutTwice ? first + 1 : first)
    }

    static func all(_ commit: Commit, _ road: Road, _ token: Token) -> [Crossing] {
      let calls: [FaultyDatabase.Call] =
        road == .bulk ? [.begin, .write, .finish, .commit, .committed] : [.begin, .execute, .commit, .committed]
      return Trouble.allCases.flatMap { trouble in
        calls.flatMap { call in
          Retry.allCases.flatMap { retry in
            // A load that commits in between never begins early.
            (commit == .all ? [false, true] : [false]).map { isEarly in
              Crossing(
                commit: commit, road: road, token: token, trouble: trouble, call: call, retry: retry, isEarly: isEarly)
            }
          }
        }
      }
    }
  }

  private static let rows = 45

  /// How a crossing ended, and what came of its restart.
  enum Ending { case success, undone, partial, resumed, unknown, refused }

  @Test(arguments: Commit.allCases, Road.allCases) func everyRowOnce(commit: Commit, road: Road) async throws {
    var endings: Set<Ending> = []
    let bench = try CrossingBench(rows: CrossingTests.rows)
    for token in Token.allCases {
      for crossing in Crossing.all(commit, road, token) { endings.formUnion(try await check(crossing, bench)) }
    }
    // The table leads everywhere that such a load can get to.
    let own: Set<Ending> = commit == .all ? [.undone] : [.partial, .resumed]
    #expect(endings == own.union([.success, .unknown, .refused]))
    #expect(bench.log.lines.contains { $0.contains("starts anew") } == (commit == .all))
  }

  private func check(_ crossing: Crossing, _ bench: CrossingBench) async throws -> Set<Ending> {
    try bench.empty()
    let cancellation = Cancellation()
    FaultyDatabase.set { plan in
      plan.isSlow = crossing.road == .statement
      plan.failures[crossing.call] = crossing.failures
      plan.failure = crossing.failure
      if crossing.trouble == .cancelled { plan.action = { cancellation.cancel(.signal(2)) } }
    }
    let flow = try bench.flow(crossing)
    let first = try await bench.engine(crossing).run(flow, inputs: [:], cancellation: cancellation)
    let rows = try bench.loaded()
    let load = first.taskRuns.last { $0.taskID == "load" }
    #expect(Set(rows).count == rows.count, "\(crossing): a row is there twice")
    guard first.state != .success else {
      #expect(rows == bench.expected, "\(crossing)")
      #expect(load?.ledger.written == Int64(rows.count) && load?.ledger.isBalanced == true, "\(crossing)")
      return [.success]
    }
    let outcome = load?.outcome ?? .undone
    expectTrue(outcome, load?.ledger.written ?? 0, rows, crossing, bench)
    return [Ending(outcome), try await restart(crossing, flow, first, outcome, rows, bench)]
  }

  /// What a failed task says of its work, against what the table holds.
  private func expectTrue(
    _ outcome: Failure.Outcome, _ written: Int64, _ rows: [Int], _ crossing: Crossing, _ bench: CrossingBench
  ) {
    #expect(rows == Array(bench.expected.prefix(rows.count)), "\(crossing): the rows are not the first ones")
    switch outcome {
    case .undone: #expect(rows.isEmpty && written == 0, "\(crossing): undone, and \(rows.count) rows are there")
    case .partial:
      #expect(!rows.isEmpty && written == Int64(rows.count), "\(crossing): \(written) written, \(rows.count) there")
    case .unknown: #expect(written <= Int64(rows.count), "\(crossing): \(written) written, \(rows.count) there")
    }
  }

  private func restart(
    _ crossing: Crossing, _ flow: Flow, _ first: Execution, _ outcome: Failure.Outcome, _ rows: [Int],
    _ bench: CrossingBench
  ) async throws -> Ending {
    FaultyDatabase.set { $0.isSlow = crossing.road == .statement }
    do {
      let again = try await bench.engine(crossing).run(
        flow, inputs: [:], restart: first.id, cancellation: Cancellation())
      #expect(again.state == .success, "\(crossing): \(again.error ?? "")")
      #expect(try bench.loaded() == bench.expected, "\(crossing): after the restart of a load that was \(outcome)")
      return outcome == .partial ? .resumed : .success
    } catch let failure as Failure {
      #expect(outcome != .undone, "\(crossing): nothing was done, and the restart is refused: \(failure.message)")
      #expect(failure.hint?.contains("--accept-unknown") == true, "\(crossing): \(failure.message)")
      #expect(crossing.token == .none, "\(crossing): the token could have been asked for")
      #expect(try bench.loaded() == rows, "\(crossing): refused, and changed")
      return .refused
    }
  }
}

extension CrossingTests.Ending {
  fileprivate init(_ outcome: Failure.Outcome) {
    self =
      switch outcome {
      case .undone: .undone
      case .partial: .partial
      case .unknown: .unknown
      }
  }
}

private struct LogObserver: RunObserver {
  let log: KeptLog
  func handle(_ event: RunEvent) { if case .log(let line) = event { log.add(line.message) } }
}

/// Two databases, and a flow that loads the rows of the one into the other.
private struct CrossingBench {
  let folder: TemporaryFolder
  let engines: [Engine]
  let registry: Registry
  let log = KeptLog()
  let expected: [Int]

  init(rows: Int) throws {
    folder = try TemporaryFolder(inMemory: true)
    registry = Registry([
      Plugin("sound", "The source.", tasks: [SQLQuery<SoundDatabase>.self]),
      Plugin("faulty", "The target, which fails.", tasks: [SQLBatch<FaultyDatabase>.self]),
    ])
    engines = try [1, 2].map { [folder, registry, log] threads in
      var settings = EngineSettings(
        try LocalHome(folder: "\(folder.path)/storage\(threads)"), registry: registry, environment: try Environment())
      settings.threads = threads
      settings.logLevel = .debug
      settings.observers = [LogObserver(log: log)]
      return Engine(settings)
    }
    expected = Array(0..<rows)
    try sql("target", "CREATE TABLE t (id BIGINT, v TEXT)")
    try sql("source", "CREATE TABLE s (id BIGINT, v TEXT)")
    let values = expected.map { "(\($0), 'v\($0)')" }.joined(separator: ", ")
    try sql("source", "INSERT INTO s VALUES \(values)")
  }

  @discardableResult
  private func sql(_ name: String, _ text: String) throws -> ValueMap {
    try SQLQuery<SQLite>.runAlone(
      ["url": .string("jdbc:sqlite:\(folder.path)/\(name).db"), "sql": .string(text), "fetchType": "FETCH"],
      storage: folder.path + "/alone"
    ).outputs
  }

  /// A second thread lets the load begin with the first rows.
  func engine(_ crossing: CrossingTests.Crossing) -> Engine { engines[crossing.isEarly ? 1 : 0] }

  func empty() throws { try sql("target", "DELETE FROM t") }

  func loaded() throws -> [Int] {
    (try sql("target", "SELECT id FROM t ORDER BY id")["rows"]?.list ?? []).map {
      $0.map?["id"]?.int.map(Int.init) ?? -1
    }
  }

  func flow(_ crossing: CrossingTests.Crossing) throws -> Flow {
    let yaml = """
      id: crossing
      namespace: test
      tasks:
        - id: read
          type: jdbc.sound.Query
          url: "jdbc:sound://source\(folder.path)/source.db"
          sql: SELECT * FROM s ORDER BY id
          fetchType: STORE
        - id: load
          type: jdbc.faulty.Batch
          url: "jdbc:faulty://target\(folder.path)/target.db"
          from: "{{ outputs.read.uri }}"
          sql: INSERT INTO t (id, v) VALUES (?, ?)
          chunk: 10
          commit: \(crossing.commit)
          commitToken: \(crossing.token)
          retryScope: \(crossing.retry == .load ? "ALL" : "NONE")
          retryBackoff: PT0.001S
          \(crossing.retry == .task ? "retry: {type: constant, interval: PT0.001S, maxAttempts: 3}" : "")
      """
    let (flow, diagnostics) = FlowParser.parse(yaml, file: folder.path + "/crossing.yaml", registry: registry)
    return try #require(flow, "\(diagnostics.map(\.line).joined(separator: "\n"))")
  }
}
