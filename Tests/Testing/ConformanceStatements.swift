internal import Engine
internal import Expression
internal import Records
internal import SQL
import Testing

/// A value comes to the same, or is refused, whatever statement brings it to its column.
extension DatabaseConformance {
  /// One way into the column `v` of a table.
  private enum Form: Int, CaseIterable {
    case bulk, update, select, table, written, upsert, conflict, derived, choice

    /// The most usual ones, and others in turn: each pair of types meets some, each form meets every type.
    static func some(_ turn: Int, hasConflicts: Bool) -> [Form] {
      let conflicts: [Form] = hasConflicts ? [.upsert, .conflict] : []
      let others = [.written] + conflicts + [.derived, .choice, .table]
      return [.update, .select, others[turn % others.count]]
    }
  }

  private var zone: String { "Europe/Paris" }

  private typealias Source = (type: DataType, texts: [String])

  private var sources: [Source] {
    [
      (.bool, ["true", "false"]), (.int16, ["0", "12", "-1", "300"]),
      (.int64, ["1", "2012", "99999", "9007199254740993"]), (.uint64, ["7", "18446744073709551615"]),
      (.float32, ["1.5", "0.1"]),
      (.float64, ["1.5", "0.1", "2.0", "-1e+100", "99999999.99", "1.7976931348623157e+308"]),
      (.decimal(precision: 10, scale: 2), ["1.50", "1.00", "99999999.99"]),
      (.decimal(precision: 38, scale: 10), ["1.0050000000", "2.0000000000"]),
      (
        .numeric,
        [
          "1.005", "1.50", "0.000000000000000000000000000001", "9007199254740993",
          "1" + String(repeating: "0", count: 99) + "1",
        ]
      ),
      (
        .text,
        [
          "a", "abc", "abcdef", "1", " 1", "+1", "1.5", "1,5", "12", "2024-02-29", "2024-12-31 23:59:59.6", "true", "",
          "{}",
          "10:00:00",
        ]
      ), (.bytes, ["61", "6162", "ff", ""]), (.date, ["2024-02-29", "1969-12-31"]),
      (.time(.microseconds), ["10:00:00", "23:59:59.600000"]),
      (
        .timestamp(.microseconds, zoned: false),
        ["2024-12-31T23:59:59.600000", "2024-12-31T00:00:00", "2024-06-01T12:00:00"]
      ),
      (.timestamp(.nanoseconds, zoned: false), ["2024-12-31T23:59:59.123456789", "2024-06-01T12:00:00"]),
      (.timestamp(.microseconds, zoned: true), ["2024-06-01T12:00:00Z", "2024-12-31T23:59:59.654321Z"]),
      (
        .offsetTimestamp(.microseconds),
        ["2024-06-01T14:00:00+02:00", "2024-12-31T23:59:59.654321-14:00", "2024-12-31T23:00:00+00:00"]
      ), (.interval, ["PT1H", "PT0.6S", "P1D"]), (.uuid, ["123e4567-e89b-12d3-a456-426614174000"]),
      (.json, ["{\"a\": [1, 2.50]}", "\"a\"", "1.5"]), (.list(.int32), ["[1,null,3]"]),
    ]
  }

  func statements() throws {
    let settings = try ConnectionSettings(
      for: Driver.self, url: database.connection["url"]?.string ?? "",
      username: database.connection["username"]?.string,
      password: database.connection["password"]?.string, timeZone: zone)
    let connection = try Driver.connect(settings, Driver.Options(), .forTests())
    defer { connection.close() }
    for (number, type) in database.storedTypes.enumerated() { try statements("forms\(number)", type, connection) }
  }

  /// All sources into a column of one type.
  private func statements(_ name: String, _ type: String, _ connection: any SQLConnection) throws {
    let id = database.columnType(.int64) ?? ""
    try connection.execute("CREATE TABLE \(name) (id \(id) NOT NULL PRIMARY KEY, v \(type), c \(id))")
    var stored: [Stored] = []
    for (number, source) in sources.enumerated() {
      let column = try Samples.column(source.type, source.texts)
      let all = Array(0..<column.count)
      let good =
        attempt(.bulk, name, column, all, number, connection) == nil
        ? all : all.filter { attempt(.bulk, name, column, [$0], number, connection) == nil }
      let forms = Form.some(
        number + (Int(name.filter(\.isNumber)) ?? 0), hasConflicts: database.onConflict != nil)
      for form in forms { takes(form, name, type, column, good, number, connection) }
      for row in all where !good.contains(row) {
        refuses(forms[row % forms.count], name, type, column, row, number, connection)
      }
      stored += good.map {
        Stored(number * 1_000 + $0 * 10, forms, "\(source.texts[$0]) (\(source.type.name)) in \(type)")
      }
    }
    let rows = try database.independent("SELECT id, v FROM \(name)")
    let values = Dictionary(rows.map { (Int($0[0] ?? "") ?? -1, $0[1]) }) { first, _ in first }
    for value in stored {
      for form in value.forms where values[value.id + form.rawValue] != values[value.id] {
        let (here, there) = (shown(values[value.id + form.rawValue]), shown(values[value.id]))
        Issue.record("\(value.what) by \(form): \(here), in bulk \(there)")
      }
    }
    guard database.isComparable(type) else { return }
    let held = Set(values.keys)
    for (number, source) in sources.enumerated() { try compare(name, type, source, number, held, connection) }
  }

