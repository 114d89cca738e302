internal import Records

/// The tables and procedures that a statement names, each asked for once.
final class StatementTables {
  private let connection: any SQLConnection
  private var tables: [TableName: TableInfo?] = [:]
  private var procedures: [TableName: [ColumnInfo]?] = [:]

  init(_ connection: any SQLConnection) { self.connection = connection }

  /// Nil when there is no such table: the server will say so, or the statement itself gives the name its meaning.
  func find(_ name: TableName) throws -> TableInfo? {
    if let known = tables[name] { return known }
    var found: TableInfo?
    do { found = try connection.describe(name) } catch let failure as Failure where failure.category == .schema {}
    tables[name] = .some(found)
    return found
  }

  /// What each placeholder is there for, by the columns as the server knows them.
  func parameter(_ use: PlaceholderUse, _ source: DataType?) throws -> StatementParameter {
    switch use {
    case .stored(let column): return try parameter(.stored, column, source)
    case .compared(let column): return try parameter(.compared, column, source)
    case .term(let column, let isSum):
      let found = try parameter(.term, column, source)
      // A number is added to a date in another way than to a number.
      let isNumber = found.column.map { $0.target.type.isNumber } ?? true
      return isSum && !isNumber ? try parameter(.part, column, source) : found
    case .cast(let type, let column):
      return try parameter(.cast(type.text), type.hasLimit ? nil : column, source)
    case .part(let column): return try parameter(.part, column, source)
    case .rounded(let column): return try parameter(.rounded, column, source)
    case .argument(let procedure, let name): return try argument(name, procedure, source)
    }
  }

  private func parameter(
    _ role: StatementParameter.Role, _ reference: ColumnReference?, _ source: DataType?
  ) throws -> StatementParameter {
    for name in reference?.tables ?? [] {
      if let table = try find(name), let column = reference.flatMap({ column($0.name, of: table) }) {
        return StatementParameter(role, column: column, of: table.name, source: source)
      }
    }
    if case .cast = role { return StatementParameter(role, source: source) }
    return StatementParameter(.part, source: source)
  }

  private func column(_ name: ColumnReference.Name, of table: TableInfo) -> ColumnInfo? {
    switch name {
    case .name(let name): table.column(name, connection.dialect)
    case .position(let index):
      table.columns.lazy.filter { !self.connection.dialect.skipsComputed || $0.source != .computed }
        .dropFirst(index).first
    }
  }

  private func argument(
    _ name: ColumnReference.Name, _ procedure: TableName, _ source: DataType?
  ) throws -> StatementParameter {
    if procedures[procedure] == nil { procedures[procedure] = .some(try connection.arguments(of: procedure)) }
    let all = (procedures[procedure] ?? nil) ?? []
    let found =
      switch name {
      case .position(let index): all.indices.contains(index) ? all[index] : nil
      case .name(let name): all.first { connection.dialect.sameName($0.name, name) }
      }
    guard let found else { return StatementParameter(.part, source: source) }
    return StatementParameter(.stored, column: found, of: procedure, source: source)
  }
}

extension TableInfo {
  /// A column by its name as it is written, else as the dialect compares names.
  func column(_ name: String, _ dialect: Dialect) -> ColumnInfo? {
    columns.first { $0.name.isExactly(name) } ?? columns.first { dialect.sameName($0.name, name) }
  }
}
