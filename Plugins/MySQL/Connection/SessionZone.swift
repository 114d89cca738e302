internal import SQL

/// The time zone of a session, in which the server shows every TIMESTAMP. Ferry sets UTC; the url's sessionVariables or
/// a statement may set another.
enum SessionZone: Hashable {
  /// Microseconds east of UTC: 0 for UTC itself.
  case offset(Int64)
  /// One with summer time, in which a wall clock may be two instants.
  case named

  static let utc = offset(0)

  /// - Parameter name: the server's `@@session.time_zone`; for SYSTEM, its `@@system_time_zone`.
  init(_ name: String) {
    if name.uppercased() == "UTC" || name.uppercased() == "GMT" {
      self = .utc
    } else {
      self = SessionZone.microseconds(name).map { .offset($0) } ?? .named
    }
  }

  /// `+09:00`, `-3:30`.
  private static func microseconds(_ name: String) -> Int64? {
    guard let sign = name.first, sign == "+" || sign == "-" else { return nil }
    let parts = name.dropFirst().split(separator: ":").map { Int64($0) }
    guard parts.count == 2, let hours = parts[0], let minutes = parts[1] else { return nil }
    return (hours * 60 + minutes) * (sign == "-" ? -60_000_000 : 60_000_000)
  }

  /// Whether running the statement may change the zone. The words of strings count, too: asking once more costs one
  /// round trip.
  static func mayChange(_ sql: String, _ dialect: Dialect) -> Bool {
    ["CALL", "EXECUTE"].contains(dialect.words(of: sql).first) || sql.lowercased().contains("time_zone")
  }
}
