/// What the outside world gives to expressions. Errors it throws pass through rendering unchanged.
public protocol ExpressionHost: Sendable {
  /// The secret of this name; throws when there is none. What expressions make of it stays marked.
  func secret(_ name: String) throws -> String
  /// The whole text of a file in internal storage or beside the flow.
  /// - Parameter check: to be called while it waits for bytes; what it throws ends the reading.
  func read(_ uri: String, check: @escaping @Sendable () throws -> Void) throws -> String
  /// The storage URI of a file beside the flow.
  func fileURI(_ path: String) throws -> String
  /// The size of a file, bytes.
  func fileSize(_ uri: String) throws -> Int64
  /// The value of a key of the flow's key-value store, nil when it has none.
  func kv(_ key: String) throws -> Value?
  /// The same of another namespace.
  func kv(_ key: String, namespace: String) throws -> Value?
  func parseYAML(_ text: String) throws -> Value
  /// Microseconds since 1970-01-01 UTC.
  func now() -> Int64
}

extension ExpressionHost {
  public func kv(_ key: String, namespace: String) throws -> Value? {
    throw Problem("the store of another namespace cannot be read")
  }
}

/// The variables that an expression sees, by name, and the world around it.
public struct Scope: Sendable {
  public var variables: ValueMap
  public let host: any ExpressionHost
  /// The zone of dates where the expression names none: an IANA name or an offset.
  public let timeZone: String
  /// Called now and then while an expression is evaluated: what it throws ends the evaluation and passes through it
  /// unchanged.
  public var check: @Sendable () throws -> Void

  public init(
    variables: ValueMap, host: any ExpressionHost, timeZone: String = "UTC",
    check: @escaping @Sendable () throws -> Void = {}
  ) {
    self.variables = variables
    self.host = host
    self.timeZone = timeZone
    self.check = check
  }
}
