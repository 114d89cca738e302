import Expression
import FerryTesting
import Foundation
import Records
import Testing

@testable import SQL

@Suite struct CoercionTests {
  static let infinity = "infinity"

  func coerce(_ text: String?, _ from: DataType, _ to: LoadTarget, zone: String = "UTC", roundFloats: Bool = false)
    throws -> String?
  {
    let padded = try Samples.column(from, [nil, nil, nil, text, nil])
    let coercion = try Coercion(
      from: from, to: to, name: "c", options: CoercionOptions(timeZone: zone, roundFloats: roundFloats))
    // A slice, so that offsets and shared bitmaps are looked at too.
    let result = try coercion.apply(padded.slice(1, 4), firstRow: 11)
    #expect(result.count == 4 && (result.type == to.type || to.nanosecondStep != nil))
    let texts = Samples.texts(result)
    #expect(texts[0] == nil && texts[1] == nil && texts[3] == nil)
    return texts[2]
  }

  func failure(_ text: String, _ from: DataType, _ to: LoadTarget, zone: String = "UTC") -> Failure? {
    do { _ = try coerce(text, from, to, zone: zone) } catch { return error as? Failure }
    return nil
  }

  static let dec = DataType.decimal(precision: 10, scale: 2)
  static let wide = DataType.decimal(precision: 76, scale: 20)
  static let us = DataType.timestamp(.microseconds, zoned: false)
  static let ns = DataType.timestamp(.nanoseconds, zoned: false)
  static let instant = DataType.timestamp(.microseconds, zoned: true)
  static let offset = DataType.offsetTimestamp(.microseconds)
  static let fineOffset = DataType.offsetTimestamp(.nanoseconds)

  struct Case: Sendable { var text: String, from: DataType, to: DataType, expected: String }

