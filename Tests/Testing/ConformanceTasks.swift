internal import Engine
internal import Expression
internal import Foundation
internal import Records
internal import SQL
import Testing

/// What tasks promise: transactions, counts, errors, cancellation.
extension DatabaseConformance {
  func loadModes() throws {
    try create("modes", [("id", .int64), ("v", .text)])
    let source = table([("id", integers(0..<10)), ("v", try texts((0..<10).map { "v\($0)" }))])
    let loads: [ValueMap] = [
      ["sql": "INSERT INTO modes (id, v) VALUES (?, ?)"], ["sql": "INSERT INTO modes VALUES (?, ?)"],
      ["sql": "insert into modes(v, id) values (?,?)", "columns": ["v", "id"]], ["table": "modes"],
      ["table": "modes", "columns": ["id", "v"]],
      ["sql": "INSERT INTO modes (id, v) VALUES (?, ?)", "chunk": 3, "commit": "chunk"],
      ["sql": "INSERT INTO modes (id, v) VALUES (? + 0, ?)", "chunk": 3],
    ]
    for load in loads {
      let outputs = try batch([source], load)
      #expect(outputs["rowCount"]?.int == 10 && outputs["updatedCount"]?.int == 10, "\(load)")
      let seen = try database.independent("SELECT id, v FROM modes ORDER BY id")
      #expect(seen == (0..<10).map { ["\($0)", "v\($0)"] }, "\(load)")
      try query("DELETE FROM modes")
    }
    try batch([source], ["table": "modes"])
    let update = try batch(
      [source], ["sql": "UPDATE modes SET v = ? WHERE id = ?", "columns": ["v", "id"], "chunk": 4])
    #expect(update["updatedCount"]?.int == 10)
    let none = try batch([table([("id", integers(90..<93))])], ["sql": "DELETE FROM modes WHERE id = ?"])
    #expect(none["rowCount"]?.int == 3 && none["updatedCount"]?.int == 0)
  }

