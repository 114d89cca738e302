internal import CODBC
internal import Records
internal import SQL

/// Runs a prepared statement for the rows of a batch: many sets of parameters in one call of the driver where it keeps
/// its word, else row by row. To be used within `NativeConnection.call`.
final class ParameterSets {
  /// What a driver said of an array, where that is not what an array comes to.
  struct Mismatch {
    var sent: Int
    var told: String
  }

  enum Problem: Error {
    /// - Parameter row: of the batch, from 0; nil where nobody says which.
    case database(DatabaseError, rows: Range<Int>, row: Int?)
    case mismatch(Mismatch)
  }

  private let statement: StatementHandle
  /// Each set changes one row: a plain INSERT.
  private let isInsert: Bool
  /// Bytes of the arrays of one call.
  private static let room = 4 << 20

  init(_ statement: StatementHandle, isInsert: Bool) {
    self.statement = statement
    self.isInsert = isInsert
  }

  /// Rows changed.
  func run(_ encoders: [RowEncoder], _ count: Int, most: Int) throws(Problem) -> Int64 {
    if encoders.isEmpty || most == 1 { return try runEach(encoders, count) }
    var (row, changed) = (0, Int64(0))
    while row < count {
      let rows = part(encoders, from: row, to: min(count, row + max(most, 1)))
      changed += try run(encoders, rows)
      row = rows.upperBound
    }
    return changed
  }

  /// Row by row, in the same memory as long as the values fit.
  private func runEach(_ encoders: [RowEncoder], _ count: Int) throws(Problem) -> Int64 {
    var changed: Int64 = 0
    var arrays: [BoundColumn] = []
    for row in 0..<count {
      do throws(DatabaseError) {
        statement.close()
        let widths = encoders.map { $0.width(row..<row + 1) }
        if row == 0 || zip(arrays, widths).contains(where: { $0.width < $1 }) {
          arrays = zip(encoders, widths).map { $0.array(1, width: $0.isFixed ? $1 : $1 + $1 / 2) }
        }
        // Again for each row: some drivers keep the length of what they have seen.
        try bind(encoders, arrays)
        for (index, encoder) in encoders.enumerated() { encoder.fill(arrays[index], row..<row + 1) }
        try statement.execute()
        let told = try total()
        // One row at most: what is counted beside it are changes of triggers.
        changed += isInsert ? min(told, 1) : told
      } catch {
        throw .database(error, rows: row..<row + 1, row: row)
      }
    }
    withExtendedLifetime(arrays) {}
    return changed
  }

  /// As many rows as there is room for: the longest value of each column counts for all.
  private func part(_ encoders: [RowEncoder], from first: Int, to end: Int) -> Range<Int> {
    var rows = first..<end
    while rows.count > 1 {
      let bytes = encoders.reduce(0) { $0 + $1.width(rows) + 8 } * rows.count
      if bytes <= ParameterSets.room { break }
      rows = first..<first + max(1, rows.count * ParameterSets.room / bytes / 2)
    }
    return rows
  }

  private func run(_ encoders: [RowEncoder], _ rows: Range<Int>) throws(Problem) -> Int64 {
    let statuses = ParameterStatuses(rows.count)
    defer { statuses.unbind(from: statement) }
    let changed: Int64
    do throws(DatabaseError) {
      statement.close()
      try statuses.bind(to: statement)
      let arrays = encoders.map { $0.array(rows.count, width: $0.width(rows)) }
      try bind(encoders, arrays)
      for (index, encoder) in encoders.enumerated() { encoder.fill(arrays[index], rows) }
      defer { withExtendedLifetime(arrays) {} }
      try statement.execute()
      if statuses.firstError != nil { throw statement.diagnostics.error }
      changed = try total()
    } catch {
      let told = error.row.flatMap { (1...rows.count).contains($0) ? $0 - 1 : nil }
      let row = rows.count == 1 ? 0 : statuses.firstError ?? told
      throw .database(error, rows: rows, row: row.map { rows.lowerBound + $0 })
    }
    if rows.count > 1, let told = told(statuses, rows.count, changed) {
      throw .mismatch(Mismatch(sent: rows.count, told: told))
    }
    return changed
  }

  private func bind(_ encoders: [RowEncoder], _ arrays: [BoundColumn]) throws(DatabaseError) {
    for (index, array) in arrays.enumerated() {
      try statement.check(
        unsafe array.bind(parameter: index + 1, of: statement.handle, as: encoders[index].type(array.width)))
    }
  }

  /// What the driver says of an array, where that is not what was sent.
  private func told(_ statuses: ParameterStatuses, _ sent: Int, _ changed: Int64) -> String? {
    if statuses.processed != sent { return "it took \(statuses.processed) of them" }
    if !statuses.areFilled { return "it says nothing of some of them" }
    return isInsert && changed != Int64(sent) ? "it has inserted \(changed) of them" : nil
  }

  /// One count for all, or a count for each set, one behind the other.
  private func total() throws(DatabaseError) -> Int64 {
    var changed: Int64 = 0
    while true {
      if statement.columnCount == 0 { changed += statement.rowCount ?? 0 }
      if try !statement.nextResult() { return changed }
    }
  }
}

/// What a driver says about each set of an array.
@safe final class ParameterStatuses {
  private let statuses: BoundColumn
  private let fetched = BoundColumn(NativeType.uint64, width: MemoryLayout<SQLULEN>.size, rows: 1)
  private let count: Int
  /// What no driver writes.
  private static let untouched: SQLUSMALLINT = 0xFEED

  init(_ count: Int) {
    self.count = count
    statuses = BoundColumn(NativeType.uint16, width: MemoryLayout<SQLUSMALLINT>.size, rows: count)
    for row in 0..<count { statuses.set(ParameterStatuses.untouched, row) }
  }

  func bind(to statement: StatementHandle) throws(DatabaseError) {
    let isTaken = Int32(statement.set(SQL_ATTR_PARAMSET_SIZE, count)) == SQL_SUCCESS
    guard isTaken || count == 1 else {
      throw DatabaseError(state: "HYC00", number: 0, text: "the driver takes no arrays of parameters")
    }
    let handle = unsafe statement.handle
    _ = unsafe fetched.point(SQL_ATTR_PARAMS_PROCESSED_PTR, of: handle)
    _ = unsafe statuses.point(SQL_ATTR_PARAM_STATUS_PTR, of: handle)
  }

  /// What comes next has one set, and nothing of this one is written to any more.
  func unbind(from statement: StatementHandle) {
    let handle = unsafe statement.handle
    _ = statement.set(SQL_ATTR_PARAMSET_SIZE, 1)
    _ = unsafe SQLSetStmtAttr(handle, SQL_ATTR_PARAMS_PROCESSED_PTR, nil, 0)
    _ = unsafe SQLSetStmtAttr(handle, SQL_ATTR_PARAM_STATUS_PTR, nil, 0)
    _ = unsafe SQLFreeStmt(handle, UInt16(SQL_RESET_PARAMS))
  }

  var processed: Int { fetched.count }

  /// From 0.
  var firstError: Int? {
    let statuses = statuses
    let each = statuses.values(as: SQLUSMALLINT.self)
    return (0..<count).first { Int32(each[$0]) == SQL_PARAM_ERROR }
  }

  var areFilled: Bool {
    let statuses = statuses
    let each = statuses.values(as: SQLUSMALLINT.self)
    return (0..<count).allSatisfy { each[$0] != ParameterStatuses.untouched }
  }
}
