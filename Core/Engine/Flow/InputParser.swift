internal import Expression

extension FlowParser {
  static let inputKeys = [
    "id", "name", "type", "description", "displayName", "required", "defaults", "dependsOn", "validator", "min", "max",
    "after", "before", "values", "options", "expression", "allowCustomValue", "itemType", "extension",
    "allowedFileExtensions", "accept", "isRadio", "prefill", "autoSelectFirst",
  ]

  /// One entry of `inputs`.
  mutating func input(_ node: Node) -> InputDeclaration? {
    guard let members = node.members else {
      error("an input is a map with 'id' and 'type', found \(node.typeName)", at: node.position)
      return nil
    }
    for member in members where !Self.inputKeys.contains(member.key) {
      error(
        "unknown property '\(member.key)' of an input\(suggest(member.key, Self.inputKeys))", at: member.keyPosition)
    }
    guard let id = (node["id"] ?? node["name"])?.scalar?.text else {
      error("missing property 'id' of an input", at: node.position)
      return nil
    }
    guard let kind = valueKind(node["type"], of: "input '\(id)'", at: node.position) else {
      brokenInputs.insert(id)
      return nil
    }
    var input = InputDeclaration(id: id, kind: kind)
    input.description = node["description"]?.text
    input.isRequired = node["required"] == nil || flag(node["required"], "required")
    input.fallback = node["defaults"]?.value
    input.fallbackPosition = node["defaults"]?.position
    input.itemKind = node["itemType"].flatMap { valueKind($0, of: "input '\(id)'", at: node.position) }
    input.values = (node["values"] ?? node["options"])?.items?.compactMap { $0.scalar?.text } ?? []
    input.allowsCustomValue = flag(node["allowCustomValue"], "allowCustomValue")
    input.validator = node["validator"]?.text
    input.min = node["min"]?.scalar
    input.max = node["max"]?.scalar
    input.choices = node["expression"]?.value
    if let condition = node["dependsOn"]?["condition"] {
      checkTemplates(in: condition)
      input.condition = condition.value
    }
    let endings = node["allowedFileExtensions"] ?? node["accept"]
    input.endings = (endings?.items ?? endings.map { [$0] } ?? []).compactMap { $0.scalar?.text }.filter {
      $0.hasPrefix(".")
    }
    input.after = node["after"]?.scalar?.text
    input.before = node["before"]?.scalar?.text
    checkValidator(of: input, node["validator"])
    checkDefault(of: input, node["defaults"])
    return input
  }

  private mutating func checkValidator(of input: InputDeclaration, _ node: Node?) {
    guard let node, let validator = input.validator else { return }
    do { _ = try InputDeclaration.test("text matches other", "", validator) } catch {
      self.error("the validator of input '\(input.id)': \(error)", at: node.position)
    }
  }

  /// The type of an input or an output.
  /// - Parameter owner: `input 'day'`.
  mutating func valueKind(_ node: Node?, of owner: String, at position: Position) -> InputDeclaration.Kind? {
    guard let name = node?.text else {
      error("missing property 'type' of \(owner)", at: position)
      return nil
    }
    if let kind = InputDeclaration.Kind(rawValue: name.uppercased()) { return kind }
    let names = InputDeclaration.Kind.allCases.map(\.rawValue)
    error("unknown type '\(name)' of \(owner)\(suggest(name.uppercased(), names))", at: node?.position ?? position)
    return nil
  }

  private mutating func checkDefault(of input: InputDeclaration, _ node: Node?) {
    guard let node, let value = node.scalar, !value.isNull, value.string?.contains("{{") != true else { return }
    do { _ = try input.accept(value) } catch {
      self.error("the default of input '\(input.id)': \(message(of: error))", at: node.position)
    }
  }

  func message(of error: any Error) -> String {
    (error as? PropertyMismatch).map { $0.path.isEmpty ? $0.message : "\($0.path): \($0.message)" } ?? "\(error)"
  }

  // MARK: retry

  private static let retryKeys = [
    "type", "interval", "maxInterval", "minInterval", "delayFactor", "maxAttempt", "maxAttempts", "maxDuration",
    "warningOnRetry", "behavior",
  ]

  /// A `retry` of a task or of the flow.
  mutating func retry(_ node: Node) -> RetryPolicy? {
    guard let members = node.members else {
      error("'retry' is a map with 'type', found \(node.typeName)", at: node.position)
      return nil
    }
    for member in members where !Self.retryKeys.contains(member.key) {
      error("unknown property '\(member.key)' of retry\(suggest(member.key, Self.retryKeys))", at: member.keyPosition)
    }
    let delay = retryDelay(node)
    var policy = RetryPolicy(delay: delay ?? .constant(.zero))
    if let attempts = node["maxAttempt"] ?? node["maxAttempts"] {
      if let count = attempts.scalar?.int, count >= 1 {
        policy.maxAttempts = Int(count)
      } else {
        error("maxAttempt: expected an integer of at least 1", at: attempts.position)
      }
    }
    policy.maxDuration = node["maxDuration"].flatMap { duration($0, "maxDuration") }
    policy.warningOnRetry = flag(node["warningOnRetry"], "warningOnRetry")
    checkBehavior(node["behavior"])
    return delay == nil ? nil : policy
  }

  private mutating func checkBehavior(_ node: Node?) {
    guard let node, let text = node.scalar?.text else { return }
    let known = ["RETRY_FAILED_TASK", "CREATE_NEW_EXECUTION"]
    if text == known[1] {
      warning("behavior: the failed task is tried again in the same execution, whatever this says", at: node.position)
    } else if text != known[0] {
      error("behavior: expected one of \(known.joined(separator: ", ")), found '\(text)'", at: node.position)
    }
  }

  private mutating func retryDelay(_ node: Node) -> RetryPolicy.Delay? {
    func required(_ name: String) -> Duration? {
      guard let value = node[name] else {
        error("missing property '\(name)' of retry", at: node.position)
        return nil
      }
      return duration(value, name)
    }
    switch node["type"]?.text ?? "constant" {
    case "constant": return required("interval").map { .constant($0) }
    case "exponential":
      guard let interval = required("interval") else { return nil }
      let maximum = node["maxInterval"].flatMap { duration($0, "maxInterval") } ?? .seconds(86_400)
      let factor = node["delayFactor"]?.scalar.flatMap { try? Double(property: $0) } ?? 2
      return .exponential(interval, max: maximum, factor: factor)
    case "random":
      guard let low = required("minInterval"), let high = required("maxInterval") else { return nil }
      return .random(low, high)
    case let other:
      let known = ["constant", "exponential", "random"]
      error("unknown type '\(other)' of retry\(suggest(other, known))", at: node["type"]?.position ?? node.position)
      return nil
    }
  }

  private mutating func duration(_ node: Node, _ name: String) -> Duration? {
    do { return try node.scalar.map { try Duration(property: $0) } } catch {
      self.error("\(name): \(message(of: error))", at: node.position)
      return nil
    }
  }
}
