internal import Records
internal import SQL

/// What a placeholder of a statement takes, so that the server neither rounds, cuts nor reinterprets it.
struct ParameterTaker {
  /// Nil: the value in its own type.
  let target: LoadTarget?
  /// The server stores what it makes of the value in an expression.
  let isStoredByExpression: Bool

  init(_ parameter: StatementParameter) {
    isStoredByExpression = parameter.role.isPart && parameter.column != nil
    switch parameter.role {
    case .stored, .term: target = parameter.column?.target
    case .compared: target = parameter.column.map { ParameterTaker.exact($0.target.compared, parameter.source) }
    case .cast(let type):
      let cast = ParameterTaker.castTarget(type)
      let isSame = parameter.column.map { $0.target.compared.type == cast.compared.type } ?? false
      target = isSame ? parameter.column?.target : ParameterTaker.exact(cast.compared, parameter.source)
    case .part, .rounded: target = ParameterTaker.natural(parameter)
    }
  }

  /// A decimal that the server can hold goes as it is.
  private static func exact(_ target: LoadTarget, _ source: DataType?) -> LoadTarget {
    guard target.type == .numeric, let source, case .decimal = source, isExact(source) else { return target }
    return LoadTarget(source, nativeType: target.nativeType)
  }

  private static func isExact(_ type: DataType) -> Bool {
    if case .decimal(let precision, let scale) = type {
      return precision <= DatabaseType.digits && scale <= DatabaseType.fraction
    }
    return true
  }

  private static func natural(_ parameter: StatementParameter) -> LoadTarget? {
    guard let source = parameter.source else { return nil }
    guard source.isMoment, let column = parameter.column?.target, case .timestamp(_, let zoned) = column.type else {
      return DatabaseType.natural(source)
    }
    // The same rule for wall clocks as in every other load, and nothing finer than the column keeps.
    var target = DatabaseType.moment(column.nativeType, zoned: zoned)
    if parameter.role == .part { target.step = column.step }
    return target
  }

  /// `CAST(? AS type)`: the names of types there are others than those of columns.
  private static func castTarget(_ type: String) -> LoadTarget {
    let words = type.lowercased().split { $0 == " " || $0 == "(" }
    switch words.first ?? "" {
    case "signed": return LoadTarget(.int64, nativeType: type)
    case "unsigned": return LoadTarget(.uint64, nativeType: type)
    case "binary": return LoadTarget(.bytes, nativeType: type)
    case let name where name.hasPrefix("int"): return LoadTarget(.int64, nativeType: type)
    default: return DatabaseType(type).target(isBinary: false)
    }
  }
}

extension DataType {
  fileprivate var isMoment: Bool {
    switch self {
    case .timestamp, .offsetTimestamp: true
    default: false
    }
  }
}
