internal import Engine
internal import Expression
internal import Glibc
internal import Records

/// An observer that prints a summary once the run is over.
protocol FinishingObserver: RunObserver {
  func finish(_ execution: Execution, _ engine: Engine)
}

/// Shows a run to a person: running tasks in place on a terminal, plain lines elsewhere.
final class TextReporter: FinishingObserver {
  private struct State: Sendable {
    var running: [(run: TaskRun, ledger: Ledger)] = []
    /// Lines of the block that is redrawn in place.
    var drawn = 0
    var isOver = false
    var announced: Instant = .now()
  }

  private let console: Console
  private let style: Style
  private let command: [String]
  private let hasPreview: Bool
  private let state = Locked(State())

  /// How often the running tasks are redrawn on a terminal, and how often they are reported elsewhere.
  private static let redraw = Duration.milliseconds(100)
  private static let report = Duration.seconds(10)

  /// - Parameters:
  ///   - command: what the user wrote to run the flow, without its inputs.
  ///   - hasPreview: whether the summary shows rows; nil for where a person looks at a terminal.
  init(_ console: Console, command: [String], hasPreview: Bool?) {
    self.console = console
    self.command = command
    self.hasPreview = hasPreview ?? console.isTerminal
    style = Style(console.hasColor)
    Threads.start { [self] in
      while !state.withLock({ $0.isOver }) {
        usleep(UInt32(TextReporter.redraw.seconds * 1e6))
        state.withLock { tick(&$0) }
      }
    }
  }

  func handle(_ event: RunEvent) {
    state.withLock { state in
      erase(&state)
      switch event {
      case .executionStarted(let execution):
        let name: TerminalText = "\(line: execution.namespace).\(line: execution.flowID)"
        console.line("\(style.bold(name))  execution \(execution.id)")
      case .taskStarted(let run, let ledger):
        if !run.isFlowable && run.state == .running { state.running.append((run, ledger)) }
      case .taskRetrying(let run, _, _): _ = run
      case .taskEnded(let run):
        state.running.removeAll { $0.run.id == run.id }
        if !run.isFlowable { console.line(line(of: run, counts: run.ledger)) }
      case .log(let log): console.line(line(of: log))
      case .executionEnded: break
      }
      draw(&state)
    }
  }

  private func tick(_ state: inout State) {
    if console.canRedraw {
      erase(&state)
      draw(&state)
    } else if state.announced.duration(to: .now()) >= TextReporter.report {
      state.announced = .now()
      for (run, ledger) in state.running { console.line(line(of: run, counts: ledger.counts)) }
    }
  }

  private func erase(_ state: inout State) {
    guard state.drawn > 0 else { return }
    console.write("\u{1B}[\(state.drawn)A\u{1B}[J")
    state.drawn = 0
  }

  /// What is drawn must be no wider and no higher than the terminal: else it could not be erased.
  private func draw(_ state: inout State) {
    guard console.canRedraw, !state.isOver else { return }
    let size = console.size ?? (columns: 80, rows: 24)
    let room = max(size.rows - 2, 1)
    for (run, ledger) in state.running.prefix(room) {
      console.line(line(of: run, counts: ledger.counts, fitting: size.columns - 1))
    }
    let more = state.running.count - room
    if more > 0 { console.line("… and \(more) more") }
    state.drawn = min(state.running.count, room + 1)
  }

  /// Where there is no room the type goes first, then the bytes, then the rate; then the name is cut.
  private func line(of run: TaskRun, counts: Ledger.Counts, fitting columns: Int = .max) -> TerminalText {
    let elapsed = run.started.duration(to: run.ended ?? .now())
    var parts: [(rank: Int, text: TerminalText)] = [
      (0, style.state(run.state, mark: true)), (0, TerminalText(line: run.label)), (3, TerminalText(run.type)),
    ]
    if counts.read > 0 || counts.written > 0 {
      let rows = max(counts.read, counts.written)
      parts.append((0, "\(Text.count(rows)) \(rows == 1 ? "row" : "rows")"))
      parts.append((1, "\(Text.rate(rows, elapsed)) rows/s"))
    }
    if counts.bytes > 0 { parts.append((2, "\(Text.bytes(counts.bytes))")) }
    parts.append((0, "\(Text.time(elapsed))"))
    var room: Int { columns - parts.reduce(2 * (parts.count - 1)) { $0 + $1.text.width } }
    for rank in [3, 2, 1] where room < 0 { parts.removeAll { $0.rank == rank } }
    if room < 0 { parts[1].text = parts[1].text.cut(to: max(parts[1].text.width + room, 1)) }
    parts[1].text = style.bold(parts[1].text)
    return parts.map(\.text).joined("  ")
  }

