internal import Engine
internal import Glibc
internal import Records
internal import Synchronization

/// Turns SIGINT and SIGTERM into a cancellation. The second one ends the process at once.
///
/// A handler that writes into a pipe, and not a blocked signal that a thread waits for: threads of the runtime that
/// were there before would still take it, and child processes would inherit the block.
enum Signals {
  /// The writing end of the pipe, for the handler, which must not touch anything that could be half-way changed.
  private static let pipeEnd = Atomic<Int32>(-1)

  static func cancel(_ cancellation: Cancellation) {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { return }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    pipeEnd.store(ends[1], ordering: .sequentiallyConsistent)
    for number in [SIGINT, SIGTERM] { install(number) }
    unblock([SIGINT, SIGTERM])
    let reading = ends[0]
    Threads.start {
      if let number = next(reading) { cancellation.cancel(.signal(number)) }
      if let number = next(reading) { _exit(128 + number) }
    }
  }

  private static func install(_ number: Int32) {
    var action = sigaction()
    // Who starts a process in the background of a script has it ignore Ctrl-C; that stays so.
    sigaction(number, nil, &action)
    if unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) {
      return
    }
    action.__sigaction_handler.sa_handler = { number in
      let code = errno
      var byte = UInt8(truncatingIfNeeded: number)
      _ = write(Signals.pipeEnd.load(ordering: .sequentiallyConsistent), &byte, 1)
      errno = code
    }
    action.sa_flags = SA_RESTART
    sigemptyset(&action.sa_mask)
    sigaction(number, &action, nil)
  }

  /// A parent that blocks them for itself (a thread of a pool often does) hands that down. It asks for nothing by it.
  private static func unblock(_ numbers: [Int32]) {
    var set = sigset_t()
    sigemptyset(&set)
    for number in numbers { sigaddset(&set, number) }
    pthread_sigmask(SIG_UNBLOCK, &set, nil)
  }

  /// The next signal, nil when the pipe is gone.
  private static func next(_ pipe: Int32) -> Int32? {
    var byte: UInt8 = 0
    while true {
      let count = read(pipe, &byte, 1)
      if count == 1 { return Int32(byte) }
      if count == 0 || errno != EINTR { return nil }
    }
  }
}
