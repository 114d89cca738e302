internal import Records
internal import SQL

/// The databases whose own rules Ferry knows, whatever driver leads to them; all others go by what their driver says.
enum Product: Hashable, Sendable {
  case postgresql, mysql, sqlite, sqlServer, ingres, other

  /// - Parameter name: as SQLGetInfo has it (SQL_DBMS_NAME), or the driver's.
  init(_ name: String) {
    let name = name.lowercased()
    let known: [(String, Product)] = [
      ("postgres", .postgresql), ("mysql", .mysql), ("mariadb", .mysql), ("sqlite", .sqlite),
      ("sql server", .sqlServer), ("tdsodbc", .sqlServer), ("msodbcsql", .sqlServer), ("freetds", .sqlServer),
      ("psqlodbc", .postgresql), ("maodbc", .mysql), ("ingres", .ingres), ("vector", .ingres), ("actian", .ingres),
    ]
    self = known.first { name.contains($0.0) }?.1 ?? .other
  }

  /// What a server's own number says more than its SQLSTATE.
  func category(of number: Int, _ state: String) -> Failure.Category? {
    switch self {
    case .mysql: Product.mysqlCategory(number)
    case .sqlServer: Product.sqlServerCategory(number)
    case .sqlite: Product.sqliteCategory(number, state)
    default: nil
    }
  }

  private static func mysqlCategory(_ number: Int) -> Failure.Category? {
    switch number {
    case 1_044, 1_045, 1_129, 1_130, 1_142, 1_143, 1_227, 1_698: .auth
    case 1_048, 1_062, 1_264, 1_265, 1_292, 1_364, 1_365, 1_366, 1_406, 1_411, 1_451, 1_452, 1_690, 4_025: .data
    case 1_317: .cancelled
    case 1_205, 1_213, 1_020, 1_927, 1_969, 2_002, 2_003, 2_006, 2_013: .transient
    case 1_037, 1_038, 1_040, 1_041, 1_114, 1_203, 1_226: .quota
    case 1_046, 1_049, 1_051, 1_054, 1_064, 1_109, 1_136, 1_146, 1_149, 1_305: .schema
    default: nil
    }
  }

  private static func sqlServerCategory(_ number: Int) -> Failure.Category? {
    switch number {
    case 18_456, 18_452, 229, 230, 262, 297, 300, 916: .auth
    case 4_060: .configuration
    case 1_205, 1_222, 3_960, 3_961: .transient
    case 1_105, 9_002, 701: .quota
    case 515, 547, 2_601, 2_627, 2_628, 8_152, 220, 232, 241, 242, 245, 295, 8_114, 8_115, 8_134, 8_169, 50_000...:
      .data
    case 102, 105, 156, 170, 195, 201, 207, 208, 2_812, 4_104, 8_144: .schema
    default: nil
    }
  }

  /// https://www.sqlite.org/rescode.html; the driver's SQLSTATE is HY000 for nearly all.
  private static func sqliteCategory(_ number: Int, _ state: String) -> Failure.Category? {
    guard state.hasPrefix("HY") else { return nil }
    return switch number {
    case 19, 18, 20, 11, 26: .data
    case 5, 6, 10: .transient
    case 13: .quota
    case 3, 8, 23: .auth
    case 9: .cancelled
    case 14: .configuration
    case 1: .schema
    default: nil
    }
  }

  /// An error leaves nothing to do in a transaction but to roll it back.
  var abortsTransactions: Bool { self == .postgresql }

  /// What a placeholder that a column stores is cast to, where the driver says nothing of its type and the server would
  /// take it for a text: without a length, which a cast cuts to.
  func cast(_ type: DatabaseType) -> String? {
    guard self == .postgresql, type.name != "unknown", !type.name.isEmpty else { return nil }
    return type.name == "char" ? "bpchar" : type.name
  }

