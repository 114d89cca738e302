internal import Expression

/// All task types that a flow can name.
public struct Registry: Sendable {
  public let plugins: [Plugin]
  private let types: [String: any DeclaredTask.Type]
  /// All trigger types, by each of their names.
  let triggers: [String: any FerryTrigger.Type]

  /// The engine's own tasks and those of the plugins.
  public init(_ plugins: [Plugin]) {
    self.plugins = [corePlugin] + plugins
    var types: [String: any DeclaredTask.Type] = [:]
    for task in self.plugins.flatMap(\.tasks) {
      for name in [task.info.type] + task.info.aliases { types[name] = task }
    }
    self.types = types
    var triggers: [String: any FerryTrigger.Type] = [:]
    for trigger in self.plugins.flatMap(\.triggers) {
      for name in [trigger.info.type] + trigger.info.aliases { triggers[name] = trigger }
    }
    self.triggers = triggers
  }

  /// Kestra's prefixes, under which every type is known too.
  static let prefixes = ["io.kestra.plugin.core.", "io.kestra.plugin.", "io.kestra.core.tasks."]

  public func find(_ name: String) -> (any DeclaredTask.Type)? { types[Registry.plain(name, in: types)] }

  /// Every name, canonical and alias.
  public var names: [String] { types.keys.sorted() }

  /// The nearest known type for a misspelt one, with the prefix that was written.
  func suggestion(for name: String) -> String? {
    let prefix = Registry.prefixes.first { name.hasPrefix($0) } ?? ""
    let wanted = name.dropFirst(prefix.count).split(separator: ".").map(String.init)
    let near = names.compactMap { name in Registry.distance(wanted, name).map { (distance: $0, name: name) } }
    return near.min { $0.distance < $1.distance }.map { prefix + $0.name }
  }

  /// Part by part: another plugin's task of the same name is not what was meant. `Log` may stand for `log.Log`.
  private static func distance(_ wanted: [String], _ name: String) -> Int? {
    var parts = name.split(separator: ".").map(String.init)
    if wanted.count == 1 { parts = parts.suffix(1) }
    guard parts.count == wanted.count else { return nil }
    var sum = 0
    for (one, other) in zip(wanted, parts) {
      guard let distance = Expression.distance(from: one, to: other) else { return nil }
      sum += distance
    }
    return sum
  }

  static func plain<T>(_ name: String, in types: [String: T]) -> String {
    if types[name] != nil { return name }
    for prefix in prefixes where name.hasPrefix(prefix) {
      let rest = String(name.dropFirst(prefix.count))
      for candidate in [rest, "core." + rest] where types[candidate] != nil { return candidate }
    }
    return "core." + name
  }
}
