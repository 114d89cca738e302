public import Expression
internal import Glibc
public import Records

/// What an engine works with: where files and the record of runs lie, one set of task types, its listeners.
public struct EngineSettings: Sendable {
  /// Internal storage: `ferry:///`.
  public var storage: any Storage
  /// What else URIs name, by their schemes.
  public var storages: [StorageURI.Scheme: any Storage] = [:]
  public var store: any RunStore
  public var registry: Registry
  public var environment: Environment
  public var globals = ValueMap()
  public var logLevel = LogLevel.info
  /// An IANA name.
  public var timeZone = "UTC"
  /// How many threads each task may keep busy.
  public var threads = 1
  /// Told what happens, in this order, once it is recorded.
  public var observers: [any RunObserver] = []

  /// Does the work of tasks; in this process when it is nil.
  public var worker: (any TaskWorker)?

  public init(_ home: LocalHome, registry: Registry, environment: Environment) {
    self.init(storage: home.storage, store: home.store, registry: registry, environment: environment)
  }

  public init(storage: any Storage, store: any RunStore, registry: Registry, environment: Environment) {
    self.storage = storage
    self.store = store
    self.registry = registry
    self.environment = environment
  }
}

/// Runs flows and keeps the record of them.
public final class Engine: Sendable {
  public let settings: EngineSettings
  let worker: any TaskWorker

  public init(_ settings: EngineSettings) {
    self.settings = settings
    storage = Storages(internal: settings.storage, settings.storages)
    worker =
      settings.worker
      ?? LocalWorker(registry: settings.registry, storage: storage, environment: settings.environment)
  }

  public var store: any RunStore { settings.store }
  let storage: any Storage

  /// Opens a file of internal storage or a local one.
  public func open(_ uri: String) throws -> any ByteInput { try storage.open(StorageURI(uri), range: nil) }

  /// The path on this machine of a URI of internal storage.
  public func localPath(_ uri: String) throws -> String? { try storage.localPath(StorageURI(uri)) }

  /// Tells the listeners what is recorded already, or kept to be.
  func tell(_ event: RunEvent) { for observer in settings.observers { observer.handle(event) } }

  /// Keeps a line of log, and tells it.
  func log(_ line: LogLine) {
    store.log(line)
    tell(.log(line))
  }

  /// Records that a task begins, and tells it. Throws when it cannot be recorded: then it must not begin.
  func begin(_ run: TaskRun, _ ledger: Ledger) async throws {
    try await store.commit(.taskBegan(run))
    tell(.taskStarted(run, ledger))
  }

  /// Runs a flow to its end.
  /// - Parameters:
  ///   - inputs: as the user gave them; they are checked and completed with the defaults first.
  ///   - restart: the id, or the beginning of it, of a failed execution of this flow to go on with at the failed task.
  ///   - asked: what the Subflow task that runs it wants to have out of it, in place of the flow's own outputs.
  ///   - id: of a new execution, where the caller has to know it before.
  ///   - acceptsUnknown: whether the restart does work again of which it is not known whether it has been done.
  public func run(
    _ flow: Flow, inputs: ValueMap, restart: String? = nil, acceptsUnknown: Bool = false, id: String? = nil,
    labels: ValueMap = [:], parentID: String? = nil, depth: Int = 0, correlationID: String? = nil,
    asked: ValueMap? = nil, cancellation: Cancellation
  ) async throws -> Execution {
    guard depth <= Engine.deepestSubflow else {
      throw Failure(
        .configuration, "flow '\(flow.id)' is \(depth) subflows deep", hint: "A flow that runs itself never ends")
    }
    var flow = flow
    if let asked { flow.outputs = asked.map { FlowOutput(id: $0.key, value: $0.value) } }
    var claimed: Execution?
    if let restart { claimed = try await store.claim(restart, of: flow) }
    do {
      if let claimed, !acceptsUnknown { try refuseUnknown(claimed, flow) }
      let runner = try runner(
        flow, inputs, going: claimed, acceptsUnknown, id: id ?? Identifier.make(), labels: labels, parentID: parentID,
        depth: depth, correlationID: correlationID, cancellation)
      return try await runner.run()
    } catch {
      if let claimed { store.release(claimed.id) }
      throw error
    }
  }

  private func runner(
    _ flow: Flow, _ inputs: ValueMap, going claimed: Execution?, _ acceptsUnknown: Bool, id: String, labels: ValueMap,
    parentID: String?, depth: Int, correlationID: String?, _ cancellation: Cancellation
  ) throws -> FlowRunner {
    let host = Host(
      environment: settings.environment, redactor: Redactor(), storage: storage, folder: Engine.folder(of: flow.file),
      namespace: flow.namespace)
    let accepted = try complete(
      claimed.map { recorded($0, inputs, flow) } ?? inputs, of: flow, host, isSubflow: parentID != nil, cancellation)
    var execution =
      claimed
      ?? Execution(
        id: id, namespace: flow.namespace, flowID: flow.id, state: .running, started: .now(),
        parentID: parentID)
    execution.state = flow.concurrency == nil ? .running : .queued
    execution.error = nil
    execution.ended = nil
    execution.inputs = accepted.masked
    let labels = ValueMap(
      Array(flow.labels).map { ($0.key, $0.value) } + Array(labels).map { ($0.key, $0.value) })
    execution.labels = labels.masked
    return FlowRunner(
      engine: self, flow: flow, execution: execution, inputs: accepted, labels: labels, host: host, depth: depth,
      acceptsUnknown: acceptsUnknown, correlationID: correlationID, cancellation: cancellation)
  }

