import FerryTesting
import Formats
import Records
import Testing

struct JSONReaderTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let bytes: [UInt8]
    let names: [String]
    let rows: [[String]]
    let change: @Sendable (inout JSONReadOptions) -> Void
    init(
      _ name: String, _ text: String, _ names: [String], _ rows: [[String]],
      _ change: @escaping @Sendable (inout JSONReadOptions) -> Void = { _ in }
    ) {
      self.init(name, bytes: Array(text.utf8), names, rows, change)
    }
    init(
      _ name: String, bytes: [UInt8], _ names: [String], _ rows: [[String]],
      _ change: @escaping @Sendable (inout JSONReadOptions) -> Void = { _ in }
    ) {
      (testDescription, self.bytes, self.names, self.rows, self.change) = (name, bytes, names, rows, change)
    }
  }

  static let cases: [Case] = [
    Case(
      "lines", "{\"a\":1,\"b\":\"x\"}\n{\"a\":-2,\"b\":null}\n", ["a int64", "b text"], [["1", "x"], ["-2", "∅"]]),
    Case("lines with CRLF and empty ones", "\r\n{\"a\":1}\r\n\r\n{\"a\":2}", ["a int64"], [["1"], ["2"]]),
    Case("array", "[{\"a\":1},\n {\"a\":2}\n,{\"a\":3}]\n", ["a int64"], [["1"], ["2"], ["3"]]),
    Case("empty array", "[ ]", [], []), Case("nothing", "", [], []), Case("blank", " \n\n ", [], []),
    Case("one document", "{\n  \"a\": 1,\n  \"b\": [1, 2]\n}\n", ["a int64", "b json"], [["1", "[1, 2]"]]),
    Case("concatenated", "{\n\"a\":1}{\"a\":2}\n\n{\"a\"\n:3}", ["a int64"], [["1"], ["2"], ["3"]]),
    Case("byte order mark", "\u{FEFF}{\"a\":1}\n", ["a int64"], [["1"]]),
    Case(
      "missing members", "{\"a\":1}\n{\"b\":true}\n{\"a\":3,\"b\":false}\n", ["a int64", "b bool"],
      [["1", "∅"], ["∅", "true"], ["3", "false"]]),
    Case(
      "new member late", String(repeating: "{\"a\":1}\n", count: 40) + "{\"a\":2,\"z\":\"q\"}\n",
      ["a int64", "z text"],
      Array(repeating: ["1", "∅"], count: 40) + [["2", "q"]]),
    Case(
      "integers widen to decimals", "{\"a\":1}\n{\"a\":2.50}\n{\"a\":-3.125}\n", ["a decimal(38,3)"],
      [["1.000"], ["2.500"], ["-3.125"]]),
    Case(
      "exponents are floats", "{\"a\":1}\n{\"a\":2.5e-3}\n{\"a\":1E400}\n", ["a numeric"],
      [["1"], ["0.0025"], ["1" + String(repeating: "0", count: 400)]]),
    Case("floats", "{\"a\":1e3}\n{\"a\":0.1}\n", ["a float64"], [["1000.0"], ["0.1"]]),
    Case(
      "big integers",
      "{\"a\":9223372036854775807}\n{\"a\":-9223372036854775808}\n{\"b\":123456789012345678901234567890}\n",
      ["a int64", "b decimal(38,0)"],
      [["9223372036854775807", "∅"], ["-9223372036854775808", "∅"], ["∅", "123456789012345678901234567890"]]),
    Case(
      "beyond 76 digits", "{\"a\":1\(String(repeating: "0", count: 80)).5}\n", ["a numeric"],
      [["1" + String(repeating: "0", count: 80) + ".5"]]),
    Case(
      "conflicts become JSON", "{\"a\":1}\n{\"a\":\"x\\n\"}\n{\"a\":[1, 2.50]}\n{\"a\":true}\n{\"a\":null}\n",
      ["a json"],
      [["1"], ["\"x\\n\""], ["[1, 2.50]"], ["true"], ["∅"]]),
    Case(
      "escapes", #"{"a":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00\u0000","\u0062":"plain é"}"#, ["a text", "b text"],
      [["\"\\/\u{8}\u{C}\n\r\té😀\u{0}", "plain é"]]),
    Case(
      "strings with structure inside", #"{"a":"{[,:]}\\","b":"\"}"}"# + "\n" + #"{"a":"]","b":"\\\""}"#,
      ["a text", "b text"],
      [["{[,:]}\\", "\"}"], ["]", "\\\""]]),
    Case(
      "arrays with structure in strings", #"[{"a":"]"},{"a":"},{"},{"a":"\""}]"#, ["a text"], [["]"], ["},{"], ["\""]]),
    Case(
      "nested", #"{"a":{"x":1,"y":{"z":2}},"b":[{"c":1}]}"#, ["a json", "b json"],
      [[#"{"x":1,"y":{"z":2}}"#, #"[{"c":1}]"#]]),
    Case(
      "flattened once", #"{"a":{"x":1,"y":{"z":2}},"b":[1]}"# + "\n{\"a\":{},\"c\":\"\"}\n",
      ["a.x int64", "a.y json", "b json", "c text"],
      [["1", #"{"z":2}"#, "[1]", "∅"], ["∅", "∅", "∅", ""]]
    ) { $0.flatten = 1 },
    Case(
      "flattened twice", #"{"a":{"x":1,"y":{"z":2}}}"# + "\n" + #"{"a":5}"#, ["a.x int64", "a.y.z int64", "a int64"],
      [["1", "2", "∅"], ["∅", "∅", "5"]]
    ) { $0.flatten = 2 },
    Case("last of duplicate keys", #"{"a":1,"a":2}"#, ["a int64"], [["2"]]) { $0.duplicateKeys = .last },
    Case("lone surrogates replaced", #"{"a":"x\ud800y\udc00"}"#, ["a text"], [["x\u{FFFD}y\u{FFFD}"]]) {
      $0.invalidText = .replace
    },
    Case(
      "declared types", #"{"a":"1.5","d":"2024-01-31","t":"x"}"# + "\n" + #"{"a":2}"#,
      ["a decimal(10,2)", "d date", "t text", "z int32"],
      [["1.50", "2024-01-31", "x", "∅"], ["2.00", "∅", "∅", "∅"]]
    ) {
      $0.columns = ["a": .decimal(precision: 10, scale: 2), "d": .date, "z": .int32]
    },
    Case(
      "declared text", #"{"a":"x"}"# + "\n" + #"{"a":-1.50}"# + "\n" + #"{"a":[1, "y"]}"# + "\n" + #"{"a":null}"#,
      ["a text"], [["x"], ["-1.50"], [#"[1, "y"]"#], ["∅"]]
    ) { $0.columns = ["a": .text] },
    Case("declared list", #"{"a":[1,2,null]}"#, ["a list of int32"], [["[1,2,null]"]]) {
      $0.columns = ["a": .list(.int32)]
    },
    Case(
      "space everywhere", " { \"a\" : 1 , \"b\" : [ ] , \"c\" : \"x\" } \n", ["a int64", "b json", "c text"],
      [["1", "[ ]", "x"]]),
    Case("empty objects", "{}\n{}\n", [], [[], []]),
    Case("empty key", #"{"":1}"#, [" int64"], [["1"]]),
    Case("only nulls", #"{"a":null}"#, ["a text"], [["∅"]]),
    Case(
      "concatenated on one line", #"{"a":1}{"a":2} {"a":3}"# + "\n" + #"{"a":4}"#, ["a int64"],
      [["1"], ["2"], ["3"], ["4"]]),
    Case("arrays one behind the other", #"[{"a":1}][{"a":2},{"a":3}]"# + "\n[]", ["a int64"], [["1"], ["2"], ["3"]]),
    Case("an array behind objects", #"{"a":1}"# + "\n" + #"[{"a":2}]"#, ["a int64"], [["1"], ["2"]]) {
      $0.layout = .documents
    },
    Case("numbers on lines", "1\n\n-2\r\n30", ["value int64"], [["1"], ["-2"], ["30"]]),
    Case("texts in an array", #"["a","\u0062",null,""]"#, ["value text"], [["a"], ["b"], ["∅"], [""]]),
    Case("arrays on lines", "[1,2]\n[3]\n", ["value json"], [["[1,2]"], ["[3]"]]) { $0.layout = .lines },
    Case("arrays in an array", "[[1,2],\n[3] , []]", ["value json"], [["[1,2]"], ["[3]"], ["[]"]]),
    Case("one scalar", " \n 12.50 \n", ["value decimal(38,2)"], [["12.50"]]),
    Case("one word", "true", ["value bool"], [["true"]]),
    Case("a scalar over lines", "\n\"x\"\n\n", ["value text"], [["x"]]) { $0.layout = .documents },
    Case(
      "values and objects", #"[1,{"a":2},"x\ud83d\ude00"]"#, ["value json"],
      [["1"], [#"{"a":2}"#], [#""x\ud83d\ude00""#]]),
    Case(
      "keys with dots, quotes and backslashes", #"{"a.b":1,"c\"":2,"\\":3,"\u0000":4}"#,
      ["a.b int64", "c\" int64", "\\ int64", "\u{0} int64"], [["1", "2", "3", "4"]]),
    Case(
      "a member is a scalar and an object", #"{"a":{"x":1}}"# + "\n" + #"{"a":2}"# + "\n" + #"{"a":{"y":3}}"#,
      ["a.x int64", "a int64", "a.y int64"], [["1", "∅", "∅"], ["∅", "2", "∅"], ["∅", "∅", "3"]]
    ) { $0.flatten = 1 },
    Case(
      "last of duplicate objects", #"{"a":{"x":1,"y":2},"a":{"y":3}}"# + "\n" + #"{"a":{"x":1},"a":5}"#,
      ["a.y int64", "a int64"], [["3", "∅"], ["∅", "5"]]
    ) {
      $0.flatten = 1
      $0.duplicateKeys = .last
    },
    Case(
      "lone surrogates in keys and nested", #"{"k\udc00":["\uD800",{"\ud800\ud801":"\ud83d\ude00"}]}"#,
      ["k\u{FFFD} json"], [[#"["\ufffd",{"\ufffd\ufffd":"\ud83d\ude00"}]"#]]
    ) { $0.invalidText = .replace },
    Case(
      "numbers at their limits",
      #"{"a":-0,"b":1E5,"c":0.1e-7,"d":18446744073709551616,"e":1e400,"f":1e-99999999999,"g":-0.0}"#,
      [
        "a int64", "b float64", "c float64", "d decimal(38,0)", "e numeric", "f json", "g decimal(38,1)",
      ],
      [
        [
          "0", "100000.0", "1e-08", "18446744073709551616", "1" + String(repeating: "0", count: 400),
          "1e-99999999999", "0.0",
        ]
      ]),
    Case(
      "40 digits", #"{"a":1234567890123456789012345678901234567890}"#, ["a decimal(76,0)"],
      [["1234567890123456789012345678901234567890"]]),
    Case(
      "UTF-16 by its mark", bytes: [0xFE, 0xFF] + "{\"é\":\"😀\"}".utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] },
      ["é text"], [["😀"]]),
    Case(
      "UTF-16 without a mark", bytes: "{\"é\":1}".utf16.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] },
      ["é int64"], [["1"]]
    ) { $0.charset = "UTF-16LE" },
  ]

  static let largeNumber = String(repeating: "9", count: 150_000)

  @Test(arguments: cases)
  func `the same rows whatever the buffer size`(_ item: Case) throws {
    for readSize in [1, 2, 3, 7, 64, 1 << 20] {
      var options = JSONReadOptions()
      item.change(&options)
      options.readSize = readSize
      let sink = RowsSink()
      let (reader, _) = try WholeFile.load(
        open: { known, bad in try JSONReader(BytesInput(item.bytes), options, bad: bad, known: known) },
        bad: { BadRows() },
        start: { (_: Schema) in
          sink.rows = []
          return sink
        })
      #expect(reader.schema.fields.map { "\($0.name) \($0.type.name)" } == item.names, "at \(readSize)")
      #expect(sink.rows == item.rows, "at \(readSize)")
    }
  }

  /// What is no JSON: the place within the row, and the reason.
  static let malformed: [(String, Int, String)] = [
    (#"{"a":1"#, 0, "an object is not closed"), (#"{"a":01}"#, 5, "a number begins with 0"),
    (#"{"a":1.}"#, 5, "no digit stands behind the point of a number"),
    (#"{"a":.5}"#, 5, "'.' stands where a value is expected"),
    (#"{"a":+1}"#, 5, "'+' stands where a value is expected"),
    (#"{"a":1e}"#, 5, "no digit stands in the exponent of a number"),
    (#"{"a":-}"#, 5, "no digit stands behind the sign of a number"),
    (#"{"a":NaN}"#, 5, noWord), (#"{"a":tru}"#, 5, noWord), (#"{"a":truex}"#, 5, noWord),
    (#"{"a":nul}"#, 5, noWord), (#"{"a":nullx}"#, 5, noWord), ("x", 0, noWord),
    (#"{a:1}"#, 1, "a letter stands where a key in quotes is expected"),
    (#"{'a':1}"#, 1, "a single quote stands where a key in quotes is expected"),
    (#"{"a":1,}"#, 6, "a comma stands in front of '}'"), (#"{"a" 1}"#, 5, "a digit stands where ':' is expected"),
    (#"{"a":1}}"#, 7, "'}' stands behind its end"), (#"{"a":1} x"#, 8, "a letter stands behind its end"),
    (#"{"a":"x}"#, 5, "a text in quotes is not closed"),
    ("{\"a\":\"\t\"}", 6, "a control character stands in a text"),
    (#"{,"a":1}"#, 1, "',' stands where a key in quotes is expected"),
    (#"{"a":1 "b":2}"#, 7, "'\"' stands where ',' or '}' is expected"),
    (#"{"a":[1,]}"#, 7, "a comma stands in front of ']'"), (#"{"a":{"b":01}}"#, 10, "a number begins with 0"),
    (#"{"a":[[],{}],"b":[1 2]}"#, 20, "a digit stands where ',' or ']' is expected"),
    ("}", 0, "'}' stands where a value is expected"),
  ]

  static let noWord = "a word stands there that is not true, false or null"

  static let badRows: [(String, String)] =
    malformed.map { ($0, "it is not JSON: \($2) (byte \(8 + $1))") } + [
      (#"{"a":"\x"}"#, "a string has an escape sequence that JSON does not have"),
      (#"{"a":"\u12g4"}"#, "a string has an escape sequence that JSON does not have"),
      (#"{"a":"\ud800"}"#, "a string has half of a surrogate pair, which is no character"),
      (#"{"a":1,"a":1}"#, "a key stands in it twice"), (#"{"a":null,"\u0061":1}"#, "a key stands in it twice"),
      ("[1]", "expected an object, found another JSON value"), ("5", "expected an object, found another JSON value"),
      ("\"x\"", "expected an object, found another JSON value"),
      ("null", "expected an object, found another JSON value"),
    ]

  @Test(arguments: [1, 3, 7, 1 << 20])
  func `bad rows are rejected and nothing else is lost`(readSize: Int) throws {
    for (row, reason) in JSONReaderTests.badRows {
      var options = JSONReadOptions()
      options.readSize = readSize
      options.layout = .lines
      let rejected = RowsSink()
      let good = RowsSink()
      let text = "{\"a\":1}\n\(row)\n{\"a\":3}\n"
      let (reader, bad) = try WholeFile.load(
        open: { known, bad in try JSONReader(BytesInput(text.utf8), options, bad: bad, known: known) },
        bad: {
          rejected.rows = []
          return BadRows(.reject, makeSink: { rejected })
        },
        start: { (_: Schema) in
          good.rows = []
          return good
        })
      #expect(good.rows.map { $0[0] } == ["1", "3"], "\(row) at \(readSize)")
      #expect(rejected.rows == [["8", "2", reason, CSVReaderTests.base64(row)]], "\(row) at \(readSize)")
      #expect(reader.rowCount == 3 && bad.count == 1)
    }
  }

  @Test func `invalid UTF-8 and depth`() throws {
    for (bytes, reason): ([UInt8], String) in [
      (Array("{\"a\":\"".utf8) + [0xFF] + Array("\"}".utf8), "it has bytes that are not UTF-8"),
      (
        Array("{\"a\":\(String(repeating: "[", count: 600))\(String(repeating: "]", count: 600))}".utf8),
        "it is nested deeper than 'maxDepth' allows (512)"
      ),
    ] {
      let rejected = RowsSink()
      let bad = BadRows(.reject, makeSink: { rejected })
      let reader = try JSONReader(
        BytesInput(Array("{\"a\":\"1\"}\n".utf8) + bytes + Array("\n{\"a\":\"2\"}".utf8)), bad: bad)
      #expect(try texts(reader).map { $0[0] } == ["1", "2"])
      try bad.finish()
      #expect(rejected.rows.map { $0[2] } == [reason])
    }
  }

  /// What stands between rows is checked as well: the good rows of each text are 1 and 2, as members or values.
  static let badPlaces: [(String, [String])] = [
    ("[{\"a\":1},{\"a\":x},{\"a\":2}]", ["it is not JSON"]),
    ("[{\"a\":1},,{\"a\":2}]", ["no value stands in front of the comma"]),
    ("[,{\"a\":1},{\"a\":2}]", ["no value stands in front of the comma"]),
    ("[{\"a\":1},{\"a\":2},]", ["a comma stands in front of the end of the array"]),
    ("[1,2,\n]", ["a comma stands in front of the end of the array"]),
    ("[{\"a\":1},{\"a\":2}", ["the file ends within an array"]),
    ("[{\"a\":1},{\"a\":2},", ["the file ends within an array"]),
    ("[{\"a\":1},{\"a\":2},{\"a\":", ["the file ends within a value"]),
    ("{\"a\":1}]{\"a\":2}", ["it is not JSON"]), ("{\"a\":1},{\"a\":2}", ["it is not JSON"]),
    ("{\"a\":1}}{\"a\":2}", ["it is not JSON"]),
    ("[{\"a\":1} {\"a\":3},{\"a\":2}]", ["no comma stands in front of it"]),
    ("[1 3\t,2]", ["no comma stands in front of it"]), ("[1\"x\",2]", ["no comma stands in front of it"]),
    ("[1,2]x", ["only objects and arrays may stand one behind the other"]),
    ("[1,2],", ["it is not JSON"]), ("[1,2]]", ["it is not JSON"]), ("[1,2:]", ["it is not JSON"]),
    ("[1,2}]", ["it is not JSON"]), ("[1,\u{C},2]", ["it is not JSON"]),
    ("[{\"a\":1},[],{\"a\":2},null]", Array(repeating: "expected an object, found another JSON value", count: 2)),
  ]

  @Test(arguments: [1, 3, 1 << 20])
  func `what stands between rows is checked`(readSize: Int) throws {
    for (text, reasons) in JSONReaderTests.badPlaces {
      let rejected = RowsSink()
      var options = JSONReadOptions()
      options.readSize = readSize
      options.layout = .documents
      let bad = BadRows(.reject, makeSink: { rejected })
      let rows = try texts(JSONReader(BytesInput(text.utf8), options, bad: bad))
      try bad.finish()
      #expect(rows.map { $0.last } == (text == "[1,2:]" ? ["1"] : ["1", "2"]), "\(text)")
      let found = rejected.rows.map { $0[2] }
      #expect(found.count == reasons.count && zip(found, reasons).allSatisfy { $0.hasPrefix($1) }, "\(text): \(found)")
    }
  }

  /// The type of the first block is not that of a text which looks like it.
  @Test(arguments: ["1", "true", "1.5", "1e5"])
  func `a late text is no number`(value: String) throws {
    let text = "{\"a\":\(value)}\n{\"a\":\"\(value)\"}\n"
    var options = JSONReadOptions()
    options.readSize = 1
    let rows = RowsSink()
    let (reader, _) = try WholeFile.load(
      open: { try JSONReader(BytesInput(text.utf8), options, bad: $1, known: $0) }, bad: { BadRows() },
      start: { (_: Schema) in
        rows.rows = []
        return rows
      })
    #expect(reader.schema.fields.map(\.type) == [.json] && rows.rows == [[value], ["\"\(value)\""]])
  }

  /// An object that is missing in a row is no column of its own.
  @Test(arguments: [1, 8, 1 << 20])
  func `a flattened object may be null`(readSize: Int) throws {
    func read(_ lines: String...) throws -> ([String], [[String]]) {
      let text = lines.joined(separator: "\n")
      var options = JSONReadOptions()
      (options.flatten, options.readSize) = (2, readSize)
      let rows = RowsSink()
      let (reader, _) = try WholeFile.load(
        open: { try JSONReader(BytesInput(text.utf8), options, bad: $1, known: $0) }, bad: { BadRows() },
        start: { (_: Schema) in
          rows.rows = []
          return rows
        })
      return (reader.schema.fields.map { "\($0.name) \($0.type.name)" }, rows.rows)
    }
    #expect(try read(#"{"a":{"b":1}}"#, #"{"a":null}"#) == (["a.b int64"], [["1"], ["∅"]]))
    #expect(try read(#"{"a":null}"#, #"{"a":{"b":1}}"#, #"{"a":null}"#) == (["a.b int64"], [["∅"], ["1"], ["∅"]]))
    #expect(
      try read(#"{"a":{"b":{"c":1}}}"#, #"{"a":{"b":null}}"#, #"{"a":null}"#)
        == (["a.b.c int64"], [["1"], ["∅"], ["∅"]]))
    #expect(try read(#"{"a":null}"#) == (["a text"], [["∅"]]))
    #expect(
      try read(#"{"a":{"b":1}}"#, #"{"a":2}"#) == (["a.b int64", "a int64"], [["1", "∅"], ["∅", "2"]]))
  }

  @Test func `the place in a row of several lines is named`() throws {
    func reason(_ text: String, _ layout: JSONReadOptions.Layout) throws -> [String] {
      let rejected = RowsSink()
      var options = JSONReadOptions()
      options.layout = layout
      let bad = BadRows(.reject, makeSink: { rejected })
      _ = try texts(JSONReader(BytesInput(text.utf8), options, bad: bad))
      try bad.finish()
      return rejected.rows.map { $0[2] }
    }
    #expect(
      try reason("[{\"a\":1},\n{\n\"b\":[1,2,]}]", .documents)
        == ["it is not JSON: a comma stands in front of ']' (line 3, byte 20)"])
    #expect(
      try reason("{\"a\":1}\n{\n\"a\":2}\n", .automatic) == [
        "it is not JSON: an object is not closed (byte 8); for rows over several lines set 'newLine' to false",
        "it is not JSON: ':' stands behind its end (byte 13)",
      ])
    #expect(try reason("{\"a\":1}}{\"a\":2}", .documents) == ["it is not JSON: '}' stands where a value is expected"])
  }

  @Test func `a row may be long and no longer than allowed`() throws {
    let long = "\"" + String(repeating: "x", count: 3 << 20) + "\""
    for (text, layout): (String, JSONReadOptions.Layout) in [
      ("{\"a\":\"1\"}\n{\"a\":\(long)}\n{\"a\":\"2\"}\n", .lines),
      ("[{\"a\":\"1\"},{\"a\":\(long)},{\"a\":\"2\"}]", .documents),
      ("{\"a\":\"1\"}{\"a\":\(long)}{\"a\":\"2\"}", .automatic),
    ] {
      for (limit, readSize) in [(4 << 20, 1 << 16), (1 << 20, 1 << 16), (1 << 20, 1 << 23)] {
        var options = JSONReadOptions()
        (options.layout, options.maxRowSize, options.readSize) = (layout, limit, readSize)
        let rejected = RowsSink()
        let bad = BadRows(.reject, makeSink: { rejected })
        let reader = try JSONReader(BytesInput(text.utf8), options, bad: bad)
        let rows = try texts(reader).map { $0[0].count }
        try bad.finish()
        #expect(rows == (limit > 3 << 20 ? [1, 3 << 20, 1] : [1, 1]))
        let reason = "a row is longer than 1048576 bytes, what 'maxRowSize' allows"
        #expect(rejected.rows.map { $0[2] } == (limit > 3 << 20 ? [] : [reason]))
        #expect(rejected.rows.allSatisfy { $0[0].count < 3 && Int($0[1]) == (layout == .lines ? 2 : 1) })
      }
    }
  }

  @Test(arguments: [1, 16, 1 << 20])
  func `columns come in the order of the rows`(readSize: Int) throws {
    var options = JSONReadOptions()
    options.readSize = readSize
    options.columns = ["z": .text, "d": .int8, "b": .int8]
    let text = #"{"c":1}\#n{"a":2,"d":"x","y":1}\#n{"y":3,"b":4,"a":5,"d":6}\#n"#
    let reader = try WholeFile.load(
      open: { try JSONReader(BytesInput(text.utf8), options, bad: $1, known: $0) },
      bad: { BadRows(.skip) }, start: { (_: Schema) in RowsSink() }
    ).0
    #expect(reader.schema.fields.map(\.name) == ["c", "a", "d", "y", "b", "z"])
  }

  @Test func `names that differ from row to row do not fill the memory`() throws {
    func load(_ text: String) throws -> (RowsSink, JSONReader) {
      let sink = RowsSink()
      let reader = try WholeFile.load(
        open: { try JSONReader(BytesInput(text.utf8), bad: $1, known: $0) }, bad: { BadRows() },
        start: { (_: Schema) in sink }, progress: { #expect($0.byteCount < 2 * Limits.batchBytes) })
      return (sink, reader.0)
    }
    let failure = #expect(throws: Failure.self) { try load((0..<20_000).map { "{\"k\($0)\":1}\n" }.joined()) }
    #expect(failure?.message == "reading 'test.csv': it has more than 10000 columns")
    // A batch is bounded by what its rows take in memory, not in the file.
    let wide = (0..<1_000).map { "{\"k\($0)\":1}\n" }.joined() + String(repeating: "{\"k0\":1}\n", count: 4_000)
    #expect(try load(wide).1.rowCount == 5_000)
  }

  @Test func `a number too long for any decimal stays as it is`() throws {
    let text = "[\(JSONReaderTests.largeNumber),1]"
    let (reader, rows) = try JSONReaderTests.load(text)
    #expect(reader.schema.fields[0].type == .json && rows == [[JSONReaderTests.largeNumber], ["1"]])
  }

  static func load(_ text: String) throws -> (JSONReader, [[String]]) {
    let sink = RowsSink()
    let (reader, _) = try WholeFile.load(
      open: { known, bad in try JSONReader(BytesInput(text.utf8), bad: bad, known: known) }, bad: { BadRows() },
      start: { (_: Schema) in
        sink.rows = []
        return sink
      })
    return (reader, sink.rows)
  }

  @Test func `levels are counted to the last`() throws {
    for (depth, isGood) in [(10, true), (11, false)] {
      var options = JSONReadOptions()
      options.maxDepth = 10
      for (text, column) in [
        (String(repeating: "[", count: depth) + String(repeating: "]", count: depth), "value"),
        (
          String(repeating: "{\"a\":", count: depth - 1) + "[]" + String(repeating: "}", count: depth - 1), "a"
        ),
      ] {
        options.layout = .lines
        let bad = BadRows(.skip)
        let reader = try JSONReader(BytesInput(text.utf8), options, bad: bad)
        #expect(try texts(reader).count == (isGood ? 1 : 0) && bad.count == (isGood ? 0 : 1), "\(text)")
        if isGood { #expect(reader.schema.fields.map(\.name) == [column]) }
      }
    }
  }
}
