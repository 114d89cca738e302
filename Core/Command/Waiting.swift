internal import Records

/// Runs asynchronous work to its end from a thread that may block. The command itself is plain code: an asynchronous
/// `main` would start threads before anybody could say that there may be none.
func waiting<T: Sendable>(for work: @escaping @Sendable () async throws -> T) throws -> T {
  let outcome = Monitor<Result<T, any Error>?>(nil)
  Task {
    do {
      let value = try await work()
      outcome.withLock { $0 = .success(value) }
    } catch {
      outcome.withLock { $0 = .failure(error) }
    }
  }
  return try outcome.wait { $0 }.get()
}