  /// A restart does nothing again that may have been done, unless the task finds out by itself.
  private func refuseUnknown(_ execution: Execution, _ flow: Flow) throws {
    let tasks = flow.mainTasks
    let run = execution.taskRuns.last { run in
      (run.state == .failed || run.state == .killed) && run.outcome != .undone && !run.canResume
        && tasks.contains(run.taskID)
    }
    guard let run else { return }
    let what =
      run.outcome == .unknown
      ? "it is not known whether the work of task '\(run.taskID)' has been done"
      : "a part of the work of task '\(run.taskID)' is done and stays, and it cannot go on behind it"
    throw Failure(
      .configuration, "execution '\(execution.id)' is not restarted: \(what)",
      hint: "Look what is there; --restart \(execution.id) --accept-unknown does the whole task again")
  }

  /// Subflows within subflows: far more than honest use.
  private static let deepestSubflow = 32

  /// The inputs of an execution that is restarted, under those given anew. Secrets are not recorded.
  private func recorded(_ execution: Execution, _ given: ValueMap, _ flow: Flow) -> ValueMap {
    var inputs = given
    for (name, value) in execution.inputs where given[name] == nil && !value.isNull && !Masked.holdsMask(value) {
      if flow.inputs.contains(where: { $0.id.isExactly(name) }) { inputs[name] = value }
    }
    return inputs
  }

  /// Where a flow's file lies: a path, or a URI.
  static func folder(of file: String) -> String {
    if file.contains("://") { return String(file[..<(file.lastIndex(of: "/") ?? file.endIndex)]) }
    let folder = file.lastIndex(of: "/").map { String(file[..<$0]) } ?? "."
    return FileSystem.realPath(folder.isEmpty ? "/" : folder) ?? folder
  }

  /// The inputs with their types and defaults. All that is wrong with them comes at once.
  /// - Parameter isSubflow: whether another flow gives them: then paths begin where that flow's file lies.
  func complete(
    _ given: ValueMap, of flow: Flow, _ host: Host, isSubflow: Bool = false,
    _ cancellation: Cancellation = Cancellation()
  ) throws -> ValueMap {
    var problems: [String] = []
    var inputs = ValueMap()
    let names = flow.inputs.map(\.id)
    for name in given.keys where !names.containsExactly(name) {
      let hint = nearest(name, in: names).map { ". Did you mean '\($0)'?" } ?? ""
      problems.append("the flow declares no input '\(name)'\(hint)")
    }
    for input in flow.inputs {
      do {
        inputs[input.id] = .null
        inputs[input.id] = try complete(
          input, given[input.id], inputs, host, isSubflow: isSubflow, cancellation)
      } catch let mismatch as PropertyMismatch {
        problems.append("input '\(input.id)': \(mismatch.message)")
      } catch {
        try cancellation.check()
        problems.append("input '\(input.id)': \(error)")
      }
    }
    guard problems.isEmpty else {
      throw Failure(.configuration, host.redactor.redact(problems.joined(separator: "\n")))
    }
    return inputs
  }

  /// The URI of a file that is given by its path.
  /// - Parameter folder: where a relative path begins.
  private func fileURI(_ text: String, in folder: String) throws -> String {
    if text.isEmpty || text.contains(":/") { return text }
    let uri = try StorageURI(path: text, in: FileSystem.realPath(folder) ?? folder)
    guard try storage.exists(uri) else { throw PropertyMismatch("there is no file '\(text)' in '\(folder)'") }
    return uri.text
  }

  private func complete(
    _ input: InputDeclaration, _ given: Value?, _ known: ValueMap, _ host: Host, isSubflow: Bool,
    _ cancellation: Cancellation
  ) throws -> Value {
    let scope = Scope(
      variables: [
        "inputs": .map(known), "envs": URLSecrets.marked(.map(settings.environment.visible)),
        "globals": URLSecrets.marked(.map(settings.globals)),
        "vars": .map([:]), "outputs": .map([:]),
      ], host: host, timeZone: settings.timeZone, check: cancellation.check)
    if let condition = try input.condition?.rendered(in: scope), !condition.isTruthy { return .null }
    guard var value = try given ?? input.fallback?.rendered(in: scope), !value.isNull else {
      if input.isRequired { throw PropertyMismatch("it is missing: give it with -i \(input.id)=…") }
      return .null
    }
    value = input.kind == .secret ? value.asSecret : URLSecrets.marked(value)
    host.redactor.add(value)
    if input.kind == .file, let text = value.string {
      value = .string(try fileURI(text, in: given == nil || isSubflow ? host.folder : ".")).marked(like: value)
    }
    var input = input
    if let choices = try input.choices?.rendered(in: scope) { input.values = try [String](property: choices) }
    return try input.accept(value, cancellation.check)
  }
}
