internal import Records
internal import SQL

/// Actian Vector's own bulk road: the rows as CSV in a file that Ferry and the server both see, and `COPY … VWLOAD` in
/// the load's transaction. Its rules are those of Actian Vector's SQL Language Guide 6.2 ("COPY VWLOAD") and User Guide
/// ("vwload in Parallel Mode", which it is like): the server reads the file, says how many rows it took, and no more
/// than its first error.
final class VectorLoad: BulkLoad {
  let targets: [LoadTarget]
  private let connection: ODBCConnection
  private let columns: [ColumnInfo]
  /// As the server is told.
  private let table: String
  private let doing: String
  private let file: VectorFile
  private(set) var changedSoFar: Int64 = 0

  init(_ connection: ODBCConnection, _ table: TableInfo, _ columns: [ColumnInfo], folder: String) throws {
    self.connection = connection
    self.columns = columns
    self.table = connection.dialect.quote(table.name)
    doing = "loading table '\(table.name)'"
    targets = columns.map { column in
      var target = column.target
      // What follows it in the file would be lost.
      target.takesNUL = false
      return target
    }
    let fields = zip(columns, targets).map { Field($0.name, $1.type) }
    do { file = try VectorFile(in: folder, fields, VectorLoad.places(table, columns)) } catch let failure as Failure {
      throw failure.whileDoing(doing)
    }
  }

  /// Where the values of each of the table's columns stand in the load.
  private static func places(_ table: TableInfo, _ columns: [ColumnInfo]) -> [Int] {
    table.columns.compactMap { column in columns.firstIndex { $0.name.isExactly(column.name) } }
  }

  /// Why a load cannot go this way; nil where it can.
  static func obstacle(_ table: TableInfo, _ columns: [ColumnInfo], _ facts: DriverFactSheet) -> String? {
    guard facts.product == .ingres else { return "the database is no Actian Vector but '\(facts.databaseName)'" }
    // COPY's list of columns has to be empty, and some versions overlook the option ATTRIBUTES without a word.
    guard columns.count == table.columns.count, places(table, columns).count == columns.count else {
      return "the load fills \(columns.count) of the \(table.columns.count) columns of '\(table.name)'"
    }
    return columns.first { $0.target.type == .bytes }.map {
      "the column '\($0.name)' is of the type \($0.target.nativeType), which has no form as text"
    }
  }

  func write(_ batch: RecordBatch, firstRow: Int64) throws {
    for (column, values) in zip(columns, batch.columns) {
      try column.refuseNulls(in: values, firstRow: firstRow, doing)
    }
    try file.write(batch)
  }

  func finish() throws -> Int64 {
    defer { file.remove() }
    let sent = Int64(file.rowCount)
    guard sent > 0 else { return 0 }
    try file.finish()
    let before = try rows()
    if let told = try copy(), told != sent {
      throw miscounted("\(sent) rows were written for the server, and it says that it has taken \(told)")
    }
    let found = try rows() - before
    guard found == sent else {
      throw miscounted("\(sent) rows were written for the server, and the table has \(found) more than before")
    }
    changedSoFar = sent
    return sent
  }

  private func copy() throws -> Int64? {
    connection.isUntouched = false
    let path = TableCatalog.literal(file.path)
    do throws(DatabaseError) {
      return try connection.run("COPY \(table)() VWLOAD FROM \(path) WITH \(VectorFile.options)")
    } catch {
      var error = error
      error.isAboutRows = true
      var failure = error.failure("\(doing) by COPY VWLOAD")
      failure.hint = failure.hint ?? "Let the server read 'bulkFolder', or leave it out to load by parameters"
      throw failure
    }
  }

  private func rows() throws -> Int64 {
    do throws(DatabaseError) {
      let rows = try connection.native.texts("SELECT COUNT(*) FROM \(table)", columns: 1)
      return rows.first?.first?.flatMap { Int64($0) } ?? 0
    } catch { throw error.failure("\(doing), counting its rows") }
  }

  private func miscounted(_ what: String) -> Failure { Failure(.data, "\(doing): \(what)", code: "01000") }

  func abort() { file.remove() }
}
