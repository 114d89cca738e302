internal import CJQ

/// How much a template may ask for: each is far above honest use and far below what would harm the process.
enum ExpressionLimits {
  /// Levels of nested brackets, blocks and operators: the parser and the evaluator recurse once per level.
  static let nesting = 200
  /// `render()` within `render()`.
  static let renderings = 20
  /// Elements that a range makes, characters that an indent or a width adds.
  static let elements: Int64 = 1_000_000
  /// Bytes of one text: as much as `read()` takes of a file, and more than a server takes as one statement.
  static let text = 64 << 20
  /// Elements of one list that an expression makes: more belong in a record file.
  static let list = 10_000_000
  /// Values within a value that a template sets, counted as often as they would be written.
  static let values = 10_000_000
  /// Lists and maps within each other: what goes over a value recurses once per level.
  static let depth = 500
  /// Bytes by which an evaluation may let the process grow: what the other limits allow adds up.
  static let memory = 1 << 30
  /// Steps back that a regular expression may take from one place of the text: about a second.
  static let backtracks: UInt32 = 10_000_000
  /// KiB that a regular expression may remember places in for going back to.
  static let backtrackKiB: UInt32 = 256 << 10
}

/// Sees to it that an evaluation ends: it asks now and then whether to go on, and looks at what was made meanwhile.
final class Meter {
  /// Steps between two looks: some tenths of a millisecond.
  private static let interval = 1_000
  /// Steps between two looks at the memory, which take longer.
  private static let memoryInterval = 200_000
  /// Bytes of text that count as a step.
  private static let bytesPerStep = 64

  private let check: @Sendable () throws -> Void
  private var left = Meter.interval
  private var leftToMemory = Meter.memoryInterval
  private lazy var atFirst = Meter.heap
  /// What constant paths of the scope hold: it never changes during an evaluation.
  var measures: [ObjectIdentifier: Measure] = [:]

  /// - Parameter check: throws when the evaluation has to stop.
  init(_ check: @escaping @Sendable () throws -> Void) { self.check = check }

  /// Counts work done, and throws when it was too much or is not wanted any more.
  func step(_ count: Int = 1) throws {
    left -= count
    if left < 0 { try look() }
  }

  /// Whether the next step looks.
  var isDue: Bool { left <= 0 }

  private func look() throws {
    leftToMemory -= Meter.interval - left
    left = Meter.interval
    try check()
    if leftToMemory < 0 { try lookAtMemory() }
  }

  /// Looks at once, for those that wait meanwhile.
  func lookNow() throws {
    try check()
    try lookAtMemory()
  }

  private func lookAtMemory() throws {
    leftToMemory = Meter.memoryInterval
    guard Meter.heap - atFirst <= ExpressionLimits.memory else {
      throw Problem(
        "it takes more than \(ExpressionLimits.memory >> 30) GiB of memory", hint: "Move rows by tasks instead")
    }
  }

  /// Bytes that the process has taken from the heap and not given back.
  private static var heap: Int {
    let info = mallinfo2()
    return Int(info.uordblks + info.hblkhd)
  }

  func fits(bytes: Int) throws {
    guard bytes <= ExpressionLimits.text else {
      throw Problem("the text is longer than \(ExpressionLimits.text >> 20) MiB", hint: "Move rows by tasks instead")
    }
  }

  /// Counts a text that was made, or is about to be.
  func text(bytes: Int) throws {
    try fits(bytes: bytes)
    try step(1 + bytes / Meter.bytesPerStep)
  }

  /// Counts a list that was made, or is about to be.
  func list(count: Int) throws {
    guard count <= ExpressionLimits.list else {
      throw Problem("the list has more than \(ExpressionLimits.list) elements", hint: "Move rows by tasks instead")
    }
    try step(1 + count)
  }

  /// Counts what a filter, a function or an operator gave.
  func made(_ value: Value) throws -> Value {
    switch value {
    case .string(let text): try self.text(bytes: text.utf8.count)
    case .list(let elements): try list(count: elements.count)
    case .secret(let secret): _ = try made(secret.value)
    default: try step()
    }
    return value
  }
}

/// A text that grows piece by piece, but not beyond the limit.
struct MeteredText {
  private(set) var text = ""
  private var marks = Marks.none
  private let meter: Meter

  var marked: MarkedText { MarkedText(text, marks) }

  init(_ meter: Meter) { self.meter = meter }

  mutating func append(_ piece: some StringProtocol) throws {
    let count = piece.utf8.count
    try meter.fits(bytes: text.utf8.count + count)
    try meter.step(1 + count / 64)
    text.append(contentsOf: piece)
  }
  mutating func append(_ piece: MarkedText) throws {
    let start = text.utf8.count
    try append(piece.text)
    if piece.isSecret { marks.add(piece.marks, at: start) }
  }

  mutating func append(_ piece: String, secret: Bool) throws {
    let start = text.utf8.count
    try append(piece)
    if secret { marks.add(start..<text.utf8.count) }
  }
}
