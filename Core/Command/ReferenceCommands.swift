internal import ArgumentParser
internal import Engine
internal import Expression
internal import Records

struct PluginsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plugins",
    abstract: "Lists the types of tasks and triggers, or explains one: properties, defaults, outputs, an example.")

  @Argument(help: "A task type, with or without io.kestra.plugin.")
  var type: String?

  func run() throws {
    guard let type else {
      for plugin in registry.plugins {
        Console.output.line("\(plugin.name)  \(plugin.summary)")
        for task in plugin.tasks { Console.output.line("  \(task.info.type)  \(task.info.summary)") }
        for trigger in plugin.ownTriggers {
          Console.output.line("  \(trigger.info.type)  \(trigger.info.summary)")
        }
      }
      return
    }
    guard let task = registry.find(type) ?? registry.findTrigger(type) else {
      let hint = nearest(type, in: registry.names).map { "Did you mean '\($0)'?" }
      throw Failure(.configuration, "there is no task type '\(type)'", hint: hint ?? "'ferry plugins' lists them")
    }
    Console.output.write(TerminalText(TaskReference(task).text))
  }
}

struct SchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema", abstract: "Prints the JSON Schema of a flow, for editors.",
    discussion: """
      ferry schema > ferry.schema.json, and as the first line of a flow:
      # yaml-language-server: $schema=ferry.schema.json
      """)

  func run() throws { Console.output.write(data: EditorSchema.flow(registry).json(pretty: true) + "\n") }
}

struct ReferenceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reference", abstract: "Writes the reference pages of all task types into a folder.",
    shouldDisplay: false)

  @Argument(help: "The folder.", completion: .directory)
  var folder: String

  func run() throws {
    for page in ReferencePages.all(registry) {
      let output = try FileOutput(path: "\(folder)/\(page.name)")
      try output.write(text: page.text)
      try output.commit()
    }
  }
}
