import Foundation
import Testing

/// A limit on the size of files, which ends up at any place of the record as a full disk does.
@Suite struct FullDiskTests {
  /// Whatever could not be recorded: what was loaded is loaded once, also when the run is restarted as it says.
  @Test(arguments: Array(stride(from: 72, through: 328, by: 16))) func nothingIsLoadedTwice(blocks: Int) async throws {
    let ferry = try Ferry()
    let target = ferry.folder.appending(path: "target.db").path()
    try ferry.write(
      "flow.yaml",
      """
      id: full
      tasks:
        - {id: table, type: jdbc.sqlite.Queries, url: "jdbc:sqlite:\(target)", sql: "CREATE TABLE IF NOT EXISTS t (n)"}
        - {id: before, type: core.log.Log, message: "\(String(repeating: "b", count: 9_000))"}
        - {id: load, type: jdbc.sqlite.Queries, url: "jdbc:sqlite:\(target)", sql: "INSERT INTO t VALUES (1)"}
        - {id: after, type: core.log.Log, message: "\(String(repeating: "a", count: 9_000))"}
        - {id: rows, type: jdbc.sqlite.Query, url: "jdbc:sqlite:\(target)", sql: "SELECT n FROM t", fetchType: FETCH}
      """)
    try ferry.write("empty.yaml", "tasks: [{id: a, type: core.debug.Return}]")
    #expect(try await ferry.run("run", "empty.yaml").status == 0)
    let limited = try await ferry.start(
      ["-c", "ulimit -f \(blocks); exec \"$0\" run flow.yaml", Ferry.executable.path()],
      program: URL(filePath: "/bin/sh")
    ).wait()
    #expect([0, 1, 2].contains(limited.status) && !limited.wasKilled, "\(limited.error)")
    guard let hint = limited.output.firstRange(of: "--restart ") else {
      // Either all is well, or nothing has begun, or the run says that a restart would do things again.
      #expect(limited.status != 1 || limited.output.contains("the run could not be recorded"), "\(limited.output)")
      return
    }
    let id = String(limited.output[hint.upperBound...].prefix(20))
    let again = try await ferry.run("run", "flow.yaml", "--restart", id, "--log-format", "json")
    #expect(again.status == 0, "\(again.output) \(again.error)")
    let rows = try again.tasks()["rows"]?["outputs"] as? [String: Any]
    #expect(rows?["rows"] as? [[String: Int]] == [["n": 1]], "\(blocks): \(limited.output)")
    let recorded = try await ferry.run("runs", id, "--format", "json").summary()
    let states = (recorded["tasks"] as? [[String: Any]] ?? []).map { $0["state"] as? String ?? "" }
    #expect(states.allSatisfy { $0 == "SUCCESS" || $0 == "FAILED" }, "\(states)")
  }
}
