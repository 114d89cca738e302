import Expression
import Foundation
import Records
import Testing

@testable import Engine

/// Many executions write one journal: together, in order, and each for itself when something is wrong.
@Suite struct JournalTests {
  /// Keeps what is written in memory; refuses what it is told to, and waits where it is told to.
  private final class Memory: JournalWriter {
    struct State: Sendable {
      var written: [[Journal.Unit]] = []
      var refused: Set<String> = []
      /// Whether the space that is kept for what has happened is still there.
      var hasReserve = false
      var isHeld = false
    }
    let state = Monitor(State())

    func write(_ units: [Journal.Unit]) -> [Failure?] {
      state.wait { state in
        if state.isHeld { return nil }
        let failures = units.map { unit in
          state.refused.contains(unit.execution) ? Failure(.quota, "full for \(unit.execution)") : nil
        }
        state.written.append(zip(units, failures).filter { $0.1 == nil }.map(\.0))
        return failures
      }
    }

    func writeAtAnyPrice(_ unit: Journal.Unit) -> Failure? {
      if state.withLock({ $0.hasReserve }) {
        state.withLock { state in
          state.hasReserve = false
          state.written.append([unit])
        }
        return nil
      }
      return write([unit])[0]
    }

    var units: [[Journal.Unit]] { state.withLock { $0.written } }
  }

  private func run(_ execution: String, _ id: String) -> TaskRun {
    TaskRun(
      id: id, executionID: execution, taskID: id, type: "test.T", iterationPath: "", state: .running, started: .now())
  }

  private func line(_ execution: String, _ text: String) -> LogLine {
    LogLine(time: .now(), level: .info, executionID: execution, message: text)
  }

  private func begin(_ journal: Journal, _ execution: String) async throws {
    let execution = Execution(id: execution, namespace: "n", flowID: "f", state: .running, started: .now())
    try await journal.commit(.executionBegan(execution, file: "", source: ""))
  }

  /// While one write is under way, all that comes waits for the next one, and goes with it.
  @Test func whatWaitsIsWrittenAtOnce() async throws {
    let memory = Memory()
    let journal = Journal(memory)
    memory.state.withLock { $0.isHeld = true }
    await withTaskGroup(of: Void.self) { group in
      for number in 0..<100 {
        group.addTask {
          for turn in 0..<3 { try? await journal.commit(.taskBegan(self.run("e\(number)", "t\(turn)"))) }
        }
      }
      group.addTask {
        try? await Task.sleep(for: .milliseconds(100))
        memory.state.withLock { $0.isHeld = false }
      }
    }
    journal.close()
    let units = memory.units
    #expect(units.count < 30, "\(units.count) writes of 300 changes")
    for number in 0..<100 {
      let own = units.flatMap { $0 }.filter { $0.execution == "e\(number)" }.flatMap(\.changes)
      let names = own.map { if case .taskBegan(let run) = $0 { run.id } else { "?" } }
      #expect(names == ["t0", "t1", "t2"])
    }
  }

  @Test func oneFailedWriteConcernsItsOwnExecution() async throws {
    let memory = Memory()
    let journal = Journal(memory)
    memory.state.withLock { $0.refused = ["bad"] }
    await withTaskGroup(of: Void.self) { group in
      for number in 0..<20 {
        group.addTask {
          let isBad = number % 2 == 0
          let run = self.run(isBad ? "bad" : "good", "t\(number)")
          do {
            try await journal.commit(.taskBegan(run))
            #expect(!isBad)
          } catch {
            #expect(isBad && (error as? Failure)?.message == "full for bad")
          }
        }
      }
    }
    journal.close()
    #expect(memory.units.flatMap { $0 }.filter { $0.execution == "good" }.flatMap(\.changes).count == 10)
    #expect(journal.unrecorded(of: "bad").isEmpty)
  }

