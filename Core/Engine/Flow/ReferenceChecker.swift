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
        self.error(error.description, at: Site(offset: error.offset, text: text, node: node))
      }
    }
  }

  /// Something inside of the text of a node, as yet without its place in the file: finding that takes a search.
  struct Site {
    var offset: Int
    var text: String
    var node: Node
  }

  private mutating func error(_ message: String, at site: Site) { error(message, at: place(site)) }

  /// Where an offset of a text lies in the file, whatever style the text is written in: what stands there in the text
  /// is looked for in the file.
  func place(_ site: Site) -> Position {
    let text = Array(site.text.utf8)
    let wanted = text[min(site.offset, text.count)...].prefix(40).prefix {
      $0 > 32 && $0 != UInt8(ascii: "\"") && $0 != 92
    }
    guard !wanted.isEmpty else { return site.node.position }
    let before = text.indices.prefix(site.offset).count { text[$0...].starts(with: wanted) }
    let source = Array(self.source.utf8)
    var line = 1
    var lineStart = 0
    var left = before
    for index in source.indices {
      let column = line == site.node.position.line ? source[lineStart..<index].count { $0 & 0xC0 != 0x80 } + 1 : 1
      let isInside =
        line > site.node.position.line || (line == site.node.position.line && column >= site.node.position.column)
      if isInside, source[index] == wanted.first, source[index...].starts(with: wanted) {
        if left == 0 { return Position(line: line, column: source[lineStart..<index].count { $0 & 0xC0 != 0x80 } + 1) }
        left -= 1
      }
      if source[index] == 10 {
        line += 1
        lineStart = index + 1
      }
    }
    return site.node.position
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
    "flow", "execution", "task", "taskrun", "outputs", "inputs", "vars", "globals", "envs", "labels", "trigger",
    "parent",
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
      add(found, to: &visible)
      pending += found.dependsOn
    }
    return visible
  }

  /// A task that has ended, and all inside of it.
  private func add(_ task: TaskNode, to visible: inout Visible, looped: Bool = false) {
    visible.tasks[task.id] = task
    if looped { visible.looped.insert(task.id) }
    let isLoop = looped || (task.type as? any Flowable.Type)?.kind == .forEach
    for inner in task.branches.flatMap(\.tasks) { add(inner, to: &visible, looped: isLoop) }
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
    for node in task.baseNodes { checkNames(in: node, visible) }
    let kind = (task.type as? any Flowable.Type)?.kind
    let isLoop = looped || kind == .forEach
    let before = visible
    for branch in task.branches where branch.name != "errors" {
      // Of the branches of a choice only one runs.
      var seen = kind == .ifElse || kind == .switchCase ? before : visible
      check(branch.tasks, &seen, inParallel: kind == .parallel || kind == .dag, looped: isLoop)
      visible.tasks.merge(seen.tasks) { old, _ in old }
      visible.looped.formUnion(seen.looped)
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
        checkName(reference, at: Site(offset: reference.offset, text: text, node: node), visible)
      }
    }
  }

  private mutating func checkName(_ reference: Reference, at site: Site, _ visible: Visible) {
    guard let root = reference.path.first, !reference.guarded else { return }
    let second = reference.path.dropFirst().first
    switch root {
    case "outputs": checkOutput(reference.path, at: site, visible)
    case "inputs":
      guard let second, !visible.inputs.contains(second) else { return }
      checkMissingInput(second, reference.path, at: site, visible)
    case "vars":
      guard let second, !visible.variables.contains(second) else { return }
      error("the flow has no variable '\(second)'\(suggest(second, visible.variables))", at: site)
    case _ where Self.roots.contains(root) || visible.isOpen: return
    default:
      if visible.tasks[root] != nil {
        error("unknown variable '\(root)'. Write outputs.\(reference.path.joined(separator: "."))", at: site)
      } else {
        error("unknown variable '\(root)'\(suggest(root, Self.roots))", at: site)
      }
    }
  }

  /// Flows of 2022 wrote `inputs.TASK.uri` where they meant the outputs of a task.
  private mutating func checkMissingInput(_ name: String, _ path: [String], at site: Site, _ visible: Visible) {
    if visible.tasks[name] != nil {
      hasTaskInputs = true
      let meant = (["outputs"] + path.dropFirst()).joined(separator: ".")
      warning(
        "the flow declares no input '\(name)'; the outputs of task '\(name)' are taken. Write \(meant) to say so",
        at: place(site))
    } else {
      error("the flow declares no input '\(name)'\(suggest(name, visible.inputs))", at: site)
    }
  }

  private mutating func checkOutput(_ path: [String], at site: Site, _ visible: Visible) {
    guard path.count > 1 else { return }
    guard let task = visible.tasks[path[1]] else {
      if taskIDs[path[1]] != nil {
        error("the outputs of task '\(path[1])' are not there yet: it does not run before this", at: site)
      } else {
        error("there is no task '\(path[1])'\(suggest(path[1], visible.tasks.keys))", at: site)
      }
      return
    }
    let outputs = task.type.info.outputs.map(\.name)
    guard path.count > 2, !visible.looped.contains(task.id), !outputs.contains(path[2]) else { return }
    let what = outputs.isEmpty ? "no outputs" : "no output '\(path[2])'"
    error("task '\(task.id)' (\(task.type.info.type)) has \(what)\(suggest(path[2], outputs))", at: site)
  }
}
