internal import Glibc
internal import Records
internal import Synchronization

/// A thread on which programs run: the caller's waits beside it and looks whether to go on, which libjq itself cannot
/// be made to do. What has to stop is halted; a function of libjq that takes long even so is left to itself.
///
/// Its stack is large, because libjq frees lists within lists by recursion; pages that nobody touches cost nothing.
final class JQWorker: @unchecked Sendable {
  private static let stackSize = 512 << 20
  /// Milliseconds between two looks.
  private static let patience = 20
  /// How many looks a program that was halted has left to end.
  private static let grace = 25
  private static let mostIdle = 4
  private static let idle = Mutex<[JQWorker]>([])

  private let begin = Monitor(0)
  private let end = Monitor(0)
  private let job = Mutex<(@Sendable () -> Void)?>(nil)

  /// Runs a program and waits for its results; throws what the meter throws.
  static func run<T: Sendable>(
    on state: JQState, _ meter: Meter, _ body: @escaping @Sendable () -> T
  ) throws -> T {
    let worker = try idle.withLock { $0.popLast() } ?? JQWorker()
    let result = Slot<T>()
    worker.job.withLock { $0 = { result.value.withLock { $0 = body() } } }
    worker.begin.signal()
    do {
      while !worker.end.wait(milliseconds: patience) { try meter.lookNow() }
    } catch {
      state.halt()
      // One that does not come back keeps its thread.
      if worker.end.wait(milliseconds: patience * grace) { worker.rest() }
      throw error
    }
    worker.rest()
    guard let value = result.value.withLock({ $0 }) else { throw Problem("the jq program was lost") }
    return value
  }

  private init() throws {
    var attributes = pthread_attr_t()
    unsafe pthread_attr_init(&attributes)
    defer { unsafe pthread_attr_destroy(&attributes) }
    unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    unsafe pthread_attr_setstacksize(&attributes, Self.stackSize)
    var thread = pthread_t()
    let worker = unsafe Unmanaged.passRetained(self)
    let status = unsafe pthread_create(
      &thread, &attributes,
      { pointer in
        if let pointer = unsafe pointer { unsafe Unmanaged<JQWorker>.fromOpaque(pointer).takeRetainedValue().loop() }
        return nil
      }, worker.toOpaque())
    guard status == 0 else {
      unsafe worker.release()
      throw Problem("there is no thread for the jq program")
    }
  }

  fileprivate static func take(_ signals: inout Int) -> Void? {
    guard signals > 0 else { return nil }
    signals -= 1
    return ()
  }

  private func loop() {
    while true {
      begin.wait()
      guard let job = job.withLock({ $0 }) else { return }
      job()
      self.job.withLock { $0 = nil }
      end.signal()
    }
  }

  /// Keeps the thread for the next program, or ends it.
  private func rest() {
    let isKept = Self.idle.withLock { idle in
      guard idle.count < Self.mostIdle else { return false }
      idle.append(self)
      return true
    }
    if !isKept { begin.signal() }
  }
}

/// What a thread leaves for another.
private final class Slot<T: Sendable>: Sendable {
  let value = Mutex<T?>(nil)
}

/// As a semaphore.
extension Monitor<Int> {
  fileprivate func signal() { withLock { $0 += 1 } }

  fileprivate func wait() { wait(JQWorker.take) }

  /// False when the time was over first.
  fileprivate func wait(milliseconds: Int) -> Bool {
    wait(atMost: .milliseconds(milliseconds), JQWorker.take) != nil
  }
}
