internal import Records
internal import SQL

/// A column's type as SHOW COLUMNS writes it: `decimal(10,2) unsigned`, `enum('a','b')`.
struct DatabaseType: Hashable {
  /// Lower case, without arguments: `decimal`.
  var name: String
  /// Between the brackets, strings without their quotes.
  var arguments: [String] = []
  var isUnsigned: Bool
  let text: String

  init(_ text: String) {
    self.text = text
    let lower = text.lowercased()
    name = String(lower.prefix { $0 != "(" && $0 != " " })
    var rest = text.dropFirst(name.count)
    if rest.first == "(" { arguments = DatabaseType.arguments(&rest) }
    isUnsigned = rest.lowercased().contains("unsigned") || rest.lowercased().contains("zerofill")
  }

  /// Strings double their quotes; backslashes, line ends and U+0000 stand behind a backslash.
  private static func arguments(_ text: inout Substring) -> [String] {
    var found: [String] = []
    var current = String.UnicodeScalarView()
    var isQuoted = false
    var rest = text.unicodeScalars.dropFirst()
    scan: while let scalar = rest.popFirst() {
      switch scalar {
      case "'" where isQuoted && rest.first == "'": current.append(rest.removeFirst())
      case "'": isQuoted.toggle()
      case "\\" where isQuoted: current.append(unescaped(rest.popFirst() ?? "\\"))
      case ",", ")":
        guard !isQuoted else {
          current.append(scalar)
          continue
        }
        found.append(String(current))
        current = .init()
        if scalar == ")" { break scan }
      default: current.append(scalar)
      }
    }
    text = Substring(rest)
    return found
  }

  private static func unescaped(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    switch scalar {
    case "n": "\n"
    case "r": "\r"
    case "0": "\0"
    default: scalar
    }
  }

  private func number(_ index: Int) -> Int? { index < arguments.count ? Int(arguments[index]) : nil }

  /// What a load has to bring for such a column.
  func target(isBinary: Bool) -> LoadTarget {
    switch name {
    case "tinyint", "smallint", "mediumint", "int", "integer", "bigint": integer
    case "bit": LoadTarget(.uint64, nativeType: text, range: bitRange)
    case "year": year
    case "decimal", "numeric", "dec", "fixed":
      LoadTarget(.decimal(precision: number(0) ?? 10, scale: number(1) ?? 0), nativeType: text)
    case "float": LoadTarget(.float32, nativeType: text)
    case "double", "real": LoadTarget(.float64, nativeType: text)
    case "date": LoadTarget(.date, nativeType: text, range: DatabaseType.dates)
    case "datetime": moment(zoned: false)
    case "timestamp": moment(zoned: true)
    case "time": time
    case "uuid": LoadTarget(.uuid, nativeType: text)
    case "json": LoadTarget(.json, nativeType: text)
    case "enum", "set": members
    default: variable(isBinary)
    }
  }

  private func moment(zoned: Bool) -> LoadTarget {
    let target = LoadTarget(.timestamp(.microseconds, zoned: zoned), nativeType: text, range: DatabaseType.moments)
    return stepped(target, perMicrosecond: 1)
  }

  /// The servers round or cut what a column does not keep behind the second, without an error.
  private func stepped(_ target: LoadTarget, perMicrosecond: Int64) -> LoadTarget {
    var target = target
    let digits = max(0, 6 - (number(0) ?? 0))
    target.step = (0..<digits).reduce(perMicrosecond) { step, _ in step * 10 }
    return target
  }

  /// A length of time of up to 838 hours.
  private var time: LoadTarget {
    var target = stepped(LoadTarget(.interval, nativeType: text, range: DatabaseType.times), perMicrosecond: 1_000)
    target.takesMonths = false
    return target
  }

  /// A year of two digits becomes one of four.
  private var year: LoadTarget {
    var target = LoadTarget(.int16, nativeType: text, range: 0...2_155)
    target.hole = 1...1_900
    return target
  }

  private var members: LoadTarget {
    var target = LoadTarget(.text, nativeType: text)
    target.members = TextMembers(arguments, isSet: name == "set")
    return target
  }

