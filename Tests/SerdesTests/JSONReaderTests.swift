import Records
import Serdes
import Testing

struct JSONReaderTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let text: String
    let names: [String]
    let rows: [[String]]
    let change: @Sendable (inout JSONReadOptions) -> Void
    init(
      _ name: String, _ text: String, _ names: [String], _ rows: [[String]],
      _ change: @escaping @Sendable (inout JSONReadOptions) -> Void = { _ in }
    ) {
      (testDescription, self.text, self.names, self.rows, self.change) = (name, text, names, rows, change)
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
    Case("declared list", #"{"a":[1,2,null]}"#, ["a list of int32"], [["[1,2,null]"]]) {
      $0.columns = ["a": .list(.int32)]
    },
    Case(
      "space everywhere", " { \"a\" : 1 , \"b\" : [ ] , \"c\" : \"x\" } \n", ["a int64", "b json", "c text"],
      [["1", "[ ]", "x"]]),
    Case("empty objects", "{}\n{}\n", [], [[], []]),
    Case("empty key", #"{"":1}"#, [" int64"], [["1"]]),
    Case("only nulls", #"{"a":null}"#, ["a text"], [["∅"]]),
  ]

  @Test(arguments: cases)
  func `the same rows whatever the buffer size`(_ item: Case) throws {
    for readSize in [1, 2, 3, 7, 64, 1 << 20] {
      var options = JSONReadOptions()
      item.change(&options)
      options.readSize = readSize
      let sink = RowsSink()
      let (reader, _) = try TextTable.load(
        open: { known, bad in try JSONReader(BytesInput(item.text.utf8), options, bad: bad, known: known) },
        bad: { BadRows() },
        start: { (_: Schema) in
          sink.rows = []
          return sink
        })
      #expect(reader.schema.fields.map { "\($0.name) \($0.type.name)" } == item.names, "at \(readSize)")
      #expect(sink.rows == item.rows, "at \(readSize)")
    }
  }

  static let badRows: [(String, String)] = [
    (#"{"a":1"#, "it is not JSON"), (#"{"a":01}"#, "it is not JSON"), (#"{"a":1.}"#, "it is not JSON"),
    (#"{"a":.5}"#, "it is not JSON"), (#"{"a":+1}"#, "it is not JSON"), (#"{"a":1e}"#, "it is not JSON"),
    (#"{"a":NaN}"#, "it is not JSON"), (#"{"a":tru}"#, "it is not JSON"), (#"{"a":truex}"#, "it is not JSON"),
    (#"{"a":nul}"#, "it is not JSON"), (#"{"a":nullx}"#, "it is not JSON"), (#"{a:1}"#, "it is not JSON"),
    (#"{'a':1}"#, "it is not JSON"), (#"{"a":1,}"#, "it is not JSON"), (#"{"a" 1}"#, "it is not JSON"),
    (#"{"a":1}}"#, "it is not JSON"), (#"{"a":1} x"#, "it is not JSON"), (#"{"a":"x}"#, "it is not JSON"),
    ("{\"a\":\"\t\"}", "it is not JSON"), (#"{,"a":1}"#, "it is not JSON"), (#"{"a":1 "b":2}"#, "it is not JSON"),
    (#"{"a":"\x"}"#, "a string has an escape sequence that JSON does not have"),
    (#"{"a":"\u12g4"}"#, "a string has an escape sequence that JSON does not have"),
    (#"{"a":"\ud800"}"#, "a string has half of a surrogate pair, which is no character"),
    (#"{"a":[1,]}"#, "a nested value is not JSON, or nested deeper than 'maxDepth' allows"),
    (#"{"a":{"b":01}}"#, "a nested value is not JSON, or nested deeper than 'maxDepth' allows"),
    (#"{"a":1,"a":1}"#, "a key stands in it twice"), (#"{"a":null,"\u0061":1}"#, "a key stands in it twice"),
    ("[1]", "expected an object, found another JSON value"), ("5", "expected an object, found another JSON value"),
    ("\"x\"", "expected an object, found another JSON value"), ("null", "expected an object, found another JSON value"),
    ("}", "it is not JSON"), ("x", "it is not JSON"),
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
      let (reader, bad) = try TextTable.load(
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
        "a nested value is not JSON, or nested deeper than 'maxDepth' allows"
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

  @Test(arguments: [1, 3, 1 << 20])
  func `bad elements of arrays`(readSize: Int) throws {
    for (text, count) in [
      ("[{\"a\":1},{\"a\":x},{\"a\":2}]", 1), ("[{\"a\":1},,{\"a\":2}]", 1), ("[{\"a\":1},{\"a\":2}", 1),
      ("[{\"a\":1},{\"a\":2},{\"a\":", 1), ("{\"a\":1}]{\"a\":2}", 1),
    ] {
      var options = JSONReadOptions()
      options.readSize = readSize
      options.layout = .documents
      let bad = BadRows(.skip)
      #expect(try texts(JSONReader(BytesInput(text.utf8), options, bad: bad)) == [["1"], ["2"]], "\(text)")
      #expect(bad.count == count, "\(text)")
    }
  }
}
