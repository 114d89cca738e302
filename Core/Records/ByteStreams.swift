internal import Glibc

/// Where bytes come from, in order: a stored object, a file. Used from one thread at a time; may block.
public protocol ByteInput: AnyObject {
  /// What it is called in error messages: a URI or a path.
  var name: String { get }
  /// The total size in bytes where it is known.
  var size: Int64? { get }
  /// Appends bytes that come, as far as there is room; returns how many, 0 at the end.
  func read(into room: inout OutputSpan<UInt8>) throws -> Int
  /// Goes to a position in bytes from the start; false where the input can only be read in order.
  func seek(to position: Int64) throws -> Bool
}

/// Where bytes go, in order. Nothing is visible under the final name before `commit`; an output that is dropped without
/// it leaves nothing behind.
public protocol ByteOutput: AnyObject {
  var name: String { get }
  func write(_ bytes: Span<UInt8>) throws
  /// Writes several runs of bytes one behind the other; a file takes them all with one system call.
  func write(parts: [Buffer]) throws
  func commit() throws
  /// Opens what has been written so far, from its front, until `commit`; nil where that cannot be read.
  var reopen: (@Sendable () throws -> any ByteInput)? { get }
}

extension ByteOutput {
  public func write(_ bytes: [UInt8]) throws { try write(bytes.span) }

  public var reopen: (@Sendable () throws -> any ByteInput)? { nil }

  public func write(parts: [Buffer]) throws {
    for part in parts { try write(part.span) }
  }

  /// Writes the UTF-8 of a text.
  public func write(text: String) throws { try write(text.utf8.span) }
}

extension ByteInput {
  public func seek(to position: Int64) throws -> Bool { false }

  /// Fills an array from its front; returns how many bytes, 0 at the end.
  public func read(into buffer: inout [UInt8]) throws -> Int {
    try buffer.overwrite { try read(into: &$0) }
  }

  /// Fills a whole array unless the input ends first; returns how many bytes it got.
  public func readFully(into buffer: inout [UInt8]) throws -> Int {
    try buffer.overwrite { try readFully(into: &$0) }
  }

  /// Appends bytes until there is no more room or the input ends; returns how many it got.
  public func readFully(into room: inout OutputSpan<UInt8>) throws -> Int {
    let start = room.count
    while !room.isFull, try read(into: &room) > 0 {}
    return room.count - start
  }

  /// Appends at most `limit` bytes; returns how many, 0 at the end.
  public func read(upTo limit: Int, into room: inout OutputSpan<UInt8>) throws -> Int {
    try room.append(upTo: min(limit, room.freeCapacity)) { try read(into: &$0) }
  }
}

/// A file, or a range of it, read from its start.
public final class FileInput: ByteInput {
  public let name: String
  public let size: Int64?
  private let descriptor: Int32
  private let start: Int64
  private var remaining: Int64?
  /// Bytes of a pipe come when another process writes them, or never.
  private let mayWait: Bool
  /// Called now and then while there is nothing to read yet; what it throws ends the reading.
  public var interrupt: (() throws -> Void)?

  /// - Parameter range: bytes of the file, all when nil; a range past the end is cut there.
  public init(path: String, name: String? = nil, range: Range<Int64>? = nil) throws {
    self.name = name ?? path
    start = range?.lowerBound ?? 0
    // Without O_NONBLOCK a FIFO that nobody writes to could not even be opened.
    descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw FileError.failure("opening '\(self.name)'", errno) }
    var info = stat()
    guard unsafe fstat(descriptor, &info) == 0 else {
      let code = errno
      close(descriptor)
      throw FileError.failure("reading the size of '\(self.name)'", code)
    }
    guard info.st_mode & S_IFMT != S_IFDIR else {
      close(descriptor)
      throw Failure(.configuration, "opening '\(self.name)': it is a folder, not a file")
    }
    let isRegular = info.st_mode & S_IFMT == S_IFREG
    mayWait = !isRegular
    if let range {
      let end = min(range.upperBound, Int64(info.st_size))
      lseek(descriptor, off_t(range.lowerBound), SEEK_SET)
      remaining = max(0, end - range.lowerBound)
      size = remaining
    } else {
      size = isRegular ? Int64(info.st_size) : nil
    }
  }

  deinit { close(descriptor) }

  public func read(into room: inout OutputSpan<UInt8>) throws -> Int {
    let wanted = remaining.map { Int(min(Int64(room.freeCapacity), $0)) } ?? room.freeCapacity
    if wanted == 0 { return 0 }
    while true {
      if mayWait { try waitForBytes() }
      let count = unsafe room.withUnsafeMutableBufferPointer { memory, used in
        let count = unsafe Glibc.read(descriptor, memory.baseAddress.map { unsafe $0 + used }, wanted)
        used += max(count, 0)
        return count
      }
      if count >= 0 {
        remaining = remaining.map { $0 - Int64(count) }
        return count
      }
      if errno != EINTR, errno != EAGAIN { throw FileError.failure("reading '\(name)'", errno) }
    }
  }

  /// A FIFO is readable once somebody writes, or has written and is gone; before the first of them it is neither.
  private func waitForBytes() throws {
    var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    while true {
      try interrupt?()
      if unsafe poll(&wanted, 1, 50) != 0 { return }
    }
  }

  public func seek(to position: Int64) throws -> Bool {
    guard let size, position >= 0, position <= size else { return false }
    guard lseek(descriptor, off_t(start + position), SEEK_SET) >= 0 else {
      throw FileError.failure("reading '\(name)'", errno)
    }
    if remaining != nil { remaining = size - position }
    return true
  }
}

