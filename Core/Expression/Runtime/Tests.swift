/// What may follow `is` and `is not`.
enum Tests {
  static let all: [TestOperation] = [
    // The evaluator answers this one itself: an undefined operand would be an error before the test.
    TestOperation("defined", "is a variable that exists") { _, _ in true },
    TestOperation("null", "is null") { value, _ in value.isNull },
    TestOperation("empty", "is null, or a string, list or map without anything in it") { value, _ in value.isBlank },
    TestOperation("even", "is an even integer") { value, _ in try integer(value) % 2 == 0 },
    TestOperation("odd", "is an odd integer") { value, _ in try integer(value) % 2 != 0 },
    TestOperation("iterable", "is something that a loop can go over: a list or a map") { value, _ in
      value.list != nil || value.map != nil
    },
    TestOperation("map", "is a map") { value, _ in value.map != nil },
    TestOperation("json", "is a string that holds JSON") { value, _ in
      guard let text = value.string else { return false }
      return (try? Value.parseJSON(text)) != nil
    },
  ]

  private static func integer(_ value: Value) throws -> Int64 {
    guard let number = value.wholeNumber else { throw Problem("expected an integer, found \(value.typePhrase)") }
    return number
  }
}

extension TestOperation {
  init(_ name: String, _ summary: String, _ body: @escaping Body) { self.init(name, "", summary, body) }
}
