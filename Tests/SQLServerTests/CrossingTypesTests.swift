import Engine
import FerryTesting
import Foundation
import MySQL
import PostgreSQL
import Records
import SQL
import SQLServer
import Testing

/// What one database has, another one takes: every type, between every pair of them, over both roads.
@Suite(.serialized) struct CrossingTypesTests {
  /// One of the databases: what it has, and what it keeps a type in.
  private struct Side {
    let name: String
    let connection: any SQLConnection
    /// Column types with literals.
    let values: [(type: String, literals: [String])]
    let column: (DataType) -> String
  }

  private let texts = ["''", "'it''s \\ ü'", "'äöü漢😀'"]

  private func postgresql() throws -> Side {
    let more: [(String, [String])] = [
      ("boolean", ["true", "false"]), ("smallint", ["-32768"]), ("integer", ["2147483647"]),
      ("bigint", ["-9223372036854775808"]), ("real", ["0.1", "3.4028235e38"]), ("double precision", ["5e-324", "0.1"]),
      ("numeric(38,10)", ["9999999999999999999999999999.9999999999"]), ("numeric", ["-12345.6789", "0.00001"]),
      ("text", texts), ("bytea", ["'\\x00ff'", "''"]), ("date", ["'0001-01-01'", "'9999-12-31'"]),
      ("time", ["'23:59:59.999999'"]), ("timestamp", ["'1000-01-01'", "'9999-12-31 23:59:59.999999'"]),
      ("timestamptz", ["'2004-10-19 10:23:54.25+04'"]), ("uuid", ["'123e4567-e89b-12d3-a456-426655440000'"]),
      ("json", ["'{\"a\": [1, null]}'"]), ("interval", ["'1 hour 2 seconds'"]), ("integer[]", ["'{1,NULL,3}'"]),
    ]
    return Side(name: "PostgreSQL", connection: try open(PostgreSQL.self, "POSTGRESQL"), values: more) { type in
      switch type {
      case .bool: "boolean"
      case .int8, .uint8, .int16: "smallint"
      case .uint16, .int32: "integer"
      case .uint32, .int64: "bigint"
      case .uint64: "numeric(20,0)"
      case .float32: "real"
      case .float64: "double precision"
      case .decimal(let precision, let scale): "numeric(\(precision),\(scale))"
      case .numeric: "numeric"
      case .bytes: "bytea"
      case .date: "date"
      case .time(.microseconds): "time"
      case .timestamp(.microseconds, let zoned): zoned ? "timestamptz" : "timestamp"
      case .interval: "interval"
      case .uuid: "uuid"
      case .json: "json"
      // Seven digits and offsets, which no type of it keeps.
      case .time, .timestamp, .offsetTimestamp, .text, .list: "text"
      }
    }
  }

  private func mariadb() throws -> Side {
    let more: [(String, [String])] = [
      ("tinyint", ["-128"]), ("tinyint unsigned", ["255"]), ("smallint unsigned", ["65535"]), ("int", ["-2147483648"]),
      ("int unsigned", ["4294967295"]), ("bigint", ["-9223372036854775808"]),
      ("bigint unsigned", ["18446744073709551615"]), ("float", ["0.1"]), ("double", ["0.1", "1.7976931348623157e308"]),
      ("decimal(38,10)", ["-9999999999999999999999999999.9999999999"]), ("varchar(40)", texts), ("longtext", texts),
      ("varbinary(9)", ["x'00ff'", "''"]), ("date", ["'0001-01-01'", "'9999-12-31'"]),
      ("datetime(6)", ["'0001-01-01 00:00:00.000001'", "'9999-12-31 23:59:59.999999'"]),
      ("timestamp(6) null", ["'2038-01-19 03:14:07.999999'"]), ("time(6)", ["'23:59:59.999999'"]), ("year", ["2155"]),
      ("json", ["'{\"a\": [1, null]}'"]), ("uuid", ["'123e4567-e89b-12d3-a456-426655440000'"]),
      ("enum('a','b')", ["'b'"]), ("bit(9)", ["b'111111111'"]),
    ]
    return Side(name: "MariaDB", connection: try open(MySQL.self, "MARIADB"), values: more) { type in
      switch type {
      case .bool: "boolean"
      case .int8: "tinyint"
      case .uint8: "tinyint unsigned"
      case .int16: "smallint"
      case .uint16: "smallint unsigned"
      case .int32: "int"
      case .uint32: "int unsigned"
      case .int64: "bigint"
      case .uint64: "bigint unsigned"
      case .float32: "float"
      case .float64: "double"
      case .decimal(let precision, let scale) where scale <= 38: "decimal(\(precision),\(scale))"
      case .bytes: "longblob"
      case .date: "date"
      case .time(.microseconds), .interval: "time(6)"
      case .timestamp(.microseconds, _): "datetime(6)"
      case .uuid: "uuid"
      case .json: "json"
      case .decimal, .numeric, .time, .timestamp, .offsetTimestamp, .text, .list: "longtext"
      }
    }
  }

