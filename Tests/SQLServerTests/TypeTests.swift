import Expression
import FerryTesting
import Foundation
import Records
import SQL
import Testing

@testable import SQLServer

/// Every type through every road: what literals store is read exactly, loaded by both roads, and seen so by clients
/// that are not ours; and what those write is read exactly.
@Suite(.serialized) struct TypeTests {
  private let database: TypeDatabase

  init() throws { database = try TypeDatabase() }

  @Test func allTypesRoundTrip() throws {
    let connections = try [TimeUnit.nanoseconds: database.connect(), .microseconds: database.connect(.microseconds)]
    defer { for connection in connections.values { connection.close() } }
    var cases: [SeenCase] = []
    for (number, type) in TypeCase.all.enumerated() {
      let connection = try #require(connections[type.unit])
      do { try check(type, number, connection) } catch { Issue.record("\(type): \(error)") }
      cases.append(SeenCase(type, number))
    }
    for (client, letter) in [("python-tds", "d"), ("mssql-python", "e")] {
      let answer = try database.clients(client, cases)
      for problem in answer.problems { Issue.record("\(client): \(problem)") }
      for (number, type) in TypeCase.all.enumerated() {
        let connection = try #require(connections[type.unit])
        let written = answer.written[number]
        let found = try connection.all("SELECT v FROM \(letter)\(number) ORDER BY n").columns[0]
        #expect(Samples.texts(found) == written.map { type.texts[$0] } + [nil], "\(type) as \(client) writes it")
      }
      // Nothing is proven by what a client cannot write.
      #expect(answer.written.joined().count > TypeCase.all.count * 3 / 2, "\(client)")
    }
  }

  /// From literals into `a`, then read and loaded into `b` in bulk and into `c` as written.
  private func check(_ type: TypeCase, _ number: Int, _ connection: SQLServerConnection) throws {
    let (a, b, c) = ("a\(number)", "b\(number)", "c\(number)")
    for table in [a, b, c, "d\(number)", "e\(number)"] {
      try connection.native.run("CREATE TABLE \(table) (n int, v \(type.type) NULL, c int NULL)")
    }
    let rows = (type.values + ["NULL"]).enumerated().map { "(\($0), \($1))" }
    for row in rows { try connection.native.run("INSERT INTO \(a) (n, v) VALUES \(row)") }
    let batch = try connection.all("SELECT n, v FROM \(a) ORDER BY n")
    let field = batch.schema.fields[1]
    #expect(field.type.name == type.record, "\(type)")
    #expect(field.sourceType == type.sourceType, "\(type)")
    #expect(Samples.texts(batch.columns[1]) == type.texts + [nil], "\(type)")

    let info = try connection.describe(TableName([b]))
    let load = try connection.bulkLoad(into: info, Array(info.columns.prefix(2)))
    #expect((load != nil) == type.isBulk, "\(type)")
    let count = Int64(batch.count)
    #expect(try connection.load(batch, "INSERT INTO \(b) (n, v) VALUES (?, ?)") == count, "\(type)")
    #expect(try connection.load(batch, "INSERT INTO \(c) (n, v, c) VALUES (?, ?, 1 + 0)") == count, "\(type)")
    for table in [b, c] {
      let back = try connection.all("SELECT v FROM \(table) ORDER BY n").columns[0]
      #expect(Samples.texts(back) == type.texts + [nil], "\(type) in \(table)")
    }
  }

  /// The same values in one row of one table: more than one column of each kind at a time.
  @Test func allTypesInOneRow() throws {
    let connection = try database.connect()
    defer { connection.close() }
    let cases = TypeCase.all.filter { $0.unit == .nanoseconds && !$0.type.hasSuffix("sparse") }
    let columns = cases.indices.map { "c\($0) \(cases[$0].type)" }.joined(separator: ", ")
    for table in ["all_a", "all_b"] { try connection.native.run("CREATE TABLE \(table) (\(columns))") }
    for round in 0..<3 {
      let values = cases.map { $0.values[round % $0.values.count] }.joined(separator: ", ")
      try connection.native.run("INSERT INTO all_a VALUES (\(values))")
    }
    let batch = try connection.all("SELECT * FROM all_a")
    #expect(try connection.load(batch, table: "all_b") == 3)
    let back = try connection.all("SELECT * FROM all_b")
    for (index, type) in cases.enumerated() {
      let expected = (0..<3).map { type.texts[$0 % type.texts.count] }
      #expect(Samples.texts(batch.columns[index]) == expected, "\(type)")
      #expect(Samples.texts(back.columns[index]) == expected, "\(type), loaded")
    }
  }
}

