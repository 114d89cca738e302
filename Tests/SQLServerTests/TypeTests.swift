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
    for client in ["python-tds", "mssql-python"] {
      let answer = try database.clients(client, cases)
      for problem in answer.problems { Issue.record("\(client): \(problem)") }
      for (number, type) in TypeCase.all.enumerated() {
        let connection = try #require(connections[type.unit])
        let table = "\(client == "python-tds" ? "d" : "e")\(number)"
        let written = answer.written[number]
        let found = try connection.all("SELECT v FROM \(table) ORDER BY n").columns[0]
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
