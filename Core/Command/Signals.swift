internal import Engine
internal import Glibc
internal import Records
internal import Synchronization

/// Turns the first signal into a cancellation, from a thread of its own. The second one ends the process at once, in
/// the handler itself: whatever any thread holds or waits for.
///
/// A handler that writes into a pipe, and not a blocked signal that a thread waits for: threads of the runtime that
/// were there before would still take it, and child processes would inherit the block.
enum Signals {
  /// The writing end of the pipe, for the handler, which must not touch anything that could be half-way changed.
  private static let pipeEnd = Atomic<Int32>(-1)
  private static let received = Atomic<Int>(0)

  /// A terminal that closes (SIGHUP) and Ctrl-\ (SIGQUIT) are no reasons to leave statements running on a server.
  private static let stopping = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]

  static func cancel(_ cancellation: Cancellation) {
    var ends: [Int32] = [0, 0]
    guard unsafe pipe(&ends) == 0 else { return }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    pipeEnd.store(ends[1], ordering: .sequentiallyConsistent)
    // Made before a handler may be the first to look at it.
    received.store(0, ordering: .sequentiallyConsistent)
    for number in stopping { install(number) }
    unblock()
    let reading = ends[0]
    Threads.start { if let number = next(reading) { cancellation.cancel(.signal(number)) } }
  }

  private static func install(_ number: Int32) {
    var action = sigaction()
    // Who starts a process in the background of a script has it ignore Ctrl-C, and nohup SIGHUP; that stays so.
    unsafe sigaction(number, nil, &action)
    if unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    {
      return
    }
    unsafe action.__sigaction_handler.sa_handler = { Signals.handle($0) }
    action.sa_flags = SA_RESTART
    unsafe sigemptyset(&action.sa_mask)
    unsafe sigaction(number, &action, nil)
  }

  /// A parent that blocks them for itself (a thread of a pool often does) hands that down. It asks for nothing by it.
  private static func unblock() {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for number in stopping { unsafe sigaddset(&set, number) }
    unsafe pthread_sigmask(SIG_UNBLOCK, &set, nil)
  }

  /// A terminal that closes is told by the kernel and by the shell: the second SIGHUP is none that somebody gave.
  private static func handle(_ number: Int32) {
    let code = errno
    let before = received.add(1, ordering: .sequentiallyConsistent).oldValue
    if before > 0 && number != SIGHUP { _exit(128 + number) }
    if before == 0 {
      var byte = UInt8(truncatingIfNeeded: number)
      _ = unsafe write(pipeEnd.load(ordering: .sequentiallyConsistent), &byte, 1)
    }
    errno = code
  }

  /// The next signal, nil when the pipe is gone.
  private static func next(_ pipe: Int32) -> Int32? {
    var byte: UInt8 = 0
    while true {
      let count = unsafe read(pipe, &byte, 1)
      if count == 1 { return Int32(byte) }
      if count == 0 || errno != EINTR { return nil }
    }
  }
}
