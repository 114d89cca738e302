internal import Records

/// How the bytes of a column come off the binary protocol: chosen once per column.
enum ColumnCodec: Hashable {
  /// Little-endian numbers of so many bytes, as Arrow stores them.
  case fixed1, fixed2, fixed4, fixed8
  /// Digits with a point.
  case decimal128(precision: Int, scale: Int)
  case decimal256(precision: Int, scale: Int)
  case variable(isText: Bool)
  /// Up to eight bytes, the most significant first.
  case bit
  case uuid
  case date(zeroIsNull: Bool)
  case datetime(zeroIsNull: Bool)
  /// A TIMESTAMP in a session whose zone is so many microseconds east of UTC.
  case shifted(zeroIsNull: Bool, offset: Int64)
  /// A TIMESTAMP in a session whose zone has summer time.
  case ambiguous
  case time
  case interval
  /// As the server's text shows them, `0000-00-00` included.
  case dateText
  case datetimeText(fraction: Int)
  case timeText(fraction: Int)
}

/// What is wrong with a value; the row loop adds row and column.
enum ValueFault: UInt8 {
  case none
  case cutShort
  case zeroDate
  case invalidDate
  case malformed
  case outOfDay
  case tooLong
  case zone

  func failure(_ field: Field, row: Int64) -> Failure {
    let place = "reading column '\(field.name)' of row \(row)"
    switch self {
    case .none, .cutShort: return Failure(.bug, "\(place): the server's packet ends inside of the value")
    case .zeroDate:
      return Failure(
        .data, "\(place): the date has a zero day or month, which no calendar has",
        hint: "Set zeroDates to null or text to read such rows")
    case .invalidDate:
      return Failure(
        .data, "\(place): the date does not exist in the calendar",
        hint: "Set zeroDates to null or text to read such rows")
    case .malformed:
      return Failure(.bug, "\(place): what the server sent is not a value of the type \(field.type.name)")
    case .outOfDay:
      return Failure(
        .data, "\(place): the TIME lies outside of one day", hint: "Set timeAs to interval or text to read such rows")
    case .zone:
      return Failure(
        .configuration,
        "\(place): a TIMESTAMP is shown in the session's time zone, in which it may be one of two instants",
        hint: "Leave the session in UTC, or set time_zone to an offset such as '+02:00'")
    case .tooLong: return Failure(.data, "\(place): the value is longer than 1 GiB")
    }
  }
}
