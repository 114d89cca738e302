// Writes and reads record files of fixed-width columns and prints seconds, for `records.py`, which compares them.
//
//     records-bench write|read|copy PATH BATCHES ROWS [none|lz4|zstd]
internal import Glibc
internal import Records

/// Eight columns of 8, 4 and 16 bytes: 80 bytes a row.
let schema = Schema([
  Field("id", .int64), Field("amount", .decimal(precision: 18, scale: 2)), Field("ratio", .float64),
  Field("at", .timestamp(.microseconds, zoned: true)), Field("day", .date), Field("quantity", .int32),
  Field("key", .uuid), Field("total", .decimal(precision: 38, scale: 4)),
])

func makeBatch(rows: Int) -> RecordBatch {
  let builder = BatchBuilder(schema, maxBytes: .max, maxRows: .max)
  for row in 0..<rows {
    builder.columns[0].append(Int64(row))
    builder.columns[1].append(Int128(row) * 101)
    builder.columns[2].append(Double(row) / 7)
    builder.columns[3].append(Int64(row) * 1_000_003)
    builder.columns[4].append(Int32(row % 20_000))
    builder.columns[5].append(Int32(row % 50))
    builder.columns[6].append((UInt64(row), UInt64(row) &* 0x9E37_79B9_7F4A_7C15))
    builder.columns[7].append(Int128(row) << 64)
    _ = builder.finishRow(bytes: 80)
  }
  return builder.finish()
}

func now() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

func run(_ arguments: [String]) throws {
  guard arguments.count >= 5, let batches = Int(arguments[3]), let rows = Int(arguments[4]) else {
    throw Failure(.configuration, "usage: records-bench write|read|copy PATH BATCHES ROWS [none|lz4|zstd]")
  }
  let batch = makeBatch(rows: rows)
  let compression = arguments.count > 5 ? RecordCompression(rawValue: arguments[5]) ?? .none : .none
  switch arguments[1] {
  case "write": try write(batch, batches, arguments[2], compression)
  case "read": try read(arguments[2], rows: batches * rows)
  default: copy(batch, batches)
  }
}

func write(_ batch: RecordBatch, _ batches: Int, _ path: String, _ compression: RecordCompression) throws {
  let start = now()
  let writer = try RecordFileWriter(FileOutput(path: path), schema: schema, compression: compression)
  for _ in 0..<batches { try writer.write(batch) }
  try writer.finish()
  report(now() - start)
}

func read(_ path: String, rows: Int) throws {
  let start = now()
  let reader = try RecordFileReader(FileInput(path: path))
  var count = 0
  while let batch = try reader.next() { count += batch.count }
  report(now() - start)
  guard count == rows else { throw Failure(.bug, "read \(count) rows, expected \(rows)") }
}

/// The same bytes into one buffer as large as all of them, which is new first and warm the second time: what the memory
/// allows.
func copy(_ batch: RecordBatch, _ batches: Int) {
  let size = batch.columns.reduce(0) { $0 + $1.values.count }
  let target = Allocation(capacity: size * batches)
  for _ in 0..<2 { copy(batch, batches, size, target) }
}

func copy(_ batch: RecordBatch, _ batches: Int, _ size: Int, _ target: Allocation) {
  let start = now()
  for index in 0..<batches {
    var position = index * size
    for column in batch.columns {
      memcpy(target.base + position, column.values.start, column.values.count)
      position += column.values.count
    }
  }
  report(now() - start)
}

func report(_ seconds: Double) {
  let text = "\(seconds)\n"
  _ = text.withCString { write(STDOUT_FILENO, $0, strlen($0)) }
}

do {
  try run(CommandLine.arguments)
} catch {
  let text = "records-bench: \(error)\n"
  _ = text.withCString { write(STDERR_FILENO, $0, strlen($0)) }
  exit(1)
}