  /// What has happened is kept, in order and before whatever comes next; what was to happen is refused.
  @Test func whatHasHappenedIsKept() async throws {
    let memory = Memory()
    let journal = Journal(memory)
    try await begin(journal, "e")
    memory.state.withLock { $0.refused = ["e"] }
    journal.log(line("e", "first"))
    #expect(await journal.note(.taskEnded(run("e", "a")))?.message == "full for e")
    await #expect(throws: Failure.self) { try await journal.commit(.taskBegan(run("e", "b"))) }
    #expect(await journal.note(.taskEnded(run("e", "c"))) != nil)
    #expect(journal.unrecorded(of: "e").count == 2)
    journal.log(line("e", "second"))
    memory.state.withLock { $0.refused = [] }
    try await journal.commit(.taskBegan(run("e", "d")))
    #expect(journal.unrecorded(of: "e").isEmpty)
    journal.close()
    let last = try #require(memory.units.last?.first)
    #expect(last.logs.map(\.message) == ["first", "second"])
    let names = last.changes.map { change in
      switch change {
      case .taskEnded(let run): "end \(run.id)"
      case .taskBegan(let run): "begin \(run.id)"
      default: "?"
      }
    }
    #expect(names == ["end a", "end c", "begin d"])
  }

  /// The space that is kept is for what has happened: nothing begins with it.
  @Test func theReserveIsForWhatHasHappened() async throws {
    let memory = Memory()
    let journal = Journal(memory)
    try await begin(journal, "e")
    memory.state.withLock {
      $0.refused = ["e"]
      $0.hasReserve = true
    }
    await #expect(throws: Failure.self) { try await journal.commit(.taskBegan(run("e", "a"))) }
    #expect(memory.state.withLock { $0.hasReserve })
    #expect(await journal.note(.taskEnded(run("e", "b"))) == nil)
    #expect(!memory.state.withLock { $0.hasReserve })
    await #expect(throws: Failure.self) { try await journal.commit(.taskBegan(run("e", "c"))) }
    journal.close()
  }

  /// Lines of log wait for a change, but not for ever, and never more than can be kept.
  @Test func linesWaitForTheNextChange() async throws {
    let memory = Memory()
    let journal = Journal(memory)
    try await begin(journal, "e")
    for number in 0..<(Journal.heldLines - 1) { journal.log(line("e", "\(number)")) }
    #expect(memory.units.count == 1)
    journal.log(line("e", "last"))
    while memory.units.count < 2 { try await Task.sleep(for: .milliseconds(1)) }
    #expect(memory.units.last?.first?.logs.count == Journal.heldLines)
    memory.state.withLock { $0.refused = ["e"] }
    for number in 0..<(2 * Journal.mostHeldLines) { journal.log(line("e", "\(number)")) }
    memory.state.withLock { $0.refused = [] }
    journal.close()
    let logs = memory.units.dropFirst(2).flatMap { $0 }.flatMap(\.logs)
    #expect(logs.count <= Journal.mostHeldLines && logs.first?.message == "0")
  }

  /// What comes of an execution that has ended waits for nothing, as nothing more comes of it.
  @Test func lateLinesAreWritten() async throws {
    let memory = Memory()
    let journal = Journal(memory)
    journal.log(line("gone", "late"))
    while memory.units.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
    #expect(memory.units.first?.first?.logs.map(\.message) == ["late"])
    journal.close()
  }

  // MARK: SQLite

