internal import Engine
internal import Expression
internal import Records

/// One event a line, for programs; the last line is the summary.
final class JSONReporter: FinishingObserver {
  private let console: Console
  private let lock = Locked(())

  init(_ console: Console) { self.console = console }

  func handle(_ event: RunEvent) {
    switch event {
    case .executionStarted(let execution):
      emit([
        "event": "execution_started", "time": .string(execution.started.iso8601), "execution": .string(execution.id),
        "namespace": .string(execution.namespace), "flow": .string(execution.flowID),
      ])
    case .taskStarted(let run, _): emit(named("task_started", run, at: run.started))
    case .taskRetrying(let run, let wait, let error):
      var line = named("task_retrying", run, at: .now())
      line["attempt"] = .int(Int64(run.attempts))
      line["wait"] = .string(wait.iso8601)
      line["error"] = .string(error)
      emit(line)
    case .taskEnded(let run):
      var line = named("task_ended", run, at: run.ended ?? .now())
      for (key, value) in run.json { line[key] = value }
      emit(line)
    case .log(let log):
      var line: ValueMap = ["event": "log", "time": .string(log.time.iso8601), "level": .string(log.level.rawValue)]
      line["task"] = log.taskID.map { .string($0) }
      line["taskRun"] = log.taskRunID.map { .string($0) }
      line.add(loops: log.values)
      line["message"] = .string(log.message)
      emit(line)
    case .executionEnded: return
    }
  }

  func finish(_ execution: Execution, _ engine: Engine) {
    var line: ValueMap = ["event": "summary"]
    for (key, value) in execution.json { line[key] = value }
    emit(line)
  }

  private func named(_ event: String, _ run: TaskRun, at time: Instant) -> ValueMap {
    var line: ValueMap = [
      "event": .string(event), "time": .string(time.iso8601), "task": .string(run.taskID), "taskRun": .string(run.id),
    ]
    line.add(loops: run.values)
    return line
  }

  private func emit(_ line: ValueMap) {
    lock.withLock { _ in _ = console.write(data: Value.map(line).json() + "\n") }
  }
}

extension ValueMap {
  /// The value of the loop that a task stands in, and, in several, the values of all.
  fileprivate mutating func add(loops values: [String]) {
    self["value"] = values.last.map { .string($0) }
    if values.count > 1 { self["values"] = .list(values.map { .string($0) }) }
  }
}

extension TaskRun {
  /// What programs get to know of a task run; `ferry runs ID --format json` prints the same.
  var json: ValueMap {
    var map: ValueMap = [
      "task": .string(taskID), "taskRun": .string(id), "type": .string(type), "state": .string(state.rawValue),
    ]
    map["value"] = value.map { .string($0) }
    map["attempts"] = .int(Int64(attempts))
    map["duration"] = ended.map { .double(started.duration(to: $0).seconds) }
    map["ledger"] = .map(ledger.value)
    map["outputs"] = .map(outputs)
    map["error"] = error.map { .string($0) }
    map["category"] = category.map { .string($0.rawValue) }
    if outcome != .undone { map["outcome"] = .string(outcome.rawValue) }
    return map
  }
}

extension Execution {
  var json: ValueMap {
    var map: ValueMap = [
      "execution": .string(id), "namespace": .string(namespace), "flow": .string(flowID),
      "state": .string(state.rawValue),
      "started": .string(started.iso8601),
    ]
    map["duration"] = ended.map { .double(started.duration(to: $0).seconds) }
    map["outputs"] = .map(outputs)
    map["error"] = error.map { .string($0) }
    map["tasks"] = .list(taskRuns.map { .map($0.json) })
    return map
  }
}
