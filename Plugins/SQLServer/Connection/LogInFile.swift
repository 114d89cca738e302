internal import CFreeTDS
internal import Glibc
internal import Records
internal import SQL
internal import Synchronization

/// What FreeTDS takes from a file only: the encryption and the certificates that are trusted. All log-ins of the
/// process share one file, each with a section of its own, because the library knows one name of a file for all; it is
/// there only while somebody logs in, holds nothing secret, and those of the user's home and the machine are not read.
enum LogInFile {
  private struct State {
    var sections: [String: String] = [:]
    var last = 0
  }

  private static let state = Mutex(State())
  private static let path: String = {
    let folder = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
    return "\(folder)/ferry-\(getpid())-\(UInt64.random(in: 0...UInt64.max)).freetds.conf"
  }()

  /// Tells the library; the environment must not say otherwise.
  private static let start: Void = {
    for name in ["TDSVER", "TDSPORT", "TDSHOST", "TDSQUERY", "FREETDS", "FREETDSCONF"] { unsafe unsetenv(name) }
    var bytes = Array(path.utf8CString)
    unsafe dbsetifile(&bytes)
  }()

  /// Runs `body`, which logs in to the server whose name it is given.
  static func use<T>(_ plan: ConnectionPlan, _ host: ConnectionPlan.Host, _ body: (String) throws -> T) throws -> T {
    start
    let text = try section(plan, host)
    let name = try state.withLock { state in
      state.last += 1
      let name = "ferry\(state.last)"
      state.sections[name] = text
      try write(state.sections)
      return name
    }
    defer {
      state.withLock { state in
        state.sections[name] = nil
        if state.sections.isEmpty { unsafe unlink(path) }
      }
    }
    return try body(name)
  }

  private static func write(_ sections: [String: String]) throws {
    let output = try FileOutput(path: path, isPrivate: true)
    for (name, text) in sections { try output.write(Array("[\(name)]\n\(text)\n".utf8).span) }
    try output.commit()
  }

  private static func section(_ plan: ConnectionPlan, _ host: ConnectionPlan.Host) throws -> String {
    var lines = ["host = \(host.address ?? host.name)"]
    lines.append(host.instance.map { "instance = \($0)" } ?? "port = \(host.port)")
    lines += ["tds version = 7.4", "client charset = UTF-8", "text size = 2147483647"]
    lines.append("encryption = \(plan.encryptsAll ? "require" : "request")")
    if plan.checksCertificate {
      lines += ["ca file = \(plan.rootCertificate ?? "system")", "check certificate hostname = yes"]
    }
    guard lines.allSatisfy({ $0.utf8.allSatisfy { $0 >= 32 } }) else {
      throw Failure(.configuration, "reading the url: a name or a path in it has a control character")
    }
    return lines.joined(separator: "\n")
  }
}
