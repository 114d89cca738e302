import Expression
import Foundation
import Glibc
import Records
import Testing

@testable import Engine

/// What the record of runs knows, and what may happen without it.
@Suite struct RecordTests {
  private static let failing = """
    id: record
    tasks:
      - {id: first, type: core.debug.Return, format: 1}
      - {id: load, type: test.Flaky, key: KEY, failures: 1, category: data}
    """

  private func flow(_ key: String) -> String { RecordTests.failing.replacing("KEY", with: key) }

  /// The lock is taken before the state is looked at: who waited for it finds that there is nothing left to do.
  @Test func anExecutionIsRestartedOnce() async throws {
    let key = UUID().uuidString
    let first = try Bench()
    let second = try Bench(folder: first.folder)
    let failed = try await first.run(flow(key))
    #expect(failed.state == .failed)
    let flow = try first.parse(flow(key))
    // The first has the lock and has not begun; the second sees an execution that failed, and waits.
    let claimed = try await first.engine.store.claim(failed.id, of: flow)
    let waiting = Task { try await second.run(self.flow(key), restart: failed.id) }
    try await Task.sleep(for: .milliseconds(100))
    try await first.engine.store.commit(.executionBegan(claimed, file: flow.file, source: ""))
    var ended = claimed
    ended.state = .success
    ended.ended = .now()
    #expect(await first.engine.store.note(.executionEnded(ended)) == nil)
    let error = await #expect(throws: Failure.self) { try await waiting.value }
    #expect(error?.message.hasSuffix("is SUCCESS: there is nothing to restart") == true, "\(error as Any)")
    #expect(Flaky.calls.withLock { $0[key] } == 1)
  }

  /// Restarted by another process, it failed again: that is not what the second restart had seen.
  @Test func aRestartIsOneOfWhatItHadSeen() async throws {
    let key = UUID().uuidString
    let first = try Bench()
    let second = try Bench(folder: first.folder)
    let failed = try await first.run(flow(key))
    let flow = try first.parse(flow(key))
    let claimed = try await first.engine.store.claim(failed.id, of: flow)
    let waiting = Task { try await second.run(self.flow(key), restart: failed.id) }
    try await Task.sleep(for: .milliseconds(100))
    try await first.engine.store.commit(.executionBegan(claimed, file: flow.file, source: ""))
    var ended = claimed
    ended.ended = .now()
    #expect(await first.engine.store.note(.executionEnded(ended)) == nil)
    let error = await #expect(throws: Failure.self) { try await waiting.value }
    #expect(error?.message.contains("has been restarted meanwhile, and has ended as FAILED") == true)
    #expect(Flaky.calls.withLock { $0[key] } == 1)
    // Seen as it is now, it can be.
    #expect(try await second.run(self.flow(key), restart: failed.id).state == .success)
    #expect(Flaky.calls.withLock { $0[key] } == 2)
  }

