internal import Records

/// Rows of CSV that have as many fields as the header.
struct CSVTable: FieldTable, ~Copyable, ~Escapable {
  static let isTagged = false

  /// All positions count from here; more bytes follow the last row.
  let text: Span<UInt8>
  /// The separators, `columns` a row, the last of them the line end.
  let positions: Span<UInt32>
  let columns: Int
  /// Where the first row starts.
  let firstStart: Int
  let count: Int
  let nulls: NullWords
  private let format: CSVFormat
  private let separatorLength: Int
  private let lineEndLength: Int
  /// The quote's first byte, 0 for none.
  private let quote: UInt8
  private var scratch = ByteBuffer()

  @_lifetime(copy text, copy positions)
  init(
    text: Span<UInt8>, positions: Span<UInt32>, columns: Int, firstStart: Int, count: Int,
    nulls: NullWords, format: CSVFormat
  ) {
    precondition(count * columns <= positions.count, "fewer separators than fields")
    self.text = text
    self.positions = positions
    self.columns = columns
    self.firstStart = firstStart
    self.count = count
    self.nulls = nulls
    self.format = format
    separatorLength = format.separator.count
    lineEndLength = format.lineEnd.count
    quote = format.quoteByte
  }

  @_lifetime(copy self)
  func copy() -> CSVTable { slice(0..<count) }

  @_lifetime(copy self)
  func slice(_ rows: Range<Int>) -> CSVTable {
    CSVTable(
      text: text, positions: positions.extracting(droppingFirst: rows.lowerBound * columns), columns: columns,
      firstStart: rowStart(rows.lowerBound), count: rows.count, nulls: nulls, format: format)
  }

  var byteCount: Int { count == 0 ? 0 : Int(positions[count * columns - 1]) + 1 - firstStart }

  /// The place of a separator.
  @inline(__always)
  private func position(_ index: Int) -> Int { unsafe Int(positions[unchecked: index]) }

  /// Where a row starts: behind the line end of the one before.
  @inline(__always)
  func rowStart(_ row: Int) -> Int {
    if row == 0 { return firstStart }
    return CSVFormat.behindLineEnd(text, position(row * columns - 1), lineEndLength)
  }

  @inline(__always)
  @_lifetime(copy self)
  func raw(_ row: Int, _ column: Int) -> FieldText {
    precondition(UInt(bitPattern: row) < UInt(bitPattern: count), "a row outside of the table")
    precondition(UInt(bitPattern: column) < UInt(bitPattern: columns), "a field outside of the row")
    // The places are C's, in ascending order and inside of the text. A look at the bounds of each took 10 % more
    // instructions for a file of texts.
    let index = row &* columns &+ column
    let start = column == 0 ? rowStart(row) : position(index &- 1) &+ separatorLength
    return unsafe FieldText(text.extracting(unchecked: start..<position(index)), .bare)
  }

  @inline(__always)
  @_lifetime(&self)
  mutating func field(_ row: Int, _ column: Int) -> FieldText {
    let field = raw(row, column)
    if field.count > 0, field.bytes[0] == quote, quote != 0 { return unquote(field) }
    return unsafe _overrideLifetime(FieldText(field.bytes, nulls.contains(field) ? .null : .bare), mutating: &self)
  }

  /// The text between the quotes; pairs of quotes become one in a copy.
  @inline(never)
  @_lifetime(&self)
  private mutating func unquote(_ field: FieldText) -> FieldText {
    if format.quote.count > 1 { return unquoteAny(field) }
    let rest = field.bytes.extracting(droppingFirst: 1)
    let inner = rest.extracting(droppingLast: 1)
    if !rest.isEmpty, rest[inner.count] == quote, Scan.isFree(of: quote, inner) || !inner.contains(quote) {
      return unsafe _overrideLifetime(FieldText(inner, .quoted), mutating: &self)
    }
    scratch.removeAll()
    var at = 0
    let end = rest.count
    while at < end {
      if rest[at] == quote {
        at += 1
        if at < end, rest[at] == quote {
          scratch.append(byte: quote)
          at += 1
        } else {
          // Behind the closing quote: extra characters, where they are allowed.
          if at < end { scratch.append(rest.extracting(droppingFirst: at)) }
          break
        }
      } else {
        scratch.append(byte: rest[at])
        at += 1
      }
    }
    return FieldText(scratch.span, .quoted)
  }

  /// The same for a quote of several bytes, which the field may only seem to begin with.
  @_lifetime(&self)
  private mutating func unquoteAny(_ field: FieldText) -> FieldText {
    let quote = format.quote
    let bytes = field.bytes
    guard bytes.starts(with: quote) else {
      return unsafe _overrideLifetime(FieldText(bytes, nulls.contains(field) ? .null : .bare), mutating: &self)
    }
    scratch.removeAll()
    var at = quote.count
    while at < bytes.count {
      if bytes.extracting(droppingFirst: at).starts(with: quote) {
        at += quote.count
        // Behind the closing quote: extra characters, where they are allowed.
        guard bytes.extracting(droppingFirst: at).starts(with: quote) else { break }
      }
      scratch.append(byte: bytes[at])
      at += 1
    }
    if at < bytes.count { scratch.append(bytes.extracting(droppingFirst: at)) }
    return FieldText(scratch.span, .quoted)
  }
}

/// The texts that mean NULL.
struct NullWords {
  private let words: [[UInt8]]
  /// Bit n: some word is n bytes long; the last bit stands for all longer ones.
  private let lengths: UInt64

  init(_ texts: [String]) {
    words = texts.map { Array($0.utf8) }
    lengths = words.reduce(0) { $0 | 1 << UInt64(min($1.count, 63)) }
  }

  @inline(__always)
  func contains(_ field: FieldText) -> Bool {
    lengths >> UInt64(min(field.count, 63)) & 1 != 0 && matches(field)
  }

  @inline(never)
  private func matches(_ field: FieldText) -> Bool {
    for word in words where field.bytes.isExactly(word) { return true }
    return false
  }
}
