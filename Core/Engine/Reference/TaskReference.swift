internal import Expression

/// Help for one type of tasks or triggers, from its declarations: for the terminal and for docs/reference.
public struct TaskReference {
  let info: TaskInfo
  let properties: [PropertyDeclaration]
  private let isTask: Bool

  public init(_ type: any DeclaredTask.Type) {
    info = type.info
    properties = PropertyDeclaration.collect(from: type.init())
    isTask = !(type is any FerryTrigger.Type) || type is any FerryTask.Type
  }

  /// For the terminal.
  public var text: String {
    var text = "\(info.type)\n  \(info.summary)\n"
    if !info.details.isEmpty { text += "\n  \(info.details.replacing("\n", with: "\n  "))\n" }
    text += "\nNames: \(names.joined(separator: ", "))\n\nProperties\n"
    for property in properties { text += describe(property) }
    let base = isTask ? BaseProperties.declarations : BaseTriggerProperties.declarations
    let names = base.filter { $0.unused == nil }.map(\.name).joined(separator: ", ")
    text += "  As every \(isTask ? "task" : "trigger"): \(names)\n"
    if !info.outputs.isEmpty { text += "\nOutputs\n" }
    for output in info.outputs { text += "  \(output.name) (\(output.shape.name))\n      \(output.help)\n" }
    if !info.example.isEmpty { text += "\nExample\n\(indented(info.example))\n" }
    return text
  }

  private func describe(_ property: PropertyDeclaration) -> String {
    var text = "  \(property.name) (\(property.shape.name)\(facts(property)))\n      \(property.help)\n"
    if let instead = property.deprecated { text += "      Deprecated: use \(instead).\n" }
    if let reason = property.unused { text += "      Changes nothing: \(reason).\n" }
    if let example = property.example { text += "      Example: \(example)\n" }
    return text
  }

  private func facts(_ property: PropertyDeclaration) -> String {
    var text = property.isRequired ? ", required" : property.shownDefault.map { ", default \($0)" } ?? ""
    if let range = property.range { text += ", \(range.description(unbounded: "up"))" }
    if !property.aliases.isEmpty { text += ", also \(property.aliases.joined(separator: ", "))" }
    return text
  }

  /// For docs/reference: the same as a page of Markdown.
  public var markdown: String {
    var text = "## \(info.type)\n\n\(info.summary)\n"
    if !info.details.isEmpty { text += "\n\(info.details)\n" }
    text += "\nNames: \(names.map { "`\($0)`" }.joined(separator: ", "))\n"
    if !properties.isEmpty { text += TaskReference.table(properties) }
    if !info.outputs.isEmpty {
      text += "\n| output | type | meaning |\n|---|---|---|\n"
      for output in info.outputs {
        text += "| `\(output.name)` | \(TaskReference.cell(output.shape.name)) | \(TaskReference.cell(output.help)) |\n"
      }
    }
    if !info.example.isEmpty { text += "\n```yaml\n\(info.example)\n```\n" }
    return text
  }

  static func table(_ properties: [PropertyDeclaration]) -> String {
    "\n| property | type | default | meaning |\n|---|---|---|---|\n" + properties.map(row).joined()
  }

  private static func row(_ property: PropertyDeclaration) -> String {
    var meaning = property.help
    if let range = property.range { meaning += " (\(range.description(unbounded: "up")))" }
    if !property.aliases.isEmpty { meaning += " Also `\(property.aliases.joined(separator: "`, `"))`." }
    if let instead = property.deprecated { meaning += " Deprecated: use \(instead)." }
    if let reason = property.unused { meaning += " Changes nothing: \(reason)." }
    if let example = property.example { meaning += " Example: `\(example)`" }
    let fallback = property.isRequired ? "required" : property.shownDefault.map { "`\($0)`" } ?? ""
    return "| `\(property.name)` | \(cell(property.shape.name)) | \(cell(fallback)) | \(cell(meaning)) |\n"
  }

  private static func cell(_ text: String) -> String { text.replacing("|", with: "\\|").replacing("\n", with: " ") }

  private var names: [String] { [info.type, "io.kestra.plugin.\(info.type)"] + info.aliases }

  private func indented(_ text: String) -> String { "  " + text.replacing("\n", with: "\n  ") }
}

extension PropertyDeclaration {
  /// Words as they are; JSON where that would not show them.
  fileprivate var shownDefault: String? {
    guard case .string(let text)? = defaultValue else { return defaultValue?.json() }
    return text.isEmpty || text.contains { $0.isWhitespace } ? Value.string(text).json() : text
  }
}

extension ClosedRange where Bound == Int {
  fileprivate func description(unbounded word: String) -> String {
    upperBound == Int.max ? "\(lowerBound) and \(word)" : "\(lowerBound) to \(upperBound)"
  }
}

/// The pages of docs/reference: one for each plugin, and an index.
public enum ReferencePages {
  public static func all(_ registry: Registry) -> [(name: String, text: String)] {
    let note = "<!-- Generated from the declarations by `ferry reference docs/reference`; a test compares it. -->\n\n"
    var index = note + "# Task types\n"
    var pages: [(String, String)] = []
    for plugin in registry.plugins {
      index += "\n## [\(plugin.name)](\(plugin.name).md)\n\n\(plugin.summary)\n\n"
      var page = note + "# \(plugin.name)\n\n\(plugin.summary)\n"
      for task in plugin.tasks {
        index += "- [`\(task.info.type)`](\(plugin.name).md#\(anchor(task.info.type))): \(task.info.summary)\n"
        page += "\n" + TaskReference(task).markdown
      }
      for trigger in plugin.ownTriggers {
        let type = trigger.info.type
        index += "- [`\(type)`](\(plugin.name).md#\(anchor(type))) (a trigger): \(trigger.info.summary)\n"
        page += "\n" + TaskReference(trigger).markdown
      }
      pages.append(("\(plugin.name).md", page))
    }
    index += "\n## Every task\n\nWhat the engine handles, whatever the type:\n"
    index += TaskReference.table(BaseProperties.declarations)
    index += "\n## Every trigger\n\n`ferry check` knows triggers; nothing in Ferry fires them yet.\n"
    index += TaskReference.table(BaseTriggerProperties.declarations)
    return [("README.md", index)] + pages
  }

  /// As GitHub makes anchors of headings.
  private static func anchor(_ heading: String) -> String {
    heading.lowercased().filter { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }
  }
}
