internal import Records

/// Writes the changes of many executions: one thread takes all that waits, writes it at once, and answers.
///
/// A write that fails concerns its own execution: what was about to happen is refused, what has happened is kept and
/// goes before whatever comes next of that execution.
final class Journal: Sendable {
  /// The changes of one execution: recorded together or not at all.
  struct Unit: Sendable {
    var execution: String
    var logs: [LogLine] = []
    var changes: [RunChange] = []
  }

  private struct Entry {
    var change: RunChange
    /// Whether it has happened already.
    var hasHappened: Bool
    var answer: @Sendable (Failure?) -> Void
  }

  private struct State {
    var waiting: [Entry] = []
    /// What has happened and could not be recorded, by execution.
    var kept: [String: [RunChange]] = [:]
    /// Executions whose lines of log shall wait no longer.
    var due: Set<String> = []
    var hasThread = false
    var isClosed = false
  }

  private struct Lines {
    var held: [String: [LogLine]] = [:]
    /// Those that have begun: of the others no change will come that takes the lines along.
    var open: Set<String> = []
  }

  private let writer: any JournalWriter
  private let state = Monitor(State())
  private let lines = Locked(Lines())

  /// Lines of log that are held back until the next change: one transaction for many lines.
  static let heldLines = 256
  /// Lines that are kept while the record cannot be written; later ones are lost.
  static let mostHeldLines = 16 * heldLines

  init(_ writer: any JournalWriter) { self.writer = writer }

  // MARK: asking

  func commit(_ change: RunChange) async throws {
    if let failure = await submit(change, hasHappened: false) { throw failure }
  }

  func note(_ change: RunChange) async -> Failure? { await submit(change, hasHappened: true) }

  private func submit(_ change: RunChange, hasHappened: Bool) async -> Failure? {
    await withCheckedContinuation { continuation in
      enqueue(Entry(change: change, hasHappened: hasHappened) { continuation.resume(returning: $0) })
    }
  }

  private func enqueue(_ entry: Entry) {
    let status = state.withLock { state in
      state.waiting.append(entry)
      return startThread(&state)
    }
    // Without its thread nothing can be recorded.
    if status != 0 { while let batch = state.withLock({ $0.waiting.isEmpty ? nil : take(&$0) }) { write(batch) } }
  }

  func log(_ line: LogLine) {
    let (count, isOpen) = lines.withLock { lines in
      let count = lines.held[line.executionID]?.count ?? 0
      if count < Journal.mostHeldLines { lines.held[line.executionID, default: []].append(line) }
      return (count + 1, lines.open.contains(line.executionID))
    }
    if isOpen, count < Journal.mostHeldLines, count % Journal.heldLines != 0 { return }
    let status = state.withLock { state in
      state.due.insert(line.executionID)
      return startThread(&state)
    }
    // Whoever logs faster than can be recorded waits.
    if status == 0, count >= Journal.mostHeldLines { state.wait { $0.due.contains(line.executionID) ? nil : () } }
  }

  /// What has happened in an execution and is not recorded.
  func unrecorded(of execution: String) -> [RunChange] { state.withLock { $0.kept[execution] ?? [] } }

  // MARK: the thread

  private func startThread(_ state: inout State) -> Int32 {
    if state.hasThread { return 0 }
    let status = Threads.start { [self] in
      while let batch = self.state.wait({ next(&$0) }) { write(batch) }
      self.state.withLock { $0.hasThread = false }
    }
    state.hasThread = status == 0
    return status
  }

  /// Ends the thread once everything is written. The last call.
  func close() {
    let left = lines.withLock { Array($0.held.keys) }
    let rest = state.withLock { state -> [Work] in
      state.due.formUnion(left)
      state.isClosed = true
      return state.hasThread ? [] : take(&state)
    }
    if !rest.isEmpty { write(rest) }
    state.wait { $0.hasThread ? nil : () }
  }

  /// All that waits; nil inside when there will be no more.
  private func next(_ state: inout State) -> [Work]?? {
    if !state.waiting.isEmpty || !state.due.isEmpty { return take(&state) }
    return state.isClosed ? .some(nil) : nil
  }

  /// What is to be written of one execution.
  private struct Work {
    /// What had been kept, then the changes of the entries.
    var unit: Unit
    var entries: [Entry] = []
  }

  private func take(_ state: inout State) -> [Work] {
    var work: [Work] = []
    var places: [String: Int] = [:]
    func place(_ execution: String) -> Int {
      if let place = places[execution] { return place }
      places[execution] = work.count
      let logs = lines.withLock { $0.held.removeValue(forKey: execution) } ?? []
      let kept = state.kept.removeValue(forKey: execution) ?? []
      work.append(Work(unit: Unit(execution: execution, logs: logs, changes: kept)))
      return work.count - 1
    }
    for entry in state.waiting {
      let place = place(entry.change.execution)
      work[place].unit.changes.append(entry.change)
      work[place].entries.append(entry)
    }
    for execution in state.due { _ = place(execution) }
    state.waiting.removeAll(keepingCapacity: true)
    return work
  }

  private func write(_ work: [Work]) {
    let failures = writer.write(work.map(\.unit))
    for (work, failure) in zip(work, failures) {
      if failure != nil { writeInParts(work) } else { succeed(work) }
    }
  }

  private func succeed(_ work: Work) {
    lines.withLock { lines in
      for change in work.unit.changes {
        if case .executionBegan = change { lines.open.insert(work.unit.execution) }
        if case .executionEnded = change { lines.open.remove(work.unit.execution) }
      }
    }
    state.withLock { _ = $0.due.remove(work.unit.execution) }
    for entry in work.entries { entry.answer(nil) }
  }

  /// What has happened goes first, and may use up what was kept for it; what is about to happen only if that is
  /// recorded.
  private func writeInParts(_ work: Work) {
    let asked = work.entries.filter { !$0.hasHappened }
    var past = work
    past.entries = work.entries.filter(\.hasHappened)
    past.unit.changes.removeLast(work.entries.count)
    past.unit.changes += past.entries.map(\.change)
    var failure: Failure?
    if !past.unit.changes.isEmpty || !past.unit.logs.isEmpty { failure = writer.writeAtAnyPrice(past.unit) }
    if let failure { keep(past, failure) } else { succeed(past) }
    for entry in asked {
      let unit = Unit(execution: past.unit.execution, changes: [entry.change])
      let result = failure ?? writer.write([unit])[0]
      if result == nil { succeed(Work(unit: unit, entries: [entry])) } else { entry.answer(result) }
    }
  }

  private func keep(_ work: Work, _ failure: Failure) {
    lines.withLock { lines in
      let newer = lines.held[work.unit.execution] ?? []
      lines.held[work.unit.execution] = Array((work.unit.logs + newer).prefix(Journal.mostHeldLines))
    }
    state.withLock { state in
      if !work.unit.changes.isEmpty { state.kept[work.unit.execution] = work.unit.changes }
      state.due.remove(work.unit.execution)
    }
    for entry in work.entries { entry.answer(failure) }
  }
}

/// Where a journal writes. One call at a time.
protocol JournalWriter: Sendable {
  /// Writes units, each whole or not at all; those for which it returns nil are durable, or may be done again.
  func write(_ units: [Journal.Unit]) -> [Failure?]
  /// The same for one that has happened already: with whatever space is kept for that.
  func writeAtAnyPrice(_ unit: Journal.Unit) -> Failure?
}
