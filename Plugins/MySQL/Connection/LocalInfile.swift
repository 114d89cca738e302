internal import Glibc

/// Serves LOAD DATA LOCAL: the one file that the task was given, and nothing else. The path comes from the server,
/// which may ask for whatever it likes.
final class LocalInfile {
  /// The absolute path of the only file that may be read.
  let allowed: String?
  private var descriptor: Int32 = -1
  private var problem: (number: Int32, text: String)?

  init(allowed: String?) { self.allowed = allowed }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// The number under which the refusal comes back as an error of the statement: CR_FILE_READ.
  static let refused: Int32 = 5_005

  private func begin(_ path: String) -> Bool {
    problem = nil
    guard let allowed, path == allowed else {
      let only = allowed == nil ? "the task has no 'inputFile'" : "only the task's 'inputFile' may be read"
      problem = (LocalInfile.refused, "LOAD DATA LOCAL asked for the file '\(path)': \(only)")
      return false
    }
    descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    if descriptor >= 0 { return true }
    problem = (LocalInfile.refused, unsafe "opening '\(path)': \(String(cString: strerror(errno)))")
    return false
  }

  private func fill(_ buffer: UnsafeMutableRawPointer, _ count: Int) -> Int32 {
    while true {
      let got = unsafe Glibc.read(descriptor, buffer, count)
      if got >= 0 { return Int32(got) }
      if errno == EINTR { continue }
      problem = (LocalInfile.refused, unsafe "reading the input file: \(String(cString: strerror(errno)))")
      return -1
    }
  }

  private func finish() {
    if descriptor >= 0 { close(descriptor) }
    descriptor = -1
  }

  // MARK: what the library calls

  private static func object(_ context: UnsafeMutableRawPointer?) -> LocalInfile? {
    unsafe context.map { unsafe Unmanaged<LocalInfile>.fromOpaque($0).takeUnretainedValue() }
  }

  static let start:
    @convention(c) (
      UnsafeMutablePointer<UnsafeMutableRawPointer?>?, UnsafePointer<CChar>?, UnsafeMutableRawPointer?
    ) -> Int32 = { state, path, context in
      unsafe state?.pointee = unsafe context
      guard let path = unsafe path, let file = unsafe object(context) else { return 1 }
      return unsafe file.begin(String(cString: path)) ? 0 : 1
    }

  static let read: @convention(c) (UnsafeMutableRawPointer?, UnsafeMutablePointer<CChar>?, UInt32) -> Int32 = {
    context, buffer, count in
    guard let file = unsafe object(context), let buffer = unsafe buffer else { return -1 }
    return unsafe file.fill(UnsafeMutableRawPointer(buffer), Int(count))
  }

  static let end: @convention(c) (UnsafeMutableRawPointer?) -> Void = { context in unsafe object(context)?.finish() }

  static let error: @convention(c) (UnsafeMutableRawPointer?, UnsafeMutablePointer<CChar>?, UInt32) -> Int32 = {
    context, buffer, count in
    let (number, text) = unsafe object(context)?.problem ?? (refused, "the input file cannot be read")
    guard let buffer = unsafe buffer, count > 0 else { return number }
    // The library takes the text as a printf format: a '%' in a path must not become a conversion.
    let bytes = text.replacingPercent().utf8.prefix(Int(count) - 1)
    for (at, byte) in bytes.enumerated() { unsafe buffer[at] = CChar(bitPattern: byte) }
    unsafe buffer[bytes.count] = 0
    return number
  }
}

extension String {
  fileprivate func replacingPercent() -> String {
    split(separator: "%", omittingEmptySubsequences: false).joined(separator: "%%")
  }
}
