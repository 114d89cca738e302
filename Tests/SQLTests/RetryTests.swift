import Engine
import Expression
import FerryTesting
import Foundation
import Records
import SQL
import SQLite
import Synchronization
import Testing

/// A load that is tried again has every row exactly once, or is not tried again.
@Suite(.serialized) struct RetryTests {
  private typealias Call = FaultyDatabase.Call
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try query("CREATE TABLE t (id BIGINT, v TEXT)")
  }

  private var url: Value { .string("jdbc:sqlite:\(folder.path)/test.db") }
  private var storage: String { folder.path + "/storage" }

  @discardableResult
  private func query(_ sql: String) throws -> ValueMap {
    try SQLQuery<SQLite>.runAlone(["url": url, "sql": .string(sql), "fetchType": "FETCH"], storage: storage).outputs
  }

  /// `id/v` of every row, sorted, so that a row that is there twice shows.
  private func rows() throws -> [String] {
    (try query("SELECT id || '/' || v AS r FROM t ORDER BY id, v")["rows"]?.list ?? []).map { $0.map?["r"]?.text ?? "" }
  }

  private func expected(_ ids: Range<Int>) -> [String] { ids.map { "\($0)/v\($0)" } }

  /// A record file with rows in batches of a size that chunks do not share.
  private func file(_ count: Int, batch: Int = 7) throws -> String {
    try TaskContext.alone(storage: storage) { context in
      let schema = Schema([Field("id", .int64), Field("v", .text)])
      let output = try context.createRecords("source.arrow", schema: schema)
      for start in stride(from: 0, to: count, by: batch) {
        let rows = BatchBuilder(schema)
        for id in start..<min(start + batch, count) {
          rows.columns[0].append(Int64(id))
          rows.columns[1].append(text: "v\(id)")
          rows.finishRows(1, bytes: 0)
        }
        try output.write(rows.finish())
      }
      try output.finish()
      return output.uri
    }
  }

  private func load(
    _ more: ValueMap, rows: Int = 40, log: KeptLog = KeptLog()
  ) throws -> (outputs: ValueMap, counts: Ledger.Counts) {
    let properties: ValueMap = [
      "url": url, "from": .string(try file(rows)), "sql": "INSERT INTO t (id, v) VALUES (?, ?)", "chunk": 10,
      "retryBackoff": "PT0.01S", "retryScope": "ALL",
    ]
    return try SQLBatch<FaultyDatabase>.runAlone(properties.merging(more), storage: storage, log: log.add)
  }

  private var connections: Int { FaultyDatabase.plan.withLock { $0.connections } }

  // MARK: what goes on

  @Test(arguments: [
    // The second chunk's rows, the third chunk's commit, the transaction behind the second chunk.
    (FaultyDatabase.Call.write, 2...3), (.finish, 2...2), (.begin, 3...3), (.begin, 3...4), (.write, 1...2),
  ])
  func resumesBehindTheLastCommittedRow(call: FaultyDatabase.Call, failures: ClosedRange<Int>) throws {
    FaultyDatabase.set { $0.failures[call] = failures }
    let log = KeptLog()
    let result = try load(["commit": "chunk"], log: log)
    #expect(result.outputs == ["rowCount": 40, "updatedCount": 40])
    #expect(result.counts.read == 40 && result.counts.written == 40 && result.counts.isBalanced)
    #expect(result.counts.retries == Int64(failures.count) && connections == failures.count + 1)
    #expect(try rows() == expected(0..<40))
    #expect(log.lines.filter { $0.contains("the load failed and starts again") }.count == failures.count)
  }

  @Test func resumesOverTheRoadOfStatements() throws {
    FaultyDatabase.set {
      $0.isSlow = true
      $0.failures[.execute] = 3...4
    }
    let result = try load(["commit": "chunk", "chunk": 6])
    #expect(result.outputs == ["rowCount": 40, "updatedCount": 40] && result.counts.retries == 2)
    #expect(try rows() == expected(0..<40))
  }

  @Test(arguments: [FaultyDatabase.Call.write, .finish, .begin]) func oneTransactionStartsAnew(
    call: FaultyDatabase.Call
  ) throws {
    FaultyDatabase.set { $0.failures[call] = (call == .write ? 4 : 1)...(call == .write ? 4 : 1) }
    let result = try load([:])
    #expect(result.outputs == ["rowCount": 40, "updatedCount": 40])
    #expect(result.counts.read == 40 && result.counts.written == 40 && result.counts.retries == 1)
    #expect(try rows() == expected(0..<40))
  }

  @Test func anInputThatIsBackIsRead() throws {
    FaultyDatabase.set { _ in }
    let source = try file(40)
    let stored = storage + source.dropFirst("ferry://".count)
    let link = folder.path + "/source.arrow"
    // A link to itself: opening it fails, as a file system that is away for a moment does.
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: link)
    let log = KeptLog { line in
      guard line.contains("starts again") else { return }
      try? FileManager.default.removeItem(atPath: link)
      try? FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: stored)
    }
    let result = try load(["from": .string("file://" + link), "retryScope": "INPUT"], log: log)
    #expect(result.outputs["rowCount"] == 40 && result.counts.retries == 1)
    #expect(try rows() == expected(0..<40))
  }

  /// Chunks of ten rows out of batches of seven.
  @Test func aChunkIsOneCommit() throws {
    FaultyDatabase.set { _ in }
    #expect(try load(["commit": "chunk"], rows: 43).outputs == ["rowCount": 43, "updatedCount": 43])
    #expect(FaultyDatabase.plan.withLock { $0.calls[.commit] } == 5)
    FaultyDatabase.set { $0.isSlow = true }
    #expect(try load(["commit": "chunk"], rows: 43).outputs == ["rowCount": 43, "updatedCount": 43])
    #expect(FaultyDatabase.plan.withLock { $0.calls[.commit] } == 5)
  }

  // MARK: what does not

  @Test func withoutResumeCommittedRowsEndTheLoad() throws {
    FaultyDatabase.set { $0.failures[.write] = 3...3 }
    let failure = try #require(throws: Failure.self) { _ = try load(["commit": "chunk", "resumeOnRetry": false]) }
    #expect(failure.category == .transient && failure.message.contains("the server closed the connection"))
    #expect(connections == 1)
    #expect(try rows() == expected(0..<10))
    // Before the first commit there is nothing to load twice.
    try query("DELETE FROM t")
    FaultyDatabase.set { $0.failures[.write] = 1...1 }
    #expect(try load(["commit": "chunk", "resumeOnRetry": false]).outputs["rowCount"] == 40)
    #expect(try rows() == expected(0..<40))
  }

  /// Whether the rows are in is not known: a retry might load them twice.
  @Test(arguments: ["all", "chunk"]) func aLostAnswerToACommitIsNotTriedAgain(commit: String) throws {
    FaultyDatabase.set { $0.failures[.committed] = 1...1 }
    let failure = try #require(throws: Failure.self) { _ = try load(["commit": .string(commit)]) }
    #expect(failure.message.contains("committing the load of t") && connections == 1)
    #expect(try rows() == expected(0..<(commit == "all" ? 40 : 10)))
  }

  @Test(arguments: ["all", "chunk"]) func aLostAnswerIsAskedFor(commit: String) throws {
    FaultyDatabase.set { $0.failures[.committed] = 2...2 }
    let log = KeptLog()
    if commit == "all" { FaultyDatabase.set { $0.failures[.committed] = 1...1 } }
    let result = try load(["commit": .string(commit), "commitToken": "table"], log: log)
    #expect(result.outputs == ["rowCount": 40, "updatedCount": 40])
    #expect(result.counts.read == 40 && result.counts.written == 40)
    #expect(try rows() == expected(0..<40))
    #expect(log.lines.contains { $0.contains("the server says that it is committed") })
    // One row for the whole load, which goes along with its commits.
    #expect(try query("SELECT count(*) AS n FROM ferry_commits WHERE committed > 0")["rows"] == [["n": 1]])
  }

  @Test(arguments: ["all", "chunk"]) func aCommitThatWasNotDoneIsDoneAgain(commit: String) throws {
    FaultyDatabase.set { $0.failures[.commit] = 1...1 }
    let result = try load(["commit": .string(commit), "commitToken": "table"])
    #expect(result.outputs == ["rowCount": 40, "updatedCount": 40] && result.counts.retries == 1)
    #expect(try rows() == expected(0..<40))
  }

  @Test func whatIsKnownOfAFailureIsSaid() throws {
    FaultyDatabase.set { $0.failures[.write] = 3...3 }
    let partial = try #require(throws: Failure.self) {
      _ = try load(["commit": "chunk", "resumeOnRetry": false])
    }
    #expect(partial.outcome == .partial && partial.message.contains("the first 10 rows of the input are committed"))
    try query("DELETE FROM t")
    FaultyDatabase.set { $0.failures[.write] = 3...3 }
    #expect(try #require(throws: Failure.self) { _ = try load(["retryScope": "NONE"]) }.outcome == .undone)
    FaultyDatabase.set { $0.failures[.committed] = 1...1 }
    #expect(try #require(throws: Failure.self) { _ = try load([:]) }.outcome == .unknown)
  }

  @Test func retriesEnd() throws {
    FaultyDatabase.set { $0.failures[.write] = 2...100 }
    _ = try #require(throws: Failure.self) { _ = try load(["maxRetries": 2]) }
    #expect(connections == 3)
    #expect(try rows() == [])
  }

  @Test(arguments: ["NONE", "INPUT"]) func theScopeKeepsItsWord(scope: String) throws {
    FaultyDatabase.set { $0.failures[.write] = 2...2 }
    _ = try #require(throws: Failure.self) { _ = try load(["retryScope": .string(scope)]) }
    #expect(connections == 1)
    #expect(try rows() == [])
  }

  @Test(arguments: [Failure.Category.data, .schema, .auth, .quota, .bug]) func onlyWhatPassesIsTriedAgain(
    category: Failure.Category
  ) throws {
    FaultyDatabase.set {
      $0.failures[.write] = 2...2
      $0.failure = Failure(category, "no")
    }
    #expect(try #require(throws: Failure.self) { _ = try load([:]) }.category == category)
    #expect(connections == 1)
  }

  @Test func aTableWithoutTransactionsIsNotLoadedTwice() throws {
    FaultyDatabase.set {
      $0.isTransactional = false
      $0.failures[.write] = 2...2
    }
    _ = try #require(throws: Failure.self) { _ = try load([:]) }
    #expect(connections == 1)
    // The server says that it did nothing, or has not been reached yet.
    for call in [Call.write, .begin] {
      try query("DELETE FROM t")
      FaultyDatabase.set {
        $0.isTransactional = false
        $0.failures[call] = 1...1
        $0.failure.retryIsSafe = call == .write
      }
      #expect(try load([:]).outputs["rowCount"] == 40, "\(call)")
      #expect(try rows() == expected(0..<40))
    }
  }

  @Test func aCancellationEndsTheWait() throws {
    FaultyDatabase.set { $0.failures[.write] = 1...100 }
    let cancellation = Cancellation()
    let began = ContinuousClock.now
    let log = KeptLog { if $0.contains("starts again") { cancellation.cancel(.signal(2)) } }
    let failure = try #require(throws: Failure.self) {
      _ = try SQLBatch<FaultyDatabase>.runAlone(
        [
          "url": url, "from": .string(try file(3)), "table": "t", "retryScope": "ALL", "retryBackoff": "PT1M",
        ], storage: storage, cancellation: cancellation, log: log.add)
    }
    #expect(failure.category == .cancelled && ContinuousClock.now - began < .seconds(20))
  }
}
