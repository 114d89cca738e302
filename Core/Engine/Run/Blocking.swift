internal import Glibc
internal import Records

/// Runs blocking work on threads of its own, so that Swift's few cooperative threads never wait for a server.
enum BlockingExecutor {
  private final class Job: Sendable {
    let work: @Sendable () -> Void
    init(_ work: @escaping @Sendable () -> Void) { self.work = work }
  }

  /// 4 MiB: parsers of nested documents recurse.
  private static let stackSize = 4 << 20

  /// One thread per call: tasks are few and long.
  static func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
      let job = Job { continuation.resume(with: Result(catching: body)) }
      var attributes = pthread_attr_t()
      pthread_attr_init(&attributes)
      defer { pthread_attr_destroy(&attributes) }
      pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
      pthread_attr_setstacksize(&attributes, stackSize)
      var thread = pthread_t()
      let context = Unmanaged.passRetained(job)
      let status = pthread_create(
        &thread, &attributes,
        { pointer in
          if let pointer { Unmanaged<Job>.fromOpaque(pointer).takeRetainedValue().work() }
          return nil
        }, context.toOpaque())
      if status != 0 {
        context.release()
        continuation.resume(throwing: FileError.failure("starting a thread", status))
      }
    }
  }
}
