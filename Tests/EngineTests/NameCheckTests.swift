import Expression
import Testing

@testable import Engine

/// What `ferry check` says of the names in expressions, and of what a flow says to Kestra's server.
@Suite struct NameCheckTests {
  private func check(_ yaml: String, undefined: Diagnostic.Severity = .error) -> [String] {
    FlowParser.parse(yaml, file: "f", registry: Registry([testPlugin, helloPlugin]), nil, undefined: undefined)
      .diagnostics.map(\.line)
  }

  private func tasks(_ tasks: String) -> [String] { check("tasks:\n" + tasks) }

  @Test func aFileOfTheTaskIsAName() {
    let yaml = """
        - {id: a, type: test.Pathed, script: "ferry:///x", command: "{{ script }}"}
        - {id: b, type: test.Pathed, command: "{{ script }}"}
        - {id: c, type: core.debug.Return, format: "{{ script }}"}
      """
    #expect(
      tasks(yaml) == ["f:3:45: error: unknown variable 'script'", "f:4:50: error: unknown variable 'script'"])
  }

  @Test func aNameInABranchIsAWarning() {
    let yaml = """
      variables: {list: [1]}
      tasks:
        - {id: a, type: core.debug.Return, format: "{{ 1 > 2 ? ok : 'b' }} {{ vars.list[3] is defined ? bla : 1 }}"}
        - {id: b, type: core.debug.Return, format: "{% if true %}{{ inputs.x }}{% endif %}{{ vars.y or nowhere }}"}
      """
    #expect(
      check(yaml) == [
        "f:3:58: warning: unknown variable 'ok'",
        "f:3:99: warning: unknown variable 'bla'",
        "f:4:63: warning: the flow declares no input 'x'",
        "f:4:88: error: the flow has no variable 'y'",
        "f:4:98: warning: unknown variable 'nowhere'",
      ])
    #expect(check(yaml, undefined: .warning).contains("f:4:88: warning: the flow has no variable 'y'"))
  }

  @Test func outputsOfALoopGoByItsValue() {
    let found = tasks(
      """
        - id: each
          type: core.flow.ForEach
          values: [a, b]
          tasks:
            - {id: t, type: core.debug.Return, format: "{{ taskrun.valu }} {{ flow.nam }} {{ execution.idd }}"}
            - {id: u, type: core.debug.Return, format: "{{ outputs.t.value }} {{ outputs.t.a.value }}"}
            - {id: v, type: core.debug.Return, format: "{{ outputs.t.c.value }} {{ outputs.t.a.valu }}"}
            - id: seq
              type: core.flow.Sequential
              tasks:
                - {id: w, type: core.debug.Return, format: "{{ taskrun.value }} {{ parent.taskrun.value }}"}
                - id: if
                  type: core.flow.If
                  condition: "{{ parent.taskrun.value == 'a' }}"
                  then:
                    - {id: x, type: core.debug.Return, format: "{{ taskrun.iteration }}"}
        - {id: end, type: core.debug.Return, format: "{{ outputs.t.value }} {{ taskrun.value }} {{ parent.outputs }}"}
      """)
    #expect(
      found == [
        "f:6:54: error: 'taskrun' has no 'valu'. Did you mean 'taskrun.value'?",
        "f:6:73: error: 'flow' has no 'nam'. Did you mean 'flow.namespace'?",
        "f:6:88: error: 'execution' has no 'idd'. Did you mean 'execution.id'?",
        "f:7:54: error: task 't' runs in the loop 'each': its outputs go by the loop's value. "
          + "Write currentEachOutput(outputs.t).value",
        "f:8:54: error: the loop 'each' has no value 'c'",
        "f:8:78: error: task 't' (core.debug.Return) has no output 'valu'. Did you mean 'value'?",
        "f:12:58: error: 'taskrun.value' is there only for tasks directly in a loop. Write parent.taskrun.value",
        "f:17:62: error: 'taskrun.iteration' is there only for tasks directly in a loop. "
          + "Write parents[1].taskrun.value",
        "f:18:52: error: task 't' runs in the loop 'each': its outputs go by the loop's value. "
          + "Write outputs.t['VALUE'].value",
        "f:18:74: error: 'taskrun.value' is that of a loop, and this task stands in none",
        "f:18:94: error: 'parent' is the task around this one that has a value or outputs, and there is none",
      ])
  }

  @Test func aTaskOfAnUnknownTypeIsThereForOthers() {
    let found = tasks(
      """
        - id: first
          type: io.kestra.plugin.scripts.python.Script
          script: "{{ vars.x }} {{ 1 | uper }}"
        - id: folder
          type: io.kestra.plugin.core.flow.Unheard
          tasks:
            - {id: inner, type: core.log.Log, mesage: "{{ outputs.first.vars.x }}"}
        - {id: last, type: core.debug.Return, format: "{{ outputs.first.uri }} {{ outputs.inner.x }}"}
      """)
    #expect(
      found.filter { !$0.contains("unknown type") } == [
        "f:4:17: error: the flow has no variable 'x'",
        "f:4:34: error: unknown filter 'uper'. Did you mean 'upper'?",
        "f:8:9: error: missing property 'message' in core.log.Log: A message or a list of messages.",
        "f:8:41: error: unknown property 'mesage' in core.log.Log. Did you mean 'message'?",
        "f:9:77: error: task 'inner' (core.log.Log) has no outputs",
      ])
  }

  @Test(arguments: [
    (
      "triggers: [{id: a, type: io.kestra.plugin.core.trigger.Schedul}, {id: a, type: x.jdbc.oracle.Trigger}]",
      [
        "f:2:1: warning: 'triggers' is kept, but 'ferry run' does not act on it: start the flow yourself",
        "f:2:26: error: unknown type 'io.kestra.plugin.core.trigger.Schedul' of a trigger. Did you mean "
          + "'io.kestra.plugin.core.trigger.Schedule'?",
        "f:2:71: error: the trigger id 'a' is already used in line 2",
        "f:2:80: error: unknown type 'x.jdbc.oracle.Trigger' of a trigger. 'ferry plugins' lists all types",
      ]
    ),
    (
      "listeners: [{tasks: []}]",
      [
        "f:2:1: warning: 'listeners' is kept, but 'ferry run' does not act on it: put its tasks into 'errors' or "
          + "'finally'",
        "f:2:21: error: 'tasks' of a listener is empty",
      ]
    ),
    (
      "sla: []",
      ["f:2:1: warning: 'sla' is kept, but 'ferry run' does not act on it: a task's 'timeout' limits its time"]
    ),
    (
      "labels: {system.correlationId: x}",
      ["f:2:9: error: the label 'system.correlationId': names that begin with 'system.' are set by the engine"]
    ),
    (
      "inputs: [{id: a, type: STRING, validator: '[a-'}]",
      ["f:2:43: error: the validator of input 'a': "]
    ),
    (
      "variables: {a: 0xff, b: 1_000, c: 010, d: '010', e: 08}",
      [
        "f:2:16: warning: 0xff stays the text that it is; Kestra reads the number 255. Put it in quotes, or write 255",
        "f:2:25: warning: 1_000 stays the text that it is; Kestra reads the number 1000. Put it in quotes, or write "
          + "1000",
        "f:2:35: warning: 010 stays the text that it is; Kestra reads the number 8. Put it in quotes, or write 8",
      ]
    ),
  ])
  func whatKestraRefusesIsSaid(line: String, expected: [String]) {
    let found = check("tasks: [{id: t, type: core.debug.Return}]\n" + line)
    #expect(found.count == expected.count)
    for (found, expected) in zip(found, expected) { #expect(found.hasPrefix(expected)) }
  }

  @Test(arguments: [
    ("{id: a, type: core.flow.Switch, value: x}", "f:2:5: error: a Switch needs 'cases' or 'defaults'"),
    (
      """
      {id: my-job, type: core.debug.Return}
        - {id: b, type: core.debug.Return, format: '{{ outputs.my-job.a ?? 1 }}'}
      """,
      "f:3:50: error: there is no task 'my'. Write outputs['my-job'] for a name with a dash"
    ),
    ("{id: a, type: core.debug.Return, if: x}", "f:2:38: error: unknown property 'if' in core.debug.Return"),
    (
      "{id: a, type: core.debug.Return, format: '{{ trigger.date }}'}",
      "f:2:50: warning: no trigger starts the flow in 'ferry run', so 'trigger.date' is undefined. "
        + "Write trigger.date ?? …"
    ),
    ("{id: a, type: core.debug.Return, format: '{{ trigger.date ?? execution.startDate }}'}", nil),
  ])
  func aTaskIsChecked(task: String, expected: String?) {
    #expect(tasks("  - " + task) == (expected.map { [$0] } ?? []))
  }

  @Test func aFlowThatRunsItselfIsRefused() {
    let yaml = "id: me\nnamespace: n\ntasks: [{id: t, type: core.flow.Subflow, flowId: me, namespace: n}]"
    let found = FlowParser.parse(yaml, file: "f", registry: Registry([]), FlowParser.Loaded()).diagnostics
    #expect(found.map(\.line) == ["f:3:50: error: the flow runs itself: that never ends"])
  }

  @Test func tagsGiveTypes() throws {
    let value = try Value.parseYAML(
      "\u{FEFF}{a: !!str 5, b: !!int \"7\", c: !mine 8, d: !!bool \"true\", e: 1., f: +1.5}")
    #expect(value == ["a": "5", "b": 7, "c": "8", "d": true, "e": 1.0, "f": 1.5])
    #expect(try Value.parseJSON(value.json()) == value)
  }

  /// Twice the tasks take twice the time, not four times.
  @Test func manyTasksAreCheckedInLinearTime() {
    func time(_ count: Int) -> Double {
      let tasks = (1...count).map { number in
        "  - {id: t\(number), type: core.debug.Return, format: \"{{ outputs.t\(max(number - 1, 1)).value ?? 1 }}\"}"
      }
      let yaml = "tasks:\n" + tasks.joined(separator: "\n")
      let start = Instant.now()
      #expect(check(yaml) == [])
      return start.duration(to: .now()).seconds
    }
    _ = time(200)
    let (few, many) = (time(1_000), time(8_000))
    #expect(many < few * 24, "\(few) s for 1,000 tasks, \(many) s for 8,000")
  }

  /// Not only the first fault of a text, nor only its syntax.
  @Test func allFaultsOfAnExpressionAreFound() {
    let format =
      "{{ inputs.q | uper | lowr(1) }} {{ foo(1) }} {{ 1 + }} {{ vars.x }}{% if inputs.r %}{{ 2 | b }}{% endif %}"
    let found = tasks("  - id: a\n    type: core.debug.Return\n    format: \"\(format)\"")
    #expect(
      found == [
        "f:4:17: error: the flow declares no input 'q'",
        "f:4:28: error: unknown filter 'uper'. Did you mean 'upper'?",
        "f:4:35: error: unknown filter 'lowr'. Did you mean 'lower'?",
        "f:4:49: error: unknown function 'foo'",
        "f:4:66: error: expected a value, found the end of the tag",
        "f:4:72: error: the flow has no variable 'x'",
        "f:4:87: error: the flow declares no input 'r'",
        "f:4:105: error: unknown filter 'b'",
      ])
  }
}
