internal import Records

extension NativeConnection {
  /// Small results as text, for what the driver itself wants to know.
  func texts(_ sql: String) throws(DatabaseError) -> [[String?]] {
    try send(sql)
    guard case .rows(let fields) = try answer() else { return [] }
    var rows: [[String?]] = []
    while let packet = try unsafe nextPacket() { unsafe rows.append(NativeConnection.texts(packet, fields.count)) }
    while let more = try nextAnswer() {
      if case .rows = more { while try unsafe nextPacket() != nil {} }
    }
    return rows
  }

  private static func texts(_ packet: UnsafeRawBufferPointer, _ count: Int) -> [String?] {
    guard let start = packet.baseAddress else { return [] }
    var cursor = unsafe WireCursor(at: start, end: start + packet.count)
    return (0..<count).map { _ -> String? in
      if cursor.left > 0, unsafe cursor.at.load(as: UInt8.self) == 0xFB {
        unsafe cursor.at += 1
        return nil
      }
      let length = max(cursor.length(), 0)
      defer { unsafe cursor.at += length }
      return unsafe String(decoding: UnsafeRawBufferPointer(start: cursor.at, count: length), as: UTF8.self)
    }
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
