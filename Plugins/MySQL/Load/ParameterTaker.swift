internal import Records
internal import SQL

/// What a placeholder of a statement takes, so that the server neither rounds, cuts nor reinterprets it.
struct ParameterTaker {
  /// Nil: the value in its own type.
  let target: LoadTarget?
  let limits: ColumnLimits
  /// The server stores what it makes of the value in an expression.
  let isStoredByExpression: Bool

  init(_ parameter: StatementParameter) {
    let column = parameter.column.map { DatabaseType($0.target.nativeType) }
    isStoredByExpression = parameter.role.isPart && parameter.column != nil
    switch parameter.role {
    case .stored, .term:
      target = parameter.column?.target
      limits = column?.limits ?? .none
    case .compared:
      target = parameter.column.map { ParameterTaker.exact($0.target.compared, parameter.source) }
      limits = column?.limits.compared ?? .none
    case .cast(let type):
      let cast = ParameterTaker.castTarget(type)
      let isSame = parameter.column.map { $0.target.compared.type == cast.compared.type } ?? false
      target = isSame ? parameter.column?.target : ParameterTaker.exact(cast.compared, parameter.source)
      limits = isSame ? column?.limits ?? .none : .none
    case .part, .rounded:
      (target, limits) = ParameterTaker.natural(parameter, column)
    }
  }

  /// A decimal that the server can hold goes as it is.
  private static func exact(_ target: LoadTarget, _ source: DataType?) -> LoadTarget {
    guard target.type == .numeric, let source, case .decimal = source, isExact(source) else { return target }
    return LoadTarget(source, nativeType: target.nativeType)
  }

  /// DECIMAL(65,30), the most that both servers have.
  private static func isExact(_ type: DataType) -> Bool {
    if case .decimal(let precision, let scale) = type { return precision <= 65 && scale <= 30 }
    return true
  }

  private static func natural(_ parameter: StatementParameter, _ column: DatabaseType?) -> (LoadTarget?, ColumnLimits) {
    switch (parameter.source, parameter.column?.target.type) {
    case (.timestamp?, .timestamp(_, let zoned)?), (.offsetTimestamp?, .timestamp(_, let zoned)?):
      // The same rule for wall clocks as in every other load, and nothing finer than the column keeps.
      let target = LoadTarget(.timestamp(.microseconds, zoned: zoned), nativeType: column?.text)
      let fraction = parameter.role == .part ? column?.limits.fraction : nil
      return (target, ColumnLimits(fraction: fraction ?? 6))
    case (.time?, _), (.offsetTimestamp?, _): return (LoadTarget(.text, nativeType: "an expression"), .none)
    case (let source?, _) where !isExact(source): return (LoadTarget(.numeric, nativeType: "decimal"), .none)
    default: return (nil, .none)
    }
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

extension ColumnLimits {
  /// A year of two digits is one of four also in comparisons; everything else is compared as it is.
  fileprivate var compared: ColumnLimits {
    var limits = ColumnLimits.none
    limits.isYear = isYear
    return limits
  }
}