/// A file that appears under its name only as a whole: written beside it, flushed to disk, renamed.
public final class FileOutput: ByteOutput {
  /// Whether a file has the name of one that is not whole: still being written, or left by a process that was killed.
  public static func isUnfinished(_ name: String) -> Bool {
    let parts = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).suffix(2)
    guard name.hasSuffix(".part"), let number = parts.first else { return false }
    return number.contains(UInt8(ascii: "-")) && number.allSatisfy { $0 == UInt8(ascii: "-") || $0 &- 48 < 10 }
  }

  public let name: String
  private let path: String
  private let temporary: String
  private var descriptor: Int32
  private let isLasting: Bool

  /// - Parameters:
  ///   - isPrivate: whether only its owner may read it.
  ///   - isLasting: whether it must outlive a loss of power; what only this process reads need not.
  public init(path: String, name: String? = nil, isPrivate: Bool = false, isLasting: Bool = true) throws {
    self.isLasting = isLasting
    self.name = name ?? path
    self.path = path
    temporary = "\(path).\(getpid())-\(UInt32.random(in: 0...UInt32.max)).part"
    descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, isPrivate ? 0o600 : 0o644)
    guard descriptor >= 0 else { throw FileError.failure("creating '\(self.name)'", errno) }
  }

  deinit {
    guard descriptor >= 0 else { return }
    close(descriptor)
    unsafe unlink(temporary)
  }

  public var reopen: (@Sendable () throws -> any ByteInput)? {
    { [temporary, name] in try FileInput(path: temporary, name: name) }
  }

  public func write(_ bytes: Span<UInt8>) throws {
    var done = 0
    while done < bytes.count {
      let count = unsafe bytes.withUnsafeBufferPointer {
        unsafe Glibc.write(descriptor, $0.baseAddress.map { unsafe $0 + done }, $0.count - done)
      }
      if count >= 0 {
        done += count
      } else if errno != EINTR {
        throw FileError.failure("writing '\(name)'", errno)
      }
    }
  }

  public func write(parts: [Buffer]) throws {
    // The vectors point into the parts, which stay until all is written.
    try withExtendedLifetime(parts) { try write(vectorsOf: parts) }
  }

  private func write(vectorsOf parts: [Buffer]) throws {
    var vectors = unsafe parts.filter { $0.count > 0 }.map {
      unsafe iovec(iov_base: UnsafeMutableRawPointer(mutating: $0.start), iov_len: $0.count)
    }
    var done = 0
    while unsafe done < vectors.count {
      // 1024 is the most that Linux takes at once.
      let count = unsafe vectors.withUnsafeBufferPointer {
        unsafe writev(
          descriptor, $0.baseAddress.map { unsafe $0 + done }, unsafe Int32(min(vectors.count - done, 1_024)))
      }
      if count < 0 {
        if errno == EINTR { continue }
        throw FileError.failure("writing '\(name)'", errno)
      }
      var rest = count
      while unsafe done < vectors.count, unsafe rest >= vectors[done].iov_len {
        unsafe rest -= vectors[done].iov_len
        done += 1
      }
      if rest > 0 {
        unsafe vectors[done].iov_base = unsafe vectors[done].iov_base.map { unsafe $0 + rest }
        unsafe vectors[done].iov_len -= rest
      }
    }
  }

  public func commit() throws {
    guard !isLasting || fsync(descriptor) == 0 || errno == EINVAL else {
      throw FileError.failure("flushing '\(name)' to disk", errno)
    }
    let code = close(descriptor) == 0 ? 0 : errno
    descriptor = -1
    guard code == 0, unsafe rename(temporary, path) == 0 else {
      let reason = code == 0 ? errno : code
      unsafe unlink(temporary)
      throw FileError.failure("storing '\(name)'", reason)
    }
    if isLasting { FileOutput.flushFolder(of: path) }
  }

  /// Makes the name of a file or folder as durable as what is in it. Not every file system can do that.
  public static func flushFolder(of path: String) {
    let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }
}

/// Turns an `errno` into a failure with the right category.
public enum FileError {
  public static func failure(_ doing: String, _ code: Int32) -> Failure {
    let reason = unsafe String(cString: strerror(code))
    switch code {
    case ENOENT: return Failure(.configuration, "\(doing): no such file or folder")
    case EACCES, EPERM: return Failure(.auth, "\(doing): \(reason)", hint: "Check the permissions of the file")
    case ENOSPC, EDQUOT: return Failure(.quota, "\(doing): \(reason)", hint: "Free some disk space and run it again")
    default: return Failure(.transient, "\(doing): \(reason)")
    }
  }
}
