internal import Glibc
internal import Records

/// One step of reading a row, with the memory that it appends to. Plain memory: the row loop touches no reference, and
/// has made sure that there is room for the row.
///
/// The pointers are raw: spans cannot lie in an array, and made anew for each value they would cost what they guard.
@safe struct AvroOp {
  enum Kind: UInt8 {
    case bool, int, long, promoted, scaled, time, float, double
    case text, bytes, fixed, enumeration, json
    /// Decimals in 128 bits, with a length in front or of `size` bytes.
    case decimal, fixedDecimal
    /// 16 bytes that stay as they are, and the text of them.
    case uuid, uuidText
    /// Whatever goes through `AvroSlow` into a builder: lists and rare types.
    case slow
    /// Skips a value.
    case skip
    /// A record that may be NULL: the next `size` steps are its fields.
    case group
  }

  var kind: Kind
  /// Whether the branch of a union stands in front; its encoded forms for NULL and for the value.
  var isNullable = false
  var nullBranch: UInt8 = 0
  var valueBranch: UInt8 = 2
  /// Bytes of a value, of a fixed; steps of a group.
  var size = 0
  var width = 0
  var factor: Int64 = 1
  /// Units of a day, for a time of day.
  var day: Int64 = 0
  /// 10^precision of a decimal.
  var bound: UInt128 = 0
  /// Which action, for those that go through the program, and its node there.
  var slot = 0
  var node = 0
  /// Which builder, for `slow`.
  var builder = 0
  /// Which column of the batch; -1 for none.
  var column = -1

  var values: UnsafeMutableRawPointer
  var offsets: UnsafeMutablePointer<Int32>
  var validity: UnsafeMutablePointer<UInt8>
  var byteCount = 0
  var byteCapacity = 0
  var nullCount = 0

  init(_ kind: Kind, width: Int = 0) {
    self.kind = kind
    self.width = width
    let nothing = unsafe AvroOp.nothing.base
    unsafe values = unsafe nothing
    unsafe offsets = unsafe nothing.assumingMemoryBound(to: Int32.self)
    unsafe validity = unsafe nothing.assumingMemoryBound(to: UInt8.self)
  }

  private static let nothing = Allocation(capacity: 64)

  @inline(__always)
  var isVariable: Bool {
    switch kind {
    case .text, .bytes, .fixed, .enumeration, .json: true
    default: false
    }
  }

  // MARK: values

  @inline(__always)
  mutating func setNull(_ row: Int) {
    unsafe validity[row >> 3] &= ~(1 << UInt8(truncatingIfNeeded: row & 7))
    nullCount += 1
    if isVariable {
      unsafe offsets[row + 1] = Int32(truncatingIfNeeded: byteCount)
    } else if width > 0 {
      unsafe memset(values + row * width, 0, width)
    }
  }

  /// A value of the step's width.
  @inline(__always)
  func set<T: BitwiseCopyable>(_ value: T, _ row: Int) {
    unsafe values.assumingMemoryBound(to: T.self)[row] = value
  }

  @inline(__always)
  func set(bool value: UInt8, _ row: Int) {
    unsafe values.assumingMemoryBound(to: UInt8.self)[row >> 3] |= (value & 1) << UInt8(truncatingIfNeeded: row & 7)
  }

  /// Whether bytes have to be made room for.
  @inline(__always)
  func lacksRoom(_ count: Int) -> Bool { byteCount &+ count &+ 8 > byteCapacity }

  /// Bytes, for which there is room.
  @inline(__always)
  mutating func append(_ bytes: Span<UInt8>, _ row: Int) {
    let target = unsafe values + byteCount
    unsafe bytes.withUnsafeBytes { if let source = $0.baseAddress { unsafe memcpy(target, source, $0.count) } }
    end(row, bytes.count)
  }

  @inline(__always)
  private mutating func end(_ row: Int, _ count: Int) {
    byteCount &+= count
    unsafe offsets[row &+ 1] = Int32(truncatingIfNeeded: byteCount)
  }

