internal import CODBC
internal import Records

/// A value that is asked for by itself, in pieces: SQLGetData.
enum LongValue {
  /// Bytes of a piece.
  private static let piece = 64 << 10

  /// Reads all of it.
  /// - Returns: false for NULL.
  static func read(
    _ statement: StatementHandle, _ column: Int, _ codec: FieldCodec, _ type: DataType, into out: inout ByteBuffer
  ) throws(DatabaseError) -> Bool {
    out.removeAll(keepingUpTo: 1 << 20)
    var part = BoundColumn(codec.native(type), width: piece, rows: 1)
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
      if length > 4 * room { part = BoundColumn(codec.native(type), width: min(length, 4 << 20) & ~1, rows: 1) }
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
