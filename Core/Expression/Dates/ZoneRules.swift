/// The offsets of a time zone, for those who move wall clocks of records.
public struct ZoneRules: Sendable {
  private let zone: TimeZone
  /// Whether wall clocks and instants are the same numbers.
  public let isUTC: Bool

  /// - Parameter name: an IANA name such as `Europe/Paris`, or an offset such as `+02:00`.
  /// - Returns: nil for a name that the system's zone files do not have.
  public init?(_ name: String) {
    guard let zone = try? TimeZone(name) else { return nil }
    self.zone = zone
    isUTC = ["UTC", "GMT", "Z", "Etc/UTC"].contains(name)
  }

  /// Seconds east of Greenwich at an instant, given in seconds since 1970-01-01 UTC.
  public func offset(at instant: Int64) -> Int64 { zone.rule(at: instant).offset }

  /// The instant at which clocks show `wall` (seconds since 1970-01-01T00:00:00 on the clock): the earlier one of two
  /// when clocks are put back, nil where they are put forward over it.
  public func instant(wall: Int64) -> Int64? {
    let before = offset(at: wall - 86_400)
    let after = offset(at: wall + 86_400)
    if offset(at: wall - before) == before { return wall - before }
    return offset(at: wall - after) == after ? wall - after : nil
  }
}
