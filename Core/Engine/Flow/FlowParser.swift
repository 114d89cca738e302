internal import Expression
internal import Records

/// Parses and checks a flow in one go: finds all problems at once, each at its place.
public struct FlowParser {
  let registry: Registry
  let file: String
  let source: String
  private(set) var diagnostics: [Diagnostic] = []
  var taskIDs: [String: Position] = [:]
  var defaults: [PluginDefault] = []

  /// Reads the flow from a text. The flow is nil when there is an error among the diagnostics.
  public static func parse(_ source: String, file: String, registry: Registry) -> (flow: Flow?, diagnostics: [Diagnostic]) {
    var parser = FlowParser(registry: registry, file: file, source: source)
    var flow: Flow?
    do throws(Diagnostic) {
      let root = try Node.parse(source)
      flow = parser.flow(root)
      if let flow { parser.checkReferences(of: flow, root: root) }
    } catch {
      parser.diagnostics.append(error)
    }
    let found = Array(Set(parser.diagnostics)).sorted { ($0.position, $0.message) < ($1.position, $1.message) }
      .map { diagnostic in
        var diagnostic = diagnostic
        diagnostic.file = file
        return diagnostic
      }
    return (found.contains { $0.severity == .error } ? nil : flow, found)
  }

  private init(registry: Registry, file: String, source: String) {
    self.registry = registry
    self.file = file
    self.source = source
  }

  mutating func error(_ message: String, at position: Position) {
    diagnostics.append(Diagnostic(.error, message, at: position))
  }

  mutating func warning(_ message: String, at position: Position) {
    diagnostics.append(Diagnostic(.warning, message, at: position))
  }

  // MARK: the flow

  static let flowKeys = [
    "id", "namespace", "description", "labels", "inputs", "variables", "tasks", "errors", "finally", "pluginDefaults",
    "taskDefaults", "outputs", "retry", "disabled", "concurrency", "listeners", "triggers", "revision", "sla", "tenantId",
    "afterExecution", "deleted",
  ]

  private mutating func flow(_ root: Node) -> Flow? {
    guard let members = root.members else {
      error("a flow is a map with 'tasks', found \(root.typeName)", at: root.position)
      return nil
    }
    for member in members where !Self.flowKeys.contains(member.key) {
      error("unknown property '\(member.key)' of a flow\(suggest(member.key, Self.flowKeys))", at: member.keyPosition)
    }
    var flow = Flow(
      id: identifier(root["id"], "[a-zA-Z0-9][a-zA-Z0-9._-]*") ?? Self.name(of: file),
      namespace: identifier(root["namespace"], "[a-z0-9][a-z0-9._-]*") ?? "default", file: file, source: source)
    flow.description = root["description"]?.text
    flow.labels = labels(root["labels"])
    flow.variables = root["variables"]?.value.map ?? ValueMap()
    flow.inputs = list(root["inputs"], "inputs").compactMap { input($0) }
    for key in ["pluginDefaults", "taskDefaults"] { readDefaults(root[key], key) }
    flow.defaults = defaults
    flow.disabled = root["disabled"]?.scalar == .bool(true)
    flow.retry = root["retry"].flatMap { retry($0) }
    flow.concurrency = root["concurrency"].flatMap { concurrency($0) }
    if let tasks = root["tasks"] {
      flow.tasks = self.tasks(tasks, "tasks")
    } else {
      error("missing property 'tasks': a flow needs at least one task", at: root.position)
    }
    flow.errors = root["errors"].map { self.tasks($0, "errors") } ?? []
    flow.finally = root["finally"].map { self.tasks($0, "finally") } ?? []
    flow.outputs = list(root["outputs"], "outputs").compactMap { output($0) }
    for key in ["triggers", "listeners", "sla", "afterExecution"] {
      guard let member = members.first(where: { $0.key == key }) else { continue }
      warning("'\(key)' is kept, but 'ferry run' does not act on it: start the flow yourself", at: member.keyPosition)
    }
    return flow
  }

  private static func name(of file: String) -> String {
    let last = file.split(separator: "/").last.map(String.init) ?? "flow"
    return last.split(separator: ".").first.map(String.init) ?? "flow"
  }

  /// Checks `id` and `namespace` by hand: the two patterns differ in upper case only.
  private mutating func identifier(_ node: Node?, _ pattern: String) -> String? {
    guard let node else { return nil }
    guard let text = node.scalar?.text, node.scalar?.isNull == false else {
      error("expected a text, found \(node.typeName)", at: node.position)
      return nil
    }
    let upper = pattern.contains("A-Z")
    let isValid =
      text.utf8.first.map { Self.isLetterOrDigit($0, upper) } == true
      && text.utf8.allSatisfy { Self.isLetterOrDigit($0, upper) || $0 == 45 || $0 == 46 || $0 == 95 }
    if !isValid { error("'\(text)' is not a valid name: expected \(pattern)", at: node.position) }
    return text
  }

  private static func isLetterOrDigit(_ byte: UInt8, _ upper: Bool) -> Bool {
    (97...122).contains(byte) || (48...57).contains(byte) || (upper && (65...90).contains(byte))
  }

  private func labels(_ node: Node?) -> ValueMap {
    guard let node else { return ValueMap() }
    if let items = node.items {
      return ValueMap(items.compactMap { item in item["key"]?.text.map { ($0, item["value"]?.value ?? .null) } })
    }
    return node.value.map ?? ValueMap()
  }

  mutating func list(_ node: Node?, _ name: String) -> [Node] {
    guard let node, node.scalar?.isNull != true else { return [] }
    guard let items = node.items else {
      error("'\(name)' is a list, found \(node.typeName)", at: node.position)
      return []
    }
    return items
  }

  private mutating func readDefaults(_ node: Node?, _ name: String) {
    for item in list(node, name) {
      guard let type = item["type"]?.text else {
        error("missing property 'type' in \(name)", at: item.position)
        continue
      }
      defaults.append(
        PluginDefault(
          type: type, isForced: item["forced"]?.scalar == .bool(true), values: item["values"]?.members ?? []))
    }
  }

  private mutating func output(_ node: Node) -> FlowOutput? {
    guard let id = node["id"]?.text else {
      error("missing property 'id' of an output", at: node.position)
      return nil
    }
    guard let value = node["value"] else {
      error("missing property 'value' of output '\(id)'", at: node.position)
      return nil
    }
    checkTemplates(in: value)
    return FlowOutput(id: id, value: value.value)
  }

  private mutating func concurrency(_ node: Node) -> Concurrency? {
    guard let limit = node["limit"]?.scalar?.int, limit >= 1 else {
      error("'concurrency' needs a 'limit' of at least 1", at: node.position)
      return nil
    }
    let behavior = node["behavior"]?.text ?? "QUEUE"
    guard let known = Concurrency.Behavior(rawValue: behavior) else {
      error("behavior: expected one of QUEUE, CANCEL, FAIL, found '\(behavior)'", at: node["behavior"]?.position ?? node.position)
      return nil
    }
    return Concurrency(limit: Int(limit), behavior: known)
  }

  // MARK: helpers

  func suggest(_ name: String, _ candidates: some Sequence<String>) -> String {
    nearest(name, in: candidates).map { ". Did you mean '\($0)'?" } ?? ""
  }
}
