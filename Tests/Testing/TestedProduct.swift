public import Records

/// What a database product is, whoever speaks to it: how its columns are declared, and a client that has nothing to do
/// with Ferry.
public enum TestedProduct: Sendable {
  case postgresql, mariaDB, mysql, sqlServer, sqlite

  /// What a column of the type is declared as; nil where the product has nothing for it.
  public func columnType(_ type: DataType) -> String? {
    switch self {
    case .postgresql: TestedProduct.postgreSQLType(type)
    case .mariaDB: TestedProduct.mySQLType(type)
    case .mysql: type == .uuid ? "CHAR(36)" : TestedProduct.mySQLType(type)
    case .sqlServer: TestedProduct.sqlServerType(type)
    case .sqlite: TestedProduct.sqliteType(type)
    }
  }

  private static func postgreSQLType(_ type: DataType) -> String? {
    switch type {
    case .bool: "boolean"
    case .int16: "smallint"
    case .int32: "integer"
    case .int64: "bigint"
    case .float32: "real"
    case .float64: "double precision"
    case .decimal(let precision, let scale): "numeric(\(precision),\(scale))"
    case .numeric: "numeric"
    case .text: "text"
    case .bytes: "bytea"
    case .date: "date"
    case .time: "time"
    case .timestamp(_, let zoned): zoned ? "timestamptz" : "timestamp"
    case .interval: "interval"
    case .uuid: "uuid"
    case .json: "json"
    case .list(let element): postgreSQLType(element).map { $0 + "[]" }
    default: nil
    }
  }

  private static func mySQLType(_ type: DataType) -> String? {
    switch type {
    case .bool: "BOOLEAN"
    case .int16: "SMALLINT"
    case .int32: "INT"
    case .int64: "BIGINT"
    case .float32: "FLOAT"
    case .float64: "DOUBLE"
    case .decimal(let precision, let scale): "DECIMAL(\(precision), \(scale))"
    case .text: "LONGTEXT"
    case .bytes: "LONGBLOB"
    case .date: "DATE"
    case .time: "TIME(6)"
    // TIMESTAMP starts at 1970-01-01 00:00:01.
    case .timestamp: "DATETIME(6)"
    case .uuid: "UUID"
    case .json: "JSON"
    default: nil
    }
  }

  private static func sqlServerType(_ type: DataType) -> String? {
    switch type {
    case .bool: "bit"
    case .int16: "smallint"
    case .int32: "int"
    case .int64: "bigint"
    case .float32: "real"
    case .float64: "float"
    case .decimal(let precision, let scale): "decimal(\(precision), \(scale))"
    case .text, .json: "nvarchar(max)"
    case .bytes: "varbinary(max)"
    case .date: "date"
    case .time: "time(6)"
    case .timestamp(_, let zoned): zoned ? "datetimeoffset(6)" : "datetime2(6)"
    case .offsetTimestamp: "datetimeoffset(6)"
    case .uuid: "uniqueidentifier"
    default: nil
    }
  }

  private static func sqliteType(_ type: DataType) -> String? {
    switch type {
    case .bool: "BOOLEAN"
    case .int16, .int32, .int64: "BIGINT"
    case .float32, .float64: "DOUBLE"
    case .decimal(let precision, let scale): "DECIMAL(\(precision), \(scale))"
    case .text: "TEXT"
    case .bytes: "BLOB"
    case .date: "DATE"
    case .time: "TIME"
    case .timestamp(_, let zoned): zoned ? "TIMESTAMP WITH TIME ZONE" : "TIMESTAMP"
    case .offsetTimestamp: "DATETIMEOFFSET"
    case .uuid: "UUID"
    case .json: "JSON"
    default: nil
    }
  }

  /// A statement that runs for a minute or longer.
  public var slowQuery: String {
    switch self {
    case .postgresql: "SELECT pg_sleep(60)"
    case .mariaDB, .mysql: "SELECT SLEEP(100)"
    case .sqlServer: "WAITFOR DELAY '00:01:40' SELECT 1"
    case .sqlite:
      """
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000000) SELECT count(*) FROM n
      """
    }
  }

