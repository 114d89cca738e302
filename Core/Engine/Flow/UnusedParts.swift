internal import Expression

/// What a flow may say to Kestra's server and Ferry does not act on: it is checked all the same.
extension FlowParser {
  mutating func checkUnused(_ member: Node.Member) {
    let instead: String
    switch member.key {
    case "triggers":
      instead = "start the flow yourself"
      checkTriggers(member.node)
    case "listeners":
      instead = "put its tasks into 'errors' or 'finally'"
      checkListeners(member.node)
    case "afterExecution": instead = "its tasks are not run. 'finally' runs tasks in any case"
    case "sla": instead = "a task's 'timeout' limits its time"
    default: return
    }
    warning("'\(member.key)' is kept, but 'ferry run' does not act on it: \(instead)", at: member.keyPosition)
  }

  private mutating func checkListeners(_ node: Node) {
    for item in list(node, "listeners") where item["tasks"]?.items?.isEmpty ?? true {
      error("'tasks' of a listener is empty", at: item["tasks"]?.position ?? item.position)
    }
  }

  /// Labels that only Kestra itself sets.
  mutating func checkLabels(_ labels: ValueMap, at position: Position) {
    for (name, _) in labels where name.hasPrefix("system.") && name != "system.readOnly" {
      error("the label '\(name)': names that begin with 'system.' are set by the engine", at: position)
    }
  }

  // MARK: numbers of YAML 1.1

  /// Says where Kestra reads a number and Ferry the text that stands there.
  mutating func checkNotation(of node: Node) {
    switch node.content {
    case .list(let items): for item in items { checkNotation(of: item) }
    case .map(let members): for member in members { checkNotation(of: member.node) }
    case .scalar(let value):
      guard node.isPlain, let text = value.string, let number = PlainScalar.oldInteger(text) else { return }
      warning(
        "\(text) stays the text that it is; Kestra reads the number \(number). Put it in quotes, or write \(number)",
        at: node.position)
    }
  }
}
