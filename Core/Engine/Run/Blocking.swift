internal import Records

/// Threads for what waits, so that Swift's few cooperative threads never do.
enum BlockingExecutor {
  /// Runs blocking work on a thread of its own. One thread per call: tasks are few and long.
  static func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
      let status = Threads.start { continuation.resume(with: Result(catching: body)) }
      if status != 0 { continuation.resume(throwing: FileError.failure("starting a thread", status)) }
    }
  }
}
