internal import Foundation
internal import Glibc

/// Sockets of this machine.
enum TestSocket {
  static func listening() throws -> Int32 {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard withAddress("127.0.0.1", 0, { bind(listener, $0, $1) }) == 0, listen(listener, 16) == 0 else {
      throw TestFault("a proxy cannot listen: \(String(cString: strerror(errno)))")
    }
    return listener
  }

  static func port(of socket: Int32) throws -> UInt16 {
    var address = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &length) }
    }
    guard status == 0 else { throw TestFault("a proxy has no port") }
    return UInt16(bigEndian: address.sin_port)
  }

  static func connected(to target: (host: String, port: UInt16)) -> Int32? {
    let made = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    let host = target.host == "localhost" ? "127.0.0.1" : target.host
    if withAddress(host, target.port, { connect(made, $0, $1) }) == 0 { return made }
    close(made)
    return nil
  }

  private static func withAddress(
    _ host: String, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = inet_addr(host)
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
  }

  /// Lets the kernel drop every packet that comes to this socket, by a filter that takes none.
  static func dropPackets(to socket: Int32) {
    // struct sock_filter: BPF's instruction "return 0".
    var instruction: (code: UInt16, jt: UInt8, jf: UInt8, k: UInt32) = (6, 0, 0, 0)
    withUnsafeMutableBytes(of: &instruction) {
      // struct sock_fprog
      var program: (count: UInt, instructions: UnsafeMutableRawPointer?) = (1, $0.baseAddress)
      setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, socklen_t(16))
    }
  }
}
