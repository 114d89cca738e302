import FerryTesting
import Foundation
import Records
import Testing

@testable import Formats

/// Lines of JSON that belong to several tables, as taps of Singer write them.
struct JSONMessagesTests {
  /// What came, in its order: `orders 2` for a batch of two rows, other messages by their type and line.
  private final class Events {
    var all: [String] = []
    var batches: [String: [RecordBatch]] = [:]

    func tables(
      _ bad: BadRows, budget: Int = 1 << 20, schemas: [String: Schema] = [:], _ misfit: JSONReadOptions.Misfit = .widen
    )
      -> JSONTables
    {
      JSONTables(budget: budget) { name in
        if name == "unknown" { throw Failure(.data, "a row of 'unknown' comes in front of its schema") }
        var options = JSONReadOptions()
        options.misfit = misfit
        return JSONRowTable(name, of: "tap", schema: schemas[name] ?? Schema([]), options, bad: bad) { batch in
          self.all.append("\(name) \(batch.count)")
          self.batches[name, default: []].append(batch)
        }
      }
    }

    func rows(_ name: String) -> [[String]] { (batches[name] ?? []).flatMap { AvroFiles.texts($0) } }
  }

  private func messages(_ text: String, readSize: Int = 1 << 20, bad: BadRows = BadRows()) throws -> JSONMessages {
    var options = JSONReadOptions()
    options.readSize = readSize
    return try JSONMessages(MemoryInput(Array(text.utf8), name: "tap", sizeIsKnown: false), options, bad: bad)
  }

  private static let tap = """
    {"type":"SCHEMA","stream":"orders","schema":{"properties":{"id":{"type":"integer"}}},"key_properties":["id"]}
    {"type": "RECORD", "stream": "orders", "record": {"id": 1, "note": "a\\nb"}, "time_extracted": "2024-01-01"}
    {"stream":"users","record":{"name":"x {\\"type\\":1}"},"type":"RECORD"}

    {"type":"RECORD","stream":"orders","record":{"id":2.5}}
    {"type":"STATE","value":{"bookmarks":{"orders":2}}}
    {"type":"RECORD","stream":"\\u006frders","record":{"id":3}}
    {"type":"ACTIVATE_VERSION","stream":"users","version":7}
    """

