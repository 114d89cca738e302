import Expression
import Testing

@testable import Engine

/// What `ferry check` says, to the column.
@Suite struct CheckTests {
  private func check(_ yaml: String) -> [String] {
    FlowParser.parse(yaml, file: "f.yaml", registry: Registry([testPlugin, helloPlugin])).diagnostics.map(\.line)
  }

  private func tasks(_ tasks: String) -> [String] { check("tasks:\n" + tasks) }

  @Test func allProblemsComeAtOnceInOrder() {
    let found = check(
      """
      id: _bad
      namespace: Upper.case
      taskz: []
      inputs:
        - id: n
          type: INTT
        - type: STRING
      tasks:
        - id: one
          type: core.log.Logg
        - id: two
          type: io.kestra.plugin.core.log.Log
          mesage: hello
        - id: two
          type: core.flow.Sleep
          duration: soon
        - type: core.debug.Return
        - id: three
          type: core.flow.Parallel
          concurrent: -1
          tasks: []
        - id: "bad id"
          type: core.debug.Return
          retry: {type: constant}
      """)
    #expect(
      found == [
        "f.yaml:1:5: error: '_bad' is not a valid name: expected [a-zA-Z0-9][a-zA-Z0-9._-]*",
        "f.yaml:2:12: error: 'Upper.case' is not a valid name: expected [a-z0-9][a-z0-9._-]*",
        "f.yaml:3:1: error: unknown property 'taskz' of a flow. Did you mean 'tasks'?",
        "f.yaml:6:11: error: unknown type 'INTT' of input 'n'. Did you mean 'INT'?",
        "f.yaml:7:5: error: missing property 'id' of an input",
        "f.yaml:10:11: error: unknown type 'core.log.Logg'. Did you mean 'core.log.Log'?",
        "f.yaml:11:5: error: missing property 'message' in core.log.Log: A message or a list of messages.",
        "f.yaml:13:5: error: unknown property 'mesage' in core.log.Log. Did you mean 'message'?",
        "f.yaml:14:9: error: the task id 'two' is already used in line 11",
        "f.yaml:16:15: error: duration: expected a duration such as PT30S, PT5M or P1D, found \"soon\"",
        "f.yaml:17:5: error: missing property 'id' of a task",
        "f.yaml:20:17: error: concurrent: expected an integer from 0 to 10000, found -1",
        "f.yaml:21:12: error: 'tasks' is empty",
        "f.yaml:22:9: error: 'bad id' is not a valid task id: expected [a-zA-Z0-9._-]+",
        "f.yaml:24:12: error: missing property 'interval' of retry",
      ])
  }

  @Test(arguments: [
    ("[1, 2]", "f.yaml:1:1: error: a flow is a map with 'tasks', found list"),
    ("", "f.yaml:1:1: error: the file is empty"),
    ("id: a", "f.yaml:1:1: error: missing property 'tasks': a flow needs at least one task"),
    ("tasks: x", "f.yaml:1:8: error: 'tasks' is a list, found string"),
    ("tasks: [x]", "f.yaml:1:9: error: a task is a map with 'id' and 'type', found string"),
    ("a: 1\na: 2", "f.yaml:2:1: error: duplicate key 'a'"), ("{a: 1, a: 2}", "f.yaml:1:2: error: duplicate key 'a'"),
    ("tasks:\n  - id: a\n    x: {id: 1}\n\n    'id': b", "f.yaml:5:5: error: duplicate key 'id'"),
    ("a: [1\nb: 2", "f.yaml:2:2: error: this is not YAML: a list in [ ] is not closed, or lacks a ','"),
    (
      "a: *b",
      "f.yaml:1:4: error: this is not YAML: there is no anchor '&b'. Put a text that begins with '*' in quotes"
    ),
    ("a:\n\t- b", "f.yaml:2:1: error: this is not YAML: a tab: lines are indented with spaces"),
    ("a: @b", "f.yaml:1:4: error: this is not YAML: a text that begins with '@' stands in quotes"),
    ("a: {{ b }}", "f.yaml:1:4: error: a key must be a plain text. An expression stands in quotes: \"{{ … }}\""),
    (
      "a: {{ b }} c",
      "f.yaml:1:12: error: this is not YAML: a text that begins with an expression stands in quotes: \"{{ … }} …\""
    ),
    (
      "a: b\n c: d",
      "f.yaml:2:3: error: this is not YAML: a second ': ' in one line, or a line that is indented deeper than the "
        + "one above. Put a text with ': ' in it in quotes"
    ),
    (
      "a:\n  - b: 1\n   - c: 1",
      "f.yaml:3:4: error: this is not YAML: the line is indented neither as an entry of the list above nor as what "
        + "is inside of one"
    ),
    (
      "a: \"\\d\"",
      #"f.yaml:1:5: error: this is not YAML: '\d' is no escape of a text in double quotes. Write '\\', or use single "#
        + "quotes"
    ),
    ("a: 'b\nc: d\n", "f.yaml:1:4: error: this is not YAML: a text in quotes is not closed"),
    ("a: b\n---\nc: d", "f.yaml:2:1: error: this is not YAML: a second document ('---'): a file holds one flow"),
    ("? [a]\n: b", "f.yaml:1:1: error: a key must be a plain text"),
    ("<<: 3\ntasks: []", "f.yaml:1:5: error: '<<' takes a map or a list of maps, found integer"),
  ])
  func whatIsNoFlowIsSaid(yaml: String, first: String) {
    #expect(check(yaml).first == first)
  }

  @Test(arguments: [
    ("disabled: maybe", "f.yaml:4:11: error: disabled: expected boolean, found \"maybe\""),
    ("disabled: Yes", "f.yaml:4:11: error: disabled: expected boolean, found \"Yes\". Write true or false"),
    (
      "type: core.debug.Return",
      "f.yaml:4:1: error: unknown property 'type' of a flow. It belongs to a task: indent it as the task's 'id'"
    ),
    ("variables: [1]", "f.yaml:4:12: error: 'variables' is a map, found list"),
    ("concurrency: {limit: 0}", "f.yaml:4:14: error: 'concurrency' needs a 'limit' of at least 1"),
    (
      "concurrency: {limit: 1, behaviour: FAIL}",
      "f.yaml:4:25: error: unknown property 'behaviour' of concurrency. Did you mean 'behavior'?"
    ),
    (
      "concurrency: {limit: 1, behavior: WAIT}",
      "f.yaml:4:35: error: behavior: expected one of QUEUE, CANCEL, FAIL, found 'WAIT'"
    ),
    (
      "retry: {type: expo, interval: PT1S}",
      "f.yaml:4:15: error: unknown type 'expo' of retry. Did you mean 'exponential'?"
    ),
    (
      "retry: {interval: PT1S, behavior: CREATE_NEW_EXECUTION}",
      "f.yaml:4:35: warning: behavior: the failed task is tried again in the same execution, whatever this says"
    ),
    (
      "retry: {interval: PT1S, behavior: AGAIN}",
      "f.yaml:4:35: error: behavior: expected one of RETRY_FAILED_TASK, CREATE_NEW_EXECUTION, found 'AGAIN'"
    ),
    ("retry: {interval: PT1S, maxAttempts: 0}", "f.yaml:4:38: error: maxAttempt: expected an integer of at least 1"),
    ("outputs: [{id: a}]", "f.yaml:4:11: error: missing property 'value' of output 'a'"),
    (
      "outputs: [{id: a, value: 1}, {id: a, value: 2}]",
      "f.yaml:4:35: error: the output id 'a' is already used in line 4"
    ),
    (
      "inputs: [{id: a, type: INT}, {id: a, type: INT}]",
      "f.yaml:4:35: error: the input id 'a' is already used in line 4"
    ),
    (
      "inputs: [{id: a, type: INT, defaults: x}]",
      "f.yaml:4:39: error: the default of input 'a': expected INT such as 42, found 'x'"
    ),
    (
      "pluginDefaults: [{type: core.log, force: true, values: {}}]",
      "f.yaml:4:35: error: unknown property 'force' of pluginDefaults. Did you mean 'forced'?"
    ),
    (
      "triggers: [{id: t, type: io.kestra.plugin.core.trigger.Schedule, cron: '@daily'}]",
      "f.yaml:4:1: warning: 'triggers' is kept, but 'ferry run' does not act on it: start the flow yourself"
    ),
  ])
  func propertiesOfTheFlowAreChecked(line: String, expected: String) {
    #expect(check("tasks:\n  - id: a\n    type: core.debug.Return\n" + line) == [expected])
  }

  @Test(arguments: [
    ("value: a\n    cases: {a: 3}", "f.yaml:5:16: error: 'a' is a list, found integer", "core.flow.Switch"),
    (
      "level: LOUD\n    message: x",
      "f.yaml:4:12: error: level: expected one of TRACE, DEBUG, INFO, WARN, ERROR, found 'LOUD'", "core.log.Log"
    ),
    (
      "format: x\n    timeout: 5x",
      "f.yaml:5:14: error: timeout: expected a duration such as PT30S, PT5M or P1D, found \"5x\"",
      "core.debug.Return"
    ),
    ("names: [[1]]", "f.yaml:4:13: error: names[0]: expected string, found list", "hello.Rows"),
    (
      "names: [a]\n    times: 0", "f.yaml:5:12: error: times: expected an integer from 1 to 1000000, found 0",
      "hello.Rows"
    ),
    (
      "uri: [1]",
      """
      f.yaml:4:10: error: uri: expected a URI such as {{ outputs.query.uri }} or a path such as orders.arrow, found list
      """, "core.storage.Size"
    ),
  ])
  func propertiesOfTasksAreChecked(lines: String, expected: String, type: String) {
    #expect(tasks("  - id: a\n    type: \(type)\n    " + lines) == [expected])
  }

  @Test(arguments: [
    ("Log", "Did you mean 'core.log.Log'?"),
    ("io.kestra.plugin.core.log.Lgo", "Did you mean 'io.kestra.plugin.core.log.Log'?"),
    ("io.kestra.core.tasks.flows.Sequental", "Did you mean 'io.kestra.core.tasks.flows.Sequential'?"),
    // Another plugin's task is not what was meant.
    ("core.blog.Reader", "'ferry plugins' lists all types"), ("helo.Rows", "Did you mean 'hello.Rows'?"),
    ("Script", "'ferry plugins' lists all types"),
  ])
  func aTypeIsSuggestedByItsParts(type: String, expected: String) {
    #expect(tasks("  - {id: a, type: \(type)}") == ["f.yaml:2:19: error: unknown type '\(type)'. \(expected)"])
  }

  // MARK: expressions

  @Test func problemsInExpressionsHaveTheirPlaceInEveryStyle() {
    let found = tasks(
      """
        - id: größe
          type: core.debug.Return
          format: "ü {{ vars.plain }}"
        - id: a
          type: core.debug.Return
          format: |
            first line

              {{ vars.literal }} and {{ vars.literal }}
        - id: b
          type: core.debug.Return
          format: >-
            folded text that goes on
            here {{ vars.folded }}
        - id: c
          type: core.debug.Return
          format: plain on
            two lines {{ vars.two }}
        - id: d
          type: core.debug.Return
          format: {x: ["{{ vars.nested | uper }}"]}
          runIf: "{{ vars.condition }}"
      """)
    #expect(
      found == [
        "f.yaml:2:9: error: 'größe' is not a valid task id: expected [a-zA-Z0-9._-]+",
        "f.yaml:4:19: error: the flow has no variable 'plain'",
        "f.yaml:10:12: error: the flow has no variable 'literal'",
        "f.yaml:10:35: error: the flow has no variable 'literal'",
        "f.yaml:15:15: error: the flow has no variable 'folded'",
        "f.yaml:19:20: error: the flow has no variable 'two'",
        "f.yaml:22:22: error: the flow has no variable 'nested'",
        "f.yaml:22:36: error: unknown filter 'uper'. Did you mean 'upper'?",
        "f.yaml:23:16: error: the flow has no variable 'condition'",
      ])
  }

  @Test func referencesMustRunBefore() {
    let found = check(
      """
      inputs: [{id: day, type: DATE}]
      variables: {table: t}
      tasks:
        - {id: early, type: core.debug.Return, format: "{{ outputs.late.value }}"}
        - {id: itself, type: core.debug.Return, format: "{{ outputs.itself.value }}"}
        - {id: nobody, type: core.debug.Return, format: "{{ outputs.erly.value }}"}
        - {id: what, type: core.debug.Return, format: "{{ outputs.early.valu }}"}
        - {id: none, type: core.debug.Return, format: "{{ outputs.pause.value }}"}
        - {id: pause, type: core.flow.Sleep, duration: PT0S}
        - {id: silent, type: core.debug.Return, format: "{{ outputs.pause.value }}"}
        - {id: guarded, type: core.debug.Return, format: "{{ outputs.late.value ?? 'x' }}"}
        - {id: bare, type: core.debug.Return, format: "{{ early.value }} {{ inptus.day }} {{ inputs.dya }}"}
        - {id: vars, type: core.debug.Return, format: "{{ vars.tabel }}"}
        - {id: late, type: core.debug.Return, format: "{{ outputs.early.value }}"}
      """)
    #expect(
      found == [
        "f.yaml:4:54: error: the outputs of task 'late' are not there yet: it does not run before this",
        "f.yaml:5:55: error: the outputs of task 'itself' are not there yet: it does not run before this",
        "f.yaml:6:55: error: there is no task 'erly'. Did you mean 'early'?",
        "f.yaml:7:53: error: task 'early' (core.debug.Return) has no output 'valu'. Did you mean 'value'?",
        "f.yaml:8:53: error: the outputs of task 'pause' are not there yet: it does not run before this",
        "f.yaml:10:55: error: task 'pause' (core.flow.Sleep) has no outputs",
        "f.yaml:12:53: error: unknown variable 'early'. Write outputs.early.value",
        "f.yaml:12:71: error: unknown variable 'inptus'. Did you mean 'inputs'?",
        "f.yaml:12:88: error: the flow declares no input 'dya'. Did you mean 'day'?",
        "f.yaml:13:53: error: the flow has no variable 'tabel'. Did you mean 'table'?",
      ])
  }

  @Test func referencesKnowFlowables() {
    let found = tasks(
      """
        - id: side
          type: core.flow.Parallel
          tasks:
            - {id: left, type: core.debug.Return, format: "{{ outputs.right.value }}"}
            - {id: right, type: core.debug.Return}
        - id: choice
          type: core.flow.If
          condition: "{{ outputs.right.value is defined }}"
          then:
            - {id: yes, type: core.debug.Return, format: "{{ outputs.left.value }}"}
          else:
            - {id: no, type: core.debug.Return, format: "{{ outputs.yes.value }}"}
        - id: graph
          type: core.flow.Dag
          tasks:
            - task: {id: roof, type: core.debug.Return, format: "{{ outputs.wall.value }} {{ outputs.free.value }}"}
              dependsOn: [wall]
            - task: {id: wall, type: core.debug.Return, format: "{{ outputs.ground.value }}"}
              dependsOn: [ground]
            - task: {id: ground, type: core.debug.Return, format: "{{ outputs.yes.value }}"}
            - task: {id: free, type: core.debug.Return}
        - id: each
          type: core.flow.ForEach
          values: [1]
          tasks:
            - {id: in, type: core.debug.Return, format: "{{ outputs.roof.value }}"}
            - {id: next, type: core.debug.Return, format: "{{ outputs.in[taskrun.value].value }}"}
        - {id: end, type: core.debug.Return, format: "{{ outputs.in['1'].value }} {{ outputs.later.value }}"}
      errors:
        - {id: later, type: core.debug.Return, format: "{{ outputs.end.value }}"}
      finally:
        - {id: last, type: core.debug.Return, format: "{{ outputs.later.value }}"}
      """)
    #expect(
      found == [
        "f.yaml:5:57: error: the outputs of task 'right' are not there yet: it does not run before this",
        "f.yaml:13:55: error: the outputs of task 'yes' are not there yet: it does not run before this",
        "f.yaml:17:88: error: the outputs of task 'free' are not there yet: it does not run before this",
        "f.yaml:29:80: error: the outputs of task 'later' are not there yet: it does not run before this",
      ])
  }

  @Test func circlesInADagAreFound() {
    let found = tasks(
      """
        - id: graph
          type: core.flow.Dag
          tasks:
            - {task: {id: a, type: core.debug.Return}, dependsOn: [b]}
            - {task: {id: b, type: core.debug.Return}, dependsOn: [a]}
        - id: other
          type: core.flow.Dag
          tasks:
            - {task: {id: c, type: core.debug.Return}, dependsOn: [dd]}
            - {task: {id: d, type: core.debug.Return}}
      """)
    #expect(
      found == [
        "f.yaml:5:7: error: the tasks a → b wait for each other",
        "f.yaml:10:16: error: task 'c' depends on 'dd', which this Dag does not have. Did you mean 'd'?",
      ])
  }

  @Test func inputsThatNameATaskAreTakenWithAWarning() {
    let found = tasks(
      """
        - {id: query, type: hello.Rows, names: [a]}
        - {id: size, type: core.storage.Size, uri: "{{ inputs.query.uri }}"}
      """)
    let expected =
      "f.yaml:3:50: warning: the flow declares no input 'query'; the outputs of task 'query' are taken. "
      + "Write outputs.query.uri to say so"
    #expect(found == [expected])
  }

  // MARK: YAML

  @Test func anchorsMergesAndDefaultsGiveProperties() throws {
    let yaml = """
      pluginDefaults:
        - {type: io.kestra.plugin.core, values: {level: WARN, logLevel: DEBUG}}
        - {type: core.log.Log, forced: true, values: {message: forced}}
        - {type: hello, values: {times: 3}}
      tasks:
        - &first
          id: first
          type: io.kestra.plugin.core.log.Log
          format: own
        - <<: [{level: ERROR}, *first]
          id: second
        - {id: third, type: hello.Rows, names: [a], times: 5}
        - {id: fourth, type: hello.Rows, names: [a]}
      """
    let (flow, found) = FlowParser.parse(yaml, file: "f.yaml", registry: Registry([helloPlugin]))
    #expect(found.map(\.line) == [])
    let tasks = try #require(flow).tasks
    #expect(tasks.map(\.id) == ["first", "second", "third", "fourth"])
    #expect(tasks[0].property("message")?.value == "forced" && tasks[0].property("format") == nil)
    #expect(tasks[0].property("level")?.value == "WARN" && tasks[0].logLevel == .debug)
    #expect(tasks[1].property("level")?.value == "ERROR" && tasks[1].typeName == "io.kestra.plugin.core.log.Log")
    #expect(tasks[2].property("times")?.value == 5 && tasks[3].property("times")?.value == 3)
  }

  @Test func everySpellingOfATypeIsKnown() {
    let registry = Registry([])
    for name in [
      "core.debug.Return", "io.kestra.plugin.core.debug.Return", "io.kestra.core.tasks.debugs.Return", "debug.Return",
    ] {
      #expect(registry.find(name)?.info.type == "core.debug.Return", "\(name)")
    }
    for name in ["EachSequential", "EachParallel", "Sequential", "Parallel", "Switch", "AllowFailure", "Flow"] {
      #expect(registry.find("io.kestra.core.tasks.flows.\(name)") != nil, "\(name)")
    }
    for name in ["Concat", "Delete", "Size"] {
      #expect(registry.find("io.kestra.core.tasks.storages.\(name)")?.info.type == "core.storage.\(name)")
    }
  }

  @Test func hostileDocumentsAreRefused() {
    var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...9 {
      let inside = [String](repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
      bomb += "a\(level): &a\(level) [\(inside)]\n"
    }
    #expect(check(bomb).first?.contains("more than 1000000 values") == true)
    let deep = String(repeating: "[", count: 100_000)
    #expect(check("tasks: " + deep).first?.contains("nesting") == true)
    #expect(check("tasks: " + String(repeating: "{a: ", count: 100_000)).first?.contains("nesting") == true)
    #expect(check("a: \u{0}").count == 1)
    let nested = "{{ " + String(repeating: "(", count: 5_000) + "1" + String(repeating: ")", count: 5_000) + " }}"
    #expect(tasks("  - {id: a, type: core.debug.Return, format: \"\(nested)\"}").count == 1)
  }

  @Test func deepFlowsAreChecked() {
    var yaml = "tasks:\n"
    var indent = "  "
    for level in 0..<100 {
      yaml += "\(indent)- id: t\(level)\n\(indent)  type: core.flow.Sequential\n\(indent)  tasks:\n"
      indent += "    "
    }
    yaml += "\(indent)- id: last\n\(indent)  type: core.debug.Return\n"
    #expect(check(yaml) == [])
  }
}
