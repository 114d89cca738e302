internal import Expression
internal import Records

/// The list of tasks inside of a flowable. The engine runs them; the value here is only declared.
struct TaskList: PropertyValue {
  static var propertyShape: PropertyShape { .tasks }
  init(property: Value) {}
}

/// What every flowable takes.
struct ErrorTasks: Declaring, Decodable {
  @Property("Tasks to run when one of them fails.", .raw) var errors: TaskList?
  @Property("Tasks to run once they have ended, however that was.", .raw) var finally: TaskList?
}

/// A task that runs other tasks. It only declares its properties; `FlowRunner` does the running.
protocol Flowable: DeclaredTask {
  static var kind: FlowableKind { get }
}

enum FlowableKind: Sendable {
  case sequential, parallel, forEach, ifElse, switchCase, allowFailure, dag
}

struct Sequential: Flowable {
  static let kind = FlowableKind.sequential
  static let info = TaskInfo(
    "core.flow.Sequential", aliases: ["flows.Sequential"], "Runs tasks one after the other.",
    example: """
      id: load
      type: io.kestra.plugin.core.flow.Sequential
      tasks:
        - id: first
          type: core.debug.Return
          format: one
      """)
  @Property("The tasks, in order.", .raw) var tasks: TaskList
  @PropertyGroup var handler = ErrorTasks()
}

struct Parallel: Flowable {
  static let kind = FlowableKind.parallel
  static let info = TaskInfo(
    "core.flow.Parallel", aliases: ["flows.Parallel"], "Runs tasks at the same time.",
    example: """
      id: both
      type: io.kestra.plugin.core.flow.Parallel
      concurrent: 2
      tasks:
        - id: left
          type: core.debug.Return
        - id: right
          type: core.debug.Return
      """)
  @Property("The tasks.", .raw) var tasks: TaskList
  @Property("How many run at once; 0 for all.", .range(0...10_000)) var concurrent = 0
  @PropertyGroup var handler = ErrorTasks()
}

struct ForEach: Flowable {
  static let kind = FlowableKind.forEach
  static let info = TaskInfo(
    "core.flow.ForEach", aliases: ["flows.ForEach"],
    "Runs tasks for each value of a list.",
    details: """
      Inside, `taskrun.value` is the value and `taskrun.iteration` its number from 0. The outputs of an inner task are \
      `outputs.TASK[VALUE].NAME`.
      """,
    example: """
      id: each
      type: io.kestra.plugin.core.flow.ForEach
      values: ["a", "b"]
      concurrencyLimit: 2
      tasks:
        - id: one
          type: core.debug.Return
          format: "{{ taskrun.value }}"
      """)
  @Property("The values: a list, or a text that holds a JSON list.") var values: Value
  @Property("The tasks, run in order for each value.", .raw) var tasks: TaskList
  @Property("How many values are worked on at once; 0 for all.", .range(0...10_000)) var concurrencyLimit = 1
  @PropertyGroup var handler = ErrorTasks()
}

/// A loop as flows of 2022 wrote it.
struct OldLoop: Declaring, Decodable {
  @Property("The values: a list, or a text that holds a JSON list.") var value: Value
  @Property("The tasks, run in order for each value.", .raw) var tasks: TaskList
}

struct EachSequential: Flowable {
  static let kind = FlowableKind.forEach
  static let info = TaskInfo(
    "core.flow.EachSequential", aliases: ["flows.EachSequential"],
    "Runs tasks for each value of a list, one value after the other. Kept for old flows: see ForEach.",
    example: """
      id: each
      type: io.kestra.core.tasks.flows.EachSequential
      value: '["a", "b"]'
      tasks:
        - id: one
          type: core.debug.Return
          format: "{{ taskrun.value }}"
      """)
  @PropertyGroup var loop = OldLoop()
  @PropertyGroup var handler = ErrorTasks()
}

struct EachParallel: Flowable {
  static let kind = FlowableKind.forEach
  static let info = TaskInfo(
    "core.flow.EachParallel", aliases: ["flows.EachParallel"],
    "Runs tasks for each value of a list, the values at the same time. Kept for old flows: see ForEach.",
    example: """
      id: each
      type: io.kestra.core.tasks.flows.EachParallel
      value: '["a", "b"]'
      concurrent: 2
      tasks:
        - id: one
          type: core.debug.Return
          format: "{{ taskrun.value }}"
      """)
  @PropertyGroup var loop = OldLoop()
  @Property("How many values are worked on at once; 0 for all.", .range(0...10_000)) var concurrent = 0
  @PropertyGroup var handler = ErrorTasks()
}

