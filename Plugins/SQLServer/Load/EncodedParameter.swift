internal import Expression
internal import Records
internal import SQL

/// The values of one placeholder, and the type that the statement declares for it.
struct EncodedParameter {
  let declaration: String
  let values: EncodedColumn

  /// - Parameter type: nil where the values say it themselves.
  init(_ column: Column, as type: DatabaseType?, _ name: String, firstRow: Int64) throws {
    var column = column
    var type = type ?? DatabaseType.natural(column.type)
    let isVariant = type.form == .variant
    if isVariant || type.form == .userDefined && column.type != .bytes { type = DatabaseType.natural(column.type) }
    if isVariant, type.form == .wide || type.form == .bytes {
      column = try EncodedParameter.fitted(column, &type, name, firstRow)
    }
    if EncodedParameter.needsScale(column.type, type) {
      column = try EncodedParameter.decimals(column, name, firstRow)
      type = DatabaseType.natural(column.type)
    }
    if type.form == .wide || type.form == .narrow || type.form == .parsed, !column.type.isTextual {
      column = column.texts(separator: UInt8(ascii: " "))
    }
    values = try RowEncoder(name: name, type: type, texts: .parameters, firstRow: firstRow).encode(column)
    declaration = EncodedParameter.declaration(type, longest: values.longest)
  }

  /// A sql_variant takes nothing of `max`.
  private static func fitted(
    _ column: Column, _ type: inout DatabaseType, _ name: String, _ firstRow: Int64
  ) throws -> Column {
    let isBytes = type.form == .bytes
    type.length = isBytes ? 8_000 : 4_000
    let column = isBytes || column.type.isTextual ? column : column.texts(separator: UInt8(ascii: " "))
    var target = LoadTarget(column.type, nativeType: "sql_variant")
    target.length = isBytes ? .bytes(8_000) : .utf16Units(4_000)
    return try Coercion(from: column.type, to: target, name: name).apply(column, firstRow: firstRow)
  }

  private static func needsScale(_ source: DataType, _ type: DatabaseType) -> Bool {
    switch source {
    case .numeric: type.form == .decimal || type.form == .wide
    case .decimal(let precision, _): precision > 38
    default: false
    }
  }

  /// Numbers of any size as decimal(38) with as many digits behind the point as they have.
  private static func decimals(_ column: Column, _ name: String, _ firstRow: Int64) throws -> Column {
    let texts = column.type == .numeric ? column : column.texts()
    let view = ColumnView(texts)
    var scale = 0
    for row in 0..<texts.count where !view.isNull(row) {
      let text = view.bytes(row)
      guard let point = text.firstIndex(of: UInt8(ascii: ".")) else { continue }
      var end = text.count
      while end > point + 1, text[end - 1] == UInt8(ascii: "0") { end -= 1 }
      scale = max(scale, end - point - 1)
    }
    let target = LoadTarget(.decimal(precision: 38, scale: min(scale, 38)), nativeType: "decimal(38,\(min(scale, 38)))")
    return try Coercion(from: .numeric, to: target, name: name).apply(texts, firstRow: firstRow)
  }

  /// A parameter of `max` is one that the server's planner knows less of: only where a value is as long.
  private static func declaration(_ type: DatabaseType, longest: Int) -> String {
    // A varchar would be one of the database's code page.
    if type.isForeign {
      return type.length.map { $0 <= 4_000 } ?? (longest <= 4_000) ? "nvarchar(4000)" : "nvarchar(max)"
    }
    guard type.length == nil else { return type.declaration }
    // The statement makes one of it: what is wrong with it has a row then.
    if type.form == .parsed { return "nvarchar(max)" }
    if type.form == .userDefined { return "varbinary(max)" }
    return switch type.name {
    case "nvarchar": longest <= 4_000 ? "nvarchar(4000)" : "nvarchar(max)"
    case "varchar": longest <= 8_000 ? "varchar(8000)" : "varchar(max)"
    case "varbinary": longest <= 8_000 ? "varbinary(8000)" : "varbinary(max)"
    // A parameter cannot be one of these.
    case "ntext": "nvarchar(max)"
    case "text": "varchar(max)"
    case "image": "varbinary(max)"
    default: type.declaration
    }
  }
}

/// The values of a flow as the arguments of a call.
enum ValueArguments {
  static func call(_ sql: String, _ values: [Value]) throws -> StatementCall {
    var call = StatementCall(statement: sql)
    for (index, value) in values.enumerated() {
      let parameter = try EncodedParameter(
        column(value, index + 1), as: nil, "parameter \(index + 1)", firstRow: 1)
      call.arguments.append(
        .init(
          name: "@p\(index + 1)", declaration: parameter.declaration,
          value: CellPlace(column: parameter.values, row: 0)))
    }
    return call
  }

  private static func column(_ value: Value, _ index: Int) throws -> Column {
    if case .double(let number) = value.plain, !number.isFinite {
      throw Failure(
        .data, "parameter \(index): the value is NaN or infinite, which the server cannot take", code: "22003")
    }
    return value.asColumn
  }
}