  @Test func manyRestartsAtOnceAreOne() async throws {
    let key = UUID().uuidString
    let bench = try Bench()
    let failed = try await bench.run(flow(key))
    let benches = try (0..<6).map { _ in try Bench(folder: bench.folder) }
    let succeeded = await withTaskGroup(of: Bool.self) { group in
      for bench in benches {
        group.addTask { (try? await bench.run(self.flow(key), restart: failed.id).state) == .success }
      }
      return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(succeeded == 1)
    #expect(Flaky.calls.withLock { $0[key] } == 2)
  }

  /// A refused restart leaves nothing behind: the execution can be restarted.
  @Test func whatCannotBeRestartedIsReleased() async throws {
    let bench = try Bench()
    let yaml = """
      id: inputs
      inputs: [{id: broken, type: BOOLEAN, defaults: true}]
      tasks: [{id: stop, type: core.execution.Fail, condition: "{{ inputs.broken }}"}]
      """
    let failed = try await bench.run(yaml)
    await #expect(throws: Failure.self) { try await bench.run(yaml, inputs: ["nobody": 1], restart: failed.id) }
    #expect(try await bench.run(yaml, inputs: ["broken": false], restart: failed.id).state == .success)
  }

  /// What cannot be recorded is not begun.
  @Test func aTaskThatCannotBeRecordedIsNotBegun() async throws {
    let key = UUID().uuidString
    let bench = try Bench()
    bench.recorder.onEvent { event in
      if case .taskEnded(let run) = event, run.taskID == "first" {
        try? bench.store.withDatabase { try $0.execute("PRAGMA query_only = ON") }
      }
    }
    let execution = try await bench.run(flow(key).replacing("failures: 1", with: "failures: 0"))
    #expect(execution.state == .failed)
    #expect(execution.run("load")?.error?.contains("attempt to write a readonly database") == true)
    #expect(Flaky.calls.withLock { $0[key] } == nil)
    try bench.store.withDatabase { try $0.execute("PRAGMA query_only = OFF") }
  }

  private static let three = """
    id: three
    tasks:
      - {id: first, type: core.debug.Return, format: 1}
      - {id: load, type: core.log.Log, message: loaded}
      - {id: last, type: core.debug.Return, format: 3}
    """

  private func refusesWrites(_ bench: Bench, _ on: Bool) {
    try? bench.store.withDatabase { try $0.execute("PRAGMA query_only = \(on ? "ON" : "OFF")") }
  }

  /// What could not be recorded for a while is recorded when it can be: nothing of it is lost.
  @Test func whatHasHappenedIsRecordedLater() async throws {
    let bench = try Bench()
    bench.recorder.onEvent { event in
      if case .taskStarted(let run, _) = event, run.taskID == "load" { refusesWrites(bench, true) }
      if case .taskEnded(let run) = event, run.taskID == "load" {
        #expect(bench.store.unrecorded(of: run.executionID).count == 1)
        refusesWrites(bench, false)
      }
    }
    let execution = try await bench.run(RecordTests.three)
    #expect(execution.state == .success && bench.store.unrecorded(of: execution.id).isEmpty)
    let recorded = try #require(try await Bench(folder: bench.folder).engine.store.execution(execution.id))
    #expect(recorded.state == .success)
    #expect(
      recorded.taskRuns.map { "\($0.taskID) \($0.state.rawValue)" }
        == ["first", "load", "last"].map { "\($0) SUCCESS" })
    #expect(try await bench.engine.store.logs(execution.id).map(\.message) == ["loaded"])
  }

  /// A task ran, and neither its end nor that of the run can be recorded: that is said, with what a restart would do.
  @Test func whatIsNeverRecordedIsSaid() async throws {
    let bench = try Bench()
    bench.recorder.onEvent { event in
      if case .taskStarted(let run, _) = event, run.taskID == "load" { refusesWrites(bench, true) }
    }
    let execution = try await bench.run(RecordTests.three)
    #expect(execution.state == .failed && bench.recorder.started == ["first", "load"])
    let error = try #require(execution.error)
    #expect(error.hasPrefix("the run could not be recorded: the record of runs in '"))
    #expect(error.contains("\nThe record does not know that 'load' succeeded: a restart would run it again\n"))
    #expect(!execution.isRecorded && bench.store.unrecorded(of: execution.id).count == 3)
    refusesWrites(bench, false)
  }

  /// On a full disk the space that was kept for it takes what has happened; nothing more begins.
  @Test func theReserveTakesTheEnd() async throws {
    let bench = try Bench()
    let reserve = bench.folder.path + "/storage/reserve"
    let size = try FileManager.default.attributesOfItem(atPath: reserve)[.size] as? Int
    #expect(size == Reserve.size)
    let big = String(repeating: "x", count: 200_000)
    bench.recorder.onEvent { event in
      guard case .taskStarted(let run, _) = event, run.taskID == "big" else { return }
      // Full: no page more.
      _ = try? bench.store.withDatabase { try $0.execute("PRAGMA max_page_count = 1") }
    }
    let execution = try await bench.run(
      "tasks: [{id: big, type: core.debug.Return, format: \(big)}, {id: next, type: core.debug.Return}]")
    #expect(execution.state == .failed && execution.error?.contains("database or disk is full") == true)
    #expect(!FileManager.default.fileExists(atPath: reserve))
    #expect(bench.recorder.started == ["big"])
    // Space again: the next who comes makes the reserve anew.
    _ = try Bench(folder: bench.folder)
    #expect(FileManager.default.fileExists(atPath: reserve))
  }

