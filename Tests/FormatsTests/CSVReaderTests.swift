import FerryTesting
import Formats
import Records
import Testing

final class BytesInput: ByteInput {
  let name = "test.csv"
  let size: Int64? = nil
  private var rest: ArraySlice<UInt8>
  init(_ bytes: some Sequence<UInt8>) { rest = ArraySlice(bytes) }
  func read(into room: inout OutputSpan<UInt8>) throws -> Int {
    let count = min(room.freeCapacity, rest.count)
    let part = rest.prefix(count)
    room.append(part.span)
    rest = rest.dropFirst(count)
    return count
  }
}

final class BytesOutput: ByteOutput {
  let name = "test.out"
  var bytes: [UInt8] = []
  var isCommitted = false
  func write(_ more: Span<UInt8>) throws { bytes += more.array }
  func commit() throws { isCommitted = true }
  var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// Collects the rows of a sink.
final class RowsSink: RecordSink {
  var rows: [[String]] = []
  func write(_ batch: RecordBatch) throws {
    for row in 0..<batch.count {
      rows.append(batch.columns.map { $0.isNull(row) ? "∅" : ValueText.string(of: $0, at: row) })
    }
  }
  func finish() throws {}
}

struct CSVReaderTests {
  /// A case that must read the same whatever the buffer size.
  struct Case: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let bytes: [UInt8]
    let names: [String]
    let rows: [[String]]
    let change: @Sendable (inout CSVReadOptions) -> Void
    init(
      _ name: String, _ text: String, _ names: [String], _ rows: [[String]],
      _ change: @escaping @Sendable (inout CSVReadOptions) -> Void = { _ in }
    ) {
      self.init(name, bytes: Array(text.utf8), names, rows, change)
    }
    init(
      _ name: String, bytes: [UInt8], _ names: [String], _ rows: [[String]],
      _ change: @escaping @Sendable (inout CSVReadOptions) -> Void = { _ in }
    ) {
      (testDescription, self.bytes, self.names, self.rows, self.change) = (name, bytes, names, rows, change)
    }
  }

  static let long = String(repeating: "x", count: 100)