/// Many rows: lengths of every kind one behind the other, NULL and empty values among them, over several batches.
@Suite(.serialized) struct ManyRowsTests {
  private static let kinds: [(type: String, record: DataType, text: @Sendable (Int) -> String)] = [
    ("int", .int32, { "\($0 * 7_919 - 1_000_000)" }), ("tinyint", .uint8, { "\($0 % 256)" }),
    ("bigint", .int64, { "\(Int64($0) * 1_000_000_007)" }), ("bit", .bool, { "\($0 % 3 == 0)" }),
    ("float", .float64, { "\(Double($0) / 8)" }), ("real", .float32, { "\(Float($0) / 4)" }),
    ("decimal(38,10)", .decimal(precision: 38, scale: 10), { "\($0)8765432109876543210.0123456789" }),
    ("money", .decimal(precision: 19, scale: 4), { "-\($0).2500" }),
    ("nvarchar(60)", .text, { String(repeating: "ü😀", count: $0 % 15) }),
    ("varchar(40)", .text, { String(repeating: "é", count: $0 % 41) }),
    ("nvarchar(max)", .text, { String(repeating: "漢", count: $0 % 97 * ($0 % 31)) }),
    ("varbinary(max)", .bytes, { String(repeating: "0f", count: $0 % 53) }),
    ("date", .date, { "20\(10 + $0 % 90)-0\(1 + $0 % 9)-1\($0 % 10)" }),
    ("datetime2(6)", .timestamp(.microseconds, zoned: false), { "2004-10-19T10:23:54.\(100_000 + $0 % 899_999)" }),
    (
      "datetimeoffset(3)", .offsetTimestamp(.microseconds),
      {
        "2004-10-19T10:23:54.\(100 + $0 % 899)000+0\($0 % 10):30"
      }
    ),
    ("time(7)", .time(.nanoseconds), { "10:23:54.\(1_000_000 + $0 % 8_999_999)00" }),
    ("uniqueidentifier", .uuid, { "123e4567-e89b-12d3-a456-42665544\(1_000 + $0 % 8_999)" }),
  ]

  private func batch(_ rows: Range<Int>) throws -> RecordBatch {
    let columns = try ManyRowsTests.kinds.enumerated().map { index, kind in
      let texts = rows.map { ($0 + index) % 11 == 0 ? nil : kind.text($0) }
      return ("c\(index)", try Samples.column(kind.record, texts))
    }
    return RecordBatch([("n", try Samples.column(.int64, rows.map { "\($0)" }))] + columns)
  }

  @Test(arguments: [true, false]) func manyRows(isBulk: Bool) throws {
    let database = try TypeDatabase()
    let connection = try database.connect()
    defer { connection.close() }
    let columns = ManyRowsTests.kinds.enumerated().map { "c\($0) \($1.type)" }.joined(separator: ", ")
    try connection.native.run("CREATE TABLE many (n bigint, \(columns), more int)")
    let bounds = isBulk ? [0, 1, 1_500, 1_600, 2_500] : [0, 1, 150, 400]
    let batches = try zip(bounds, bounds.dropFirst()).map { try batch($0..<$1) }
    try connection.begin()
    if isBulk {
      let info = try connection.describe(TableName(["many"]))
      let load = try #require(try connection.bulkLoad(into: info, Array(info.columns.dropLast())))
      for (rows, first) in zip(batches, bounds) { try load.take(rows, firstRow: Int64(first + 1)) }
      #expect(try load.finish() == Int64(bounds.last ?? 0))
      try connection.commit()
    } else {
      try connection.commit()
      let marks = String(repeating: ", ?", count: ManyRowsTests.kinds.count)
      for rows in batches {
        #expect(try connection.load(rows, "INSERT INTO many SELECT ?\(marks), 1 + 0") == Int64(rows.count))
      }
    }
    let back = try connection.all("SELECT * FROM many ORDER BY n")
    #expect(back.count == bounds.last)
    let expected = try batch(0..<(bounds.last ?? 0))
    for (index, column) in expected.columns.enumerated() {
      let (found, wanted) = (Samples.texts(back.columns[index]), Samples.texts(column))
      let place = zip(found, wanted).enumerated().first { $0.element.0 != $0.element.1 }
      #expect(place == nil, "\(back.schema.fields[index].sourceType ?? ""): \(String("\(place as Any)".prefix(300)))")
    }
  }
}

/// A type and what its tables hold, as the clients' script takes it.
private struct SeenCase: Encodable {
  var number: Int
  var type: String
  var record: String
  var texts: [String]

  init(_ type: TypeCase, _ number: Int) {
    self.number = number
    self.type = type.type
    record = type.record
    texts = type.texts
  }
}

/// A database of its own, gone with its owner.
final class TypeDatabase {
  let name = "types_\(UInt32.random(in: 0...UInt32.max))"

  init() throws {
    let server = try Server.connect()
    defer { server.close() }
    try server.native.run("CREATE DATABASE \(name)")
  }

  deinit {
    guard let server = try? Server.connect() else { return }
    _ = try? server.native.run("DROP DATABASE \(name)")
    server.close()
  }

  func connect(
    _ unit: TimestampUnit = .nanoseconds, _ change: (inout SQLServerOptions) -> Void = { _ in }
  ) throws -> SQLServerConnection {
    var options = SQLServerOptions()
    options.timestampUnit = unit
    change(&options)
    return try Server.connect(Server.url(database: name), options)
  }

  struct Answer: Decodable {
    var problems: [String]
    /// The places of each case's values that the client could write.
    var written: [[Int]]
  }

  /// Lets a client look at the tables b and c of all cases, and write its own.
  fileprivate func clients(_ client: String, _ cases: [SeenCase]) throws -> Answer {
    let arguments = [client, Server.host, "\(Server.port)", Server.user, Server.password, name]
    let lines = try Agreement.run("sqlserver_types.py", arguments, JSONEncoder().encode(cases))
    return try JSONDecoder().decode(Answer.self, from: Data((lines.first ?? "").utf8))
  }
}