  static let good: [Case] = [
    Case(text: "127", from: .int64, to: .int8, expected: "127"),
    Case(text: "-128", from: .int16, to: .int8, expected: "-128"),
    Case(
      text: "18446744073709551615", from: .uint64, to: .decimal(precision: 20, scale: 0),
      expected: "18446744073709551615"),
    Case(text: "9223372036854775807", from: .int64, to: .uint64, expected: "9223372036854775807"),
    Case(text: "18446744073709551615", from: .uint64, to: .text, expected: "18446744073709551615"),
    Case(text: "9007199254740992", from: .int64, to: .float64, expected: "9007199254740992.0"),
    Case(text: "3.0", from: .float64, to: .int32, expected: "3"),
    Case(text: "0.1", from: .float64, to: .float32, expected: "0.1"),
    Case(text: "0.1", from: .float32, to: .float64, expected: "0.10000000149011612"),
    Case(text: "0.10", from: dec, to: .float64, expected: "0.1"),
    Case(text: "12.00", from: dec, to: .int16, expected: "12"),
    Case(text: "-99999999.99", from: dec, to: .float64, expected: "-99999999.99"),
    Case(text: "0.50", from: dec, to: .float32, expected: "0.5"),
    Case(text: "12.30", from: dec, to: .decimal(precision: 3, scale: 1), expected: "12.3"),
    Case(text: "99999999.99", from: dec, to: wide, expected: "99999999.99000000000000000000"),
    Case(text: "5.36000000000000000000", from: wide, to: dec, expected: "5.36"),
    Case(text: "5.36", from: dec, to: .numeric, expected: "5.36"),
    Case(text: "0.1", from: .float64, to: dec, expected: "0.10"),
    Case(text: "1e-07", from: .float64, to: .numeric, expected: "0.0000001"),
    Case(text: "12.00", from: .numeric, to: .int64, expected: "12"),
    Case(text: "1.50", from: .numeric, to: dec, expected: "1.50"),
    Case(text: "9007199254740992", from: .numeric, to: .float64, expected: "9007199254740992.0"),
    Case(text: "0.10", from: .numeric, to: .float64, expected: "0.1"),
    Case(text: "-99999999.990", from: .numeric, to: .float64, expected: "-99999999.99"),
    Case(text: "0.000000000000000000000000000001", from: .numeric, to: .float64, expected: "1e-30"),
    Case(text: "1234567.0", from: .numeric, to: .float32, expected: "1234567.0"),
    Case(text: "true", from: .bool, to: .int32, expected: "1"),
    Case(text: "1", from: .int8, to: .bool, expected: "true"),
    Case(text: "12", from: .text, to: .int32, expected: "12"),
    Case(text: "yes", from: .text, to: .bool, expected: "true"),
    Case(text: "2024-02-29", from: .date, to: us, expected: "2024-02-29T00:00:00"),
    Case(text: "2024-02-29T00:00:00", from: us, to: .date, expected: "2024-02-29"),
    Case(text: "2024-02-29 00:00:00", from: .text, to: .date, expected: "2024-02-29"),
    Case(text: "2024-02-29T12:00:00.123456000", from: ns, to: us, expected: "2024-02-29T12:00:00.123456"),
    Case(text: "1900-01-01T12:00:00.1", from: us, to: ns, expected: "1900-01-01T12:00:00.100000000"),
    Case(text: "23:59:59.999999", from: .time(.microseconds), to: .time(.nanoseconds), expected: "23:59:59.999999000"),
    Case(text: "01:00:00", from: .time(.microseconds), to: .interval, expected: "PT1H"),
    Case(text: "PT90M", from: .interval, to: .time(.microseconds), expected: "01:30:00"),
    Case(
      text: "123e4567-e89b-12d3-a456-426614174000", from: .uuid, to: .bytes,
      expected: "123e4567e89b12d3a456426614174000"),
    Case(
      text: "123e4567e89b12d3a456426614174000", from: .bytes, to: .uuid,
      expected: "123e4567-e89b-12d3-a456-426614174000"),
    Case(text: "c3a9", from: .bytes, to: .text, expected: "é"),
    Case(text: "é", from: .text, to: .bytes, expected: "c3a9"),
    Case(text: "{\"a\": 1}", from: .text, to: .json, expected: "{\"a\": 1}"),
    Case(text: "2024-01-01", from: .date, to: .json, expected: "\"2024-01-01\""),
    Case(text: "[1,2]", from: .list(.int16), to: .list(.int64), expected: "[1,2]"),
    Case(text: "[1,null]", from: .list(.int16), to: .text, expected: "[1,null]"),
  ]

  @Test(arguments: good) func goesOver(_ example: Case) throws {
    #expect(try coerce(example.text, example.from, LoadTarget(example.to)) == example.expected)
  }

  /// MySQL parses JSON into integers of 64 bits and doubles.
  @Test(arguments: [
    ("{\"a\": [18446744073709551615, -9223372036854775808, 0.1, 1e22, -0.0]}", true),
    ("\"123456789012345678901234567890\"", true), ("{\"12345678901234567890123\\\"1.00000000000000000001\": 1}", true),
    ("123456789012345678901234567890", false), ("[1, {\"a\": 0.12345678901234567890}]", false),
    ("18446744073709551616", false), ("1e400", false),
  ])
  func jsonKeepsItsNumbers(_ text: String, _ fits: Bool) throws {
    var target = LoadTarget(.json)
    target.hasMachineNumbers = true
    if fits {
      #expect(try coerce(text, .json, target) == text)
    } else {
      #expect(failure(text, .json, target)?.code == "22003")
    }
  }

