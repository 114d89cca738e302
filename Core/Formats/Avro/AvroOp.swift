internal import Glibc
internal import Records

/// One step of reading a row, with the memory that it appends to. Plain memory: the row loop touches no reference.
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
}

/// Why the row loop has come back.
@safe enum AvroStop {
  /// As many rows as were asked for, or as fit into the batch.
  case rows
  /// The bytes end within a row, which the cursor stands at again.
  case end
  /// A row is bad, for a reason: it is taken back, and the cursor stands behind it.
  case bad(String, start: UnsafePointer<UInt8>)
  /// The place of what follows is unknown; the text says in which column.
  case fault(AvroFault, String)
}
