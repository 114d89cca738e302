internal import Records

/// A sliding window over an input: what has been read and not yet consumed lies in one piece of memory, with
/// zeros behind it that C may read.
final class ByteWindow {
  private static let padding = 128
  /// 1 MiB: large enough to make calls cheap, small enough to stay in the second-level cache with its index.
  static let usualReadSize = 1 << 20

  let name: String
  private let input: any ByteInput
  private let readSize: Int
  /// What is in the window from `start` on, and the padding.
  private var memory: ByteBuffer
  private var start = 0
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
    memory = ByteBuffer(capacity: self.readSize + self.readSize / 4 + ByteWindow.padding)
    memory.append(repeating: 0, count: ByteWindow.padding)
  }

  var count: Int { memory.count - ByteWindow.padding - start }
  /// What is in the window; until it is filled or consumed.
  var bytes: Span<UInt8> {
    @_lifetime(borrow self)
    get { unsafe _overrideLifetime(memory.span.extracting(start..<start + count), borrowing: self) }
  }
  /// A byte of the window, or of the padding.
  subscript(_ index: Int) -> UInt8 { memory[start + index] }
  /// The same with the padding behind it.
  var padded: Span<UInt8> {
    @_lifetime(borrow self)
    get { unsafe _overrideLifetime(memory.span.extracting(droppingFirst: start), borrowing: self) }
  }

  /// The same with so much of the padding behind it.
  @_lifetime(borrow self)
  func padded(by slack: Int) -> Span<UInt8> { padded.extracting(first: count + slack) }

  /// Reads more behind what is there; false at the input's end.
  func fill() throws -> Bool {
    if isComplete { return false }
    memory.truncate(to: memory.count - ByteWindow.padding)
    // Also where reading fails: what was read before must not pass for the LF of a CRLF.
    defer { memory.append(repeating: 0, count: ByteWindow.padding) }
    memory.removeFirst(start)
    start = 0
    memory.reserveCapacity(readSize + ByteWindow.padding)
    let count = try memory.append(upTo: readSize) { try input.read(into: &$0) }
    if count == 0 { isComplete = true }
    return count > 0
  }

  /// Reads until at least `wanted` bytes are there or the input ends.
  func fill(atLeast wanted: Int) throws {
    while count < wanted, try fill() {}
  }

  /// Leaves out UTF-8's byte order mark.
  func skipMark() throws {
    try fill(atLeast: 3)
    if padded.starts(with: [0xEF, 0xBB, 0xBF]) { consume(3) }
  }

  /// Moves the window's start forward.
  func consume(_ count: Int) {
    line = self.line(at: count)
    if count > 0 { followsCR = bytes[count - 1] == UInt8(ascii: "\r") }
    sourceOffset = sourceOffset(at: count)
    offset += Int64(count)
    start += count
  }

  /// Ends the last line of a complete input that does without a line end.
  /// - Parameter lineEnd: up to 64 bytes; empty: LF, unless CR or LF stand there already.
  func endLastLine(_ lineEnd: [UInt8] = []) {
    guard isComplete, !hasEndLine else { return }
    hasEndLine = true
    if lineEnd.isEmpty, let last = bytes.last, last == 0x0A || last == 0x0D { return }
    memory.truncate(to: memory.count - ByteWindow.padding)
    memory.append(lineEnd.isEmpty ? [UInt8(ascii: "\n")] : lineEnd)
    memory.append(repeating: 0, count: ByteWindow.padding)
  }

  /// The place in the (decompressed) input of a place in the window.
  func sourceOffset(at position: Int) -> Int64 {
    sourceOffset + Int64(units.count(bytes.extracting(first: position)))
  }

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
    let between = padded.extracting(droppingFirst: known.position)
    let count = position - known.position
    return Place(
      position: position, line: known.line + Int64(Scan.lineCount(between, count)),
      offset: known.offset + Int64(units.count(between.extracting(first: count))))
  }

  /// The line number of a place in the window.
  func line(at position: Int) -> Int64 {
    if !lineEnd.isEmpty { return line + Int64(Scan.count(of: lineEnd, padded, position)) }
    let counted = followsCR && position > 0 && padded[0] == UInt8(ascii: "\n")
    return line + Int64(Scan.lineCount(padded, position)) - (counted ? 1 : 0)
  }
}