  /// Whole columns, sliced in the middle of a byte of their bitmap, to text, to JSON and back.
  @Test(arguments: Samples.types.indices) func columnsGoOver(index: Int) throws {
    let (type, samples) = Samples.types[index]
    let values = (0..<300).map { row in row % 3 == 1 ? nil : samples[row % samples.count] }
    let column = try Samples.column(type, values).slice(5, 290)
    let expected = Array(values[5..<295])
    func coerced(_ column: Column, _ to: DataType) throws -> Column {
      try Coercion(from: column.type, to: LoadTarget(to), name: "c").apply(column, firstRow: 1)
    }
    // Text is taken as JSON itself.
    let json = type == .text ? nil : try Samples.texts(coerced(column, .json))
    let one = TextFormatter(column)
    for row in 0..<column.count {
      var text = ByteBuffer()
      one.appendJSON(row, to: &text)
      if let json { #expect(json[row] == (expected[row] == nil ? nil : text.string), "\(type.name), row \(row)") }
    }
    // Bytes are taken as UTF-8, not written as digits.
    if type == .bytes { return }
    let text = try coerced(column, .text)
    #expect(Samples.texts(text) == expected)
    #expect(try Samples.texts(coerced(text, type)) == expected)
  }

  /// The first row that does not fit, whether the float's digits are others or do not fit the decimal at all.
  @Test(
    arguments: [
      (["0.5", "9999999999999.99", "0.1"], nil),
      (["0.5", "123456789012345678901234567.89", "99999999999999999999999999999999999.99"], 12),
      (["0.5", "0.25", "99999999999999999999999999999999999.99", "123456789012345678901234567.89"], 13),
    ] as [([String], Int64?)])
  func floatsKeepTheDigitsOfDecimals(texts: [String], bad: Int64?) throws {
    let type = DataType.decimal(precision: 37, scale: 2)
    let column = try Samples.column(type, texts.map { $0.contains(".") ? $0 + ($0.hasSuffix(".5") ? "0" : "") : $0 })
    let coercion = try Coercion(from: type, to: LoadTarget(.float64), name: "c")
    do {
      let floats = try coercion.apply(column, firstRow: 11)
      #expect(bad == nil && Samples.texts(floats) == texts.map { Double($0)?.description })
    } catch let failure as Failure {
      #expect(failure.message.contains("row \(bad ?? 0),") && failure.code == "22003", "\(failure)")
    }
  }

  static let bad: [Case] = [
    Case(text: "128", from: .int64, to: .int8, expected: "22003"),
    Case(text: "-1", from: .int64, to: .uint64, expected: "22003"),
    Case(text: "18446744073709551615", from: .uint64, to: .int64, expected: "22003"),
    Case(text: "9007199254740993", from: .int64, to: .float64, expected: "22003"),
    Case(text: "16777217", from: .int32, to: .float32, expected: "22003"),
    Case(text: "3.5", from: .float64, to: .int32, expected: "22003"),
    Case(text: "NaN", from: .float64, to: .int64, expected: "22003"),
    Case(text: "1e+300", from: .float64, to: .float32, expected: "22003"),
    Case(text: "0.30000000000000004", from: .float64, to: .float32, expected: "22003"),
    Case(text: "0.125", from: .float64, to: dec, expected: "22003"),
    Case(text: "9007199254740993", from: .numeric, to: .float64, expected: "22003"),
    Case(text: "0.1234567890123456789", from: .numeric, to: .float64, expected: "22003"),
    Case(text: "99999999.99", from: .numeric, to: .float32, expected: "22003"),
    Case(text: "16777217", from: .numeric, to: .float32, expected: "22003"),
    Case(text: "12.34", from: dec, to: .int32, expected: "22003"),
    Case(text: "12.34", from: dec, to: .decimal(precision: 10, scale: 1), expected: "22003"),
    Case(text: "100.00", from: dec, to: .decimal(precision: 4, scale: 2), expected: "22003"),
    Case(text: "0.12345678901234567890", from: wide, to: .float64, expected: "22003"),
    Case(text: "1.005", from: .numeric, to: dec, expected: "22003"),
    Case(text: "NaN", from: .numeric, to: dec, expected: "22003"),
    Case(text: "12.5", from: .numeric, to: .int64, expected: "22003"),
    Case(text: "2", from: .int8, to: .bool, expected: "22000"),
    Case(text: "12.0", from: .text, to: .int32, expected: "22018"),
    Case(text: "", from: .text, to: .int32, expected: "22018"),
    Case(text: "2023-02-29", from: .text, to: .date, expected: "22018"),
    Case(text: "2024-02-29T00:00:01", from: us, to: .date, expected: "22008"),
    Case(text: "2024-02-29T12:00:00.123456789", from: ns, to: us, expected: "22003"),
    Case(text: "3000-01-01T00:00:00", from: us, to: ns, expected: "22003"),
    Case(text: "ff", from: .bytes, to: .text, expected: "22021"),
    Case(text: "00", from: .bytes, to: .uuid, expected: "22000"),
    Case(text: "{", from: .text, to: .json, expected: "22018"),
    Case(text: "P1D", from: .interval, to: .time(.microseconds), expected: "22008"),
    Case(text: "[1,200]", from: .list(.int16), to: .list(.int8), expected: "22003"),
  ]

  @Test(arguments: bad) func doesNotFit(_ example: Case) throws {
    let failure = try #require(self.failure(example.text, example.from, LoadTarget(example.to)))
    #expect(failure.category == .data && failure.code == example.expected, "\(failure)")
    #expect(failure.message.hasPrefix("row 13, column 'c': "), "\(failure)")
    #expect(failure.sensitive?.isEmpty == false)
  }

  @Test func zones() throws {
    let paris = "Europe/Paris"
    #expect(try coerce("2024-07-01T12:00:00", Self.us, LoadTarget(Self.instant), zone: paris) == "2024-07-01T10:00:00Z")
    #expect(
      try coerce("2024-01-01T12:00:00.5Z", Self.instant, LoadTarget(Self.us), zone: paris)
        == "2024-01-01T13:00:00.500000")
    #expect(
      try coerce("2004-10-19 10:23:54+04", .text, LoadTarget(Self.instant), zone: paris) == "2004-10-19T06:23:54Z")
    #expect(try coerce("2004-10-19 10:23:54", .text, LoadTarget(Self.instant), zone: paris) == "2004-10-19T08:23:54Z")
    #expect(try coerce("2004-10-19T06:23:54Z", .text, LoadTarget(Self.us), zone: paris) == "2004-10-19T08:23:54")
    // Clocks show 02:30 twice on that night, and never on the other.
    #expect(try coerce("2024-10-27T02:30:00", Self.us, LoadTarget(Self.instant), zone: paris) == "2024-10-27T00:30:00Z")
    #expect(failure("2024-03-31T02:30:00", Self.us, LoadTarget(Self.instant), zone: paris)?.code == "22008")
    #expect(try coerce("2024-07-01", .date, LoadTarget(Self.instant), zone: paris) == "2024-06-30T22:00:00Z")
    #expect(try coerce("2024-06-30T22:00:00Z", Self.instant, LoadTarget(.date), zone: paris) == "2024-07-01")
    #expect(throws: Failure.self) { try coerce("2024-07-01", .date, LoadTarget(Self.instant), zone: "Nowhere/City") }
  }

  @Test func offsets() throws {
    let paris = "Europe/Paris"
    let half = "2024-07-01T12:00:00.500000+05:30"
    // The instant goes on where the target has no offset.
    #expect(try coerce(half, Self.offset, LoadTarget(Self.instant), zone: paris) == "2024-07-01T06:30:00.500000Z")
    #expect(try coerce(half, Self.offset, LoadTarget(Self.us), zone: paris) == "2024-07-01T08:30:00.500000")
    #expect(try coerce(half, Self.offset, LoadTarget(Self.us)) == "2024-07-01T06:30:00.500000")
    #expect(try coerce("2024-07-01T03:30:00+05:30", Self.offset, LoadTarget(.date), zone: paris) == "2024-07-01")
    #expect(failure(half, Self.offset, LoadTarget(.date), zone: paris)?.code == "22008")
    #expect(try coerce(half, Self.offset, LoadTarget(.text), zone: paris) == half)
    #expect(try coerce(half, Self.offset, LoadTarget(.json)) == "\"\(half)\"")
    #expect(try coerce(half, Self.offset, LoadTarget(Self.fineOffset)) == "2024-07-01T12:00:00.500000000+05:30")
    #expect(
      try coerce("2024-07-01T12:00:00.123456000-14:00", Self.fineOffset, LoadTarget(Self.offset))
        == "2024-07-01T12:00:00.123456-14:00")
    #expect(failure("2024-07-01T12:00:00.1234567-14:00", Self.fineOffset, LoadTarget(Self.offset))?.code == "22003")
    #expect(failure("3000-07-01T12:00:00-14:00", Self.offset, LoadTarget(Self.fineOffset))?.code == "22003")
    // What had no offset gets the zone's, but an instant is in UTC.
    #expect(
      try coerce("2024-07-01T10:00:00Z", Self.instant, LoadTarget(Self.offset), zone: paris)
        == "2024-07-01T10:00:00+00:00")
    #expect(
      try coerce("2024-07-01T10:00:00", Self.us, LoadTarget(Self.offset), zone: paris)
        == "2024-07-01T10:00:00+02:00")
    #expect(
      try coerce("2024-01-01T10:00:00", Self.us, LoadTarget(Self.offset), zone: paris)
        == "2024-01-01T10:00:00+01:00")
    #expect(try coerce("2024-07-01T10:00:00", Self.us, LoadTarget(Self.offset)) == "2024-07-01T10:00:00+00:00")
    #expect(failure("2024-03-31T02:30:00", Self.us, LoadTarget(Self.offset), zone: paris)?.code == "22008")
    // Paris was 9 minutes and 21 seconds ahead then: no offset of whole minutes.
    #expect(failure("1900-01-01T00:00:00", Self.us, LoadTarget(Self.offset), zone: paris)?.code == "22003")
    #expect(try coerce("2024-07-01", .date, LoadTarget(Self.offset), zone: paris) == "2024-07-01T00:00:00+02:00")
    #expect(
      try coerce("2024-07-01 10:00:00-03", .text, LoadTarget(Self.offset), zone: paris)
        == "2024-07-01T10:00:00-03:00")
    #expect(
      try coerce("2024-07-01 10:00:00", .text, LoadTarget(Self.offset), zone: paris)
        == "2024-07-01T10:00:00+02:00")
    #expect(failure("noon", .text, LoadTarget(Self.offset))?.code == "22018")
    #expect(
      try coerce("[\"2024-07-01T10:00:00+02:00\"]", .list(Self.offset), LoadTarget(.list(Self.instant)))
        == "[\"2024-07-01T08:00:00Z\"]")
    // Infinity, and the limits of a target.
    #expect(failure("infinity", Self.offset, LoadTarget(Self.offset))?.code == "22008")
    let infinite = LoadTarget(Self.instant, takesInfiniteDates: true)
    #expect(try coerce("-infinity", Self.offset, infinite) == "-infinity")
    #expect(try coerce("infinity", .date, LoadTarget(Self.offset, takesInfiniteDates: true), zone: paris) == "infinity")
    let narrow = LoadTarget(Self.offset, nativeType: "datetimeoffset", range: 0...1_000_000)
    #expect(try coerce("1970-01-01T01:00:01+01:00", Self.offset, narrow) == "1970-01-01T01:00:01+01:00")
    #expect(failure("1970-01-01T00:00:02+00:00", Self.offset, narrow)?.code == "22003")
  }

  @Test func limits() throws {
    let four = LoadTarget(.text, nativeType: "varchar(4)", length: .characters(4), takesNUL: false)
    #expect(try coerce("🚢éaa", .text, four) == "🚢éaa")
    #expect(failure("🚢éaaa", .text, four)?.code == "22001")
    #expect(failure("🚢éa", .text, LoadTarget(.text, length: .utf16Units(3)))?.code == "22001")
    #expect(failure("é", .text, LoadTarget(.text, length: .bytes(1)))?.code == "22001")
    #expect(failure("12345", .int32, four)?.code == "22001")
    #expect(failure("a\0b", .text, four)?.code == "22021")
    let medium = LoadTarget(.int32, nativeType: "mediumint", range: -8_388_608...8_388_607)
    #expect(try coerce("8388607", .int64, medium) == "8388607")
    #expect(failure("8388608", .int64, medium)?.code == "22003")
    #expect(failure("infinity", .date, LoadTarget(.date))?.code == "22008")
    #expect(try coerce("infinity", .date, LoadTarget(Self.us, takesInfiniteDates: true)) == "infinity")
    #expect(failure("NaN", .float64, LoadTarget(.float64))?.code == "22003")
    #expect(try coerce("NaN", .float64, LoadTarget(.float64, takesNonFinite: true)) == "NaN")
    #expect(
      try coerce("0.12345678901234567890", Self.wide, LoadTarget(.float64), roundFloats: true) == "0.12345678901234568")
  }

  /// What a database would change without a word; in lists as well.
  @Test func limitsOfDatabases() throws {
    var year = LoadTarget(.int16, range: 0...2_155)
    year.hole = 1...1_900
    #expect(try coerce("0", .int32, year) == "0" && coerce("1901", .int32, year) == "1901")
    #expect(failure("70", .int32, year)?.code == "22003" && failure("2156", .int32, year)?.code == "22003")
    var member = LoadTarget(.text)
    member.members = TextMembers(["a", "b c", ""], isSet: false)
    #expect(try coerce("b c", .text, member) == "b c" && coerce("", .text, member) == "")
    #expect(failure("A", .text, member)?.message.contains("none of the column's members") == true)
    member.members = TextMembers(["a", "b"], isSet: true)
    #expect(try coerce("b,a", .text, member) == "b,a" && coerce("", .text, member) == "")
    #expect(failure("a,", .text, member) != nil && failure("1", .int32, member) != nil)
    var length = LoadTarget(.interval, range: -3_600_000_000_000...3_600_000_000_000)
    length.takesMonths = false
    length.step = 1_000_000_000
    #expect(try coerce("PT1H", .interval, length) == "PT1H")
    for text in ["P1M", "P1D", "PT1H0.000001S", "PT0.5S"] {
      #expect(failure(text, .interval, length) != nil, "\(text)")
    }
    var noNaN = LoadTarget(.float64, takesNonFinite: true)
    noNaN.takesNaN = false
    #expect(try coerce("Infinity", .float64, noNaN) == "Infinity")
    #expect(failure("NaN", .float64, noNaN)?.code == "22003")
    var fine = LoadTarget(.list(Self.us), nativeType: "timestamp(3)[]")
    fine.step = 1_000
    #expect(try coerce("[\"2024-01-01T00:00:00.123\"]", .text, fine)?.contains(".123") == true)
    #expect(failure("[null, \"2024-01-01T00:00:00.1234\"]", .text, fine)?.code == "22003")
    #expect(failure("[\"a\\u0000\"]", .text, LoadTarget(.list(.text), takesNUL: false))?.code == "22021")
  }

  /// Microseconds reach every year, nanoseconds every digit: each value goes in what holds it.
  @Test func columnsWithDigitsBehindMicroseconds() throws {
    var target = LoadTarget(
      Self.us, nativeType: "datetime2(7)", range: -62_135_596_800_000_000...253_402_300_799_999_999)
    target.nanosecondStep = 100
    let ns = DataType.timestamp(.nanoseconds, zoned: false)
    for text in ["0001-01-01T00:00:00", "9999-12-31T23:59:59.999999"] {
      #expect(try coerce(text, Self.us, target) == text && coerce(text, .text, target) == text)
    }
    #expect(try coerce("9999-12-31", .date, target) == "9999-12-31T00:00:00")
    for from in [ns, .text] {
      #expect(try coerce("2004-10-19T10:23:54.1234567", from, target) == "2004-10-19T10:23:54.123456700")
      #expect(failure("2004-10-19T10:23:54.12345678", from, target)?.code == "22003")
    }
    #expect(failure("0000-12-31T23:59:59", Self.us, target)?.code == "22003")
    // One column cannot hold both.
    let texts = try Samples.column(.text, ["9999-12-31 00:00:00", "2004-10-19 10:23:54.1234567"])
    let both = try Coercion(from: .text, to: target, name: "c")
    #expect(throws: Failure.self) { try both.apply(texts, firstRow: 1) }
    var time = LoadTarget(.time(.microseconds), nativeType: "time(7)", range: 0...86_399_999_999)
    time.nanosecondStep = 100
    #expect(try coerce("23:59:59.9999999", .time(.nanoseconds), time) == "23:59:59.999999900")
    #expect(failure("24:00:00", .time(.nanoseconds), time)?.code == "22003")
  }

  @Test func offsetsOfDatabases() throws {
    let type = DataType.offsetTimestamp(.microseconds)
    var target = LoadTarget(type, range: -62_135_596_800_000_000...253_402_300_799_999_999)
    target.offsets = -840...840
    for text in ["2024-06-01T12:00:00+14:00", "2024-06-01T12:00:00-14:00", "9999-12-31T23:59:59+00:00"] {
      #expect(try coerce(text, type, target) == text && coerce(text, .text, target) == text)
    }
    // The clock has to be in range, and the instant.
    for text in ["2024-06-01T12:00:00+14:01", "10000-01-01T00:00:00+01:00", "0001-01-01T00:00:00+00:01"] {
      #expect(failure(text, type, target)?.code == "22003", "\(text)")
    }
  }

  @Test(arguments: [
    ("1.5000", 2, 1, true), ("1.5000", 1, 1, false), ("0.05", 2, 2, true), ("0.05", 1, 2, false),
    ("1200", 4, -2, true), ("1200", 3, -2, false), ("1210", 4, -2, false), ("-001200.00", 4, 0, true),
    ("0", 0, 0, true), ("0.00", 0, 0, true), ("0.5", 1, 1, true), ("100.5", 3, 1, false),
  ])
  func digitsOfNumbers(_ text: String, _ total: Int, _ fraction: Int, _ fits: Bool) throws {
    var target = LoadTarget(.numeric)
    target.digits = DigitLimit(total: total, fraction: fraction)
    if fits {
      #expect(try coerce(text, .numeric, target) != nil)
    } else {
      #expect(failure(text, .numeric, target)?.code == "22003")
    }
  }

  @Test func refusals() {
    for (a, b) in [
      (DataType.date, DataType.int32), (.bool, .float64), (.uuid, .int64), (.list(.int32), .int32), (.json, .int64),
      (.time(.microseconds), .date),
    ] {
      #expect(throws: Failure.self) { try Coercion(from: a, to: LoadTarget(b), name: "c") }
      #expect(CoercionMatrix.kind(a, b) == .refused)
    }
  }

  /// Every cell that is not refused takes every sample or names the row; widening and identical cells take all.
  @Test func everyCell() throws {
    for (from, texts) in Samples.types {
      for to in CoercionTable.types {
        let kind = CoercionMatrix.kind(from, to)
        if kind == .refused { continue }
        let target = LoadTarget(to, takesInfiniteDates: true, takesNonFinite: true)
        let coercion = try Coercion(from: from, to: target, name: "c")
        for text in texts {
          do {
            let result = try coercion.apply(Samples.column(from, [text]), firstRow: 1)
            #expect(result.type == to && result.count == 1 && result.nullCount == 0)
          } catch let failure as Failure {
            #expect(kind == .checked || kind == .parsed, "\(from.name) → \(to.name): \(text): \(failure)")
            #expect(failure.category == .data && failure.message.hasPrefix("row 1, column 'c'"))
          }
        }
      }
    }
  }

  @Test func thePageIsCurrent() throws {
    var root = URL(fileURLWithPath: #filePath)
    for _ in 0..<3 { root.deleteLastPathComponent() }
    let file = root.appendingPathComponent("docs/coercion.md")
    if ProcessInfo.processInfo.environment["FERRY_WRITE_DOCS"] != nil {
      try CoercionTable.page.write(to: file, atomically: true, encoding: .utf8)
    }
    #expect(
      try String(contentsOf: file, encoding: .utf8) == CoercionTable.page, "write it anew with FERRY_WRITE_DOCS=1")
  }
}
