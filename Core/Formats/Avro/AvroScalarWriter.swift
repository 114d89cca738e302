internal import Expression
internal import Records

/// Converts single values to Avro's scalar types. Nothing is rounded: a float takes a number whose digits its shortest
/// text has, so that the way back gives the same number. Texts become the nearest float.
struct AvroScalarWriter {
  private let trueWords: Set<ExactText>
  private let falseWords: Set<ExactText>
  private let nullWords: Set<ExactText>
  private let decimalSeparator: String
  private let dates: AvroPattern
  private let times: AvroPattern
  private let datetimes: AvroPattern
  private let zone: ZoneRules
  private let isJSON: Bool
  private let roundsFloats: Bool

  /// - Parameter isJSON: texts come out of JSON, where bytes are Base64.
  init(_ conversion: AvroConversion, isJSON: Bool) throws {
    self.isJSON = isJSON
    roundsFloats = conversion.roundFloats
    trueWords = Set(conversion.trueValues.map { ExactText($0.lowercased()) })
    falseWords = Set(conversion.falseValues.map { ExactText($0.lowercased()) })
    nullWords = Set(conversion.nullValues.map { ExactText($0.lowercased()) })
    decimalSeparator = conversion.decimalSeparator
    dates = try AvroPattern(conversion.dateFormat, property: "dateFormat")
    times = try AvroPattern(conversion.timeFormat, property: "timeFormat")
    datetimes = try AvroPattern(conversion.datetimeFormat, property: "datetimeFormat")
    guard let zone = ZoneRules(conversion.timeZone) else {
      throw Failure(
        .configuration, "the time zone '\(conversion.timeZone)' is not known",
        hint: "Write an IANA name such as Europe/Paris, or an offset such as +02:00")
    }
    self.zone = zone
  }

  /// True, false, or nil for a word that is neither.
  func bool(_ word: String) -> Bool? {
    let lower = ExactText(word.lowercased())
    return trueWords.contains(lower) ? true : falseWords.contains(lower) ? false : nil
  }

  func isNull(_ word: String) -> Bool { nullWords.contains(ExactText(word.lowercased())) }

  func append(_ datum: AvroDatum, _ node: AvroSchema.Node, to out: inout ByteBuffer) -> Bool {
    switch node.kind {
    case .null:
      if case .string(let text) = datum { return isNull(text) }
      return datum.isNull
    case .boolean:
      guard let flag = bool(datum) else { return false }
      out.append(byte: flag ? 1 : 0)
      return true
    case .int, .long:
      guard let number = integer(datum, node), node.kind == .long || Int32(exactly: number) != nil else { return false }
      out.append(zigzag: number)
      return true
    case .float, .double: return fraction(datum, node.kind == .float, to: &out)
    case .string: return string(datum, node, to: &out)
    case .enumeration:
      guard case .string(let text) = datum, let place = node.symbols.firstIndex(ofExactly: text) else { return false }
      out.append(zigzag: Int64(place))
      return true
    case .bytes, .fixed: return bytes(datum, node, to: &out)
    default: return false
    }
  }

  private func bool(_ datum: AvroDatum) -> Bool? {
    switch datum {
    case .bool(let flag): flag
    case .string(let text), .decimal(let text): bool(text)
    case .int(let number): bool(String(number))
    default: nil
    }
  }

  // MARK: numbers

  /// The digits of a number, with a point.
  private func digits(_ datum: AvroDatum) -> String? {
    switch datum {
    case .decimal(let digits): return digits
    case .int(let number): return String(number)
    case .float, .double: return datum.text
    case .bool(let flag): return flag ? "1" : "0"
    case .string(let text):
      return decimalSeparator == "."
        ? text : text.split(separator: decimalSeparator, omittingEmptySubsequences: false).joined(separator: ".")
    default: return nil
    }
  }

  private func whole(_ datum: AvroDatum) -> Int64? {
    if case .int(let number) = datum { return number }
    guard let digits = digits(datum) else { return nil }
    var value: Int128 = 0
    let result = DecimalText.parse128(digits.utf8.span, precision: 19, scale: 0, into: &value)
    return result == .ok ? Int64(exactly: value) : nil
  }

  private func integer(_ datum: AvroDatum, _ node: AvroSchema.Node) -> Int64? {
    switch node.logical {
    case .date: date(datum)
    case .time(let unit): time(datum, unit)
    case .timestamp(let unit, let zoned): timestamp(datum, unit, zoned)
    case .ferry(.time(.nanoseconds)): time(datum, .nanos)
    default: plain(datum, node)
    }
  }

