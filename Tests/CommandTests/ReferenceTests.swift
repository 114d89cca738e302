import Engine
import Foundation
import Testing

@testable import ferry

/// The reference pages, the JSON Schema and the names of the whole fleet.
@Suite struct ReferenceTests {
  private var tasks: [any DeclaredTask.Type] { registry.plugins.flatMap(\.tasks) }
  private var triggers: [any FerryTrigger.Type] { registry.plugins.flatMap(\.triggers) }

  @Test func pagesAreCurrent() async throws {
    let ferry = try Ferry()
    try FileManager.default.createDirectory(
      at: ferry.folder.appending(path: "pages"), withIntermediateDirectories: true)
    #expect(try await ferry.run("reference", "pages").status == 0)
    let folders = [ferry.folder.appending(path: "pages"), Ferry.root.appending(path: "docs/reference")]
    let names = try folders.map { try FileManager.default.contentsOfDirectory(atPath: $0.path()).sorted() }
    #expect(names[0] == names[1], "run: ferry reference docs/reference")
    for name in names[0] {
      let texts = folders.map { try? String(contentsOf: $0.appending(path: name), encoding: .utf8) }
      #expect(texts[0] == texts[1], "docs/reference/\(name) is stale: run ferry reference docs/reference")
    }
  }

  @Test func everyExampleIsAFlowWithoutErrors() {
    for task in tasks {
      #expect(!task.info.example.isEmpty, "\(task.info.type) has no example")
      let lines = task.info.example.split(separator: "\n", omittingEmptySubsequences: false)
      let yaml = "tasks:\n" + lines.enumerated().map { ($0 == 0 ? "  - " : "    ") + $1 }.joined(separator: "\n")
      let (_, found) = FlowParser.parse(yaml, file: task.info.type, registry: registry)
      // An example may name the output of a task that would stand before it.
      let problems = found.filter { $0.severity == .error && !$0.message.hasPrefix("there is no task") }
      #expect(problems.map(\.line) == [])
      #expect(registry.find(task.info.type) != nil)
    }
  }

  @Test func everyExampleOfATriggerIsOneWithoutErrors() {
    #expect(triggers.count > 7)
    for trigger in triggers {
      let lines = trigger.info.example.split(separator: "\n", omittingEmptySubsequences: false)
      let yaml =
        "tasks: [{id: a, type: core.debug.Return}]\ntriggers:\n"
        + lines.enumerated().map { ($0 == 0 ? "  - " : "    ") + $1 }.joined(separator: "\n")
      let (_, found) = FlowParser.parse(yaml, file: trigger.info.type, registry: registry)
      #expect(found.filter { $0.severity == .error }.map(\.line) == [])
      #expect(registry.findTrigger("io.kestra.plugin." + trigger.info.type) != nil)
    }
  }

