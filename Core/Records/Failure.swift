/// What went wrong, in the one shape that every layer throws: what was being done, to what, both sides of a mismatch,
/// what to do next.
///
/// `message` and `hint` are safe to show and to record: they hold neither a secret nor a row's value. A value that may
/// be shown only when the flow allows it goes into `sensitive`.
public struct Failure: Error, Codable, Sendable, Hashable {
  /// Decides what the engine may do about it: only `transient` and `quota` are retried, only `data` is rejected row by
  /// row.
  public enum Category: String, Codable, Sendable, Hashable, CaseIterable {
    /// A value does not fit, a constraint is violated, a file's content is malformed.
    case data
    /// A table, column, type or property does not exist or does not match.
    case schema
    /// Credentials or permissions.
    case auth
    /// A rate limit or a full disk.
    case quota
    /// A connection, a time-out, a deadlock: may pass by itself.
    case transient
    /// The user or a time-out of the flow stopped it.
    case cancelled
    /// Wrong input by the user that only shows at run time: a missing file, a bad URL.
    case configuration
    /// Ferry's own mistake.
    case bug
  }

  /// What the work that failed has left at the other side.
  public enum Outcome: String, Codable, Sendable, Hashable {
    /// Nothing: it was refused, or rolled back, or had not begun.
    case undone
    /// A part of it, or all, for good.
    case partial
    /// It is not known: the answer that tells was lost.
    case unknown
  }

  public var category: Category
  public var message: String
  /// What to do next, one sentence.
  public var hint: String?
  /// The counterpart's own code: an SQLSTATE, a vendor's error number.
  public var code: String?
  /// Row values that explain the failure; shown only where the flow says `logValues: true`.
  public var sensitive: String?
  /// Where in the text that was sent the counterpart found the fault: a Unicode scalar, from 0. Whoever knows the
  /// user's text turns it into a line and a column.
  public var position: Int?
  /// Whether the layer that failed knows that nothing has been done yet or that doing it again is harmless.
  public var retryIsSafe: Bool
  /// What is left of the work. The layer that knows sets it; nobody repeats what may have happened.
  public var outcome: Outcome {
    // Who finds that something is left speaks of more than what the layer below could do again.
    didSet { if outcome != .undone { retryIsSafe = false } }
  }
  /// How long the counterpart wants to be left alone: the next attempt comes no sooner.
  public var retryAfter: Duration?

  /// Values of rows stay where they were.
  private enum CodingKeys: String, CodingKey {
    case category, message, hint, code, position, retryIsSafe, outcome, retryAfter
  }

  public init(
    _ category: Category, _ message: String, hint: String? = nil, code: String? = nil, sensitive: String? = nil,
    retryIsSafe: Bool = false, outcome: Outcome = .undone, retryAfter: Duration? = nil
  ) {
    self.category = category
    self.message = message
    self.hint = hint
    self.code = code
    self.sensitive = sensitive
    self.retryIsSafe = retryIsSafe
    self.outcome = outcome
    self.retryAfter = retryAfter
  }

  /// The same failure by one who knows that nothing is left of the work.
  public var undone: Failure {
    var copy = self
    copy.outcome = .undone
    return copy
  }

  /// The same failure with what was being done in front: `loading table 'orders': …`.
  public func whileDoing(_ what: String) -> Failure {
    var copy = self
    copy.message = "\(what): \(message)"
    return copy
  }
}

extension Failure: CustomStringConvertible {
  public var description: String {
    message + (code.map { " [\($0)]" } ?? "") + (hint.map { ". \($0)" } ?? "")
  }
}
