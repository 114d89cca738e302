internal import Expression
internal import Records

extension FlowParser {
  mutating func tasks(_ node: Node, _ name: String) -> [TaskNode] {
    let items = list(node, name)
    if items.isEmpty, node.items != nil { error("'\(name)' is empty", at: node.position) }
    return items.compactMap { task($0) }
  }

  mutating func task(_ node: Node) -> TaskNode? {
    guard let members = node.members else {
      error("a task is a map with 'id' and 'type', found \(node.typeName)", at: node.position)
      return nil
    }
    let id = taskID(node)
    guard let type = taskType(node) else { return id.map { unknownTask($0, node, members) } }
    let typeName = node["type"]?.text ?? ""
    let declarations = Declarations.of(type)
    let given = merged(members, typeName, declarations)
    var task = TaskNode(id: id ?? "?", type: type, typeName: typeName, position: node.position, properties: [])
    readBase(Node(content: .map(given), position: node.position), into: &task)
    task.properties = given.filter { !BaseProperties.names.contains($0.key) }
    for index in task.properties.indices {
      check(task.properties[index], declarations, type: type.info.type, task: &task)
    }
    checkRequired(task.properties, declarations, type, at: node.position)
    if task.type == Switch.self, task.branches.allSatisfy({ TaskNode.handlers.contains($0.name) }) {
      error("a Switch needs 'cases' or 'defaults'", at: node.position)
    }
    checkMeaning(of: type, task.properties, at: task.position)
    return id == nil ? nil : task
  }

  mutating func checkRequired(
    _ given: [Node.Member], _ declarations: Declarations, _ type: any DeclaredTask.Type, at position: Position
  ) {
    for declaration in declarations.all where declaration.isRequired {
      let names = [declaration.name] + declaration.aliases
      if !given.contains(where: { names.contains($0.key) && $0.node.scalar?.isNull != true }) {
        error("missing property '\(declaration.name)' in \(type.info.type): \(declaration.help)", at: position)
      }
    }
  }

  /// What only the type itself knows of its properties, as far as they are no templates.
  mutating func checkMeaning(of type: any DeclaredTask.Type, _ given: [Node.Member], at position: Position) {
    let declared = Declarations.of(type)
    var literals = ValueMap()
    for member in given where !member.node.value.holdsTemplate {
      literals[declared[member.key]?.name ?? member.key] = member.node.value
    }
    for problem in type.problems(of: literals) {
      let named = given.first { (declared[$0.key]?.name ?? $0.key) == problem.property }
      error(named.map { "\($0.key): \(problem.message)" } ?? problem.message, at: named?.node.position ?? position)
    }
  }

  /// A property that is only kept for old flows, or changes nothing.
  mutating func noteUse(of declaration: PropertyDeclaration, as member: Node.Member) {
    if let instead = declaration.deprecated {
      warning("'\(member.key)' is kept for old flows; use \(instead)", at: member.keyPosition)
    } else if let reason = declaration.unused {
      warning("'\(member.key)' changes nothing: \(reason)", at: member.keyPosition)
    }
  }

  /// A task of an unknown type: what it runs is checked, and others may name it.
  private mutating func unknownTask(_ id: String, _ node: Node, _ members: [Node.Member]) -> TaskNode {
    var task = TaskNode(
      id: id, type: UnknownTask.self, typeName: node["type"]?.text ?? "", position: node.position, properties: [])
    for member in members where !BaseProperties.names.contains(member.key) {
      let found = tasksInside(member.node)
      if found.isEmpty {
        checkTemplates(in: member.node)
        task.properties.append(member)
      } else {
        task.branches += found.map { (member.key, $0.compactMap { self.task($0) }) }
      }
    }
    return task
  }

  /// The lists of tasks that a property of an unknown flowable holds.
  private func tasksInside(_ node: Node) -> [[Node]] {
    func isTask(_ node: Node) -> Bool { node["id"] != nil && node["type"] != nil }
    if let members = node.members { return members.flatMap { tasksInside($0.node) } }
    let items = (node.items ?? []).map { $0["task"] ?? $0 }
    return !items.isEmpty && items.allSatisfy(isTask) ? [items] : []
  }

