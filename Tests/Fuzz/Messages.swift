internal import Records

/// Lines of JSON for several tables. However the bytes come in, and however early the tables let go of their rows, the
/// rows, the other messages and the bad ones are the same.
func fuzzMessages(_ choices: inout Choices) {
  var options = JSONReadOptions()
  options.duplicateKeys = choices.of(.error, .last)
  options.invalidText = choices.of(.error, .replace)
  options.maxDepth = choices.of(512, 1, 3, 1_000)
  options.maxRowSize = choices.of(1 << 20, 1, 20, 70)
  let policy = choices.of(OnBadLines.reject, .error, .skip, .warn)
  let (readSize, step) = (choices.of(1, 2, 5, 16, 63, 64, 65, 100), choices.of(1, 3, 64, 1 << 16))
  let budget = choices.of(1 << 20, 1, 30, 200)
  let file = choices.file
  func read(_ input: any ByteInput, _ readSize: Int, _ budget: Int) -> MessageOutcome {
    var options = options
    options.readSize = readSize
    return MessageOutcome(input, options, policy, budget)
  }
  let whole = read(MemoryInput(file), 1 << 16, 1 << 20)
  for (name, other) in [
    ("in pieces", read(Trickle(file, step: step, sizeIsKnown: false), readSize, 1 << 20)),
    ("with little memory", read(MemoryInput(file), 1 << 16, budget)),
  ] where other != whole {
    fault("read in two ways it is\nwhole: \(whole)\n\(name): \(other)")
  }
}

private struct MessageOutcome: Equatable {
  var tables: [String] = []
  var others: [String] = []
  var bad = 0
  var rejected: UInt64 = 0
  var failure = ""

  init(_ input: any ByteInput, _ options: JSONReadOptions, _ policy: OnBadLines, _ budget: Int) {
    let rejects = DigestSink()
    let counter = BadRows(policy, limit: nil, warn: { _ in }, makeSink: { rejects })
    var batches: [String: [RecordBatch]] = [:]
    let tables = JSONTables(budget: budget) { name in
      var options = options
      options.misfit = .widen
      return JSONRowTable(name, of: "fuzz", options, bad: counter) { batches[name, default: []].append($0) }
    }
    do {
      let messages = try JSONMessages(input, options, bad: counter)
      var others: [String] = []
      try messages.run(into: tables) { message in others.append("\(message.line) \(message.offset) \(message.text)") }
      try tables.flush()
      try counter.finish()
      let good = batches.values.joined().reduce(0) { $0 + $1.count }
      guard messages.messageCount == good + others.count + counter.count else {
        fault("\(messages.messageCount) messages: \(good) rows, \(others.count) others, \(counter.count) bad")
      }
      guard policy != .reject || rejects.rows == counter.count else { fault("not all bad rows are handed on") }
      (self.others, bad) = (others, counter.count)
      self.tables = try tables.all.map { table in
        let sink = DigestSink()
        for batch in batches[table.name] ?? [] { try sink.write(batch.widened(to: table.schema)) }
        return "\(table.name) \(Outcome(table.schema, sink))"
      }
    } catch {
      // Which of several faults comes first depends on the pieces.
      failure = Outcome(error).failure.isEmpty ? "" : "failed"
    }
  }
}
