internal import Records
internal import SQL

/// Looks for the rows that the server says it has taken, by counting those of the table in the same transaction: a
/// client was seen to report rows as copied into a table that stayed empty.
///
/// A load that commits many chunks counts again only when as many rows have come as there were: all counts together
/// look at no more than twice the rows of the last one.
final class RowCounts {
  private struct Count {
    /// At the last look.
    var rows: Int64
    /// What has been confirmed since.
    var added: Int64 = 0
    var isFirst = true
  }

  private var counts: [String: Count] = [:]

  /// What was counted is taken back.
  func forget() { counts = [:] }

  /// Before rows are loaded into a table.
  func begin(_ table: String, _ connection: NativeConnection) throws(DatabaseError) {
    if counts[table] == nil { counts[table] = Count(rows: try RowCounts.rows(of: table, connection)) }
  }

  /// After so many were confirmed.
  /// - Returns: what is wrong: the rows that should be there, and those that are.
  func end(
    _ table: String, _ confirmed: Int64, _ connection: NativeConnection
  ) throws(DatabaseError) -> (expected: Int64, found: Int64)? {
    guard var count = counts[table] else { return nil }
    count.added += confirmed
    if count.isFirst || count.added >= count.rows {
      let rows = try RowCounts.rows(of: table, connection)
      let found = rows - count.rows
      if found < count.added { return (count.added, found) }
      count = Count(rows: rows, isFirst: false)
    }
    counts[table] = count
    return nil
  }

  private static func rows(of table: String, _ connection: NativeConnection) throws(DatabaseError) -> Int64 {
    let rows = try connection.texts("SELECT COUNT_BIG(*) FROM \(table)")
    return rows.first?.first?.flatMap { Int64($0) } ?? 0
  }
}
