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
  private let state = Locked(State())

  /// How often the running tasks are redrawn on a terminal, and how often they are reported elsewhere.
  private static let redraw = Duration.milliseconds(100)
  private static let report = Duration.seconds(10)

  /// - Parameter command: what the user wrote to run the flow, without its inputs.
  init(_ console: Console, command: [String]) {
    self.console = console
    self.command = command
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
        console.line("\(style.bold("\(execution.namespace).\(execution.flowID)"))  execution \(execution.id)")
      case .taskStarted(let run, let ledger):
        if !run.isFlowable && run.state == .running { state.running.append((run, ledger)) }
      case .taskRetrying(let run, _, _): _ = run
      case .taskEnded(let run):
        state.running.removeAll { $0.run.id == run.id }
        if !run.isFlowable { console.line(line(of: run, counts: run.ledger, style)) }
      case .log(let log): console.line(line(of: log))
      case .executionEnded: break
      }
      draw(&state)
    }
  }

  private func tick(_ state: inout State) {
    if console.isTerminal {
      erase(&state)
      draw(&state)
    } else if state.announced.duration(to: .now()) >= TextReporter.report {
      state.announced = .now()
      for (run, ledger) in state.running { console.line(line(of: run, counts: ledger.counts, style)) }
    }
  }

  private func erase(_ state: inout State) {
    guard state.drawn > 0 else { return }
    console.write("\u{1B}[\(state.drawn)A\u{1B}[J")
    state.drawn = 0
  }

  private func draw(_ state: inout State) {
    guard console.isTerminal, !state.isOver else { return }
    let columns = console.columns ?? 80
    for (run, ledger) in state.running {
      // A line that wraps would be two to erase.
      let plain = line(of: run, counts: ledger.counts, Style(false))
      let fits = Table.width(plain) < columns
      console.line(fits ? line(of: run, counts: ledger.counts, style) : Table.cut(plain, to: columns - 1))
    }
    state.drawn = state.running.count
  }

  private func line(of run: TaskRun, counts: Ledger.Counts, _ style: Style) -> String {
    let elapsed = run.started.duration(to: run.ended ?? .now())
    var parts = [style.state(run.state, mark: true), style.bold(run.label), run.type]
    if counts.read > 0 || counts.written > 0 {
      let rows = max(counts.read, counts.written)
      parts.append("\(Text.count(rows)) \(rows == 1 ? "row" : "rows")")
      parts.append("\(Text.rate(rows, elapsed)) rows/s")
    }
    if counts.bytes > 0 { parts.append(Text.bytes(counts.bytes)) }
    parts.append(Text.time(elapsed))
    return parts.joined(separator: "  ")
  }

  private func line(of log: LogLine) -> String {
    let time = log.time.iso8601.dropFirst(11).prefix(12)
    return "\(style.dim(String(time))) \(style.level(log.level)) \(log.label.map { "\($0): " } ?? "")\(log.message)"
  }

  func finish(_ execution: Execution, _ engine: Engine) {
    state.withLock { state in
      erase(&state)
      state.isOver = true
      console.write(Summary(execution, style, command: command).text(engine))
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

  private func paint(_ text: String, _ code: Int) -> String { isOn ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text }
  func bold(_ text: String) -> String { paint(text, 1) }
  func dim(_ text: String) -> String { paint(text, 2) }

  func state(_ state: RunState, mark: Bool = false) -> String {
    switch state {
    case .success: paint(mark ? "✓" : state.rawValue, 32)
    case .warning: paint(mark ? "!" : state.rawValue, 33)
    case .failed, .killed: paint(mark ? "✗" : state.rawValue, 31)
    case .skipped, .cancelled: paint(mark ? "–" : state.rawValue, 2)
    default: paint(mark ? "●" : state.rawValue, 36)
    }
  }

  func level(_ level: LogLevel) -> String {
    switch level {
    case .error: paint(level.rawValue, 31)
    case .warn: paint(level.rawValue, 33)
    case .trace, .debug: paint(level.rawValue, 2)
    case .info: level.rawValue
    }
  }
}