  /// Dates and times become the number that they are in memory.
  private func plain(_ datum: AvroDatum, _ node: AvroSchema.Node) -> Int64? {
    switch datum {
    case .date(let days): Int64(days)
    case .time(let number, _), .timestamp(let number, _, _): number
    default: whole(datum)
    }
  }

  private func fraction(_ datum: AvroDatum, _ isFloat: Bool, to out: inout ByteBuffer) -> Bool {
    if isFloat {
      guard let number = single(datum) else { return false }
      out.append(little: number.bitPattern)
    } else {
      guard let number = double(datum) else { return false }
      out.append(little: number.bitPattern)
    }
    return true
  }

  private func double(_ datum: AvroDatum) -> Double? {
    switch datum {
    case .double(let value): return value
    case .float(let value): return Double(value)
    case .int(let value): return Double(exactly: value) ?? (roundsFloats ? Double(value) : nil)
    default:
      guard let text = digits(datum), let value = ScalarText.double(text) else { return nil }
      return isKept(text, datum, value) ? value : nil
    }
  }

  private func single(_ datum: AvroDatum) -> Float? {
    switch datum {
    case .float(let value): return value
    case .int(let value): return Float(exactly: value) ?? (roundsFloats ? Float(value) : nil)
    case .double(let value) where !isJSON:
      let narrow = Float(value)
      if narrow.isInfinite, value.isFinite { return nil }
      return roundsFloats || value.isNaN || Double(narrow) == value ? narrow : nil
    default:
      guard let text = digits(datum), let value = ScalarText.float(text) else { return nil }
      return isKept(text, datum, value) ? value : nil
    }
  }

  /// Whether a number has all of its digits in the float. JSON's doubles are the digits of their texts.
  private func isKept(
    _ digits: String, _ datum: AvroDatum, _ value: some BinaryFloatingPoint & LosslessStringConvertible
  )
    -> Bool
  {
    if case .string = datum { return true }
    return roundsFloats || !value.isFinite || ScalarText.isSameNumber(digits, "\(value)")
  }

  // MARK: texts and bytes

  private func string(_ datum: AvroDatum, _ node: AvroSchema.Node, to out: inout ByteBuffer) -> Bool {
    switch (node.logical, datum) {
    case (.ferry(.json)?, .jsonText(let text)):
      out.append(counted: text)
      return true
    case (.ferry(.json)?, _) where isJSON:
      out.append(counted: datum.json.json())
      return true
    case (.uuid?, .string(let text)):
      guard let bytes = ScalarText.uuid(text) else { return false }
      out.append(counted: AvroDatum.uuid(bytes).text ?? "")
      return true
    case (.ferry(.offsetTimestamp(.microseconds))?, .offsetTimestamp(let value, .nanoseconds)):
      guard value.instant % 1_000 == 0 else { return false }
      out.append(counted: datum.text ?? "")
      return true
    case (.ferry(let type)?, .string(let text)):
      guard ScalarText.isValid(text, type) else { return false }
      out.append(counted: text)
      return true
    default:
      guard let text = datum.text else { return false }
      out.append(counted: text)
      return true
    }
  }

  private func bytes(_ datum: AvroDatum, _ node: AvroSchema.Node, to out: inout ByteBuffer) -> Bool {
    switch node.logical {
    case .decimal(let precision, let scale): return decimal(datum, precision, scale, node, to: &out)
    case .ferry(.uint64): return decimal(datum, 20, 0, node, to: &out)
    case .duration:
      guard let interval = ScalarText.interval(datum), let fields = ScalarText.duration(interval) else { return false }
      for field in fields { out.append(little: field) }
      return true
    default: break
    }
    let raw: [UInt8]
    switch datum {
    case .bytes(let bytes): raw = bytes
    case .uuid(let bytes): raw = bytes
    case .string(let text):
      if node.logical == .uuid {
        guard let bytes = ScalarText.uuid(text) else { return false }
        raw = bytes
      } else if isJSON {
        guard let bytes = ScalarText.base64(text) else { return false }
        raw = bytes
      } else {
        raw = Array(text.utf8)
      }
    default: return false
    }
    if node.kind == .fixed {
      guard raw.count == node.size else { return false }
    } else {
      out.append(zigzag: Int64(raw.count))
    }
    out.append(raw)
    return true
  }

