import Foundation
import Testing

/// Whatever a template or a file makes a task wait for, a time-out and a signal end it.
@Suite struct StoppingTests {
  static let endless: [String] = [
    "{% for a in 1..10000 %}{% for b in 1..10000 %}{% for c in 1..1000 %}{% endfor %}{% endfor %}{% endfor %}",
    "{% for a in 1..1000 %}{{ ('%060d' | format(0)) | regexMatch('(0|00)+(?:1|x)') }}{% endfor %}",
    "{{ {} | jq('def f: f; f') }}", "{{ {} | jq('[range(1e12)]') }}",
    "{{ read('pipe') }}",
  ]

  private func flow(_ template: String, _ more: String = "") throws -> (Ferry, String) {
    let ferry = try Ferry()
    try #require(mkfifo(ferry.folder.appending(path: "pipe").path(), 0o600) == 0)
    return (
      ferry,
      """
      id: endless
      tasks:
        - {id: before, type: core.debug.Return, format: 1}
        - id: busy
          type: core.debug.Return
          format: "\(template)"\(more)
      """
    )
  }

  @Test(arguments: endless) func aTimeoutEndsIt(template: String) async throws {
    let (ferry, flow) = try flow(template, "\n    timeout: PT0.5S")
    let start = Date()
    let result = try await ferry.flow(flow)
    #expect(Date().timeIntervalSince(start) < 4)
    #expect(result.status == 1)
    let error = try result.summary()["error"] as? String
    #expect(error?.contains("stopped by its timeout of PT0.5S") == true, "\(error ?? "")")
  }

  @Test(arguments: endless, [SIGINT, SIGTERM]) func aSignalEndsIt(
    template: String, number: Int32
  ) async throws {
    let (ferry, flow) = try flow(template)
    let child = try ferry.start(["run", try ferry.write("flow.yaml", flow), "--log-format", "json"])
    try await child.waitFor("\"task\":\"busy\"")
    try await Task.sleep(for: .milliseconds(200))
    let start = Date()
    child.signal(number)
    let result = try await child.wait()
    #expect(Date().timeIntervalSince(start) < 2)
    #expect(result.status == 128 + number && !result.wasKilled)
  }

  /// A condition, an input's default and an output are rendered before or after the task itself.
  @Test(arguments: [
    "tasks:\n  - {id: a, type: core.debug.Return, runIf: \"{{ {} | jq('until(false; .)') }}\"}",
    "inputs:\n  - {id: i, type: STRING, defaults: \"{{ {} | jq('until(false; .)') }}\"}\ntasks:\n"
      + "  - {id: a, type: core.debug.Return}",
    "tasks:\n  - {id: a, type: core.debug.Return}\noutputs:\n"
      + "  - {id: o, type: STRING, value: \"{{ {} | jq('until(false; .)') }}\"}",
    "tasks:\n  - {id: a, type: core.flow.ForEach, values: \"{{ {} | jq('until(false; .)') }}\",\n"
      + "    tasks: [{id: b, type: core.debug.Return}]}",
  ]) func aSignalEndsWhatIsRenderedElsewhere(flow: String) async throws {
    let ferry = try Ferry()
    let child = try ferry.start(["run", try ferry.write("flow.yaml", "id: elsewhere\n\(flow)")])
    try await Task.sleep(for: .milliseconds(1_000))
    #expect(child.isRunning)
    let start = Date()
    child.signal(SIGTERM)
    let result = try await child.wait()
    #expect(Date().timeIntervalSince(start) < 2)
    #expect(result.status == 143 && !result.wasKilled, "\(result.output) \(result.error)")
  }

  /// A FIFO is read as it is written; one that nobody writes to can be given up.
  @Test func aPipeIsReadWhenSomebodyWrites() async throws {
    let (ferry, flow) = try flow("{{ read('pipe') }}")
    let child = try ferry.start(["run", try ferry.write("flow.yaml", flow), "--log-format", "json"])
    try await child.waitFor("\"task\":\"busy\"")
    let pipe = try FileHandle(forWritingTo: ferry.folder.appending(path: "pipe"))
    for part in ["one ", "two ", "three"] {
      try pipe.write(contentsOf: Data(part.utf8))
      try await Task.sleep(for: .milliseconds(150))
    }
    try pipe.close()
    let result = try await child.wait()
    #expect(result.status == 0)
    #expect(try (result.tasks()["busy"]?["outputs"] as? [String: Any])?["value"] as? String == "one two three")
  }

  @Test func aTaskThatReadsAPipeIsStopped() async throws {
    let ferry = try Ferry()
    let pipe = ferry.folder.appending(path: "pipe.csv")
    try #require(mkfifo(pipe.path(), 0o600) == 0)
    let start = Date()
    let result = try await ferry.flow(
      """
      id: reading
      tasks:
        - {id: read, type: serdes.csv.CsvReader, from: "file://\(pipe.path())", timeout: PT0.5S}
      """
    )
    #expect(Date().timeIntervalSince(start) < 4 && result.status == 1)
    #expect(try (result.summary()["error"] as? String)?.contains("stopped by its timeout of PT0.5S") == true)
  }

  @Test func aCheckFindsWrongPrograms() async throws {
    let ferry = try Ferry()
    try ferry.write(
      "flow.yaml",
      """
      id: wrong
      tasks:
        - {id: a, type: core.debug.Return, format: "{{ [] | jq('.a |') }}"}
        - {id: b, type: core.debug.Return, format: "{{ [] | jq('env') }}"}
        - {id: c, type: core.debug.Return, format: "{{ 'x' matches '(' }}"}
        - {id: d, type: core.debug.Return, format: "{{ [] | jq('.[] | select(.a > 1)') }}"}
      """)
    let result = try await ferry.run("check", "flow.yaml")
    #expect(result.status == 2)
    let lines = (result.output + result.error).split(separator: "\n").filter { $0.contains("error:") }
    #expect(lines.count == 3)
    #expect(
      lines.first?.contains("flow.yaml:3:") == true && lines.first?.contains("the jq program is not valid") == true)
  }
}