  /// A value in an expression, in its own type where the protocol has it. Nil when every value of it can be sent.
  static func natural(_ source: DataType) -> LoadTarget? {
    let name = "an expression"
    switch source {
    case .float32, .float64: return LoadTarget(source, nativeType: name)
    case .date: return LoadTarget(.date, nativeType: name, range: dates)
    case .timestamp(_, let zoned): return moment(name, zoned: zoned)
    case .time, .offsetTimestamp: return LoadTarget(.text, nativeType: name)
    case .interval: return DatabaseType("time(6)").time
    case .decimal(let precision, let scale) where precision > digits || scale > fraction: return number
    case .numeric: return number
    default: return nil
    }
  }

  static func moment(_ name: String, zoned: Bool) -> LoadTarget {
    LoadTarget(.timestamp(.microseconds, zoned: zoned), nativeType: name, range: moments)
  }

  /// DECIMAL(65,30), the most that both servers have: they would cut what is longer.
  private static var number: LoadTarget {
    var target = LoadTarget(.numeric, nativeType: "decimal")
    target.digits = DigitLimit(total: digits, fraction: fraction)
    return target
  }

  static let digits = 65
  static let fraction = 30

  private func variable(_ isBinary: Bool) -> LoadTarget {
    switch name {
    case "char", "varchar", "nchar", "nvarchar":
      return LoadTarget(.text, nativeType: text, length: number(0).map { .characters($0) })
    case "tinytext": return LoadTarget(.text, nativeType: text, length: .bytes(255))
    case "text": return LoadTarget(.text, nativeType: text, length: .bytes(65_535))
    case "mediumtext": return LoadTarget(.text, nativeType: text, length: .bytes(16_777_215))
    // The server fills a shorter BINARY up with zeros, which nobody can tell from the value's own.
    case "binary": return LoadTarget(.bytes, nativeType: text, length: .exactBytes(number(0) ?? 1))
    case "varbinary": return LoadTarget(.bytes, nativeType: text, length: number(0).map { .bytes($0) })
    case "tinyblob": return LoadTarget(.bytes, nativeType: text, length: .bytes(255))
    case "blob": return LoadTarget(.bytes, nativeType: text, length: .bytes(65_535))
    case "mediumblob": return LoadTarget(.bytes, nativeType: text, length: .bytes(16_777_215))
    case "longblob", "vector", "geometry", "point", "linestring", "polygon", "multipoint", "multilinestring",
      "multipolygon", "geometrycollection", "geomcollection":
      return LoadTarget(.bytes, nativeType: text)
    default: return LoadTarget(isBinary ? .bytes : .text, nativeType: text)
    }
  }

  private var integer: LoadTarget {
    switch name {
    case "tinyint": return LoadTarget(isUnsigned ? .uint8 : .int8, nativeType: text)
    case "smallint": return LoadTarget(isUnsigned ? .uint16 : .int16, nativeType: text)
    case "mediumint":
      return isUnsigned
        ? LoadTarget(.uint32, nativeType: text, range: 0...16_777_215)
        : LoadTarget(.int32, nativeType: text, range: -8_388_608...8_388_607)
    case "bigint": return LoadTarget(isUnsigned ? .uint64 : .int64, nativeType: text)
    default: return LoadTarget(isUnsigned ? .uint32 : .int32, nativeType: text)
    }
  }

  private var bitRange: ClosedRange<Int64>? {
    let bits = number(0) ?? 1
    return bits >= 64 ? nil : 0...(bits == 63 ? Int64.max : (1 << Int64(bits)) - 1)
  }

  /// 0000-01-01 to 9999-12-31.
  private static let dates: ClosedRange<Int64> =
    Int64(Calendar.days(year: 0, month: 1, day: 1))...Int64(Calendar.days(year: 9_999, month: 12, day: 31))
  private static let moments: ClosedRange<Int64> =
    (dates.lowerBound * 86_400_000_000)...((dates.upperBound + 1) * 86_400_000_000 - 1)
  /// ±838:59:59.999999 in nanoseconds.
  private static let times: ClosedRange<Int64> = -3_020_399_999_999_000...3_020_399_999_999_000
}
