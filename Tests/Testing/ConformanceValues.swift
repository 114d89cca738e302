internal import Engine
internal import Expression
internal import Foundation
internal import Records
internal import SQL
import Testing

/// Values: every type, at its extremes, over every road.
extension DatabaseConformance {
  func extremes() throws {
    var number = 0
    try each(.extremes) { type, texts in
      number += 1
      let name = "extremes\(number)"
      try create(name, [("id", .int64), ("v", type)])
      let values: [String?] = texts + [nil]
      let source = table([("id", integers(0..<values.count)), ("v", try Samples.column(type, values))])
      let outputs = try batch([source], ["table": .string(name)])
      #expect(outputs["rowCount"]?.int == Int64(values.count))
      #expect(outputs["updatedCount"]?.int == Int64(values.count))
      let seen = try database.independent("SELECT v FROM \(name) ORDER BY id")
      expectSame(
        seen.map { $0[0] }, values.map { $0.map { database.shown($0, type) } }, "\(type.name), independent client")
      let (schema, batches) = try stored("SELECT v FROM \(name) ORDER BY id")
      let back = batches.flatMap { Samples.texts($0.columns[0]) }
      let target = schema.fields[0].type
      // The database may have a wider type: its texts must mean the same values.
      let expected = try Samples.texts(
        Coercion(from: type, to: LoadTarget(target), name: "v").apply(source.columns[1], firstRow: 1))
      expectSame(back, expected, "\(type.name), read back")
    }
  }

  /// A third column with an expression makes the statement one that runs as written.
  func bothRoads() throws {
    var number = 0
    try each(.bothRoads) { type, texts in
      number += 1
      for road in ["bulk", "written"] { try create("\(road)\(number)", [("id", .int64), ("v", type), ("c", .int64)]) }
      let values: [String?] = texts + [nil]
      let source = table([("id", integers(0..<values.count)), ("v", try Samples.column(type, values))])
      let a = try batch([source], ["sql": .string("INSERT INTO bulk\(number) (id, v) VALUES (?, ?)")])
      let b = try batch([source], ["sql": .string("INSERT INTO written\(number) (id, v, c) VALUES (?, ?, 1 + 0)")])
      #expect(a == b, "\(type.name)")
      let bulk = try database.independent("SELECT id, v FROM bulk\(number) ORDER BY id")
      let written = try database.independent("SELECT id, v FROM written\(number) ORDER BY id")
      #expect(bulk == written, "\(type.name)")
    }
  }

  /// An integer that its column has no room for, over both roads.
  func ranges() throws {
    try create("narrow", [("id", .int16), ("c", .int64)])
    let source = table([("id", integers(32_760..<32_770))])
    let a = try failure { try batch([source], ["sql": "INSERT INTO narrow (id) VALUES (?)"]) }
    let b = try failure { try batch([source], ["sql": "INSERT INTO narrow (id, c) VALUES (?, 1 + 0)"]) }
    #expect(a.category == .data && a.category == b.category)
    #expect(a.message.contains("row 9"), "\(a)")
    #expect(b.message.contains("row 9"), "\(b)")
  }

  func batchBoundaries() throws {
    try create("boundaries", [("id", .int64), ("v", .text)])
    for (count, start) in [(1, 0), (65_535, 1), (65_536, 65_536), (65_537, 131_072), (3, 196_609)] {
      let ids = integers(start..<start + count)
      let source = table([("id", ids), ("v", try texts((start..<start + count).map { "v\($0)" }))])
      #expect(try batch([source], ["table": "boundaries"])["rowCount"]?.int == Int64(count))
    }
    let (_, batches) = try stored("SELECT id, v FROM boundaries ORDER BY id")
    expectSame(batches.flatMap { Array($0.columns[0].fixed(Int64.self)).map(Int.init) }, Array(0..<196_612))
    expectSame(batches.flatMap { Samples.texts($0.columns[1]) }, (0..<196_612).map { "v\($0)" })
  }

  func nulls() throws {
    try create("nulls", [("id", .int64), ("a", .text), ("b", .int64), ("c", .float64)])
    let count = 1_000
    let empty = try Samples.column(.int64, Array(repeating: nil, count: count))
    let source = table([
      ("id", integers(0..<count)), ("a", try texts((0..<count).map { $0 % 2 == 0 ? nil : "x\($0)" })), ("b", empty),
      ("c", try Samples.column(.float64, (0..<count).map { $0 % 3 == 0 ? nil : "\($0).5" })),
    ])
    try batch([source], ["table": "nulls"])
    let seen = try database.independent("SELECT a, b, c FROM nulls ORDER BY id")
    expectSame(seen.map { $0[0] }, (0..<count).map { $0 % 2 == 0 ? nil : "x\($0)" })
    #expect(seen.allSatisfy { $0[1] == nil })
    let (_, batches) = try stored("SELECT a, b, c FROM nulls ORDER BY id")
    for column in 0..<3 {
      expectSame(batches.flatMap { Samples.texts($0.columns[column]) }, Samples.texts(source.columns[column + 1]))
    }
  }

