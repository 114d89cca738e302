internal import CODBC
internal import Records

/// Values that are asked for one by one, in pieces: SQLGetData.
final class LongValues {
  /// Room for a piece, kept from value to value.
  private var piece = BoundColumn(SQL_C_CHAR, width: 64 << 10, rows: 1)

  /// Reads all of a value.
  /// - Returns: false for NULL.
  func read(
    _ statement: StatementHandle, _ column: Int, _ codec: FieldCodec, _ type: DataType, into out: inout ByteBuffer
  ) throws(DatabaseError) -> Bool {
    out.removeAll(keepingUpTo: 1 << 20)
    let native = codec.native(type)
    if Int32(piece.type) != native { piece = BoundColumn(native, width: piece.width, rows: 1) }
    var part = piece
    while true {
      let step = try statement.get(column, part)
      if step.isEnd { return true }
      let length = Int(part.indicators[0])
      if length == Int(SQL_NULL_DATA) { return false }
      let room = part.width - codec.terminator
      let isCut = codec.isVariable && (length < 0 || length > room)
      let used = codec.isVariable ? (isCut ? room : length) : max(length, 0)
      out.append(part.values(as: UInt8.self).extracting(first: min(used, part.width)))
      if !isCut { return true }
      // The rest at once, where the driver tells how much it is.
      if length > 4 * room { part = BoundColumn(native, width: min(length, 4 << 20) & ~1, rows: 1) }
    }
  }
}

extension Span<UInt8> {
  /// The same bytes as UTF-16, which lies in memory as this machine has numbers.
  func withUnits<T>(_ body: (Span<UInt16>) -> T) -> T {
    let copy = Buffer(copying: self)
    return body(copy.values(as: UInt16.self))
  }
}
