import Records
import Testing

/// The text codecs: canonical text, strict parsing, and the way back.
struct TextTests {
  /// Parses one text as a type and gives it back in canonical form; nil with the reason when it is refused.
  static func roundTrip(_ text: String, _ type: DataType, bytes: BytesText = .base64) -> (String?, ParseResult) {
    let builder = ColumnBuilder(type)
    let result = ValueParser(type, bytes: bytes).append(text.utf8.span, to: builder)
    guard result == .ok else { return (builder.count == 0 ? nil : "something was appended", result) }
    let column = builder.finish()
    var out = ByteBuffer()
    TextFormatter(column, bytes: bytes).append(0, to: &out)
    return (out.string, result)
  }

  struct Case: CustomTestStringConvertible, Sendable {
    let type: DataType
    let text: String
    let canonical: String?
    let result: ParseResult
    init(_ type: DataType, _ text: String, _ canonical: String) {
      (self.type, self.text, self.canonical, self.result) = (type, text, canonical, .ok)
    }
    init(_ type: DataType, _ text: String, refused result: ParseResult) {
      (self.type, self.text, self.canonical, self.result) = (type, text, nil, result)
    }
    var testDescription: String { "\(type.name) '\(text)'" }
  }

  static let micro = DataType.timestamp(.microseconds, zoned: false)
  static let instant = DataType.timestamp(.microseconds, zoned: true)
  static let offset = DataType.offsetTimestamp(.microseconds)
  static let fineOffset = DataType.offsetTimestamp(.nanoseconds)
  static let dec = DataType.decimal(precision: 10, scale: 3)
  static let dec38 = DataType.decimal(precision: 38, scale: 10)
  static let dec76 = DataType.decimal(precision: 76, scale: 40)
  static let nines38 = String(repeating: "9", count: 28) + "." + String(repeating: "9", count: 10)
  static let nines76 = String(repeating: "9", count: 36) + "." + String(repeating: "9", count: 40)

