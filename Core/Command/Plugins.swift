internal import Engine
internal import MySQL
internal import PostgreSQL
internal import Records
internal import SQLite
internal import Serdes

/// All plugins of this build. A new one is one line here and one in Package.swift.
let registry = Registry([
  mariadbPlugin,
  mysqlPlugin,
  postgresqlPlugin,
  .serdes,
  sqlitePlugin,
])

/// Opens the file that `input` gives, as often as it is called.
typealias RowReader = @Sendable (_ input: () throws -> any ByteInput) throws -> any RecordSource

/// What `ferry cat` reads besides record files, by extension. Columns of CSV come as text.
let rowReaders: [String: RowReader] = [
  "csv": { input in try CSVReader(input()) },
  "json": readJSON, "jsonl": readJSON, "ndjson": readJSON,
  "avro": { input in try AvroReader(input()) },
]

/// A table needs its columns before its first row: one pass finds those of all rows.
private let readJSON: RowReader = { input in
  let columns = try JSONReader(input()).wholeSchema()
  return try JSONReader(input(), known: columns)
}