  /// What follows an INSERT into (id, v) that changes the row which is there already. SQL Server has MERGE instead, a
  /// statement of its own.
  public var onConflict: String? {
    switch self {
    case .postgresql, .sqlite: "ON CONFLICT (id) DO UPDATE SET"
    case .mariaDB, .mysql: "ON DUPLICATE KEY UPDATE"
    case .sqlServer: nil
    }
  }

  /// The most columns of a table, or fewer: InnoDB stores at most 8,126 bytes of a row in a page of 16 KiB, SQL Server
  /// 8,060.
  public var maxColumns: Int {
    switch self {
    case .postgresql, .sqlite: 1_000
    case .mariaDB, .mysql, .sqlServer: 900
    }
  }

  /// MySQL's documents, and PostgreSQL's, are compared as jsonb only.
  public func isComparable(_ columnType: String) -> Bool {
    switch self {
    case .mariaDB, .mysql: columnType != "JSON"
    default: true
    }
  }
}

// MARK: clients that are not Ferry's

extension TestedProduct {
  /// Where the client finds the database: of SQLite a file, else a server and a log-in.
  public struct Place: Sendable {
    var arguments: [String]

    public init(file: String) { arguments = [file] }

    public init(host: String, port: Int, user: String, password: String, database: String, schema: String = "") {
      arguments = [host, "\(port)", user, password, database, schema]
    }
  }

  /// Runs a statement; every value as its text.
  public func rows(_ sql: String, at place: Place) throws -> [[String?]] {
    try Python.rows(script, place.arguments + [sql])
  }

  private var script: String {
    switch self {
    case .postgresql: TestedProduct.psycopg
    case .mariaDB, .mysql: TestedProduct.pyMySQL
    case .sqlServer: TestedProduct.pythonTDS
    case .sqlite: TestedProduct.sqlite3
    }
  }

  /// The texts are the server's own: libpq's text results, as psycopg hands them through.
  private static let psycopg = """
    import json, psycopg, sys
    host, port, user, password, database, schema, sql = sys.argv[1:]
    with psycopg.connect(host=host, port=port, user=user, password=password, dbname=database, autocommit=True) as db:
        db.execute("SET TimeZone = UTC")
        if schema: db.execute(f"SET search_path = {schema}")
        result = db.pgconn.exec_(sql.encode())
        done = psycopg.pq.ExecStatus.TUPLES_OK, psycopg.pq.ExecStatus.COMMAND_OK
        assert result.status in done, result.error_message
        def text(value): return None if value is None else value.decode()
        rows = [[text(result.get_value(i, j)) for j in range(result.nfields)] for i in range(result.ntuples)]
        print(json.dumps(rows))
    """

  private static let pyMySQL = """
    import json, sys, pymysql, datetime, decimal
    host, port, user, password, database, _, sql = sys.argv[1:]
    db = pymysql.connect(host=host, port=int(port), user=user, password=password, database=database,
                         charset='utf8mb4', init_command="SET time_zone = '+00:00'")
    def show(v):
        if v is None: return None
        if isinstance(v, bytes): return v.hex()
        if isinstance(v, decimal.Decimal): return format(v, 'f')
        if isinstance(v, datetime.timedelta): return str((datetime.datetime.min + v).time())
        return repr(v) if isinstance(v, float) else str(v)
    with db.cursor() as cursor:
        cursor.execute(sql)
        print(json.dumps([[show(v) for v in row] for row in cursor.fetchall()]))
    """

