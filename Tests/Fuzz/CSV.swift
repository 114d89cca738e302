internal import Records

func fuzzCSV(_ choices: inout Choices) {
  var options = CSVReadOptions()
  let types = choices.number() % 3
  let firstType = choices.number()
  options.header = !choices.flag()
  options.fieldSeparator = choices.of(",", ";", "\t", "|", " ", "1", "||", "é", "-=")
  options.textDelimiter = choices.of("\"", "'", "", "«")
  options.skipEmptyRows = choices.flag()
  options.fillMissing = choices.flag()
  options.allowExtraCharsAfterClosingQuote = choices.flag()
  options.onEmptyHeader = choices.of(.drop, .rename)
  options.skipLines = choices.of(0, 1, 2)
  options.skipRows = choices.of(0, 1, 2)
  options.nullValues = choices.of(["\\N"], [""], ["NULL", "-", "0"])
  options.bytes = choices.of(.base64, .hex)
  (options.maxFieldSize, options.maxRowSize) = choices.of((1 << 20, 1 << 20), (1, 1 << 20), (16, 40), (70, 70))
  options.charset = charsets[choices.number() % charsets.count]
  let policy = choices.of(OnBadLines.reject, .error, .skip, .warn)
  let limit = choices.of(nil, 0, 1, 30)
  let (readSize, step) = (choices.of(1, 2, 5, 16, 63, 64, 65, 100), choices.of(1, 3, 64, 1 << 16))
  options.lineDelimiter = choices.of(nil, "\n", "\r\n", ";;\n", "|", "¶")
  options.threads = choices.of(1, 2)
  let again = RoundTrip(&choices)
  let file = choices.file
  options.types = types == 0 ? .infer : types == 1 ? .text : declared(file, options, firstType)

  let test = TextCase(
    file: file, charset: options.charset, hasUsualLines: options.lineDelimiter == nil, policy: policy, limit: limit)
  func read(_ input: @autoclosure () -> any ByteInput, _ readSize: Int) -> (Outcome, DigestSink, Schema?) {
    var options = options
    options.readSize = readSize
    return test.read { try CSVReader(input(), options, bad: $1, known: $0) }
  }
  let (whole, rows, schema) = read(MemoryInput(file), 1 << 16)
  var ways = [("whole", whole), ("in pieces", read(Trickle(file, step: step), readSize).0)]
  if again.isPacked, !isPacked(file) {
    ways += Packing.both(file).map { ($0, read(Trickle($1, step: step), readSize).0) }
  }
  agree(ways, isPacked: isPacked(file))
  if let schema { again.run(rows, schema) }
}

/// Types for all columns, one after the other; text where there is no header to be had.
private func declared(_ file: [UInt8], _ options: CSVReadOptions, _ first: Int) -> ColumnTypes {
  var options = options
  options.types = .text
  guard let names = try? CSVReader(MemoryInput(file), options).schema.fields.map(\.name) else { return .text }
  let pairs = names.enumerated().map { (ExactText($1), declarable[(first + $0) % declarable.count]) }
  return .declared(Dictionary(pairs, uniquingKeysWith: { $1 }))
}
