public import Engine
internal import Expression
internal import Records

/// How the values of a row stand in the outputs 'row' and 'rows'. Record files hold them exactly in any case.
public enum RowFormat: String, PropertyChoice {
  /// As Kestra prints them.
  case kestra = "KESTRA"
  /// As Ferry's other tasks print the same columns.
  case exact = "EXACT"
}

/// Makes the maps of 'row' and 'rows' out of a batch: one form per column, chosen once, and keys that all rows share.
struct FetchedRows {
  /// What decides on the forms.
  struct Rules {
    var format = RowFormat.exact
    var zone: Zone
    /// SQLite has no instants: Kestra takes its wall clocks for the zone's.
    var clocksAreInstants = false
    /// SQL Server has wall clocks, which Kestra gives an offset.
    var clocksAreZoned = false
  }

  private enum Form {
    case plain
    /// MySQL's TIME, read as an interval.
    case clock
    case interval
    case year
    case time(TimeUnit)
    case wall(TimeUnit)
    /// A wall clock of the zone.
    case wallInstant(TimeUnit)
    case wallZoned(TimeUnit)
    case instant(TimeUnit)
    case zoned(TimeUnit)
    /// With its own offset.
    case offset(TimeUnit)
    case zonedTime
    /// SQL Server's uuids.
    case upper
    case map
    case text
  }

  /// The columns by name; of several with one name the last counts, in the place of the first.
  private let names: ValueMap
  private let columns: [(column: Column, form: Form)]
  private let zone: Zone

  init(_ batch: RecordBatch, _ rules: Rules) {
    let fields = batch.schema.fields
    names = ValueMap(fields.enumerated().map { ($1.name, .int(Int64($0))) })
    columns = names.map { name in
      let index = Int(name.value.int ?? 0)
      return (batch.columns[index], rules.format == .exact ? .plain : FetchedRows.form(of: fields[index], rules))
    }
    zone = rules.zone
  }

  private static func form(of field: Field, _ rules: Rules) -> Form {
    let source = field.sourceType?.lowercased()
    switch field.type {
    case .interval: return source == "time" ? .clock : .interval
    case .int16 where source == "year": return .year
    case .uint64 where source == nil: return .text
    case .time(let unit): return .time(unit)
    // MySQL's TIMESTAMP is an instant without a zone there.
    case .timestamp(let unit, zoned: true): return source == "timestamp" ? .instant(unit) : .zoned(unit)
    case .timestamp(let unit, zoned: false):
      if rules.clocksAreZoned { return .wallZoned(unit) }
      return rules.clocksAreInstants ? .wallInstant(unit) : .wall(unit)
    case .offsetTimestamp(let unit): return .offset(unit)
    case .uuid where source == "uniqueidentifier": return .upper
    case .text where source == "time with time zone": return .zonedTime
    case .text where source == "hstore": return .map
    default: return .plain
    }
  }

  /// One row, its columns by name.
  func map(at row: Int) -> ValueMap {
    ValueMap(like: names, columns.map { $0.column.isNull(row) ? .null : value(of: $0.column, row, $0.form) })
  }

  private func value(of column: Column, _ row: Int, _ form: Form) -> Value {
    shown(column, row, form) ?? column.value(at: row)
  }

