internal import Glibc
internal import Records

/// The locks that tell a running execution from a killed one: files whose locks end with their process.
final class ExecutionLocks: Sendable {
  private let held = Locked<[String: Int32]>([:])
  private let folder: String

  init(folder: String) { self.folder = folder }

  /// Whether this process holds the lock of an execution.
  func holds(_ id: String) -> Bool { held.withLock { $0[id] != nil } }

  /// Takes the lock of an execution, where this process does not have it yet.
  func take(_ id: String) throws {
    if holds(id) { return }
    let lock = try lock(id)
    held.withLock { $0[id] = lock }
  }

  /// Gives it up.
  func drop(_ id: String) {
    if let lock = held.withLock({ $0.removeValue(forKey: id) }) { remove(lock, id) }
  }

  /// Runs `body` with the lock of an execution that nobody holds; nil when somebody does.
  func withFree<T>(_ id: String, _ body: () throws -> T) rethrows -> T? {
    guard !holds(id), let lock = try? lock(id, attempts: 1) else { return nil }
    defer { remove(lock, id) }
    return try body()
  }

  private func path(_ id: String) -> String { "\(folder)/\(id)" }

  /// - Parameter attempts: more than one for an execution that begins: who looks whether it was killed holds the lock
  ///   for a moment.
  private func lock(_ id: String, attempts: Int = 50) throws -> Int32 {
    var attempts = attempts
    while true {
      let lock = unsafe open(path(id), O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
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
    return unsafe fstat(lock, &held) == 0 && stat(path(id), &named) == 0 && held.st_ino == named.st_ino
  }

  private func remove(_ lock: Int32, _ id: String) {
    unsafe unlink(path(id))
    close(lock)
  }

  /// Whether no process holds the lock of an execution.
  func isDead(_ id: String) -> Bool {
    let lock = unsafe open(path(id), O_RDONLY | O_CLOEXEC)
    guard lock >= 0 else { return errno == ENOENT }
    defer { close(lock) }
    return flock(lock, LOCK_SH | LOCK_NB) == 0
  }
}