  @Test(arguments: [1, 5, 64, 1 << 20]) func linesFindTheirTables(readSize: Int) throws {
    let events = Events()
    let messages = try messages(Self.tap, readSize: readSize)
    let tables = events.tables(BadRows())
    var others: [JSONMessage] = []
    try messages.run(into: tables) { message in
      others.append(message)
      if message.type == "STATE" { try tables.flush() }
      events.all.append("\(message.type ?? "") \(message.line)")
    }
    try tables.flush()
    #expect(
      events.all == ["SCHEMA 1", "orders 1", "orders 1", "users 1", "STATE 6", "ACTIVATE_VERSION 8", "orders 1"]
        || events.all == ["SCHEMA 1", "orders 2", "users 1", "STATE 6", "ACTIVATE_VERSION 8", "orders 1"])
    #expect(events.rows("orders").map { $0[0] }.map { $0.prefix(3) } == ["1.0", "2.5", "3.0"])
    #expect(events.rows("users") == [["x {\"type\":1}"]])
    #expect(tables["orders"]?.schema.fields.map { "\($0.name) \($0.type.name)" } == ["id decimal(38,1)", "note text"])
    #expect(tables.all.map(\.name) == ["orders", "users"] && tables.all.map(\.rowCount) == [3, 1])
    let lines = Self.tap.split(separator: "\n").map(String.init)
    #expect(others.map(\.text) == [lines[0], lines[4], lines[6]])
    #expect(others.map(\.table) == ["orders", nil, "users"])
    #expect(
      others.map(\.offset)
        == [0, 0, 0].enumerated().map { index, _ in
          Int64(
            Self.tap.prefix(upTo: Self.tap.range(of: others[index].text)?.lowerBound ?? Self.tap.endIndex).utf8.count)
        })
    #expect(messages.messageCount == 7)
  }

  @Test(arguments: [1, 64, 1 << 20]) func whatIsNoMessageIsABadRow(readSize: Int) throws {
    let text = """
      {"type":"RECORD","stream":"orders","record":{"id":1}}
      INFO: extracting orders
      {"type":"RECORD","stream":"orders","record":[1]}
      {"type":"RECORD","record":{"id":1}}
      [1]
      {"type":"RECORD","stream":"orders"}
      {"type":"RECORD","stream":"orders","record":{"id":2,}}
      {"type":5}
      """
    var warnings: [String] = []
    let bad = BadRows(.warn, warn: { warnings.append($0) })
    let events = Events()
    let tables = events.tables(BadRows())
    var others: [JSONMessage] = []
    try messages(text, readSize: readSize, bad: bad).run(into: tables) { others.append($0) }
    try tables.flush()
    #expect(events.rows("orders") == [["1"]])
    #expect(others.map(\.line) == [8] && others[0].type == nil)
    #expect(
      warnings == [
        "reading line 2 (byte 54) of 'tap': it is not JSON: a word stands there that is not true, false or null "
          + "(byte 54)",
        "reading line 3 (byte 78) of 'tap': a RECORD has no object 'record'",
        "reading line 4 (byte 127) of 'tap': a RECORD has no text 'stream'",
        "reading line 5 (byte 163) of 'tap': expected an object, found another JSON value",
        "reading line 6 (byte 167) of 'tap': a RECORD has no object 'record'",
        "reading line 7 (byte 203) of 'tap': it is not JSON: a comma stands in front of '}' (byte 254)",
      ])
    let failure = #expect(throws: Failure.self) {
      try messages(text, readSize: readSize).run(into: Events().tables(BadRows())) { _ in }
    }
    // Its first bytes are there for flows that show values.
    #expect(failure?.sensitive == "INFO: extracting orders")
    #expect(throws: Failure.self) {
      try messages(#"{"type":"RECORD","stream":"unknown","record":{}}"#).run(into: tables) { _ in }
    }
  }

  @Test func badRowsOfATableHaveTheirPlaceInTheInput() throws {
    let text = """
      {"type":"RECORD","stream":"a","record":{"id":1}}
      {"type":"RECORD","stream":"b","record":{"id":2}}
      {"type":"RECORD","stream":"b","record":{"id":"x"}}
      {"type":"RECORD","stream":"a","record":\r{"id":3}}
      {"type":"RECORD","stream":"a","record":{\r"id":"y"}}
      {"type":"RECORD","stream":"a","record":{"id":4,"id":5}}
      """
    let events = Events()
    var warnings: [String] = []
    let bad = BadRows(.warn, warn: { warnings.append($0) })
    let schema = Schema([Field("id", .int64)])
    let tables = events.tables(bad, schemas: ["a": schema, "b": schema], .refuse)
    try messages(text).run(into: tables) { _ in }
    try tables.flush()
    #expect(events.rows("a") == [["1"], ["3"]] && events.rows("b") == [["2"]])
    func place(_ row: String) -> Int {
      text.utf8.count - (text.range(of: row).map { text[$0.lowerBound...].utf8.count } ?? 0)
    }
    let places = [place("{\r\"id\":\"y\"}"), place("{\"id\":4,"), place("{\"id\":\"x\"}")]
    #expect(
      warnings == [
        "reading line 6 (byte \(places[0])) of 'tap': column 'id': the value is not a value of the type int64",
        "reading line 8 (byte \(places[1])) of 'tap': a key stands in it twice",
        "reading line 3 (byte \(places[2])) of 'tap': column 'id': the value is not a value of the type int64",
      ])
  }

  @Test func aSchemaMayComeAnew() throws {
    let events = Events()
    let tables = events.tables(BadRows(), schemas: ["a": Schema([Field("id", .int32), Field("old", .date)])])
    let text = """
      {"type":"RECORD","stream":"a","record":{"id":1,"old":"2024-02-29"}}
      {"type":"SCHEMA","stream":"a"}
      {"type":"RECORD","stream":"a","record":{"id":2,"new":"2024-02-29"}}
      """
    try messages(text).run(into: tables) { _ in
      try tables.open("a").use(
        Schema([Field("id", .text), Field("new", .date), Field("old", .timestamp(.microseconds, zoned: false))]))
    }
    try tables.flush()
    let batches = events.batches["a"] ?? []
    #expect(
      batches.map { $0.schema.fields.map { "\($0.name) \($0.type.name)" } } == [
        ["id int32", "old date"], ["id text", "old text", "new date"],
      ])
    let whole = try #require(tables["a"]?.schema)
    #expect(
      try batches.flatMap { AvroFiles.texts(try $0.widened(to: whole)) } == [
        ["1", "2024-02-29", "∅"], ["2", "∅", "2024-02-29"],
      ])
  }

  @Test func memoryIsBoundedOverAllTables() throws {
    let events = Events()
    let budget = 200_000
    let tables = events.tables(BadRows(), budget: budget)
    let filler = String(repeating: "x", count: 100)
    var most = 0
    for part in 0..<20 {
      let text = (0..<500).map { row in
        #"{"type":"RECORD","stream":"t\#(row % 50)","record":{"id":\#(part * 500 + row),"f":"\#(filler)"}}"# + "\n"
      }
      try messages(text.joined()).run(into: tables) { _ in }
      most = max(most, tables.all.reduce(0) { $0 + $1.byteCount })
    }
    try tables.flush()
    #expect(most <= budget && most > 0)
    #expect(tables.all.count == 50)
    for number in [0, 17, 49] {
      #expect(events.rows("t\(number)").map { $0[0] } == (0..<200).map { "\($0 * 50 + number)" })
    }
    #expect(events.all.count < 10_000 / 10)
  }

  @Test func theMembersMayHaveOtherNames() throws {
    var shape = JSONMessageShape()
    (shape.type, shape.rowType, shape.table, shape.row) = ("op", "c", "source", "after")
    let text = #"{"source":"t","op":"c","after":{"v":1}}"# + "\n" + #"{"op":"d","before":{"v":1}}"#
    let events = Events()
    let tables = events.tables(BadRows())
    var others: [String] = []
    let input = MemoryInput(Array(text.utf8))
    try JSONMessages(input, shape: shape).run(into: tables) { others.append($0.text) }
    try tables.flush()
    #expect(events.rows("t") == [["1"]] && others == [#"{"op":"d","before":{"v":1}}"#])
  }
}
