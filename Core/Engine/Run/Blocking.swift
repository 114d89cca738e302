internal import Records

/// Threads for what waits, so that Swift's few cooperative threads never do.
package enum BlockingExecutor {
  /// Runs blocking work on a thread of its own.
  static func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    let job = Job(body)
    return try await withCheckedThrowingContinuation { continuation in
      let status = workers.start { continuation.resume(with: job.result()) }
      if status != 0 { continuation.resume(throwing: FileError.failure("starting a thread", status)) }
    }
  }

  /// Work that holds nothing any more once its result is there: whoever waits for it may rely on what ends then.
  private final class Job<T: Sendable>: Sendable {
    private let body: Locked<(@Sendable () throws -> T)?>

    init(_ body: @escaping @Sendable () throws -> T) { self.body = Locked(body) }

    @inline(never)
    func result() -> Result<T, any Error> {
      let body = body.withLock { body in
        defer { body = nil }
        return body
      }
      guard let body else { return .failure(Failure(.bug, "work was begun twice")) }
      return Result(catching: body)
    }
  }

  private static let workers = Workers()

  /// Runs asynchronous work to its end from a thread that may block: never from one of Swift's own.
  package static func wait<T: Sendable>(for work: @escaping @Sendable () async throws -> T) throws -> T {
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
}

/// Threads that wait a while for another piece of work before they end: short tasks come in crowds.
private final class Workers: Sendable {
  private final class Worker: Sendable {
    let work: Monitor<(@Sendable () -> Void)?>
    init(_ work: @escaping @Sendable () -> Void) { self.work = Monitor(work) }
  }

  /// Those that have nothing to do, the one that was busy last at the end.
  private let idle = Locked<[Worker]>([])
  private static let patience = Duration.seconds(2)

  /// Returns 0, or the `errno` when there is no thread for it.
  func start(_ work: @escaping @Sendable () -> Void) -> Int32 {
    if let worker = idle.withLock({ $0.popLast() }) {
      worker.work.withLock { $0 = work }
      return 0
    }
    let worker = Worker(work)
    return Threads.start { [self] in
      while let work = next(worker) {
        work()
        idle.withLock { $0.append(worker) }
      }
    }
  }

  private func next(_ worker: Worker) -> (@Sendable () -> Void)? {
    if let work = worker.work.wait(atMost: Workers.patience, { Workers.take(&$0) }) { return work }
    let isIdle = idle.withLock { idle in
      let before = idle.count
      idle.removeAll { $0 === worker }
      return idle.count < before
    }
    // Else somebody has chosen it just now.
    return isIdle ? nil : worker.work.wait { Workers.take(&$0) }
  }

  private static func take(_ work: inout (@Sendable () -> Void)?) -> (@Sendable () -> Void)? {
    defer { work = nil }
    return work
  }
}
