internal import Expression
internal import Records

/// Finds the file of a flow beside another one.
struct Subflows {
  /// As the flow's own file is written: ends with a `/`, empty for the current folder.
  private let folder: String
  private let flows: any FlowStore

  init(beside file: String, in flows: any FlowStore) {
    self.flows = flows
    folder = file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
  }

  /// What the file of a flow says about it; the rest need not even be right.
  private struct Entry {
    var file: String
    var source: String
    var id: String
    var namespace: String?
  }

  /// The file whose flow has this id and, where both say one, this namespace; with its text.
  func find(_ id: String, namespace: String?) throws -> (file: String, source: String) {
    let named = try entries { name, text in name.contains(id) || text.contains(id) }.filter { $0.id == id }
    if let found = named.first(where: { namespace == nil || $0.namespace == nil || $0.namespace == namespace }) {
      return (found.file, found.source)
    }
    let missing = "there is no flow '\(id)'\(namespace.map { " of namespace '\($0)'" } ?? "") in '\(place)'"
    if let other = named.first, let namespace = other.namespace {
      throw Failure(.configuration, missing, hint: "The one in '\(other.file)' has the namespace '\(namespace)'")
    }
    let near = nearest(id, in: try entries { _, _ in true }.map(\.id))
    throw Failure(.configuration, missing, hint: near.map { "Did you mean '\($0)'?" } ?? "Put its file there")
  }

  private var place: String { Engine.folder(of: folder + "x") }

  /// The flows of the folder whose name or text make them worth a look.
  private func entries(_ isWanted: (_ name: String, _ text: String) -> Bool) throws -> [Entry] {
    try flows.names(beside: folder + "x").compactMap { name in
      guard let source = try? flows.text(of: folder + name), isWanted(name, source) else { return nil }
      let root = try? Node.parse(source)
      return Entry(
        file: folder + name, source: source, id: root?["id"]?.scalar?.text ?? FlowParser.name(of: name),
        namespace: root?["namespace"]?.scalar?.text)
    }
  }
}

/// Subflows whose id stands in the flow itself: that they are there and whole, and get the inputs that they declare.
extension FlowParser {
  /// The flows that one check has parsed, by file. One that is being checked is there without its problems.
  final class Loaded {
    var flows: [ExactText: (flow: Flow?, diagnostics: [Diagnostic])] = [:]
  }

  mutating func checkSubflows(of flow: Flow, _ loaded: Loaded) {
    for task in flow.tasks + flow.errors + flow.finally { checkSubflows(of: task, in: flow, loaded) }
  }

  private mutating func checkSubflows(of task: TaskNode, in flow: Flow, _ loaded: Loaded) {
    if task.disabled == .bool(true) { return }
    for inner in task.branches.flatMap(\.tasks) { checkSubflows(of: inner, in: flow, loaded) }
    guard task.type == Subflow.self, let node = task.property("flowId"), let id = node.scalar?.text, !id.isTemplate
    else { return }
    var namespace = task.property("namespace")?.scalar?.text
    if namespace?.isTemplate == true { namespace = nil }
    if id == flow.id, namespace == nil || namespace == flow.namespace {
      self.error("the flow runs itself: that never ends", at: node.position)
      return
    }
    do {
      let found = try Subflows(beside: file, in: flows).find(id, namespace: namespace)
      if let child = child(found, of: id, at: node.position, loaded) { checkInputs(of: child, task) }
    } catch {
      self.error("\(error)", at: node.position)
    }
  }

  private mutating func child(
    _ found: (file: String, source: String), of id: String, at position: Position, _ loaded: Loaded
  ) -> Flow? {
    func parse(_ loaded: Loaded?) -> (flow: Flow?, diagnostics: [Diagnostic]) {
      FlowParser.parse(found.source, file: found.file, registry: registry, loaded, in: flows)
    }
    // The problems of a flow that runs itself are its own.
    if found.file == file { return parse(nil).flow }
    if loaded.flows[found.file.exact] == nil {
      // What runs in a circle is looked at once.
      loaded.flows[found.file.exact] = parse(nil)
      loaded.flows[found.file.exact] = parse(loaded)
    }
    let (flow, diagnostics) = loaded.flows[found.file.exact] ?? (nil, [])
    let errors = diagnostics.filter { $0.severity == .error }
    guard let first = errors.first else { return flow }
    let more = errors.count > 1 ? " (and \(errors.count - 1) more)" : ""
    error("the flow '\(id)' has problems: \(first.line)\(more)", at: position)
    return nil
  }

  private mutating func checkInputs(of child: Flow, _ task: TaskNode) {
    let node = task.property("inputs")
    // What a template comes to is not known yet.
    guard node == nil || node?.members != nil || node?.scalar?.isNull == true else { return }
    let given = node?.members ?? []
    let names = child.inputs.map(\.id)
    for member in given where !names.containsExactly(member.key) {
      error(
        "the flow '\(child.id)' declares no input '\(member.key)'\(suggest(member.key, names))",
        at: member.keyPosition)
    }
    for input in child.inputs {
      if let member = given.first(where: { $0.key.isExactly(input.id) }), member.node.scalar?.isNull != true {
        checkLiteral(member.node, for: input)
      } else if input.isRequired, input.fallback == nil, input.condition == nil {
        error("the flow '\(child.id)' needs the input '\(input.id)'", at: node?.position ?? task.position)
      }
    }
  }

  private mutating func checkLiteral(_ node: Node, for input: InputDeclaration) {
    guard !node.value.holdsTemplate, input.choices == nil else { return }
    do { _ = try input.accept(node.value) } catch {
      self.error("input '\(input.id)': \(message(of: error))", at: node.position)
    }
  }
}
