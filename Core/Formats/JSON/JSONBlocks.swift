internal import CSimdJSON
internal import Records

/// Cuts JSON text into rows and has simdjson find their members.
final class JSONBlocks {
  let window: ByteWindow
  private let rows: SimdJSON
  private let finder: JSONRowFinder
  private let options: JSONReadOptions
  private let bad: BadRows
  /// Rows that were seen, good and bad.
  private(set) var rowCount = 0
  /// How many of the found rows simdjson has read.
  private var next = 0
  /// The first good row has told whether rows are objects.
  private var isDecided = false
  /// Where the rows come from, in their order, when they were taken out of another input.
  var origins: [RowOrigin] = []

  private var found = Found()
  private(set) var stride = 0
  /// Rows of the last read that wait to be given out.
  private var ready = 0
  private var readyStart = 0

  init(_ window: ByteWindow, _ options: JSONReadOptions, _ bad: BadRows) {
    self.window = window
    self.options = options
    self.bad = bad
    finder = JSONRowFinder(window, options)
    rows = SimdJSON(
      json_rows_options(
        max_depth: options.maxDepth, flatten: options.flatten, last_wins: options.duplicateKeys == .last ? 1 : 0,
        replaces_surrogates: options.invalidText == .replace ? 1 : 0))
  }

  /// What simdjson has found.
  private struct Found: ~Copyable {
    var fields = ZeroedArray<json_field>(count: 0)
    /// How each row has ended.
    var status = ZeroedArray<UInt8>(count: 0)

    mutating func makeRoom(_ rows: Int, stride: Int) {
      let count = rows * stride
      if fields.count < count { fields = ZeroedArray(count: count + count / 4) }
      if status.count < rows { status = ZeroedArray(count: rows) }
    }
  }

  var columnCount: Int { rows.columnCount }
  var columnNames: [String] { rows.columnNames }

  func addColumn(_ name: String) { rows.addColumn(name) }

  /// The next run of at most `limit` good rows, nil at the end; valid until the next call. `stride` may have grown.
  @_lifetime(borrow self)
  func nextTable(limit: Int) throws -> JSONTable? {
    while true {
      if ready == 0, try !readRows() { return nil }
      let first = readyStart
      let stop = first + min(ready, limit)
      let end = goodEnd(first, stop, found.status.span)
      if end > first {
        take(end - first)
        return table(first..<end)
      }
      try report(first, fault(first) ?? "it is not JSON")
      take(1)
    }
  }

  @_lifetime(borrow self)
  private func table(_ rows: Range<Int>) -> JSONTable {
    let window = window
    let fields = found.fields.span.extracting(droppingFirst: (rows.lowerBound - readBase) * stride)
    return unsafe JSONTable(
      text: _overrideLifetime(window.bytes, borrowing: self), fields: _overrideLifetime(fields, borrowing: self),
      stride: stride, count: rows.count,
      byteCount: Int(finder.ends[rows.upperBound - 1] - finder.starts[rows.lowerBound]))
  }

  private func take(_ count: Int) {
    readyStart += count
    ready -= count
    rowCount += count
  }

  /// Puts the rows of the last table back, to be read again.
  func putBack(_ count: Int) {
    readyStart -= count
    ready += count
    rowCount -= count
  }

  private var readBase = 0

  /// Where the first bad row is, or the end.
  private func goodEnd(_ first: Int, _ stop: Int, _ status: Span<UInt8>) -> Int {
    let (base, faults) = (readBase, finder.faults)
    for row in first..<stop {
      if UInt32(status[row - base]) != json_row_ok.rawValue || (!faults.isEmpty && faults[row] != nil) { return row }
    }
    return stop
  }

  private func fault(_ row: Int) -> String? {
    if !finder.faults.isEmpty, let fault = finder.faults[row] { return fault }
    switch UInt32(found.status[row - readBase]) {
    case json_row_ok.rawValue: return nil
    case json_row_duplicate.rawValue: return "a key stands in it twice"
    case json_row_too_deep.rawValue: return "it is nested deeper than 'maxDepth' allows (\(options.maxDepth))"
    case json_row_not_object.rawValue: return "expected an object, found another JSON value"
    case json_row_bad_utf8.rawValue: return "it has bytes that are not \(options.charset)"
    case json_row_too_large.rawValue: return "a value is too large"
    case json_row_bad_escape.rawValue: return "a string has an escape sequence that JSON does not have"
    case json_row_lone_surrogate.rawValue: return "a string has half of a surrogate pair, which is no character"
    default: return notJSON(row)
    }
  }

