import Expression
import Records
import Testing

@testable import SQL

/// Dialects as the databases have them.
enum Dialects {
  static var postgres: Dialect {
    var dialect = Dialect()
    dialect.placeholder = .dollar
    dialect.escapeStrings = true
    dialect.dollarQuotes = true
    dialect.nestedComments = true
    dialect.folding = .lower
    return dialect
  }

  static var sqlserver: Dialect {
    var dialect = Dialect()
    dialect.placeholder = .at
    dialect.identifierQuotes = [.brackets, .double]
    dialect.nestedComments = true
    dialect.signedNames = true
    return dialect
  }

  static var mysql: Dialect {
    var dialect = Dialect()
    dialect.identifierQuotes = [.backtick]
    dialect.doubleQuotedStrings = true
    dialect.backslashEscapes = true
    dialect.hashComments = true
    dialect.dashesNeedSpace = true
    return dialect
  }
}

@Suite struct ScannerTests {
  /// SQL Server's: numbered placeholders, and names that begin with a sign.
  @Test func atPlaceholders() throws {
    let dialect = Dialects.sqlserver
    let (sql, count, _) = SQLParameters.placeholders("INSERT INTO [a?] (x, #y) VALUES (?, '?' + ?)", dialect)
    #expect(sql == "INSERT INTO [a?] (x, #y) VALUES (@p1, '?' + @p2)" && count == 2)
    let bound = try SQLParameters.bind("SELECT :a, @b, :c, :a", ["a": .int(1), "c": .int(2)], dialect)
    #expect(bound.sql == "SELECT @p1, @b, @p2, @p1" && bound.values == [.int(1), .int(2)])
    #expect(dialect.placeholder(23) == "@p23")
    #expect(dialect.words(of: "SELECT @x, #t.a, ##u") == ["SELECT", "@X", "#T", "A", "##U"])
    #expect(StatementShape.table("#t", dialect)?.parts == ["#t"])
    #expect(dialect.quote(TableName(["dbo", "a]b"])) == "[dbo].[a]]b]")
  }

  /// What a statement does is not told by a comment, a string or a quoted name.
  @Test(arguments: [
    ("INSERT INTO t VALUES (?)", "INSERT"), ("  \n\tupdate t SET a = ?", "UPDATE"),
    ("/* nightly */ INSERT INTO t VALUES (? + 0)", "INSERT"), ("-- call it\ncall p(?)", "CALL"),
    ("# x\nCALL p(?)", "CALL"),
    ("((SELECT 1))", "SELECT"), ("'insert' x", ""), ("", ""), ("/* open", ""), ("{call p(?)}", "CALL"),
  ]) func theVerbIsFound(sql: String, verb: String) {
    #expect(Dialects.mysql.verb(of: sql) == verb)
  }

  /// As PostgreSQL and MySQL show them: one implementation.
  @Test func brokenTextIsEscapedInOneWay() {
    let bytes: [UInt8] = [0x41, 0xFF, 0x42, 0xC3, 0xA9, 0x0A, 0xE2, 0x82, 0x05]
    let escaped = TextRepair.repaired(bytes.span, .escape)
    #expect(escaped == "A\\xFFBé\n\\xE2\\x82\u{05}")
    #expect(TextRepair.repaired(bytes.span, .error) == nil)
  }

  @Test func escapesOfURLsHaveTwoDigits() throws {
    #expect(try JDBCURL("jdbc:x://h/%41%2b").database == "A+")
    for bad in ["%+5", "%5", "%", "%zz"] {
      #expect(throws: Failure.self) { try JDBCURL("jdbc:x://h/a\(bad)") }
    }
  }