  static let cases: [Case] = [
    Case("plain", "a,b\n1,2\n3,4\n", ["a", "b"], [["1", "2"], ["3", "4"]]),
    Case("no line end at the end", "a,b\n1,2", ["a", "b"], [["1", "2"]]),
    Case("CRLF", "a,b\r\n1,2\r\n3,4\r\n", ["a", "b"], [["1", "2"], ["3", "4"]]),
    Case("empty lines in front of the header", "\n\r\n\na,b\n1,2\n", ["a", "b"], [["1", "2"]]) {
      $0.skipEmptyRows = true
    },
    Case("empty lines in front of the first row", "\n\n1,2\n", ["col1", "col2"], [["1", "2"]]) {
      ($0.skipEmptyRows, $0.header) = (true, false)
    },
    Case("CR only", "a,b\r1,2\r3,4\r", ["a", "b"], [["1", "2"], ["3", "4"]]),
    Case("mixed line ends", "a,b\r\n1,2\n3,4\r5,6\r\n", ["a", "b"], [["1", "2"], ["3", "4"], ["5", "6"]]),
    Case(
      "comma in quotes", "first,last,address\nJohn,Doe,\"120 any st., Anytown\"\n", ["first", "last", "address"],
      [["John", "Doe", "120 any st., Anytown"]]),
    Case(
      "empty fields", "a,b,c\n1,\"\",\"\"\n2,3,4\n,,\n", ["a", "b", "c"],
      [["1", "", ""], ["2", "3", "4"], ["", "", ""]]),
    Case("escaped quotes", "a,b\n1,\"ha \"\"ha\"\" ha\"\n3,4\n", ["a", "b"], [["1", "ha \"ha\" ha"], ["3", "4"]]),
    Case("only quotes", "a,b\n\"\"\"\",\"\"\"\"\"\"\n", ["a", "b"], [["\"", "\"\""]]),
    Case(
      "JSON in quotes", "key,val\n1,\"{\"\"type\"\": \"\"Point\"\", \"\"c\"\": [102.0, 0.5]}\"\n", ["key", "val"],
      [["1", "{\"type\": \"Point\", \"c\": [102.0, 0.5]}"]]),
    Case(
      "line ends in quotes", "a,b,c\n1,2,3\n\"Once upon \na time\",5,6\n7,8,\"x\r\ny\rz\"\n", ["a", "b", "c"],
      [["1", "2", "3"], ["Once upon \na time", "5", "6"], ["7", "8", "x\r\ny\rz"]]),
    Case(
      "quotes and line ends", "a,b\n1,\"ha \n\"\"ha\"\" \nha\"\n3,4\n", ["a", "b"],
      [["1", "ha \n\"ha\" \nha"], ["3", "4"]]),
    Case("UTF-8", "a,b,c\n1,2,3\n4,5,ʤ\n", ["a", "b", "c"], [["1", "2", "3"], ["4", "5", "ʤ"]]),
    Case("byte order mark", "\u{FEFF}a,b\n1,2\n", ["a", "b"], [["1", "2"]]),
    Case("byte order mark and quotes", "\u{FEFF}\"a\",b\n1,2\n", ["a", "b"], [["1", "2"]]),
    Case("NULL", "a,b\n\\N,x\n\"\\N\",\\N\n", ["a", "b"], [["∅", "x"], ["\\N", "∅"]]),
    Case(
      "quote inside of an unquoted field", "a,b\nx\"y,z\n5\"\",\"q\"\n1,2\n", ["a", "b"],
      [["x\"y", "z"], ["5\"\"", "q"], ["1", "2"]]),
    Case("spaces stay", "a , b\n 1 , \"2\" \n", ["a ", " b"], [[" 1 ", " \"2\" "]]),
    Case("other separators", "a;b\n'1;1';2\n", ["a", "b"], [["1;1", "2"]]) {
      $0.fieldSeparator = ";"
      $0.textDelimiter = "'"
    },
    Case("tabs without quotes", "a\tb\n\"1\t2\"\n", ["a", "b"], [["\"1", "2\""]]) {
      $0.fieldSeparator = "\t"
      $0.textDelimiter = ""
    },
    Case("no header", "1,2\n3,4\n", ["col1", "col2"], [["1", "2"], ["3", "4"]]) { $0.header = false },
    Case("skipped rows", "a,b\nx\n1,2\n3,4\n", ["a", "b"], [["3", "4"]]) { $0.skipRows = 2 },
    Case("skipped lines", "report \"of\ntoday\r\n\na,b\n1,2\n", ["a", "b"], [["1", "2"]]) { $0.skipLines = 3 },
    Case("trailing header without a name", "a,b,\n1,2,\n3,4\n", ["a", "b"], [["1", "2"], ["3", "4"]]),
    Case("header without a name, renamed", "a,,b,\n1,2,3,4\n", ["a", "col_2", "b", "col_4"], [["1", "2", "3", "4"]]) {
      $0.onEmptyHeader = .rename
    },
    Case("duplicate headers", "a,a,a_2,a\n1,2,3,4\n", ["a", "a_3", "a_2", "a_4"], [["1", "2", "3", "4"]]),
    Case("empty lines of one column", "a\n\n1\n\n", ["a"], [[""], ["1"], [""]]),
    Case("empty lines of one column, skipped", "a\n\n1\n\n\n2\n", ["a"], [["1"], ["2"]]) { $0.skipEmptyRows = true },
    Case("empty lines, skipped", "a,b\n\n1,2\r\n\r\n\r\n3,4\n\n", ["a", "b"], [["1", "2"], ["3", "4"]]) {
      $0.skipEmptyRows = true
    },
    Case(
      "missing fields filled", "a,b,c\n1\n1,2\n1,2,3\n", ["a", "b", "c"],
      [["1", "∅", "∅"], ["1", "2", "∅"], ["1", "2", "3"]]
    ) {
      $0.fillMissing = true
    },
    Case("extra characters allowed", "a,b\n\"x\"yz,1\n\"p\"\"q\" ,2\n", ["a", "b"], [["xyz", "1"], ["p\"q ", "2"]]) {
      $0.allowExtraCharsAfterClosingQuote = true
    },
    Case("only a header", "a,b\n", ["a", "b"], []),
    Case("nothing", "", [], []),
    Case(
      "long fields", "a,b\n\(long),\"\(long)\n\(long)\"\"\"\nz,\"\"\n", ["a", "b"],
      [[long, "\(long)\n\(long)\""], ["z", ""]]),
    Case(
      "UTF-16", bytes: [0xFF, 0xFE] + "a,é\n1,😀\n".utf16.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }, ["a", "é"],
      [["1", "😀"]]
    ) {
      $0.charset = "UTF-16"
    },
    Case("ISO-8859-15", bytes: [0x61, 0x0A, 0xA4, 0xE9, 0x0A], ["a"], [["€é"]]) { $0.charset = "ISO-8859-15" },
    Case("Windows-1252", bytes: [0x61, 0x0A, 0x80, 0x93, 0x0A], ["a"], [["€“"]]) { $0.charset = "windows-1252" },
    Case(
      "gzip",
      bytes: [
        31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 75, 212, 73, 226, 50, 212, 49, 226, 2, 0, 123, 7, 151, 10, 8, 0, 0, 0,
      ], ["a", "b"], [["1", "2"]]),
    Case(
      "inferred types",
      "i,d,f,b,t,ts,z,s,n,x\n"
        + "1,1.50,1e3,true,2024-01-31,2024-01-31 10:00:00,2024-01-31T10:00:00+01:00,007,,12345678901234567890\n"
        + "-20,12.25,2.5,false,1999-12-31,1999-12-31 23:59:59.5,1999-12-31T23:59:59Z,1.10,,1\n",
      [
        "i int64", "d decimal(38,2)", "f float64", "b bool", "t date", "ts timestamp", "z timestamp with zone",
        "s text", "n text", "x decimal(38,0)",
      ],
      [
        [
          "1", "1.50", "1000.0", "true", "2024-01-31", "2024-01-31T10:00:00", "2024-01-31T09:00:00Z", "007", "",
          "12345678901234567890",
        ],
        [
          "-20", "12.25", "2.5", "false", "1999-12-31", "1999-12-31T23:59:59.500000", "1999-12-31T23:59:59Z", "1.10",
          "", "1",
        ],
      ]
    ) {
      $0.types = .infer
    },
    Case(
      "types that widen later", "a,b,c,d\n" + String(repeating: "1,2,3,2024-01-01\n", count: 50) + "1.25,007,,x\n",
      ["a decimal(38,2)", "b text", "c int64", "d text"],
      Array(repeating: ["1.00", "2", "3", "2024-01-01"], count: 50) + [["1.25", "007", "∅", "x"]]
    ) { $0.types = .infer },
    Case(
      "declared types", "a,b,c\n007,1.5,x\n,,\n", ["a int32", "b decimal(10,3)", "c text"],
      [["7", "1.500", "x"], ["∅", "∅", ""]]
    ) {
      $0.types = .declared(["a": .int32, "b": .decimal(precision: 10, scale: 3)])
    },
  ]

  @Test(arguments: cases)
  func `the same rows whatever the buffer size`(_ item: Case) throws {
    for readSize in [1, 2, 3, 7, 64, 1 << 20] {
      var options = CSVReadOptions()
      item.change(&options)
      options.readSize = readSize
      let sink = RowsSink()
      let (reader, _) = try WholeFile.load(
        open: { known, bad in try CSVReader(BytesInput(item.bytes), options, bad: bad, known: known) },
        bad: { BadRows() },
        start: { (_: Schema) in
          sink.rows = []
          return sink
        })
      let isTyped = options.types != .text
      #expect(
        reader.schema.fields.map { isTyped ? "\($0.name) \($0.type.name)" : $0.name } == item.names, "at \(readSize)")
      #expect(sink.rows == item.rows, "at \(readSize)")
    }
  }

  /// Reads with bad rows allowed; gives the good rows and offset, line, reason, raw of the bad ones.
  static func rejecting(_ bytes: [UInt8], readSize: Int, _ change: (inout CSVReadOptions) -> Void = { _ in }) throws
    -> (
      [[String]], [[String]], Int
    )
  {
    var options = CSVReadOptions()
    options.readSize = readSize
    change(&options)
    let rejected = RowsSink()
    let bad = BadRows(.reject, makeSink: { rejected })
    let reader = try CSVReader(BytesInput(bytes), options, bad: bad)
    let rows = try texts(reader)
    try bad.finish()
    #expect(reader.rowCount == rows.count + bad.count)
    return (rows, rejected.rows, reader.rowCount)
  }

  static func base64(_ text: String) -> String {
    var out = ByteBuffer()
    Base64.append(text.utf8.span, to: &out)
    return out.string
  }

  @Test(arguments: [1, 2, 3, 7, 1 << 20])
  func `bad rows are rejected and nothing else is lost`(readSize: Int) throws {
    let text = "a,b\n1,2\nshort\n3,4\n5,6,7\r\n\"x\"y,8\n9,10\n\"open,11\n12,13\n"
    let (rows, rejected, _) = try CSVReaderTests.rejecting(Array(text.utf8), readSize: readSize)
    #expect(rows == [["1", "2"], ["3", "4"], ["9", "10"], ["12", "13"]])
    #expect(
      rejected.map { Array($0[0...2]) } == [
        ["8", "3", "expected 2 fields, found 1"], ["18", "5", "expected 2 fields, found 3"],
        ["25", "6", "characters between a closing quote and the next ','"],
        ["37", "8", "a quote is not closed before the end of the file"],
      ])
    #expect(rejected.map { $0[3] } == ["short", "5,6,7", "\"x\"y,8", "\"open,11"].map(CSVReaderTests.base64))
  }

  @Test(arguments: [1, 7, 1 << 20])
  func `rows with values of another type are rejected`(readSize: Int) throws {
    let text = "a,b\n1,x\n2,y\nthree,z\n4,w\n300,v\n6,u\n"
    let (rows, rejected, _) = try CSVReaderTests.rejecting(Array(text.utf8), readSize: readSize) {
      $0.types = .declared(["a": .int8])
    }
    #expect(rows == [["1", "x"], ["2", "y"], ["4", "w"], ["6", "u"]])
    #expect(rejected.map { $0[1] } == ["4", "6"])
    #expect(
      rejected.map { $0[2] } == [
        "column 'a': the text is not a value of the type int8",
        "column 'a': the text is out of the range of the type int8",
      ])
  }

  @Test(arguments: [1, 7, 1 << 20])
  func `invalid bytes and oversized fields spoil their own row only`(readSize: Int) throws {
    let big = String(repeating: "y", count: 50)
    let bytes = Array("a,b\n1,2\n".utf8) + [0x33, 0xFF, 0x2C, 0x34, 0x0A] + Array("5,6\n\(big),7\n8,9\n".utf8)
    let (rows, rejected, _) = try CSVReaderTests.rejecting(bytes, readSize: readSize) { $0.maxFieldSize = 40 }
    #expect(rows == [["1", "2"], ["5", "6"], ["8", "9"]])
    #expect(
      rejected.map { $0[2] } == [
        "it has bytes that are not UTF-8", "a field is longer than 40 bytes, what 'maxFieldSize' allows",
      ])
  }

  @Test(arguments: [1, 7, 64, 1 << 20])
  func `a row that is too long spoils its first line only`(readSize: Int) throws {
    let long = String(repeating: "y,", count: 30)
    let text = "a,b\n1,2\n\"\(long)\n3,4\n\(long)\n5,\"6\n\"\n7,\"8\"\n"
    let (rows, rejected, _) = try CSVReaderTests.rejecting(Array(text.utf8), readSize: readSize) { $0.maxRowSize = 50 }
    #expect(rows == [["1", "2"], ["3", "4"], ["5", "6\n"], ["7", "8"]])
    #expect(
      rejected.map { Array($0[0...2]) } == [
        ["8", "3", "it is longer than 50 bytes"], ["74", "5", "it is longer than 50 bytes"],
      ])
  }

  /// Each of these lines opens a quote that the next one closes and opens again.
  @Test(.timeLimit(.minutes(1)))
  func `lines that all open a quote are read once`() throws {
    let count = 300_000
    let text = "a,b\n" + String(repeating: "x\",\"\n", count: count) + "1,2\n"
    let (rows, rejected, _) = try CSVReaderTests.rejecting(Array(text.utf8), readSize: 1 << 20)
    #expect(rows == [["1", "2"]])
    #expect(rejected.count == count)
    #expect(Set(rejected.map { $0[2] }) == ["a quote is not closed before the end of the file"])
  }

  @Test func `a line of nothing but separators does not fill the memory`() throws {
    let failure = #expect(throws: Failure.self) {
      try CSVReader(BytesInput(String(repeating: ",", count: 1 << 20).utf8))
    }
    #expect(failure?.message == "reading 'test.csv': it has more than 10000 columns")
  }

  @Test(.timeLimit(.minutes(1)))
  func `equal names are told apart`() throws {
    let reader = try CSVReader(BytesInput((String(repeating: "x,", count: 9_999) + "x_2\n").utf8))
    let names = reader.schema.fields.map(\.name)
    #expect(Set(names).count == 10_000)
    #expect(names.prefix(3) == ["x", "x_3", "x_4"])
    #expect(names.last == "x_2")
  }

  @Test func `an error names line, byte and reason, never the value`() throws {
    let failure = #expect(throws: Failure.self) {
      _ = try texts(CSVReader(BytesInput("a,b\n1,2\nsecret\n".utf8)))
    }
    #expect(failure?.message == "reading line 3 (byte 8) of 'test.csv': expected 2 fields, found 1")
    #expect(failure?.sensitive == "secret")
    #expect(failure?.category == .data)
    let bad = BadRows(.skip, limit: 1)
    #expect(throws: Failure.self) { _ = try texts(CSVReader(BytesInput("a,b\n1\n2\n".utf8), bad: bad)) }
  }

  @Test func `a large file crosses blocks and batches`() throws {
    var text = "id,name,amount\n"
    for row in 0..<200_000 {
      text += "\(row),\(row % 7 == 0 ? "\"na,me \(row)\"" : "name \(row)"),\(row).\(row % 90 + 10)\n"
    }
    for types in [ColumnTypes.text, .infer] {
      var options = CSVReadOptions()
      options.types = types
      let reader = try CSVReader(BytesInput(text.utf8), options)
      var row = 0
      while let batch = try reader.next() {
        #expect(batch.count <= Limits.batchRows)
        for index in 0..<batch.count {
          let values = batch.columns.map { ValueText.string(of: $0, at: index) }
          if values != ["\(row)", "\(row % 7 == 0 ? "na,me \(row)" : "name \(row)")", "\(row).\(row % 90 + 10)"] {
            Issue.record("row \(row) is \(values)")
            return
          }
          row += 1
        }
      }
      #expect(row == 200_000)
    }
  }

  /// `TRUE` would come back as `true`.
  @Test func `only true and false are booleans by themselves`() throws {
    func types(_ text: String) throws -> [String] {
      var options = CSVReadOptions()
      options.types = .infer
      return try CSVReader(BytesInput(text.utf8), options).schema.fields.map(\.type.name)
    }
    #expect(try types("a,b,c,d\ntrue,TRUE,tRuE,yes\nfalse,FALSE,false,no\n") == ["bool", "text", "text", "text"])
  }

  @Test func `other packed files are named`() throws {
    for (name, head): (String, [UInt8]) in [
      ("bzip2", Array("BZh91AY&SY".utf8)), ("xz", [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0]), ("zip", [0x50, 0x4B, 3, 4]),
      ("lz4", [0x04, 0x22, 0x4D, 0x18]), ("7-Zip", [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C]),
    ] {
      let failure = #expect(throws: Failure.self) { try CSVReader(BytesInput(head + [1, 2, 3, 4, 5, 6, 7, 8])) }
      #expect(failure?.message.hasSuffix("it is packed with \(name), which is not unpacked here") == true)
    }
    #expect(try texts(CSVReader(BytesInput("BZh9 is text\nx\n".utf8))) == [["x"]])
  }
}