  /// The place within the row, which may be long.
  private func notJSON(_ row: Int) -> String {
    let start = Int(finder.starts[row])
    let window = window
    guard let fault = JSONFault.find(window.bytes.extracting(start..<Int(finder.ends[row]))) else {
      return "it is not JSON"
    }
    let (offset, line) = place(start + fault.at)
    let isFar = line != place(start).line
    let hint = fault.isOpen && finder.tookLines ? "; for rows over several lines set 'newLine' to false" : ""
    return
      "it is not JSON: \(fault.reason) (\(isFar ? "line \(line), " : "")byte \(offset))\(hint)"
  }

  private func report(_ row: Int, _ reason: String) throws {
    let start = Int(finder.starts[row])
    let (offset, line) = place(start)
    let window = window
    try bad.add(
      name: window.name, offset: offset, line: line, reason: reason,
      raw: window.bytes.extracting(start..<Int(finder.ends[row])))
  }

  /// Where a place of the window is in the input.
  private func place(_ position: Int) -> (offset: Int64, line: Int64) {
    let offset = window.sourceOffset(at: position)
    guard !origins.isEmpty else { return (offset, window.line(at: position)) }
    var (low, high) = (0, origins.count)
    while low + 1 < high {
      let middle = (low + high) / 2
      if origins[middle].start <= offset { low = middle } else { high = middle }
    }
    return (origins[low].offset + offset - origins[low].start, origins[low].line)
  }

  /// Where a row of the last table begins in the window.
  func rowStart(_ row: Int, of count: Int) -> Int { Int(finder.starts[readyStart - count + row]) }

  /// A row of the last table as it stands in the input.
  func text(_ row: Int, of count: Int) -> String {
    let row = readyStart - count + row
    let window = window
    return window.bytes.extracting(Int(finder.starts[row])..<Int(finder.ends[row])).string
  }

  /// Reports a row of the last table as bad after the fact.
  func reportGiven(_ row: Int, of count: Int, _ reason: String) throws { try report(readyStart - count + row, reason) }

  // MARK: reading

  /// Has simdjson read the found rows, or more; false at the end.
  private func readRows() throws -> Bool {
    while next == finder.starts.count {
      next = 0
      guard try finder.find() else { return false }
      if !isDecided { decide() }
    }
    stride = max(columnCount, 1)
    var attempts = 0
    while true {
      let count = min(finder.starts.count - next, max(1, JSONBlocks.maxFields / stride))
      found.makeRoom(count, stride: stride)
      let done = read(count)
      if columnCount > Limits.columns { throw Limits.tooManyColumns(window.name) }
      attempts += 1
      // New members: once more with room for them, so that types are found over as many rows as possible.
      if done < count, done == 0 || attempts < JSONBlocks.maxAttempts {
        stride = columnCount
        continue
      }
      readBase = next
      readyStart = next
      ready = done
      next += done
      return true
    }
  }

  /// The name of the column when rows are no objects.
  private static let valueColumn = "value"

  /// Whatever the first row is.
  func expectObjects() { isDecided = true }

  /// The first row that is JSON tells whether rows are objects; otherwise each is a value of one column.
  private func decide() {
    let window = window
    let bytes = window.bytes
    for row in finder.starts.indices where finder.faults[row] == nil {
      let start = Int(finder.starts[row])
      isDecided = bytes[start] == UInt8(ascii: "{")
      if isDecided { return }
      let text = bytes.extracting(start..<Int(finder.ends[row]))
      guard JSONText.isValid(text, depth: options.maxDepth) else { continue }
      isDecided = true
      return rows.takeValues(JSONBlocks.valueColumn)
    }
  }

  /// 2^20 fields of 8 bytes: what bounds memory when rows have thousands of columns.
  private static let maxFields = 1 << 20
  /// So often a window is read anew when it brings new members.
  private static let maxAttempts = 8

  private func read(_ count: Int) -> Int { read(next..<next + count, &found) }

  private func read(_ places: Range<Int>, _ found: inout Found) -> Int {
    let (window, starts, ends) = (window, finder.starts, finder.ends)
    return rows.read(
      window.padded(by: Scan.slack), starts.span.extracting(places), ends.span.extracting(places), &found.fields,
      stride: stride, &found.status)
  }
}
