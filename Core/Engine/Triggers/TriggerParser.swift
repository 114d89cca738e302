internal import Expression

/// The triggers of a flow: checked as tasks are.
extension FlowParser {
  mutating func checkTriggers(_ node: Node) {
    let triggers = list(node, "triggers")
    checkUnique(triggers.compactMap { $0["id"] }, "trigger")
    for trigger in triggers {
      for name in ["id", "type"] where trigger[name]?.scalar?.text.isEmpty ?? true {
        error("missing property '\(name)' of a trigger", at: trigger.position)
      }
      guard let typeNode = trigger["type"], let name = typeNode.text, let members = trigger.members else { continue }
      if let type = registry.findTrigger(name) {
        checkTrigger(members, type, name, at: trigger.position)
      } else {
        let hint = registry.triggerSuggestion(for: name).map { ". Did you mean '\($0)'?" }
        error("unknown type '\(name)' of a trigger\(hint ?? unknownTrigger(name))", at: typeNode.position)
      }
    }
  }

  private func unknownTrigger(_ name: String) -> String {
    registry.find(name) == nil ? ". 'ferry plugins' lists all types" : ": it is a task"
  }

  private mutating func checkTrigger(
    _ members: [Node.Member], _ type: any FerryTrigger.Type, _ name: String, at position: Position
  ) {
    let declarations = Declarations.of(type)
    let given = merged(members, name, declarations)
    for member in given {
      let declaration = declarations[member.key] ?? BaseTriggerProperties.declarations.first { $0.name == member.key }
      guard let declaration else {
        let names = declarations.all.flatMap { [$0.name] + $0.aliases } + BaseTriggerProperties.names
        error(
          "unknown property '\(member.key)' in \(type.info.type)\(suggest(member.key, names))", at: member.keyPosition)
        continue
      }
      noteUse(of: declaration, as: member)
      checkTemplates(in: member.node)
      checkLiteral(member.node, declaration.shape, path: member.key, range: declaration.range)
    }
    checkRequired(given, declarations, type, at: position)
    checkMeaning(of: type, given, at: position)
  }
}

extension Registry {
  private static let oldTriggers = "io.kestra.core.models.triggers.types."

  /// A type of triggers under any of its names.
  public func findTrigger(_ name: String) -> (any FerryTrigger.Type)? {
    if name.hasPrefix(Registry.oldTriggers) {
      return triggers["core.trigger." + name.dropFirst(Registry.oldTriggers.count)]
    }
    return triggers[Registry.plain(name, in: triggers)]
  }

  /// The nearest known one for a misspelt type, with the prefix that was written.
  func triggerSuggestion(for name: String) -> String? {
    let prefix = Registry.prefixes.last { name.hasPrefix($0) && $0 != "io.kestra.plugin.core." } ?? ""
    return nearest(String(name.dropFirst(prefix.count)), in: triggers.keys.sorted()).map { prefix + $0 }
  }
}
