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

  static let readers: [(reader: String, compression: RecordCompression)] = ["pyarrow", "stream", "polars", "scan", "duckdb"]
    .flatMap { reader in RecordCompression.allCases.map { (reader, $0) } }

  @Test(arguments: readers)
  func othersReadWhatFerryWrites(_ reader: String, _ compression: RecordCompression) throws {
    let schema = Samples.schema(types(for: reader))
    let batches = [
      Samples.batch(schema, rows: 120), Samples.batch(schema, rows: 0), Samples.batch(schema, rows: 90, seed: 9).slice(13, 41),
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
}
