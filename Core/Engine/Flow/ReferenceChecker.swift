internal import Expression

/// Expressions: that they parse, and that what they name will be there when their task's turn comes.
extension FlowParser {
  /// Parses every template below a node; errors of syntax and unknown filters or functions are problems of the flow.
  mutating func checkTemplates(in node: Node) {
    switch node.content {
    case .list(let items): for item in items { checkTemplates(in: item) }
    case .map(let members): for member in members { checkTemplates(in: member.node) }
    case .scalar(let value):
      guard let text = value.string, text.isTemplate else { return }
      for problem in Template.check(text).problems {
        let site = SourceText.Site(offset: problem.offset, text: text, node: node)
        self.error(problem.description, at: sourceText.place(of: site))
      }
    }
  }

  static let roots = [
    "flow", "execution", "task", "taskrun", "outputs", "inputs", "vars", "globals", "envs", "labels", "trigger",
    "parent", "parents", "tasks", "namespace", "kestra", "error", "workingDir",
  ]

  /// What these have; the others depend on the flow, or on how it is started.
  private static let members = [
    "flow": ["id", "namespace", "revision", "tenantId"],
    "execution": ["id", "startDate", "originalId", "state", "endDate", "outputs"],
    "task": ["id", "type"],
    "taskrun": ["id", "startDate", "attemptsCount", "parentId", "value", "iteration"],
    "parent": ["task", "taskrun", "outputs"],
  ]

  mutating func checkReferences(of flow: Flow, root: Node) {
    names = Names(
      inputs: Set(flow.inputs.map(\.id)).union(brokenInputs), variables: Set(flow.variables.keys), sight: Sight())
    check(flow.tasks, Surroundings(), inParallel: false)
    let mark = names.sight.mark
    check(flow.errors, Surroundings(), inParallel: false)
    check(flow.finally, Surroundings(), inParallel: false)
    _ = names.sight.hide(since: mark)
    for item in root["outputs"]?.items ?? [] { item["value"].map { checkNames(in: $0, nil) } }
    for input in root["inputs"]?.items ?? [] { input["defaults"].map { checkNames(in: $0, nil) } }
  }

  /// The names that expressions may use.
  struct Names {
    var inputs: Set<String> = []
    var variables: Set<String> = []
    var sight = Sight()
  }

