internal import Records

func fuzzAvro(_ choices: inout Choices) {
  var options = AvroReadOptions()
  // A file as it is, or the schema in a line of its own and the bytes of a block: so that it needs no right lengths.
  let isBlock = choices.flag()
  let blockRows = choices.of(1, 2, 3, 5, 100, 70_000)
  let ownSchema = choices.number() % 3
  options.flatten = choices.of(0, 1, 2, 100)
  let policy = choices.of(OnBadLines.reject, .error, .skip, .warn)
  let limit = choices.of(nil, 0, 1, 30)
  let step = choices.of(1, 3, 64, 1 << 16)
  let again = RoundTrip(&choices)
  if ownSchema == 1 {
    options.schema = try? AvroSchema(String(decoding: choices.takeLine(), as: UTF8.self))
  }
  let written = isBlock ? choices.takeLine() : []
  let file = isBlock ? container(written, rows: blockRows, choices.file) : choices.file

  let (whole, rows, schema) = read(MemoryInput(file), options, policy, limit)
  var ways = [
    ("whole", whole),
    ("in pieces", read(Trickle(file, step: step, sizeIsKnown: true), options, policy, limit).0),
  ]
  // The file's own schema as the one to read it with changes nothing.
  if ownSchema == 2, let own = try? AvroBlocks(MemoryInput(file)).metadata["avro.schema"],
    let schema = try? AvroSchema(String(decoding: own, as: UTF8.self))
  {
    var same = options
    same.schema = schema
    ways.append(("with its own schema", read(MemoryInput(file), same, policy, limit).0))
  }
  agree(ways, isPacked: isPacked(file))
  // Without a known size, a block that goes on behind the end is found out later.
  var streams = [
    ("as a stream", read(MemoryInput(file, sizeIsKnown: false), options, policy, limit).0),
    ("as a stream, in pieces", read(Trickle(file, step: step, sizeIsKnown: false), options, policy, limit).0),
  ]
  if again.isPacked, !isPacked(file) {
    streams += Packing.both(file).map { ($0, read(Trickle($1, step: step), options, policy, limit).0) }
  }
  agree(streams, isPacked: isPacked(file))
  if let schema { again.run(rows, schema) }
}

private func read(
  _ input: any ByteInput, _ options: AvroReadOptions, _ policy: OnBadLines, _ limit: Int?
) -> (Outcome, DigestSink, Schema?) {
  let good = DigestSink()
  let bad = DigestSink()
  var warnings = 0
  do {
    let counter = BadRows(policy, limit: limit, warn: { _ in warnings += 1 }, makeSink: { bad })
    let reader = try AvroReader(input, options, bad: counter)
    while let batch = try reader.next() { try good.write(batch) }
    try counter.finish()
    guard reader.rowCount == good.rows + counter.count, policy != .reject || counter.count == bad.rows else {
      fault("\(reader.rowCount) rows: \(good.rows) are good, \(counter.count) bad, \(bad.rows) of them handed on")
    }
    var outcome = Outcome(reader.schema, good)
    (outcome.bad, outcome.rejected, outcome.warnings) = (counter.count, bad.digest, warnings)
    outcome.badRows = Outcome.Shown(batches: bad.batches)
    return (outcome, good, reader.schema)
  } catch {
    return (Outcome(error), good, nil)
  }
}

private func container(_ schema: [UInt8], rows: Int, _ block: [UInt8]) -> [UInt8] {
  let mark = [UInt8](repeating: 7, count: 16)
  return Array("Obj".utf8) + [1] + zigzag(1) + zigzag(11) + Array("avro.schema".utf8) + zigzag(schema.count) + schema
    + [0] + mark + zigzag(rows) + zigzag(block.count) + block + mark
}

private func zigzag(_ number: Int) -> [UInt8] {
  var left = UInt64(number) << 1
  var bytes: [UInt8] = []
  while left >= 0x80 {
    bytes.append(UInt8(truncatingIfNeeded: left) | 0x80)
    left >>= 7
  }
  return bytes + [UInt8(left)]
}
