/// The parts of a pattern of Java's `DateTimeFormatter`, such as `yyyy-MM-dd'T'HH:mm[:ss][XXX]`. Who reads or writes by
/// one decides what each letter means to it.
public indirect enum DatePatternPart: Hashable, Sendable {
  /// Text that stands for itself, without its quotes.
  case literal(String)
  /// A letter, and how often it stands there.
  case field(UInt8, Int)
  /// What stands in brackets.
  case optional([DatePatternPart])

  /// What is wrong with a pattern as such.
  public struct Problem: Error, Sendable {
    /// A sentence without a subject: `a quote is not closed`.
    public let reason: String
  }

  /// Takes a pattern apart.
  /// - Parameter hasOptionals: brackets hold what may be absent; else they stand for themselves.
  public static func parse(_ pattern: String, hasOptionals: Bool) throws(Problem) -> [DatePatternPart] {
    var rest = Substring(pattern)
    return try parse(&rest, hasOptionals, isInner: false)
  }

  private static func parse(
    _ rest: inout Substring, _ hasOptionals: Bool, isInner: Bool
  ) throws(Problem) -> [DatePatternPart] {
    var parts: [DatePatternPart] = []
    while let character = rest.popFirst() {
      switch character {
      case "[" where hasOptionals: parts.append(.optional(try parse(&rest, hasOptionals, isInner: true)))
      case "]" where hasOptionals:
        guard isInner else { throw Problem(reason: "a ']' closes nothing") }
        return parts
      case "'": parts.append(.literal(try quoted(&rest)))
      default:
        guard let letter = character.asciiValue, (letter | 0x20) &- 0x61 < 26 else {
          parts.append(.literal(String(character)))
          continue
        }
        let more = rest.prefix { $0 == character }.count
        rest = rest.dropFirst(more)
        parts.append(.field(letter, more + 1))
      }
    }
    if isInner { throw Problem(reason: "a '[' is not closed") }
    return parts
  }

  /// The text behind a quote; two quotes are one.
  private static func quoted(_ rest: inout Substring) throws(Problem) -> String {
    var text = ""
    while let character = rest.popFirst() {
      guard character == "'" else {
        text.append(character)
        continue
      }
      if rest.first != "'" { return text.isEmpty ? "'" : text }
      text.append("'")
      rest = rest.dropFirst()
    }
    throw Problem(reason: "a quote is not closed")
  }
}