  @Test(arguments: [
    ("SELECT :a", "SELECT $1"), ("SELECT :a, :b, :a", "SELECT $1, $2, $1"), ("SELECT ':a' || :a", "SELECT ':a' || $1"),
    ("SELECT x::int, :a::text", "SELECT x::int, $1::text"), ("SELECT '10:20'::time", "SELECT '10:20'::time"),
    ("SELECT \":a\" FROM t -- :a\n WHERE b = :b", "SELECT \":a\" FROM t -- :a\n WHERE b = $1"),
    ("SELECT /* :a /* :b */ :a */ :b", "SELECT /* :a /* :b */ :a */ $1"),
    ("SELECT $$ :a $$, $x$ :b $$ $x$", "SELECT $$ :a $$, $x$ :b $$ $x$"),
    ("SELECT E'it\\'s :a', :a", "SELECT E'it\\'s :a', $1"), ("SELECT 'it''s :a', :a", "SELECT 'it''s :a', $1"),
    ("SELECT a[1:2], (:a,:b)", "SELECT a[1:2], ($1,$2)"), ("VALUES(:a,:b)", "VALUES($1,$2)"),
    ("SELECT a ? 'b'", "SELECT a ? 'b'"),
  ])
  func namesBecomePlaceholders(_ sql: String, _ expected: String) throws {
    let bound = try SQLParameters.bind(sql, ["a": 1, "b": 2], Dialects.postgres)
    #expect(bound.sql == expected)
  }

  @Test func questionDialectsRepeatTheValue() throws {
    let bound = try SQLParameters.bind(
      "SELECT :a, `:b`, \":b\", 'x\\':b', :b, :a # :a\n", ["a": 1, "b": 2], Dialects.mysql)
    #expect(bound.sql == "SELECT ?, `:b`, \":b\", 'x\\':b', ?, ? # :a\n")
    #expect(bound.values == [1, 2, 1])
  }

  @Test func unknownNamesAreErrors() {
    #expect(throws: Failure.self) { try SQLParameters.bind("SELECT :idd", ["id": 1], Dialects.mysql) }
    do { _ = try SQLParameters.bind("SELECT :idd", ["id": 1], Dialects.mysql) } catch {
      #expect((error as? Failure)?.hint == "Did you mean :id?")
    }
  }

  @Test(arguments: [
    ("a IN (:l)", "a IN ($1, $2, $3)", 3), ("a in(:l, :a)", "a in($1, $2, $3, $4)", 4),
    ("a NOT IN ( /* all */ :l )", "a NOT IN ( /* all */ $1, $2, $3 )", 3), ("a = ANY(:l)", "a = ANY($1)", 1),
    ("a IN (lower(:l))", "a IN (lower($1))", 1), ("a IN (:none)", "a IN (NULL)", 0), ("a IN (:a)", "a IN ($1)", 1),
    ("x.in (:l)", "x.in ($1, $2, $3)", 3),
  ])
  func listsOfINAreItems(_ sql: String, _ expected: String, _ count: Int) throws {
    let bound = try SQLParameters.bind(sql, ["a": 1, "l": [1, 2, 3], "none": []], Dialects.postgres)
    #expect(bound.sql == expected && bound.values.count == count)
  }

  @Test func nothingIsNotInAnEmptyList() {
    do { _ = try SQLParameters.bind("a NOT IN (:l)", ["l": []], Dialects.mysql) } catch {
      #expect((error as? Failure)?.message.contains(":l") == true)
      return
    }
    Issue.record("an empty list was bound to NOT IN")
  }

  /// What the server says of the sent text is said of the user's.
  @Test func placesAreThoseOfTheUsersText() throws {
    let text = "SELECT 1;\n\n  SELECT é, :first, ':x'\n  FROM tt WHERE :second = nope AND :first = 1"
    let statement = "SELECT é, :first, ':x'\n  FROM tt WHERE :second = nope AND :first = 1"
    for dialect in [Dialects.postgres, Dialects.mysql] {
      let bound = try SQLParameters.bind(statement, ["first": 1, "second": 2], dialect)
      for (word, place) in [("é", "line 3, column 10"), ("tt", "line 4, column 8"), ("nope", "line 4, column 27")] {
        var failure = Failure(.schema, "wrong")
        let at = try #require(bound.sql.firstRange(of: word))
        failure.position = bound.sql.unicodeScalars.distance(from: bound.sql.startIndex, to: at.lowerBound)
        let message = failure.located(bound.edits, statement, in: text).message
        #expect(message.hasPrefix("wrong, \(place): ") && message.contains(word), "\(message)")
      }
    }
  }

