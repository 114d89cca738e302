internal import Records

/// What may be called by name: `now()`.
enum Functions {
  static let all: [FunctionOperation] = [
    FunctionOperation(
      "now", ";format timeZone existingFormat locale", "the present time, as the filter 'date' writes it"
    ) {
      arguments, evaluator in
      let now = evaluator.scope.host.now()
      return try DateFilters.format(Moment(microseconds: now), arguments, evaluator)
    },
    FunctionOperation("json", "json/text", "the value that a JSON text holds", marks: .kept) { arguments, _ in
      try parseJSON(arguments)
    },
    FunctionOperation("fromJson", "json/text", "the value that a JSON text holds", marks: .kept) { arguments, _ in
      try parseJSON(arguments)
    },
    FunctionOperation("yaml", "text", "the value that a YAML text holds") { arguments, evaluator in
      try evaluator.scope.host.parseYAML(arguments.text(0))
    },
    FunctionOperation("secret", "name", "the secret of this name", marks: .kept) { arguments, evaluator in
      Value(MarkedText(secret: try evaluator.scope.host.secret(arguments.text(0))))
    },
    FunctionOperation(
      "read", "uri", "the text of a file in internal storage or beside the flow", marks: .dropped
    ) {
      arguments, evaluator in
      .string(try evaluator.scope.host.read(arguments.text(0), check: evaluator.scope.check))
    },
    FunctionOperation("fileURI", "path", "the storage URI of a file beside the flow") { arguments, evaluator in
      .string(try evaluator.scope.host.fileURI(arguments.text(0)))
    },
    FunctionOperation("fileSize", "uri", "the size of a file, bytes", marks: .dropped) { arguments, evaluator in
      .int(try evaluator.scope.host.fileSize(arguments.text(0)))
    },
    FunctionOperation("isFileEmpty", "uri", "whether a file has no bytes", marks: .dropped) { arguments, evaluator in
      .bool(try evaluator.scope.host.fileSize(arguments.text(0)) == 0)
    },
    FunctionOperation(
      "kv", "key; namespace errorOnMissing", "a value of the key-value store", marks: .dropped, kv),
    FunctionOperation("render", "text; recursive", "what a text holds when its own expressions are rendered", render),
    FunctionOperation("renderOnce", "text", "the same, without rendering the result again") { arguments, evaluator in
      guard let text = try arguments.value(0).string else { return try arguments.value(0) }
      return try evaluator.rendering(text)
    },
    FunctionOperation("uuid", "a random UUID (version 4)") { _, _ in .string(uuid()) },
    FunctionOperation("id", "a random identifier of 22 letters and digits") { _, _ in .string(shortID()) },
    FunctionOperation("randomInt", "lower upper", "a random integer from lower up to but without upper") {
      arguments, _ in
      let (lower, upper) = (try arguments.int(0), try arguments.int(1))
      guard lower <= upper else { throw Problem("'lower' is \(lower), which is above 'upper', \(upper)") }
      return .int(lower == upper ? lower : Int64.random(in: lower..<upper))
    },
    FunctionOperation("max", "…", "the greatest of its arguments, or of a list", marks: .kept) { arguments, _ in
      try extreme(arguments) { $0 > 0 }
    },
    FunctionOperation("min", "…", "the least of its arguments, or of a list", marks: .kept) { arguments, _ in
      try extreme(arguments) { $0 < 0 }
    },
    FunctionOperation("range", "start end; increment", "the integers (or letters) from start to end, both included") {
      arguments, _ in
      try Operators.range(arguments.value(0), arguments.value(1), step: arguments.optionalInt(2) ?? 1)
    },
    FunctionOperation(
      "currentEachOutput", "outputs", "of a task within loops, the output of the present turn", marks: .kept,
      currentEachOutput),
  ]

  static func parseJSON(_ text: MarkedText) throws -> Value {
    do {
      return try Value.parseJSON(text)
    } catch let error as ExpressionError {
      throw Problem(error.message)
    }
  }

  /// A map or list is its own value: what was written as `fromJson(outputs.x.value)` works whether a task put out the
  /// text or what it says.
  private static func parseJSON(_ arguments: Arguments) throws -> Value {
    let value = arguments.given(0) ?? Value.null
    return switch value {
    case .null, .list, .map: value
    default: try parseJSON(value.markedText)
    }
  }

  /// A missing key is undefined, so that `kv('key') ?? 'other'` works.
  @Sendable private static func kv(_ arguments: Arguments, _ evaluator: Evaluator) throws -> Value {
    let key = try arguments.text(0)
    let host = evaluator.scope.host
    let namespace = try arguments.optionalText(1)
    if let value = try namespace.map({ try host.kv(key, namespace: $0) }) ?? host.kv(key) { return value }
    if try arguments.bool(2, default: true) { throw Problem("no key '\(key)' in the store", isUndefined: true) }
    return .null
  }

  @Sendable private static func render(_ arguments: Arguments, _ evaluator: Evaluator) throws -> Value {
    let isRecursive = try arguments.bool(1, default: true)
    var value = try arguments.value(0)
    for _ in 0..<ExpressionLimits.renderings {
      guard let text = value.string else { return value }
      value = try evaluator.rendering(text)
      if !isRecursive || value == .string(text) { return value }
    }
    throw Problem(
      "still not done after \(ExpressionLimits.renderings) renderings", hint: "Does a variable render itself?")
  }

  private static func extreme(_ arguments: Arguments, _ isBetter: (Int) -> Bool) throws -> Value {
    let given = arguments.values.compactMap { $0 }
    let values = given.count == 1 ? given[0].list ?? given : given
    guard var best = values.first else { throw Problem("needs at least one value") }
    for value in values.dropFirst() where isBetter(try Operators.compare(value, best)) { best = value }
    return best
  }

  private static func uuid() -> String {
    var bytes = (0..<16).map { _ in UInt8.random(in: 0...255) }
    bytes[6] = bytes[6] & 0x0F | 0x40
    bytes[8] = bytes[8] & 0x3F | 0x80
    let digits = Array(HexText.encoded(bytes))
    return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(digits[$0]) }.joined(separator: "-")
  }

  private static func shortID() -> String {
    let letters = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
    return String((0..<22).map { _ in letters[Int.random(in: 0..<letters.count)] })
  }

  /// `outputs.task` of a task within loops is keyed by each loop's value, the outermost first.
  @Sendable private static func currentEachOutput(_ arguments: Arguments, _ evaluator: Evaluator) throws -> Value {
    let variables = evaluator.scope.variables
    let parents = variables["parents"]?.list ?? []
    var values = parents.reversed().compactMap { $0.map?["taskrun"]?.map?["value"] }
    if let own = variables["taskrun"]?.map?["value"] { values.append(own) }
    return try values.reduce(try arguments.value(0)) { outputs, value in
      guard let next = try outputs.entries()[value.text] else {
        throw Problem("no output of the present turn", isUndefined: true)
      }
      return next
    }
  }
}

extension FunctionOperation {
  init(_ name: String, _ summary: String, _ body: @escaping Body) { self.init(name, "", summary, body) }
}
