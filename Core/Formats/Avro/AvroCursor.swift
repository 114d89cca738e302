internal import Records

/// Why bytes cannot be read any further: the place of what follows is unknown.
enum AvroFault: UInt8 {
  case none
  /// The bytes end within a value.
  case end
  case number, length, branch, count, depth, text

  var text: String {
    switch self {
    case .none: "nothing is wrong"
    case .end: "a row goes on behind the block's end"
    case .number: "a number of more than 64 bits"
    case .length: "a length below zero, or of more bytes than there are"
    case .branch: "a union's branch that the schema does not have"
    case .count: "a number of elements that cannot be"
    case .depth: "values nested more than \(AvroSlow.maxDepth) deep"
    case .text: "nested values whose JSON text takes more than \(AvroBlocks.Bound.json) bytes"
    }
  }
}

/// What is wrong with a value whose end is known: its row is bad, the rows behind it are not.
enum AvroFlaw: UInt8 {
  case none
  case utf8, boolean, symbol, readerSymbol, integer, decimal, time, uuid, json, number, mismatch

  var text: String {
    switch self {
    case .none: "nothing is wrong"
    case .utf8: "a text that is not UTF-8"
    case .boolean: "a boolean that is neither 0 nor 1"
    case .symbol: "an enum's symbol that the schema does not have"
    case .readerSymbol: "an enum's symbol that the given schema does not have"
    case .integer: "a number that is out of its type's range"
    case .decimal: "a decimal of more digits than its type has"
    case .time: "a time that is out of the range of its unit, or has digits that the column does not keep"
    case .uuid: "a text that is not a UUID"
    case .json: "a text that is not JSON"
    case .number: "a text that is not a number"
    case .mismatch: "a value of a type that the given schema has no place for"
    }
  }
}

/// A place in bytes; none behind their end is read.
///
/// `need`, `length` and `has` say whether bytes are there; whoever takes them has asked. The bounds are not looked at
/// once more: a file of plain values took a fifth more instructions with that.
struct AvroCursor: ~Escapable {
  let bytes: Span<UInt8>
  /// Of the next byte.
  var at = 0
  var fault = AvroFault.none
  var flaw = AvroFlaw.none
  /// The node of a `mismatch`.
  var flawNode = 0
  /// Bytes that values become beyond those they take in the file, for the bound of a batch.
  var growth = 0
  /// How many bytes may follow the end once more of the block is there.
  var beyond = Int64(AvroBlocks.Bound.row)

  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>) { self.bytes = bytes }

  @inline(__always) var left: Int { bytes.count &- at }

  /// The next byte, which is there.
  @inline(__always) var first: UInt8 { unsafe bytes[unchecked: at] }

  /// The next bytes, which are there.
  @inline(__always)
  @_lifetime(copy self)
  mutating func take(_ count: Int) -> Span<UInt8> {
    let part = unsafe bytes.extracting(unchecked: Range(uncheckedBounds: (at, at &+ count)))
    at &+= count
    return part
  }

  /// The next bytes, which are there, as a number of their size.
  @inline(__always)
  mutating func load<T: FixedWidthInteger & BitwiseCopyable>(as _: T.Type) -> T {
    let value = unsafe bytes.bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: at, as: T.self)
    at &+= MemoryLayout<T>.size
    return value
  }

  /// A number of the zigzag encoding; false at a fault.
  @inline(__always)
  mutating func long(_ value: inout Int64) -> Bool {
    if at < bytes.count {
      let first = first
      if first < 0x80 {
        at &+= 1
        value = Int64(first >> 1) ^ -Int64(first & 1)
        return true
      }
    }
    return longer(&value)
  }

  /// The same for an `int`, which has 32 bits and takes at most five bytes.
  @inline(__always)
  mutating func int(_ value: inout Int64) -> Bool {
    let start = at
    guard long(&value) else { return false }
    if value != Int64(Int32(truncatingIfNeeded: value)) || at &- start > 5 { mark(.integer) }
    return true
  }

  @inline(__always)
  private mutating func longer(_ value: inout Int64) -> Bool {
    guard left >= 10 else { return careful(&value) }
    var bits = UInt64(first & 0x7F)
    var shift: UInt64 = 7
    var index = 1
    while index < 10 {
      let byte = unsafe bytes[unchecked: at &+ index]
      index &+= 1
      bits |= UInt64(byte & 0x7F) &<< shift
      if byte < 0x80 {
        if index == 10, byte > 1 { break }
        at &+= index
        value = Int64(bitPattern: bits >> 1) ^ -Int64(bitPattern: bits & 1)
        return true
      }
      shift &+= 7
    }
    fault = .number
    return false
  }

  @inline(never)
  private mutating func careful(_ value: inout Int64) -> Bool {
    var bits: UInt64 = 0
    var shift: UInt64 = 0
    var place = at
    while place < bytes.count {
      let byte = bytes[place]
      place += 1
      if shift == 63, byte > 1 {
        fault = .number
        return false
      }
      bits |= UInt64(byte & 0x7F) &<< shift
      if byte < 0x80 {
        at = place
        value = Int64(bitPattern: bits >> 1) ^ -Int64(bitPattern: bits & 1)
        return true
      }
      shift += 7
    }
    fault = .end
    return false
  }

  /// The length of bytes that are all there.
  @inline(__always)
  mutating func length(_ count: inout Int) -> Bool {
    var number: Int64 = 0
    guard long(&number) else { return false }
    return has(number, &count)
  }

  @inline(__always)
  mutating func has(_ number: Int64, _ count: inout Int) -> Bool {
    if number >= 0, number <= Int64(left) {
      count = Int(truncatingIfNeeded: number)
      return true
    }
    fault = number < 0 || number > Int64(left) + beyond ? .length : .end
    return false
  }

  /// Whether so many bytes are there.
  @inline(__always)
  mutating func need(_ count: Int) -> Bool {
    if count <= left { return true }
    fault = .end
    return false
  }

  /// The branch of a union, or the symbol of an enum, below `count`.
  mutating func branch(_ count: Int, _ index: inout Int) -> Bool {
    var number: Int64 = 0
    guard long(&number) else { return false }
    guard number >= 0, number < Int64(count) else {
      fault = .branch
      return false
    }
    index = Int(number)
    return true
  }

  /// The head of a run of an array's or a map's items: 0 at the end. `most` is how many it may have. The
  /// size in bytes that follows a negative count only helps to skip: it is read and checked.
  mutating func items(most: Int, _ count: inout Int) -> Bool {
    var number: Int64 = 0
    guard long(&number) else { return false }
    if number < 0 {
      var size: Int64 = 0
      guard number != .min, long(&size) else {
        if fault == .none { fault = .count }
        return false
      }
      number = -number
      guard size >= 0 else {
        fault = .count
        return false
      }
    }
    guard number <= Int64(most) else {
      fault = .count
      return false
    }
    count = Int(number)
    return true
  }

  /// Marks the row as bad; the first flaw is the one that is told.
  @inline(never)
  mutating func mark(_ flaw: AvroFlaw, node: Int = 0) {
    guard self.flaw == .none else { return }
    self.flaw = flaw
    flawNode = node
  }
}
