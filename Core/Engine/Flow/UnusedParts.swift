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

  // MARK: triggers

  private static let coreTriggers: Set = [
    "core.trigger.Schedule", "core.trigger.ScheduleOnDates", "core.trigger.Flow", "core.trigger.Webhook",
  ]

  /// What every trigger takes.
  private static let triggerKeys = [
    "id", "type", "description", "conditions", "preconditions", "when", "disabled", "workerGroup", "logLevel", "labels",
    "stopAfter", "logToFile", "failOnTriggerError", "allowConcurrent", "assets", "inputs", "version",
  ]

  private mutating func checkTriggers(_ node: Node) {
    let triggers = list(node, "triggers")
    checkUnique(triggers.compactMap { $0["id"] }, "trigger")
    for trigger in triggers {
      for name in ["id", "type"] where trigger[name]?.scalar?.text.isEmpty ?? true {
        error("missing property '\(name)' of a trigger", at: trigger.position)
      }
      guard let typeNode = trigger["type"], let name = typeNode.text, !isCoreTrigger(name) else { continue }
      if let type = registry.find(name), name.hasSuffix("Trigger") {
        checkProperties(of: trigger, type)
      } else {
        let hint = triggerSuggestion(for: name).map { ". Did you mean '\($0)'?" } ?? ""
        warning("unknown type '\(name)' of a trigger\(hint)", at: typeNode.position)
      }
    }
  }

  private func isCoreTrigger(_ name: String) -> Bool {
    if name.hasPrefix("io.kestra.core.models.triggers.types.") {
      return Self.coreTriggers.contains("core.trigger." + (name.split(separator: ".").last ?? ""))
    }
    let plain = Registry.prefixes.first { name.hasPrefix($0) }.map { name.dropFirst($0.count) } ?? name[...]
    return Self.coreTriggers.contains(String(plain)) || Self.coreTriggers.contains("core." + plain)
  }

  private func triggerSuggestion(for name: String) -> String? {
    let prefix = Registry.prefixes.last { name.hasPrefix($0) && $0 != "io.kestra.plugin.core." } ?? ""
    let known = Self.coreTriggers.sorted() + registry.names.filter { $0.hasSuffix(".Trigger") }
    return nearest(String(name.dropFirst(prefix.count)), in: known).map { prefix + $0 }
  }

  private mutating func checkProperties(of trigger: Node, _ type: any DeclaredTask.Type) {
    let declared = Declarations.of(type)
    for member in trigger.members ?? [] where !Self.triggerKeys.contains(member.key) {
      guard let declaration = declared[member.key] else {
        let names = declared.all.map(\.name) + Self.triggerKeys
        error(
          "unknown property '\(member.key)' in \(type.info.type)\(suggest(member.key, names))", at: member.keyPosition)
        continue
      }
      checkTemplates(in: member.node)
      checkLiteral(member.node, declaration.shape, path: member.key, range: declaration.range)
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
