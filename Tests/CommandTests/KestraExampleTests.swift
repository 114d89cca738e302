import FerryTesting
import Foundation
import SQL
import Testing

/// Kestra's flow of 23 parameters from MySQL into SQL Server, as it was printed.
@Suite struct KestraExampleTests {
  private static func url(_ names: String..., form: JDBCURL.Form) throws -> (JDBCURL, JDBCURL.Host) {
    let environment = ProcessInfo.processInfo.environment
    let text = try #require(names.compactMap { environment[$0] }.first, "needs \(names[0])")
    let url = try JDBCURL(text, form)
    return (url, try #require(url.hosts.first))
  }

  /// Both tables, and 25,000 rows of the first.
  private static let columns = [
    ("id", "BIGINT", "bigint"), ("active", "BOOLEAN", "bit"), ("age", "TINYINT UNSIGNED", "tinyint"),
    ("rank_", "SMALLINT", "smallint"), ("score", "INT", "int"), ("visits", "INT UNSIGNED", "bigint"),
    ("credit", "DECIMAL(12,2)", "decimal(12,2)"), ("debt", "DECIMAL(38,10)", "decimal(38,10)"),
    ("ratio", "DOUBLE", "float"), ("code", "CHAR(4)", "nchar(4)"), ("login", "VARCHAR(40)", "nvarchar(40)"),
    ("first", "VARCHAR(60)", "nvarchar(60)"), ("last", "VARCHAR(60)", "nvarchar(60)"),
    ("street", "VARCHAR(100)", "varchar(100)"), ("city", "VARCHAR(100)", "nvarchar(100)"),
    ("country", "CHAR(2)", "char(2)"), ("notes", "TEXT", "nvarchar(max)"), ("photo", "BLOB", "varbinary(max)"),
    ("hash", "BINARY(4)", "binary(4)"), ("born", "DATE", "date"), ("wakes", "TIME", "time(0)"),
    ("created", "DATETIME(6)", "datetime2(6)"), ("updated", "DATETIME(3)", "datetime2(3)"),
  ]

  private static let script = """
    import datetime, decimal, json, pymysql, pytds, sys
    decimal.getcontext().prec = 60
    a = json.loads(sys.argv[1])
    my = pymysql.connect(host=a['mysql']['host'], port=a['mysql']['port'], user=a['mysql']['user'],
                         password=a['mysql']['password'], database='ferry', charset='utf8mb4', autocommit=True)
    ms = pytds.connect(dsn=a['sqlserver']['host'], port=a['sqlserver']['port'], user=a['sqlserver']['user'],
                       password=a['sqlserver']['password'], database='ferry', autocommit=True)
    def run(db, sql, rows=None):
        with db.cursor() as cursor:
            cursor.executemany(sql, rows) if rows else cursor.execute(sql)
            return cursor.fetchall() if sql.startswith('SELECT') else None
    def row(i):
        d = datetime.datetime(1970, 1, 1) + datetime.timedelta(hours=i * 11, microseconds=i * 37)
        values = [i, i % 2, i % 256, i % 65536 - 32768, -i, 4294967295 - i, decimal.Decimal(i) / 100 - 100,
            decimal.Decimal('-9999999999999999999999999999.9999999999') + i, i / 7, '%04d' % (i % 10000),
            f'user{i}@example.org', 'Zoë', "O'Hara 漢😀", 'Straße €' + str(i), 'Łódź', 'PL', 'n' * (i % 300),
            bytes([i % 256, 0, 255]), bytes([0, 1, 2, i % 256]), d.date(), datetime.timedelta(seconds=i % 86400), d,
            d.replace(microsecond=d.microsecond // 1000 * 1000)]
        return [None if i % 23 == n and n > 0 else v for n, v in enumerate(values)]
    def show(v):
        if isinstance(v, bool): v = int(v)
        if isinstance(v, decimal.Decimal): v = v.normalize()
        if isinstance(v, datetime.timedelta): v = (datetime.datetime.min + v).time()
        return v
    if a['do'] == 'create':
        for db in (my, ms): run(db, 'DROP TABLE IF EXISTS users')
        run(my, 'CREATE TABLE users (%s)' % ', '.join(f'`{n}` {t}' for n, t, _ in a['columns']))
        run(ms, 'CREATE TABLE users (%s)' % ', '.join(f'[{n}] {t}' for n, _, t in a['columns']))
        run(my, 'INSERT INTO users VALUES (%s)' % ', '.join(['%s'] * 23), [row(i) for i in range(25000)])
        print('[]')
    else:
        left = run(my, 'SELECT * FROM users ORDER BY id')
        right = run(ms, 'SELECT * FROM users ORDER BY id')
        wrong = [(str(x), str(y)) for x, y in zip(left, right) if [show(v) for v in x] != [show(v) for v in y]]
        print(json.dumps([len(left), len(right), len(wrong), *wrong[:1]]))
        for db in (my, ms): run(db, 'DROP TABLE users')
    """

  private struct Login {
    var url: JDBCURL
    var host: JDBCURL.Host

    var map: [String: Any] {
      ["host": host.name, "port": host.port ?? 0, "user": url.user ?? url["user"] ?? "", "password": password]
    }
    var password: String { url.password ?? url["password"] ?? "" }
  }

  private func python(_ what: String, _ mysql: Login, _ sqlServer: Login) throws -> String {
    let columns = KestraExampleTests.columns.map { [$0.0, $0.1, $0.2] }
    let arguments: [String: Any] = [
      "do": what, "columns": columns, "mysql": mysql.map, "sqlserver": sqlServer.map,
    ]
    let text = String(decoding: try JSONSerialization.data(withJSONObject: arguments), as: UTF8.self)
    let output = try FerryTesting.Python.output(of: KestraExampleTests.script, [text])
    return output.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  @Test func `the flow of 23 parameters runs as printed`() async throws {
    let (mysqlURL, mysqlHost) = try KestraExampleTests.url(
      "FERRY_TEST_MYSQL_URL", "FERRY_TEST_MARIADB_URL", form: .servers)
    let (serverURL, serverHost) = try KestraExampleTests.url("FERRY_TEST_SQLSERVER_URL", form: .properties)
    let (mysql, server) = (Login(url: mysqlURL, host: mysqlHost), Login(url: serverURL, host: serverHost))
    _ = try python("create", mysql, server)
    let ferry = try Ferry(environment: [
      "FERRY_SECRET_MYSQL_PASSWORD": mysql.password, "FERRY_SECRET_SQLSERVER_PASSWORD": server.password,
    ])
    var flow = try String(
      contentsOf: Ferry.root.appending(path: "examples/kestra/mysql-to-sqlserver.yaml"), encoding: .utf8)
    for (printed, own) in [
      ("shop.example.org:3306/shop", "\(mysqlHost.name):\(mysqlHost.port ?? 0)/ferry"),
      ("warehouse.example.org:1433", "\(serverHost.name):\(serverHost.port ?? 0)"),
      ("mysql_user", mysqlURL.user ?? ""), ("username: sa", "username: \(serverURL["user"] ?? "")"),
    ] {
      #expect(flow.contains(printed))
      flow = flow.replacingOccurrences(of: printed, with: own)
    }
    let result = try await ferry.flow(flow)
    #expect(result.status == 0, "\(result.output)\(result.error)")
    let outputs = try result.tasks()["load"]?["outputs"] as? [String: Any]
    #expect(outputs?["rowCount"] as? Int == 25_000 && outputs?["updatedCount"] as? Int == 25_000)
    #expect(try python("compare", mysql, server) == "[25000, 25000, 0]")
  }
}