  @Test func tokensAreTheWholeText() {
    let texts = [
      "'", "\"", "/*", "--", "$a$", ":", "?", "E'\\", "a'b\"c`d", "/* /* */", "$", "é:é", "'\\", "[", "::=:",
    ]
    for text in texts {
      for dialect in [Dialects.postgres, Dialects.mysql, Dialect()] {
        let tokens = SQLScanner.tokens(text, dialect)
        #expect(tokens.first?.range.lowerBound == 0 && tokens.last?.range.upperBound == text.utf8.count, "\(text)")
        for (a, b) in zip(tokens, tokens.dropFirst()) { #expect(a.range.upperBound == b.range.lowerBound) }
      }
    }
  }

  @Test func placeholdersOfBatches() {
    let (sql, count, _) = SQLParameters.placeholders(
      "INSERT INTO t VALUES (?, '?', ?) -- ?\n, a ?? b", Dialects.postgres)
    #expect(sql == "INSERT INTO t VALUES ($1, '?', $2) -- ?\n, a ? b")
    #expect(count == 2)
  }
}

@Suite struct SplitterTests {
  @Test(arguments: [
    ("SELECT 1", ["SELECT 1"]), ("SELECT 1; SELECT 2;", ["SELECT 1", "SELECT 2"]), (";;", []), ("-- only; this\n", []),
    ("SELECT ';' ; SELECT \";\"", ["SELECT ';'", "SELECT \";\""]),
    ("SELECT '{\"a\": \"x;y\"}'", ["SELECT '{\"a\": \"x;y\"}'"]),
    ("DO $$ BEGIN a; b; END $$; SELECT 1", ["DO $$ BEGIN a; b; END $$", "SELECT 1"]),
    ("BEGIN; SELECT 1; COMMIT", ["BEGIN", "SELECT 1", "COMMIT"]),
    (
      "CREATE TRIGGER x AFTER INSERT ON t BEGIN UPDATE t SET a = CASE WHEN 1 THEN 2 END; DELETE FROM u; END; SELECT 2",
      [
        "CREATE TRIGGER x AFTER INSERT ON t BEGIN UPDATE t SET a = CASE WHEN 1 THEN 2 END; DELETE FROM u; END",
        "SELECT 2",
      ]
    ),
    (
      "CREATE PROCEDURE p() BEGIN IF a THEN b; END IF; WHILE c DO d; END WHILE; END; CALL p()",
      ["CREATE PROCEDURE p() BEGIN IF a THEN b; END IF; WHILE c DO d; END WHILE; END", "CALL p()"]
    ),
    ("SELECT case when a then b end; SELECT 2", ["SELECT case when a then b end", "SELECT 2"]),
    ("CREATE TABLE t (a int); SELECT 1", ["CREATE TABLE t (a int)", "SELECT 1"]),
    ("BEGIN NOT ATOMIC a; b; END; SELECT 1", ["BEGIN NOT ATOMIC a; b; END", "SELECT 1"]),
    ("SELECT 1 -- a; b\n; SELECT 2 /* ; */", ["SELECT 1 -- a; b", "SELECT 2 /* ; */"]),
  ])
  func splits(_ sql: String, _ statements: [String]) {
    #expect(SQLSplitter.statements(sql, Dialects.postgres) == statements)
  }
}

@Suite struct JDBCURLTests {
  @Test func parts() throws {
    let url = try JDBCURL("jdbc:postgresql://us%40er:p%3Aw@db1:5433,[::1]:6000/my%20db?ssl=true&x=a%26b")
    #expect(url.user == "us@er" && url.password == "p:w" && url.database == "my db")
    #expect(url.hosts.map(\.name) == ["db1", "::1"] && url.hosts.map(\.port) == [5433, 6000])
    #expect(url["SSL"] == "true" && url["x"] == "a&b" && url["y"] == nil)
    #expect(throws: Failure.self) { try JDBCURL("jdbc:mysql://host:70000/x") }
    #expect(throws: Failure.self) { try JDBCURL("jdbc:mysql:x") }
  }

