import FerryTesting
import Formats
import Records
import Testing

struct WriterTests {
  /// A column's type and the canonical texts of its values; nil is NULL.
  typealias Sample = (String, DataType, [String?])

  static let samples: [Sample] = [
    ("flag", .bool, ["true", nil, "false", "true"]),
    ("i8", .int8, ["-128", "127", nil, "0"]), ("i16", .int16, ["-32768", "32767", nil, "0"]),
    ("i32", .int32, ["-2147483648", "2147483647", nil, "-1"]),
    ("i64", .int64, ["-9223372036854775808", "9223372036854775807", nil, "12"]),
    ("u8", .uint8, ["0", "255", nil, "7"]), ("u16", .uint16, ["0", "65535", nil, "7"]),
    ("u32", .uint32, ["0", "4294967295", nil, "7"]), ("u64", .uint64, ["0", "18446744073709551615", nil, "7"]),
    ("f32", .float32, ["3.4028235e+38", "-0.1", nil, "NaN"]),
    ("f64", .float64, ["1.7976931348623157e+308", "5e-324", "-Infinity", nil]),
    (
      "dec", .decimal(precision: 38, scale: 10),
      ["9999999999999999999999999999.9999999999", "-0.0000000001", nil, "1.5000000000"]
    ),
    ("big", .decimal(precision: 76, scale: 2), ["-\(String(repeating: "9", count: 74)).99", "0.01", nil, "3.00"]),
    ("num", .numeric, ["123456789012345678901234567890.10", "NaN", nil, "-Infinity"]),
    ("text", .text, ["a,b\"c\"\nd\r\n'", "", nil, "é😀\t\u{1}\\N \u{7F}"]),
    ("plain", .text, ["ship", "rail", "air", "a rather long text without anything special"]),
    ("bytes", .bytes, ["3q2+7w==", "", nil, "AA=="]),
    ("day", .date, ["2024-02-29", "-0043-03-15", nil, "infinity"]),
    ("clock", .time(.microseconds), ["23:59:59.999999", "24:00:00", nil, "12:00:00"]),
    (
      "wall", .timestamp(.microseconds, zoned: false),
      ["2024-02-29T12:00:00.000001", "1969-12-31T23:59:59.120000", nil, "infinity"]
    ),
    (
      "moment", .timestamp(.nanoseconds, zoned: true),
      ["2024-02-29T12:00:00.000000001Z", "1900-01-01T00:00:00Z", nil, "2024-01-01T00:00:00.500000000Z"]
    ),
    (
      "stamp", .offsetTimestamp(.microseconds),
      ["2024-02-29T12:00:00.000001+05:30", "294247-01-10T04:00:54.775807+01:00", nil, "2024-01-01T00:00:00+00:00"]
    ),
    ("span", .interval, ["P1Y2M3DT4H5M6.789S", "PT0S", nil, "P-1D"]),
    (
      "id", .uuid,
      [
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "00000000-0000-0000-0000-000000000000", nil,
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
      ]
    ),
    ("doc", .json, [#"{"a":[1,2.50,"x,\"y"]}"#, "5", nil, "[]"]),
    ("list", .list(.int32), ["[1,null,-3]", "[]", nil, "[7]"]),
    ("texts", .list(.text), [#"["a\"b","","c,d"]"#, "[]", nil, #"["é"]"#]),
  ]

  static func batch(_ samples: [Sample], repeated times: Int = 1) -> RecordBatch {
    let columns = samples.map { _, type, values -> Column in
      let builder = ColumnBuilder(type)
      let parser = ValueParser(type)
      for _ in 0..<times {
        for value in values {
          guard let value else {
            builder.appendNull()
            continue
          }
          let result = parser.append(value.utf8.span, to: builder)
          #expect(result == .ok, "\(type.name) '\(value)'")
        }
      }
      return builder.finish()
    }
    return RecordBatch(schema: Schema(samples.map { Field($0.0, $0.1) }), columns: columns, count: columns[0].count)
  }

  static func expected(_ samples: [Sample], repeated times: Int = 1) -> [[String]] {
    let rows = (0..<samples[0].2.count).map { row in samples.map { $0.2[row] ?? "∅" } }
    return (0..<times).flatMap { _ in rows }
  }

  static let types = Dictionary(uniqueKeysWithValues: samples.map { (ExactText($0.0), $0.1) })

  @Test(arguments: CSVWriteOptions.QuoteMode.allCases, ["", "\\N"])
  func `every type survives CSV`(mode: CSVWriteOptions.QuoteMode, null: String) throws {
    let output = BytesOutput()
    var options = CSVWriteOptions()
    options.quoteMode = mode
    options.nullValue = null
    let times = 300
    let batch = WriterTests.batch(WriterTests.samples, repeated: times)
    let writer = try CSVWriter(output, schema: batch.schema, options)
    try writer.write(batch.slice(0, 5))
    try writer.write(batch.slice(5, batch.count - 5))
    #expect(!output.isCommitted)
    try writer.finish()
    #expect(output.isCommitted)
    var back = CSVReadOptions()
    back.types = .declared(WriterTests.types)
    back.nullValues = [null]
    let rows = try texts(CSVReader(BytesInput(output.bytes), back))
    #expect(rows == WriterTests.expected(WriterTests.samples, repeated: times))
  }

  @Test func `every type survives JSON`() throws {
    for newLine in [true, false] {
      let output = BytesOutput()
      var options = JSONWriteOptions()
      options.newLine = newLine
      let batch = WriterTests.batch(WriterTests.samples, repeated: 300)
      let writer = try JSONWriter(output, schema: batch.schema, options)
      try writer.write(batch.slice(0, 1))
      try writer.write(batch.slice(1, batch.count - 1))
      try writer.finish()
      var back = JSONReadOptions()
      back.columns = WriterTests.types
      let rows = try texts(JSONReader(BytesInput(output.bytes), back))
      #expect(rows == WriterTests.expected(WriterTests.samples, repeated: 300))
    }
  }

  @Test func `independent readers see the same values`() throws {
    let batch = WriterTests.batch(WriterTests.samples, repeated: 2)
    let csv = BytesOutput()
    let csvWriter = try CSVWriter(csv, schema: batch.schema)
    try csvWriter.write(batch)
    try csvWriter.finish()
    let times: Set<String> = ["wall", "moment", "stamp"]
    let plain = WriterTests.expected(WriterTests.samples, repeated: 2)
    let rows = try Agreement.rows("csv", csv.bytes)
    #expect(rows.count == plain.count)
    for (row, wanted) in zip(rows, plain) {
      for (index, sample) in WriterTests.samples.enumerated() where !times.contains(sample.0) {
        #expect(row[index] == (wanted[index] == "∅" ? "" : wanted[index]), "\(sample.0)")
      }
    }
    let json = BytesOutput()
    let jsonWriter = try JSONWriter(json, schema: batch.schema)
    try jsonWriter.write(batch)
    try jsonWriter.finish()
    for (row, wanted) in zip(try Agreement.rows("json", json.bytes), plain) {
      for (index, sample) in WriterTests.samples.enumerated() where sample.0 != "doc" && sample.1.layout != .list {
        #expect(row[index] == wanted[index], "\(sample.0)")
      }
    }
  }

  static func csv(_ samples: [Sample], _ change: (inout CSVWriteOptions) -> Void = { _ in }) throws -> String {
    let output = BytesOutput()
    var options = CSVWriteOptions()
    change(&options)
    let batch = batch(samples)
    let writer = try CSVWriter(output, schema: batch.schema, options)
    try writer.write(batch)
    try writer.finish()
    return output.text
  }

  static let small: [Sample] = [
    ("n", .int32, ["1", nil]), ("t", .text, ["a b", ""]), ("b", .bool, ["true", "false"]),
  ]

  @Test func `quotes, separators and line ends`() throws {
    #expect(try WriterTests.csv(WriterTests.small) == "n,t,b\n1,a b,true\n,\"\",false\n")
    #expect(
      try WriterTests.csv(WriterTests.small) { $0.quoteMode = .always }
        == "\"n\",\"t\",\"b\"\n\"1\",\"a b\",\"true\"\n,\"\",\"false\"\n")
    #expect(
      try WriterTests.csv(WriterTests.small) { $0.quoteMode = .nonNumeric }
        == "\"n\",\"t\",\"b\"\n1,\"a b\",true\n,\"\",false\n")
    #expect(
      try WriterTests.csv(WriterTests.small) {
        $0.header = false
        $0.fieldSeparator = " "
        $0.textDelimiter = "'"
        $0.lineDelimiter = "\r\n"
      } == "1 'a b' true\r\n '' false\r\n")
    #expect(
      try WriterTests.csv([("d", .decimal(precision: 4, scale: 1), ["1.5"]), ("x", .int8, ["2"])]) {
        $0.fieldSeparator = "."
      } == "d.x\n\"1.5\".2\n")
    #expect(try WriterTests.csv([("t", .text, ["NULL", nil])]) { $0.nullValue = "NULL" } == "t\n\"NULL\"\nNULL\n")
  }

