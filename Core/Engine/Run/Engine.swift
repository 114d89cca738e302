public import Expression
internal import Glibc
public import Records

/// What an engine works with: one storage folder, one set of task types, one listener.
public struct EngineSettings: Sendable {
  /// Holds `files` (internal storage), `ferry.db` (the record of runs) and `locks`.
  public var folder: String
  public var registry: Registry
  public var environment: Environment
  public var globals = ValueMap()
  public var logLevel = LogLevel.info
  /// An IANA name.
  public var timeZone = "UTC"
  public var observer: (any RunObserver)?

  public init(folder: String, registry: Registry, environment: Environment) {
    self.folder = folder
    self.registry = registry
    self.environment = environment
  }
}

/// Runs flows and keeps the record of them.
public final class Engine: Sendable {
  public let settings: EngineSettings
  public let store: RunStore
  public let redactor = Redactor()
  let storage: LocalStorage

  public init(_ settings: EngineSettings) throws {
    self.settings = settings
    try LocalStorage.makeFolders(settings.folder)
    storage = try LocalStorage(root: settings.folder + "/files")
    store = try RunStore(folder: settings.folder)
  }

  /// Opens a file of internal storage or a local one.
  public func open(_ uri: String) throws -> any ByteInput { try storage.open(StorageURI(uri), range: nil) }

  /// The path on this machine of a URI of internal storage.
  public func localPath(_ uri: String) throws -> String? { try storage.localPath(StorageURI(uri)) }

  func emit(_ event: RunEvent) {
    store.handle(event)
    settings.observer?.handle(event)
  }

  /// Runs a flow to its end.
  /// - Parameters:
  ///   - inputs: as the user gave them; they are checked and completed with the defaults first.
  ///   - restart: a failed execution of this flow to go on with at the failed task.
  public func run(
    _ flow: Flow, inputs: ValueMap, restart: Execution? = nil, labels: ValueMap = [:], parentID: String? = nil,
    cancellation: Cancellation
  ) async throws -> Execution {
    let host = Host(
      environment: settings.environment, redactor: redactor, storage: storage, folder: Engine.folder(of: flow.file),
      namespace: flow.namespace)
    let accepted = try restart == nil ? complete(inputs, of: flow, host) : complete(restart?.inputs ?? inputs, of: flow, host)
    var execution =
      restart
      ?? Execution(
        id: Identifier.make(), namespace: flow.namespace, flowID: flow.id, state: .running, started: .now(), parentID: parentID)
    execution.state = .running
    execution.error = nil
    execution.ended = nil
    execution.inputs = redactor.redact(accepted)
    execution.labels = ValueMap(Array(flow.labels).map { ($0.key, $0.value) } + Array(labels).map { ($0.key, $0.value) })
    let runner = FlowRunner(
      engine: self, flow: flow, execution: execution, inputs: accepted, host: host, cancellation: cancellation)
    return try await runner.run()
  }

  static func folder(of file: String) -> String {
    let folder = file.lastIndex(of: "/").map { String(file[..<$0]) } ?? "."
    return LocalStorage.realPath(folder.isEmpty ? "/" : folder) ?? folder
  }

  /// The inputs with their types and defaults. All that is wrong with them comes at once.
  func complete(_ given: ValueMap, of flow: Flow, _ host: Host) throws -> ValueMap {
    var problems: [String] = []
    var inputs = ValueMap()
    let names = flow.inputs.map(\.id)
    for name in given.keys where !names.contains(name) {
      let hint = nearest(name, in: names).map { ". Did you mean '\($0)'?" } ?? ""
      problems.append("the flow declares no input '\(name)'\(hint)")
    }
    for input in flow.inputs {
      do {
        guard let value = try given[input.id] ?? fallback(of: input, inputs, host), !value.isNull else {
          if input.isRequired { problems.append("input '\(input.id)' is missing: give it with -i \(input.id)=…") }
          inputs[input.id] = .null
          continue
        }
        if input.kind == .secret { redactor.add(value.text) }
        inputs[input.id] = try input.accept(value)
      } catch let mismatch as PropertyMismatch {
        problems.append("input '\(input.id)': \(mismatch.message)")
      } catch {
        problems.append("\(error)")
      }
    }
    guard problems.isEmpty else { throw Failure(.configuration, redactor.redact(problems.joined(separator: "\n"))) }
    return inputs
  }

  private func fallback(of input: InputDeclaration, _ inputs: ValueMap, _ host: Host) throws -> Value? {
    try input.fallback.map {
      try $0.rendered(in: Scope(
        variables: [
          "inputs": .map(inputs), "envs": .map(settings.environment.visible), "globals": .map(settings.globals),
          "vars": .map([:]), "outputs": .map([:]),
        ], host: host, timeZone: settings.timeZone))
    }
  }
}

extension Value {
  /// The value with every template in it rendered.
  func rendered(in scope: Scope) throws -> Value {
    switch self {
    case .string(let text):
      guard text.contains("{{") || text.contains("{%") || text.contains("{#") else { return self }
      return try Template(text).render(in: scope)
    case .list(let values): return .list(try values.map { try $0.rendered(in: scope) })
    case .map(let map): return .map(ValueMap(try map.map { ($0.key, try $0.value.rendered(in: scope)) }))
    default: return self
    }
  }
}
