internal import Expression
internal import Records

/// Between wall clocks and instants. A clock that shows a time twice means the earlier one; a time that it skips is an
/// error, never another time.
struct Zone: Sendable {
  private let rules: ZoneRules

  init(_ name: String) throws {
    guard let rules = ZoneRules(name) else {
      throw Failure(
        .configuration, "unknown time zone '\(name)'", hint: "Set 'timeZoneId' to an IANA name such as Europe/Paris")
    }
    self.rules = rules
  }

  var isUTC: Bool { rules.isUTC }

  func offset(at instant: Int64) -> Int64 { rules.isUTC ? 0 : rules.offset(at: instant) }
  func instant(wall: Int64) -> Int64? { rules.isUTC ? wall : rules.instant(wall: wall) }

  /// Turns an instant into its wall clock, or the other way round.
  func move(_ value: inout Int64, isInstant: Bool, _ unit: TimeUnit) -> CoercionFault {
    if isUTC || value == .max || value == .min { return .none }
    let (seconds, fraction) = Calendar.floorDivide(value, unit.perSecond)
    guard let moved = isInstant ? seconds + offset(at: seconds) : instant(wall: seconds) else { return .inGap }
    let (units, overflow) = moved.multipliedReportingOverflow(by: unit.perSecond)
    let (sum, carry) = units.addingReportingOverflow(fraction)
    value = sum
    return overflow || carry ? .outOfRange : .none
  }
}
