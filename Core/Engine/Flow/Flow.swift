public import Expression
internal import Records

/// A flow as it was parsed and checked, ready to run.
public struct Flow: Sendable {
  public var id: String
  public var namespace: String
  public var description: String?
  public var labels = ValueMap()
  public var inputs: [InputDeclaration] = []
  var variables = ValueMap()
  /// The same with their places in the file.
  var variableNodes: [Node.Member] = []
  var tasks: [TaskNode] = []
  var errors: [TaskNode] = []
  var finally: [TaskNode] = []
  var outputs: [FlowOutput] = []
  var defaults: [PluginDefault] = []
  var retry: RetryPolicy?
  var disabled = false
  var concurrency: Concurrency?
  /// Whether some expression says `inputs.TASK`, as flows of 2022 did, where it means the outputs of a task.
  var hasTaskInputs = false
  /// The file, for messages and for files beside it; and its text, which is recorded with each execution.
  public var file: String
  public var source: String
  /// Where it lies, and the flows beside it.
  var flows: any FlowStore
}

extension Flow {
  /// The tasks as an indented list, for `--dry-run`.
  public var plan: String {
    var text = "\(namespace).\(id)\n"
    func add(_ tasks: [TaskNode], _ indent: String) {
      for task in tasks {
        text += "\(indent)\(task.id)  \(task.type.info.type)\n"
        for branch in task.branches {
          if branch.name != "tasks" { text += "\(indent)  \(branch.name):\n" }
          add(branch.tasks, indent + "    ")
        }
      }
    }
    add(tasks, "  ")
    for (name, tasks) in [("errors", errors), ("finally", finally)] where !tasks.isEmpty {
      text += "  \(name):\n"
      add(tasks, "    ")
    }
    return text
  }
}

extension Flow {
  /// The ids of all tasks that a restart does not simply run again, as it does those under `errors` and `finally`.
  var mainTasks: Set<String> {
    var ids: Set<String> = []
    func add(_ tasks: [TaskNode]) {
      for task in tasks {
        ids.insert(task.id)
        for branch in task.branches where branch.name != "errors" { add(branch.tasks) }
      }
    }
    add(tasks)
    return ids
  }
}

struct FlowOutput: Sendable {
  var id: String
  var value: Value
  /// What its text is converted to; it stays a text without it.
  var kind: InputDeclaration.Kind?
  var itemKind: InputDeclaration.Kind?
}

extension FlowOutput {
  /// As Kestra does it: the text of its expressions, converted to its type.
  func value(in scope: Scope) throws -> Value {
    let rendered = try value.renderedTexts(in: scope)
    guard let kind, !rendered.isNull else { return rendered }
    return try InputDeclaration.convert(rendered.unmarked, to: kind, item: itemKind).marked(like: rendered)
  }
}

/// Values for all tasks of a type, or of all types that start with it.
struct PluginDefault: Sendable {
  var type: String
  var isForced: Bool
  var values: [Node.Member]
}

struct Concurrency: Sendable {
  enum Behavior: String, Sendable, CaseIterable {
    case queue = "QUEUE"
    case cancel = "CANCEL"
    case fail = "FAIL"
  }
  var limit: Int
  var behavior: Behavior
}

/// A task of a flow: what the engine handles itself, and the properties that are rendered when its turn comes.
struct TaskNode: Sendable {
  var id: String
  var type: any DeclaredTask.Type
  /// The type as the flow spells it.
  var typeName: String
  var position: Position
  /// Properties as written, defaults merged in.
  var properties: [Node.Member]
  /// The tasks of a flowable, by property: `tasks`, `then`, `else`, `errors`, `cases.NAME`, `defaults`.
  var branches: [(name: String, tasks: [TaskNode])] = []
  /// For the tasks of a Dag.
  var dependsOn: [String] = []
  var retry: RetryPolicy?
  /// Literal or template; rendered to a duration.
  var timeout: Value?
  var runIf: Value?
  var disabled: Value?
  var allowFailure: Value?
  var allowWarning: Value?
  var logLevel: LogLevel?
  /// Where the templates among these stand.
  var baseNodes: [Node] = []

  func branch(_ name: String) -> [TaskNode] { branches.first { $0.name.isExactly(name) }?.tasks ?? [] }
  func property(_ name: String) -> Node? { properties.first { $0.key.isExactly(name) }?.node }
}

/// When and how often a failed task is tried again.
struct RetryPolicy: Sendable {
  enum Delay: Sendable {
    case constant(Duration)
    case exponential(Duration, max: Duration, factor: Double)
    case random(Duration, Duration)
  }

  var delay: Delay
  var maxAttempts: Int?
  var maxDuration: Duration?
  var warningOnRetry = false

  /// How long to wait when so many attempts have failed, nil when there must not be another.
  /// - Parameter least: what the counterpart asked for.
  func wait(after attempts: Int, since began: Instant, atLeast least: Duration? = nil) -> Duration? {
    guard attempts < maxAttempts ?? Int.max else { return nil }
    let wait = max(wait(before: attempts + 1), least ?? .zero)
    if let maxDuration, began.duration(to: .now()) + wait > maxDuration { return nil }
    return wait
  }

  /// The wait before attempt number `attempt` (the first retry is 2). Exponential for true, with up to a tenth of
  /// jitter so that parallel tasks don't come back together.
  func wait(before attempt: Int) -> Duration {
    switch delay {
    case .constant(let interval): return interval
    case .random(let low, let high): return low + (high - low) * Double.random(in: 0...1)
    case .exponential(let interval, let max, let factor):
      var wait = interval
      for _ in 0..<Swift.min(Swift.max(attempt - 2, 0), 64) where wait < max { wait = wait * factor }
      return Swift.min(wait, max) * Double.random(in: 0.9...1)
    }
  }
}
