import Testing

@testable import SQL

/// What each placeholder of a statement is there for, written as `stored t.a`, `compared t.a`, `term t.a`,
/// `cast type > t.a`, `part > t.a`, `part`, `argument p 0`.
@Suite struct StatementShapeTests {
  private static func shown(_ column: ColumnReference) -> String {
    let tables = column.tables.map(\.description).joined(separator: "|")
    switch column.name {
    case .name(let name): return "\(tables).\(name)"
    case .position(let index): return "\(tables)#\(index)"
    }
  }

  private static func shown(_ use: PlaceholderUse) -> String {
    switch use {
    case .stored(let column): "stored \(shown(column))"
    case .compared(let column): "compared \(shown(column))"
    case .term(let column, let isSum): "\(isSum ? "sum" : "choice") \(shown(column))"
    case .cast(let type, let column): "cast \(type.text)\(column.map { " > \(shown($0))" } ?? "")"
    case .part(let column): "part\(column.map { " > \(shown($0))" } ?? "")"
    case .rounded(let column): "rounded \(shown(column))"
    case .argument(let procedure, .position(let index)): "argument \(procedure) \(index)"
    case .argument(let procedure, .name(let name)): "argument \(procedure) \(name)"
    }
  }

  private func uses(_ sql: String, _ dialect: Dialect = Dialects.postgres) -> [String] {
    StatementShape(sql, dialect).uses.map(StatementShapeTests.shown)
  }

  @Test(arguments: [
    "INSERT INTO t (a, b) VALUES (?, ?)", "insert into T(a,b) values(?,?);",
    "INSERT INTO \"t\" (\"a\", b) VALUES ( ? , ? ) -- x",
  ])
  func plain(_ sql: String) {
    let shape = StatementShape(sql, Dialects.postgres)
    #expect(shape.isPlain && shape.targets == [TableName(["t"])] && uses(sql) == ["stored t.a", "stored t.b"])
  }

  @Test(arguments: [
    "INSERT INTO t (a, b) VALUES (?, ?) ON CONFLICT DO NOTHING", "INSERT IGNORE INTO t (a, b) VALUES (?, ?)",
    "INSERT INTO t (a, b) VALUES (?, ?) RETURNING a", "REPLACE INTO t (a, b) VALUES (?, ?)",
    "INSERT OR REPLACE INTO t (a, b) VALUES (?, ?)", "INSERT INTO t AS x (a, b) VALUES (?, ?)",
    "INSERT INTO t (a, b, c) VALUES (?, ?, now())", "INSERT INTO t (a, b) VALUES ((?), ?)",
    "INSERT INTO t (a, b) SELECT ?, ?", "INSERT INTO t (a, b) (SELECT ? AS x, ? y FROM u WHERE z = 1)",
    "INSERT INTO t (a, b) VALUES (?, 1), (2, ?)", "INSERT INTO t SET a = ?, b = ?",
    "INSERT INTO t (a, b) SELECT * FROM (SELECT ? AS x, ? AS y) s WHERE NOT EXISTS (SELECT 1 FROM t WHERE a = 3)",
    "INSERT INTO t (b, a) SELECT s.y, s.x FROM (SELECT ? AS x, ? AS y) AS s",
    "WITH s AS (SELECT ? AS x, ? AS y) INSERT INTO t (a, b) SELECT x, y FROM s",
    "WITH s (x, y) AS (VALUES (?, ?)) INSERT INTO t (a, b) SELECT r.x, r.y FROM s r",
    "INSERT INTO t (a, b) OVERRIDING SYSTEM VALUE SELECT ?, NULL UNION ALL SELECT 1, ?",
    "UPDATE t SET a = ?, b = ?", "UPDATE ONLY t AS x SET a = ?, b = ? FROM u WHERE u.id = x.id",
    "UPDATE t SET (a, b) = (?, ?)", "UPDATE t SET (a, b) = (SELECT ?, ?)",
    "UPDATE t SET a = s.x, b = s.y FROM (SELECT ? AS x, ? AS y) s",
    "UPDATE t SET a = v.x, b = v.y FROM (VALUES (?, ?)) AS v(x, y)",
    "WITH gone AS (UPDATE t SET a = ?, b = ? RETURNING *) SELECT count(*) FROM gone",
    "MERGE INTO t USING u ON t.id = u.id WHEN MATCHED THEN UPDATE SET a = ? WHEN NOT MATCHED THEN INSERT (b) "
      + "VALUES (?)",
    "MERGE INTO t USING (SELECT ? AS x, ? AS y) s ON true WHEN MATCHED THEN UPDATE SET a = s.x, b = s.y",
  ])
  func stored(_ sql: String) {
    #expect(uses(sql) == ["stored t.a", "stored t.b"])
    #expect(!StatementShape(sql, Dialects.postgres).isPlain)
  }