  private func sqlServer() throws -> Side {
    let more: [(String, [String])] = [
      ("bit", ["1", "0"]), ("tinyint", ["255"]), ("smallint", ["-32768"]), ("int", ["2147483647"]),
      ("bigint", ["-9223372036854775808"]), ("real", ["0.1"]), ("float", ["4.9e-324", "0.1"]),
      ("decimal(38,10)", ["-9999999999999999999999999999.9999999999"]),
      ("decimal(38,38)", ["0.\(String(repeating: "9", count: 38))"]),
      ("money", ["-922337203685477.5808"]), ("nvarchar(40)", texts.map { "N" + $0 }), ("varchar(9)", ["'äöü€'", "''"]),
      ("nchar(3)", ["N'漢'"]), ("xml", ["N'<a>ü</a>'"]), ("varbinary(9)", ["0x00ff", "0x"]),
      ("date", ["'0001-01-01'", "'9999-12-31'"]), ("time(7)", ["'23:59:59.9999999'"]), ("time(3)", ["'23:59:59.999'"]),
      ("datetime", ["'2004-10-19 10:23:54.003'"]), ("smalldatetime", ["'2079-06-06 23:59'"]),
      ("datetime2(6)", ["'1000-01-01'", "'9999-12-31 23:59:59.999999'"]),
      ("datetime2(7)", ["'2004-10-19 10:23:54.1234567'"]),
      ("datetimeoffset(7)", ["'2004-10-19 10:23:54.1234567 -14:00'"]),
      ("uniqueidentifier", ["'123e4567-e89b-12d3-a456-426655440000'"]),
    ]
    return Side(name: "SQL Server", connection: try open(SQLServer.self, "SQLSERVER"), values: more) { type in
      switch type {
      case .bool: "bit"
      case .uint8: "tinyint"
      case .int8, .int16: "smallint"
      case .uint16, .int32: "int"
      case .uint32, .int64: "bigint"
      case .uint64: "decimal(20,0)"
      case .float32: "real"
      case .float64: "float"
      case .decimal(let precision, let scale): "decimal(\(precision),\(scale))"
      case .bytes: "varbinary(max)"
      case .date: "date"
      case .time(let unit): unit == .nanoseconds ? "time(7)" : "time(6)"
      case .timestamp(let unit, zoned: false): unit == .nanoseconds ? "datetime2(7)" : "datetime2(6)"
      case .timestamp, .offsetTimestamp: "datetimeoffset(7)"
      case .uuid: "uniqueidentifier"
      case .numeric, .text, .json, .list, .interval: "nvarchar(max)"
      }
    }
  }

  private func open<D: SQLDriver>(_: D.Type, _ name: String) throws -> any SQLConnection {
    let url = try #require(ProcessInfo.processInfo.environment["FERRY_TEST_\(name)_URL"])
    return try D.connect(ConnectionSettings(for: D.self, url: url), D.Options(), .forTests())
  }

  @Test func everyTypeBetweenEveryPair() throws {
    let sides = try [sqlServer(), postgresql(), mariadb()]
    defer { for side in sides { side.connection.close() } }
    for from in sides {
      for (number, value) in from.values.enumerated() {
        do { try check(from, value.type, value.literals, number, sides) } catch {
          Issue.record("\(value.type) of \(from.name): \(error)")
        }
      }
    }
  }

  private func check(_ from: Side, _ type: String, _ literals: [String], _ number: Int, _ sides: [Side]) throws {
    let table = "crossing_source_\(number)"
    try create(from, table, type)
    let rows = (literals + ["NULL"]).enumerated().map { "(\($0), \($1))" }
    try from.connection.execute("INSERT INTO \(table) (n, v) VALUES \(rows.joined(separator: ", "))")
    let batch = try from.connection.all("SELECT n, v FROM \(table) ORDER BY n")
    #expect(batch.columns[1].nullCount == 1 && batch.count == rows.count)
    try from.connection.execute("DROP TABLE \(table)")
    for to in sides where to.name != from.name {
      let what = "\(type) of \(from.name) in \(to.name)'s \(to.column(batch.columns[1].type))"
      for (road, sql) in [
        ("bulk", "INSERT INTO crossing (n, v) VALUES (?, ?)"),
        ("written", "INSERT INTO crossing (n, v, c) VALUES (?, ?, 1 + 0)"),
      ] {
        try create(to, "crossing", to.column(batch.columns[1].type))
        do {
          #expect(try to.connection.load(batch, sql) == Int64(batch.count), "\(what)")
          let back = try to.connection.all("SELECT v FROM crossing ORDER BY n").columns[0]
          #expect(try meaning(back) == meaning(batch.columns[1], as: back.type), "\(what), \(road)")
        } catch { Issue.record("\(what), \(road): \(error)") }
      }
    }
  }

  private func create(_ side: Side, _ table: String, _ type: String) throws {
    try side.connection.execute("DROP TABLE IF EXISTS \(table)")
    try side.connection.execute("CREATE TABLE \(table) (n int, v \(type), c int)")
  }

  /// Values as texts, which have to be the same on both sides: numbers without zeros at their end.
  private func meaning(_ column: Column, as type: DataType? = nil) throws -> [String?] {
    let column =
      try type.map { try Coercion(from: column.type, to: LoadTarget($0), name: "v").apply(column, firstRow: 1) }
      ?? column
    return Samples.texts(column)
  }
}
