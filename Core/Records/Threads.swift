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

  /// Makes sure that a few threads can be started, and lets them go again. The address space of their stacks stays with
  /// the C library, for the next ones. Who asks first learns of a limit: Swift's own pool would wait for ever.
  public static func reserve() throws {
    let gate = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    defer { unsafe gate.deallocate() }
    unsafe pthread_mutex_init(gate, nil)
    unsafe pthread_mutex_lock(gate)
    var threads: [pthread_t] = []
    var status: Int32 = 0
    while threads.count < reserved && status == 0 {
      var thread = pthread_t()
      status = unsafe pthread_create(
        &thread, nil,
        { gate in
          // All at once: each waits until the last one has been started.
          if let gate = unsafe gate?.assumingMemoryBound(to: pthread_mutex_t.self) {
            unsafe pthread_mutex_lock(gate)
            unsafe pthread_mutex_unlock(gate)
          }
          return nil
        }, gate)
      if status == 0 { threads.append(thread) }
    }
    unsafe pthread_mutex_unlock(gate)
    for thread in threads { pthread_join(thread, nil) }
    guard status == 0 else {
      throw Failure(
        .quota, "starting \(reserved) threads: \(unsafe String(cString: strerror(status)))",
        hint: "Look at 'ulimit -u' (processes) and 'ulimit -v' (address space)")
    }
  }

  /// For signals, progress, a task and its writer, and one of Swift's.
  private static let reserved = 5

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