  @Test func `date formats`() throws {
    let samples: [Sample] = [
      ("d", .date, ["2024-02-29"]), ("c", .time(.microseconds), ["13:05:06.5"]),
      ("w", .timestamp(.microseconds, zoned: false), ["2024-02-29T13:05:06.123456"]),
      ("z", .timestamp(.microseconds, zoned: true), ["2024-07-01T22:00:00Z"]),
      ("o", .offsetTimestamp(.nanoseconds), ["2024-07-01T22:00:00.0001-03:30"]),
      ("u", .offsetTimestamp(.microseconds), ["2024-07-01T22:00:00+00:00"]),
    ]
    #expect(
      try WriterTests.csv(samples) { $0.header = false }
        == "2024-02-29,13:05:06.500000,2024-02-29T13:05:06.123456,2024-07-01T22:00:00.000Z,"
        + "2024-07-01T22:00:00.000100-03:30,2024-07-01T22:00:00.000Z\n")
    #expect(
      try WriterTests.csv(samples) {
        $0.header = false
        $0.dateFormat = "EEE d MMM yy"
        $0.timeFormat = "hh:mm a[XXX]"
        $0.dateTimeFormat = "dd/MM/yyyy HH:mm:ss.SSS[XXX]"
        $0.timeZone = "Europe/Paris"
      } == "Thu 29 Feb 24,01:05 PM,29/02/2024 13:05:06.123,02/07/2024 00:00:00.000+02:00,"
        + "01/07/2024 22:00:00.000-03:30,01/07/2024 22:00:00.000Z\n")
    #expect(throws: Failure.self) { try WriterTests.csv(samples) { $0.dateFormat = "HH" } }
    #expect(throws: Failure.self) { try WriterTests.csv(samples) { $0.timeZone = "Mars/Base" } }
  }

  @Test func `character sets`() throws {
    for charset in ["ISO-8859-15", "UTF-16", "WINDOWS-1252"] {
      let output = BytesOutput()
      var options = CSVWriteOptions()
      options.charset = charset
      let batch = WriterTests.batch([("t", .text, ["é€", "x"])])
      let writer = try CSVWriter(output, schema: batch.schema, options)
      try writer.write(batch)
      try writer.finish()
      var back = CSVReadOptions()
      back.charset = charset
      #expect(try texts(CSVReader(BytesInput(output.bytes), back)) == [["é€"], ["x"]], "\(charset)")
    }
    #expect(throws: Failure.self) { try WriterTests.csv([("t", .text, ["😀"])]) { $0.charset = "ISO-8859-1" } }
    #expect(throws: Failure.self) { try WriterTests.csv([("t", .text, ["x"])]) { $0.charset = "nonsense" } }
  }

  static func json(_ samples: [Sample], rows: Int? = nil, newLine: Bool) throws -> String {
    let output = BytesOutput()
    var options = JSONWriteOptions()
    options.newLine = newLine
    let batch = batch(samples)
    let writer = try JSONWriter(output, schema: batch.schema, options)
    try writer.write(batch.slice(0, rows ?? batch.count))
    try writer.finish()
    return output.text
  }

  @Test func `layouts of JSON`() throws {
    #expect(
      try WriterTests.json(WriterTests.small, newLine: true) == #"{"n":1,"t":"a b","b":true}"# + "\n"
        + #"{"n":null,"t":"","b":false}"# + "\n")
    #expect(
      try WriterTests.json(WriterTests.small, newLine: false)
        == #"[{"n":1,"t":"a b","b":true},{"n":null,"t":"","b":false}]"# + "\n")
    #expect(try WriterTests.json(WriterTests.small, rows: 1, newLine: false) == #"{"n":1,"t":"a b","b":true}"# + "\n")
    #expect(try WriterTests.json(WriterTests.small, rows: 0, newLine: false) == "[]\n")
    #expect(
      try WriterTests.json([("a", .json, ["[1,\n2]"]), ("a", .text, ["\u{0}\u{8}\"\\"])], newLine: true)
        == #"{"a":[1, 2],"a_2":"\u0000\b\"\\"}"# + "\n")
  }

  /// Files of others say of a column that it is JSON, and need not be right.
  @Test func `what is no JSON is not written as JSON`() throws {
    let rows = BatchBuilder(Schema([Field("id", .int64), Field("j", .json)]))
    for (id, text) in [#"{"a":1}"#, "{bad"].enumerated() {
      rows.columns[0].append(Int64(id))
      rows.columns[1].append(text: text)
      _ = rows.finishRow(bytes: 8)
    }
    let batch = rows.finish()
    let writer = try JSONWriter(BytesOutput(), schema: batch.schema)
    let failure = #expect(throws: Failure.self) { try writer.write(batch) }
    #expect(failure?.message.contains("column 'j' of row 2 is of type json, but its text is not JSON") == true)
  }
}
