internal import Glibc
internal import Records

/// Any bytes for the reader that FERRY_FUZZ names. They end in rows, all of them accounted for, or in an error; however
/// they come in, in one piece or byte by byte, the outcome is the same; what was read can be written and read again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  var choices = Choices(Array(UnsafeBufferPointer(start: bytes, count: count)))
  switch target {
  case "csv": fuzzCSV(&choices)
  case "json": fuzzJSON(&choices)
  case "avro": fuzzAvro(&choices)
  case "record-file": fuzzRecordFile(&choices)
  case "avro-values": fuzzDatum(&choices)
  case "json-messages": fuzzMessages(&choices)
  case "expressions": fuzzExpressions(&choices)
  default: fatalError("FERRY_FUZZ is '\(target)': expected the name of a folder of fixtures/fuzz")
  }
  return 0
}

private let target = getenv("FERRY_FUZZ").map { String(cString: $0) } ?? ""

/// The first line of an input chooses the options, one byte each; the file follows it. The digit 0, and a byte that is
/// not there, is the first of the options: so seeds can be written by hand.
struct Choices {
  private var options: ArraySlice<UInt8>
  private(set) var file: [UInt8]

  init(_ bytes: [UInt8]) {
    options = []
    file = bytes
    options = takeLine()[...]
  }

  mutating func number() -> Int { options.popFirst().map { Int($0 &- UInt8(ascii: "0")) } ?? 0 }

  mutating func of<T>(_ all: T...) -> T { all[number() % all.count] }

  mutating func flag() -> Bool { number() & 1 == 1 }

  /// The file's first line, which it loses.
  mutating func takeLine() -> [UInt8] {
    let line = Array(file.prefix { $0 != UInt8(ascii: "\n") })
    file.removeFirst(min(line.count + 1, file.count))
    return line
  }
}

/// An input that gives few bytes at a time.
final class Trickle: ByteInput {
  private let input: MemoryInput
  private let step: Int

  init(_ bytes: [UInt8], step: Int, sizeIsKnown: Bool = true) {
    input = MemoryInput(bytes, sizeIsKnown: sizeIsKnown)
    self.step = step
  }

  var name: String { input.name }
  var size: Int64? { input.size }

  func read(into room: inout OutputSpan<UInt8>) throws -> Int {
    try input.read(upTo: step, into: &room)
  }

  func seek(to position: Int64) throws -> Bool { try input.seek(to: position) }
}

/// Takes rows, and a digest of their values.
final class DigestSink: RecordSink {
  private(set) var batches: [RecordBatch] = []
  private(set) var rows = 0
  private(set) var digest: UInt64 = 14_695_981_039_346_656_037

  private func add(_ byte: UInt64) { digest = (digest ^ byte) &* 1_099_511_628_211 }

  func write(_ batch: RecordBatch) throws {
    batches.append(batch)
    rows += batch.count
    // Row by row, so that the digest does not depend on where batches end.
    let formatters = batch.columns.map { TextFormatter($0) }
    var text = ByteBuffer()
    for row in 0..<batch.count {
      for formatter in formatters {
        add(formatter.isNull(row) != formatter.column.isNull(row) ? 0x300 : formatter.isNull(row) ? 0x200 : 0x100)
        text.removeAll()
        formatter.append(row, to: &text)
        // A line end between the tokens of JSON is white space like any other.
        let isJSON = formatter.column.type == .json
        for byte in text.bytes { add(UInt64(isJSON && (byte == 0x0A || byte == 0x0D) ? 0x20 : byte)) }
      }
    }
  }

  func finish() throws {}
}

/// Ends the run; the fuzzer keeps the input. (A `fatalError` cuts long messages.)
func fault(_ message: String) -> Never {
  let text = Array("fault: \(message)\n".utf8)
  _ = write(2, text, text.count)
  abort()
}

/// What has become of an input.
struct Outcome: Equatable {
  var columns: [String] = []
  var rows = 0
  var digest: UInt64 = 0
  var bad = 0
  var rejected: UInt64 = 0
  var warnings = 0
  var failure = ""
  /// The rejected rows, to be shown; the digest stands for them.
  var badRows = Shown(batches: [])

  struct Shown: Equatable, CustomStringConvertible {
    let batches: [RecordBatch]
    static func == (a: Shown, b: Shown) -> Bool { true }
    var description: String { RoundTrip.texts(batches).map { "\n  \($0)" }.joined() }
  }

  init(_ schema: Schema, _ good: DigestSink) {
    columns = schema.fields.map { "\($0.name) \($0.type.name)" }
    rows = good.rows
    digest = good.digest
  }

  /// Only errors that say what is wrong with the input are allowed.
  init(_ error: any Error) {
    guard let failure = error as? Failure, failure.category != .bug else { fault("\(error)") }
    self.failure = failure.message
  }
}

/// All of `ways` must come to the same; returns it.
/// - Parameter isPacked: where such a file is damaged, it depends on the pieces what error is found first.
@discardableResult
func agree(_ ways: [(String, Outcome)], isPacked: Bool = false) -> Outcome {
  for (name, outcome) in ways where outcome != ways[0].1 {
    if isPacked, !outcome.failure.isEmpty, !ways[0].1.failure.isEmpty { continue }
    fault("read in two ways it is\n\(ways[0].0): \(ways[0].1)\n\(name): \(outcome)")
  }
  return ways[0].1
}
