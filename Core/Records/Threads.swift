internal import Glibc

/// Threads of the operating system, for what blocks or computes for long.
public enum Threads {
  private final class Job: Sendable {
    let work: @Sendable () -> Void
    init(_ work: @escaping @Sendable () -> Void) { self.work = work }
  }

  /// 4 MiB: parsers of nested documents recurse.
  private static let stackSize = 4 << 20

  /// The processors of this machine.
  public static var processors: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

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