  /// Nil where the exact value is the better answer: infinite times, and years that ISO 8601 has no form for.
  private func shown(_ column: Column, _ row: Int, _ form: Form) -> Value? {
    let view = ColumnView(column)
    switch form {
    case .plain: return nil
    case .clock: return .string(KestraText.clock(view.value(row, as: Interval.self).nanoseconds))
    case .interval: return .string(KestraText.interval(view.value(row, as: Interval.self)))
    case .year: return .string(KestraText.padded(Int64(view.value(row, as: Int16.self)), 4) + "-01-01")
    case .time(let unit):
      return .string(KestraText.clock(view.value(row, as: Int64.self) * (1_000_000_000 / unit.perSecond)))
    case .wall(let unit): return KestraText.dateTime(view.value(row, as: Int64.self), unit).map { .string($0) }
    case .wallInstant(let unit): return instant(view.value(row, as: Int64.self), unit, isWall: true)
    case .wallZoned(let unit): return wallZoned(view.value(row, as: Int64.self), unit)
    case .instant(let unit): return instant(view.value(row, as: Int64.self), unit, isWall: false)
    case .zoned(let unit): return zoned(view.value(row, as: Int64.self), unit)
    case .offset(let unit): return offset(view.value(row, as: OffsetTimestamp.self), unit)
    case .zonedTime: return KestraText.localTime(column.text(at: row), offset: zone.offset(at: 0)).map { .string($0) }
    case .upper: return .string(column.text(at: row).uppercased())
    case .map: return KestraText.map(column.text(at: row)).map { .map($0) }
    case .text: return .string(column.text(at: row))
    }
  }

  private func instant(_ value: Int64, _ unit: TimeUnit, isWall: Bool) -> Value? {
    var value = value
    if isWall, zone.move(&value, isInstant: false, unit) != .none { return nil }
    return KestraText.dateTime(value, unit, isGrouped: true).map { .string($0 + "Z") }
  }

  private func wallZoned(_ value: Int64, _ unit: TimeUnit) -> Value? {
    var instant = value
    return zone.move(&instant, isInstant: false, unit) == .none ? zoned(instant, unit) : nil
  }

  private func zoned(_ value: Int64, _ unit: TimeUnit) -> Value? {
    var local = value
    let offset = zone.offset(at: Calendar.floorDivide(value, unit.perSecond).quotient)
    guard zone.move(&local, isInstant: true, unit) == .none else { return nil }
    return KestraText.dateTime(local, unit).map { .string($0 + KestraText.offset(offset)) }
  }
}

extension FetchedRows {
  private func offset(_ value: OffsetTimestamp, _ unit: TimeUnit) -> Value? {
    let seconds = Int(value.minutes) * 60
    if value.instant == .max || value.instant == .min { return nil }
    return KestraText.dateTime(value.instant, unit, ahead: seconds).map {
      .string($0 + KestraText.offset(Int64(seconds)))
    }
  }
}

/// Values as Java's classes print them, which Kestra puts out.
enum KestraText {
  static func padded(_ number: Int64, _ width: Int = 2) -> String {
    let digits = String(number.magnitude)
    return (number < 0 ? "-" : "") + String(repeating: "0", count: max(0, width - digits.count)) + digits
  }

  /// `04:05:30`, with what there is of a fraction; also below zero and beyond a day, as MySQL's TIME may be.
  static func clock(_ nanoseconds: Int64) -> String {
    let seconds = Int64(nanoseconds.magnitude / 1_000_000_000)
    let fraction = Int(nanoseconds.magnitude % 1_000_000_000)
    let time = "\(padded(seconds / 3_600)):\(padded(seconds / 60 % 60)):\(padded(seconds % 60))"
    return (nanoseconds < 0 ? "-" : "") + time + self.fraction(fraction)
  }

  /// Without zeros at its end, or in groups of three digits.
  private static func fraction(_ nanoseconds: Int, isGrouped: Bool = false) -> String {
    if nanoseconds == 0 { return "" }
    var digits = padded(Int64(nanoseconds), 9)
    if isGrouped {
      while digits.hasSuffix("000") { digits.removeLast(3) }
    } else {
      while digits.hasSuffix("0") { digits.removeLast() }
    }
    return "." + digits
  }