  private mutating func taskID(_ node: Node) -> String? {
    guard let idNode = node["id"], let id = idNode.scalar?.text, idNode.scalar?.isNull == false else {
      error("missing property 'id' of a task", at: node.position)
      return nil
    }
    if let first = taskIDs[id] {
      error("the task id '\(id)' is already used in line \(first.line)", at: idNode.position)
    } else {
      taskIDs[id] = idNode.position
    }
    let isValid = id.utf8.allSatisfy {
      (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 45 || $0 == 46 || $0 == 95
    }
    if !isValid || id.allSatisfy({ $0 == "." }) {
      error("'\(id)' is not a valid task id: expected [a-zA-Z0-9._-]+", at: idNode.position)
    }
    return id
  }

  private mutating func taskType(_ node: Node) -> (any DeclaredTask.Type)? {
    guard let typeNode = node["type"], let name = typeNode.text else {
      error("missing property 'type' of task '\(node["id"]?.scalar?.text ?? "")'", at: node.position)
      return nil
    }
    if let type = registry.find(name) { return type }
    let hint = registry.suggestion(for: name).map { ". Did you mean '\($0)'?" } ?? ". 'ferry plugins' lists all types"
    error("unknown type '\(name)'\(hint)", at: typeNode.position)
    return nil
  }

  private mutating func readBase(_ node: Node, into task: inout TaskNode) {
    task.baseNodes = ["timeout", "runIf", "disabled", "allowFailure", "allowWarning"].compactMap { node[$0] }
    task.retry = node["retry"].flatMap { retry($0) }
    task.timeout = checkedBase(node["timeout"], "timeout", as: Duration.self)
    task.runIf = checkedBase(node["runIf"], "runIf", as: Value.self)
    task.disabled = checkedBase(node["disabled"], "disabled", as: Bool.self)
    task.allowFailure = checkedBase(node["allowFailure"], "allowFailure", as: Bool.self)
    task.allowWarning = checkedBase(node["allowWarning"], "allowWarning", as: Bool.self)
    if let level = node["logLevel"]?.scalar {
      do { task.logLevel = try LogLevel(property: level) } catch {
        self.error("logLevel: \(message(of: error))", at: node["logLevel"]?.position ?? node.position)
      }
    }
  }

  private mutating func checkedBase<T: PropertyValue>(_ node: Node?, _ name: String, as type: T.Type) -> Value? {
    guard let node, let value = node.scalar, !value.isNull else { return nil }
    checkTemplates(in: node)
    if value.string?.contains("{{") != true, value.string?.contains("{%") != true {
      do { _ = try T(property: value) } catch {
        self.error("\(name): \(literal(message(of: error), value))", at: node.position)
      }
    }
    return value
  }

  /// The task's own properties over the flow's defaults for its type; forced defaults over both. A longer type wins.
  func merged(_ own: [Node.Member], _ typeName: String, _ declarations: Declarations) -> [Node.Member] {
    var result: [Node.Member] = []
    func apply(_ members: [Node.Member]) {
      for member in members {
        let names = declarations[member.key].map { [$0.name] + $0.aliases } ?? [member.key]
        result.removeAll { names.contains($0.key) }
        result.append(member)
      }
    }
    // Of what fits, the shortest first: exact names end up last, whatever prefix they are spelt with.
    let fitting = defaults.compactMap { fallback in specificity(of: fallback.type, for: typeName).map { ($0, fallback) }
    }
    .sorted { $0.0 < $1.0 }.map { fallback in
      var fallback = fallback.1
      fallback.values.removeAll { $0.key == "id" || $0.key == "type" }
      return fallback
    }
    for fallback in fitting where !fallback.isForced { apply(fallback.values) }
    apply(own)
    for fallback in fitting where fallback.isForced { apply(fallback.values) }
    return result
  }

  /// How well the type of a default fits a task's: `Int.max` when it is the same one, the length of a prefix, nil if
  /// it does not.
  private func specificity(of type: String, for typeName: String) -> Int? {
    guard let info = registry.find(typeName)?.info else { return nil }
    if registry.find(type)?.info.type == info.type { return Int.max }
    let old = info.type.hasPrefix("core.") ? info.aliases.map { "io.kestra.core.tasks." + $0 } : []
    let spelt = [info.type, "io.kestra.plugin." + info.type, typeName] + info.aliases + old
    let plain =
      Registry.prefixes.first { type.hasPrefix($0) }.map { type.utf8.count - $0.utf8.count } ?? type.utf8.count
    return spelt.contains { $0.hasPrefix(type) } ? plain : nil
  }

  // MARK: properties

  private mutating func check(
    _ member: Node.Member, _ declarations: Declarations, type: String, task: inout TaskNode
  ) {
    guard let declaration = declarations[member.key] else {
      let names = declarations.all.flatMap { [$0.name] + $0.aliases } + BaseProperties.names
      error("unknown property '\(member.key)' in \(type)\(suggest(member.key, names))", at: member.keyPosition)
      return
    }
    noteUse(of: declaration, as: member)
    switch declaration.shape {
    case .tasks where type == Dag.info.type && declaration.name == "tasks":
      task.branches.append(("tasks", dagTasks(member.node)))
    case .tasks: task.branches.append((declaration.name, tasks(member.node, member.key)))
    case .map(.tasks):
      for branch in member.node.members ?? [] {
        task.branches.append(("\(declaration.name).\(branch.key)", tasks(branch.node, branch.key)))
      }
    default:
      checkTemplates(in: member.node)
      checkLiteral(member.node, declaration.shape, path: member.key, range: declaration.range)
      if declaration.shape == .any || declaration.shape == .map(.any) { checkNotation(of: member.node) }
    }
  }

  private mutating func dagTasks(_ node: Node) -> [TaskNode] {
    let found = list(node, "tasks").compactMap { item -> TaskNode? in
      guard let inner = item["task"] else {
        error("an entry of a Dag is a map with 'task' and 'dependsOn'", at: item.position)
        return nil
      }
      var task = self.task(inner)
      task?.dependsOn = item["dependsOn"]?.items?.compactMap { $0.scalar?.text } ?? []
      return task
    }
    let ids = Set(found.map(\.id))
    var isWhole = true
    for task in found {
      for id in task.dependsOn where !ids.contains(id) {
        isWhole = false
        error(
          "task '\(task.id)' depends on '\(id)', which this Dag does not have\(suggest(id, found.map(\.id)))",
          at: task.position)
      }
    }
    if isWhole, let cycle = Self.cycle(in: found) {
      error("the tasks \(cycle.joined(separator: " → ")) wait for each other", at: node.position)
    }
    return found
  }

  /// The ids of tasks that depend on each other in a circle, nil when there is none.
  private static func cycle(in tasks: [TaskNode]) -> [String]? {
    var waiting = Dictionary(tasks.map { ($0.id, Set($0.dependsOn).count) }, uniquingKeysWith: { first, _ in first })
    var dependents: [String: [String]] = [:]
    for task in tasks { for id in Set(task.dependsOn) { dependents[id, default: []].append(task.id) } }
    var ready = tasks.map(\.id).filter { waiting[$0] == 0 }
    while let id = ready.popLast() {
      waiting[id] = nil
      for other in dependents[id] ?? [] {
        waiting[other, default: 0] -= 1
        if waiting[other] == 0 { ready.append(other) }
      }
    }
    return waiting.isEmpty ? nil : tasks.map(\.id).filter { waiting[$0] != nil }
  }

  /// A literal must already fit; a template is decided when it is rendered.
  mutating func checkLiteral(_ node: Node, _ shape: PropertyShape, path: String, range: ClosedRange<Int>?) {
    if case .object(let declarations) = shape, let members = node.members {
      return checkObject(members, declarations, path: path, at: node.position)
    }
    if case .list(let element) = shape, let items = node.items {
      for (index, item) in items.enumerated() { checkLiteral(item, element, path: "\(path)[\(index)]", range: nil) }
      return
    }
    if case .map(let element) = shape, let members = node.members {
      for member in members { checkLiteral(member.node, element, path: "\(path).\(member.key)", range: nil) }
      return
    }
    guard node.scalar?.isNull != true, node.text.map({ !$0.contains("{{") && !$0.contains("{%") }) ?? true else {
      return
    }
    do {
      try shape.check(node.value)
      if let range, let number = node.scalar?.int, !range.contains(Int(number)) {
        error(
          "\(path): expected an integer from \(range.lowerBound) to \(range.upperBound), found \(number)",
          at: node.position)
      }
    } catch {
      self.error("\(path): \(literal(message(of: error), node.scalar))", at: node.position)
    }
  }

  private mutating func checkObject(
    _ members: [Node.Member], _ declarations: [PropertyDeclaration], path: String, at position: Position
  ) {
    for member in members {
      guard let declaration = declarations.first(where: { ([$0.name] + $0.aliases).contains(member.key) }) else {
        let names = declarations.map(\.name)
        error("unknown property '\(member.key)' of \(path)\(suggest(member.key, names))", at: member.keyPosition)
        continue
      }
      checkLiteral(member.node, declaration.shape, path: "\(path).\(member.key)", range: declaration.range)
    }
    for declaration in declarations where declaration.isRequired {
      if !members.contains(where: { ([declaration.name] + declaration.aliases).contains($0.key) }) {
        error("missing property '\(declaration.name)' of \(path): \(declaration.help)", at: position)
      }
    }
  }
}

extension PropertyShape {
  /// Throws a mismatch when a literal is not of this shape.
  func check(_ value: Value) throws {
    switch self {
    case .any, .tasks: return
    case .string: _ = try String(property: value)
    case .integer: _ = try Int(property: value)
    case .number: _ = try Double(property: value)
    case .boolean: _ = try Bool(property: value)
    case .duration: _ = try Duration(property: value)
    case .uri: _ = try StorageReference(property: value)
    case .choice(let names):
      guard let text = value.string, names.contains(where: { $0.lowercased() == text.lowercased() }) else {
        let hint = value.string.flatMap { nearest($0, in: names) }.map { ". Did you mean \($0)?" } ?? ""
        throw PropertyMismatch("expected one of \(names.joined(separator: ", ")), found '\(value.text)'\(hint)")
      }
    case .list:
      // A text may hold a JSON list.
      guard value.list != nil || value.string?.first == "[" else { throw PropertyMismatch.expected(self, value) }
    case .map, .object:
      guard value.map != nil || value.string?.first == "{" else { throw PropertyMismatch.expected(self, value) }
    }
  }
}
