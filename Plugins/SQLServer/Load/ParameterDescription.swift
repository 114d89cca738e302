internal import Records
internal import SQL

/// What the server says of the placeholders of a statement, by `sp_describe_undeclared_parameters`; it also finds what
/// is wrong with the statement before the first row.
enum ParameterDescription {
  /// One for each placeholder `@p1`, `@p2` …; nil where the server does not tell.
  static func of(_ sql: String, _ count: Int, _ connection: NativeConnection) throws(DatabaseError) -> [DatabaseType?] {
    var types = [DatabaseType?](repeating: nil, count: count)
    let rows: [[String?]]
    do throws(DatabaseError) {
      rows = try connection.texts("EXEC sp_describe_undeclared_parameters \(TableCatalog.text(sql))")
    } catch {
      if error.isUndescribed { return types }
      throw error
    }
    for row in rows where row.count > 3 {
      guard let name = row[1], let type = row[3], let number = Int(name.dropFirst(2)), 1...count ~= number else {
        continue
      }
      types[number - 1] = DatabaseType(written: type)
    }
    return types
  }
}

extension DatabaseError {
  /// 11501 to 11530: the types of a statement's parameters or results cannot be told.
  fileprivate var isUndescribed: Bool { 11_500...11_535 ~= number }
}
