internal import Glibc
internal import Synchronization

/// Stops what a session runs, from another thread: asks the server by a second connection, and cuts the socket where
/// the server does not answer.
final class Interrupter: Sendable {
  private let endpoint: Endpoint
  private let host: Endpoint.Host
  private let thread: UInt
  /// Nil once the session is gone: its number may belong to another file then.
  private let socket: Mutex<Int32?>
  private let used = Mutex(false)

  init(_ endpoint: Endpoint, _ host: Endpoint.Host, thread: UInt, socket: Int32) {
    var quick = endpoint
    quick.connectTimeout = min(endpoint.connectTimeout, Interrupter.secondsToConnect)
    quick.socketTimeout = Interrupter.secondsToConnect
    quick.database = nil
    self.endpoint = quick
    self.host = host
    self.thread = thread
    self.socket = Mutex(socket)
  }

  /// A cancel has to be over within seconds even where the server is stuck.
  private static let secondsToConnect: UInt32 = 5

  /// Whether the statement that runs was interrupted. SLEEP and the like end without an error then.
  var wasUsed: Bool { used.withLock { $0 } }

  /// A new statement begins.
  func reset() { used.withLock { $0 = false } }

  func detach() { socket.withLock { $0 = nil } }

  func interrupt() {
    guard socket.withLock({ $0 }) != nil else { return }
    used.withLock { $0 = true }
    do {
      let second = try Session(endpoint, host: host, infile: LocalInfile(allowed: nil))
      try second.run("KILL QUERY \(thread)")
    } catch {
      socket.withLock { if let descriptor = $0 { shutdown(descriptor, Int32(SHUT_RDWR)) } }
    }
  }
}
