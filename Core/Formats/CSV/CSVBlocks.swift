internal import CScan
internal import Records

/// Cuts CSV text into runs of rows with the right number of fields; all others go to `bad`.
final class CSVBlocks {
  let window: ByteWindow
  let format: CSVFormat
  private let options: CSVReadOptions
  private let bad: BadRows
  private let nulls: NullWords
  /// Fields a row must have; nil until the first row says it.
  var columns: Int?
  /// The header's columns without the unnamed ones at its end: rows may do without them too.
  var namedColumns: Int?
  /// Rows that were seen, good and bad.
  private(set) var rowCount = 0

  private var places = CSVPlaces()
  /// Rows found in the window, and which of them comes next.
  private var found = 0
  private var next = 0
  /// What is wrong with rows of the window, beside their number of fields.
  private var flaws: [Int: Flaw] = [:]
  /// A malformed quote stands behind the found rows: the next row is walked byte by byte.
  private var isIrregular = false
  /// A row was found to have no end. Every line end up to here in the input lies within its quotes; so a later line
  /// whose end is within quotes is within the same ones, and has no end either. That keeps a file of which every line
  /// opens a quote from being read to its end for each of them.
  private var openUntil: Int64 = 0
  /// Rows that are still to be left out, whatever they hold.
  private var toSkip = 0
  /// What cannot be read is the header.
  private var isHeader = false

  private enum Flaw { case text, size }

  init(_ window: ByteWindow, _ options: CSVReadOptions, _ bad: BadRows) throws {
    self.window = window
    self.options = options
    self.bad = bad
    nulls = NullWords(options.nullValues)
    format = try CSVFormat(
      separator: options.fieldSeparator, quote: options.textDelimiter, lineEnd: options.lineDelimiter)
    window.lineEnd = format.lineEnd
  }

  /// The next run of at most `limit` rows, nil at the end. It is valid until the next call.
  @_lifetime(borrow self)
  func nextTable(limit: Int) throws -> CSVTable? {
    while true {
      if next == found {
        guard try findRows() else { return nil }
        continue
      }
      let first = next
      let width = allowedWidth(fieldCount(first))
      let start = rowStart(first)
      var end = first
      while end < found, end - first < limit, fieldCount(end) == width, flaws.isEmpty || flaws[end] == nil {
        end += 1
      }
      // A line without any character is not a row of one empty field when rows have more.
      if end > first, options.skipEmptyRows, width == 1 { end = first + nonEmptyRows(first, end) }
      if end > first {
        next = end
        rowCount += end - first
        return table(first, columns: width, firstStart: start, count: end - first, nulls)
      }
      next += 1
      try refuse(first, start)
    }
  }

  @_lifetime(borrow self)
  private func table(_ first: Int, columns: Int, firstStart: Int, count: Int, _ nulls: NullWords) -> CSVTable {
    let window = window
    let positions = places.positions.span.extracting(droppingFirst: places.first(first))
    return unsafe CSVTable(
      text: _overrideLifetime(window.padded, borrowing: self), positions: _overrideLifetime(positions, borrowing: self),
      columns: columns, firstStart: firstStart, count: count, nulls: nulls, format: format)
  }

  /// The row's own width where it may have it, else the one it should have.
  private func allowedWidth(_ fields: Int) -> Int {
    guard let columns else {
      columns = fields
      return fields
    }
    if fields == namedColumns || (options.fillMissing && fields < columns) { return fields }
    return columns
  }

  /// Puts the rows of the last table back, to be read again.
  func putBack(_ rows: Int) {
    next -= rows
    rowCount -= rows
  }

  /// Leaves out rows, whatever they hold.
  func skip(_ rows: Int) throws {
    toSkip = rows
    while toSkip > 0 {
      if next == found, try !findRows() { break }
      // A row that has no end was left out meanwhile.
      if toSkip == 0 { break }
      next += 1
      toSkip -= 1
    }
    toSkip = 0
  }

  /// The next row's fields as texts, whatever their number; it becomes the number all rows must have.
  func header() throws -> [String]? {
    isHeader = true
    defer { isHeader = false }
    guard try findFirst() else { return nil }
    let width = fieldCount(next)
    if width > Limits.columns { throw Limits.tooManyColumns(window.name) }
    columns = width
    var table = table(next, columns: width, firstStart: rowStart(next), count: 1, NullWords([]))
    if let flaw = flaws[next] { throw badHeader(text(of: flaw)) }
    next += 1
    var names: [String] = []
    for column in 0..<width { names.append(table.field(0, column).bytes.string) }
    return names
  }

