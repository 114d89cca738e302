internal import Records
internal import SQL

/// The rows of a running statement.
final class SQLiteRows: SQLRows {
  private(set) var schema = Schema([])
  private var statement: NativeStatement?
  private var cells: [RowDecoder]
  /// The rows that were read to find the types.
  private var first: RecordBatch?
  private let onlyFirst: Bool
  private var row: Int64 = 0
  private var isAtEnd = false

  init(_ statement: NativeStatement, _ options: QueryOptions, promote: Bool) throws {
    self.statement = statement
    onlyFirst = options.firstRowOnly
    let count = statement.columnCount
    let declared = (0..<count).map { DatabaseType(statement.declaredType($0)) }
    let names = (0..<count).map(statement.columnName)
    var types = declared.map(\.type)
    if promote {
      guard statement.isReadOnly else {
        throw Failure(
          .configuration, "'promote' reads the result twice, which only works for a statement that changes nothing")
      }
      types = try SQLiteRows.scan(statement, types)
      statement.reset()
    }
    cells = (0..<count).map { index in
      let mixes = types[index] != declared[index].type || types[index] == nil
      return RowDecoder(Int32(index), types[index], names[index], options.invalidText, mixes: mixes)
    }
    let limit = options.firstRowOnly ? 1 : Limits.batchRows
    let batch = try SQLiteRows.read(statement, &cells, limit, &row, &isAtEnd)
    // With the first rows in memory, the columns without a declared type have one.
    let fields = (0..<count).map { index in
      Field(names[index], cells[index].type, sourceType: declared[index].name.isEmpty ? nil : declared[index].name)
    }
    schema = Schema(fields)
    if let batch { first = RecordBatch(schema: schema, columns: batch.columns, count: batch.count) }
    if isAtEnd || onlyFirst { close() }
  }

  func close() { statement = nil }

  func next() throws -> RecordBatch? {
    if let batch = first {
      first = nil
      return batch
    }
    guard let statement else { return nil }
    let read = try SQLiteRows.read(statement, &cells, Limits.batchRows, &row, &isAtEnd)
    if isAtEnd { close() }
    guard let read else { return nil }
    return RecordBatch(schema: schema, columns: read.columns, count: read.count)
  }

  private static func read(
    _ statement: NativeStatement, _ cells: inout [RowDecoder], _ limit: Int, _ row: inout Int64,
    _ isAtEnd: inout Bool
  ) throws -> (columns: [Column], count: Int)? {
    var rows = 0
    var bytes = 0
    while rows < limit, bytes < Limits.batchBytes {
      guard try statement.step() else {
        // Another step would run the statement anew.
        isAtEnd = true
        break
      }
      row += 1
      for cell in cells {
        let result = cell.append(statement)
        if result < 0 { throw cell.failure(statement, row) }
        bytes += result
      }
      rows += 1
    }
    if rows == 0, row > 0 { return nil }
    let columns = try cells.map { try $0.finish() }
    return rows == 0 ? nil : (columns, rows)
  }

  /// A type for each column that all of its values fit.
  private static func scan(_ statement: NativeStatement, _ types: [DataType?]) throws -> [DataType?] {
    let probes = types.enumerated().map { TypeProbe(Int32($0.offset), $0.element) }
    while try statement.step() {
      for probe in probes { probe.look(statement) }
    }
    return probes.map(\.type)
  }
}
