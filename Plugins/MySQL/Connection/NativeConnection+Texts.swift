internal import Records

extension NativeConnection {
  /// Small results as text, for what the driver itself wants to know.
  func texts(_ sql: String) throws(DatabaseError) -> [[String?]] {
    try send(sql)
    guard case .rows(let fields) = try answer() else { return [] }
    var rows: [[String?]] = []
    while let packet = try nextPacket() { rows.append(NativeConnection.texts(packet, fields.count)) }
    while let more = try nextAnswer() {
      if case .rows = more { try skipRows() }
    }
    return rows
  }

  private static func texts(_ packet: Span<UInt8>, _ count: Int) -> [String?] {
    var cursor = WireCursor(packet)
    var texts: [String?] = []
    for _ in 0..<count { texts.append(cursor.takeNull() ? nil : cursor.value()?.string ?? "") }
    return texts
  }
}

/// Literals for the driver's own statements.
enum Literal {
  /// A string in quotes that means the same under every sql_mode: as hexadecimal digits.
  static func text(_ value: String) -> String {
    if value.isEmpty { return "''" }
    let digits = value.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    return "CONVERT(0x\(digits) USING utf8mb4)"
  }

  static func name(_ value: String) -> String {
    "`" + value.split(separator: "`", omittingEmptySubsequences: false).joined(separator: "``") + "`"
  }
}