  static let cases: [Case] = [
    Case(.int8, "-128", "-128"), Case(.int8, "128", refused: .outOfRange), Case(.int8, "+7", "7"),
    Case(.uint8, "255", "255"), Case(.uint8, "256", refused: .outOfRange), Case(.uint8, "-1", refused: .outOfRange),
    Case(.int16, "-32768", "-32768"), Case(.uint16, "65535", "65535"), Case(.uint16, "65536", refused: .outOfRange),
    Case(.int32, "2147483647", "2147483647"), Case(.int32, "-2147483649", refused: .outOfRange),
    Case(.int32, "12345678x", refused: .malformed), Case(.int32, "1234567/", refused: .malformed),
    Case(.int32, "1234567:", refused: .malformed), Case(.int32, "", refused: .malformed),
    Case(.int32, "-", refused: .malformed), Case(.int32, " 1", refused: .malformed),
    Case(.int64, "9223372036854775807", "9223372036854775807"),
    Case(.int64, "-9223372036854775808", "-9223372036854775808"),
    Case(.int64, "9223372036854775808", refused: .outOfRange),
    Case(.int64, "-9223372036854775809", refused: .outOfRange),
    Case(.int64, "00000000000000000000012", "12"), Case(.int64, "99999999999999999999x", refused: .malformed),
    Case(.uint64, "18446744073709551615", "18446744073709551615"),
    Case(.uint64, "18446744073709551616", refused: .outOfRange), Case(.uint64, "-0", "0"),
    Case(.bool, "TRUE", "true"), Case(.bool, "f", "false"), Case(.bool, "2", refused: .malformed),
    Case(.float64, "0.1", "0.1"), Case(.float64, "1e23", "1e+23"), Case(.float64, "-0.0", "-0.0"),
    Case(.float64, "1.7976931348623157e308", "1.7976931348623157e+308"),
    Case(.float64, "5e-324", "5e-324"), Case(.float64, "1e309", refused: .outOfRange),
    Case(.float64, "1e-400", refused: .outOfRange), Case(.float64, "0e-400", "0.0"),
    Case(.float64, "9007199254740993", "9007199254740992.0"), Case(.float64, "nan", "NaN"),
    Case(.float64, "-inf", "-Infinity"), Case(.float64, "Infinity", "Infinity"),
    Case(.float64, "0x10", refused: .malformed), Case(.float64, "1,5", refused: .malformed),
    Case(.float64, "1_0", refused: .malformed), Case(.float64, "1.", "1.0"), Case(.float64, ".", refused: .malformed),
    Case(.float32, "3.4028235e38", "3.4028235e+38"), Case(.float32, "1e39", refused: .outOfRange),
    Case(.float32, "16777217", "16777216.0"), Case(.float32, "0.1", "0.1"),
    Case(dec, "-12.340", "-12.340"), Case(dec, "12", "12.000"), Case(dec, "0.001", "0.001"),
    Case(dec, "-0.001", "-0.001"), Case(dec, "1234567.891", "1234567.891"),
    Case(dec, "12345678.1", refused: .outOfRange), Case(dec, "1.2345", refused: .losesDigits),
    Case(dec, "1.2340000", "1.234"), Case(dec, "1e3", "1000.000"), Case(dec, "1.5E-2", "0.015"),
    Case(dec, "1e-4", refused: .losesDigits), Case(dec, "0e99999999", "0.000"), Case(dec, ".5", "0.500"),
    Case(dec, "1e7", refused: .outOfRange), Case(dec, "1e", refused: .malformed), Case(dec, "--1", refused: .malformed),
    Case(dec, "", refused: .malformed), Case(dec, "NaN", refused: .malformed), Case(dec, "00000000001.5", "1.500"),
    Case(dec, "120000e-4", "12.000"), Case(dec, "-0", "0.000"),
    Case(.decimal(precision: 18, scale: 0), "999999999999999999", "999999999999999999"),
    Case(.decimal(precision: 19, scale: 0), "-9999999999999999999", "-9999999999999999999"),
    Case(dec38, nines38, nines38), Case(dec38, "-" + nines38, "-" + nines38),
    Case(dec38, "1" + nines38, refused: .outOfRange), Case(dec38, "0.0000000001", "0.0000000001"),
    Case(dec76, nines76, nines76), Case(dec76, "-" + nines76, "-" + nines76),
    Case(dec76, "1" + nines76, refused: .outOfRange),
    Case(dec76, "1e35", "1" + String(repeating: "0", count: 35) + "." + String(repeating: "0", count: 40)),
    Case(dec76, "1e-40", "0." + String(repeating: "0", count: 39) + "1"),
    Case(.decimal(precision: 5, scale: -2), "12300", "12300"),
    Case(.decimal(precision: 5, scale: -2), "12350.5", refused: .losesDigits),
    Case(.numeric, "007.10", "7.10"), Case(.numeric, "-1.5e3", "-1500"), Case(.numeric, "1.25e1", "12.5"),
    Case(.numeric, "1e-3", "0.001"), Case(.numeric, "12e-1", "1.2"), Case(.numeric, "nan", "NaN"),
    Case(.numeric, "-Infinity", "-Infinity"), Case(.numeric, "0", "0"), Case(.numeric, ".5", "0.5"),
    Case(.numeric, "0.00", "0.00"), Case(.numeric, "-0.0", "0.0"), Case(.numeric, "1e999999", refused: .outOfRange),
    Case(.numeric, "0.012e2", "1.2"), Case(.numeric, "100", "100"),
    Case(.date, "2024-02-29", "2024-02-29"), Case(.date, "2023-02-29", refused: .malformed),
    Case(.date, "1900-02-29", refused: .malformed), Case(.date, "2000-02-29", "2000-02-29"),
    Case(.date, "1969-12-31", "1969-12-31"), Case(.date, "-0043-03-15", "-0043-03-15"),
    Case(.date, "0044-03-15 BC", "-0043-03-15"), Case(.date, "0001-02-29 BC", refused: .malformed),
    Case(.date, "0000-02-29", "0000-02-29"), Case(.date, "infinity", "infinity"),
    Case(.date, "-infinity", "-infinity"), Case(.date, "5874897-12-31", "5874897-12-31"),
    Case(.date, "9999999-01-01", refused: .outOfRange), Case(.date, "24-01-01", refused: .malformed),
    Case(.date, "2024-1-01", refused: .malformed), Case(.date, "2024-01-01x", refused: .malformed),
    Case(.time(.microseconds), "12:34:56", "12:34:56"), Case(.time(.microseconds), "12:34", "12:34:00"),
    Case(.time(.microseconds), "12:34:56.5", "12:34:56.500000"), Case(.time(.microseconds), "24:00:00", "24:00:00"),
    Case(.time(.microseconds), "24:00:01", refused: .malformed),
    Case(.time(.microseconds), "12:34:56.1234567", refused: .losesDigits),
    Case(.time(.microseconds), "12:34:56.1234560", "12:34:56.123456"),
    Case(.time(.nanoseconds), "23:59:59.999999999", "23:59:59.999999999"),
    Case(.time(.microseconds), "12:60:00", refused: .malformed),
    Case(micro, "2024-02-29T12:00:00", "2024-02-29T12:00:00"),
    Case(micro, "2024-02-29 12:00:00.25", "2024-02-29T12:00:00.250000"),
    Case(micro, "2024-02-29", "2024-02-29T00:00:00"),
    Case(micro, "1969-12-31 23:59:59.999999", "1969-12-31T23:59:59.999999"),
    Case(micro, "2024-02-29T12:00:00Z", refused: .malformed), Case(micro, "2024-02-29T", refused: .malformed),
    Case(micro, "-infinity", "-infinity"), Case(micro, "0044-03-15 10:00:00 BC", "-0043-03-15T10:00:00"),
    Case(micro, "294247-01-10T04:00:54.775806", "294247-01-10T04:00:54.775806"),
    Case(micro, "294247-01-10T04:00:54.775807", refused: .outOfRange),
    Case(micro, "300000-01-01", refused: .outOfRange),
    Case(.timestamp(.nanoseconds, zoned: false), "1677-09-21T00:12:43.145224193", "1677-09-21T00:12:43.145224193"),
    Case(.timestamp(.nanoseconds, zoned: false), "2262-04-11T23:47:16.854775806", "2262-04-11T23:47:16.854775806"),
    Case(.timestamp(.nanoseconds, zoned: false), "2263-01-01", refused: .outOfRange),
    Case(offset, "2026-11-21T10:00:00.123456+05:30", "2026-11-21T10:00:00.123456+05:30"),
    Case(offset, "2026-11-21 10:00:00 -0330", "2026-11-21T10:00:00-03:30"),
    Case(offset, "2026-11-21T10:00Z", "2026-11-21T10:00:00+00:00"),
    Case(offset, "2026-11-21T10:00:00z", "2026-11-21T10:00:00+00:00"),
    Case(offset, "2026-11-21T10:00:00-14", "2026-11-21T10:00:00-14:00"),
    Case(offset, "2026-11-21T10:00:00-00:01", "2026-11-21T10:00:00-00:01"),
    Case(offset, "2026-11-21T10:00:00+14:00", "2026-11-21T10:00:00+14:00"),
    Case(offset, "2026-11-21T10:00:00+546:07", "2026-11-21T10:00:00+546:07"),
    Case(offset, "2026-11-21T10:00:00-546:08", "2026-11-21T10:00:00-546:08"),
    Case(offset, "2026-11-21T10:00:00+546:08", refused: .outOfRange),
    Case(offset, "2026-11-21T10:00:00+00:19:32", refused: .losesDigits),
    Case(offset, "2026-11-21T10:00:00+00:20:00", "2026-11-21T10:00:00+00:20"),
    Case(offset, "2026-11-21T10:00:00.1234567+05:30", refused: .losesDigits),
    Case(offset, "2026-11-21T10:00:00", "2026-11-21T10:00:00+00:00"),
    Case(offset, "2026-11-21", "2026-11-21T00:00:00+00:00"),
    Case(offset, "2026-11-21T10:00:00+5", refused: .malformed),
    Case(offset, "2026-11-21T10:00:00+05:60", refused: .malformed),
    Case(offset, "2026-11-21T10:00:00+05:30x", refused: .malformed),
    Case(offset, "2026-11-21T10:00:00+", refused: .malformed),
    Case(offset, "2026-11-21T25:00:00+05:30", refused: .malformed),
    Case(offset, "2026-11-21T24:00:00+05:30", "2026-11-22T00:00:00+05:30"),
    Case(offset, "0044-03-15 10:00:00+01:00 BC", "-0043-03-15T10:00:00+01:00"),
    Case(offset, "0044-03-15 10:00:00 BC", "-0043-03-15T10:00:00+00:00"),
    Case(offset, "9999-12-31T23:59:59.999999-14:00", "9999-12-31T23:59:59.999999-14:00"),
    Case(offset, "0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00+14:00"),
    Case(offset, "294247-01-10T18:00:54.775806+14:00", "294247-01-10T18:00:54.775806+14:00"),
    Case(offset, "294247-01-10T18:00:54.775807+14:00", refused: .outOfRange),
    Case(offset, "infinity+05:30", "infinity+05:30"), Case(offset, "-infinity -01", "-infinity-01:00"),
    Case(offset, "Infinity+00:00", "infinity"), Case(offset, "infinityx", refused: .malformed),
    Case(offset, "infinity+05:30x", refused: .malformed), Case(offset, "infinity+600:00", refused: .outOfRange),
    Case(offset, "-infinit", refused: .malformed), Case(offset, "", refused: .malformed),
    Case(offset, "294247-01-10T04:00:54.775807+01:00", "294247-01-10T04:00:54.775807+01:00"),
    Case(offset, "infinity", "infinity"), Case(offset, "-infinity", "-infinity"),
    Case(offset, "x", refused: .malformed),
    Case(fineOffset, "2026-11-21T10:00:00.1234567+05:30", "2026-11-21T10:00:00.123456700+05:30"),
    Case(fineOffset, "1677-09-20T10:12:43.145224193-14:00", "1677-09-20T10:12:43.145224193-14:00"),
    Case(fineOffset, "2262-04-12T13:47:16.854775806+14:00", "2262-04-12T13:47:16.854775806+14:00"),
    Case(fineOffset, "2262-04-12T13:47:16.854775807+14:00", refused: .outOfRange),
    Case(.list(offset), "[\"2026-11-21T10:00:00+01:00\", null]", "[\"2026-11-21T10:00:00+01:00\",null]"),
    Case(instant, "2024-02-29T12:00:00+02:00", "2024-02-29T10:00:00Z"),
    Case(instant, "2024-02-29 00:30:00-0530", "2024-02-29T06:00:00Z"),
    Case(instant, "2024-02-29 12:00:00+00", "2024-02-29T12:00:00Z"),
    Case(instant, "2024-02-29 12:00:00 Z", "2024-02-29T12:00:00Z"),
    Case(instant, "2024-02-29 12:00:00", "2024-02-29T12:00:00Z"),
    Case(instant, "2024-02-29 12:00:00+25", refused: .malformed),
    Case(instant, "2024-03-01T00:00:00+00:00:01", "2024-02-29T23:59:59Z"),
    Case(.interval, "P1Y2M3DT4H5M6.789S", "P1Y2M3DT4H5M6.789S"), Case(.interval, "PT0S", "PT0S"),
    Case(.interval, "P-1Y-2M3DT-4H-5M-6.5S", "P-1Y-2M3DT-4H-5M-6.5S"), Case(.interval, "P2W", "P14D"),
    Case(.interval, "-P1M", "P-1M"), Case(.interval, "PT100H", "PT100H"), Case(.interval, "P", refused: .malformed),
    Case(.interval, "PT0.0000000001S", refused: .losesDigits), Case(.interval, "P1.5D", refused: .malformed),
    Case(.interval, "P1DT", refused: .malformed), Case(.interval, "PT-0.5S", "PT-0.5S"),
    Case(.interval, "P99999999999M", refused: .outOfRange),
    Case(.uuid, "{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    Case(.uuid, "a0eebc999c0b4ef8bb6d6bb9bd380a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    Case(.uuid, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1g", refused: .malformed),
    Case(.bytes, "3q2+7w==", "3q2+7w=="), Case(.bytes, "3q2+7x==", refused: .malformed), Case(.bytes, "", ""),
    Case(.bytes, "3q2+7w", refused: .malformed), Case(.bytes, "AA=A", refused: .malformed),
    Case(.text, "héllo\u{0}", "héllo\u{0}"), Case(.json, #"{"a":[1,2.50,"x"]}"#, #"{"a":[1,2.50,"x"]}"#),
    Case(.json, "{a:1}", refused: .malformed), Case(.json, "[1,]", refused: .malformed), Case(.json, "[[]]", "[[]]"),
    Case(.json, "01", refused: .malformed), Case(.json, #""\ud800""#, #""\ud800""#),
    Case(.json, "[]]", refused: .malformed),
    Case(.json, #"{"a":{}, "b":[{},1]}"#, #"{"a":{}, "b":[{},1]}"#), Case(.json, "{} {}", refused: .malformed),
    Case(.list(.int32), "[1, null,-3]", "[1,null,-3]"), Case(.list(.int32), "[1,x]", refused: .malformed),
    Case(.list(.int8), "[1,300]", refused: .outOfRange),
    Case(.list(.text), #"["a\n\"","\ud83d\ude00",""]"#, #"["a\n\"","😀",""]"#),
    Case(.list(.list(.date)), #"[["2024-01-01"],[],null]"#, #"[["2024-01-01"],[],null]"#),
    Case(.list(dec), "[1.5,\"2.25\"]", "[1.500,2.250]"), Case(.list(.float64), #"["NaN",1]"#, #"["NaN",1.0]"#),
  ]

  @Test(arguments: cases)
  func `a text is read as its type and written back in canonical form`(_ item: Case) {
    let (text, result) = TextTests.roundTrip(item.text, item.type)
    #expect(result == item.result)
    #expect(text == item.canonical)
  }

  @Test func `bytes as hexadecimal digits`() {
    #expect(TextTests.roundTrip("\\xDEADbeef", .bytes, bytes: .hex).0 == "deadbeef")
    #expect(TextTests.roundTrip("0x00", .bytes, bytes: .hex).0 == "00")
    #expect(TextTests.roundTrip("abc", .bytes, bytes: .hex).1 == .malformed)
  }

  private func firstInvalid(_ text: [UInt8]) -> Int? { UTF8Text.firstInvalid(text.span) }

  @Test func `invalid UTF-8 is not text`() {
    for bytes: [UInt8] in [
      [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xFF], [0x80], [0xE2, 0x82],
    ] {
      let padded = Array("12345678".utf8) + bytes
      #expect(firstInvalid(padded) == 8)
    }
    #expect(firstInvalid(Array("aé€😀".utf8)) == nil)
  }

  @Test func `days and dates agree over the whole range`() {
    var days = Int(Int32.min)
    while days <= Int(Int32.max) {
      let date = Calendar.date(days: days)
      #expect(Calendar.isValid(year: date.year, month: date.month, day: date.day))
      #expect(Calendar.days(year: date.year, month: date.month, day: date.day) == days)
      days += 611_953
    }
    // A walk through every day of 800 years, with the calendar's rules written out plainly.
    var (year, month, day) = (-400, 1, 1)
    for count in Calendar.days(year: -400, month: 1, day: 1)..<Calendar.days(year: 400, month: 1, day: 1) {
      let date = Calendar.date(days: count)
      if date != Calendar.Date(year: year, month: month, day: day) {
        Issue.record("\(date) is not \(year)-\(month)-\(day)")
      }
      day += 1
      if day > Calendar.length(ofMonth: month, year: year) { (month, day) = (month + 1, 1) }
      if month > 12 { (year, month) = (year + 1, 1) }
    }
    #expect(Calendar.days(year: 1970, month: 1, day: 1) == 0)
    #expect(Calendar.days(year: 2000, month: 3, day: 1) == 11_017)
  }

  @Test func `integers of every length survive`() {
    for bits in 0..<64 {
      for offset in -2...2 {
        let value = Int64(truncatingIfNeeded: (Int128(1) << bits) + Int128(offset))
        for number in [value, 0 &- value] {
          #expect(TextTests.roundTrip("\(number)", .int64).0 == "\(number)")
          #expect(TextTests.roundTrip("\(number)", .decimal(precision: 38, scale: 0)).0 == "\(number)")
        }
      }
    }
    var power = Int128(1)
    for _ in 0..<38 {
      for number in [power, power - 1, -power] where number.magnitude < DecimalText.power(38).magnitude {
        #expect(TextTests.roundTrip("\(number)", .decimal(precision: 38, scale: 0)).0 == "\(number)")
        #expect(TextTests.roundTrip("\(number)", .decimal(precision: 76, scale: 0)).0 == "\(number)")
      }
      power = power < DecimalText.power(37) ? power * 10 : power
    }
  }

  @Test func `256-bit arithmetic is exact`() {
    let big = DecimalText.power256(75)
    #expect(big.dividedExactly(byPowerOfTen: 75) == Int256(1))
    #expect(big.negated.dividedExactly(byPowerOfTen: 40) == DecimalText.power256(35).negated)
    #expect(Int256(15).dividedExactly(byPowerOfTen: 1) == nil)
    #expect(Int256(1).multiplied(byPowerOfTen: 77) == nil)
    #expect(big.negated < .zero && big.negated < big && !(big < big))
    #expect(big.fits(digits: 76) && !big.fits(digits: 75))
    #expect(Int256(-5).narrowed == -5 && big.narrowed == nil)
  }

  @Test func `whole columns are formatted with their ends`() {
    let builder = ColumnBuilder(.decimal(precision: 12, scale: 2))
    builder.append(Int128(1_050))
    builder.appendNull()
    builder.append(Int128(-7))
    let column = builder.finish().slice(0, 3)
    var out = ByteBuffer()
    var ends = [Int32](repeating: 0, count: 3)
    var span = ends.mutableSpan
    TextFormatter(column).append(rows: 0..<3, to: &out, ends: &span)
    #expect(out.string == "10.50-0.07")
    #expect(ends == [5, 5, 10])
  }
}
