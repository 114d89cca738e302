internal import Records
internal import SQL

/// What a load has to bring for a type, so that the server neither rounds, cuts nor reinterprets it.
extension DatabaseType {
  var target: LoadTarget {
    var target = LoadTarget(type(.microseconds), nativeType: declaration)
    switch form {
    case .wide: target.length = length.map { .utf16Units($0) }
    case .narrow: target.length = length.map { codePage == CodePage.utf8 ? .bytes($0) : .characters($0) }
    // The server fills a shorter BINARY up with zeros, which nobody can tell from the value's own.
    case .bytes: target.length = length.map { name == "binary" ? .exactBytes($0) : .bytes($0) }
    case .date: target.range = DatabaseType.dates
    case .time:
      target.range = 0...(DatabaseType.day - 1)
      keepDigits(&target)
    case .datetime2, .datetimeoffset:
      target.range = DatabaseType.days(DatabaseType.dates)
      if form == .datetimeoffset { target.offsets = -840...840 }
      keepDigits(&target)
    // Which of the milliseconds it has is looked at value by value.
    case .datetime:
      target.range = DatabaseType.days(DatabaseType.oldDates)
      target.step = 1_000
    case .smalldatetime:
      target.range = DatabaseType.days(DatabaseType.smallDates)
      target.step = 60_000_000
    // Bytes as they are stored, or a text that the server's type reads.
    case .variant, .userDefined: target.takesAny = true
    default: break
    }
    return target
  }

  /// The widest type of the kind: for what is only compared, which may be longer or finer than any stored value.
  var widest: DatabaseType {
    switch form {
    case .time, .datetime2, .datetimeoffset: DatabaseType(name, scale: 7)
    case .wide: DatabaseType("nvarchar")
    case .narrow: foreign(isForeign, DatabaseType("varchar", codePage: codePage))
    case .bytes: DatabaseType("varbinary")
    default: self
    }
  }

  private func foreign(_ isForeign: Bool, _ type: DatabaseType) -> DatabaseType {
    var type = type
    type.isForeign = isForeign
    return type
  }

  /// What a value goes as where no column says more; nil where it cannot go at all.
  static func natural(_ type: DataType) -> DatabaseType {
    switch type {
    case .bool: DatabaseType("bit")
    case .uint8: DatabaseType("tinyint")
    case .int8, .int16: DatabaseType("smallint")
    case .uint16, .int32: DatabaseType("int")
    case .uint32, .int64: DatabaseType("bigint")
    case .uint64: DatabaseType("decimal", precision: 20)
    case .float32: DatabaseType("real")
    case .float64: DatabaseType("float")
    case .decimal(let precision, let scale):
      DatabaseType("decimal", precision: min(precision, 38), scale: min(scale, 38))
    case .date: DatabaseType("date")
    case .time: DatabaseType("time", scale: 7)
    case .timestamp(_, let zoned): DatabaseType(zoned ? "datetimeoffset" : "datetime2", scale: 7)
    case .offsetTimestamp: DatabaseType("datetimeoffset", scale: 7)
    case .uuid: DatabaseType("uniqueidentifier")
    case .bytes: DatabaseType("varbinary")
    case .text, .json, .numeric, .interval, .list: DatabaseType("nvarchar")
    }
  }

  /// The server rounds what a column does not keep behind the second, without an error.
  private func keepDigits(_ target: inout LoadTarget) {
    target.step = (0..<scale).reduce(1_000_000) { step, _ in max(step / 10, 1) }
    if scale == 7 { target.nanosecondStep = 100 }
  }

  private static func days(_ days: ClosedRange<Int64>) -> ClosedRange<Int64> {
    (days.lowerBound * day)...((days.upperBound + 1) * day - 1)
  }

  /// In microseconds.
  private static let day: Int64 = 86_400_000_000

  private static let lastDay = Int64(Calendar.days(year: 9_999, month: 12, day: 31))
  private static let dates = Int64(Calendar.days(year: 1, month: 1, day: 1))...lastDay
  private static let oldDates = Int64(Calendar.days(year: 1_753, month: 1, day: 1))...lastDay
  private static let smallDates =
    Int64(Calendar.days(year: 1_900, month: 1, day: 1))...Int64(Calendar.days(year: 2_079, month: 6, day: 6))
}
