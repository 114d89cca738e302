internal import ArgumentParser
internal import Engine
internal import Records

struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Finds all problems of flows without running them.",
    discussion: "Problems come as FILE:LINE:COLUMN: error: MESSAGE. Exit code 2 when there is an error.")

  @Argument(help: "Flow files.", completion: .file(extensions: ["yaml", "yml"]))
  var flows: [String]

  func run() throws {
    var hasError = false
    for file in flows {
      do {
        if try FlowFile.load(file) == nil { hasError = true }
      } catch let failure as Failure where failure.category != .bug {
        Console.error.line("ferry: \(failure)")
        hasError = true
      }
    }
    if hasError { throw Exit.usage }
    Console.output.line(flows.count == 1 ? "\(flows[0]): no errors" : "\(flows.count) flows: no errors")
  }
}

enum FlowFile {
  /// Parses a flow and prints its problems; nil when there is an error among them.
  static func load(_ file: String, allowUndefined: Bool = false) throws -> Flow? {
    let (flow, diagnostics) = try FlowParser.load(file, registry: registry, allowUndefined: allowUndefined)
    for diagnostic in diagnostics { Console.error.line("\(diagnostic.line)") }
    return flow
  }
}
