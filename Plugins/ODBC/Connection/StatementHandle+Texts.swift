internal import CODBC
internal import Records

extension StatementHandle {
  /// How many placeholders a prepared statement has; nil where the driver does not know.
  var parameterCount: Int? {
    var count: Int16 = 0
    return unsafe SQLNumParams(handle, &count) == 0 ? Int(count) : nil
  }

  /// The tables of the connection's database.
  func tables() throws(DatabaseError) -> [String] {
    var kind = WideText.units("TABLE")
    try check(unsafe SQLTablesW(handle, nil, 0, nil, 0, nil, 0, &kind, Int16(SQL_NTS)))
    return try texts([3], most: 1_000).compactMap { $0[0] }
  }

  /// Some columns of the rows that are there to be fetched, as texts.
  func texts(_ columns: [Int], most: Int) throws(DatabaseError) -> [[String?]] {
    let memories = columns.map { ($0, BoundColumn(SQL_C_WCHAR, width: 1_024, rows: 1)) }
    try bind(memories.map { ($0.0, $0.1) }, rows: 1)
    var rows: [[String?]] = []
    while rows.count < most, try fetch() > 0 {
      rows.append(memories.map { StatementHandle.text($0.1) })
    }
    return rows
  }

  private static func text(_ memory: BoundColumn) -> String? {
    let length = Int(memory.indicators[0])
    if length == Int(SQL_NULL_DATA) { return nil }
    let units = memory.values(as: UInt16.self)
    var text: [UInt16] = []
    for index in 0..<min(max(length, 0) / 2, units.count - 1) { text.append(units[index]) }
    return WideText.string(text)
  }
}

extension NativeConnection {
  /// The first columns of a query of Ferry's own, as texts.
  func texts(_ sql: String, columns: Int) throws(DatabaseError) -> [[String?]] {
    try call { () throws(DatabaseError) in
      let statement = try StatementHandle(self)
      try statement.execute(sql)
      defer { statement.close() }
      return try statement.texts(Array(1...columns), most: .max)
    }
  }
}
