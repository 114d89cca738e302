internal import Records

/// Avro values that come one by one: the lines say the schemas of two writers, and what follows is a byte for the
/// writer and the length of each value, and the value.
func fuzzDatum(_ choices: inout Choices) {
  let flatten = choices.of(0, 1, 2, 100)
  let schemas = [choices.takeLine(), choices.takeLine()].map {
    try? AvroSchema(String(decoding: $0, as: UTF8.self))
  }
  let values = cut(choices.file)
  let whole = AvroDatumDecoder("fuzz", flatten: flatten)
  guard let writers = try? schemas.map({ try $0.map { try whole.add(writer: $0) } }) else { return }
  var alone = DigestSink()
  var singles: [RecordBatch] = []
  for (which, value) in values {
    guard let writer = writers[which], let schema = schemas[which] else { continue }
    let single = AvroDatumDecoder("fuzz", flatten: flatten)
    guard let number = try? single.add(writer: schema) else { fault("a schema is taken once only") }
    let before = whole.count
    let first = decode(single, value, number)
    let second = decode(whole, value, writer)
    guard first == second else { fault("a value alone: \(first)\nbehind others: \(second)") }
    guard whole.count == before + (first.isEmpty ? 1 : 0) else { fault("a refused value is counted") }
    if first.isEmpty, let batch = (try? single.finish()) ?? nil {
      singles.append(batch)
      again(batch, flatten)
    }
  }
  let columns = whole.schema
  guard let all = finish(whole), let columns else { return }
  guard all.schema == columns else { fault("the batch has another schema than was said") }
  let together = DigestSink()
  write(all, to: together)
  for batch in singles { write(wide(batch, columns), to: alone) }
  guard alone.rows == together.rows, alone.digest == together.digest else {
    fault("alone: \(RoundTrip.texts(singles))\ntogether: \(RoundTrip.texts([all]))")
  }
  alone = DigestSink()
}

private func cut(_ bytes: [UInt8]) -> [(Int, [UInt8])] {
  var values: [(Int, [UInt8])] = []
  var rest = bytes[...]
  while let head = rest.popFirst(), values.count < 200 {
    values.append((Int(head & 1), Array(rest.prefix(Int(head >> 1)))))
    rest = rest.dropFirst(Int(head >> 1))
  }
  return values
}

/// Why a value is refused; empty when it is not.
private func decode(_ decoder: AvroDatumDecoder, _ value: [UInt8], _ writer: Int) -> String {
  do {
    try decoder.decode(value.span, writer: writer)
    return ""
  } catch {
    return Outcome(error).failure
  }
}

private func finish(_ decoder: AvroDatumDecoder) -> RecordBatch? {
  do { return try decoder.finish() } catch { fault("\(error)") }
}

private func wide(_ batch: RecordBatch, _ schema: Schema) -> RecordBatch {
  do { return try batch.widened(to: schema) } catch { fault("\(error)") }
}

private func write(_ batch: RecordBatch, to sink: DigestSink) {
  do { try sink.write(batch) } catch { fault("\(error)") }
}

/// What was read can be written as a value of its own and read again.
private func again(_ batch: RecordBatch, _ flatten: Int) {
  guard let encoder = try? AvroDatumEncoder("fuzz", columns: batch.schema) else { return }
  do {
    try encoder.start(batch)
    var out = ByteBuffer()
    try encoder.encode(0, to: &out)
    let decoder = AvroDatumDecoder("fuzz", flatten: flatten)
    try decoder.decode(out.span, writer: try decoder.add(writer: encoder.schema))
    let (first, second) = (DigestSink(), DigestSink())
    try first.write(batch)
    if let read = try decoder.finish() { try second.write(read) }
    guard first.digest == second.digest else { fault("written and read again: \(RoundTrip.texts([batch]))") }
  } catch {
    // Only what has no place in Avro is refused.
    guard Outcome(error).failure.contains("writing") else { fault("\(error)") }
  }
}
