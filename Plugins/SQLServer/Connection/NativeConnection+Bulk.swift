internal import CFreeTDS
internal import Records

extension NativeConnection {
  /// Opens a bulk load into a table.
  /// - Parameter columns: the encoded form of each, and its place in the table, from 1.
  func beginBulk(
    _ table: String, _ columns: [(wire: WireType, place: Int)], hint: String, keepsIdentity: Bool
  ) throws(DatabaseError) {
    try begin()
    var isOpen = unsafe bcp_init(handle, table, nil, nil, Int32(DB_IN)) == SUCCEED
    if isOpen, keepsIdentity { isOpen = unsafe bcp_control(handle, BCPKEEPIDENTITY, 1) == SUCCEED }
    if isOpen, !hint.isEmpty {
      let text = EncodedColumn(.bytes, rows: 1) { cells in cells.append { $0.append(text: hint) } }
      isOpen = unsafe text.withValue(0) { start, count in
        unsafe bcp_options(handle, BCPHINTS, start, Int32(count)) == SUCCEED
      }
    }
    // Any address: each row gives its own.
    let none = EncodedColumn(.bytes, rows: 1) { $0.appendNull() }
    for column in columns where isOpen {
      isOpen = unsafe none.withCell(0) { start in
        unsafe bcp_bind(
          handle, start, 4, -1, nil, 0, Int32(NativeConnection.bulkType(column.wire)), Int32(column.place)) == SUCCEED
      }
    }
    if !isOpen { throw fail() }
  }

  /// Sends a row of columns that were bound.
  @inline(__always)
  func sendRow(_ row: Int, _ columns: [EncodedColumn], _ places: [Int32]) throws(DatabaseError) {
    let columns = columns.span
    for index in columns.indices {
      unsafe columns[index].withCell(row) { start in _ = unsafe bcp_colptr(handle, start, places[index]) }
    }
    if unsafe bcp_sendrow(handle) != SUCCEED { throw fail() }
  }

  /// Ends the load; how many rows the server says it has taken.
  func endBulk() throws(DatabaseError) -> Int64 {
    let count = unsafe bcp_done(handle)
    guard count >= 0, messages.error == nil else { throw fail() }
    return Int64(count)
  }

  private static func bulkType(_ wire: WireType) -> Int {
    switch wire {
    case .bit: SYBBIT
    case .int8: SYBINT1
    case .int16: SYBINT2
    case .int32: SYBINT4
    case .int64: SYBINT8
    case .float32: SYBREAL
    case .float64: SYBFLT8
    case .money: SYBMONEY
    case .smallmoney: SYBMONEY4
    case .datetime: SYBDATETIME
    case .smalldatetime: SYBDATETIME4
    case .decimal: SYBDECIMAL
    case .time: SYBMSTIME
    case .moment: SYBMSDATETIME2
    case .offsetMoment: SYBMSDATETIMEOFFSET
    case .guid: ServerType.guid
    case .text: SYBVARCHAR
    case .bytes: SYBVARBINARY
    }
  }
}
