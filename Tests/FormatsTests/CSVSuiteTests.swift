import FerryTesting
import Formats
import Foundation
import Records
import Testing

/// The cases of public CSV suites and of faults that other readers had: the same rows, whatever the buffer size.
struct CSVSuiteTests {
  struct Item: Codable, CustomTestStringConvertible, Sendable {
    let name: String
    let text: String
    let columns: [String]
    let rows: [[String?]]
    /// The lines of bad rows.
    var bad: [Int]?
    var options: Options?
    /// False where Python's csv means something else.
    var python: Bool?
    var testDescription: String { name }
  }

  struct Options: Codable, Sendable {
    var header: Bool?
    var fieldSeparator: String?
    var textDelimiter: String?
    var lineDelimiter: String?
    var skipRows: Int?
    var skipLines: Int?
    var skipEmptyRows: Bool?
    var fillMissing: Bool?
    var allowExtraCharsAfterClosingQuote: Bool?
    var onEmptyHeader: String?
    var maxFieldSize: Int?
    var nullValues: [String]?

    var read: CSVReadOptions {
      var read = CSVReadOptions()
      read.header = header ?? read.header
      read.fieldSeparator = fieldSeparator ?? read.fieldSeparator
      read.textDelimiter = textDelimiter ?? read.textDelimiter
      read.lineDelimiter = lineDelimiter
      read.skipRows = skipRows ?? read.skipRows
      read.skipLines = skipLines ?? read.skipLines
      read.skipEmptyRows = skipEmptyRows ?? read.skipEmptyRows
      read.fillMissing = fillMissing ?? read.fillMissing
      read.allowExtraCharsAfterClosingQuote =
        allowExtraCharsAfterClosingQuote ?? read.allowExtraCharsAfterClosingQuote
      read.onEmptyHeader = onEmptyHeader.flatMap(CSVReadOptions.EmptyHeader.init) ?? read.onEmptyHeader
      read.maxFieldSize = maxFieldSize ?? read.maxFieldSize
      read.nullValues = nullValues ?? read.nullValues
      return read
    }
  }

  static let items: [Item] = {
    let file = Agreement.root.appending(path: "fixtures/suites/csv.jsonl")
    let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").compactMap { try? JSONDecoder().decode(Item.self, from: Data($0.utf8)) }
  }()

