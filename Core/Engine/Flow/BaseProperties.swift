internal import Expression

/// What the engine handles for every task, declared as a task declares its own properties.
struct BaseProperties: Declaring {
  @Property("The task's name, unique in the flow: its outputs are `outputs.ID`.") var id: String
  @Property("The type, under any of its names.") var type: String
  @Property("For readers of the flow.") var description: String?
  @Property(
    """
    When and how often to try again after a failure that may pass by itself (transient, quota, the time-out of an \
    attempt): `type` constant with `interval`, exponential with `interval`, `maxInterval` and `delayFactor`, or random \
    with `minInterval` and `maxInterval`; `maxAttempts`, `maxDuration`, `warningOnRetry`. On a task that runs tasks it \
    counts for those inside that have none of their own, as the flow's `retry` does for all. A Subflow starts again \
    from its beginning.
    """) var retry: ValueMap?
  @Property("How long one attempt may take. On a task that runs tasks: how long all of them may take together.")
  var timeout: Duration?
  @Property("Leaves the task out, without a trace.") var disabled = false
  @Property("Leaves the task out, as SKIPPED, when this comes to false.") var runIf: Value?
  @Property("Makes a failure a warning: the flow goes on.") var allowFailure = false
  @Property("Makes a warning a success.") var allowWarning = false
  @Property("The least level of the task's messages that are kept.") var logLevel: LogLevel?
  @Property("Whether the log is kept as a file.", .unused("'ferry runs ID' shows it")) var logToFile = false
  @Property("Where the task runs.", .unused("all tasks run on this machine")) var workerGroup: Value?
  @Property("The plugin's version.", .unused("plugins are part of Ferry"))
  var version: String?

  static let declarations = PropertyDeclaration.collect(from: BaseProperties())
  static let names = declarations.map(\.name)
}