  @Test func everyExampleFileIsAFlowWithoutErrors() throws {
    let folder = Ferry.root.appending(path: "examples")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path()).filter { $0.hasSuffix(".yaml") }
    #expect(names.contains("quickstart.yaml"))
    for name in names {
      let source = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
      #expect(FlowParser.parse(source, file: name, registry: registry).diagnostics.map(\.line) == [])
    }
  }

  @Test func namesFollowTheRules() {
    for task in tasks + triggers {
      let info = task.info
      let type = info.type
      #expect(isSentence(info.summary), "\(type): \(info.summary)")
      #expect(isCapitalized(type.split(separator: ".").last.map(String.init) ?? ""), "\(type)")
      #expect(!type.hasPrefix("io.kestra."), "\(type)")
      for property in PropertyDeclaration.collect(from: task.init()) {
        for name in [property.name] + property.aliases { #expect(isCamelCase(name), "\(type).\(name)") }
        #expect(isSentence(property.help, several: true), "\(type).\(property.name): \(property.help)")
      }
      for output in info.outputs {
        #expect(isCamelCase(output.name), "\(type): output \(output.name)")
        #expect(isSentence(output.help, several: true), "\(type): output \(output.name): \(output.help)")
      }
    }
    let names = tasks.flatMap { [$0.info.type] + $0.info.aliases }
    #expect(
      Set(names).count == names.count,
      "two tasks have one name: \(names.filter { name in names.count { $0 == name } > 1 })")
  }

  private func isCamelCase(_ name: String) -> Bool {
    name.first?.isLowercase == true && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) }
  }

  private func isCapitalized(_ name: String) -> Bool { name.first?.isUppercase == true }

  private func isSentence(_ text: String, several: Bool = false) -> Bool {
    text.hasSuffix(".") && text.first?.isLowercase != true && !text.contains("\n") && (several || text.count < 160)
  }

  @Test func oneTypeIsExplained() async throws {
    let text = try await Ferry().run("plugins", "io.kestra.core.tasks.debugs.Return").output
    for part in ["core.debug.Return", "Properties", "format (any)", "Outputs", "Example", "debugs.Return"] {
      #expect(text.contains(part), "\(part)")
    }
    let list = try await Ferry().run("plugins").output
    for task in tasks { #expect(list.contains("  \(task.info.type)  "), "\(task.info.type)") }
    #expect(try await Ferry().run("plugins", "core.Retrun").error.contains("there is no task type 'core.Retrun'"))
  }

  /// The schema is one of draft 7; it takes every flow that `ferry check` takes and refuses what it refuses.
  @Test func theSchemaSaysWhatTheCheckerSays() async throws {
    let ferry = try Ferry()
    try ferry.write("schema.json", try await ferry.run("schema").output)
    let flows = Ferry.root.appending(path: "fixtures/flows")
    let good = try FileManager.default.contentsOfDirectory(atPath: flows.path()).filter { $0.hasSuffix(".yaml") }
      .map { flows.appending(path: $0).path() }
    let parsed = try good.filter { path in
      let text = try String(contentsOfFile: path, encoding: .utf8)
      return FlowParser.parse(text, file: path, registry: registry).flow != nil
    }
    #expect(parsed.count > 40)
    // What a task must have may come from the flow's defaults.
    try ferry.write(
      "defaults.yaml",
      """
      pluginDefaults: [{type: io.kestra.plugin.jdbc.mysql, values: {url: "jdbc:mysql://localhost/x"}}]
      tasks: [{id: a, type: io.kestra.plugin.jdbc.mysql.Query, sql: SELECT 1}]
      """)
    #expect(try await ferry.run("check", "defaults.yaml").status == 0)
    for (name, line) in ReferenceTests.bad { try ferry.write("bad-\(name).yaml", line) }
    let bad = ReferenceTests.bad.keys.map { "bad-\($0).yaml" }
    for file in bad { #expect(try await ferry.run("check", file).status == 2, "\(file)") }
    let result = try await ferry.start(
      [Ferry.root.appending(path: "Tests/Testing/python/check_schema.py").path(), "schema.json"]
        + (parsed + ["defaults.yaml"]).map { "+" + $0 } + bad.map { "-" + $0 }, program: Python.executable
    ).wait()
    #expect(result.status == 0, "\(result.output)\(result.error)")
  }

  @Test func theSchemaDescribesEveryKeyOnce() async throws {
    let text = try await Ferry().run("schema").output
    let schema = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    let keys = try #require(schema["properties"] as? [String: [String: Any]])
    #expect(keys.filter { ($0.value["description"] as? String)?.isEmpty ?? true }.keys.sorted() == [])
    let definitions = try #require(schema["definitions"] as? [String: [String: Any]])
    let type = (definitions["task"]?["properties"] as? [String: [String: Any]])?["type"]
    let names = try #require(type?["enum"] as? [String])
    #expect(Set(names).count == names.count)
  }

  static let bad = [
    "flow-property": "taskz: []\ntasks: [{id: a, type: core.debug.Return}]",
    "no-tasks": "id: a",
    "task-property": "tasks: [{id: a, type: core.debug.Return, formt: x}]",
    "alias-property": "tasks: [{id: a, type: io.kestra.core.tasks.debugs.Return, formt: x}]",
    "type": "tasks: [{id: a, type: core.debug.Retrun}]",
    "nested": "tasks: [{id: a, type: core.flow.Sequential, tasks: [{id: b, type: core.debug.Return, x: 1}]}]",
    "cases": "tasks: [{id: a, type: core.flow.Switch, value: x, cases: {x: [{id: b, type: core.debug.Return, y: 1}]}}]",
    "dag": "tasks: [{id: a, type: core.flow.Dag, tasks: [{task: {id: b, type: core.debug.Return, x: 1}}]}]",
    "missing": "tasks: [{id: a, type: core.log.Log}]",
    "missing-inside": "tasks: [{id: a, type: core.flow.Sequential, tasks: [{id: b, type: core.log.Log}]}]",
    "missing-in-dag": "tasks: [{id: a, type: core.flow.Dag, tasks: [{task: {id: b, type: core.log.Log}}]}]",
    "missing-in-case": "tasks: [{id: a, type: core.flow.Switch, value: x, cases: {x: [{id: b, type: core.log.Log}]}}]",
    "choice": "tasks: [{id: a, type: core.log.Log, message: x, level: LOUD}]",
    "input-type": "inputs: [{id: a, type: INTT}]\ntasks: [{id: a, type: core.debug.Return}]",
    "input-property": "inputs: [{id: a, type: INT, mni: 1}]\ntasks: [{id: a, type: core.debug.Return}]",
    "retry": "tasks: [{id: a, type: core.debug.Return, retry: {interval: PT1S, maxAttemps: 1}}]",
    "trigger": "tasks: [{id: a, type: core.debug.Return}]\ntriggers: [{id: t, type: core.trigger.Schedul}]",
    "trigger-property":
      "tasks: [{id: a, type: core.debug.Return}]\n"
      + "triggers: [{id: t, type: io.kestra.plugin.core.trigger.Schedule, cron: '@daily', kron: 1}]",
    "output": "tasks: [{id: a, type: core.debug.Return}]\noutputs: [{id: a, valu: 1}]",
  ]
}