struct If: Flowable {
  static let kind = FlowableKind.ifElse
  static let info = TaskInfo(
    "core.flow.If", aliases: ["flows.If"], "Runs one list of tasks or another.",
    details: "False are: false, 0, the empty text, \"false\", null, an empty list or map.",
    outputs: [TaskOutput("evaluationResult", .boolean, "What the condition came to.")],
    example: """
      id: check
      type: io.kestra.plugin.core.flow.If
      condition: "{{ 1 < 2 }}"
      then:
        - id: yes
          type: core.debug.Return
      """)
  @Property("The condition.") var condition: Value
  @Property("The tasks when it is true.", .raw) var then: TaskList
  @Property("The tasks when it is false.", .raw) var `else`: TaskList?
  @PropertyGroup var handler = ErrorTasks()
}

struct Switch: Flowable {
  static let kind = FlowableKind.switchCase
  static let info = TaskInfo(
    "core.flow.Switch", aliases: ["flows.Switch"], "Runs the tasks of the case that a value names.",
    outputs: [
      TaskOutput("value", .string, "The value."), TaskOutput("defaults", .boolean, "Whether no case was named."),
    ],
    example: """
      id: choose
      type: io.kestra.plugin.core.flow.Switch
      value: "b"
      cases:
        a:
          - id: first
            type: core.debug.Return
        b:
          - id: second
            type: core.debug.Return
      """)
  @Property("The value.") var value: Value
  @Property("Lists of tasks by value.", .raw) var cases: [ExactText: TaskList]?
  @Property("The tasks when no case is named like the value.", .raw) var defaults: TaskList?
  @PropertyGroup var handler = ErrorTasks()
}

struct AllowFailure: Flowable {
  static let kind = FlowableKind.allowFailure
  static let info = TaskInfo(
    "core.flow.AllowFailure", aliases: ["flows.AllowFailure"],
    "Runs tasks in order; when one fails, the rest of them is left out and the flow goes on with a warning.",
    example: """
      id: optional
      type: io.kestra.plugin.core.flow.AllowFailure
      tasks:
        - id: fails
          type: core.execution.Fail
      """)
  @Property("The tasks, in order.", .raw) var tasks: TaskList
  @PropertyGroup var handler = ErrorTasks()
}

struct Dag: Flowable {
  static let kind = FlowableKind.dag
  static let info = TaskInfo(
    "core.flow.Dag", aliases: ["flows.Dag"], "Runs each task as soon as those that it depends on have ended.",
    example: """
      id: graph
      type: io.kestra.plugin.core.flow.Dag
      tasks:
        - task:
            id: one
            type: core.debug.Return
        - task:
            id: two
            type: core.debug.Return
          dependsOn: [one]
      """)
  @Property("The tasks, each as `task` with `dependsOn`, a list of ids.", .raw) var tasks: TaskList
  @Property("How many run at once; 0 for all that can.", .range(0...10_000)) var concurrent = 0
  @PropertyGroup var handler = ErrorTasks()
}

/// The engine runs it as it runs a task that does work: in attempts.
struct Subflow: DeclaredTask {
  static let info = TaskInfo(
    "core.flow.Subflow", aliases: ["flows.Flow", "flows.Subflow", "core.flow.Flow"],
    "Runs another flow, whose file lies beside this one.",
    details: "The file is the one whose `id` is `flowId` (and whose `namespace`, where it has one, is the same).",
    outputs: [
      TaskOutput("executionId", .string, "The execution of that flow."), TaskOutput("state", .string, "How it ended."),
      TaskOutput("outputs", .map(.any), "Its outputs."),
    ],
    example: """
      id: child
      type: io.kestra.plugin.core.flow.Subflow
      namespace: company.team
      flowId: load_orders
      inputs:
        day: "2026-11-21"
      """)
  @Property("The namespace of the flow.") var namespace: String?
  @Property("The id of the flow.") var flowId: String
  @Property("Its inputs.") var inputs: ValueMap?
  @Property(
    "What is taken from it, by name, in place of its own outputs: expressions that see its tasks.", .raw,
    .deprecated("'outputs' of the flow itself")) var outputs: ValueMap?
  @Property("Labels of its execution.") var labels: Value?
  @Property("Whether its state and outputs are put out. Ferry waits for its end in any case.") var wait = true
  @Property("Whether its failure is this task's failure.") var transmitFailed = true
  @Property("Whether it gets the labels of this execution.") var inheritLabels = false
  @Property("The revision of the flow.", .unused("it is the file beside this one"))
  var revision: Int?
}
