internal import Records

/// What a filter, function or test is called and takes.
struct Signature: Sendable {
  let name: String
  let summary: String
  var parameters: [String] = []
  /// Other names of parameters, by their places.
  var aliases: [ExactText: Int] = [:]
  /// How many of the parameters, from the first, must be given.
  var required = 0
  /// Whether any number of further arguments may follow.
  var isVariadic = false

  /// The place of the parameter of this name.
  func index(of name: String) -> Int? { parameters.firstIndex(ofExactly: name) ?? aliases[name.exact] }

  /// `date(format, timeZone)`, as a user would write it.
  var form: String {
    parameters.isEmpty && !isVariadic
      ? name : "\(name)(\((parameters + (isVariadic ? ["…"] : [])).joined(separator: ", ")))"
  }
}

/// What an operation does with the marks of secrets.
enum MarkRule: Sendable {
  /// It knows nothing of them: all that it makes is secret when something of what it is given is.
  case whole
  /// It sees marked values, and its result has the marks where they belong.
  case kept
  /// What it tells is not the secret: a length, whether something holds, what lies under a name. It reads the values
  /// through what does not tell marked ones from others.
  case dropped
}

struct FilterOperation: Sendable {
  typealias Body = @Sendable (Value, Arguments, Evaluator) throws -> Value
  let signature: Signature
  let marks: MarkRule
  /// Null stays null through every other filter, as in Kestra.
  let acceptsNull: Bool
  /// An argument that is itself a program: where it is a constant text, it is checked when the template is parsed.
  let checks: (argument: Int, check: @Sendable (String) throws -> Void)?
  let body: Body

  /// `parameters` is a list of names; those before `;` are required: `"amount unit; timeZone"`.
  init(
    _ name: String, _ parameters: String = "", _ summary: String, marks: MarkRule = .whole, acceptsNull: Bool = false,
    checks: (Int, @Sendable (String) throws -> Void)? = nil, _ body: @escaping Body
  ) {
    self.marks = marks
    signature = Signature(name, parameters, summary)
    self.acceptsNull = acceptsNull
    self.checks = checks
    self.body = body
  }

  func apply(_ value: Value, _ arguments: Arguments, _ evaluator: Evaluator) throws -> Value {
    do {
      switch marks {
      case .kept: return try body(value, arguments, evaluator)
      case .dropped: return try body(value.plain, arguments, evaluator)
      case .whole:
        guard value.holdsSecret || arguments.holdSecret else { return try body(value, arguments, evaluator) }
        return try body(value.unmarked, arguments.unmarked, evaluator).asSecret
      }
    } catch { throw SecretMessages.without(value.secretTexts + arguments.secretTexts, error) }
  }
}

struct FunctionOperation: Sendable {
  typealias Body = @Sendable (Arguments, Evaluator) throws -> Value
  let signature: Signature
  let marks: MarkRule
  let body: Body

  init(
    _ name: String, _ parameters: String = "", _ summary: String, marks: MarkRule = .whole, _ body: @escaping Body
  ) {
    signature = Signature(name, parameters, summary)
    self.marks = marks
    self.body = body
  }

  func apply(_ arguments: Arguments, _ evaluator: Evaluator) throws -> Value {
    do {
      guard marks == .whole, arguments.holdSecret else { return try body(arguments, evaluator) }
      return try body(arguments.unmarked, evaluator).asSecret
    } catch { throw SecretMessages.without(arguments.secretTexts, error) }
  }
}

struct TestOperation: Sendable {
  typealias Body = @Sendable (Value, Arguments) throws -> Bool
  let signature: Signature
  let body: Body

  init(_ name: String, _ parameters: String = "", _ summary: String, _ body: @escaping Body) {
    signature = Signature(name, parameters, summary)
    self.body = body
  }
}

