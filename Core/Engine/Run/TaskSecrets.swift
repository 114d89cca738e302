internal import Expression
internal import Records

/// The secrets that one attempt at a task is given: what others say of them is masked, and what the task puts out of
/// them stays marked.
final class TaskSecrets: Sendable {
  let redactor: Redactor
  private let echoes = Locked(Echoes())

  init(inside execution: Redactor) { redactor = Redactor(inside: execution) }

  /// A property's value as the task gets it.
  /// - Parameter isSecret: whether the property is declared as one.
  func given(_ value: Value, isSecret: Bool) -> Value {
    let value = isSecret ? value.asSecret : URLSecrets.marked(value)
    redactor.add(value)
    redactor.keep(urisIn: value)
    if !isSecret { echoes.withLock { $0.add(value) } }
    return value
  }

  /// The outputs of the task with what is secret of them.
  func marked(_ outputs: ValueMap) -> ValueMap { echoes.withLock { $0 }.marked(outputs) }
}