  /// What keeps statements within a transaction even where the server has ended it: a driver goes on with the rows of
  /// an array behind the one whose deadlock took all of it back, and each of them would be committed by itself.
  var guarding: (on: String, off: String)? {
    guard self == .sqlServer else { return nil }
    return ("SET IMPLICIT_TRANSACTIONS ON", "SET IMPLICIT_TRANSACTIONS OFF")
  }

  /// A query of five texts for each column of a table: its name, its type's name, where its values come from
  /// (`identity`, `always`, `computed`), `1` for a default, and its code page where that matters.
  /// - Parameter table: its quoted name as a literal.
  func columnDetails(_ table: String) -> String? {
    switch self {
    case .postgresql:
      """
      SELECT a.attname::text, t.typname::text, CASE WHEN a.attgenerated <> '' THEN 'computed' \
      WHEN a.attidentity = 'a' THEN 'always' WHEN a.attidentity = 'd' THEN 'identity' ELSE '' END, \
      CASE WHEN a.atthasdef THEN '1' ELSE '' END, '' FROM pg_catalog.pg_attribute a \
      JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
      WHERE a.attrelid = CAST(\(table) AS regclass) AND a.attnum > 0 AND NOT a.attisdropped
      """
    case .sqlServer:
      """
      SELECT name, TYPE_NAME(system_type_id), CASE WHEN is_computed = 1 THEN 'computed' \
      WHEN is_identity = 1 THEN 'always' ELSE '' END, CASE WHEN default_object_id <> 0 THEN '1' ELSE '' END, \
      CONVERT(varchar(10), CONVERT(int, COLLATIONPROPERTY(collation_name, 'CodePage'))) FROM sys.columns \
      WHERE object_id = OBJECT_ID(N\(table))
      """
    default: nil
    }
  }

  /// How its SQL is written; nil for those that only SQLGetInfo tells of.
  var dialect: Dialect? {
    var dialect = Dialect()
    switch self {
    case .postgresql:
      dialect.escapeStrings = true
      dialect.dollarQuotes = true
      dialect.nestedComments = true
      dialect.folding = .lower
    case .mysql:
      dialect.identifierQuotes = [.backtick]
      dialect.doubleQuotedStrings = true
      dialect.backslashEscapes = true
      dialect.hashComments = true
      dialect.dashesNeedSpace = true
      dialect.definitionsCommit = true
    case .sqlite:
      dialect.identifierQuotes = [.double, .backtick, .brackets]
      dialect.skipsComputed = true
    case .sqlServer:
      dialect.identifierQuotes = [.brackets, .double]
      dialect.nestedComments = true
      dialect.signedNames = true
    case .ingres: dialect.folding = .lower
    case .other: return nil
    }
    return dialect
  }

  /// What makes a session of it as exact as Ferry's own drivers'.
  var setup: [String] {
    switch self {
    case .postgresql: ["SET TimeZone TO 'UTC'", "SET DateStyle TO 'ISO, MDY'", "SET IntervalStyle TO 'iso_8601'"]
    case .mysql:
      ["SET SESSION time_zone = '+00:00', sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES')"]
    case .sqlServer: ["SET TEXTSIZE 2147483647"]
    default: []
    }
  }

  /// Where `ferry_commits` can be made with a statement that Ferry knows. An ODBC driver has no way to a server's own
  /// books, so that it is what tells of a lost commit on all servers; a file's answers cannot be lost.
  var tokenTable: TokenTable? {
    var table = TokenTable.standard
    table.isUsual = self != .sqlite
    switch self {
    case .postgresql: table.patience = "SET lock_timeout = 2000"
    case .mysql:
      table.create += " ENGINE = InnoDB"
      table.patience = "SET SESSION innodb_lock_wait_timeout = 2"
    case .sqlite: break
    case .sqlServer:
      table.create = """
        IF OBJECT_ID(N'ferry_commits') IS NULL CREATE TABLE ferry_commits \
        (token varchar(64) NOT NULL PRIMARY KEY, committed bigint NOT NULL)
        """
      table.patience = "SET LOCK_TIMEOUT 2000"
      table.hasTop = true
    case .ingres, .other: return nil
    }
    return table
  }
}
