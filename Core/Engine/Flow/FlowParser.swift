internal import Expression
internal import Records

/// Parses and checks a flow in one go: finds all problems at once, each at its place.
public struct FlowParser {
  let registry: Registry
  let file: String
  let source: String
  let sourceText: SourceText
  /// Where the flows beside it lie.
  let flows: any FlowStore
  /// How bad a name is that is nowhere defined, where the expression cannot do without it.
  let undefined: Diagnostic.Severity
  private(set) var diagnostics: [Diagnostic] = []
  var taskIDs: [String: Position] = [:]
  var defaults: [PluginDefault] = []
  var hasTaskInputs = false
  /// Inputs that could not be read.
  var brokenInputs: Set<String> = []
  var names = Names()

  /// Reads the flow of a file, and looks at the flows beside it that it runs. The flow is nil when there is an error
  /// among the diagnostics.
  /// - Parameters:
  ///   - flows: where it lies.
  ///   - allowUndefined: makes undefined names in expressions warnings: the flow may mean to fail there.
  public static func load(
    _ file: String, in flows: any FlowStore = FlowFiles(), registry: Registry, allowUndefined: Bool = false
  ) throws -> (flow: Flow?, diagnostics: [Diagnostic]) {
    let source = try flows.text(of: file)
    return parse(
      source, file: file, registry: registry, Loaded(), in: flows, undefined: allowUndefined ? .warning : .error)
  }

  /// Reads the flow from a text alone. The flow is nil when there is an error among the diagnostics.
  public static func parse(_ source: String, file: String, registry: Registry) -> (
    flow: Flow?, diagnostics: [Diagnostic]
  ) {
    parse(source, file: file, registry: registry, nil)
  }

