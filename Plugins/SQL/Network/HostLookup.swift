internal import Glibc
internal import Records

/// Names of hosts and their addresses. The C library's lookup blocks until the name service answers or several
/// time-outs are over, and cannot be interrupted.
package enum HostLookup {
  /// The addresses of a host as texts, in the order in which they are to be tried.
  /// - Parameter check: asked several times a second; what it throws ends the wait.
  package static func addresses(
    of host: String, atMost limit: Duration, check: () throws -> Void
  ) throws -> [String] {
    if let written = try? resolve(host, isNumeric: true).get() { return written }
    let found = try Detached.run(atMost: limit, check: check) { resolve(host, isNumeric: false) }
    guard let found else {
      throw Failure(
        .transient, "connecting to '\(host)': the name service has not answered within \(limit.shortText)",
        hint: "Check the host in the url, and the name service", code: "08001", retryIsSafe: true)
    }
    do throws(Unknown) { return try found.get() } catch {
      throw Failure(
        error.isTemporary ? .transient : .configuration, "connecting to '\(host)': \(error.reason)",
        hint: "Check the host in the url, and the name service", code: "08001", retryIsSafe: true)
    }
  }

  private struct Unknown: Error {
    var reason: String
    var isTemporary: Bool
  }

  private static func resolve(_ host: String, isNumeric: Bool) -> Result<[String], Unknown> {
    var hints = unsafe addrinfo()
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    if isNumeric { unsafe hints.ai_flags = AI_NUMERICHOST }
    var list: UnsafeMutablePointer<addrinfo>?
    let status = unsafe getaddrinfo(host, nil, &hints, &list)
    guard status == 0 else {
      let reason =
        unsafe status == EAI_SYSTEM ? String(cString: strerror(errno)) : String(cString: gai_strerror(status))
      return .failure(Unknown(reason: "the host is not known (\(reason))", isTemporary: status == EAI_AGAIN))
    }
    defer { unsafe freeaddrinfo(list) }
    var addresses: [String] = []
    var next = unsafe list
    while let info = unsafe next {
      if let text = unsafe text(info.pointee), !addresses.contains(text) { addresses.append(text) }
      unsafe next = unsafe info.pointee.ai_next
    }
    return .success(addresses)
  }

  /// Why a port of a host cannot be connected to: the host is not known, or all of its addresses refuse. Nil where one
  /// accepts, and where no answer comes in time, which is for who connects to judge.
  package static func refusal(
    of host: String, port: Int, atMost limit: Duration, check: () throws -> Void
  ) throws -> String? {
    try Detached.run(atMost: limit, check: check) { knock(host, port) } ?? nil
  }

  private static func knock(_ host: String, _ port: Int) -> String? {
    var hints = unsafe addrinfo()
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let status = unsafe getaddrinfo(host, "\(port)", &hints, &list)
    guard status == 0 else {
      return status == EAI_AGAIN ? nil : unsafe "the host is not known (\(String(cString: gai_strerror(status))))"
    }
    defer { unsafe freeaddrinfo(list) }
    var problem: String?
    var next = unsafe list
    while let info = unsafe next {
      let socket = unsafe socket(info.pointee.ai_family, info.pointee.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), 0)
      defer { close(socket) }
      if unsafe connect(socket, info.pointee.ai_addr, info.pointee.ai_addrlen) == 0 { return nil }
      problem = unsafe String(cString: strerror(errno))
      unsafe next = unsafe info.pointee.ai_next
    }
    return problem
  }

  private static func text(_ info: addrinfo) -> String? {
    var buffer = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    let status = unsafe getnameinfo(
      info.ai_addr, info.ai_addrlen, &buffer, socklen_t(buffer.count), nil, 0, NI_NUMERICHOST)
    return status == 0 ? String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
  }
}

extension Duration {
  /// `30 s`, `1.5 s`
  package var shortText: String {
    let tenths = Int((self / .milliseconds(100)).rounded())
    return tenths % 10 == 0 ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
  }
}
