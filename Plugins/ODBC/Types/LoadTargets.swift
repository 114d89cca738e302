internal import CODBC
internal import Records
internal import SQL

/// What a load has to bring for a type, so that the server neither rounds, cuts nor reinterprets it.
extension DatabaseType {
  var target: LoadTarget {
    var target = LoadTarget(type, nativeType: declaration, takesNonFinite: product == .postgresql)
    target.takesNUL = product != .postgresql && product != .sqlite
    switch type {
    case .text:
      target.length = length
      target.takesOnlyASCII = isNarrow && !isUTF8
    case .bytes: target.length = byteLength
    case .time: target.step = step(target)
    case .timestamp, .offsetTimestamp:
      target.step = step(target)
      target.range = range(target.type.unit ?? .microseconds)
      target.hasTicks = product == .sqlServer && name == "datetime"
    case .date: target.range = days
    case .numeric where product == .sqlite: target.digits = DigitLimit(significant: 15)
    case .numeric where product == .postgresql: target.takesNonFinite = true
    default: break
    }
    return target
  }

  /// What a value of an expression, or one that is only compared, takes at most.
  var compared: LoadTarget {
    var target = target.compared
    target.range = nil
    if product == .sqlServer, target.type == .numeric { target.digits = DigitLimit(total: 38, fraction: 38) }
    return target
  }

  private var length: LoadTarget.LengthLimit? {
    // SQLite holds what it is given; what has no limit of its own is only told some.
    guard size > 0, !isLong, product != .sqlite, DatabaseType.isText(Int32(sql)), name != "unknown" else { return nil }
    let isWide = [SQL_WCHAR, SQL_WVARCHAR].contains(Int32(sql))
    return product == .sqlServer && isWide ? .utf16Units(size) : .characters(size)
  }

  /// The server makes a question mark of what the code page of a column lacks.
  private var isNarrow: Bool { product == .sqlServer && ["char", "varchar", "text"].contains(name) }

  private var byteLength: LoadTarget.LengthLimit? {
    guard size > 0, !isLong, product == .sqlServer || product == .mysql || product == .ingres else { return nil }
    return Int32(sql) == SQL_BINARY ? .exactBytes(size) : .bytes(size)
  }

  /// Servers round what a column does not keep behind the second, without an error.
  private func step(_ target: LoadTarget) -> Int64 {
    let perSecond = target.type.unit?.perSecond ?? 1_000_000
    if product == .sqlite { return 1 }
    if name == "smalldatetime" { return 60 * perSecond }
    return (0..<min(max(digits, 0), 9)).reduce(perSecond) { step, _ in max(step / 10, 1) }
  }

  /// ODBC's own structures have years of four digits.
  private var days: ClosedRange<Int64> {
    let last = Int64(Calendar.days(year: 9_999, month: 12, day: 31))
    return Int64(Calendar.days(year: product == .mysql ? 1_000 : 1, month: 1, day: 1))...last
  }

  private func range(_ unit: TimeUnit) -> ClosedRange<Int64>? {
    var days = days
    if product == .mysql, name == "timestamp" {
      return 1...(Int64(Int32.max) * 1_000_000 + 999_999)
    }
    if name == "datetime", product == .sqlServer {
      days = Int64(Calendar.days(year: 1_753, month: 1, day: 1))...days.upperBound
    } else if name == "smalldatetime" {
      days =
        Int64(Calendar.days(year: 1_900, month: 1, day: 1))...Int64(Calendar.days(year: 2_079, month: 6, day: 6))
    }
    let day = 86_400 * unit.perSecond
    let (first, isBelow) = days.lowerBound.multipliedReportingOverflow(by: day)
    let (last, isAbove) = (days.upperBound + 1).multipliedReportingOverflow(by: day)
    return isBelow || isAbove ? nil : first...(last - 1)
  }
}