  /// A row that SQLite refuses takes nobody else's with it.
  @Test func sqliteWritesTheOthers() async throws {
    let bench = try Bench()
    try bench.store.withDatabase {
      try $0.execute(
        """
        CREATE TRIGGER refuse BEFORE INSERT ON task_runs WHEN new.task = 'bad'
        BEGIN SELECT RAISE(ABORT, 'not this one'); END
        """)
    }
    let flows = try (0..<8).map { number in
      try bench.parse(
        "id: f\(number)\ntasks: [{id: \(number % 2 == 0 ? "bad" : "good"), type: core.debug.Return, format: 1}]",
        file: "f\(number).yaml")
    }
    let states = await withTaskGroup(of: (Int, RunState?).self) { group in
      for (number, flow) in flows.enumerated() {
        group.addTask {
          (number, try? await bench.engine.run(flow, inputs: [:], cancellation: Cancellation()).state)
        }
      }
      return await group.reduce(into: [Int: RunState]()) { $0[$1.0] = $1.1 }
    }
    #expect(states == Dictionary(uniqueKeysWithValues: (0..<8).map { ($0, $0 % 2 == 0 ? .failed : .success) }))
    let recorded = try await bench.engine.store.executions(limit: 50)
    #expect(
      recorded.count == 8
        && recorded.allSatisfy { $0.state == ($0.flowID.last.map { "0246".contains($0) } == true ? .failed : .success) }
    )
    let failed = try #require(recorded.first { $0.state == .failed })
    #expect(failed.error?.contains("not this one") == true)
  }

  // MARK: a record of another version

  /// As the Ferry of version 3 left it: succeeded, failed with a subflow, failed with rows that stay.
  private func oldRecord() throws -> Folder {
    let folder = try Folder()
    let path = folder.path + "/storage"
    try FileManager.default.createDirectory(atPath: path + "/files", withIntermediateDirectories: true)
    try FileManager.default.copyItem(
      at: Repository.root.appending(path: "fixtures/record/version-3.db"), to: URL(filePath: path + "/ferry.db"))
    return folder
  }

  private func check(_ store: some RunStore) async throws {
    let all = try await store.executions(limit: 10)
    #expect(all.map(\.flowID) == ["left", "child", "bad", "good"])
    #expect(all.map(\.state.rawValue) == ["FAILED", "FAILED", "FAILED", "SUCCESS"])
    let good = try #require(try await store.execution(all[3].id))
    #expect(good.labels == ["team": "data", "cost.centre": "42"] && good.inputs == ["day": "2026-11-21"])
    #expect(good.taskRuns.map(\.taskID) == ["hello", "each", "inner", "inner", "rows"])
    #expect(good.taskRuns[3].value == "b" && good.taskRuns[3].iterationPath == "1")
    #expect(good.run("rows")?.ledger == Ledger.Counts(read: 2, written: 2, bytes: 16, batches: 1))
    #expect(try await store.logs(good.id).map(\.message) == ["day 2026-11-21"])
    let bad = try #require(try await store.execution(String(all[2].id.prefix(10))))
    #expect(bad.run("before")?.kept == ["value": "kept pw12"] && bad.run("before")?.outputs == ["value": "kept ******"])
    #expect(bad.run("sub")?.outputs["executionId"]?.string == all[1].id && all[1].parentID == bad.id)
    #expect(try await store.execution(all[1].id)?.run("stop")?.attempts == 2)
    let left = try #require(try await store.execution(all[0].id))
    #expect(left.run("part")?.outcome == .partial && left.run("part")?.canResume == true)
    #expect(left.run("part")?.ledger.written == 2)
    #expect(try await store.progress(of: left.id)["part"]?.progress.state["input"] == "9a69680d171618f5")
  }

  @Test func aRecordOfVersion3IsMigrated() async throws {
    let folder = try oldRecord()
    let bench = try Bench(folder: folder)
    try await check(bench.store)
    let version = try bench.store.withDatabase { try $0.run("PRAGMA user_version") }
    #expect(version == [["4"]])
    let columns = try bench.store.withDatabase { try $0.run("SELECT name FROM pragma_table_info('task_runs')") }
    #expect(!columns.contains(["ledger"]) && columns.contains(["written"]))
    let whole = try bench.store.withDatabase { try $0.run("PRAGMA integrity_check") }
    #expect(whole == [["ok"]])
    // It goes on being one: the subflow that failed is restarted.
    #expect(try await bench.run("tasks: [{id: a, type: core.debug.Return, format: 1}]").state == .success)
  }

  /// What can only be looked at is shown as if it were migrated, and stays as it is.
  @Test func aRecordOfVersion3IsReadAsItIs() async throws {
    let folder = try oldRecord()
    let before = try Data(contentsOf: URL(filePath: folder.path + "/storage/ferry.db"))
    try await check(try SQLiteRunStore(reading: folder.path + "/storage"))
    #expect(try Data(contentsOf: URL(filePath: folder.path + "/storage/ferry.db")) == before)
  }

  /// Those that run are found without a look at all that ever ran.
  @Test(arguments: [
    "SELECT id FROM executions WHERE state IN \(SQLiteRunStore.unended)",
    "SELECT count(*) FROM executions WHERE namespace = 'n' AND flow = 'f' AND state IN \(SQLiteRunStore.unended)",
    "SELECT id FROM executions WHERE id >= 'a' AND id < 'a{'",
    "SELECT id FROM executions ORDER BY started DESC LIMIT 5",
  ]) func theRecordIsSearchedByItsIndexes(sql: String) throws {
    let plan = try Bench().store.withDatabase { try $0.run("EXPLAIN QUERY PLAN \(sql)") }
    #expect(plan.allSatisfy { ($0.last ?? nil)?.contains("USING") == true }, "\(plan)")
  }
}
