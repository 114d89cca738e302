internal import Records

func fuzzRecordFile(_ choices: inout Choices) {
  let step = choices.of(1, 3, 64, 1 << 16)
  let again = RoundTrip(&choices)
  let bytes = choices.file

  let (asFile, rows, schema) = read(MemoryInput(bytes))
  agree([("as a file", asFile), ("as a file, in pieces", read(Trickle(bytes, step: step)).0)])
  let asStream = agree([
    ("as a stream", read(MemoryInput(bytes, sizeIsKnown: false)).0),
    ("as a stream, in pieces", read(Trickle(bytes, step: step, sizeIsKnown: false)).0),
  ])
  // Only a file can be read by its footer, and only of a file lengths are known from the start.
  if asFile.failure.isEmpty, asStream.failure.isEmpty { agree([("as a file", asFile), ("as a stream", asStream)]) }
  if let schema { again.run(rows, schema, isValid: false) }
}

private func read(_ input: any ByteInput) -> (Outcome, DigestSink, Schema?) {
  let rows = DigestSink()
  do {
    let reader = try RecordFileReader(input)
    while let batch = try reader.next() { try rows.write(batch) }
    return (Outcome(reader.schema, rows), rows, reader.schema)
  } catch {
    return (Outcome(error), rows, nil)
  }
}
