import Foundation
import Records
import Testing

/// Files exchanged with pyarrow, Polars and DuckDB, compared value for value.
@Suite struct InteropTests {
  @Test(arguments: [
    "plain", "lz4", "zstd", "sliced", "empty", "no rows", "no columns", "many", "large", "delta", "replaced",
    "polars uncompressed", "polars lz4", "polars zstd",
  ])
  func readsWhatOthersWrite(_ name: String) throws {
    try Python.withFile { path in
      let expected = try Python.interop("write", name, path)
      let reader = try RecordFileReader(FileInput(path: path))
      #expect(Canonical.types(reader.schema) == expected.types)
      let batches = try RecordFiles.read(reader)
      #expect(difference(Canonical.rows(batches), expected.rows) == nil)
      #expect(batches.allSatisfy { $0.count <= Limits.batchRows })
    }
  }

  static let readers: [(reader: String, compression: RecordCompression)] = [
    "pyarrow", "stream", "polars", "scan", "duckdb",
  ]
  .flatMap { reader in RecordCompression.allCases.map { (reader, $0) } }

  @Test(arguments: readers)
  func othersReadWhatFerryWrites(_ reader: String, _ compression: RecordCompression) throws {
    let schema = Samples.schema(types(for: reader))
    let batches = [
      Samples.batch(schema, rows: 120), Samples.batch(schema, rows: 0),
      Samples.batch(schema, rows: 90, seed: 9).slice(13, 41),
      Samples.batch(schema, rows: 10, nulls: false),
    ]
    try Python.withFile { path in
      let writer = try RecordFileWriter(FileOutput(path: path), schema: schema, compression: compression)
      for batch in batches { try writer.write(batch) }
      try writer.finish()
      let found = try Python.interop("render", reader, path)
      if reader == "pyarrow" || reader == "stream" { #expect(found.types == Canonical.types(schema)) }
      #expect(difference(found.rows, Canonical.rows(batches)) == nil)
    }
  }

  @Test(arguments: [
    ("timestamp", "row 3 of the batch: the timestamp does not fit into timestamp"),
    ("duration", "row 3 of the batch: the duration does not fit into interval"),
    ("date64", "row 3 of the batch: the date does not fit into date"),
    ("decimal256", "row 3 of the batch: the decimal does not fit into decimal(20,2)"),
    ("union", "has the type union, which Ferry has no form for"),
    ("run_end_encoded", "has the type run_end_encoded, which Ferry has no form for"),
    ("list_view", "has the type list_view, which Ferry has no form for"),
    ("offset", "row 3 of the batch: the timestamp does not fit into timestamp with zone"),
    ("offset NULL", "row 3 of the batch: its timestamp or its offset is NULL, the value is not"),
    ("offset runs", "column 'c.offset_minutes' has the type run_end_encoded, which Ferry has no form for"),
    ("negative scale", "is a decimal(5,-2) of 128 bits, which Ferry has no form for"),
    ("json", "row 3 of the batch: a text inside of the struct is not JSON"),
  ])
  func whatDoesNotFitIsRefused(_ name: String, _ message: String) throws {
    try Python.withFile { path in
      _ = try Python.interop("bad", name, path)
      let failure = #expect(throws: Failure.self) {
        _ = try RecordFiles.read(RecordFileReader(FileInput(path: path, name: "bad.arrow")))
      }
      #expect(failure?.message.hasPrefix("reading 'bad.arrow' at byte ") == true)
      #expect(failure?.message.contains("column 'c") == true)
      #expect(failure?.message.contains(message) == true, "\(String(describing: failure))")
    }
  }

  /// All types but those that the reader has no type for at all: no writer could make it read them.
  private func types(for reader: String) -> [DataType] {
    let missing: [DataType]
    switch reader {
    case "polars", "scan": missing = [.decimal(precision: 76, scale: 20), .interval]
    // It opens files with intervals, and keeps microseconds of them only.
    case "duckdb": missing = [.decimal(precision: 76, scale: 20), .interval]
    default: missing = []
    }
    return Samples.allTypes.filter { type in !missing.contains { type == $0 || type == .list($0) } }
  }

  /// Arrow 0.17 says the compression in the message's own metadata.
  @Test func `files of Arrow 0_17 are unpacked`() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let path = root.appending(path: "fixtures/files/arrow-0.17-lz4.arrow").path()
    let reader = try RecordFileReader(FileInput(path: path))
    let batch = try #require(try reader.next())
    #expect(reader.schema.fields.map(\.name) == ["a"] && Array(batch.columns[0].fixed(Int64.self)) == [0, 1, 2, 3, 4])
    #expect(try reader.next() == nil)
  }

  @Test(arguments: [
    ("a,b\n1,2\n", "A task takes a record file: let serdes.csv.CsvReader make one of it"),
    ("{\"a\":1}\n", "A task takes a record file: let serdes.json.JsonReader make one of it"),
    ("Obj\u{1}....", "A task takes a record file: let serdes.avro.AvroReader make one of it"),
    ("PAR1....", "It is a Parquet file, which is not read here"),
  ])
  func `what a file of another kind needs is said`(text: String, hint: String) {
    let failure = #expect(throws: Failure.self) { try RecordFileReader(MemoryInput(Array(text.utf8))) }
    #expect(failure?.hint == hint)
  }
}