  /// Goes to the first row that is not left out; false when there is none.
  private func findFirst() throws -> Bool {
    while true {
      if next == found, try !findRows() { return false }
      guard options.skipEmptyRows, isEmptyLine(next) else { return true }
      next += 1
    }
  }

  private func badHeader(_ reason: String) -> Failure {
    Failure(
      .data, "reading the header of '\(window.name)': \(reason)",
      hint: "Look at 'charset', 'textDelimiter' and 'skipLines', or set 'header' to false")
  }

  /// How many fields rows have where none is the header: as many as the first; nil when there is none.
  func firstWidth() throws -> Int? {
    guard try findFirst() else { return nil }
    columns = fieldCount(next)
    return columns
  }

  /// How many rows from `first` on are not empty lines.
  private func nonEmptyRows(_ first: Int, _ end: Int) -> Int {
    for row in first..<end where isEmptyLine(row) { return row - first }
    return end - first
  }

  private func isEmptyLine(_ row: Int) -> Bool {
    fieldCount(row) == 1 && places.end(row) == rowStart(row)
  }

  private func fieldCount(_ row: Int) -> Int { places.fieldCount(row) }

  private func rowStart(_ row: Int) -> Int {
    let window = window
    return row == 0 ? 0 : format.behindLineEnd(window.padded, places.end(row - 1))
  }

  private func refuse(_ row: Int, _ start: Int) throws {
    let end = places.end(row)
    if options.skipEmptyRows, isEmptyLine(row) { return }
    let reason = flaws[row].map(text) ?? "expected \(columns ?? 0) fields, found \(fieldCount(row))"
    try report(start, end, reason)
  }

  private func text(of flaw: Flaw) -> String {
    switch flaw {
    case .text: "it has bytes that are not \(options.charset)"
    case .size: "a field is longer than \(options.maxFieldSize) bytes, what 'maxFieldSize' allows"
    }
  }

  private func report(_ start: Int, _ end: Int, _ reason: String) throws {
    if isHeader { throw badHeader(reason) }
    if toSkip > 0 {
      toSkip -= 1
      return
    }
    rowCount += 1
    let window = window
    try report(window.bytes.extracting(start..<end), at: start, reason)
  }

  /// Reports a row of the last table as bad after the fact.
  func reportGiven(_ row: Int, of count: Int, _ reason: String) throws {
    let place = next - count + row
    let start = rowStart(place)
    let end = places.end(place)
    let window = window
    try report(window.bytes.extracting(start..<end), at: start, reason)
  }

  private func report(_ raw: Span<UInt8>, at start: Int, _ reason: String) throws {
    try bad.add(
      name: window.name, offset: window.sourceOffset(at: start), line: window.line(at: start), reason: reason,
      raw: raw)
  }

  // MARK: finding rows

  /// Finds rows in the window, reading on where it holds no whole one; false at the end.
  private func findRows() throws -> Bool {
    let window = window
    dropFound()
    while true {
      let limit = usable
      if limit > 0 {
        if isIrregular || window.offset < openUntil {
          let isDone = try walkRow(limit)
          if found > 0 { return true }
          if isDone { continue }
        } else {
          let result = format.scan.findRows(window.padded, limit, &places)
          found = result.rows
          isIrregular = result.scanned < limit
          if found > 0 {
            if try keepRows() { return true }
            continue
          }
          if isIrregular { continue }
        }
        // The longest row that is allowed, and what ends it, do not lie among so many bytes.
        if limit >= options.maxRowSize + max(1, format.lineEnd.count) {
          try dropLongLine()
          continue
        }
      }
      // At the end a last CR counts: once more.
      let wasComplete = window.isComplete
      if try window.fill() || !wasComplete { continue }
      if window.count == 0 { return false }
      if endsWithinQuotes() {
        openUntil = .max
        try dropOpenLine()
      } else {
        window.endLastLine(format.lineEnd)
      }
    }
  }

