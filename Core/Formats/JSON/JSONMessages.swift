public import Records

/// How lines of JSON say what they are. As it is, Singer's: `{"type": "RECORD", "stream": "orders", "record": {…}}`.
public struct JSONMessageShape: Sendable {
  /// The member that says what a message is, and its value for rows.
  public var type = "type"
  public var rowType = "RECORD"
  /// The members of such a message that hold the table's name and the row.
  public var table = "stream"
  public var row = "record"

  public init() {}
}

/// A message that is no row, as it stands in the input.
public struct JSONMessage: Sendable {
  /// From 1.
  public let line: Int64
  /// In bytes, from 0.
  public let offset: Int64
  /// What it says that it is, and the table that it names; nil where there is no such text.
  public let type: String?
  public let table: String?
  public let text: String
}

/// Cuts line-delimited JSON messages into the rows of several tables and all other messages. A row is not copied into
/// any form on its way: its table gets the bytes.
///
/// A line that is no object, or says that it is a row and has none, is a bad row.
public final class JSONMessages {
  private let blocks: JSONBlocks
  private let shape: JSONMessageShape
  private var place = ByteWindow.Place()

  /// The members' places among simdjson's columns.
  private enum Member {
    static let type = 0
    static let table = 1
    static let row = 2
  }

  /// - Parameter options: what is said of texts, nesting and the size of a line.
  public init(
    _ input: any ByteInput, shape: JSONMessageShape = JSONMessageShape(),
    _ options: JSONReadOptions = JSONReadOptions(),
    bad: BadRows = BadRows()
  ) throws {
    var options = options
    options.layout = .lines
    options.flatten = 0
    self.shape = shape
    let decoded = try CharsetInput.decode(Decompression.open(input), charset: options.charset)
    let window = ByteWindow(decoded, readSize: options.readSize)
    try window.skipMark()
    blocks = JSONBlocks(window, options, bad)
    blocks.expectObjects()
    for name in [shape.type, shape.table, shape.row] { blocks.addColumn(name) }
  }

  /// Lines that were read, but for empty ones.
  public var messageCount: Int { blocks.rowCount }
  public var name: String { blocks.window.name }

  /// Reads to the end.
  /// - Parameter other: takes each message that is no row, when all rows in front of it have gone to their tables
  ///   (which may hold them back: see `JSONTables.flush`).
  public func run(into tables: JSONTables, other: (JSONMessage) throws -> Void) throws {
    let blocks = blocks
    while var table = try blocks.nextTable(limit: .max) {
      place = ByteWindow.Place()
      let count = table.count
      for row in 0..<count { try handle(&table, row, of: count, tables, other) }
    }
  }

  private func handle(
    _ table: inout JSONTable, _ row: Int, of count: Int, _ tables: JSONTables, _ other: (JSONMessage) throws -> Void
  ) throws {
    let start = blocks.rowStart(row, of: count)
    place = blocks.window.place(at: start, behind: place)
    guard table.isText(row, Member.type, shape.rowType) else { return try other(message(&table, row, of: count)) }
    guard table.isText(row, Member.table) else {
      return try blocks.reportGiven(row, of: count, "a \(shape.rowType) has no text '\(shape.table)'")
    }
    guard table.isObject(row, Member.row) else {
      return try blocks.reportGiven(row, of: count, "a \(shape.rowType) has no object '\(shape.row)'")
    }
    place = blocks.window.place(at: table.start(row, Member.row), behind: place)
    let target = try tables.table(table.field(row, Member.table).bytes)
    try tables.add(table.raw(row, Member.row).bytes, to: target, line: place.line, offset: place.offset)
  }

  private func message(_ table: inout JSONTable, _ row: Int, of count: Int) -> JSONMessage {
    JSONMessage(
      line: place.line, offset: place.offset, type: table.text(row, Member.type), table: table.text(row, Member.table),
      text: blocks.text(row, of: count))
  }
}

/// The open tables of an input, in bounded memory.
public final class JSONTables {
  private let budget: Int
  private let make: (String) throws -> JSONRowTable
  private var tables: [ExactText: JSONRowTable] = [:]
  private var order: [JSONRowTable] = []
  /// The table of the last row, which is usually that of the next.
  private var last: (name: [UInt8], table: JSONRowTable)?
  /// At least as much as all tables hold.
  private var held = 0

  /// - Parameters:
  ///   - budget: bytes that the rows of all tables may take in memory; beyond it the fullest table is flushed.
  ///   - make: opens a table when its first row comes, or refuses to.
  public init(budget: Int = 4 * Limits.batchBytes, make: @escaping (String) throws -> JSONRowTable) {
    self.budget = budget
    self.make = make
  }

  /// In the order in which they were opened.
  public var all: [JSONRowTable] { order }

  public subscript(name: String) -> JSONRowTable? { tables[ExactText(name)] }

  /// The table of a name; opened where it is not.
  public func open(_ name: String) throws -> JSONRowTable {
    if let table = tables[ExactText(name)] { return table }
    let table = try make(name)
    tables[ExactText(name)] = table
    order.append(table)
    return table
  }

  /// Gives all rows that came to the sinks of their tables.
  public func flush() throws {
    for table in order { try table.flush() }
    held = 0
  }

  /// The table that a row names.
  func table(_ name: Span<UInt8>) throws -> JSONRowTable {
    if let last, name.isExactly(last.name) { return last.table }
    let table = try open(name.string)
    last = (name.array, table)
    return table
  }

  func add(_ row: Span<UInt8>, to table: JSONRowTable, line: Int64, offset: Int64) throws {
    try table.add(row, line: line, offset: offset)
    held += row.count
    if held > budget { try makeRoom() }
  }

  private func makeRoom() throws {
    held = order.reduce(0) { $0 + $1.byteCount }
    while held > budget, let fullest = order.max(by: { $0.byteCount < $1.byteCount }) {
      held -= fullest.byteCount
      try fullest.flush()
    }
  }
}
