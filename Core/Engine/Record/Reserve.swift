internal import Glibc
internal import Records

/// Space that is kept on the disk so that what has happened can still be recorded when the disk is full: a file that
/// is deleted then, and made again by the next process.
struct Reserve {
  private let path: String
  /// The end of a task with its outputs and log lines, and that of its execution.
  static let size = 1 << 20

  init(folder: String) { path = folder + "/reserve" }

  /// Throws when there is no space for it: then nothing must begin.
  func fill() throws {
    var info = stat()
    if unsafe stat(path, &info) == 0, info.st_size >= Reserve.size { return }
    let file = unsafe open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw FileError.failure("reserving space for the record of runs", errno) }
    defer { close(file) }
    let code = posix_fallocate(file, 0, off_t(Reserve.size))
    guard code == 0 else {
      unsafe unlink(path)
      throw FileError.failure("reserving space for the record of runs in '\(path)'", code)
    }
  }

  /// False when it was used already.
  func release() -> Bool { unsafe unlink(path) == 0 }
}
