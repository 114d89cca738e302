extension NativeConnection {
  /// The first warning of the last command that says that a value was cut, rounded or read as another one. Strict mode
  /// makes errors of most of them, but not of digits that a DECIMAL or a DATE has no room for.
  func changeOfValues() throws(DatabaseError) -> DatabaseError? {
    guard warningCount > 0 else { return nil }
    for row in try texts("SHOW WARNINGS") {
      guard row.count > 2, let code = row[1].flatMap({ Int($0) }), NativeConnection.changes.contains(code) else {
        continue
      }
      return DatabaseError(number: code, state: "22000", text: row[2] ?? "")
    }
    return nil
  }

  /// Out of range, truncated, incorrect value, too long, incorrect datetime, and MariaDB's overflow and bad data.
  private static let changes: Set = [1_264, 1_265, 1_292, 1_300, 1_366, 1_406, 1_411, 1_441, 1_916, 1_918]
}