  @Test func `the suites are whole`() {
    let counts = Dictionary(grouping: CSVSuiteTests.items) { String($0.name.prefix { $0 != "/" }) }.mapValues(\.count)
    #expect(
      counts == ["spectrum": 12, "test-data": 16, "python": 14, "edges": 48, "separators": 21, "line-ends": 10])
  }

  @Test(arguments: [1, 2, 3, 7, 64, 1 << 20])
  func `rows, names and bad lines`(readSize: Int) throws {
    for item in CSVSuiteTests.items {
      var options = item.options?.read ?? CSVReadOptions()
      options.readSize = readSize
      let rejected = RowsSink()
      let bad = BadRows(.reject, makeSink: { rejected })
      let reader = try CSVReader(BytesInput(item.text.utf8), options, bad: bad)
      let rows = try texts(reader)
      try bad.finish()
      #expect(reader.schema.fields.map(\.name) == item.columns, "\(item.name)")
      #expect(rows == item.rows.map { $0.map { $0 ?? "∅" } }, "\(item.name)")
      #expect(rejected.rows.map { Int($0[1]) ?? 0 } == item.bad ?? [], "\(item.name)")
      #expect(reader.rowCount == rows.count + bad.count)
    }
  }

  @Test func `Python reads the same`() throws {
    let problems = try Agreement.problems("csv_values.py", CSVSuiteTests.items)
    #expect(problems == [])
  }

  @Test func `a header that cannot be read is always an error`() throws {
    for text in ["\"a,b\n1,2\n", "\"a\"x,b\n1,2\n", "a,\(String(repeating: "b", count: 50))\n1,2\n"] {
      var options = CSVReadOptions()
      options.maxFieldSize = 40
      let failure = #expect(throws: Failure.self) {
        _ = try CSVReader(BytesInput(text.utf8), options, bad: BadRows(.skip))
      }
      #expect(failure?.message.hasPrefix("reading the header of 'test.csv': ") == true)
    }
  }

  // MARK: Dialects

  @Test func `tables that Python has written in any dialect`() throws {
    let lines = try Agreement.run("csv_corpus.py", [], Data("400".utf8))
    #expect(lines.count == 400)
    for (number, line) in lines.enumerated() {
      let item = try JSONDecoder().decode(Item.self, from: Data(line.utf8))
      var options = try #require(item.options).read
      options.readSize = [1, 5, 64, 1 << 20][number % 4]
      let reader = try CSVReader(BytesInput(item.text.utf8), options)
      let rows = try texts(reader)
      #expect(reader.schema.fields.map(\.name) == item.columns, "\(line)")
      #expect(rows == item.rows.map { $0.map { $0 ?? "∅" } }, "\(line)")
    }
  }

  static let pieces = [
    "a", "b c", "1", "-2.5", "", "", "\"", "\"\"", "'", ",", ";", "|", "\t", "\n", "\r", "\r\n", "é", "日本", "¦",
    "\\N", "\u{1}", "\u{1E}", "<", ">", "<>", "»",
  ]
  static let separators = [",", ";", "\t", "\u{1}", "\0", "¦", "，", "||", ", ", "<>", "1", "-", "a"]
  static let lineEnds = ["\n", "\r\n", "\r", "\u{1E}", "|\n", "<<>>", ".", "«"]

  @Test func `what is written in any dialect is read back, by Python as well`() throws {
    var random = RandomTests.Random(state: 77)
    var seen: [Item] = []
    for number in 0..<600 {
      var options = CSVWriteOptions()
      options.fieldSeparator = CSVSuiteTests.separators.randomElement(using: &random) ?? ","
      options.textDelimiter = ["\"", "\"", "'", "»"].randomElement(using: &random) ?? ""
      options.lineDelimiter = CSVSuiteTests.lineEnds.randomElement(using: &random) ?? ""
      options.quoteMode = CSVWriteOptions.QuoteMode.allCases.randomElement(using: &random) ?? .required
      options.nullValue = ["", "\\N", "NA"].randomElement(using: &random) ?? ""
      let width = Int.random(in: 1...4, using: &random)
      let hasNulls = Bool.random(using: &random)
      var samples: [WriterTests.Sample] = []
      for column in 0..<width {
        let values: [String?] = (0..<7).map { _ in
          if hasNulls && Int.random(in: 0..<5, using: &random) == 0 { return nil }
          let length = Int.random(in: 0...3, using: &random)
          return (0..<length).map { _ in CSVSuiteTests.pieces.randomElement(using: &random) ?? "" }.joined()
        }
        samples.append(("c\(column)", .text, values))
      }
      samples.append(("n", .int32, ["1", "-11", hasNulls ? nil : "0", "2147483647", "7", "-1", "101"]))
      samples.append(("f", .float64, ["1.5", "-1e+20", "0.0", hasNulls ? nil : "1.0", "NaN", "2.0", "-0.25"]))
      let text = try WriterTests.csv(samples) { $0 = options }
      var back = CSVReadOptions()
      back.fieldSeparator = options.fieldSeparator
      back.textDelimiter = options.textDelimiter
      back.lineDelimiter = options.lineDelimiter
      back.nullValues = [options.nullValue]
      back.types = .declared(["n": .int32, "f": .float64])
      back.readSize = [1, 3, 64, 1 << 20][number % 4]
      let rows = try texts(CSVReader(BytesInput(text.utf8), back))
      #expect(rows == WriterTests.expected(samples), "\(options) \(text)")
      if hasNulls || options.fieldSeparator == "\0" || !["\n", "\r\n", "\r"].contains(options.lineDelimiter) {
        continue
      }
      let python = Options(fieldSeparator: options.fieldSeparator, textDelimiter: options.textDelimiter)
      seen.append(
        Item(
          name: "\(number)", text: text, columns: samples.map(\.0), rows: WriterTests.expected(samples),
          options: python))
    }
    let problems = try Agreement.problems("csv_values.py", seen)
    #expect(problems == [])
  }

  @Test(arguments: [",", "\n", "\r", "\\N", "x,y"])
  func `what needs quotes is not written without`(value: String) throws {
    let samples: [WriterTests.Sample] = [("n", .int8, ["1", "2"]), ("t", .text, ["plain", value])]
    let failure = #expect(throws: Failure.self) {
      _ = try WriterTests.csv(samples) { $0.textDelimiter = "" }
    }
    #expect(failure?.message.contains("column 't' of row 2") == true && failure?.category == .data)
    #expect(failure?.message.contains(value) == false || value.count == 1)
    let header: [WriterTests.Sample] = [(value, .int8, ["1"])]
    if value != "\\N" {
      #expect(throws: Failure.self) { _ = try WriterTests.csv(header) { $0.textDelimiter = "" } }
    }
    #expect(try WriterTests.csv([("q", .text, ["a\"b", ""])]) { $0.textDelimiter = "" } == "q\na\"b\n\n")
  }

  @Test func `a text between separators that seems to begin one is quoted`() throws {
    #expect(
      try WriterTests.csv([("a", .text, ["x|", "x||y", "|x"]), ("b", .int8, ["1", "2", "3"])]) {
        $0.fieldSeparator = "||"
      }
        == "a||b\n\"x|\"||1\n\"x||y\"||2\n|x||3\n")
    #expect(
      try WriterTests.csv([("a", .text, ["x;", "y"])]) { $0.lineDelimiter = ";\n" } == "a;\n\"x;\";\ny;\n")
  }
}