  @Test(arguments: [
    ("jdbc:postgresql:shop?ssl=true", "localhost", "shop"), ("jdbc:postgresql:/", "localhost", nil),
    ("jdbc:postgresql:", "localhost", nil), ("jdbc:postgresql://h/%41", "h", "A"),
  ])
  func aDatabaseOnThisMachine(_ text: String, _ host: String, _ database: String?) throws {
    let url = try JDBCURL(text, .serversOrName)
    #expect(url.hosts.map(\.name) == [host] && url.database == database)
  }

  @Test func aFile() throws {
    let url = try JDBCURL("jdbc:sqlite:/data/a:b.db?mode=ro&x", .file)
    #expect(url.database == "/data/a:b.db" && url["mode"] == "ro" && url["x"] == "" && url.hosts.isEmpty)
    #expect(try JDBCURL("jdbc:sqlite:", .file).database == nil)
    #expect(try JDBCURL("jdbc:sqlite::memory:", .file).database == ":memory:")
  }

  @Test(arguments: [
    ("jdbc:sqlserver://db", "db", nil, nil), ("jdbc:sqlserver://db:1444", "db", nil, 1_444),
    ("jdbc:sqlserver://db\\SQLEXPRESS", "db", "SQLEXPRESS", nil),
    ("jdbc:sqlserver://db\\SQLEXPRESS:1444;user=u", "db", "SQLEXPRESS", 1_444),
    ("jdbc:sqlserver://;serverName=db\\i;portNumber=1444", "db", "i", 1_444),
    ("jdbc:sqlserver://;server=::1;instanceName=i;port=1444", "::1", "i", 1_444),
    ("jdbc:sqlserver://[::1]:1444;serverName=other;portNumber=1", "::1", nil, 1_444),
  ])
  func serversOfPropertyURLs(_ text: String, _ name: String, _ instance: String?, _ port: Int?) throws {
    #expect(try JDBCURL(text, .properties).hosts == [JDBCURL.Host(name: name, port: port, instance: instance)])
  }

  @Test func propertiesOfPropertyURLs() throws {
    let url = try JDBCURL(
      "jdbc:sqlserver://db:1433;databaseName=my shop;user=sa;Password={a;b}}%41=\\};;encrypt=true; applicationName={}",
      .properties)
    #expect(url.database == "my shop" && url.user == "sa" && url.password == "a;b}%41=\\")
    #expect(url["ENCRYPT"] == "true" && url["applicationName"] == "" && url["trust"] == nil)
    #expect(Set(url.secrets) == ["a;b}%41=\\", "a;b}}%41=\\"])
    #expect(try JDBCURL("jdbc:sqlserver://", .properties).hosts.isEmpty)
  }

  @Test(arguments: [
    ("jdbc:sqlserver:db", "it has no '//'"), ("jdbc:sqlserver://db;pw={x", "a '{' has no '}'"),
    ("jdbc:sqlserver://db;pw={x}y", "a ';' is missing behind a '}'"),
    ("jdbc:sqlserver://db;hunter2", "a property has no '='"), ("jdbc:sqlserver://db:x", "the port"),
  ])
  func wrongPropertyURLsShowNothing(_ text: String, _ problem: String) {
    let failure = #expect(throws: Failure.self) { try JDBCURL(text, .properties) }
    #expect(failure?.message.contains(problem) == true && failure?.message.contains("hunter2") == false)
  }

  @Test func secretsAsTheyAreMeantAndWritten() throws {
    let url = try JDBCURL("jdbc:x://u:p%40ss@h/d?sslPassword=a%2Fb&clientSecret=c&allowPasswords=yes")
    #expect(Set(url.secrets) == ["p@ss", "p%40ss", "a/b", "a%2Fb", "c"])
  }
}
