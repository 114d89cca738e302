internal import CScan
internal import Glibc
internal import Records

/// A sliding window over an input: what has been read and not yet consumed lies in one piece of memory, with 64
/// readable bytes behind it.
@safe final class ByteWindow {
  static let padding = 128
  /// 1 MiB: large enough to make calls cheap, small enough to stay in the second-level cache with its index.
  static let usualReadSize = 1 << 20

  let name: String
  private let input: any ByteInput
  private let readSize: Int
  private var memory: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  private var start = 0
  private var end = 0
  /// The input has no more bytes than are here.
  private(set) var isComplete = false
  /// Where the window starts in the (decoded, decompressed) input, in bytes.
  private(set) var offset: Int64 = 0
  /// The same in the input before it was decoded.
  private var sourceOffset: Int64
  private let units: SourceUnits
  /// The line number at the window's start, from 1.
  private(set) var line: Int64 = 1
  /// What ends a line for its number; empty: CR, LF and CRLF.
  var lineEnd: [UInt8] = []
  private var hasEndLine = false
  /// The byte in front of the window is a CR, counted as a line end: an LF behind it belongs to it.
  private var followsCR = false

  init(_ input: any ByteInput, readSize: Int = usualReadSize) {
    self.input = input
    name = input.name
    let decoded = input as? CharsetInput
    units = decoded?.units ?? .bytes
    sourceOffset = Int64(decoded?.markCount ?? 0)
    self.readSize = max(1, readSize)
    capacity = self.readSize + self.readSize / 4
    unsafe memory = unsafe ByteWindow.allocate(capacity)
  }

  deinit { unsafe free(memory) }

  /// Zeroed, so that the padding is never read before it is written; untouched pages cost nothing.
  private static func allocate(_ size: Int) -> UnsafeMutablePointer<UInt8> {
    let count = size + padding
    guard let memory = unsafe calloc(count, 1) else {
      let room = UnsafeMutablePointer<UInt8>.allocate(capacity: count)
      unsafe room.initialize(repeating: 0, count: count)
      return unsafe room
    }
    return unsafe memory.assumingMemoryBound(to: UInt8.self)
  }

  var base: UnsafePointer<UInt8> { unsafe UnsafePointer(memory + start) }
  var count: Int { end - start }
  /// What is in the window; until it is filled or consumed.
  var bytes: Span<UInt8> {
    @_lifetime(borrow self)
    get { unsafe _overrideLifetime(Span(_unsafeStart: base, count: count), borrowing: self) }
  }

  /// Reads more behind what is there; false at the input's end.
  func fill() throws -> Bool {
    if isComplete { return false }
    if start > 0 {
      unsafe memmove(memory, memory + start, end - start)
      end -= start
      start = 0
    }
    if capacity - end < readSize { grow(to: max(capacity * 2, end + readSize)) }
    let count = try unsafe input.read(into: UnsafeMutableRawBufferPointer(start: memory + end, count: readSize))
    end += count
    // What was read before must not pass for the LF of a CRLF.
    unsafe memory[end] = 0
    if count == 0 { isComplete = true }
    return count > 0
  }

  /// Reads until at least `wanted` bytes are there or the input ends.
  func fill(atLeast wanted: Int) throws {
    while count < wanted, try fill() {}
  }

  private func grow(to size: Int) {
    let larger = unsafe ByteWindow.allocate(size)
    unsafe memcpy(larger, memory, end)
    unsafe free(memory)
    unsafe memory = unsafe larger
    capacity = size
  }

  /// Leaves out UTF-8's byte order mark.
  func skipMark() throws {
    try fill(atLeast: 3)
    if count >= 3, unsafe base[0] == 0xEF, unsafe base[1] == 0xBB, unsafe base[2] == 0xBF { consume(3) }
  }

  /// Moves the window's start forward.
  func consume(_ count: Int) {
    line = self.line(at: count)
    if count > 0 { followsCR = unsafe base[count - 1] == UInt8(ascii: "\r") }
    sourceOffset = sourceOffset(at: count)
    offset += Int64(count)
    start += count
  }

  /// Ends the last line of a complete input that does without a line end; the padding has room for it.
  /// - Parameter lineEnd: up to 64 bytes; empty: LF, unless CR or LF stand there already.
  func endLastLine(_ lineEnd: [UInt8] = []) {
    guard isComplete, !hasEndLine else { return }
    hasEndLine = true
    if lineEnd.isEmpty, count > 0, unsafe memory[end - 1] == 0x0A || memory[end - 1] == 0x0D { return }
    for byte in lineEnd.isEmpty ? [UInt8(ascii: "\n")] : lineEnd {
      unsafe memory[end] = byte
      end += 1
    }
    unsafe memory[end] = 0
  }

  /// The place in the (decompressed) input of a place in the window.
  func sourceOffset(at position: Int) -> Int64 { unsafe sourceOffset + Int64(units.count(base, position)) }

  /// A place in the window with its line and where it is in the input.
  struct Place {
    fileprivate(set) var position = 0
    /// 0 for a place that is not known yet.
    fileprivate(set) var line: Int64 = 0
    fileprivate(set) var offset: Int64 = 0
  }

  /// A place behind one that is known, or behind none: only what lies between them is looked at.
  func place(at position: Int, behind known: Place) -> Place {
    guard known.line > 0 else {
      return Place(position: position, line: line(at: position), offset: sourceOffset(at: position))
    }
    let count = position - known.position
    return unsafe Place(
      position: position, line: known.line + Int64(scan_count_lines(base + known.position, count)),
      offset: known.offset + Int64(units.count(base + known.position, count)))
  }

  /// The line number of a place in the window.
  func line(at position: Int) -> Int64 {
    if !lineEnd.isEmpty { return unsafe line + Int64(scan_count_text(base, position, lineEnd, lineEnd.count)) }
    let counted = unsafe followsCR && position > 0 && base[0] == UInt8(ascii: "\n")
    return unsafe line + Int64(scan_count_lines(base, position)) - (counted ? 1 : 0)
  }
}
