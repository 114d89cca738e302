internal import Engine
internal import Formats
internal import MySQL
internal import ODBC
internal import PostgreSQL
internal import Records
internal import SQLServer
internal import SQLite
internal import Serdes

/// All plugins of this build. A new one is one line here and one in Package.swift.
let registry = Registry([
  mariadbPlugin,
  mysqlPlugin,
  odbcPlugin,
  postgresqlPlugin,
  .serdes,
  sqlServerPlugin,
  sqlitePlugin,
  vectorwisePlugin,
])

/// A format that `ferry cat` reads besides record files.
struct FileFormat: Sendable {
  /// The task that reads it in a flow, and has properties for its variants.
  let task: String
  /// Opens the file that `input` gives, as often as it is called.
  let open: @Sendable (_ input: () throws -> any ByteInput) throws -> any RecordSource
}

/// By extension. Columns of CSV come as text.
let fileFormats: [String: FileFormat] = [
  "csv": FileFormat(task: "serdes.csv.CsvReader") { input in try CSVReader(input()) },
  "tsv": FileFormat(task: "serdes.csv.CsvReader") { input in
    var options = CSVReadOptions()
    options.fieldSeparator = "\t"
    return try CSVReader(input(), options)
  },
  "json": json, "jsonl": json, "ndjson": json,
  "avro": FileFormat(task: "serdes.avro.AvroReader") { input in try AvroReader(input()) },
]

/// A table needs its columns before its first row: one pass finds those of all rows.
private let json = FileFormat(task: "serdes.json.JsonReader") { input in
  let columns = try JSONReader(input()).wholeSchema()
  return try JSONReader(input(), known: columns)
}

/// Rows as JsonWriter writes them: every digit, every member and every column is there.
func jsonLines(_ rows: RecordBatch) throws -> String {
  let output = MemoryOutput()
  let writer = try JSONWriter(output, schema: rows.schema)
  try writer.write(rows)
  try writer.finish()
  return String(decoding: output.bytes, as: UTF8.self)
}
