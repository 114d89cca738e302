internal import Records
internal import SQL

/// What a placeholder of a statement takes, so that the server neither rounds, cuts nor reinterprets its values.
struct PlaceholderTarget {
  /// Nil: the values in their own type.
  let target: LoadTarget?
  /// Of the column, or of the cast.
  let type: DatabaseType?

  init(_ parameter: StatementParameter, _ product: Product) {
    let column = parameter.column
    let stored = column?.facts?.of(DatabaseType.self)
    switch parameter.role {
    case .stored, .term: (target, type) = (column?.target, stored)
    case .compared: (target, type) = (stored?.compared, stored)
    case .cast(let text):
      let cast = DatabaseType(written: text, product)
      let isSame = stored.map { $0.compared.type == cast.compared.type } ?? false
      (target, type) = isSame ? (column?.target, stored) : (cast.compared, cast)
    case .part, .rounded: (target, type) = (PlaceholderTarget.natural(parameter, stored), nil)
    }
  }

  /// The same rule for wall clocks as in every other load; all else goes in its own type.
  private static func natural(_ parameter: StatementParameter, _ stored: DatabaseType?) -> LoadTarget? {
    guard let source = parameter.source, let stored else { return nil }
    switch (source, stored.type) {
    case (.timestamp, .timestamp), (.offsetTimestamp, .timestamp):
      var target = stored.compared
      if parameter.role == .part { target.step = stored.target.step }
      return target
    default: return nil
    }
  }
}

extension DatabaseType {
  /// A type as a CAST has it: `decimal(10, 2)`, `varchar(20)`, `timestamp with time zone`.
  init(written text: String, _ product: Product) {
    let parts = text.lowercased().split(separator: "(", maxSplits: 1)
    let name = (parts.first ?? "").split(separator: " ").joined(separator: " ")
    let numbers = parts.count > 1 ? parts[1].prefix { $0 != ")" }.split(separator: ",").map(DatabaseType.number) : []
    let (size, digits) = (numbers.first ?? 0, numbers.count > 1 ? numbers[1] : 0)
    let sql = DatabaseType.numbers[name] ?? 12
    self.init(sql: sql, name: name, size: size, digits: digits, product)
  }

  private static func number(_ text: Substring) -> Int { Int(text.filter { $0 != " " }) ?? 0 }

  /// SQL_… by the names that most databases share.
  private static let numbers: [String: Int16] = [
    "bool": -7, "boolean": -7, "bit": -7, "tinyint": -6, "smallint": 5, "int2": 5, "int": 4, "integer": 4, "int4": 4,
    "signed": -5, "signed integer": -5, "bigint": -5, "int8": -5, "real": 7, "float4": 7, "float": 8, "float8": 8,
    "double": 8, "double precision": 8, "decimal": 3, "numeric": 2, "dec": 3, "money": 3, "date": 91, "time": 92,
    "timestamp": 93, "timestamptz": 93, "timestamp with time zone": 93, "timestamp without time zone": 93,
    "datetime": 93, "datetime2": 93, "smalldatetime": 93, "datetimeoffset": -155, "binary": -2, "varbinary": -3,
    "bytea": -4, "blob": -4, "uuid": -11, "uniqueidentifier": -11,
  ]
}