  private mutating func check(_ tasks: [TaskNode], _ around: Surroundings, inParallel: Bool) {
    var ended: [Sight.Entry] = []
    let byID = inParallel ? Dictionary(tasks.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first }) : [:]
    for task in tasks {
      let mark = names.sight.mark
      if inParallel { showDependencies(of: task, among: byID, around) }
      check(task, around)
      if inParallel { ended += names.sight.hide(since: mark) + [Sight.Entry(task: task, loops: around.loops)] }
      if !inParallel { names.sight.show(Sight.Entry(task: task, loops: around.loops)) }
    }
    for entry in ended { names.sight.show(entry) }
  }

  private mutating func showDependencies(
    of task: TaskNode, among tasks: [String: TaskNode], _ around: Surroundings
  ) {
    var pending = task.dependsOn
    while let id = pending.popLast() {
      guard names.sight[id] == nil, let found = tasks[id] else { continue }
      names.sight.showWhole(found, loops: around.loops)
      pending += found.dependsOn
    }
  }

  private mutating func check(_ task: TaskNode, _ around: Surroundings) {
    let declared = Declarations.of(task.type)
    var around = around
    around.files = task.localFiles
    for member in task.properties {
      let declaration = declared[member.key]
      switch declaration?.shape {
      case .tasks?, .map(.tasks)?: continue
      // They speak of the tasks of another flow.
      case _ where task.type == Subflow.self && member.key == "outputs": continue
      default: checkNames(in: member.node, around, isOpen: declaration?.isRaw == true)
      }
    }
    for node in task.baseNodes { checkNames(in: node, around) }
    let kind = (task.type as? any Flowable.Type)?.kind
    let isChoice = kind == .ifElse || kind == .switchCase
    var ended: [Sight.Entry] = []
    for branch in task.branches where !TaskNode.handlers.contains(branch.name) {
      let mark = names.sight.mark
      check(branch.tasks, around.inside(task, branch: "tasks"), inParallel: kind == .parallel || kind == .dag)
      // Of the branches of a choice only one runs.
      if isChoice { ended += names.sight.hide(since: mark) }
    }
    for entry in ended { names.sight.show(entry) }
    for branch in task.branches where TaskNode.handlers.contains(branch.name) {
      check(branch.tasks, around.inside(task, branch: branch.name), inParallel: false)
    }
  }

  /// - Parameter around: nil for what no task says.
  private mutating func checkNames(in node: Node, _ around: Surroundings?, isOpen: Bool = false) {
    switch node.content {
    case .list(let items): for item in items { checkNames(in: item, around, isOpen: isOpen) }
    case .map(let members): for member in members { checkNames(in: member.node, around, isOpen: isOpen) }
    case .scalar(let value):
      guard let text = value.string, text.isTemplate else { return }
      for reference in Template.check(text).references where !reference.guarded {
        let site = SourceText.Site(offset: reference.offset, text: text, node: node)
        if let found = problem(of: reference.path, around, isOpen: isOpen) {
          let isCertain = !reference.conditional && !found.isWarning
          report(found.message, isCertain ? undefined : .warning, at: sourceText.place(of: site))
        }
      }
    }
  }

  /// What is wrong with a name.
  private struct NameProblem {
    var message: String
    var isWarning = false
    init(_ message: String, isWarning: Bool = false) {
      self.message = message
      self.isWarning = isWarning
    }
  }

  private mutating func problem(of path: [String], _ around: Surroundings?, isOpen: Bool) -> NameProblem? {
    guard let root = path.first else { return nil }
    let second = path.dropFirst().first
    switch root {
    case "outputs": return outputProblem(path, around)
    case "inputs":
      guard let second, !names.inputs.contains(second) else { return nil }
      return inputProblem(second, path)
    case "vars":
      guard let second, !names.variables.contains(second) else { return nil }
      return NameProblem(
        "the flow has no variable '\(second)'\(hint(second, names.variables, path: "vars"))")
    case "trigger":
      guard second != nil else { return nil }
      let name = path.joined(separator: ".")
      return NameProblem(
        "no trigger starts the flow in 'ferry run', so '\(name)' is undefined. Write \(name) ?? …", isWarning: true)
    case _ where isOpen: return nil
    case _ where around?.files.contains(root) == true: return nil
    case _ where Self.roots.contains(root): return around.flatMap { memberProblem(path, $0) }
    case _ where names.sight[root] != nil:
      return NameProblem("unknown variable '\(root)'. Write outputs.\(path.joined(separator: "."))")
    default: return NameProblem("unknown variable '\(root)'\(suggest(root, Self.roots))")
    }
  }

  /// `taskrun.valu`, and what is there only inside of loops.
  private func memberProblem(_ path: [String], _ around: Surroundings) -> NameProblem? {
    if path[0] == "parent", around.parents.isEmpty {
      return NameProblem("'parent' is the task around this one that has a value or outputs, and there is none")
    }
    guard path.count > 1, let known = Self.members[path[0]] else { return nil }
    guard known.contains(path[1]) else {
      let hint = nearest(path[1], in: known).map { "Did you mean '\(path[0]).\($0)'?" }
      return NameProblem(
        "'\(path[0])' has no '\(path[1])'. \(hint ?? "It has \(known.joined(separator: ", "))")")
    }
    guard path[0] == "taskrun", path[1] == "value" || path[1] == "iteration", !around.isTurn else { return nil }
    guard let index = around.parents.firstIndex(of: true) else {
      return NameProblem("'taskrun.\(path[1])' is that of a loop, and this task stands in none")
    }
    let owner = index == 0 ? "parent" : "parents[\(index)]"
    return NameProblem(
      "'taskrun.\(path[1])' is there only for tasks directly in a loop. Write \(owner).taskrun.value")
  }

  /// Flows of 2022 wrote `inputs.TASK.uri` where they meant the outputs of a task.
  private mutating func inputProblem(_ name: String, _ path: [String]) -> NameProblem {
    guard names.sight[name] != nil else {
      return NameProblem("the flow declares no input '\(name)'\(hint(name, names.inputs, path: "inputs"))")
    }
    hasTaskInputs = true
    let meant = (["outputs"] + path.dropFirst()).joined(separator: ".")
    return NameProblem(
      "the flow declares no input '\(name)'; the outputs of task '\(name)' are taken. Write \(meant) to say so",
      isWarning: true)
  }

  private func outputProblem(_ path: [String], _ around: Surroundings?) -> NameProblem? {
    guard path.count > 1 else { return nil }
    guard let entry = names.sight[path[1]] else {
      if taskIDs[path[1]] != nil {
        return NameProblem("the outputs of task '\(path[1])' are not there yet: it does not run before this")
      }
      return NameProblem("there is no task '\(path[1])'\(hint(path[1], names.sight.ids, path: "outputs"))")
    }
    guard path.count > 2, entry.task.type != UnknownTask.self else { return nil }
    let outputs = entry.task.type.info.outputs.map(\.name)
    if let problem = loopProblem(path, entry, outputs, around) { return problem }
    guard path.count > 2 + entry.loops.count else { return nil }
    let name = path[2 + entry.loops.count]
    guard !outputs.contains(name) else { return nil }
    let what = outputs.isEmpty ? "no outputs" : "no output '\(name)'"
    return NameProblem(
      "task '\(entry.task.id)' (\(entry.task.type.info.type)) has \(what)\(suggest(name, outputs))")
  }

  /// The outputs of a task in loops go by the values of the loops.
  private func loopProblem(
    _ path: [String], _ entry: Sight.Entry, _ outputs: [String], _ around: Surroundings?
  ) -> NameProblem? {
    for (loop, key) in zip(entry.loops, path.dropFirst(2)) {
      let values = loop.loopValues
      if values?.contains(key) == true { continue }
      let rest = path.dropFirst(2).joined(separator: ".")
      if outputs.contains(key) {
        let isInside = around?.loops.contains { $0.id == loop.id } == true
        let id = entry.task.id
        let better = isInside ? "currentEachOutput(outputs.\(id)).\(rest)" : "outputs.\(id)['VALUE'].\(rest)"
        return NameProblem(
          "task '\(id)' runs in the loop '\(loop.id)': its outputs go by the loop's value. Write \(better)")
      }
      guard let values else { return nil }
      return NameProblem("the loop '\(loop.id)' has no value '\(key)'\(suggest(key, values))")
    }
    return nil
  }

  /// `outputs.my-task` is a subtraction.
  private func hint(_ name: String, _ known: some Sequence<String>, path: String) -> String {
    if let dashed = known.first(where: { $0.hasPrefix(name + "-") }) {
      return ". Write \(path)['\(dashed)'] for a name with a dash"
    }
    return suggest(name, known)
  }
}

extension TaskNode {
  /// The branches of a flowable that run once its others have ended.
  static let handlers = ["errors", "finally"]
}