  func hostileStrings() throws {
    try create("strings", [("id", .int64), ("v", .text)])
    let values = [
      "", " ", "'", "''", "\"", "`", "\\", "\\'", "\\n", "\n", "\r", "\t", "NULL", "null", "\\N", "--", "/*", "$$", "?",
      ":id", ";",
      "%s", "{{ x }}", "é", "e\u{301}", "🚢", "\u{FEFF}bom", "\u{7F}", "\u{1}", String(repeating: "x", count: 100_000),
    ]
    try batch([table([("id", integers(0..<values.count)), ("v", try texts(values))])], ["table": "strings"])
    expectSame(try database.independent("SELECT v FROM strings ORDER BY id").map { $0[0] }, values)
    expectSame(try stored("SELECT v FROM strings ORDER BY id").batches.flatMap { Samples.texts($0.columns[0]) }, values)
    for value in values {
      let row = try query(
        "SELECT :v AS a", ["fetchType": "FETCH_ONE", "parameters": ["v": .string(value)]])["row"]?.map
      expectSame([row?["a"]?.string], [value])
    }
  }

  func hostileNames() throws {
    let dialect = database.dialect
    let names = [
      "a b", "select", "Ünïcode", "semi;colon", "co:lon", "que?stion", "do$$llar", "it's", "dou\"ble", "back`tick",
    ]
    let type = database.columnType(.int64) ?? ""
    let columns = names.map { "\(dialect.quote($0)) \(type)" }.joined(separator: ", ")
    let tableName = "we\"ird ta'ble; --"
    try query("CREATE TABLE \(dialect.quote(tableName)) (\(columns))")
    let source = table(names.enumerated().map { ($0.element, integers($0.offset..<$0.offset + 1)) })
    try batch([source], ["table": .string(dialect.quote(tableName))])
    let list = names.map(dialect.quote).joined(separator: ", ")
    let marks = names.map { _ in "?" }.joined(separator: ", ")
    try batch([source], ["sql": .string("INSERT INTO \(dialect.quote(tableName)) (\(list)) VALUES (\(marks))")])
    let expected = names.indices.map { "\($0)" }
    #expect(try database.independent("SELECT \(list) FROM \(dialect.quote(tableName))") == [expected, expected])
    let (schema, batches) = try stored("SELECT * FROM \(dialect.quote(tableName))")
    #expect(schema.fields.map(\.name) == names)
    #expect(batches[0].columns.map { Samples.texts($0)[0] } == expected)
  }

  func largeValue() throws {
    try create("large", [("id", .int64), ("v", .text)])
    let value = String(repeating: "0123456789abcdef", count: 4 << 20)
    try batch([table([("id", integers(0..<2)), ("v", try texts([value, "small"]))])], ["table": "large"])
    let (_, batches) = try stored("SELECT v FROM large ORDER BY id")
    let back = batches.flatMap { Samples.texts($0.columns[0]) }
    expectSame(back, [value, "small"])
  }

  func wideRows() throws {
    let count = min(1_000, database.maxColumns)
    let names = (0..<count).map { "c\($0)" }
    try create("wide", names.map { ($0, .int64) })
    let source = table(names.enumerated().map { ($0.element, integers($0.offset..<$0.offset + 3)) })
    try batch([source], ["table": "wide"])
    let (schema, batches) = try stored("SELECT * FROM wide ORDER BY c0")
    expectSame(schema.fields.map(\.name), names)
    expectSame(batches.flatMap { $0.columns.map(Samples.texts) }, source.columns.map(Samples.texts))
  }

  func memoryCeiling() throws {
    try create("big", [("id", .int64), ("v", .text)])
    let text = String(repeating: "x", count: 4_000)
    let rows = 2_000
    let part = table([("id", integers(0..<rows)), ("v", try texts(Array(repeating: text, count: rows)))])
    let uri = try write(Array(repeating: part, count: 20))
    let watch = MemoryWatch()
    let loaded = try SQLBatch<Driver>.runAlone(
      properties(["from": .string(uri), "table": "big"]), storage: database.storage)
    #expect(loaded.outputs["rowCount"]?.int == Int64(rows * 20))
    let outputs = try query("SELECT id, v FROM big", ["fetchType": "STORE"])
    #expect(outputs["size"]?.int == Int64(rows * 20))
    let growth = watch.stop()
    #expect(growth < 112 << 20, "memory grew by \(growth >> 20) MiB while 160 MB went each way")
  }
}

/// Looks at the process's resident memory every few milliseconds.
package final class MemoryWatch {
  private let start = MemoryWatch.resident()
  private let thread: Thread
  private let state = State()

  private final class State: @unchecked Sendable {
    let lock = NSLock()
    var peak = 0
    var isDone = false
  }

  package init() {
    let state = state
    thread = Thread {
      while true {
        let now = MemoryWatch.resident()
        state.lock.lock()
        state.peak = max(state.peak, now)
        let isDone = state.isDone
        state.lock.unlock()
        if isDone { return }
        usleep(5_000)
      }
    }
    thread.start()
  }

  /// The growth since the start, in bytes.
  package func stop() -> Int {
    state.lock.lock()
    defer { state.lock.unlock() }
    state.isDone = true
    return max(0, state.peak - start)
  }

  private static func resident() -> Int {
    guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return 0 }
    let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    return pages * 4_096
  }
}