  /// A value that the bulk road took.
  private struct Stored {
    var id: Int
    var forms: [Form]
    var what: String

    init(_ id: Int, _ forms: [Form], _ what: String) {
      (self.id, self.forms, self.what) = (id, forms, what)
    }
  }

  private func shown(_ value: String??) -> String { (value ?? "no row") ?? "NULL" }

  private func takes(
    _ form: Form, _ name: String, _ type: String, _ column: Column, _ rows: [Int], _ number: Int,
    _ connection: any SQLConnection
  ) {
    guard !rows.isEmpty, let failure = attempt(form, name, column, rows, number, connection) else { return }
    Issue.record("\(column.type.name) into \(type) by \(form): \(failure), in bulk it is taken")
  }

  private func refuses(
    _ form: Form, _ name: String, _ type: String, _ column: Column, _ row: Int, _ number: Int,
    _ connection: any SQLConnection
  ) {
    guard attempt(form, name, column, [row], number, connection) == nil else { return }
    let value = Samples.texts(column)[row] ?? "NULL"
    Issue.record("\(value) (\(column.type.name)) into \(type) by \(form) is taken, in bulk it is refused")
  }

  /// Values find the rows that hold them. One that the column cannot hold finds none.
  private func compare(
    _ name: String, _ type: String, _ source: Source, _ number: Int, _ held: Set<Int>, _ connection: any SQLConnection
  ) throws {
    let column = try Samples.column(source.type, source.texts)
    let ids = (0..<column.count).map { number * 1_000 + $0 * 10 }
    let good = column.slots(ids.map(held.contains))
    let rows = table([("v", good), ("id", try Samples.column(.int64, ids.filter(held.contains).map { "\($0)" }))])
    let found = Result {
      try connection.load(rows, "DELETE FROM \(name) WHERE v = ? AND id = ?", timeZone: zone, commits: false)
    }
    if good.count > 0, (try? found.get()) != Int64(good.count) {
      Issue.record("\(good.count) values (\(source.type.name)) compared with \(type) find \(found)")
    }
    for row in 0..<column.count where !held.contains(ids[row]) {
      let one = table([("v", column.slice(row, 1))])
      let found = try? connection.load(one, "DELETE FROM \(name) WHERE v = ?", timeZone: zone, commits: false)
      if found ?? 0 != 0 { Issue.record("\(source.texts[row]) (\(source.type.name)) finds a row of \(type)") }
    }
  }

  private struct LoadForm {
    var sql: String?
    var table: String?
    var columns: [String]?
  }

  /// Nil when the rows are in.
  private func attempt(
    _ form: Form, _ name: String, _ column: Column, _ rows: [Int], _ number: Int, _ connection: any SQLConnection
  ) -> Failure? {
    let ids = rows.map { number * 1_000 + $0 * 10 + form.rawValue }
    do {
      let values = column.slots((0..<column.count).map(rows.contains))
      let batch = table([("id", try Samples.column(.int64, ids.map { "\($0)" })), ("v", values)])
      if [.upsert, .conflict, .update, .choice].contains(form) {
        let values = ids.map { "(\($0))" }.joined(separator: ", ")
        try connection.execute("INSERT INTO \(name) (id) VALUES \(values)")
      }
      let way = statement(form, name)
      try connection.load(batch, way.sql, table: way.table, way.columns, timeZone: zone)
      return nil
    } catch {
      _ = try? connection.execute("DELETE FROM \(name) WHERE v IS NULL")
      return error as? Failure ?? Failure(.bug, "\(error)")
    }
  }

  private func statement(_ form: Form, _ name: String) -> LoadForm {
    let onConflict = database.onConflict ?? ""
    let into = "INSERT INTO \(name) (id, v"
    return switch form {
    case .bulk: LoadForm(sql: "\(into)) VALUES (?, ?)")
    case .table: LoadForm(table: name)
    case .written: LoadForm(sql: "\(into), c) VALUES (?, ?, 1 + 0)")
    case .upsert: LoadForm(sql: "\(into)) VALUES (?, NULL) \(onConflict) v = ?")
    case .conflict:
      LoadForm(
        sql: "\(into), c) VALUES (?, ?, ?) \(onConflict) c = 1, v = ?", columns: ["id", "v", "id", "v"])
    case .select: LoadForm(sql: "\(into)) SELECT ?, ?")
    case .derived:
      LoadForm(
        sql: "\(into)) SELECT * FROM (SELECT ? AS i, ? AS x) s WHERE NOT EXISTS (SELECT 1 FROM \(name) WHERE id = -1)")
    case .update: LoadForm(sql: "UPDATE \(name) SET v = ? WHERE id = ?", columns: ["v", "id"])
    case .choice: LoadForm(sql: "UPDATE \(name) SET v = COALESCE(?, v) WHERE id = ?", columns: ["v", "id"])
    }
  }
}

extension Column {
  /// The values whose places are wanted.
  fileprivate func slots(_ wanted: [Bool]) -> Column {
    let builder = ColumnBuilder(type, rows: max(wanted.count, 1))
    for (row, isWanted) in wanted.enumerated() where isWanted { builder.append(slice(row, 1)) }
    return builder.finish()
  }
}