  @Test func theRecordOfANewerFerryIsRefused() async throws {
    let bench = try Bench()
    try bench.store.withDatabase { try $0.execute("PRAGMA user_version = 99") }
    let error = #expect(throws: Failure.self) { try Bench(folder: bench.folder) }
    #expect(error?.message.contains("was written by a newer Ferry: it has version 99, this one knows") == true)
    #expect(error?.category == .configuration)
    #expect(throws: Failure.self) { try SQLiteRunStore(reading: bench.folder.path + "/storage") }
  }

  /// The record of an older Ferry lies open to others until it is brought up to date.
  @Test func anOlderRecordIsBroughtUpToDate() async throws {
    let folder = try Folder()
    let path = folder.path + "/storage"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let old = try Database(path: path + "/ferry.db")
    try old.execute(RecordSchema.versions[0] + "PRAGMA user_version = 1")
    try old.execute(
      "INSERT INTO executions VALUES ('e', 'n', 'f', '', '', 'SUCCESS', 1, 2, '{}', '{}', '{}', NULL, NULL)")
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path + "/ferry.db")
    let bench = try Bench(folder: folder)
    #expect(try await bench.engine.store.execution("e")?.state == .success)
    #expect(try await bench.run(RecordTests.three).state == .success)
    let version = try bench.store.withDatabase { try $0.run("PRAGMA user_version") }
    #expect(version == [["\(RecordSchema.versions.count)"]])
    let attributes = try FileManager.default.attributesOfItem(atPath: path + "/ferry.db")
    #expect(attributes[.posixPermissions] as? Int == 0o600)
  }

  @Test func whatIsRecordedIsOnTheDisk() throws {
    let level = try Bench().store.withDatabase { try $0.run("PRAGMA synchronous") }
    #expect(level == [["2"]])
  }

  /// To look at the record nothing need be writable: neither while another process writes, nor when nobody does.
  @Test func theRecordIsReadWhereNothingCanBeWritten() async throws {
    let folder = try Folder()
    var id = ""
    do {
      let bench = try Bench(folder: folder)
      id = try await bench.run(RecordTests.three).id
      let beside = try SQLiteRunStore(reading: folder.path + "/storage")
      #expect(try await beside.execution(id)?.taskRuns.count == 3)
    }
    let before = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/storage").sorted()
    #expect(before == ["ferry.db", "files", "locks", "reserve"])
    let alone = try SQLiteRunStore(reading: folder.path + "/storage")
    #expect(try await alone.executions(limit: 5).map(\.id) == [id])
    #expect(try await alone.logs(id).map(\.message) == ["loaded"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/storage").sorted() == before)
  }

  /// A dead execution is shown as what it is also where that cannot be recorded.
  @Test func theDeadAreSeenWithoutWriting() async throws {
    let bench = try Bench()
    let execution = try await bench.run(RecordTests.three)
    try bench.store.withDatabase {
      try $0.execute(
        "UPDATE executions SET state = 'RUNNING'; UPDATE task_runs SET state = 'RUNNING' WHERE task = 'load'")
    }
    let store = try SQLiteRunStore(reading: bench.folder.path + "/storage")
    #expect(try await store.executions(limit: 5).first?.state == .failed)
    let found = try #require(try await store.execution(execution.id))
    #expect(
      found.error == SQLiteRunStore.killed && found.run("load")?.state == .failed
        && found.run("last")?.state == .success)
  }

  /// Each execution has a lock of its own, whoever asks; an older Ferry's is a file.
  @Test func whoHoldsAnExecutionIsKnown() async throws {
    let folder = try Folder()
    let (one, other) = (ExecutionLocks(folder: folder.path), ExecutionLocks(folder: folder.path))
    #expect(one.isDead("a") && other.isDead("a"))
    try one.take("a")
    try one.take("a")
    try one.take("b")
    #expect(one.holds("a") && !other.holds("a") && !one.isDead("a") && !other.isDead("a") && other.isDead("c"))
    #expect(throws: Failure.self) { try other.take("a") }
    #expect(other.withFree("a") { true } == nil)
    one.drop("a")
    #expect(other.isDead("a") && !other.isDead("b"))
    // Who only looks keeps others waiting for no more than a moment, in this process, too.
    let inside = other.withFree("a") {
      #expect(throws: Failure.self) { try one.take("a") }
      #expect(other.withFree("a") { true } == nil)
      return !one.isDead("a")
    }
    #expect(inside == true)
    try other.take("a")
    #expect(!one.isDead("a") && !one.isDead("b"))
    let file = open("\(folder.path)/old", O_RDWR | O_CREAT, 0o600)
    #expect(flock(file, LOCK_EX) == 0)
    #expect(!one.isDead("old") && one.withFree("old") { true } == nil)
    close(file)
    #expect(one.isDead("old") && one.withFree("old") { true } == true)
  }

  /// What one user's flows leave is not for others.
  @Test func whatIsStoredIsPrivate() async throws {
    let bench = try Bench()
    let folder = bench.folder.path + "/storage"
    let execution = try await bench.run("tasks: [{id: rows, type: hello.Rows, names: [a]}]")
    #expect(execution.state == .success, "\(execution.error ?? "")")
    let names = try FileManager.default.subpathsOfDirectory(atPath: folder)
    #expect(names.contains("ferry.db") && names.contains("ferry.db-wal") && names.contains { $0.hasSuffix(".arrow") })
    for name in names + ["."] {
      let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")
      let expected = attributes[.type] as? FileAttributeType == .typeDirectory ? 0o700 : 0o600
      #expect(attributes[.posixPermissions] as? Int == expected, "\(name)")
    }
  }

  /// The execution of a subflow is known before it runs: a restart after a sudden death goes on with it.
  @Test func aSubflowOfADeadExecutionGoesOn() async throws {
    let key = UUID().uuidString
    let bench = try Bench()
    try bench.folder.write(
      "child.yaml",
      """
      id: child
      tasks:
        - {id: once, type: test.Flaky, key: \(key), failures: 0}
        - {id: stop, type: core.execution.Fail, condition: "{{ envs.broken ?? false }}"}
      """)
    let parent = "id: parent\ntasks: [{id: sub, type: core.flow.Subflow, flowId: child}]"
    let broken = try Bench(environment: "FERRY_BROKEN=true", folder: bench.folder)
    let seen = Locked<String?>(nil)
    broken.recorder.onEvent { event in
      guard case .executionStarted(let execution) = event, execution.flowID == "child" else { return }
      let recorded = try? broken.store.withDatabase { try RecordReading.execution(execution.parentID ?? "", $0) }
      seen.withLock { $0 = recorded?.run("sub")?.outputs["executionId"]?.string }
    }
    let failed = try await broken.run(parent)
    #expect(failed.state == .failed)
    let child = try #require(seen.withLock { $0 })
    #expect(failed.output("sub", "executionId") == .string(child))
    let again = try await bench.run(parent, restart: failed.id)
    #expect(again.state == .success && again.output("sub", "executionId") == .string(child))
    #expect(Flaky.calls.withLock { $0[key] } == 1)
  }

  /// No task run stays open in an execution that has ended.
  @Test func nothingStaysOpen() async throws {
    let bench = try Bench()
    let failed = try await bench.run("tasks: [{id: a, type: core.execution.Fail}]")
    let flow = try bench.parse("tasks: [{id: a, type: core.execution.Fail}]")
    var execution = try await bench.engine.store.claim(failed.id, of: flow)
    try await bench.engine.store.commit(.executionBegan(execution, file: flow.file, source: ""))
    let open = TaskRun(
      id: "open", executionID: execution.id, taskID: "open", type: "t", iterationPath: "", state: .running,
      started: .now())
    try await bench.engine.store.commit(.taskBegan(open))
    execution.ended = .now()
    execution.state = .killed
    #expect(await bench.engine.store.note(.executionEnded(execution)) == nil)
    let recorded = try #require(try await bench.engine.store.execution(execution.id))
    #expect(recorded.run("open")?.state == .killed && recorded.run("open")?.ended == execution.ended)
  }
}
