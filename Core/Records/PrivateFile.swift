internal import Glibc

/// Small files that nobody else may read, such as keys that a C library takes as files only.
public enum PrivateFile {
  /// Writes a new file (0600) in the place of one that may be there; a link that somebody put there is not followed.
  /// - Parameter doing: what it is for, in messages: `writing the certificate 'root.pem'`.
  public static func write(_ text: String, to path: String, doing: String) throws {
    unsafe unlink(path)
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw FileError.failure(doing, errno) }
    defer { close(descriptor) }
    var rest = Array(text.utf8)
    while !rest.isEmpty {
      let count = unsafe Glibc.write(descriptor, rest, rest.count)
      if count < 0, errno != EINTR { throw FileError.failure(doing, errno) }
      rest.removeFirst(max(0, count))
    }
  }
}
