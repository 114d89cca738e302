internal import Glibc
internal import SQL
internal import Synchronization

/// What the client library calls when it has to wait for a socket: the one place where a connection that is only coming
/// about gives its socket away, and where a server's silence shows. (With TLS the library waits inside of a blocking
/// read: the line's `cut` ends that.)
enum SocketWait {
  private struct State {
    /// By thread, while it connects.
    var connecting: [pthread_t: Lifeline] = [:]
    /// With what its url says about a server's silence.
    var connected: [Int32: (line: Lifeline, silence: Duration)] = [:]
  }

  private static let state = Mutex(State())

  /// Runs `body`, which connects: the sockets that it waits for hang on the line.
  static func connecting<T>(_ line: Lifeline, _ body: () -> T) -> T {
    let thread = pthread_self()
    state.withLock { $0.connecting[thread] = line }
    defer { state.withLock { $0.connecting[thread] = nil } }
    return body()
  }

  static func connected(_ socket: Int32, _ line: Lifeline, silence: Duration) {
    line.attach(socket)
    state.withLock { $0.connected[socket] = (line, silence) }
  }

  /// To be called before the library closes the socket.
  static func closing(_ socket: Int32) {
    state.withLock { _ = $0.connected.removeValue(forKey: socket) }
  }

  /// - Parameters of the function: the socket, whether it is to be read, milliseconds (none: for ever).
  /// - Returns: 1 when it is ready, 0 when the time is over, -1 when waiting is no use.
  static let callback: @convention(c) (Int32, CChar, Int32) -> Int32 = { socket, isRead, timeout in
    let events = Int16(isRead != 0 ? POLLIN : POLLOUT)
    let (new, known) = state.withLock { ($0.connecting[pthread_self()], $0.connected[socket]) }
    if let new {
      // The library may be at another address of the host, with another socket of the same number.
      new.attach(socket)
      // It is the line that has a limit.
      return SocketWait.poll(socket, events, -1)
    }
    let result = SocketWait.poll(socket, events, timeout <= 0 ? -1 : timeout)
    if result == 0 {
      if let known { known.line.cut(.silent(known.silence)) }
      errno = ETIMEDOUT
    }
    return result
  }

  private static func poll(_ socket: Int32, _ events: Int16, _ milliseconds: Int32) -> Int32 {
    var descriptor = pollfd(fd: socket, events: events, revents: 0)
    let end = ContinuousClock.now + .milliseconds(Int64(milliseconds))
    var left = milliseconds
    while true {
      let count = unsafe Glibc.poll(&descriptor, 1, left)
      if count >= 0 || errno != EINTR { return count }
      if milliseconds > 0 { left = max(0, Int32((end - .now) / .milliseconds(1))) }
    }
  }
}
