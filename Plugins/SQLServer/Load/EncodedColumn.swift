internal import Records

/// The values of a column while they are being encoded: nothing of it is shared, so nothing is counted or checked.
struct CellWriter: ~Copyable {
  fileprivate var bytes: ByteBuffer
  fileprivate var starts: [Int] = []
  /// Rows whose value has no bytes and is not NULL.
  fileprivate var empties: [Int] = []
  /// Bytes of the longest value.
  fileprivate var longest = 0

  fileprivate init(rows: Int) {
    bytes = ByteBuffer(capacity: rows * 24 + 64)
    starts.reserveCapacity(rows)
  }

  @inline(__always)
  mutating func appendNull() {
    starts.append(bytes.count)
    bytes.append(little: Int32(-1))
  }

  /// Appends what `write` writes.
  @inline(__always)
  mutating func append(_ write: (inout ByteBuffer) -> Void) {
    // The values themselves at multiples of eight: the library reads them as numbers.
    while bytes.count & 7 != 4 { bytes.append(byte: 0) }
    let start = bytes.count
    bytes.append(little: Int32(0))
    write(&bytes)
    let length = bytes.count - start - 4
    longest = max(longest, length)
    if length == 0 { empties.append(starts.count) }
    bytes.patch(little: Int32(truncatingIfNeeded: length), at: start)
    starts.append(start)
  }
}

/// The values of a column as the library takes them, one behind the other: four bytes of length, -1 for NULL, and the
/// bytes.
@safe final class EncodedColumn {
  let wire: WireType
  /// Rows whose value has no bytes and is not NULL.
  let empties: [Int]
  /// Bytes of the longest value.
  let longest: Int
  private let bytes: ByteBuffer
  private let starts: [Int]

  @inline(__always)
  init<E>(_ wire: WireType, rows: Int, _ fill: (inout CellWriter) throws(E) -> Void) throws(E) {
    var cells = CellWriter(rows: rows)
    try fill(&cells)
    self.wire = wire
    empties = cells.empties
    longest = cells.longest
    starts = cells.starts
    bytes = cells.bytes
  }

  var count: Int { starts.count }

  /// -1 for NULL.
  func length(_ row: Int) -> Int {
    let start = starts[row]
    return unsafe bytes.withUnsafeBytes { unsafe Int($0.loadUnaligned(fromByteOffset: start, as: Int32.self)) }
  }

  /// For C, which takes pointers to what it does not change. The memory stays where it is as long as the column lives.
  func withValue<T>(_ row: Int, _ body: (UnsafeMutablePointer<UInt8>?, Int) -> T) -> T {
    unsafe withCell(row) { start in unsafe body(start.map { unsafe $0 + 4 }, length(row)) }
  }

  /// With its length in front.
  @inline(__always)
  func withCell<T>(_ row: Int, _ body: (UnsafeMutablePointer<UInt8>?) -> T) -> T {
    unsafe bytes.withUnsafeBytes { all in
      let start = unsafe all.baseAddress?.advanced(by: starts[row]).assumingMemoryBound(to: UInt8.self)
      return unsafe body(start.map { unsafe UnsafeMutablePointer(mutating: $0) })
    }
  }
}