  /// A CR at the end may be half of a CRLF.
  private var usable: Int {
    let count = window.count
    let mayBeHalf = format.lineEnd.isEmpty && count > 0 && !window.isComplete && window[count - 1] == 0x0D
    return mayBeHalf ? count - 1 : count
  }

  private func dropFound() {
    if found > 0 { window.consume(rowStart(found)) }
    found = 0
    next = 0
    flaws = [:]
  }

  /// Walks one row byte by byte: one that has a quote where RFC 4180 has none, or may have one that is never closed.
  /// False when its end is not among the first `limit` bytes; a bad row is reported and dropped.
  private func walkRow(_ limit: Int) throws -> Bool {
    let window = window
    let line = window.offset < openUntil ? lineLength() : limit
    let isWithinOpenRow = line < limit && window.offset + Int64(line) < openUntil
    let count = isWithinOpenRow ? line + max(1, format.lineEnd.count) : limit
    let row = format.scan.walkRow(window.padded, count, &places)
    if row.end == count {
      if isWithinOpenRow { try dropOpenLine() }
      return isWithinOpenRow
    }
    isIrregular = false
    if row.status == scan_row_extra, !options.allowExtraCharsAfterClosingQuote, row.end <= options.maxRowSize {
      try report(0, row.end, "characters between a closing quote and the next '\(options.fieldSeparator)'")
      window.consume(format.behindLineEnd(window.padded, row.end))
    } else {
      places.setRow(separators: row.separators)
      found = 1
      _ = try keepRows()
    }
    return true
  }

  /// Cuts the found rows off in front of one that is too long, and looks for what is wrong with the others. False when
  /// none is left: the first was too long.
  private func keepRows() throws -> Bool {
    let isLong = places.end(found - 1) > min(options.maxFieldSize, options.maxRowSize)
    if isLong {
      for row in 0..<found {
        let length = places.end(row) - rowStart(row)
        if length > options.maxRowSize {
          found = row
          isIrregular = false
          break
        }
        if length > options.maxFieldSize, longestField(row) > options.maxFieldSize { flaws[row] = .size }
      }
    }
    if found == 0 {
      try dropLongLine()
      return false
    }
    try checkText()
    return true
  }

  private func longestField(_ row: Int) -> Int {
    var start = rowStart(row)
    var longest = 0
    let first = places.first(row)
    for index in first..<first + fieldCount(row) {
      let end = Int(places.positions[index])
      longest = max(longest, end - start)
      start = end + format.separator.count
    }
    return longest
  }

  /// Notes the rows with bytes that are not UTF-8.
  private func checkText() throws {
    let end = places.end(found - 1)
    let window = window
    let bytes = window.bytes
    if Scan.isASCII(bytes.extracting(first: end)) { return }
    var at = 0
    var row = 0
    while at < end {
      guard let place = UTF8Text.firstInvalid(bytes.extracting(at..<end)) else { return }
      while places.end(row) < at + place { row += 1 }
      if flaws[row] == nil { flaws[row] = .text }
      at = places.end(row)
      row += 1
      if row == found { return }
    }
  }

  // MARK: rows without an end

  /// A row that is too long may have no end. A line in the first half of what was looked at has none, either, when it
  /// is within quotes at its end: its row is too long, or nearly so.
  private func dropLongLine() throws {
    openUntil = max(openUntil, window.offset + Int64(options.maxRowSize / 2))
    try dropOpenLine()
  }

  /// A quote that is never closed spoils its own line only: reading goes on behind the next line end.
  private func dropOpenLine() throws {
    try dropLine(
      openUntil == .max
        ? "a quote is not closed before the end of the file" : "it is longer than \(options.maxRowSize) bytes")
  }

  /// Drops the line at the window's start, however long it is.
  private func dropLine(_ reason: String) throws {
    isIrregular = false
    // As much as is there in any case, however much is read at a time.
    try report(0, min(lineLength(), options.maxFieldSize, options.maxRowSize), reason)
    try format.dropLine(window)
  }

  private func lineLength() -> Int {
    let window = window
    return format.scan.lineEnd(window.padded, window.count)
  }

  private func endsWithinQuotes() -> Bool {
    let window = window
    return format.scan.walkRow(window.padded, window.count, &places).status == scan_row_open_quote
  }
}
