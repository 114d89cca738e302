import Expression
import Testing

@testable import Engine

/// What is wrong with the flows that a flow runs, before it does.
@Suite struct SubflowCheckTests {
  private let folder: Folder

  init() throws {
    folder = try Folder()
    try folder.write(
      "child.yaml",
      """
      id: load_orders
      namespace: company.team
      inputs:
        - {id: day, type: DATE}
        - {id: limit, type: INT, defaults: 10}
        - {id: note, type: STRING, required: false}
      tasks: [{id: t, type: core.debug.Return}]
      """)
  }

  private func check(_ tasks: String, file: String = "flow.yaml") throws -> [String] {
    let path = try folder.write(file, "id: parent\ntasks:\n" + tasks)
    return try FlowParser.load(path, registry: Registry([testPlugin])).diagnostics.map(\.line)
      .map { $0.replacing(folder.path + "/", with: "").replacing(folder.path, with: "FOLDER") }
  }

  private func subflow(_ lines: String) throws -> [String] {
    try check("  - id: a\n    type: core.flow.Subflow\n    " + lines)
  }

  @Test(arguments: [
    ("flowId: load_orders\n    inputs: {day: 2026-11-21}", nil),
    ("flowId: load_orders\n    namespace: company.team\n    inputs: {day: 2026-11-21, limit: 3, note: x}", nil),
    ("flowId: load_orders\n    namespace: '{{ flow.namespace }}'\n    inputs: {day: '{{ flow.id }}'}", nil),
    ("flowId: load_orders\n    inputs: '{{ vars.all ?? {} }}'", nil),
    ("flowId: '{{ labels.which }}'", nil), ("flowId: nothing\n    disabled: true", nil),
    (
      "flowId: lode_orders\n    inputs: {day: 2026-11-21}",
      "5:13: error: there is no flow 'lode_orders' in 'FOLDER'. Did you mean 'load_orders'?"
    ),
    ("flowId: x", "5:13: error: there is no flow 'x' in 'FOLDER'. Put its file there"),
    (
      "namespace: company.teams\n    flowId: load_orders",
      "6:13: error: there is no flow 'load_orders' of namespace 'company.teams' in 'FOLDER'. "
        + "The one in 'child.yaml' has the namespace 'company.team'"
    ),
    (
      "flowId: load_orders\n    inputs: {day: 2026-11-21, limt: 3}",
      "6:31: error: the flow 'load_orders' declares no input 'limt'. Did you mean 'limit'?"
    ),
    ("flowId: load_orders", "3:5: error: the flow 'load_orders' needs the input 'day'"),
    ("flowId: load_orders\n    inputs: {limit: 3}", "6:13: error: the flow 'load_orders' needs the input 'day'"),
    ("flowId: load_orders\n    inputs: {day: null}", "6:13: error: the flow 'load_orders' needs the input 'day'"),
    (
      "flowId: load_orders\n    inputs: {day: 2026-02-30, limit: many}",
      "6:19: error: input 'day': expected DATE such as 2026-11-21, found '2026-02-30'"
    ),
  ])
  func aSubflowIsLookedAt(lines: String, expected: String?) throws {
    #expect(try subflow(lines).first == expected.map { "flow.yaml:" + $0 })
  }

  @Test func allOfThemAreFoundWhereverTheyStand() throws {
    let found = try check(
      """
        - id: loop
          type: core.flow.ForEach
          values: [1]
          tasks:
            - {id: a, type: core.flow.Subflow, flowId: one}
          errors:
            - {id: b, type: io.kestra.core.tasks.flows.Flow, flowId: two}
        - id: choice
          type: core.flow.Switch
          value: x
          cases: {x: [{id: c, type: core.flow.Subflow, flowId: three}]}
        - {id: wrong, type: core.debug.Retrun}
      errors: [{id: d, type: core.flow.Subflow, flowId: four}]
      finally: [{id: e, type: core.flow.Subflow, flowId: five}]
      """)
    #expect(
      found.map { String($0.split(separator: " in ")[0].prefix(60)) } == [
        "flow.yaml:7:50: error: there is no flow 'one'", "flow.yaml:9:64: error: there is no flow 'two'",
        "flow.yaml:13:58: error: there is no flow 'three'",
        "flow.yaml:14:23: error: unknown type 'core.debug.Retrun'. Di",
        "flow.yaml:15:51: error: there is no flow 'four'", "flow.yaml:16:52: error: there is no flow 'five'",
      ])
  }

  @Test func problemsOfTheSubflowAreSaid() throws {
    try folder.write("broken.yaml", "id: broken\ntasks:\n  - {id: t, type: core.Nothing}\n  - {id: t, type: x}\n")
    #expect(
      try subflow("flowId: broken") == [
        "flow.yaml:5:13: error: the flow 'broken' has problems: broken.yaml:3:19: error: unknown type 'core.Nothing'. "
          + "'ferry plugins' lists all types (and 2 more)"
      ])
    // What it runs itself counts too.
    try folder.write("middle.yaml", "id: middle\ntasks: [{id: t, type: core.flow.Subflow, flowId: last}]\n")
    #expect(
      try subflow("flowId: middle") == [
        "flow.yaml:5:13: error: the flow 'middle' has problems: middle.yaml:2:50: error: there is no flow 'last' "
          + "in 'FOLDER'. Put its file there"
      ])
    #expect(
      try subflow("flowId: parent\n    inputs: {x: 1}") == [
        "flow.yaml:5:13: error: the flow runs itself: that never ends"
      ])
  }

  @Test func flowsThatRunEachOtherAreLookedAtOnce() throws {
    try folder.write("there.yaml", "id: there\ntasks: [{id: t, type: core.flow.Subflow, flowId: parent}]\n")
    #expect(try subflow("flowId: there") == [])
  }

  /// A file that does not say its id has its name; one that says no namespace has any.
  @Test func filesWithoutAnIdHaveTheirName() throws {
    try folder.write("nightly.load.yml", "tasks: [{id: t, type: core.debug.Return}]\n")
    #expect(try subflow("flowId: nightly\n    namespace: any.one") == [])
  }

  @Test func aTemplateIsDecidedWhenItRuns() async throws {
    let bench = try Bench(folder: folder)
    let execution = try await bench.run(
      "id: parent\ntasks: [{id: a, type: core.flow.Subflow, flowId: \"{{ 'lode_orders' }}\"}]"
    )
    #expect(execution.state == .failed)
    #expect(execution.error?.hasSuffix("Did you mean 'load_orders'?") == true, "\(execution.error ?? "")")
  }
}
