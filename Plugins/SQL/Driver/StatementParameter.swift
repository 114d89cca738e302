public import Records

/// What is known of a statement's placeholder, from which the driver chooses the type that it takes.
public struct StatementParameter: Sendable {
  public enum Role: Sendable, Hashable {
    /// Its value is what the column stores.
    case stored
    /// The column is compared with it: what the column cannot hold must not become something that it can.
    case compared
    /// A term of a sum, or one of several values to choose from, that the column stores: it takes what the column
    /// takes.
    case term
    /// The statement casts it to this type itself. The column stores the result as it is.
    case cast(String)
    /// In an expression of a type that nobody tells; where there is a column, it stores what the expression comes to.
    case part
    /// The same, where the statement itself rounds or casts what the expression comes to.
    case rounded

    package var isPart: Bool { self == .part || self == .rounded }
  }

  public var role: Role
  public var column: ColumnInfo?
  /// Whose column it is, as the server resolved the name.
  public var table: TableName?
  /// The type of the values to come; nil when all are NULL.
  public var source: DataType?

  public init(_ role: Role, column: ColumnInfo? = nil, of table: TableName? = nil, source: DataType? = nil) {
    self.role = role
    self.column = column
    self.table = table
    self.source = source
  }
}

extension StatementParameter {
  /// Refuses what a server would round without a word: an expression with a value that may have a fraction, stored as
  /// it is by a column that keeps fewer digits.
  /// - Parameter roundsDecimals: whether the server also says nothing of digits that a column for decimals has no room
  ///   for, and of the time of day that a date has none for.
  /// - Parameter roundsTimes: whether it says nothing either of digits behind the second.
  package func refuseRounding(roundsDecimals: Bool, roundsTimes: Bool = false) throws {
    guard role == .part, let column, let source else { return }
    let isLost =
      switch column.target.type {
      case let type where type.isInteger: source.hasFraction
      case .decimal: roundsDecimals && source.hasFraction
      case .date: roundsDecimals && source.isTimestamp
      case .time, .timestamp, .offsetTimestamp: roundsTimes && column.target.step > 1 && source.unit != nil
      default: false
      }
    guard isLost else { return }
    let type = column.target.nativeType
    throw Failure(
      .schema,
      """
      preparing the statement: column '\(column.name)' is \(type), and the database would round what an expression \
      with a value of type \(source.name) comes to, without an error
      """, hint: "Write CAST(… AS \(type)) around the expression, if that is what you want")
  }
}

extension DataType {
  fileprivate var hasFraction: Bool {
    if case .decimal(_, let scale) = self { return scale > 0 }
    return isFloat || self == .numeric
  }

  fileprivate var isTimestamp: Bool {
    switch self {
    case .timestamp, .offsetTimestamp: true
    default: false
    }
  }
}

extension LoadTarget {
  /// The type without the limits that only matter to a value that is stored: a text that is longer than the column, or
  /// a number with more digits, is simply equal to none of its values.
  package var compared: LoadTarget {
    var target = self
    target.length = nil
    target.step = 1
    target.digits = nil
    target.members = nil
    target.takesOnlyASCII = false
    target.hasTicks = false
    if case .decimal = type {
      target.type = .numeric
      target.takesNonFinite = true
    }
    return target
  }
}

extension DataType {
  /// Whether every value of this type is a value of the other one, or has its text there.
  package func fits(in target: DataType) -> Bool {
    switch CoercionMatrix.kind(self, target) {
    case .identical, .widening, .formatted: true
    default: false
    }
  }
}
