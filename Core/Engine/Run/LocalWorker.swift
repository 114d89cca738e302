internal import Expression
internal import Records

/// Does the work of tasks in this process, each on a thread of its own.
public struct LocalWorker: TaskWorker {
  let registry: Registry
  let storage: any Storage
  let environment: Environment

  public init(registry: Registry, storage: any Storage, environment: Environment) {
    self.registry = registry
    self.storage = storage
    self.environment = environment
  }

  public func run(_ message: TaskMessage, _ line: TaskLine) async -> TaskResult {
    do {
      return try await BlockingExecutor.run {
        do {
          let outputs = try self.outputs(of: message, line)
          var result = TaskResult(state: .success, outputs: outputs, ledger: line.ledger.counts)
          result.isWaitingForRecord = !line.hooks.isEmpty
          return result
        } catch {
          return failed(line.cancellation.reason(for: error), line)
        }
      }
    } catch {
      return failed(error, line)
    }
  }

  private func failed(_ error: any Error, _ line: TaskLine) -> TaskResult {
    TaskResult(state: .failed, ledger: line.ledger.counts, failure: Failure(of: error))
  }

  private func outputs(of message: TaskMessage, _ line: TaskLine) throws -> ValueMap {
    guard let type = registry.find(message.type) as? any FerryTask.Type else {
      throw Failure(.bug, "\(message.type) cannot be run")
    }
    let workspace = try Workspace(message.executionID, at: message.workingDirectory)
    defer { workspace.remove() }
    let task = try type.decode(from: message.properties)
    if let file = line.following, (task as? any FollowingTask)?.mayFollow(file.place) != true {
      throw Failure(.configuration, "it cannot begin before its input is complete")
    }
    return try task.run(context(message, line, workspace))
  }

  private func context(_ message: TaskMessage, _ line: TaskLine, _ workspace: Workspace) -> TaskContext {
    let host = Host(
      environment: environment, redactor: line.redactor, storage: storage, folder: message.flowFolder,
      namespace: message.namespace)
    let logger = TaskLogger(
      redactor: line.redactor, level: message.logLevel, executionID: message.executionID, taskID: message.taskID,
      taskRunID: message.taskRunID, values: message.values, emit: line.log)
    return TaskContext(
      message, line, storage: storage,
      scope: Scope(
        variables: message.variables, host: host, timeZone: message.timeZone, check: line.cancellation.check),
      logger: logger, workspace: workspace)
  }
}

extension TaskMessage {
  /// What expressions that are rendered for each row need of what is visible: what they name, or all of it where that
  /// cannot be told.
  static func variables(for templates: [String], of all: ValueMap) throws -> ValueMap {
    var names: Set<ExactText> = []
    for text in templates {
      let template = try Template(text)
      let roots = template.references.compactMap(\.path.first)
      // A flow's variables may name anything, and so may a text that is rendered.
      if roots.contains("vars") || template.calls.contains(where: { reachingOut.contains($0.name) }) { return all }
      names.formUnion(roots.map(\.exact))
    }
    return ValueMap(all.filter { names.contains($0.key.exact) }.map { ($0.key, $0.value) })
  }

  /// Functions that see more than what stands in their arguments.
  static let reachingOut: Set = ["render", "renderOnce", "currentEachOutput"]
}

extension Failure {
  /// Any error as the failure that it stands for.
  init(of error: any Error) {
    switch error {
    case let failure as Failure: self = failure
    case let mismatch as PropertyMismatch:
      self.init(
        .configuration, mismatch.path.isEmpty ? mismatch.message : "\(mismatch.path): \(mismatch.message)")
    case let error as ExpressionError: self.init(.configuration, error.description)
    case is CancellationError: self.init(.cancelled, "stopped")
    default: self.init(.bug, "\(error)")
    }
  }
}
