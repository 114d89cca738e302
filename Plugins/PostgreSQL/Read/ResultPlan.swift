internal import Records
internal import SQL

/// How the rows of one statement are had, decided from what the server says about its columns.
struct ResultPlan {
  enum Road: Hashable {
    /// `COPY (…) TO STDOUT (FORMAT binary)`
    case copy
    /// Row by row through the extended protocol, in binary.
    case rows
    /// The same with every value as text: the last resort, for a statement that cannot stand inside of another one and
    /// gives types that Ferry reads as text.
    case texts
  }

  var road: Road
  var sql: String
  var schema: Schema
  var types: [DatabaseType]
  /// Nothing is lost when the rest of the rows is not made.
  let mayStopEarly: Bool

  init(
    _ text: String, _ columns: [ServerResult.Column], _ catalog: TypeCatalog, _ connection: NativeConnection,
    hasParameters: Bool, firstRowOnly: Bool
  ) throws {
    try catalog.load(columns.map(\.type))
    let statement = StatementText(text, PostgreSQL.dialect)
    let types = columns.map { catalog.type($0.type) }
    let depths = try ResultPlan.depths(columns, types, connection)
    let moneyScale = types.contains { $0.form == .money } ? try catalog.moneyScale() : 2
    let hasOpaque = types.contains { $0.form == .opaque }
    let canWrap = statement.isSelect || statement.isChange
    let road: Road =
      statement.isSelect && !hasParameters && !firstRowOnly ? .copy : hasOpaque && !canWrap ? .texts : .rows
    self.road = road
    mayStopEarly = statement.isSelect && !firstRowOnly
    sql = statement.sql
    self.types = types
    if road == .texts {
      self.types = types.map { DatabaseType(oid: 25, name: $0.name, form: .text) }
    } else if hasOpaque || firstRowOnly && statement.isSelect {
      sql = ResultPlan.wrapped(statement, types, firstRowOnly: firstRowOnly)
    }
    let fields = columns.indices.map { index in
      let modifier = columns[index].modifier >= 0 ? columns[index].modifier : types[index].domainModifier
      let name = columns[index].name
      if road == .texts { return Field(name, .text, sourceType: types[index].name(modifier: modifier)) }
      return Field(
        name, types[index].dataType(modifier: modifier, depth: depths[index], moneyScale: moneyScale),
        sourceType: types[index].sourceType(modifier: modifier))
    }
    schema = Schema(fields)
  }

  /// The same rows with the opaque columns as the text that their type's own output function makes of them.
  private static func wrapped(_ statement: StatementText, _ types: [DatabaseType], firstRowOnly: Bool) -> String {
    let names = types.indices.map { "c\($0 + 1)" }
    let items = zip(names, types).map { name, type in
      if type.form != .opaque { return name }
      return type.output.isEmpty ? "\(name)::pg_catalog.text" : "pg_catalog.textin(\(type.output)(\(name)))"
    }
    let list = names.joined(separator: ",")
    let select = "SELECT \(items.joined(separator: ",")) FROM"
    if statement.isChange { return "WITH ferry(\(list)) AS (\(statement.sql)\n) \(select) ferry" }
    return "\(select) (\(statement.sql)\n) AS ferry(\(list))" + (firstRowOnly ? " LIMIT 1" : "")
  }

  /// How many dimensions each array column was declared with. An expression's are not known before its values: one.
  private static func depths(
    _ columns: [ServerResult.Column], _ types: [DatabaseType], _ connection: NativeConnection
  ) throws -> [Int] {
    var depths = columns.map { _ in 1 }
    var wanted: [Int] = []
    for (index, type) in types.enumerated() {
      if case .array = type.form, columns[index].table != 0 { wanted.append(index) }
    }
    guard !wanted.isEmpty else { return depths }
    let pairs = wanted.map { "(\(columns[$0].table),\(columns[$0].tableColumn))" }.joined(separator: ",")
    let rows = try connection.execute(
      "SELECT attrelid, attnum, attndims FROM pg_catalog.pg_attribute WHERE (attrelid, attnum) IN (\(pairs))",
      "asking PostgreSQL for the dimensions of arrays")
    for row in 0..<(rows?.rowCount ?? 0) {
      for index in wanted
      where rows?.text(row, 0) == "\(columns[index].table)" && rows?.text(row, 1) == "\(columns[index].tableColumn)" {
        depths[index] = max(1, rows?.text(row, 2).flatMap { Int($0) } ?? 1)
      }
    }
    return depths
  }
}
