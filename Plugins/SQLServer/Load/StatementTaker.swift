internal import Records
internal import SQL

/// What a placeholder of a statement takes, and the type that is declared for it, so that the server neither rounds,
/// cuts nor reinterprets its values.
struct StatementTaker {
  /// Nil: the values in their own type.
  let target: LoadTarget?
  /// Nil: by the values' type.
  let type: DatabaseType?

  /// - Parameter codePage: the database's.
  init(_ parameter: StatementParameter, _ described: DatabaseType?, codePage: Int) {
    let column = parameter.column
    let stored = column?.sqlServer?.type
    switch parameter.role {
    case .stored, .term:
      target = column?.target
      type = stored
    case .compared:
      // Decimals of any two scales are compared exactly.
      let isDecimal = stored?.form == .decimal
      type = isDecimal ? nil : stored?.widest
      target = isDecimal ? StatementTaker.number : stored.map(StatementTaker.compared)
    case .cast(let text):
      let cast = StatementTaker.cast(text, stored, codePage)
      let isSame = stored.map { $0.form == cast.form && !$0.isForeign } ?? false
      type = isSame ? stored : cast.widest
      target = isSame ? column?.target : StatementTaker.compared(cast)
    case .part, .rounded:
      // Where nothing is known of the values either, the server's word is as good as any.
      type = parameter.source == nil ? described : StatementTaker.natural(parameter)
      target = StatementTaker.target(of: type, parameter.source)
    }
  }

  /// A CAST makes text of the database's code page, and a column with another one keeps what both have.
  private static func cast(_ text: String, _ stored: DatabaseType?, _ codePage: Int) -> DatabaseType {
    var cast = DatabaseType(written: text)
    guard cast.form == .narrow else { return cast }
    cast.codePage = stored?.isForeign == true ? CodePage.ascii : codePage
    return cast
  }

  private static func compared(_ type: DatabaseType) -> LoadTarget {
    let wide = type.widest
    var target = wide.target
    // Nothing is cut of what is only compared.
    if wide.form == .narrow { target.length = nil }
    return target
  }

  private static func natural(_ parameter: StatementParameter) -> DatabaseType? {
    guard let source = parameter.source else { return nil }
    let column = parameter.column?.sqlServer?.type
    if source.isTextual, parameter.role == .part, let column, column.form == .narrow { return kept(in: column) }
    // The same rule for wall clocks as in every other load.
    if case .timestamp = source, let column {
      switch column.form {
      case .datetimeoffset: return DatabaseType("datetimeoffset", scale: 7)
      case .datetime2, .datetime, .smalldatetime, .date: return DatabaseType("datetime2", scale: 7)
      default: break
      }
    }
    return DatabaseType.natural(source)
  }

  /// A text in an expression whose outcome goes into a varchar: the server makes question marks of what that lacks.
  private static func kept(in column: DatabaseType) -> DatabaseType {
    if column.codePage == CodePage.utf8 { return DatabaseType("nvarchar") }
    var type = DatabaseType("varchar", codePage: column.codePage)
    type.isForeign = true
    return type
  }

  private static func target(of type: DatabaseType?, _ source: DataType?) -> LoadTarget? {
    guard let type, let source else { return nil }
    switch source {
    case .float32, .float64, .date, .time, .timestamp, .offsetTimestamp: return type.target
    // A wider one than the server has is counted digit by digit.
    case .decimal(let precision, _) where precision > 38: return number
    case .numeric: return number
    case .interval, .list: return LoadTarget(.text, nativeType: "nvarchar(max)")
    default: return nil
    }
  }

  private static var number: LoadTarget {
    var target = LoadTarget(.numeric, nativeType: "decimal(38)")
    target.digits = DigitLimit(total: 38, fraction: 38)
    return target
  }
}
