internal import Records

/// The values of a column as the library takes them, one behind the other: four bytes of length, -1 for NULL, and the
/// bytes.
@safe final class EncodedColumn {
  let wire: WireType
  private var bytes: ByteBuffer
  private var starts: [Int]
  private var lengths: [Int32]
  /// Rows whose value has no bytes and is not NULL.
  private(set) var empties: [Int] = []
  /// Bytes of the longest value.
  private(set) var longest = 0

  init(_ wire: WireType, rows: Int) {
    self.wire = wire
    bytes = ByteBuffer(capacity: rows * 24 + 64)
    starts = []
    lengths = []
    starts.reserveCapacity(rows)
    lengths.reserveCapacity(rows)
  }

  // MARK: filling

  func appendNull() {
    starts.append(bytes.count)
    lengths.append(-1)
    bytes.append(little: Int32(-1))
  }

  /// Appends what `write` writes.
  @inline(__always)
  func append(_ write: (inout ByteBuffer) -> Void) {
    // The values themselves at multiples of eight: the library reads them as numbers.
    bytes.append(repeating: 0, count: (12 - bytes.count & 7) & 7)
    let start = bytes.count
    bytes.append(little: Int32(0))
    write(&bytes)
    let length = bytes.count - start - 4
    longest = max(longest, length)
    if length == 0 { empties.append(starts.count) }
    bytes.patch(little: Int32(truncatingIfNeeded: length), at: start)
    starts.append(start)
    lengths.append(Int32(truncatingIfNeeded: length))
  }

  // MARK: looking

  var count: Int { starts.count }

  /// -1 for NULL.
  func length(_ row: Int) -> Int { Int(lengths[row]) }

  /// For C, which takes pointers to what it does not change. The memory stays where it is as long as the column lives.
  func withValue<T>(_ row: Int, _ body: (UnsafeMutablePointer<UInt8>?, Int) -> T) -> T {
    unsafe bytes.withUnsafeBytes { all in
      let start = unsafe all.baseAddress?.advanced(by: starts[row] + 4).assumingMemoryBound(to: UInt8.self)
      return unsafe body(start.map { unsafe UnsafeMutablePointer(mutating: $0) }, length(row))
    }
  }

  /// With its length in front.
  func withCell<T>(_ row: Int, _ body: (UnsafeMutablePointer<UInt8>?) -> T) -> T {
    unsafe bytes.withUnsafeBytes { all in
      let start = unsafe all.baseAddress?.advanced(by: starts[row]).assumingMemoryBound(to: UInt8.self)
      return unsafe body(start.map { unsafe UnsafeMutablePointer(mutating: $0) })
    }
  }
}