  private func line(of log: LogLine) -> TerminalText {
    let time: TerminalText = "\(String(log.time.iso8601.dropFirst(11).prefix(12)))"
    let task: TerminalText = log.label.map { "\(line: $0): " } ?? ""
    return "\(style.dim(time)) \(style.level(log.level)) \(task)\(log.message)"
  }

  func finish(_ execution: Execution, _ engine: Engine) {
    state.withLock { state in
      erase(&state)
      state.isOver = true
      let summary = Summary(execution, style, command: command, columns: console.columns)
      console.write(summary.text(engine, hasPreview: hasPreview))
    }
  }
}

extension TaskRun {
  /// Flowables have their tasks' lines.
  var isFlowable: Bool { ledger.isEmpty && type.hasPrefix("core.flow.") && type != "core.flow.Sleep" }
  /// The task, and in loops which turn of them this is.
  var label: String {
    let loops = values.isEmpty ? value.map { [$0] } ?? [] : values
    return loops.isEmpty ? taskID : "\(taskID)[\(loops.joined(separator: "/"))]"
  }
}

extension LogLine {
  fileprivate var label: String? {
    taskID.map { values.isEmpty ? $0 : "\($0)[\(values.joined(separator: "/"))]" }
  }
}

/// Numbers for people.
enum Text {
  static func count(_ number: Int64) -> String {
    var digits = Array(String(number))
    var position = digits.count - 3
    while position > (number < 0 ? 1 : 0) {
      digits.insert(",", at: position)
      position -= 3
    }
    return String(digits)
  }

  static func bytes(_ number: Int64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"]
    var value = Double(number)
    var unit = 0
    while value >= 1_000 && unit < units.count - 1 {
      value /= 1_000
      unit += 1
    }
    return unit == 0 ? "\(number) B" : "\(fixed(value)) \(units[unit])"
  }

  static func rate(_ rows: Int64, _ time: Duration) -> String {
    count(Int64(Double(rows) / max(time.seconds, 0.001)))
  }

  static func time(_ time: Duration) -> String {
    let seconds = time.seconds
    if seconds < 1 { return "\(Int(seconds * 1_000)) ms" }
    if seconds < 120 { return "\(fixed(seconds)) s" }
    return "\(Int(seconds) / 60) min \(Int(seconds) % 60) s"
  }

  private static func fixed(_ value: Double) -> String {
    let hundredths = Int((value * 100).rounded())
    let rest = hundredths % 100
    return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
  }
}

/// Colours, or none.
struct Style: Sendable {
  private let isOn: Bool
  init(_ isOn: Bool) { self.isOn = isOn }

  private func paint(_ text: TerminalText, _ code: Int) -> TerminalText { isOn ? text.painted(code) : text }
  func bold(_ text: TerminalText) -> TerminalText { paint(text, 1) }
  func dim(_ text: TerminalText) -> TerminalText { paint(text, 2) }

  func state(_ state: RunState, mark: Bool = false) -> TerminalText {
    let name = TerminalText(state.rawValue)
    return switch state {
    case .success: paint(mark ? "✓" : name, 32)
    case .warning: paint(mark ? "!" : name, 33)
    case .failed, .killed: paint(mark ? "✗" : name, 31)
    case .skipped, .cancelled: paint(mark ? "–" : name, 2)
    default: paint(mark ? "●" : name, 36)
    }
  }

  func level(_ level: LogLevel) -> TerminalText {
    let name = TerminalText(level.rawValue)
    return switch level {
    case .error: paint(name, 31)
    case .warn: paint(name, 33)
    case .trace, .debug: paint(name, 2)
    case .info: name
    }
  }
}
