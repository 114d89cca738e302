import FerryTesting
import Formats
import Foundation
import Records
import Testing

/// The classes of JSON's public parsing suites: what must be accepted has the values that Python sees, what must be
/// refused is a bad row and spoils no other, and what may be either is as `policy` says.
struct JSONSuiteTests {
  static let cases = SuiteCase.all("json-parsing.tsv") + SuiteCase.all("json-checker.tsv")
  static let accepted = cases.filter { $0.kind == "y" || policy[$0.name] == true }
  static let refused = cases.filter { $0.kind == "n" || policy[$0.name] == false }

  /// Numbers of any size keep their digits, 500 levels are within `maxDepth`, a mark tells UTF-16 and UTF-32.
  /// Bytes that are not UTF-8 are refused, and so is half of a surrogate pair (unless `invalidText` is REPLACE).
  static let policy: [String: Bool] = Dictionary(
    uniqueKeysWithValues: cases.filter { $0.kind == "i" }.map { item in
      let accepted = ["i_number", "i_structure", "i_string_utf16_", "i_string_utf16be_", "i_string_utf32"]
      return (item.name, accepted.contains { item.name.hasPrefix($0) } || item.name.hasSuffix("16LE_with_BOM"))
    })

  /// Nothing is no document: such a file has no rows. Arrays of rows may stand one behind the other.
  static let rowless: Set = [
    "n_structure_no_data", "n_single_space", "n_structure_UTF8_BOM_no_data", "n_structure_double_array",
  ]

  @Test func `the suites are whole`() {
    let kinds = Dictionary(grouping: JSONSuiteTests.cases, by: \.kind).mapValues(\.count)
    #expect(kinds == ["y": 100, "n": 221, "i": 39])
  }

  // MARK: Roads

  struct Outcome {
    var schema = Schema([])
    var rows: [[String]] = []
    var bad: [[String]] = []
    /// The good rows as Ferry writes them.
    var text = ""
  }

  static func read(
    _ bytes: [UInt8], _ layout: JSONReadOptions.Layout, readSize: Int = 1 << 20,
    _ change: (inout JSONReadOptions) -> Void = { _ in }
  ) throws -> Outcome {
    var options = JSONReadOptions()
    options.layout = layout
    options.readSize = readSize
    options.duplicateKeys = .last
    change(&options)
    var outcome = Outcome()
    var output = BytesOutput()
    let rejected = RowsSink()
    let (reader, bad) = try WholeFile.load(
      open: { known, bad in try JSONReader(BytesInput(bytes), options, bad: bad, known: known) },
      bad: {
        rejected.rows = []
        return BadRows(.reject, makeSink: { rejected })
      },
      start: { schema in
        output = BytesOutput()
        outcome.schema = schema
        outcome.rows = []
        return try JSONWriter(output, schema: schema)
      },
      progress: { batch in
        for row in 0..<batch.count {
          outcome.rows.append(batch.columns.map { $0.isNull(row) ? "∅" : ValueText.string(of: $0, at: row) })
        }
      })
    #expect(reader.rowCount == outcome.rows.count + bad.count)
    outcome.bad = rejected.rows
    outcome.text = output.text
    return outcome
  }

  /// A document as the member of a row, between two other rows.
  static func wrapped(_ bytes: [UInt8]) -> ([UInt8], JSONReadOptions.Layout) {
    let row = Array("{\"v\":".utf8) + bytes + Array("}".utf8)
    return (
      Array("{\"v\":0}\n".utf8) + row + Array("\n{\"v\":1}\n".utf8), bytes.contains(0x0A) ? .documents : .lines
    )
  }

  // MARK: Accepted

