internal import Expression
internal import Glibc
internal import Records

/// The tasks that every flow can use.
let corePlugin = Plugin(
  "core", "Flow control, logs, values and tools for record files.",
  tasks: [
    Sequential.self, Parallel.self, ForEach.self, EachSequential.self, EachParallel.self, If.self, Switch.self,
    AllowFailure.self, Dag.self, Subflow.self, Log.self, Return.self, OutputValues.self, Fail.self, Pause.self,
    Sleep.self,
    Assert.self, KVSet.self, KVGet.self, KVDelete.self, KVGetKeys.self, Concat.self, Split.self, Size.self, Delete.self,
    FilterItems.self, DeduplicateItems.self,
  ], triggers: coreTriggers)

struct Log: FerryTask {
  static let info = TaskInfo(
    "core.log.Log", aliases: ["log.Log", "debugs.Echo", "core.debug.Echo"], "Writes messages to the log.",
    example: """
      id: hello
      type: io.kestra.plugin.core.log.Log
      message: "Loading {{ flow.id }}"
      """)
  @Property("A message or a list of messages.", .aliases("format")) var message: Value
  @Property("The level that they are logged at.") var level = LogLevel.info

  func run(_ context: TaskContext) throws -> ValueMap {
    for line in message.list ?? [message] { context.log(level, line.markedText) }
    return [:]
  }
}

/// A task that does nothing but put out what its properties come to. What it put out is not recorded where it holds a
/// secret; a restart lets it do so again.
protocol Computation {}

struct Return: FerryTask, Computation {
  static let info = TaskInfo(
    "core.debug.Return", aliases: ["debugs.Return", "debug.Return"],
    "Puts out a text, mostly to look at an expression.",
    outputs: [TaskOutput("value", .string, "The rendered text, as in Kestra: lists and maps are JSON.")],
    example: """
      id: today
      type: io.kestra.plugin.core.debug.Return
      format: "{{ execution.startDate }}"
      """)
  @Property("The text.", .text) var format: Value?

  func run(_ context: TaskContext) throws -> ValueMap { ["value": format.map { Value($0.markedText) } ?? .null] }
}

struct OutputValues: FerryTask, Computation {
  static let info = TaskInfo(
    "core.output.OutputValues", aliases: ["output.OutputValues"], "Puts out several values under names.",
    details: "As in Kestra, what an expression comes to is put out as text, lists and maps as JSON; literals keep "
      + "their types.",
    outputs: [TaskOutput("values", .map(.any), "The rendered values.")],
    example: """
      id: facts
      type: io.kestra.plugin.core.output.OutputValues
      values:
        answer: "{{ 6 * 7 }}"
      """)
  @Property("The values by name.", .text) var values: ValueMap

  func run(_ context: TaskContext) throws -> ValueMap { ["values": .map(values)] }
}

struct Fail: FerryTask {
  static let info = TaskInfo(
    "core.execution.Fail", aliases: ["execution.Fail", "executions.Fail"],
    "Fails, when its condition is true or absent.",
    example: """
      id: stop
      type: io.kestra.plugin.core.execution.Fail
      condition: "{{ 1 > 2 }}"
      errorMessage: "No rows today"
      """)
  @Property("The condition.") var condition: Value?
  @Property("What the failure says.") var errorMessage: MarkedText?

  func run(_ context: TaskContext) throws -> ValueMap {
    if let condition, !condition.isTruthy { return [:] }
    // A flow that fails on purpose may be retried on purpose.
    throw Failure(.transient, errorMessage?.masked ?? "the flow asked to fail here", retryIsSafe: true)
  }
}

struct Assert: FerryTask {
  static let info = TaskInfo(
    "core.execution.Assert", aliases: ["execution.Assert"], "Fails unless all of its conditions are true.",
    outputs: [
      TaskOutput("success", .integer, "How many are true."), TaskOutput("failed", .integer, "How many are not."),
    ],
    example: """
      id: sane
      type: io.kestra.plugin.core.execution.Assert
      conditions:
        - "{{ 1 < 2 }}"
      errorMessage: "No rows today"
      """)
  @Property("The conditions.") var conditions: [Value]
  @Property("What the failure says.") var errorMessage: MarkedText?

  func run(_ context: TaskContext) throws -> ValueMap {
    let failed = conditions.indices.filter { !conditions[$0].isTruthy }
    guard !failed.isEmpty else { return ["success": .int(Int64(conditions.count)), "failed": 0] }
    let places = failed.map { String($0 + 1) }.joined(separator: ", ")
    let what = "of \(conditions.count) conditions these are not true: \(places)"
    throw Failure(.transient, errorMessage.map { "\($0.masked) (\(what))" } ?? what, retryIsSafe: true)
  }
}

struct Pause: FerryTask {
  static let info = TaskInfo(
    "core.flow.Pause", aliases: ["flow.Pause", "flows.Pause"], "Waits for a given time.",
    details: "Nobody can resume an execution by hand: without a time the task fails.",
    example: """
      id: settle
      type: io.kestra.plugin.core.flow.Pause
      pauseDuration: PT0.1S
      """)
  @Property("How long.", .aliases("delay")) var pauseDuration: Duration?
  @Property("Inputs of whoever resumes.", .unused("nobody can resume by hand")) var onResume: Value?
  @Property("What becomes of the flow behind it.", .unused("it always goes on")) var behavior: Value?

  func run(_ context: TaskContext) throws -> ValueMap {
    guard let pauseDuration else {
      throw Failure(
        .configuration, "nobody can resume this execution by hand",
        hint: "Set 'pauseDuration', or leave the task out with 'disabled: true'")
    }
    var sleep = Sleep()
    sleep.duration = pauseDuration
    return try sleep.run(context)
  }
}

struct Sleep: FerryTask {
  static let info = TaskInfo(
    "core.flow.Sleep", aliases: ["flow.Sleep", "flows.Sleep"], "Waits.",
    example: """
      id: pause
      type: io.kestra.plugin.core.flow.Sleep
      duration: PT0.1S
      """)
  @Property("How long.") var duration: Duration

  func run(_ context: TaskContext) throws -> ValueMap {
    let end = Instant.now().microseconds + Int64(duration.seconds * 1e6)
    while true {
      try context.checkCancelled()
      let left = end - Instant.now().microseconds
      if left <= 0 { return [:] }
      usleep(UInt32(min(left, 50_000)))
    }
  }
}

extension Value {
  /// Kestra's truth: false are false, 0, "", "false", "0", null and what is empty.
  var isTruthy: Bool {
    switch self {
    case .null: false
    case .bool(let flag): flag
    case .int(let number): number != 0
    case .double(let number): number != 0
    case .decimal(let text): text.contains { $0.isNumber && $0 != "0" }
    case .string(let text): !["", "false", "0", "-0"].contains(text.lowercased())
    case .list(let values): !values.isEmpty
    case .map(let map): !map.isEmpty
    case .secret(let secret): secret.value.isTruthy
    }
  }
}