  /// `2004-10-19T10:23:54.25`; nil beyond the years that have four digits.
  static func dateTime(_ value: Int64, _ unit: TimeUnit, ahead: Int = 0, isGrouped: Bool = false) -> String? {
    let moment = Calendar.moment(value, perSecond: unit.perSecond, ahead: ahead)
    guard (0...9_999).contains(moment.date.year) else { return nil }
    let second = Int64(moment.secondOfDay)
    let date =
      "\(padded(Int64(moment.date.year), 4))-\(padded(Int64(moment.date.month)))-\(padded(Int64(moment.date.day)))"
    let time = "\(padded(second / 3_600)):\(padded(second / 60 % 60)):\(padded(second % 60))"
    let nanoseconds = moment.fraction * Int(1_000_000_000 / unit.perSecond)
    return "\(date)T\(time)\(fraction(nanoseconds, isGrouped: isGrouped))"
  }

  /// `+02:00`, `Z` in Greenwich.
  static func offset(_ seconds: Int64) -> String {
    if seconds == 0 { return "Z" }
    let size = Int64(seconds.magnitude)
    let rest = size % 60 == 0 ? "" : ":\(padded(size % 60))"
    return "\(seconds < 0 ? "-" : "+")\(padded(size / 3_600)):\(padded(size / 60 % 60))\(rest)"
  }

  /// Every part, also those that are zero: `P10Y4M5DT0H0M10S`.
  static func interval(_ value: Interval) -> String {
    let seconds = value.nanoseconds / 1_000_000_000
    let (rest, sign) = (Int((value.nanoseconds % 1_000_000_000).magnitude), value.nanoseconds < 0 && seconds % 60 == 0)
    let date = "P\(value.months / 12)Y\(value.months % 12)M\(value.days)D"
    let last = (sign && rest != 0 ? "-" : "") + "\(seconds % 60)\(fraction(rest))"
    return "\(date)T\(seconds / 3_600)H\(seconds / 60 % 60)M\(last)S"
  }

  /// A time with an offset (`04:05:06.5-08`) as clocks with another offset show it.
  static func localTime(_ text: String, offset: Int64) -> String? {
    guard let mark = text.lastIndex(where: { $0 == "+" || $0 == "-" }) else { return nil }
    let own = text[text.index(after: mark)...].split(separator: ":").compactMap { Int64($0) }
    let parts = text[..<mark].split(separator: ":", omittingEmptySubsequences: false)
    let seconds = (parts.last ?? "").split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, let hour = Int64(parts[0]), let minute = Int64(parts[1]), let second = Int64(seconds[0])
    else { return nil }
    let digits = seconds.count > 1 ? String(seconds[1]) : ""
    let nanoseconds = Int64(digits + String(repeating: "0", count: max(0, 9 - digits.count))) ?? 0
    let shift = zip(own, [3_600, 60, 1] as [Int64]).reduce(0) { $0 + $1.0 * $1.1 }
    let wall = hour * 3_600 + minute * 60 + second - (text[mark] == "-" ? -shift : shift) + offset
    return clock(Calendar.floorDivide(wall, 86_400).remainder * 1_000_000_000 + nanoseconds)
  }

  /// PostgreSQL's hstore: `"a"=>"1", "b"=>NULL`.
  static func map(_ text: String) -> ValueMap? {
    var map = ValueMap()
    var rest = Array(text.utf8)[...]
    func quoted() -> String? {
      guard rest.popFirst() == UInt8(ascii: "\"") else { return nil }
      var bytes: [UInt8] = []
      while let byte = rest.popFirst(), byte != UInt8(ascii: "\"") {
        guard byte == UInt8(ascii: "\\") else {
          bytes.append(byte)
          continue
        }
        if let next = rest.popFirst() { bytes.append(next) }
      }
      return String(decoding: bytes, as: UTF8.self)
    }
    while !rest.isEmpty {
      guard let key = quoted(), rest.starts(with: "=>".utf8) else { return nil }
      rest = rest.dropFirst(2)
      if rest.starts(with: "NULL".utf8) {
        rest = rest.dropFirst(4)
        map[key] = .null
      } else {
        guard let value = quoted() else { return nil }
        map[key] = .string(value)
      }
      rest = rest.drop { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: " ") }
    }
    return map
  }
}
