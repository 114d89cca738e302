internal import Records

func fuzzJSON(_ choices: inout Choices) {
  var options = JSONReadOptions()
  options.layout = choices.of(.automatic, .lines, .documents)
  options.flatten = choices.of(0, 1, 2, 100)
  options.duplicateKeys = choices.of(.error, .last)
  options.invalidText = choices.of(.error, .replace)
  options.maxDepth = choices.of(512, 1, 3, 1_000)
  options.maxRowSize = choices.of(1 << 20, 1, 20, 70)
  options.bytes = choices.of(.base64, .hex)
  options.charset = charsets[choices.number() % charsets.count]
  let policy = choices.of(OnBadLines.reject, .error, .skip, .warn)
  let limit = choices.of(nil, 0, 1, 30)
  let (readSize, step) = (choices.of(1, 2, 5, 16, 63, 64, 65, 100), choices.of(1, 3, 64, 1 << 16))
  let isDeclared = choices.flag()
  let firstType = choices.number()
  options.threads = choices.of(1, 2)
  let again = RoundTrip(&choices)
  let file = choices.file
  if isDeclared { declare(file, &options, firstType) }

  let test = TextCase(file: file, charset: options.charset, hasUsualLines: true, policy: policy, limit: limit)
  func read(_ input: @autoclosure () -> any ByteInput, _ readSize: Int) -> (Outcome, DigestSink, Schema?) {
    var options = options
    options.readSize = readSize
    return test.read { try JSONReader(input(), options, bad: $1, known: $0) }
  }
  let (whole, rows, schema) = read(MemoryInput(file), 1 << 16)
  var ways = [("whole", whole), ("in pieces", read(Trickle(file, step: step), readSize).0)]
  if again.isPacked, !isPacked(file) {
    ways += Packing.both(file).map { ($0, read(Trickle($1, step: step), readSize).0) }
  }
  agree(ways, isPacked: isPacked(file))
  if let schema { again.run(rows, schema) }
}

/// Types for every other column, and for one that no row has.
private func declare(_ file: [UInt8], _ options: inout JSONReadOptions, _ first: Int) {
  let bad = BadRows(.skip)
  guard let reader = try? JSONReader(MemoryInput(file), options, bad: bad) else { return }
  options.columns["no row has it"] = declarable[first % declarable.count]
  for (index, field) in reader.schema.fields.enumerated() where index % 2 == 0 {
    options.columns[ExactText(field.name)] = declarable[(first + index / 2) % declarable.count]
  }
}
