internal import Records

/// Builds commands from encoded columns.
enum PacketBuilder {
  /// COM_STMT_BULK_EXECUTE of MariaDB: the types once, then row by row an indicator and the value. Stops before the
  /// packet outgrows `limit`, but takes one row at least.
  /// - Returns: rows taken.
  static func bulk(
    _ id: UInt32, _ columns: [WireColumn], rows: Range<Int>, limit: Int, into out: inout TextBuffer
  ) -> Int {
    out.removeAll()
    append(id, to: &out)
    append(sendTypes, to: &out)
    for column in columns { append(column.type, to: &out) }
    return unsafe columns.withUnsafeBufferPointer { columns in
      for row in rows {
        let start = out.count
        for column in columns.indices {
          if unsafe columns[column].isNull(row) {
            out.append(byte: 1)
          } else {
            out.append(byte: 0)
            unsafe columns[column].append(row, to: &out)
          }
        }
        if out.count > limit && row > rows.lowerBound {
          out.truncate(to: start)
          return row - rows.lowerBound
        }
      }
      return rows.count
    }
  }

  /// STMT_BULK_FLAG_CLIENT_SEND_TYPES.
  private static let sendTypes: UInt16 = 128

  /// COM_STMT_EXECUTE with the parameters of `rows` one after the other, for a statement with a placeholder for each.
  static func execute(_ id: UInt32, _ columns: [WireColumn], rows: Range<Int>, into out: inout TextBuffer) {
    out.removeAll()
    append(id, to: &out)
    out.append(byte: 0)
    append(UInt32(1), to: &out)
    let count = columns.count * rows.count
    if count == 0 { return }
    appendNulls(columns, rows, to: &out)
    out.append(byte: 1)
    for _ in rows { for column in columns { append(column.type, to: &out) } }
    unsafe columns.withUnsafeBufferPointer { columns in
      for row in rows {
        for column in columns.indices where unsafe !columns[column].isNull(row) {
          unsafe columns[column].append(row, to: &out)
        }
      }
    }
  }

  private static func appendNulls(_ columns: [WireColumn], _ rows: Range<Int>, to out: inout TextBuffer) {
    let size = (columns.count * rows.count + 7) / 8
    let bits = unsafe out.reserve(size)
    for at in 0..<size { unsafe bits[at] = 0 }
    var bit = 0
    for row in rows {
      for column in columns {
        if column.isNull(row) { unsafe bits[bit >> 3] |= 1 << UInt8(bit & 7) }
        bit += 1
      }
    }
    out.advance(size)
  }

  private static func append<T: FixedWidthInteger & BitwiseCopyable>(_ value: T, to out: inout TextBuffer) {
    unsafe withUnsafeBytes(of: value.littleEndian) { unsafe out.append(bytes: $0) }
  }
}
