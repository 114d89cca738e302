internal import Records

/// Builds commands from encoded rows.
enum PacketBuilder {
  /// COM_STMT_BULK_EXECUTE of MariaDB: the types once, then row by row an indicator and the value. Stops before the
  /// packet outgrows `limit`, but takes one row at least.
  /// - Returns: rows taken.
  static func bulk(_ id: UInt32, _ rows: WireRows, _ range: Range<Int>, limit: Int, into out: inout ByteBuffer) -> Int {
    out.removeAll()
    out.append(little: id)
    out.append(little: sendTypes)
    rows.appendTypes(to: &out)
    let width = rows.width
    for row in range {
      let start = out.count
      for column in 0..<width {
        if rows.isNull(row, column) {
          out.append(byte: 1)
        } else {
          out.append(byte: 0)
          rows.append(row, column, to: &out)
        }
      }
      if out.count > limit && row > range.lowerBound {
        out.truncate(to: start)
        return row - range.lowerBound
      }
    }
    return range.count
  }

  /// STMT_BULK_FLAG_CLIENT_SEND_TYPES.
  private static let sendTypes: UInt16 = 128

  /// COM_STMT_EXECUTE with the parameters of `range` one after the other, for a statement with a placeholder for each.
  static func execute(_ id: UInt32, _ rows: WireRows, _ range: Range<Int>, into out: inout ByteBuffer) {
    out.removeAll()
    out.append(little: id)
    out.append(byte: 0)
    out.append(little: UInt32(1))
    if rows.width * range.count == 0 { return }
    appendNulls(rows, range, to: &out)
    out.append(byte: 1)
    for _ in range { rows.appendTypes(to: &out) }
    for row in range {
      for column in 0..<rows.width where !rows.isNull(row, column) { rows.append(row, column, to: &out) }
    }
  }

  private static func appendNulls(_ rows: WireRows, _ range: Range<Int>, to out: inout ByteBuffer) {
    let start = out.count
    out.append(repeating: 0, count: (rows.width * range.count + 7) / 8)
    var bit = 0
    for row in range {
      for column in 0..<rows.width {
        if rows.isNull(row, column) { out[start + (bit >> 3)] |= 1 << UInt8(truncatingIfNeeded: bit & 7) }
        bit += 1
      }
    }
  }
}
