internal import ArgumentParser
internal import Engine
internal import Expression
internal import Glibc
internal import Records

struct RunsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runs", abstract: "Shows executions, or one of them with its tasks and log.")

  @Argument(help: "An execution's id, or the beginning of it.")
  var id: String?

  @OptionGroup var storage: StorageOptions

  @Option(help: "How many executions are listed.")
  var limit = 20

  @Option(help: "text, or json with one execution a line.")
  var format = LogFormat.text

  func validate() throws {
    guard limit > 0 else { throw ValidationError("--limit \(limit): expected 1 or more") }
  }

  func run() throws {
    // To look makes no folder.
    let folder = storage.folder(try storage.environment())
    let store = unsafe access(folder, F_OK) == 0 ? try storage.engine().store : nil
    guard let id else {
      let executions = try store.map { store in try look { try await store.executions(limit: limit) } } ?? []
      if executions.isEmpty, format == .text { Console.output.line("nothing has run yet in '\(folder)'") }
      return executions.isEmpty ? () : list(executions)
    }
    guard let store, let execution = try look({ try await store.execution(id) }) else {
      throw Failure(.configuration, "there is no execution '\(id)'", hint: "'ferry runs' lists them")
    }
    if format == .json {
      Console.output.write(data: Value.map(execution.json).json() + "\n")
      return
    }
    show(execution, try look { try await store.logs(execution.id) })
  }

  private func look<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) throws -> T {
    try BlockingExecutor.wait(for: body)
  }

  private func list(_ executions: [Execution]) {
    if format == .json {
      for execution in executions { Console.output.write(data: Value.map(execution.json).json() + "\n") }
      return
    }
    let rows = executions.map { execution in
      [
        execution.id, "\(execution.namespace).\(execution.flowID)", execution.state.rawValue,
        String(execution.started.iso8601.prefix(19)) + "Z",
        execution.ended.map { Text.time(execution.started.duration(to: $0)) } ?? "", execution.error?.firstLine ?? "",
      ]
    }
    let header = ["Execution", "Flow", "State", "Started", "Time", "Error"]
    let table = Table(header: header, alignRight: header.map { _ in false }, rows: rows, dispensable: [5, 4, 3])
    Console.output.write(table.text(fitting: Console.output.columns))
  }

  private func show(_ execution: Execution, _ logs: [LogLine]) {
    let style = Style(Console.output.hasColor)
    var text: TerminalText = """
      \(execution.id)  \(line: execution.namespace).\(line: execution.flowID)  \(style.state(execution.state))  \
      \(execution.started.iso8601)\n
      """
    if let error = execution.error { text += "\(error)\n" }
    if !execution.inputs.isEmpty { text += "inputs \(Value.map(execution.inputs).json())\n" }
    text += "\n\(tasks(execution).text(fitting: Console.output.columns))"
    for run in execution.taskRuns where run.outcome != .undone { text += "\n\(line: run.label): \(run.whatIsLeft)" }
    for run in execution.taskRuns where !run.outputs.isEmpty {
      text += "\n\(line: run.label): \(Value.map(run.outputs).json())"
    }
    if !logs.isEmpty { text += "\n" }
    for log in logs {
      let task: TerminalText = log.taskID.map { "\(line: $0): " } ?? ""
      text += "\n\(log.time.iso8601) \(log.level.rawValue) \(task)\(log.message)"
    }
    Console.output.line(text)
  }

  private func tasks(_ execution: Execution) -> Table {
    let rows = execution.taskRuns.map { run in
      [
        run.label, run.type, run.state.rawValue, String(run.attempts),
        run.ended.map { Text.time(run.started.duration(to: $0)) } ?? "", Text.count(run.ledger.read),
        Text.count(run.ledger.written), Text.count(run.ledger.rejected), Text.count(run.ledger.filtered),
      ]
    }
    return Table(
      header: ["Task", "Type", "State", "Attempts", "Time", "Read", "Written", "Rejected", "Filtered"],
      alignRight: [false, false, false, true, true, true, true, true, true], rows: rows, dispensable: [3, 1])
  }
}

extension String {
  fileprivate var firstLine: String {
    let line = prefix { !$0.isNewline }
    return line.count > 80 ? line.prefix(79) + "…" : String(line)
  }
}
