internal import Expression

/// Expressions: that they parse, and that what they name will be there when their task's turn comes.
extension FlowParser {
  /// Parses every template below a node; errors of syntax and unknown filters or functions are problems of the flow.
  mutating func checkTemplates(in node: Node) {
    switch node.content {
    case .list(let items): for item in items { checkTemplates(in: item) }
    case .map(let members): for member in members { checkTemplates(in: member.node) }
    case .scalar(let value):
      guard let text = value.string, text.contains("{{") || text.contains("{%") else { return }
      do throws(ExpressionError) { _ = try Template(text) } catch {
        self.error(error.description, at: place(error.offset, in: text, of: node))
      }
    }
  }

  /// Where an offset of a text lies in the file: exact for a text on one line, else the line.
  private func place(_ offset: Int, in text: String, of node: Node) -> Position {
    let before = text.utf8.prefix(offset)
    let lines = before.count { $0 == 10 }
    if node.isBlock { return Position(line: node.position.line + 1 + lines, column: 1) }
    if lines > 0 { return Position(line: node.position.line + lines, column: 1) }
    let sourceLines = source.utf8.split(separator: 10, omittingEmptySubsequences: false)
    let start = node.position.line - 1 < sourceLines.count ? sourceLines[node.position.line - 1].dropFirst(node.position.column - 1).first : nil
    let quote = start == UInt8(ascii: "\"") || start == UInt8(ascii: "'") ? 1 : 0
    return Position(line: node.position.line, column: node.position.column + quote + offset)
  }

  /// Which names exist where.
  struct Visible {
    /// Tasks that have run before, with what is known of them.
    var tasks: [String: TaskNode] = [:]
    /// Tasks inside of a loop have their outputs by value.
    var looped: Set<String> = []
    var inputs: Set<String> = []
    var variables: Set<String> = []
    /// Inside of a raw property: further names may come from a row.
    var isOpen = false
  }

  static let roots = [
    "flow", "execution", "task", "taskrun", "outputs", "inputs", "vars", "globals", "envs", "labels", "trigger", "parent",
    "parents", "tasks", "namespace", "kestra", "error", "currentEachOutput", "inputFile", "workingDir",
  ]

  mutating func checkReferences(of flow: Flow, root: Node) {
    var visible = Visible()
    visible.inputs = Set(flow.inputs.map(\.id))
    visible.variables = Set(flow.variables.keys)
    check(flow.tasks, &visible, inParallel: false)
    var after = visible
    check(flow.errors, &after, inParallel: false)
    check(flow.finally, &after, inParallel: false)
    for item in root["outputs"]?.items ?? [] { item["value"].map { checkNames(in: $0, visible) } }
    for input in root["inputs"]?.items ?? [] { input["defaults"].map { checkNames(in: $0, visible) } }
  }

  private mutating func check(_ tasks: [TaskNode], _ visible: inout Visible, inParallel: Bool, looped: Bool = false) {
    let before = visible
    for task in tasks {
      var seen = inParallel ? before : visible
      if inParallel, !task.dependsOn.isEmpty { seen = withDependencies(of: task, among: tasks, before) }
      check(task, &seen, looped: looped)
      visible.tasks.merge(seen.tasks) { old, _ in old }
      visible.looped.formUnion(seen.looped)
      visible.tasks[task.id] = task
      if looped { visible.looped.insert(task.id) }
    }
  }

  private func withDependencies(of task: TaskNode, among tasks: [TaskNode], _ before: Visible) -> Visible {
    var visible = before
    var pending = task.dependsOn
    while let id = pending.popLast() {
      guard visible.tasks[id] == nil, let found = tasks.first(where: { $0.id == id }) else { continue }
      visible.tasks[id] = found
      pending += found.dependsOn
    }
    return visible
  }

  private mutating func check(_ task: TaskNode, _ visible: inout Visible, looped: Bool) {
    let declarations = PropertyDeclaration.collect(from: task.type.init())
    for member in task.properties {
      let declaration = declarations.first { ([$0.name] + $0.aliases).contains(member.key) }
      var seen = visible
      seen.isOpen = declaration?.isRaw == true
      switch declaration?.shape {
      case .tasks?, .map(.tasks)?: continue
      default: checkNames(in: member.node, seen)
      }
    }
    for value in [task.runIf, task.timeout, task.disabled, task.allowFailure].compactMap({ $0 }) {
      checkNames(in: Node(content: .scalar(value), position: task.position), visible)
    }
    let kind = (task.type as? any Flowable.Type)?.kind
    let isLoop = looped || kind == .forEach
    for branch in task.branches where branch.name != "errors" {
      check(branch.tasks, &visible, inParallel: kind == .parallel || kind == .dag, looped: isLoop)
    }
    for branch in task.branches where branch.name == "errors" {
      check(branch.tasks, &visible, inParallel: false, looped: isLoop)
    }
  }

  private mutating func checkNames(in node: Node, _ visible: Visible) {
    switch node.content {
    case .list(let items): for item in items { checkNames(in: item, visible) }
    case .map(let members): for member in members { checkNames(in: member.node, visible) }
    case .scalar(let value):
      guard let text = value.string, text.contains("{{") || text.contains("{%"), let template = try? Template(text)
      else { return }
      for reference in template.references {
        checkName(reference, at: place(reference.offset, in: text, of: node), visible)
      }
    }
  }

  private mutating func checkName(_ reference: Reference, at position: Position, _ visible: Visible) {
    guard let root = reference.path.first, !reference.guarded else { return }
    let second = reference.path.dropFirst().first
    switch root {
    case "outputs": checkOutput(reference.path, at: position, visible)
    case "inputs":
      guard let second, !visible.inputs.contains(second) else { return }
      checkMissingInput(second, reference.path, at: position, visible)
    case "vars":
      guard let second, !visible.variables.contains(second) else { return }
      error("the flow has no variable '\(second)'\(suggest(second, visible.variables))", at: position)
    case _ where Self.roots.contains(root) || visible.isOpen: return
    default:
      if visible.tasks[root] != nil {
        error("unknown variable '\(root)'. Write outputs.\(reference.path.joined(separator: "."))", at: position)
      } else {
        error("unknown variable '\(root)'\(suggest(root, Self.roots))", at: position)
      }
    }
  }

  /// Flows of 2022 wrote `inputs.TASK.uri` where they meant the outputs of a task.
  private mutating func checkMissingInput(_ name: String, _ path: [String], at position: Position, _ visible: Visible) {
    if visible.tasks[name] != nil {
      let meant = (["outputs"] + path.dropFirst()).joined(separator: ".")
      warning(
        "the flow declares no input '\(name)'; the outputs of task '\(name)' are taken. Write \(meant) to say so", at: position)
    } else {
      error("the flow declares no input '\(name)'\(suggest(name, visible.inputs))", at: position)
    }
  }

  private mutating func checkOutput(_ path: [String], at position: Position, _ visible: Visible) {
    guard path.count > 1 else { return }
    guard let task = visible.tasks[path[1]] else {
      if taskIDs[path[1]] != nil {
        error("the outputs of task '\(path[1])' are not there yet: it does not run before this", at: position)
      } else {
        error("there is no task '\(path[1])'\(suggest(path[1], visible.tasks.keys))", at: position)
      }
      return
    }
    let outputs = task.type.info.outputs.map(\.name)
    guard path.count > 2, !visible.looped.contains(task.id), !outputs.contains(path[2]), !outputs.isEmpty else { return }
    error("task '\(task.id)' (\(task.type.info.type)) has no output '\(path[2])'\(suggest(path[2], outputs))", at: position)
  }
}
