internal import Glibc
internal import Records

/// The locks that tell a running execution from a killed one: each is a byte of one file, at a place that its id
/// names. They end with the process that holds them.
///
/// One file for all: to make and to delete a file for each execution costs more than all the rest of recording it.
final class ExecutionLocks: Sendable {
  private struct State {
    var file: Int32?
    var held: Set<String> = []
    /// Locked for a moment, by who looks whether an execution was killed.
    var looked: Set<String> = []
  }

  private let state = Locked(State())
  private let folder: String

  init(folder: String) { self.folder = folder }

  deinit { state.withLock { if let file = $0.file { close(file) } } }

  /// Whether this process holds the lock of an execution.
  func holds(_ id: String) -> Bool { state.withLock { $0.held.contains(id) } }

  /// Takes the lock of an execution, where this process does not have it yet. Who looks whether it was killed holds it
  /// for a moment.
  func take(_ id: String) throws {
    for attempt in 0..<ExecutionLocks.attempts {
      if attempt > 0 { usleep(10_000) }
      let isTaken = try state.withLock { state in
        if state.held.contains(id) { return true }
        guard !state.looked.contains(id), try lock(id, &state) else { return false }
        state.held.insert(id)
        return true
      }
      if isTaken { return }
    }
    throw Failure(.configuration, "execution '\(id)' is running in another process", hint: "Wait for its end")
  }

  private static let attempts = 50

  /// Gives it up.
  func drop(_ id: String) {
    state.withLock { state in
      if state.held.remove(id) != nil { unlock(id, state) }
    }
  }

  /// Runs `body` with the lock of an execution that nobody holds; nil when somebody does.
  func withFree<T>(_ id: String, _ body: () throws -> T) rethrows -> T? {
    let isFree = state.withLock { state in
      guard !state.held.contains(id), !state.looked.contains(id), !isHeldAsBefore(id),
        (try? lock(id, &state)) == true
      else { return false }
      state.looked.insert(id)
      return true
    }
    guard isFree else { return nil }
    defer {
      state.withLock { state in
        state.looked.remove(id)
        unlock(id, state)
      }
    }
    return try body()
  }

  /// Whether no process holds the lock of an execution.
  func isDead(_ id: String) -> Bool {
    if isHeldAsBefore(id) { return false }
    return state.withLock { state in
      if state.held.contains(id) || state.looked.contains(id) { return false }
      let file = unsafe state.file ?? open(path, O_RDONLY | O_CLOEXEC)
      guard file >= 0 else { return errno == ENOENT }
      defer { if state.file == nil { close(file) } }
      var place = ExecutionLocks.place(of: id, Int16(F_WRLCK))
      return unsafe fcntl(file, ExecutionLocks.look, &place) == 0 && place.l_type == Int16(F_UNLCK)
    }
  }

  // MARK: the file

  private var path: String { folder + "/running" }

  // Locks of an open file, not of a process: Linux's own, which the overlay does not name.
  private static let look: Int32 = 36
  private static let set: Int32 = 37

  private func lock(_ id: String, _ state: inout State) throws -> Bool {
    let file = unsafe state.file ?? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw FileError.failure("locking execution '\(id)'", errno) }
    state.file = file
    var place = ExecutionLocks.place(of: id, Int16(F_WRLCK))
    if unsafe fcntl(file, ExecutionLocks.set, &place) == 0 { return true }
    guard errno == EAGAIN || errno == EACCES else { throw FileError.failure("locking execution '\(id)'", errno) }
    return false
  }

  private func unlock(_ id: String, _ state: State) {
    guard let file = state.file else { return }
    var place = ExecutionLocks.place(of: id, Int16(F_UNLCK))
    _ = unsafe fcntl(file, ExecutionLocks.set, &place)
  }

  /// FNV-1a of the id: two executions of one place are not to be expected.
  private static func place(of id: String, _ type: Int16) -> Glibc.flock {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in id.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return Glibc.flock(
      l_type: type, l_whence: Int16(SEEK_SET), l_start: off_t(hash >> 2), l_len: 1, l_pid: 0)
  }

  /// A Ferry of before locked a file for each execution; one of those may still run.
  private func isHeldAsBefore(_ id: String) -> Bool {
    let file = unsafe open("\(folder)/\(id)", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return false }
    defer { close(file) }
    return flock(file, LOCK_SH | LOCK_NB) != 0
  }
}
