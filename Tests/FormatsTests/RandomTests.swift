import Formats
import Records
import Testing

/// Random bytes with many special ones among them: the same rows must come out whatever the buffer size, and every row
/// must be accounted for.
struct RandomTests {
  /// A small generator whose runs can be repeated.
  struct Random: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let mixed = (state ^ (state >> 29)) &* 0xBF58_476D_1CE4_E5B9
      return mixed ^ (mixed >> 32)
    }
  }

  struct Outcome: Equatable {
    var names: [String] = []
    var rows: [[String]] = []
    var rejected: [[String]] = []
    var failure: String?
  }

  static func read<R: FormatReader>(_ open: (Schema?, BadRows) throws -> R) -> Outcome {
    let good = RowsSink()
    let bad = RowsSink()
    do {
      let (reader, counter) = try WholeFile.load(
        open: open,
        bad: {
          bad.rows = []
          return BadRows(.reject, makeSink: { bad })
        },
        start: { (_: Schema) in
          good.rows = []
          return good
        })
      #expect(reader.rowCount == good.rows.count + counter.count)
      #expect(counter.count == bad.rows.count)
      return Outcome(
        names: reader.schema.fields.map { "\($0.name) \($0.type.name)" }, rows: good.rows, rejected: bad.rows)
    } catch let failure as Failure {
      #expect(failure.category != .bug, "\(failure)")
      return Outcome(failure: failure.message)
    } catch {
      return Outcome(failure: "\(error)")
    }
  }

  static func bytes(_ alphabet: [[UInt8]], _ random: inout Random, upTo limit: Int) -> [UInt8] {
    (0..<Int.random(in: 0...limit, using: &random)).flatMap { _ in alphabet.randomElement(using: &random) ?? [] }
  }

  static let csvPieces: [[UInt8]] =
    [
      ",", ",", ",", "\n", "\n", "\r\n", "\r", "\"", "\"", "\"\"", "a", "b ", "1", "-2.5", "\\N", "é", "0",
      "2024-01-31",
    ]
    .map { Array($0.utf8) } + [[0xFF], Array(String(repeating: "x", count: 70).utf8)]

  @Test(arguments: 0..<12)
  func `random CSV`(seed: Int) {
    var random = Random(state: UInt64(seed) * 7_919 + 1)
    for _ in 0..<25 {
      let bytes = RandomTests.bytes(RandomTests.csvPieces, &random, upTo: 120)
      var options = CSVReadOptions()
      options.types = Bool.random(using: &random) ? .infer : .text
      options.header = Bool.random(using: &random)
      options.skipEmptyRows = Bool.random(using: &random)
      options.allowExtraCharsAfterClosingQuote = Bool.random(using: &random)
      options.fillMissing = Bool.random(using: &random)
      options.fieldSeparator = [",", ",", ",", ",,", "a", "é"].randomElement(using: &random) ?? ","
      options.textDelimiter = ["\"", "\"", "\"", "", "é"].randomElement(using: &random) ?? ""
      if options.textDelimiter == options.fieldSeparator { options.textDelimiter = "'" }
      options.lineDelimiter = [nil, nil, nil, "\n", "\r\n", "1"].randomElement(using: &random) ?? nil
      options.maxFieldSize = [16 << 20, 60].randomElement(using: &random) ?? 0
      options.maxRowSize = [64 << 20, 100].randomElement(using: &random) ?? 0
      options.skipRows = Int.random(in: 0...1, using: &random)
      var first: Outcome?
      for readSize in [4_096, 1, 2, 5, 64, 100] {
        options.readSize = readSize
        options.threads = 1 + readSize % 3
        let outcome = RandomTests.read { known, bad in
          try CSVReader(BytesInput(bytes), options, bad: bad, known: known)
        }
        if let first { #expect(outcome == first, "at \(readSize): \(String(decoding: bytes, as: UTF8.self))") }
        first = first ?? outcome
      }
    }
  }

  static let jsonPieces: [[UInt8]] =
    [
      "{", "}", "[", "]", ",", ":", "\"", "\\", "\n", "\n", " ", "{\"a\":1}\n", "{\"a\":\"x\"}\n", "{\"b\":[1,{}]}\n",
      "\"a\"", "1",
      "-0.5e3", "true", "null", "{\"a\":", "{\"c\":\"\\u00e9\\ud83d\"}\n", "{\"a\":{\"x\":1}}\n", "é", "{\"a\":null}",
      "[{\"a\":2},",
    ].map { Array($0.utf8) } + [[0xFF], [0x00]]

  @Test(arguments: 0..<12)
  func `random JSON`(seed: Int) {
    var random = Random(state: UInt64(seed) * 104_729 + 3)
    for _ in 0..<25 {
      let bytes = RandomTests.bytes(RandomTests.jsonPieces, &random, upTo: 60)
      var options = JSONReadOptions()
      options.layout = [.lines, .documents, .automatic].randomElement(using: &random) ?? .lines
      options.flatten = Int.random(in: 0...2, using: &random)
      options.duplicateKeys = Bool.random(using: &random) ? .last : .error
      options.invalidText = Bool.random(using: &random) ? .replace : .error
      options.maxRowSize = [64 << 20, 20].randomElement(using: &random) ?? 0
      options.maxDepth = Int.random(in: 1...4, using: &random)
      var first: Outcome?
      for readSize in [4_096, 1, 2, 5, 64] {
        options.readSize = readSize
        options.threads = 1 + readSize % 3
        let outcome = RandomTests.read { known, bad in
          try JSONReader(BytesInput(bytes), options, bad: bad, known: known)
        }
        if let first { #expect(outcome == first, "at \(readSize): \(String(decoding: bytes, as: UTF8.self))") }
        first = first ?? outcome
      }
    }
  }
}
