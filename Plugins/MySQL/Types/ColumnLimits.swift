internal import Records

/// What a column cannot hold although its type can, and the server would change without an error: digits behind the
/// second, another text than a member of an ENUM or a SET, a year of two digits.
struct ColumnLimits: Sendable, Hashable {
  /// Digits behind the second that the column keeps.
  var fraction = 6
  /// Of an ENUM or a SET.
  var members: Members?
  var isYear = false

  static let none = ColumnLimits()

  /// Microseconds must be a multiple of this.
  var microsecondStep: Int64 {
    var step: Int64 = 1
    for _ in fraction..<max(6, fraction) { step *= 10 }
    return step
  }
}

/// Why a value cannot be sent.
enum LoadFault: Error {
  case fraction(Int)
  case beyondCalendar
  case beyondTime
  case notFinite
  case months
  case noMember
  case year
  case digits
  case list

  func failure(_ field: Field, row: Int64) -> Failure {
    let place = "loading column '\(field.name)' of row \(row)"
    switch self {
    case .fraction(let digits):
      return Failure(
        .data, "\(place): the column keeps \(digits) digits behind the second, the value has more",
        hint: "Give the column a precision, such as datetime(6), or round the value in the query")
    case .beyondCalendar: return Failure(.data, "\(place): the date lies outside of the years 0 to 9999")
    case .beyondTime: return Failure(.data, "\(place): the value lies outside of TIME's range of ±838:59:59.999999")
    case .notFinite: return Failure(.data, "\(place): the server has no NaN and no Infinity")
    case .months: return Failure(.data, "\(place): an interval with months has no length that a TIME could hold")
    case .noMember:
      return Failure(
        .data, "\(place): the text is none of the column's members",
        hint: "The members are compared letter by letter; the server would also take other letters and positions")
    case .digits:
      return Failure(
        .data,
        "\(place): the number has more than 65 digits, or more than 30 behind the point: the server would cut it",
        hint: "Cast the placeholder to the type that it is for, such as CAST(? AS char)")
    case .year: return Failure(.data, "\(place): a YEAR is 0 or lies between 1901 and 2155")
    case .list:
      return Failure(.schema, "\(place): the database has no lists", hint: "Convert the column to json or text")
    }
  }
}