  private func decimal(
    _ datum: AvroDatum, _ precision: Int, _ scale: Int, _ node: AvroSchema.Node, to out: inout ByteBuffer
  ) -> Bool {
    guard let digits = digits(datum), var raw = ScalarText.unscaled(digits, precision, scale) else { return false }
    if node.kind == .fixed {
      guard raw.count <= node.size else { return false }
      let fill: UInt8 = raw[0] & 0x80 == 0 ? 0 : 0xFF
      raw = Array(repeating: fill, count: node.size - raw.count) + raw
    } else {
      out.append(zigzag: Int64(raw.count))
    }
    out.append(raw)
    return true
  }

  // MARK: dates and times

  private func date(_ datum: AvroDatum) -> Int64? {
    switch datum {
    case .date(let days): return Int64(days)
    case .int(let days): return days
    case .offsetTimestamp(let value, let unit): return date(.timestamp(value.instant, unit, zoned: true))
    case .timestamp(let stamp, let unit, let zoned):
      // Only a midnight is a date.
      guard let wall = move(stamp, unit, from: zoned, to: false) else { return nil }
      let (days, rest) = Calendar.floorDivide(wall, unit.perSecond * 86_400)
      return rest == 0 ? days : nil
    case .string(let text): return dates.read(text).flatMap { $0.hasDate ? Int64($0.days) : nil }
    default: return nil
    }
  }

  private func time(_ datum: AvroDatum, _ unit: AvroSchema.Unit) -> Int64? {
    switch datum {
    case .time(let time, let from): return rescale(time, from.perSecond, unit.rawValue)
    case .int(let number): return number
    case .string(let text):
      guard let fields = times.read(text), fields.hasTime else { return nil }
      return rescale(fields.nanosecondOfDay, 1_000_000_000, unit.rawValue)
    default: return nil
    }
  }

  private func timestamp(_ datum: AvroDatum, _ unit: AvroSchema.Unit, _ zoned: Bool) -> Int64? {
    switch datum {
    case .timestamp(let stamp, let from, let isZoned):
      return move(stamp, from, from: isZoned, to: zoned).flatMap { rescale($0, from.perSecond, unit.rawValue) }
    case .offsetTimestamp(let value, let from):
      // As of a text with an offset, the instant.
      return timestamp(.timestamp(value.instant, from, zoned: true), unit, zoned)
    case .date(let days): return at(days: Int(days), nanosecond: 0, offset: nil, unit, zoned)
    case .int(let number): return number
    case .string(let text):
      // Digits alone count the schema's unit from 1970 on.
      if let number = Int64(text) { return number }
      guard let fields = datetimes.read(text) ?? dates.read(text), fields.hasDate else { return nil }
      return at(days: fields.days, nanosecond: fields.nanosecondOfDay, offset: fields.offset, unit, zoned)
    default: return nil
    }
  }

  private func at(
    days: Int, nanosecond: Int64, offset: Int?, _ unit: AvroSchema.Unit, _ zoned: Bool
  ) -> Int64? {
    let wall = Int64(days) * 86_400 + nanosecond / 1_000_000_000
    let seconds: Int64
    if let offset {
      // Text with an offset is an instant; a local timestamp shows it in the task's zone.
      let instant = wall - Int64(offset)
      seconds = zoned ? instant : instant + zone.offset(at: instant)
    } else if zoned {
      guard let instant = zone.instant(wall: wall) else { return nil }
      seconds = instant
    } else {
      seconds = wall
    }
    guard let fraction = rescale(nanosecond % 1_000_000_000, 1_000_000_000, unit.rawValue) else { return nil }
    let (units, overflow) = seconds.multipliedReportingOverflow(by: unit.rawValue)
    let (sum, carry) = units.addingReportingOverflow(fraction)
    return overflow || carry ? nil : sum
  }

  /// Between an instant and a wall clock of the task's zone.
  private func move(_ stamp: Int64, _ unit: TimeUnit, from isZoned: Bool, to zoned: Bool) -> Int64? {
    if isZoned == zoned || zone.isUTC { return stamp }
    let (seconds, rest) = Calendar.floorDivide(stamp, unit.perSecond)
    let moved = isZoned ? seconds + zone.offset(at: seconds) : zone.instant(wall: seconds)
    guard let moved else { return nil }
    let (units, overflow) = moved.multipliedReportingOverflow(by: unit.perSecond)
    let (sum, carry) = units.addingReportingOverflow(rest)
    return overflow || carry ? nil : sum
  }

  /// Nil where digits would be lost or the number does not fit.
  private func rescale(_ number: Int64, _ from: Int64, _ to: Int64) -> Int64? {
    if from > to { return number % (from / to) == 0 ? number / (from / to) : nil }
    let (product, overflow) = number.multipliedReportingOverflow(by: to / from)
    return overflow ? nil : product
  }
}