  private static let pythonTDS = """
    import json, sys, pytds, decimal
    host, port, user, password, database, _, sql = sys.argv[1:]
    db = pytds.connect(dsn=host, port=int(port), user=user, password=password, database=database, autocommit=True)
    def show(v):
        if v is None: return None
        if isinstance(v, bool): return '1' if v else '0'
        if isinstance(v, bytes): return v.hex()
        if isinstance(v, decimal.Decimal): return format(v, 'f')
        return repr(v) if isinstance(v, float) else str(v)
    with db.cursor() as cursor:
        cursor.execute(sql)
        rows = cursor.fetchall() if cursor.description else []
        print(json.dumps([[show(v) for v in row] for row in rows]))
    """

  private static let sqlite3 = """
    import json, sqlite3, sys
    def show(v):
        if v is None: return None
        if isinstance(v, bytes): return v.hex()
        return repr(v) if isinstance(v, float) else str(v)
    db = sqlite3.connect(sys.argv[1], isolation_level=None)
    print(json.dumps([[show(v) for v in row] for row in db.execute(sys.argv[2]).fetchall()]))
    """
}

// MARK: what they show

extension TestedProduct {
  /// The text that the client shows for a value whose canonical text is `text`.
  public func shown(_ text: String, _ type: DataType) -> String {
    switch self {
    case .postgresql: TestedProduct.shownByPsycopg(text, type)
    case .mariaDB, .mysql: TestedProduct.shownByPyMySQL(text, type)
    case .sqlServer: TestedProduct.shownByPythonTDS(text, type)
    case .sqlite: TestedProduct.shownBySQLite3(text, type)
    }
  }

  private static func shownByPsycopg(_ text: String, _ type: DataType) -> String {
    switch type {
    case .bool: return text == "true" ? "t" : "f"
    case .bytes: return "\\x" + text
    case .float32, .float64: return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    case .time: return text.withoutZeros
    case .timestamp(_, let zoned):
      let moment = text.replacing("T", with: " ").replacing("Z", with: "").withoutZeros
      return zoned ? moment + "+00" : moment
    default: return text
    }
  }

  private static func shownByPyMySQL(_ text: String, _ type: DataType) -> String {
    switch type {
    case .bool: text == "true" ? "1" : "0"
    case .timestamp: text.replacing("T", with: " ").replacing("Z", with: "")
    // The text protocol, which PyMySQL speaks, shows six digits of a FLOAT.
    case .float32: text == "3.4028235e+38" ? "3.40282e+38" : text == "1e-45" ? "1.4013e-45" : text
    default: text
    }
  }

  private static func shownByPythonTDS(_ text: String, _ type: DataType) -> String {
    switch type {
    case .bool: text == "true" ? "1" : "0"
    case .timestamp(_, let zoned):
      zoned ? text.replacing("T", with: " ").replacing("Z", with: "+00:00") : text.replacing("T", with: " ")
    case .offsetTimestamp: text.replacing("T", with: " ")
    case .decimal: text.withoutZeros
    case .float32: Float(text).map { "\(Double($0))" } ?? text
    default: text
    }
  }

  private static func shownBySQLite3(_ text: String, _ type: DataType) -> String {
    switch type {
    case .bool: text == "true" ? "1" : "0"
    case .decimal: text.hasSuffix(".00") ? String(text.dropLast(3)) : text
    case .timestamp, .offsetTimestamp: text.replacing("T", with: " ")
    // A float keeps its value in SQLite's doubles, which show more digits.
    case .float32: Float(text).map { shownByPython(Double($0)) } ?? text
    case .float64: Double(text).map(shownByPython) ?? text
    default: text
    }
  }

  /// As Python's repr writes a float.
  private static func shownByPython(_ value: Double) -> String {
    let text = value.description
    guard let e = text.firstIndex(of: "e") else { return text }
    let mantissa = text[..<e].hasSuffix(".0") ? text[..<e].dropLast(2) : text[..<e]
    return String(mantissa) + text[e...]
  }
}

extension String {
  /// Without zeros at the end of a fraction.
  fileprivate var withoutZeros: String {
    guard contains(".") else { return self }
    var text = self[...]
    while text.last == "0" { text.removeLast() }
    return String(text.last == "." ? text.dropLast() : text)
  }
}