extension Signature {
  /// Reads `"required names; optional names…"`; a final `…` means any number of arguments, `a/b` another name of
  /// `a`.
  init(_ name: String, _ parameters: String, _ summary: String) {
    let isVariadic = parameters.hasSuffix("…")
    let parts = (isVariadic ? parameters.dropLast() : parameters[...]).split(
      separator: ";", omittingEmptySubsequences: false)
    let required = parts[0].split(separator: " ").map(String.init)
    let optional = parts.count > 1 ? parts[1].split(separator: " ").map(String.init) : []
    let names = (required + optional).map { $0.split(separator: "/").map(String.init) }
    self.init(
      name: name, summary: summary, parameters: names.compactMap(\.first), required: required.count,
      isVariadic: isVariadic)
    for (index, names) in names.enumerated() { for name in names.dropFirst() { aliases[name.exact] = index } }
  }
}

/// The evaluated arguments of one call, in the order of its parameters.
struct Arguments {
  let signature: Signature
  let values: [Value?]

  subscript(index: Int) -> Value? { index < values.count ? values[index] : nil }

  var holdSecret: Bool { values.contains { $0?.holdsSecret == true } }
  var unmarked: Arguments { Arguments(signature: signature, values: values.map { $0?.unmarked }) }
  var secretTexts: [MarkedText] { values.flatMap { $0?.secretTexts ?? [] } }

  private func name(_ index: Int) -> String {
    index < signature.parameters.count ? "argument '\(signature.parameters[index])'" : "argument \(index + 1)"
  }

  /// A given argument that is not null.
  func given(_ index: Int) -> Value? { self[index].flatMap { $0.isNull ? nil : $0 } }

  func value(_ index: Int) throws -> Value {
    guard let value = self[index] else { throw Problem("\(name(index)) is missing") }
    return value
  }

  func text(_ index: Int) throws -> String {
    guard let text = try optionalText(index) else { throw Problem("\(name(index)) is null, expected a string") }
    return text
  }

  func optionalText(_ index: Int) throws -> String? {
    guard let value = given(index) else { return nil }
    switch value {
    case .list, .map: throw Problem("\(name(index)) is \(value.typePhrase), expected a string")
    default: return value.text
    }
  }

  /// A text with what is secret of it.
  func optionalMarkedText(_ index: Int) throws -> MarkedText? {
    try optionalText(index).flatMap { _ in given(index)?.markedText }
  }

  func int(_ index: Int) throws -> Int64 {
    guard let int = try optionalInt(index) else { throw Problem("\(name(index)) is null, expected an integer") }
    return int
  }

  func optionalInt(_ index: Int) throws -> Int64? {
    guard let value = given(index) else { return nil }
    guard let int = value.wholeNumber else {
      throw Problem("\(name(index)) is \(value.typePhrase), expected an integer")
    }
    return int
  }

  /// An integer that says how much of something to make.
  func size(_ index: Int, atLeast minimum: Int64 = 0) throws -> Int {
    let size = try int(index)
    guard (minimum...ExpressionLimits.elements).contains(size) else {
      throw Problem("\(name(index)) is \(size), expected \(minimum) to \(ExpressionLimits.elements)")
    }
    return Int(size)
  }

  func bool(_ index: Int, default fallback: Bool) throws -> Bool {
    guard let value = given(index) else { return fallback }
    guard let bool = value.bool else { throw Problem("\(name(index)) is \(value.typePhrase), expected a boolean") }
    return bool
  }
}

extension Value {
  /// The integer that this number is, nil for anything else.
  var wholeNumber: Int64? {
    switch self {
    case .int(let number): number
    case .double(let number): Int64(exactly: number)
    case .decimal(let digits): Int64(digits)
    case .secret(let secret): secret.value.wholeNumber
    default: nil
    }
  }

  /// The text a text filter works on: scalars as they render, lists and maps refused.
  func scalarText() throws -> String {
    switch self {
    case .list, .map: throw Problem("expected a string, found a \(typeName)")
    default: text
    }
  }

  /// The same with what is secret of it.
  func scalarMarked() throws -> MarkedText {
    switch self {
    case .list, .map: throw Problem("expected a string, found a \(typeName)")
    default: markedText
    }
  }

  func elements() throws -> [Value] {
    guard case .list(let values) = self else { throw Problem("expected a list, found a \(typeName)") }
    return values
  }

  func entries() throws -> ValueMap {
    guard case .map(let map) = self else { throw Problem("expected a map, found a \(typeName)") }
    return map
  }
}
