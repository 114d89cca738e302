// modules: Core/Records Core/Expression
// sources: Plugins/Serdes/CSV Plugins/Serdes/JSON Plugins/Serdes/Avro Plugins/Serdes/Input Plugins/Serdes/Table
// without: AvroTasks.swift
// clang: Plugins/Serdes/CScan Plugins/Serdes/CSimdJSON Plugins/Serdes/CCodecs
// libraries: lz4 zstd z snappy bz2 lzma simdjson stdc++
// variants: csv json avro

internal import Glibc
internal import Records

/// Any bytes as a CSV, JSON or Avro file, whichever FERRY_FUZZ names: they end in rows, all accounted for, or in an
/// error. However the bytes come in, in few pieces or in many, the outcome is the same.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: bytes, count: count))
  let choices = bytes.last ?? 0
  switch variant {
  case "csv":
    agree(bytes, [1 << 16, 1 + Int(choices >> 5) * 9]) { readCSV(bytes, choices, readSize: $0) }
  case "json":
    agree(bytes, [1 << 16, 1 + Int(choices >> 5) * 9]) { readJSON(bytes, choices, readSize: $0) }
  default:
    agree(bytes, [0, 1]) { readAvro(bytes, choices, sizeIsKnown: $0 == 0) }
  }
  return 0
}

let variant = getenv("FERRY_FUZZ").map { String(cString: $0) } ?? ""

/// Takes rows as a digest of their values and types.
final class DigestSink: RecordSink {
  var rows = 0
  var digest: UInt64 = 14_695_981_039_346_656_037

  func add(_ bytes: some Sequence<UInt8>) {
    for byte in bytes { digest = (digest ^ UInt64(byte)) &* 1_099_511_628_211 }
    digest = (digest ^ 0x100) &* 1_099_511_628_211
  }

  func write(_ batch: RecordBatch) throws {
    rows += batch.count
    for column in batch.columns {
      let formatter = TextFormatter(column)
      var text = TextBuffer()
      for row in 0..<batch.count {
        text.removeAll()
        if formatter.isNull(row) { add([0]) } else { formatter.append(row, to: &text) }
        add(text.string.utf8)
      }
    }
  }

  func finish() throws {}
}

struct Outcome: Equatable {
  var columns = ""
  var rows = 0
  var digest: UInt64 = 0
  var rejected = 0
  var rejects: UInt64 = 0
  var failure = ""
}

func agree(_ bytes: [UInt8], _ ways: [Int], _ read: (Int) -> Outcome) {
  let outcomes = ways.map(read)
  guard let first = outcomes.first else { return }
  for (way, outcome) in zip(ways, outcomes) where outcome != first {
    fatalError("read in two ways (\(ways[0]) and \(way)) it is \(first) and \(outcome)")
  }
}

func readText<R: TextReader>(_ open: (Schema?, BadRows) throws -> R) -> Outcome {
  var good = DigestSink()
  var bad = DigestSink()
  do {
    let (reader, counter) = try TextTable.load(
      open: open,
      bad: {
        bad = DigestSink()
        return BadRows(.reject, makeSink: { bad })
      },
      start: { (_: Schema) in
        good = DigestSink()
        return good
      })
    guard reader.rowCount == good.rows + counter.count, counter.count == bad.rows else {
      fatalError("\(reader.rowCount) rows were read: \(good.rows) are good, \(bad.rows) bad")
    }
    return Outcome(
      columns: "\(reader.schema.fields.map { "\($0.name) \($0.type.name)" })", rows: good.rows, digest: good.digest,
      rejected: bad.rows, rejects: bad.digest)
  } catch {
    return failed(error)
  }
}

func failed(_ error: any Error) -> Outcome {
  guard let failure = error as? Failure, failure.category != .bug else { fatalError("\(error)") }
  return Outcome(failure: failure.message)
}

/// The last byte of the file chooses the options, so that files stay what they look like.
func readCSV(_ bytes: [UInt8], _ choices: UInt8, readSize: Int) -> Outcome {
  var options = CSVReadOptions()
  options.types = choices & 1 == 0 ? .infer : .text
  options.header = choices & 2 != 0
  options.fillMissing = choices & 4 != 0
  options.skipEmptyRows = choices & 8 == 0
  options.allowExtraCharsAfterClosingQuote = choices & 16 != 0
  options.maxFieldSize = 1 << 20
  options.readSize = readSize
  return readText { try CSVReader(MemoryInput(bytes), options, bad: $1, known: $0) }
}

func readJSON(_ bytes: [UInt8], _ choices: UInt8, readSize: Int) -> Outcome {
  var options = JSONReadOptions()
  options.layout = choices & 1 == 0 ? .automatic : choices & 2 == 0 ? .lines : .documents
  options.flatten = Int(choices >> 2) & 1
  options.duplicateKeys = choices & 8 == 0 ? .last : .error
  options.invalidText = choices & 16 == 0 ? .replace : .error
  options.maxRowSize = 1 << 20
  options.readSize = readSize
  return readText { try JSONReader(MemoryInput(bytes), options, bad: $1, known: $0) }
}

func readAvro(_ bytes: [UInt8], _ choices: UInt8, sizeIsKnown: Bool) -> Outcome {
  let good = DigestSink()
  let bad = DigestSink()
  do {
    let counter = BadRows(.reject, makeSink: { bad })
    let reader = try AvroReader(
      MemoryInput(bytes, sizeIsKnown: sizeIsKnown), options: AvroReaderOptions(flatten: Int(choices & 1)),
      badRows: counter)
    while let batch = try reader.next() { try good.write(batch) }
    try counter.finish()
    guard reader.rowCount == good.rows + bad.rows else { fatalError("\(reader.rowCount) rows: \(good.rows) are good") }
    return Outcome(
      columns: "\(reader.schema.fields.map { "\($0.name) \($0.type.name)" })", rows: good.rows, digest: good.digest,
      rejected: bad.rows, rejects: bad.digest)
  } catch {
    return failed(error)
  }
}
