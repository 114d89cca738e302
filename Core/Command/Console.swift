internal import Engine
internal import Glibc
internal import Records

/// Standard output or standard error. What could not be written is known at the end of the command, which then exits
/// with `Exit.outputLost`.
final class Console: Sendable {
  static let output = Console(descriptor: STDOUT_FILENO, name: "standard output")
  static let error = Console(descriptor: STDERR_FILENO, name: "standard error")

  private let descriptor: Int32
  private let name: String
  /// Why a write failed. Nothing is written after that: a line would stand behind the half of another.
  private let fault = Locked<Int32?>(nil)

  init(descriptor: Int32, name: String) {
    self.descriptor = descriptor
    self.name = name
  }

  /// A descriptor that the caller closed (`>&-`) would be given to the next file that is opened, and that file would
  /// get what is printed. So it is taken, by one that no write succeeds on.
  static func holdStandardDescriptors() {
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
      _ = unsafe open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
  }

  @discardableResult
  func line(_ text: TerminalText) -> Bool { send(text.text + "\n") }

  /// False when it makes no sense to write more.
  @discardableResult
  func write(_ text: TerminalText) -> Bool { send(text.text) }

  /// Data for programs: as it is, except where it would reach a terminal.
  @discardableResult
  func write(data: String) -> Bool { send(isTerminal ? TerminalText(data).text : data) }

  /// What is missing of the output, nil when all of it was taken. A reader that left has had enough (`… | head`).
  var loss: Failure? {
    guard let code = fault.withLock({ $0 }), code != EPIPE else { return nil }
    let reason = unsafe code == EBADF ? "it is closed" : String(cString: strerror(code))
    return Failure(.quota, "writing to \(name): \(reason)", hint: "What was printed is not whole")
  }

  /// Some file systems tell only when a file is closed that it is full.
  func finish() {
    let copy = dup(descriptor)
    if copy >= 0, close(copy) != 0, errno == ENOSPC || errno == EDQUOT || errno == EIO { keep(errno) }
  }

  private func send(_ text: String) -> Bool {
    guard fault.withLock({ $0 == nil }) else { return false }
    var text = text
    return text.withUTF8 { bytes in
      var done = 0
      while done < bytes.count, let start = bytes.baseAddress {
        let count = unsafe Glibc.write(descriptor, start + done, bytes.count - done)
        guard count >= 0 || canGoOn() else { return false }
        done += max(count, 0)
      }
      return true
    }
  }

  /// After a write that took nothing: whether to try again, at once or when there is room.
  private func canGoOn() -> Bool {
    switch errno {
    case EINTR: return true
    case EAGAIN:
      // Somebody else's end of the same pipe or terminal may have made it non-blocking.
      var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      return unsafe poll(&wait, 1, -1) >= 0 || errno == EINTR
    default:
      keep(errno)
      return false
    }
  }

  private func keep(_ code: Int32) { fault.withLock { $0 = $0 ?? code } }

  var isTerminal: Bool { isatty(descriptor) == 1 }

  /// How large the terminal is; nil where there is none, or it does not say.
  var size: (columns: Int, rows: Int)? {
    var size = winsize()
    guard unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return (Int(size.ws_col), max(Int(size.ws_row), 1))
  }

  /// What a table has to fit: nil where nobody looks.
  var columns: Int? { isTerminal ? size?.columns ?? 80 : nil }

  /// Whether lines can be drawn again in place: not on `TERM=dumb`, which knows no escape sequences.
  var canRedraw: Bool { isTerminal && !["", "dumb"].contains(Console.variable("TERM")) }

  /// Colours only on a terminal that knows them, and never when NO_COLOR is set (https://no-color.org).
  var hasColor: Bool { canRedraw && Console.variable("NO_COLOR").isEmpty }

  private static func variable(_ name: String) -> String {
    unsafe getenv(name).map { unsafe String(cString: $0) } ?? ""
  }
}