  func columnOrder() throws {
    try create("ordered", [("a", .int64), ("b", .text), ("c", .int64)])
    let source = table([("c", integers(3..<4)), ("b", try texts(["two"])), ("a", integers(1..<2))])
    try batch([source], ["table": "ordered"])
    try batch([source], ["sql": "INSERT INTO ordered (a, b, c) VALUES (?, ?, ?)", "columns": ["a", "b", "c"]])
    try batch([source], ["sql": "INSERT INTO ordered (c, b, a) VALUES (?, ?, ?)"])
    try batch([source], ["sql": "INSERT INTO ordered (a, b, c) VALUES (?, ?, ?)", "columns": ["a", "missing", "c"]])
    let row = ["1", "two", "3"]
    #expect(
      try database.independent("SELECT a, b, c FROM ordered ORDER BY CASE WHEN b IS NULL THEN 1 ELSE 0 END") == [
        row, row, row, ["1", nil, "3"],
      ])
    let unknown = try failure {
      try batch([table([("nope", integers(0..<1)), ("a", integers(0..<1))])], ["table": "ordered"])
    }
    #expect(unknown.category == .schema && unknown.message.contains("nope"))
    try columnNames()
  }

  /// A table is loaded by names or not at all.
  private func columnNames() throws {
    try query("DELETE FROM ordered")
    try batch(
      [table([("C", integers(3..<4)), ("B", try texts(["two"])), ("A", integers(1..<2))])], ["table": "ordered"])
    #expect(try database.independent("SELECT a, b, c FROM ordered") == [["1", "two", "3"]])
    let strangers = table([("x", integers(0..<1)), ("y", try texts(["b"])), ("z", integers(0..<1))])
    let twins = table([("a", integers(0..<1)), ("A", integers(0..<1))])
    for (source, names) in [(strangers, ["'x', 'y', 'z'", "'a', 'b', 'c'"]), (twins, ["'a' and 'A'"])] {
      let failure = try failure { try batch([source], ["table": "ordered"]) }
      #expect(failure.category == .schema && names.allSatisfy(failure.message.contains), "\(failure)")
    }
    #expect(try database.independent("SELECT count(*) FROM ordered") == [["1"]])
  }

  func rollback() throws {
    let type = database.columnType(.int64) ?? ""
    try query("CREATE TABLE keyed (id \(type) NOT NULL, v \(type), UNIQUE (id))")
    let good = table([("id", integers(0..<5_000)), ("v", integers(0..<5_000))])
    let bad = table([("id", integers(4_999..<5_010)), ("v", integers(0..<11))])
    for load: ValueMap in [["table": "keyed"], ["sql": "INSERT INTO keyed (id, v) VALUES (?, ? + 0)"]] {
      let failure = try failure { try batch([good, bad], load) }
      #expect(failure.category == .data, "\(failure)")
      #expect(failure.code == "23505" || failure.code == "23000", "\(failure)")
      #expect(try database.independent("SELECT count(*) FROM keyed") == [["0"]])
    }
    try batch([good], ["table": "keyed"])
    #expect(try database.independent("SELECT count(*) FROM keyed") == [["5000"]])
  }

  func commitChunk() throws {
    let type = database.columnType(.int64) ?? ""
    try query("CREATE TABLE chunked (id \(type) NOT NULL, UNIQUE (id))")
    let ids = Array(0..<2_500) + [10] + Array(2_500..<3_000)
    let source = table([("id", try Samples.column(.int64, ids.map { "\($0)" }))])
    let failure = try failure { try batch([source], ["table": "chunked", "commit": "chunk", "chunk": 1_000]) }
    #expect(failure.category == .data)
    #expect(try database.independent("SELECT count(*) FROM chunked") == [["2000"]])
  }

  func errorCategories() throws {
    #expect(try failure { try query("SELECT * FROM there_is_no_such_table") }.category == .schema)
    #expect(try failure { try query("SELEC 1") }.category == .schema)
    #expect(try failure { try query("SELECT no_such_column FROM (SELECT 1 AS a) t") }.category == .schema)
    #expect(try failure { try query("-- nothing") }.category == .configuration)
    #expect(try failure { try query("SELECT :nope", ["parameters": ["note": 1]]) }.hint?.contains(":note") == true)
    var wrong = database.connection
    for url in ["", "jdbc:nothing:x", "http://x"] {
      wrong["url"] = .string(url)
      let failure = try failure {
        _ = try SQLQuery<Driver>.runAlone(wrong.merging(["sql": "SELECT 1"]), storage: database.storage)
      }
      #expect(failure.category == .configuration)
    }
    let one = table([("id", integers(0..<1))])
    #expect(try failure { try batch([one], ["table": "there_is_no_such_table"]) }.category == .schema)
    #expect(
      try failure { try batch([one], ["sql": "INSERT INTO there_is_no_such_table (id) VALUES (?)"]) }.category
        == .schema)
  }

  func rowNumbers() throws {
    try create("numbered", [("id", .int64), ("v", .int64)])
    let count = 70_000
    let values = (0..<count).map { $0 == 68_122 ? "not a number" : "\($0)" }
    let parts = try stride(from: 0, to: count, by: 20_000).map { start in
      let end = min(start + 20_000, count)
      return table([("id", integers(start..<end)), ("v", try texts(Array(values[start..<end])))])
    }
    for load: ValueMap in [["table": "numbered"], ["sql": "INSERT INTO numbered (id, v) VALUES (? + 0, ?)"]] {
      let failure = try failure { try batch(parts, load) }
      #expect(failure.category == .data)
      #expect(failure.message.contains("row 68123") && failure.message.contains("'v'"), "\(failure)")
      #expect(!failure.description.contains("not a number"))
      #expect(failure.sensitive?.contains("not a number") == true)
      let shown = try self.failure { try batch(parts, load.merging(["logValues": true])) }
      #expect(shown.message.contains("not a number"))
    }
    #expect(try database.independent("SELECT count(*) FROM numbered") == [["0"]])
  }

  func parameters() throws {
    try create("bound", [("id", .int64), ("v", .text)])
    let row: ValueMap = ["id": 7, "v": "it's :id"]
    #expect(try query("INSERT INTO bound (id, v) VALUES (:id, :v)", ["parameters": .map(row)])["updateCount"]?.int == 1)
    let sql = "SELECT id, v, ':id' AS text /* :nope */ FROM bound WHERE id = :id AND id = :id -- :nope"
    let found = try query(sql, ["fetchType": "FETCH", "parameters": .map(row)])
    #expect(found["rows"] == [["id": 7, "v": "it's :id", "text": ":id"]])
    #expect(found["size"]?.int == 1)
    let one = try query("SELECT id FROM bound", ["fetchOne": true])
    #expect(one["row"] == ["id": 7] && one["size"]?.int == 1)
    for (list, size) in [([1, 7], 1), ([1, 2], 0), ([], 0)] as [([Value], Int64)] {
      let found = try query(
        "SELECT id FROM bound WHERE id IN (:ids)", ["fetchType": "FETCH", "parameters": ["ids": .list(list)]])
      #expect(found["size"]?.int == size, "\(list)")
    }
    try errorPlaces()
  }

  /// A mistake in a statement is shown with its line and column.
  private func errorPlaces() throws {
    let tasks: [() throws -> Void] = [
      { try query("SELECT id\n  FROM bound\n  WHERE\n    id = :id frm 1", ["parameters": ["id": 1]]) },
      { try batch([table([("id", integers(0..<1))])], ["sql": "UPDATE bound\nSET v = 'é'\n\nWHERE id = ? frm"]) },
    ]
    for (task, column) in zip(tasks, [14, 14]) {
      let failure = try failure(task)
      #expect(failure.category == .schema && failure.message.contains("line 4, column \(column)"), "\(failure)")
      #expect(failure.message.contains("frm"), "\(failure)")
    }
  }

  func afterSQL() throws {
    try create("jobs", [("id", .int64), ("done", .int64)])
    try batch([table([("id", integers(0..<3)), ("done", integers(0..<3))])], ["table": "jobs"])
    let fetched = try query("SELECT id FROM jobs ORDER BY id", ["fetchType": "FETCH", "afterSQL": "DELETE FROM jobs"])
    #expect(fetched["rows"] == [["id": 0], ["id": 1], ["id": 2]])
    #expect(try database.independent("SELECT count(*) FROM jobs") == [["0"]])
    _ = try failure { try query("INSERT INTO jobs (id) VALUES (1)", ["afterSQL": "SELECT nothing FROM nowhere"]) }
    #expect(try database.independent("SELECT count(*) FROM jobs") == [["0"]])
    for type in ["NONE", "FETCH", "FETCH_ONE", "STORE"] {
      try query("INSERT INTO jobs (id) VALUES (1)", ["fetchType": .string(type)])
    }
    #expect(try database.independent("SELECT count(*) FROM jobs") == [["4"]])
  }

  func queries() throws {
    try create("several", [("id", .int64)])
    func run(_ sql: String, _ more: ValueMap = [:]) throws -> ValueMap {
      try SQLQueries<Driver>.runAlone(properties(["sql": .string(sql)]).merging(more), storage: database.storage)
        .outputs
    }
    let sql = """
      INSERT INTO several (id) VALUES (1); -- one; two
      SELECT id FROM several; INSERT INTO several (id) VALUES (:n);
      SELECT max(id) AS most, ';' AS text FROM several;
      """
    let outputs = try run(sql, ["fetchType": "FETCH", "parameters": ["n": 2]])
    #expect(outputs["outputs"]?.list?.count == 2)
    #expect(outputs["outputs"]?.list?.last?.map?["rows"] == [["most": 2, "text": ";"]])
    let broken = "INSERT INTO several (id) VALUES (3); SELECT nothing FROM nowhere"
    _ = try failure { _ = try run(broken) }
    #expect(try database.independent("SELECT count(*) FROM several") == [["2"]])
    _ = try failure { _ = try run(broken, ["transaction": false]) }
    #expect(try database.independent("SELECT count(*) FROM several") == [["3"]])
  }

  func emptyResult() throws {
    try create("vacant", [("id", .int64), ("v", .text)])
    let fetched = try query("SELECT * FROM vacant", ["fetchType": "FETCH"])
    #expect(fetched["rows"] == [] && fetched["size"]?.int == 0)
    let one = try query("SELECT * FROM vacant", ["fetchType": "FETCH_ONE"])
    #expect(one["row"] == .null && one["size"]?.int == 0)
    let (schema, batches) = try stored("SELECT * FROM vacant")
    #expect(schema.fields.map(\.name) == ["id", "v"] && batches.isEmpty)
  }

  func zeroRows() throws {
    try create("zero", [("id", .int64)])
    let empty = table([("id", integers(0..<0))])
    for load: ValueMap in [["table": "zero"], ["sql": "INSERT INTO zero (id) VALUES (? + 0)"]] {
      let outputs = try batch([empty], load)
      #expect(outputs["rowCount"]?.int == 0 && outputs["updatedCount"]?.int == 0)
    }
  }

  func cancel() throws {
    let cancellation = Cancellation()
    let thread = Thread {
      usleep(300_000)
      cancellation.cancel(.timeout(.seconds(1)))
    }
    thread.start()
    let began = Date()
    let failure = try failure {
      try query(database.slowQuery, ["fetchType": "FETCH_ONE"], cancellation: cancellation)
    }
    #expect(failure.category == .cancelled && failure.message.contains("PT1S"), "\(failure)")
    #expect(Date().timeIntervalSince(began) < 10)
  }
}
