internal import Expression

/// Which tasks have run when another one's turn comes. Tasks come into sight as they run and leave it at the end of a
/// branch, so that a check takes as long as there are tasks.
struct Sight {
  /// A task that has run, and the loops around it, the outermost first.
  struct Entry {
    var task: TaskNode
    var loops: [TaskNode]
  }

  private var entries: [String: Entry] = [:]
  private var order: [String] = []

  subscript(id: String) -> Entry? { entries[id] }
  var ids: [String] { order }

  mutating func show(_ entry: Entry) {
    guard entries[entry.task.id] == nil else { return }
    entries[entry.task.id] = entry
    order.append(entry.task.id)
  }

  /// A task that has ended, and all inside of it.
  mutating func showWhole(_ task: TaskNode, loops: [TaskNode]) {
    show(Entry(task: task, loops: loops))
    let inner = task.isLoop ? loops + [task] : loops
    for branch in task.branches { for task in branch.tasks { showWhole(task, loops: inner) } }
  }

  var mark: Int { order.count }

  /// Takes out of sight what came into it since a mark.
  mutating func hide(since mark: Int) -> [Entry] {
    let hidden = order[mark...].compactMap { entries.removeValue(forKey: $0) }
    order.removeSubrange(mark...)
    return hidden
  }
}

/// Where a task stands, as far as its expressions can tell.
struct Surroundings {
  /// The loops around, the outermost first.
  var loops: [TaskNode] = []
  /// Whether the task stands directly in a loop: then it has a `taskrun.value`.
  var isTurn = false
  /// The flowables around that `parents` lists, the innermost first: whether they have a value.
  var parents: [Bool] = []
  /// The files of the task itself that its expressions name.
  var files: [String] = []

  /// What the tasks in a branch of a task see around them.
  func inside(_ task: TaskNode, branch: String) -> Surroundings {
    var inner = self
    if isTurn || task.type == If.self || task.type == Switch.self { inner.parents.insert(isTurn, at: 0) }
    // What follows a loop runs once.
    inner.isTurn = task.isLoop && branch == "tasks"
    if inner.isTurn { inner.loops.append(task) }
    return inner
  }
}

extension TaskNode {
  /// The properties given that name a file of the task's working directory: see `PropertyDeclaration.isLocalFile`.
  var localFiles: [String] {
    let declared = Declarations.of(type)
    return properties.compactMap { declared[$0.key] }.filter(\.isLocalFile).map(\.name)
  }

  var isLoop: Bool { (type as? any Flowable.Type)?.kind == .forEach }

  /// The values of a loop that stand in the flow itself.
  var loopValues: [String]? {
    guard let items = (property("values") ?? property("value"))?.items else { return nil }
    let values = items.map(\.value)
    return values.contains { $0.holdsTemplate } ? nil : values.map(\.text)
  }
}
