import Foundation
import Glibc

/// A TCP proxy in front of the server that can cut its connections or let them fall silent.
final class Proxy: @unchecked Sendable {
  let port: UInt16
  private let listener: Int32
  private let target: (host: String, port: UInt16)
  private let lock = NSLock()
  private var sockets: [Int32] = []
  private var moved = 0
  private var limit = Int.max
  private var mode = Mode.forward

  enum Mode: Sendable {
    case forward
    /// Close both ends.
    case cut
    /// Keep both ends open, move nothing.
    case silence
  }

  /// - Parameters:
  ///   - limit: bytes (both directions) after which `then` happens.
  init(to host: String, _ port: UInt16, limit: Int = .max, then: Mode = .forward) throws {
    target = (host, port)
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    self.listener = listener
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    _ = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        bind(listener, pointer, length)
        return getsockname(listener, pointer, &length)
      }
    }
    self.port = UInt16(bigEndian: address.sin_port)
    self.limit = limit
    listen(listener, 8)
    let end = then
    Thread.detachNewThread { [self] in
      while true {
        let client = accept(listener, nil, nil)
        if client < 0 { return }
        serve(client, end)
      }
    }
  }

  deinit { close(listener) }

  private func serve(_ client: Int32, _ end: Mode) {
    let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = target.port.bigEndian
    address.sin_addr.s_addr = inet_addr(target.host)
    let status = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard status == 0 else {
      close(client)
      return
    }
    lock.withLock { sockets += [client, server] }
    for (from, to) in [(client, server), (server, client)] {
      Thread.detachNewThread { [self] in pump(from, to, end) }
    }
  }

  private func pump(_ from: Int32, _ to: Int32, _ end: Mode) {
    var buffer = [UInt8](repeating: 0, count: 16_384)
    while true {
      let count = read(from, &buffer, buffer.count)
      if count <= 0 { break }
      let mode = lock.withLock { () -> Mode in
        moved += count
        if moved > limit { self.mode = end }
        return self.mode
      }
      switch mode {
      case .forward: _ = send(to, buffer, count, Int32(MSG_NOSIGNAL))
      case .cut:
        lock.withLock { for each in sockets { shutdown(each, Int32(SHUT_RDWR)) } }
        return
      case .silence: while true { sleep(1) }
      }
    }
    shutdown(to, Int32(SHUT_RDWR))
  }
}