  /// - Parameter loaded: nil when the flows beside this one don't matter.
  static func parse(
    _ source: String, file: String, registry: Registry, _ loaded: Loaded?, in flows: any FlowStore = FlowFiles(),
    undefined: Diagnostic.Severity = .error
  ) -> (flow: Flow?, diagnostics: [Diagnostic]) {
    let source = source.withoutMark
    var parser = FlowParser(registry: registry, file: file, source: source, flows: flows, undefined: undefined)
    var flow: Flow?
    do throws(Diagnostic) {
      let root = try Node.parse(source)
      flow = parser.flow(root)
      if let found = flow {
        parser.checkReferences(of: found, root: root)
        if let loaded { parser.checkSubflows(of: found, loaded) }
        flow?.hasTaskInputs = parser.hasTaskInputs
      }
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

  private init(
    registry: Registry, file: String, source: String, flows: any FlowStore, undefined: Diagnostic.Severity
  ) {
    self.flows = flows
    self.registry = registry
    self.file = file
    self.source = source
    self.undefined = undefined
    sourceText = SourceText(source)
  }

  mutating func report(_ message: String, _ severity: Diagnostic.Severity, at position: Position) {
    diagnostics.append(Diagnostic(severity, message, at: position))
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
    "taskDefaults", "outputs", "retry", "disabled", "concurrency", "listeners", "triggers", "revision", "sla",
    "tenantId",
    "afterExecution", "deleted",
  ]

  private mutating func flow(_ root: Node) -> Flow? {
    guard let members = root.members else {
      error("a flow is a map with 'tasks', found \(root.typeName)", at: root.position)
      return nil
    }
    for member in members where !Self.flowKeys.contains(member.key) {
      let isTasks = BaseProperties.names.contains(member.key)
      let hint = isTasks ? ". It belongs to a task: indent it as the task's 'id'" : suggest(member.key, Self.flowKeys)
      error("unknown property '\(member.key)' of a flow\(hint)", at: member.keyPosition)
    }
    var flow = Flow(
      id: identifier(root["id"], "[a-zA-Z0-9][a-zA-Z0-9._-]*") ?? Self.name(of: file),
      namespace: identifier(root["namespace"], "[a-z0-9][a-z0-9._-]*") ?? "default", file: file, source: source,
      flows: flows)
    flow.description = root["description"]?.text
    flow.labels = labels(root["labels"])
    checkLabels(flow.labels, at: root["labels"]?.position ?? root.position)
    flow.variables = variables(root["variables"])
    flow.variableNodes = root["variables"]?.members ?? []
    root["variables"].map { checkNotation(of: $0) }
    flow.inputs = list(root["inputs"], "inputs").compactMap { input($0) }
    checkUnique(list(root["inputs"], "inputs").compactMap { $0["id"] ?? $0["name"] }, "input")
    for key in ["pluginDefaults", "taskDefaults"] { readDefaults(root[key], key) }
    flow.defaults = defaults
    flow.disabled = flag(root["disabled"], "disabled")
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
    checkUnique(list(root["outputs"], "outputs").compactMap { $0["id"] }, "output")
    for member in members { checkUnused(member) }
    return flow
  }

  static func isFlowFile(_ name: String) -> Bool { name.hasSuffix(".yaml") || name.hasSuffix(".yml") }

  /// The id of a flow that does not say it: the name of its file.
  static func name(of file: String) -> String {
    let last = file.split(separator: "/").last.map(String.init) ?? "flow"
    let name = last.split(separator: ".").first.map(String.init) ?? "flow"
    // The name becomes part of storage URIs.
    return String(
      name.map { $0.asciiValue.map { isLetterOrDigit($0, true) || $0 == 45 || $0 == 95 } == true ? $0 : "_" })
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

  private mutating func variables(_ node: Node?) -> ValueMap {
    guard let node, node.scalar?.isNull != true else { return ValueMap() }
    guard let map = node.value.map else {
      error("'variables' is a map, found \(node.typeName)", at: node.position)
      return ValueMap()
    }
    return map
  }

  /// True or false, written as such.
  mutating func flag(_ node: Node?, _ name: String) -> Bool {
    guard let node, node.scalar?.isNull != true else { return false }
    if let flag = node.scalar?.bool { return flag }
    error(literal("\(name): expected boolean, found \(node.typeName)", node.scalar), at: node.position)
    return false
  }

  mutating func checkUnique(_ ids: [Node], _ what: String) {
    var first: [ExactText: Position] = [:]
    for node in ids {
      guard let id = node.scalar?.text else { continue }
      if let before = first[ExactText(id)] {
        error("the \(what) id '\(id)' is already used in line \(before.line)", at: node.position)
      } else {
        first[ExactText(id)] = node.position
      }
    }
  }

  /// A message about a literal, which may be shown: it stands in the flow.
  func literal(_ message: String, _ value: Value?) -> String {
    guard let text = value?.string, text.count <= 40, message.hasSuffix("found string") else { return message }
    let isOldBoolean = message.contains("boolean") && ["yes", "no", "on", "off"].contains(text.lowercased())
    return message.dropLast("string".count) + "\"\(text)\"" + (isOldBoolean ? ". Write true or false" : "")
  }

  mutating func checkKeys(_ node: Node, _ known: [String], of what: String) {
    for member in node.members ?? [] where !known.contains(member.key) {
      error("unknown property '\(member.key)' of \(what)\(suggest(member.key, known))", at: member.keyPosition)
    }
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
      checkKeys(item, ["type", "forced", "values"], of: name)
      guard let type = item["type"]?.text else {
        error("missing property 'type' in \(name)", at: item.position)
        continue
      }
      defaults.append(
        PluginDefault(
          type: type, isForced: flag(item["forced"], "forced"), values: item["values"]?.members ?? []))
    }
  }

  private mutating func output(_ node: Node) -> FlowOutput? {
    checkKeys(node, ["id", "value", "type", "itemType", "description", "displayName", "required"], of: "an output")
    guard let id = node["id"]?.scalar?.text else {
      error("missing property 'id' of an output", at: node.position)
      return nil
    }
    guard let value = node["value"] else {
      error("missing property 'value' of output '\(id)'", at: node.position)
      return nil
    }
    checkTemplates(in: value)
    var output = FlowOutput(id: id, value: value.value)
    output.kind = node["type"].flatMap { valueKind($0, of: "output '\(id)'", at: node.position) }
    output.itemKind = node["itemType"].flatMap { valueKind($0, of: "output '\(id)'", at: node.position) }
    return output
  }

  private mutating func concurrency(_ node: Node) -> Concurrency? {
    checkKeys(node, ["limit", "behavior"], of: "concurrency")
    guard let limit = node["limit"]?.scalar?.int, limit >= 1 else {
      error("'concurrency' needs a 'limit' of at least 1", at: node.position)
      return nil
    }
    let behavior = node["behavior"]?.text ?? "QUEUE"
    guard let known = Concurrency.Behavior(rawValue: behavior) else {
      error(
        "behavior: expected one of QUEUE, CANCEL, FAIL, found '\(behavior)'",
        at: node["behavior"]?.position ?? node.position)
      return nil
    }
    return Concurrency(limit: Int(limit), behavior: known)
  }

  // MARK: helpers

  func suggest(_ name: String, _ candidates: some Sequence<String>) -> String {
    nearest(name, in: candidates).map { ". Did you mean '\($0)'?" } ?? ""
  }
}
