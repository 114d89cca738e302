internal import Glibc
internal import Records

/// Threads for what waits, so that Swift's few cooperative threads never do.
public enum BlockingExecutor {
  private final class Job: Sendable {
    let work: @Sendable () -> Void
    init(_ work: @escaping @Sendable () -> Void) { self.work = work }
  }

  /// 4 MiB: parsers of nested documents recurse.
  private static let stackSize = 4 << 20

  /// Runs blocking work on a thread of its own. One thread per call: tasks are few and long.
  static func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
      let status = start { continuation.resume(with: Result(catching: body)) }
      if status != 0 { continuation.resume(throwing: FileError.failure("starting a thread", status)) }
    }
  }

  /// Starts a thread and does not wait for it. Returns 0, or the `errno` when it could not be started.
  @discardableResult
  public static func start(_ work: @escaping @Sendable () -> Void) -> Int32 {
    let job = unsafe Unmanaged.passRetained(Job(work))
    var attributes = pthread_attr_t()
    unsafe pthread_attr_init(&attributes)
    defer { unsafe pthread_attr_destroy(&attributes) }
    unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    unsafe pthread_attr_setstacksize(&attributes, stackSize)
    var thread = pthread_t()
    let status = unsafe pthread_create(
      &thread, &attributes,
      { pointer in
        if let pointer = unsafe pointer { unsafe Unmanaged<Job>.fromOpaque(pointer).takeRetainedValue().work() }
        return nil
      }, unsafe job.toOpaque())
    if status != 0 { unsafe job.release() }
    return status
  }
}
