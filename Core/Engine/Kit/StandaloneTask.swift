package import Expression
internal import Records

extension FerryTask {
  /// Runs a task without a flow around it, for tests of plugins: properties as a flow gives them, already rendered.
  /// - Parameter storage: the folder of internal storage.
  /// - Returns: the outputs, and what the ledger counted. A ledger that does not balance is for the caller to see.
  package static func runAlone(
    _ properties: ValueMap, storage: String, cancellation: Cancellation = Cancellation(), timeZone: String = "UTC",
    log: @escaping @Sendable (String) -> Void = { _ in }
  ) throws -> (outputs: ValueMap, counts: Ledger.Counts) {
    try TaskContext.alone(storage: storage, cancellation: cancellation, timeZone: timeZone, log: log) { context in
      (try decode(from: properties).run(context), context.ledger.counts)
    }
  }
}

extension TaskContext {
  /// A context without a flow, for tests of plugins.
  package static func alone<T>(
    storage: String, cancellation: Cancellation = Cancellation(), timeZone: String = "UTC",
    log: @escaping @Sendable (String) -> Void = { _ in }, _ body: (TaskContext) throws -> T
  ) throws -> T {
    let context = try standalone(storage: storage, cancellation: cancellation, timeZone: timeZone, log: log)
    defer { context.workspace.remove() }
    return try body(context)
  }

  /// The same, with a working folder that is left to the system's temporary files.
  package static func standalone(
    storage: String, cancellation: Cancellation = Cancellation(), timeZone: String = "UTC",
    log: @escaping @Sendable (String) -> Void = { _ in }
  ) throws -> TaskContext {
    let local = try LocalStorage(root: storage)
    let redactor = Redactor()
    let host = Host(
      environment: try Environment(), redactor: redactor, storage: local, folder: storage, namespace: "test")
    let logger = TaskLogger(redactor: redactor, level: .trace, executionID: "1") { log($0.message) }
    let message = TaskMessage(
      type: "", typeName: "", namespace: "", properties: [:], variables: [:], executionID: "1", taskID: "task",
      taskRunID: "1", values: [], folder: "ferry:///test/flow/executions/1/tasks/task/\(Identifier.make())/",
      flowFolder: storage, timeZone: timeZone, threads: 1, logLevel: .trace, acceptsUnknown: false)
    let line = TaskLine(
      cancellation: cancellation, ledger: Ledger(), redactor: redactor, log: { log($0.message) },
      keeper: ProgressKeeper())
    return TaskContext(
      message, line, storage: local, scope: Scope(variables: [:], host: host), logger: logger,
      workspace: try Workspace("alone"))
  }
}
