internal import Records
internal import Synchronization

/// The filter `jq`, which libjq evaluates. What a program reaches beside its input (environment, files, modules) is
/// refused, and so is every result that jq's numbers, which are doubles, would have changed.
enum JQ {
  /// Throws when a text is no program, or one that is refused.
  @Sendable static func check(_ source: String) throws {
    try JQScanner.check(source)
    give(back: try take(source), source)
  }

  /// All results of a program on one input.
  static func run(_ source: String, on input: Value, _ meter: Meter) throws -> [Value] {
    let traits = try JQScanner.check(source)
    let numbers = JQNumbers(input)
    let low = try evaluate(source, input, numbers, .low, meter)
    if numbers.isExact { return try low.get().map(numbers.spelled) }
    let high = try evaluate(source, input, numbers, .high, meter)
    let merged = try numbers.merged(low, high)
    if traits.looksIntoTexts {
      let written = try evaluate(source, input, numbers, .digits, meter)
      try numbers.compare(merged, with: written)
    }
    return merged
  }

  private static func evaluate(
    _ source: String, _ input: Value, _ numbers: JQNumbers, _ form: JQNumbers.Form, _ meter: Meter
  ) throws -> Result<[Value], Problem> {
    let state = try take(source)
    let prepared = numbers.isExact ? input : numbers.prepared(input, form)
    let results = try JQWorker.run(on: state, meter) { state.results(for: prepared) }
    give(back: state, source)
    return results
  }

  // MARK: Compiled programs

  /// To compile a program takes some hundredths of a second, nearly all of it for jq's own library.
  private static let mostKept = 32
  private static let kept = Mutex<[ExactText: [JQState]]>([:])

  private static func take(_ source: String) throws -> JQState {
    try kept.withLock { $0[source.exact]?.popLast() } ?? JQState(source)
  }

  private static func give(back state: JQState, _ source: String) {
    kept.withLock { kept in
      if kept.reduce(0, { $0 + $1.value.count }) >= mostKept { kept = [:] }
      kept[source.exact, default: []].append(state)
    }
  }
}