  @Test(arguments: [
    "DELETE FROM t WHERE a = ? AND b <> ?", "DELETE FROM t WHERE (a = ? OR t.b >= ?)",
    "DELETE FROM t x WHERE x.a IN (?) AND x.b NOT IN (?, 1)", "DELETE FROM t WHERE (a, b) = (?, ?)",
    "DELETE FROM t WHERE (a, b) IN ((?, ?))", "DELETE FROM t WHERE ? = a AND NOT b <=> ?",
    "DELETE FROM t WHERE a IS NOT DISTINCT FROM ? AND b IS ?", "SELECT 1 FROM t WHERE a = ? GROUP BY c HAVING b < ?",
    "DELETE FROM t WHERE a BETWEEN ? AND 7 AND b NOT BETWEEN 3 AND ? ORDER BY c LIMIT 1",
    "DELETE FROM u USING t WHERE t.a = ? AND t.b = ? RETURNING *",
    "UPDATE t SET c = 1 WHERE a = ? AND b IN (?, 3)", "UPDATE u JOIN t ON t.a = ? SET u.c = 1 WHERE t.b = ?",
    "SELECT (SELECT 1 FROM t WHERE t.a = ? AND t.b = ?) FROM u",
    "UPDATE t SET c = CASE WHEN a = ? THEN 1 WHEN b = ? THEN 2 END",
    "INSERT INTO v (c) VALUES (1) ON CONFLICT (c) DO UPDATE SET c = 2 WHERE EXISTS "
      + "(SELECT FROM t WHERE t.a = ? AND t.b = ?)",
    "DELETE FROM t USING (SELECT ? AS x, ? AS y) s WHERE t.a = s.x AND s.y = t.b",
  ])
  func compared(_ sql: String) {
    #expect(
      uses(sql).map { $0.replacing("u|", with: "").replacing("|v", with: "") } == ["compared t.a", "compared t.b"])
  }

  @Test func upserts() {
    #expect(
      uses("INSERT INTO t (a, b) VALUES (?, ?) ON CONFLICT (a) DO UPDATE SET b = ?, c = excluded.c WHERE t.d < ?") == [
        "stored t.a", "stored t.b", "stored t.b", "compared t.d",
      ])
    #expect(
      uses("INSERT INTO t VALUES (?, ? + 1) ON DUPLICATE KEY UPDATE a = VALUES(a), b = b + ?", Dialects.mysql) == [
        "stored t#0", "sum t#1", "sum t.b",
      ])
    #expect(
      uses("INSERT INTO s.t (a) SELECT ? FROM u JOIN v ON u.x = v.x AND u.x = ? ON CONFLICT DO NOTHING") == [
        "stored s.t.a", "compared u.x",
      ])
    #expect(uses("INSERT INTO t (n) SELECT ? FROM u x WHERE x.n = ?") == ["stored t.n", "compared u.n"])
  }

  @Test func expressions() {
    #expect(
      uses("UPDATE t SET a = coalesce(?, a), b = upper(?), c = ? * 2, d = b - (? + 1), e = f(g = ?), h = -?") == [
        "choice t.a", "part > t.b", "part > t.c", "sum t.d", "compared t.g", "sum t.h",
      ])
    #expect(
      uses("UPDATE t SET a = ?::numeric(9, 2), b = cast(? as date), c = ?::int + 1, d = '?' || ?, x[1] = ?") == [
        "cast numeric(9, 2) > t.a", "cast date > t.b", "cast int", "part > t.d", "part",
      ])
    #expect(
      uses("DELETE FROM t WHERE lower(a) = ? AND b = ? + 1 AND c LIKE ? AND d->>'x' = ?")
        == Array(repeating: "part", count: 4))
    #expect(uses("SELECT ?, a = ? FROM t LIMIT ?") == ["part", "compared t.a", "part"])
    #expect(
      uses("UPDATE t SET a = cast(? * 2 as int), b = (? / 3)::numeric(9, 2), c = round(f(?), 2), d = ? / 3::int") == [
        "rounded t.a", "rounded t.b", "rounded t.c", "part > t.d",
      ])
    #expect(
      uses(
        """
        UPDATE t SET a = CONVERT(decimal(9, 2), ?), b = convert(varchar(9), ?), c = CONVERT(datetime, ?, 103),
        d = CONVERT(int, ?) + 1, e = CONVERT(int, ? + 1)
        """) == ["cast decimal(9, 2) > t.a", "cast varchar(9) > t.b", "rounded t.c", "cast int", "rounded t.e"])
    #expect(uses("SELECT f(?)") == ["part"])
    #expect(
      uses("UPDATE t SET t.limit = ? WHERE t.order = ?", Dialects.mysql) == ["stored t.limit", "compared t.order"])
    let many = repeatElement("?", count: 20_000).joined(separator: ", ")
    #expect(uses("SELECT f(\(many)) FROM t WHERE a IN (\(many))").last == "compared t.a")
    #expect(uses("INSERT INTO t SELECT u.*, ? FROM u") == ["part"])
    #expect(uses("CALL shop.p(?, 1, ? + 1, ?)") == ["argument shop.p 0", "part", "argument shop.p 3"])
    #expect(
      uses("EXEC dbo.p ?, 1, @c = ?, @d = ? + 1, ? OUTPUT", Dialects.sqlserver) == [
        "argument dbo.p 0", "argument dbo.p @c", "part", "part",
      ])
    #expect(uses("EXECUTE @status = p ?", Dialects.sqlserver) == ["argument p 0"])
    #expect(uses("EXEC ('SELECT 1', ?)", Dialects.sqlserver) == ["part"])
    #expect(uses("INSERT INTO t (a) VALUES (?") == ["part"])
    #expect(uses("INSERT") == [] && uses("UPDATE t SET") == [] && uses("DELETE FROM") == [])
  }

  @Test func tables() {
    let shape = StatementShape("INSERT INTO \"My \"\"S\".Orders VALUES (?)", Dialects.postgres)
    #expect(shape.targets == [TableName(["My \"S", "orders"])] && shape.isPlain)
    #expect(uses("UPDATE `a``b`.t x SET x.`c d` = ?", Dialects.mysql) == ["stored a`b.t.c d"])
    #expect(StatementShape("UPDATE a, b SET a.x = ?, b.y = ?", Dialects.mysql).targets.map(\.name) == ["a", "b"])
    #expect(
      uses("UPDATE a, b SET a.x = ?, b.y = ?, z = ?", Dialects.mysql) == ["stored a.x", "stored b.y", "stored a|b.z"])
    #expect(StatementShape.table("shop.\"Or ders\"", Dialects.postgres) == TableName(["shop", "Or ders"]))
  }
}
