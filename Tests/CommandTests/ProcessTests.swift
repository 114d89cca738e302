import Foundation
import Testing

/// Signals, sudden deaths, several processes on one storage folder.
@Suite struct ProcessTests {
  private let sleeper = """
    id: sleeper
    tasks:
      - {id: before, type: core.debug.Return, format: 1}
      - {id: sleep, type: core.flow.Sleep, duration: PT30S}
      - {id: after, type: core.debug.Return}
    finally:
      - {id: last, type: core.debug.Return}
    """

  @Test(arguments: ["text", "json"], [SIGINT, SIGTERM]) func aSignalCancels(format: String, number: Int32) async throws
  {
    let ferry = try Ferry()
    let child = try ferry.start(["run", try ferry.write("flow.yaml", sleeper), "--log-format", format])
    try await child.waitFor(format == "json" ? "\"task\":\"sleep\"" : "before")
    try await Task.sleep(for: .microseconds(100_000))
    let start = Date()
    child.signal(number)
    let result = try await child.wait()
    #expect(result.status == 128 + number && !result.wasKilled)
    #expect(Date().timeIntervalSince(start) < 3)
    let id = try #require(try await ferry.run("runs", "--format", "json").summary()["execution"] as? String)
    let recorded = try await ferry.run("runs", id, "--format", "json")
    #expect(try recorded.summary()["state"] as? String == "KILLED")
    #expect(
      try recorded.tasks().mapValues { $0["state"] as? String ?? "" } == ["before": "SUCCESS", "sleep": "KILLED"])
  }

  @Test func aSecondSignalEndsAtOnce() async throws {
    let ferry = try Ferry()
    // A task that does not look at its cancellation for a while: a digest of a long text.
    let child = try ferry.start([
      "run",
      try ferry.write(
        "flow.yaml",
        """
        tasks:
          - id: busy
            type: core.debug.Return
            format: "{{ vars.long | sha512 }}"
        variables: {long: \(String(repeating: "x", count: 4_000_000))}
        """), "--log-format", "json",
    ])
    try await child.waitFor("\"task\":\"busy\"")
    child.signal(SIGINT)
    try await Task.sleep(for: .microseconds(300_000))
    let isBusy = child.isRunning
    child.signal(SIGINT)
    let result = try await child.wait()
    #expect(isBusy && result.status == 130 && !result.wasKilled)
    #expect(try await ferry.run("runs").output.contains("its process ended without a word"))
  }

  @Test func killedRunsAreFailedAndGoOn() async throws {
    let ferry = try Ferry()
    let flow = """
      id: killed
      tasks:
        - {id: first, type: core.debug.Return, format: "{{ randomInt(1, 1000000000) }}"}
        - id: each
          type: core.flow.ForEach
          values: [a, b, c]
          tasks:
            - {id: in, type: core.debug.Return, format: "{{ taskrun.value }} {{ randomInt(1, 1000000000) }}"}
            - id: wait
              type: core.flow.Sleep
              duration: "{{ taskrun.value == 'c' ? envs.nap ?? 'PT0S' : 'PT0S' }}"
        - {id: end, type: core.debug.Return, format: "{{ outputs.first.value }} {{ outputs.in.c.value }}"}
      """
    let slow = try Ferry(environment: ["FERRY_NAP": "PT30S", "FERRY_HOME": ferry.storage.path()])
    let child = try slow.start(["run", try slow.write("flow.yaml", flow), "--log-format", "json"])
    try await child.waitFor("\"value\":\"c ")
    try await Task.sleep(for: .microseconds(100_000))
    child.signal(SIGKILL)
    let killed = try await child.wait()
    #expect(killed.wasKilled)
    let listed = try await ferry.run("runs", "--format", "json").summary()
    #expect(listed["state"] as? String == "FAILED" && (listed["error"] as? String)?.contains("killed") == true)
    let id = try #require(listed["execution"] as? String)
    let before = try await ferry.run("runs", id, "--format", "json")
    let result = try await ferry.flow(flow, "--restart", id)
    #expect(result.status == 0, "\(result.output)")
    #expect(try result.summary()["execution"] as? String == id)
    // What had succeeded was not done again: the same task runs, the same random numbers.
    func outputs(_ result: Ferry.Result, _ task: String) throws -> [String] {
      let tasks = try #require(try result.summary()["tasks"] as? [[String: Any]])
      return tasks.filter { $0["task"] as? String == task && $0["state"] as? String == "SUCCESS" }.map { run in
        "\(run["taskRun"] ?? "") \((run["outputs"] as? [String: Any])?["value"] ?? "")"
      }
    }
    #expect(try outputs(before, "first") == outputs(result, "first"))
    #expect(try outputs(before, "in") == outputs(result, "in") && outputs(result, "in").count == 3)
    #expect(
      try result.events().compactMap { $0["event"] as? String == "task_started" ? $0["task"] as? String : nil }
        == ["each", "wait", "end"])
    #expect(try await ferry.run("runs", id, "--format", "json").summary()["state"] as? String == "SUCCESS")
    #expect(try await ferry.run("run", "flow.yaml", "--restart", id).status == 2)
  }

  /// Half-written files and working folders go when the execution is found dead, not before; whole files stay.
  @Test func whatTheKilledLeaveIsCleanedUp() async throws {
    let ferry = try Ferry()
    let scratch = ferry.folder.appending(path: "scratch")
    try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i, i AS j FROM n"
    try ferry.write(
      "flow.yaml",
      """
      id: endless
      namespace: a.b
      tasks:
        - id: whole
          type: jdbc.sqlite.Query
          url: "jdbc:sqlite::memory:"
          sql: SELECT 1 AS n
          fetchType: STORE
          outputDbFile: true
        - id: half
          type: jdbc.sqlite.Query
          url: jdbc:sqlite:copy.db
          sqliteFile: "{{ outputs.whole.databaseUri }}"
          sql: \(endless)
          fetchType: STORE
      """)
    // Another's, and one that only looks like it.
    let others = ["ferry-other-abc", "ferry-"].map { scratch.appending(path: $0) }
    for folder in others { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }
    let inScratch = try Ferry(environment: ["TMPDIR": scratch.path(), "FERRY_HOME": ferry.storage.path()])
    // Their names alone: a file that grows as fast as it is read would never end.
    func files() throws -> [String] {
      let names = FileManager.default.enumerator(atPath: ferry.storage.appending(path: "files").path())
      return (names?.compactMap { $0 as? String } ?? []).map { String($0.split(separator: "/").last ?? "") }
        .filter { $0.contains(".") }
    }
    func parts() throws -> [String] { try files().filter { $0.hasSuffix(".part") } }
    func folders() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: scratch.path()).count }
    let child = try inScratch.start(["run", "../\(ferry.folder.lastPathComponent)/flow.yaml"])
    for _ in 0..<500 where try parts().isEmpty || folders() < 3 { try await Task.sleep(for: .milliseconds(10)) }
    #expect(try await inScratch.run("runs").output.contains("RUNNING"))
    #expect(try parts().count == 1 && folders() == 3)
    child.signal(SIGKILL)
    _ = try await child.wait()
    #expect(try parts().count == 1 && folders() == 3)
    #expect(try await inScratch.run("runs").output.contains("FAILED"))
    #expect(try files().sorted() == ["database.sqlite", "records.arrow"])
    #expect(try folders() == 2)
  }

  /// Killed at any moment, the record stays whole and no file has its name before it is whole.
  @Test func deathAtRandomMomentsLeavesARecord() async throws {
    let ferry = try Ferry()
    let tasks = (0..<30).map {
      "  - {id: t\($0), type: core.log.Log, message: '\(String(repeating: "x", count: 200))'}"
    }
    try ferry.write("flow.yaml", "id: f\ntasks:\n" + tasks.joined(separator: "\n"))
    let kills = 25
    for _ in 0..<kills {
      let child = try ferry.start(["run", "flow.yaml", "--log-format", "json"])
      try await Task.sleep(for: .microseconds(Int64.random(in: 0...150_000)))
      child.signal(SIGKILL)
      _ = try await child.wait()
    }
    let runs = try await ferry.run("runs", "--format", "json", "--limit", "100")
    #expect(runs.status == 0, "\(runs.error)")
    for run in try runs.events() {
      let state = run["state"] as? String ?? ""
      #expect(state == "FAILED" || state == "SUCCESS", "\(run)")
      let whole = try await ferry.run("runs", run["execution"] as? String ?? "", "--format", "json").summary()
      for task in whole["tasks"] as? [[String: Any]] ?? [] {
        #expect(["SUCCESS", "FAILED"].contains(task["state"] as? String ?? ""), "\(task)")
      }
    }
    #expect(try await ferry.run("run", "flow.yaml").status == 0)
    let check = try await ferry.start(
      [
        "-c", "import sqlite3; print(sqlite3.connect('storage/ferry.db').execute('pragma integrity_check').fetchall())",
      ],
      program: Python.executable
    ).wait()
    #expect(check.output == "[('ok',)]\n", "\(check.error)")
  }

  /// Many processes at once, from the making of the folder on.
  @Test func manyProcessesShareAFolder() async throws {
    let ferry = try Ferry()
    let tasks = (0..<10).map { "      - {id: t\($0), type: core.debug.Return, format: \($0)}" }.joined(separator: "\n")
    try ferry.write(
      "flow.yaml", "id: f\ntasks:\n  - id: side\n    type: core.flow.Parallel\n    tasks:\n" + tasks)
    for _ in 0..<4 {
      let children = try (0..<8).map { _ in try ferry.start(["run", "flow.yaml", "--log-format", "json"]) }
      for child in children {
        let result = try await child.wait()
        #expect(result.status == 0 && result.error == "", "\(result.error) \(result.lines.last ?? "")")
        let summary = try result.summary()
        let recorded = try await ferry.run("runs", summary["execution"] as? String ?? "", "--format", "json").summary()
        #expect((recorded["tasks"] as? [Any])?.count == 11 && recorded["state"] as? String == "SUCCESS")
      }
    }
    #expect(try await ferry.run("runs", "--limit", "100", "--format", "json").lines.count == 32)
    let locks = try FileManager.default.contentsOfDirectory(atPath: ferry.storage.path() + "/locks")
    #expect(locks.sorted() == ["open", "running"])
  }

  // MARK: the concurrency of a flow, over processes

  private func limited(_ behavior: String) -> String {
    """
    id: limited
    concurrency: {limit: 1, behavior: \(behavior)}
    tasks: [{id: nap, type: core.flow.Sleep, duration: PT1S}]
    """
  }

  @Test(arguments: [("CANCEL", "CANCELLED"), ("FAIL", "FAILED")]) func aLimitedFlowRefuses(
    behavior: String, state: String
  ) async throws {
    let ferry = try Ferry()
    try ferry.write("flow.yaml", limited(behavior))
    // All at once: exactly one may run.
    let children = try (0..<4).map { _ in try ferry.start(["run", "flow.yaml", "--log-format", "json"]) }
    var results: [Ferry.Result] = []
    for child in children { results.append(try await child.wait()) }
    let states = try results.map { try $0.summary()["state"] as? String ?? "" }
    #expect(states.sorted() == [state, state, state, "SUCCESS"].sorted())
    #expect(results.filter { $0.status == 1 }.count == 3)
  }

  @Test func aLimitedFlowQueues() async throws {
    let ferry = try Ferry()
    try ferry.write("flow.yaml", limited("QUEUE"))
    let children = try (0..<4).map { _ in try ferry.start(["run", "flow.yaml", "--log-format", "json"]) }
    var results: [Ferry.Result] = []
    for child in children { results.append(try await child.wait()) }
    for result in results { #expect(result.status == 0, "\(result.error)") }
    // One after the other: the naps do not overlap.
    let times = try results.map { result in
      try result.events().filter { $0["task"] as? String == "nap" }.compactMap { $0["time"] as? String }
    }.sorted { $0[0] < $1[0] }
    for (first, second) in zip(times, times.dropFirst()) { #expect(first[1] <= second[0], "\(times)") }
  }

  @Test func aQueuedFlowCanBeCancelledAndDoesNotBlockTheNext() async throws {
    let ferry = try Ferry()
    try ferry.write("flow.yaml", limited("QUEUE").replacingOccurrences(of: "PT1S", with: "PT30S"))
    let first = try ferry.start(["run", "flow.yaml", "--log-format", "json"])
    try await first.waitFor("task_started")
    let second = try ferry.start(["run", "flow.yaml", "--log-format", "json"])
    try await second.waitFor("waiting for another execution")
    second.signal(SIGINT)
    #expect(try await second.wait().status == 130)
    // The one that runs dies: nobody waits for the dead.
    first.signal(SIGKILL)
    _ = try await first.wait()
    try ferry.write("flow.yaml", limited("QUEUE").replacingOccurrences(of: "PT1S", with: "PT0S"))
    #expect(try await ferry.run("run", "flow.yaml").status == 0)
  }
}