  @Test(arguments: [1, 5, 1 << 20])
  func `what is JSON has the values that Python sees`(readSize: Int) throws {
    var seen: [[String: String]] = []
    for item in JSONSuiteTests.accepted {
      for layout in [JSONReadOptions.Layout.documents, .automatic] {
        let outcome = try JSONSuiteTests.read(item.bytes, layout, readSize: readSize)
        #expect(outcome.bad == [], "\(item.name)")
        seen.append(["name": item.name, "input": Data(item.bytes).base64EncodedString(), "rows": outcome.text])
      }
      // Encodings are of files; a mark stands at their start only.
      if item.name.contains("BOM") { continue }
      let (bytes, layout) = JSONSuiteTests.wrapped(item.bytes)
      let outcome = try JSONSuiteTests.read(bytes, layout, readSize: readSize)
      #expect(outcome.bad == [] && outcome.rows.count == 3, "\(item.name)")
      let row = outcome.text.split(separator: "\n").dropFirst().first.map { $0 + "\n" } ?? ""
      let input = Data(Array("{\"v\":".utf8) + item.bytes + Array("}".utf8))
      seen.append(["name": item.name + " in a row", "input": input.base64EncodedString(), "rows": String(row)])
      let elements = Array("[0,".utf8) + item.bytes + Array(",\n1]".utf8)
      let array = try JSONSuiteTests.read(elements, .automatic, readSize: readSize)
      #expect(array.bad == [], "\(item.name)")
      seen.append([
        "name": item.name + " in an array", "input": Data(elements).base64EncodedString(), "rows": array.text,
      ])
    }
    let problems = try Agreement.problems("json_values.py", seen)
    #expect(problems == [])
  }

  // MARK: Refused

  @Test(arguments: [1, 7, 1 << 20])
  func `what is not JSON is refused and spoils no other row`(readSize: Int) throws {
    for item in JSONSuiteTests.refused {
      // Two cases have many levels: one byte at a time takes long.
      if readSize == 1 && item.bytes.count > 1_000 { continue }
      for layout in [JSONReadOptions.Layout.documents, .automatic] {
        let outcome = try JSONSuiteTests.read(item.bytes, layout, readSize: readSize)
        if JSONSuiteTests.rowless.contains(item.name) {
          #expect(outcome.rows == [] && outcome.bad == [], "\(item.name)")
        } else {
          #expect(!outcome.bad.isEmpty, "\(item.name)")
        }
        for bad in outcome.bad {
          #expect((Int(bad[0]) ?? -1) <= item.bytes.count && Int(bad[1]) ?? 0 >= 1 && !bad[2].isEmpty)
        }
      }
      let (bytes, layout) = JSONSuiteTests.wrapped(item.bytes)
      let outcome = try JSONSuiteTests.read(bytes, layout, readSize: readSize)
      #expect(!outcome.bad.isEmpty && outcome.bad[0][0] == "8", "\(item.name)")
      if layout == .lines { #expect(outcome.rows == [["0"], ["1"]] && outcome.bad.count == 1, "\(item.name)") }
      let elements = Array("[0,".utf8) + item.bytes + Array(",1]".utf8)
      #expect(try !JSONSuiteTests.read(elements, .automatic, readSize: readSize).bad.isEmpty, "\(item.name)")
    }
  }

  @Test func `the first bad row ends the task unless it is told otherwise`() throws {
    for item in JSONSuiteTests.refused where !JSONSuiteTests.rowless.contains(item.name) {
      let failure = #expect(throws: Failure.self, "\(item.name)") {
        _ = try WholeFile.load(
          open: { known, bad in try JSONReader(BytesInput(item.bytes), bad: bad, known: known) },
          bad: { BadRows() }, start: { (_: Schema) in RowsSink() })
      }
      #expect(failure?.category == .data)
    }
  }

  // MARK: Either

  @Test func `half of a surrogate pair becomes the replacement character where that is wanted`() throws {
    for item in JSONSuiteTests.refused where item.kind == "i" {
      let isSurrogate = item.bytes.contains(UInt8(ascii: "\\"))
      let outcome = try JSONSuiteTests.read(item.bytes, .documents) { $0.invalidText = .replace }
      #expect(outcome.bad.isEmpty == isSurrogate, "\(item.name)")
      guard isSurrogate else { continue }
      #expect(outcome.rows.description.contains("\u{FFFD}") || outcome.text.contains("\u{FFFD}"), "\(item.name)")
      let (bytes, layout) = JSONSuiteTests.wrapped(item.bytes)
      let nested = try JSONSuiteTests.read(bytes, layout) { $0.invalidText = .replace }
      #expect(nested.rows.count == 3 && nested.rows[1][0].contains("\\ufffd"), "\(item.name)")
    }
  }

  @Test func `a key twice is refused unless it is told otherwise`() throws {
    for item in JSONSuiteTests.accepted where item.name.hasPrefix("y_object_duplicated_key") {
      let outcome = try JSONSuiteTests.read(item.bytes, .automatic) { $0.duplicateKeys = .error }
      #expect(outcome.rows == [] && outcome.bad.map { $0[2] } == ["a key stands in it twice"])
    }
  }
}
