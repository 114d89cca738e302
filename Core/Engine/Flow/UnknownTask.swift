/// Stands for a task of a type that is not known: the flow is never run, but all of it is checked.
struct UnknownTask: DeclaredTask {
  static let info = TaskInfo("?", "Unknown.")
}
