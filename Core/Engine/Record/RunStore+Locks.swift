internal import Glibc
internal import Records

/// The locks that tell a running execution from a killed one.
extension RunStore {
  /// The states of what has begun and has not ended.
  static let unended = "('RUNNING', 'QUEUED', 'CREATED', 'RETRYING')"

  /// An execution that is to go on, for this process alone: its lock is taken before its state is looked at, and is
  /// held until it has ended or is released.
  func claim(_ id: String, of flow: Flow) throws -> Execution {
    let seen = try restartable(id, of: flow)
    try state.withLock { $0.value.locks[seen.id] = try takeLock(seen.id) }
    do {
      let execution = try restartable(seen.id, of: flow)
      guard execution.state == seen.state, execution.ended == seen.ended else {
        throw Failure(
          .configuration,
          "execution '\(id)' has been restarted meanwhile, and has ended as \(execution.state.rawValue)",
          hint: "'ferry runs \(execution.id)' shows how it went")
      }
      return execution
    } catch {
      release(seen.id)
      throw error
    }
  }

  private func restartable(_ id: String, of flow: Flow) throws -> Execution {
    guard let execution = try execution(id) else {
      throw Failure(.configuration, "there is no execution '\(id)'", hint: "'ferry runs' lists them")
    }
    guard execution.flowID == flow.id else {
      throw Failure(.configuration, "execution '\(id)' is one of flow '\(execution.flowID)', not of '\(flow.id)'")
    }
    guard execution.state.isTerminal, execution.state != .success else {
      throw Failure(
        .configuration, "execution '\(id)' is \(execution.state.rawValue): there is nothing to restart")
    }
    return execution
  }

  /// Gives up the lock of an execution.
  func release(_ id: String) {
    state.withLock { box in
      if let lock = box.value.locks.removeValue(forKey: id) { dropLock(lock, id) }
    }
  }

  private func lockPath(_ id: String) -> String { "\(folder)/locks/\(id)" }

  /// - Parameter attempts: more than one for an execution that begins: who looks whether it was killed holds the lock
  ///   for a moment.
  func takeLock(_ id: String, attempts: Int = 50) throws -> Int32 {
    var attempts = attempts
    while true {
      let lock = unsafe open(lockPath(id), O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
      guard lock >= 0 else { throw FileError.failure("locking execution '\(id)'", errno) }
      if flock(lock, LOCK_EX | LOCK_NB) == 0 {
        if isCurrent(lock, id) { return lock }
      } else {
        attempts -= 1
        if attempts == 0 {
          close(lock)
          throw Failure(.configuration, "execution '\(id)' is running in another process", hint: "Wait for its end")
        }
        usleep(10_000)
      }
      close(lock)
    }
  }

  /// Whether the locked file still has its name: its last owner may have deleted it before the lock was free.
  private func isCurrent(_ lock: Int32, _ id: String) -> Bool {
    var held = stat()
    var named = stat()
    return unsafe fstat(lock, &held) == 0 && stat(lockPath(id), &named) == 0 && held.st_ino == named.st_ino
  }

  func dropLock(_ lock: Int32, _ id: String) {
    unsafe unlink(lockPath(id))
    close(lock)
  }

  /// Whether no process holds the lock of an execution.
  func isDead(_ id: String) -> Bool {
    let lock = unsafe open(lockPath(id), O_RDONLY | O_CLOEXEC)
    guard lock >= 0 else { return errno == ENOENT }
    defer { close(lock) }
    return flock(lock, LOCK_SH | LOCK_NB) == 0
  }

  /// Executions that are recorded as running though nobody holds their lock were killed. What they had begun to write
  /// goes with the mark.
  func markKilled() throws {
    guard let storage else { return }
    try state.withLock { box in
      let database = box.value.database
      let running = try database.run(
        "SELECT \(RunStore.columns) FROM executions WHERE state IN \(RunStore.unended)"
      ).map(RunStore.execution)
      for execution in running where box.value.locks[execution.id] == nil {
        guard let lock = try? takeLock(execution.id, attempts: 1) else { continue }
        defer { dropLock(lock, execution.id) }
        // Its process may have ended it between the two looks.
        try database.transaction {
          for (table, key) in [("task_runs", "execution"), ("executions", "id")] {
            try database.run(
              "UPDATE \(table) SET state = 'FAILED', ended = ?, error = ? "
                + "WHERE \(key) = ? AND state IN \(RunStore.unended)",
              [String(Instant.now().microseconds), RunStore.killed, execution.id])
          }
        }
        // Whoever may list the runs need not be allowed to clean up after them.
        try? storage.clean(after: execution)
      }
    }
  }

  static let killed = "its process ended without a word: it was killed, or could not write the record"
}
