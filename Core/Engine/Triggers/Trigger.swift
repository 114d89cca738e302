public import Expression

/// Whatever a flow can name as the type of a trigger: what starts executions. Which way it does so says one of the
/// protocols below; what needs a server that is told (another flow's end, a request) has none of them.
///
/// `ferry check` knows triggers and their properties; nothing fires them yet.
public protocol FerryTrigger: DeclaredTask, Decodable {}

/// Looks now and then whether there is something to do.
public protocol PollingTrigger: FerryTrigger {
  /// The time between two looks.
  var interval: Duration { get }

  /// Looks once. What it returns an execution sees as `trigger`; nil when there is nothing to do. What it takes, it
  /// acknowledges with `TaskContext.onceRecorded`: when the execution is in the record.
  func poll(_ context: TaskContext) throws -> ValueMap?
}

/// Waits for what happens elsewhere, and starts an execution for each.
public protocol RealtimeTrigger: FerryTrigger {
  /// Returns when `context` is cancelled.
  /// - Parameter fire: starts an execution that sees its argument as `trigger`; it is in the record when this returns,
  ///   so that what has been taken may be acknowledged then.
  func listen(_ context: TaskContext, fire: (ValueMap) throws -> Void) throws
}

/// Comes round by the clock.
public protocol ScheduledTrigger: FerryTrigger {
  /// The first time behind another one; nil when there will be none.
  func next(after time: Instant) throws -> Instant?
}

/// What every trigger takes, declared as a task declares its own properties.
struct BaseTriggerProperties: Declaring {
  @Property("The trigger's name, unique in the flow.") var id: String
  @Property("The type, under any of its names.") var type: String
  @Property("For readers of the flow.") var description: String?
  @Property("What must be true for it to fire.") var conditions: [Value]?
  @Property("An expression that must come to true for it to fire.", .raw) var when: Value?
  @Property("Leaves the trigger out.") var disabled = false
  @Property("Labels of the executions that it starts, as a map or a list of key and value.") var labels: Value?
  @Property("Inputs of the executions that it starts.") var inputs: ValueMap?
  @Property("States of an execution behind which it fires no more.") var stopAfter: [String]?
  @Property("Whether executions that it starts may run at the same time.") var allowConcurrent = false
  @Property("Whether an error of its own is an execution that failed.") var failOnTriggerError = false
  @Property("The least level of its messages that are kept.") var logLevel: LogLevel?
  @Property("Whether the log is kept as a file.", .unused("'ferry runs ID' shows it")) var logToFile = false
  @Property("Where it runs.", .unused("all of it runs on this machine")) var workerGroup: Value?
  @Property("The plugin's version.", .unused("plugins are part of Ferry")) var version: String?
  @Property("What it reads and makes.", .unused("nothing shows it")) var assets: Value?

  static let declarations = PropertyDeclaration.collect(from: BaseTriggerProperties())
  static let names = declarations.map(\.name)
}