  /// The next bytes of a cursor, which are there, and for which there is room; false when they are not all ASCII.
  @inline(__always)
  mutating func appendText(_ length: Int, of c: inout AvroCursor, _ row: Int) -> Bool {
    let (at, left) = (c.at, c.left)
    let target = unsafe values + byteCount
    let high = unsafe c.bytes.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return 0 as UInt64 }
      return unsafe AvroOp.copy(base + at, length, left, to: target)
    }
    c.at &+= length
    end(row, length)
    return high & 0x8080_8080_8080_8080 == 0
  }

  /// Whole words: 8 bytes behind the target are room. Returns all bits that any byte has.
  @inline(__always)
  private static func copy(
    _ source: UnsafeRawPointer, _ length: Int, _ left: Int, to target: UnsafeMutableRawPointer
  ) -> UInt64 {
    var high: UInt64 = 0
    var at = 0
    while at &+ 8 <= length {
      let word = unsafe source.loadUnaligned(fromByteOffset: at, as: UInt64.self)
      unsafe target.storeBytes(of: word, toByteOffset: at, as: UInt64.self)
      high |= word
      at &+= 8
    }
    if at < length {
      let hasWord = left &- at >= 8
      let word =
        unsafe hasWord ? source.loadUnaligned(fromByteOffset: at, as: UInt64.self) : last(source + at, left - at)
      unsafe target.storeBytes(of: word, toByteOffset: at, as: UInt64.self)
      high |= word &<< UInt64(truncatingIfNeeded: (8 &- (length &- at)) &* 8)
    }
    return high
  }

  /// The last bytes as a word; nothing can be read behind them.
  @inline(never)
  private static func last(_ source: UnsafeRawPointer, _ count: Int) -> UInt64 {
    var word: UInt64 = 0
    unsafe withUnsafeMutableBytes(of: &word) {
      unsafe $0.copyMemory(from: UnsafeRawBufferPointer(start: source, count: count))
    }
    return word
  }

  /// Takes back what a row has left behind.
  mutating func takeBack(_ row: Int) {
    let bit: UInt8 = 1 << UInt8(row & 7)
    if unsafe validity[row >> 3] & bit == 0 {
      unsafe validity[row >> 3] |= bit
      nullCount -= 1
    }
    if isVariable { byteCount = unsafe Int(offsets[row]) }
    if kind == .bool { unsafe values.assumingMemoryBound(to: UInt8.self)[row >> 3] &= ~bit }
  }

  // MARK: memory

  /// What a step's pointers point into.
  struct Memory {
    var values: Allocation
    var offsets: Allocation?
    var validity: Allocation

    static let none = Memory(values: AvroOp.nothing, offsets: nil, validity: AvroOp.nothing)
  }

  /// Starts a batch of up to `rows` rows in memory of its own.
  mutating func start(rows: Int) -> Memory {
    let bits = (rows + 7) / 8
    let validity = Allocation(capacity: bits)
    unsafe memset(validity.base, 0xFF, bits)
    var offsets: Allocation?
    let size: Int
    if isVariable {
      // What the last batch needed, and a little.
      size = max(byteCount + byteCount / 16, 4_096) + 8
      let memory = Allocation(capacity: (rows + 1) * 4)
      unsafe self.offsets = unsafe memory.base.assumingMemoryBound(to: Int32.self)
      unsafe self.offsets[0] = 0
      offsets = memory
    } else {
      size = kind == .bool ? bits : rows * width
    }
    let values = Allocation(capacity: size)
    if kind == .bool { unsafe memset(values.base, 0, bits) }
    unsafe self.values = unsafe values.base
    unsafe self.validity = unsafe validity.base.assumingMemoryBound(to: UInt8.self)
    byteCount = 0
    byteCapacity = size
    nullCount = 0
    return Memory(values: values, offsets: offsets, validity: validity)
  }

  /// Moves the bytes so far into memory that has room for more; it replaces that of the values.
  mutating func grow(_ more: Int) -> Allocation {
    let size = max(byteCapacity * 2, byteCount + more + 8)
    let memory = Allocation(capacity: size)
    unsafe memcpy(memory.base, values, byteCount)
    unsafe values = unsafe memory.base
    byteCapacity = size
    return memory
  }
}

/// Why the row loop has come back.
enum AvroStop {
  /// As many rows as were asked for, or as fit into the batch.
  case rows
  /// The bytes end within a row, which the cursor stands at again.
  case end
  /// A row is bad, for a reason: it is taken back, and the cursor stands behind it.
  case bad(String, start: Int)
  /// The place of what follows is unknown; the text says in which column.
  case fault(AvroFault, String)
}
