internal import CScan
internal import Records

/// Rows of CSV that have as many fields as the header.
@safe struct CSVTable: FieldTable, ~Copyable {
  static let isTagged = false

  /// All positions count from here.
  let base: UnsafePointer<UInt8>
  /// The separators, `columns` a row, the last of them the line end.
  let positions: UnsafePointer<UInt32>
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
  private var scratch = TextBuffer()

  init(
    base: UnsafePointer<UInt8>, positions: UnsafePointer<UInt32>, columns: Int, firstStart: Int, count: Int,
    nulls: NullWords, format: CSVFormat
  ) {
    unsafe self.base = unsafe base
    unsafe self.positions = unsafe positions
    self.columns = columns
    self.firstStart = firstStart
    self.count = count
    self.nulls = nulls
    self.format = format
    separatorLength = format.separator.count
    lineEndLength = format.lineEnd.count
    quote = format.quoteByte
  }

  func copy() -> CSVTable { slice(0..<count) }

  func slice(_ rows: Range<Int>) -> CSVTable {
    unsafe CSVTable(
      base: base, positions: positions + rows.lowerBound * columns, columns: columns,
      firstStart: rowStart(rows.lowerBound), count: rows.count, nulls: nulls, format: format)
  }

  var byteCount: Int { unsafe count == 0 ? 0 : Int(positions[count * columns - 1]) + 1 - firstStart }

  /// Where a row starts: behind the line end of the one before.
  @inline(__always)
  func rowStart(_ row: Int) -> Int {
    if row == 0 { return firstStart }
    return unsafe CSVFormat.behindLineEnd(base, Int(positions[row * columns - 1]), lineEndLength)
  }

  @inline(__always)
  func raw(_ row: Int, _ column: Int) -> FieldText {
    let index = row * columns + column
    let start = unsafe column == 0 ? rowStart(row) : Int(positions[index - 1]) + separatorLength
    return unsafe FieldText(start: base + start, count: Int(positions[index]) - start, kind: .bare)
  }

  @inline(__always)
  mutating func field(_ row: Int, _ column: Int) -> FieldText {
    var field = raw(row, column)
    if field.count > 0, unsafe field.start[0] == quote, quote != 0 { return unquote(field) }
    if nulls.contains(field) { field.kind = .null }
    return field
  }

  /// The text between the quotes; pairs of quotes become one in a copy.
  @inline(never)
  private mutating func unquote(_ field: FieldText) -> FieldText {
    if format.quote.count > 1 { return unquoteAny(field) }
    let inner = unsafe field.start + 1
    let length = field.count - 2
    if length >= 0, unsafe inner[length] == quote,
      unsafe scan_find_special(inner, length, quote, quote) == length
        || !contains(quote, inner, length)
    {
      return unsafe FieldText(start: inner, count: length, kind: .quoted)
    }
    scratch.removeAll()
    var at = 0
    let end = field.count - 1
    while at < end {
      if unsafe inner[at] == quote {
        at += 1
        if at < end, unsafe inner[at] == quote {
          scratch.append(byte: quote)
          at += 1
        } else {
          // Behind the closing quote: extra characters, where they are allowed.
          if at < end { unsafe scratch.append(inner + at, end - at) }
          break
        }
      } else {
        unsafe scratch.append(byte: inner[at])
        at += 1
      }
    }
    let text = unsafe scratch.bytes
    return unsafe FieldText(
      start: text.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? inner, count: text.count, kind: .quoted)
  }

  /// The same for a quote of several bytes, which the field may only seem to begin with.
  private mutating func unquoteAny(_ field: FieldText) -> FieldText {
    let quote = format.quote
    func isQuote(_ at: Int) -> Bool {
      guard at + quote.count <= field.count else { return false }
      for index in quote.indices where unsafe field.start[at + index] != quote[index] { return false }
      return true
    }
    var field = field
    guard isQuote(0) else {
      if nulls.contains(field) { field.kind = .null }
      return field
    }
    scratch.removeAll()
    var at = quote.count
    while at < field.count {
      if isQuote(at) {
        at += quote.count
        // Behind the closing quote: extra characters, where they are allowed.
        guard isQuote(at) else { break }
      }
      unsafe scratch.append(byte: field.start[at])
      at += 1
    }
    if at < field.count { unsafe scratch.append(field.start + at, field.count - at) }
    let text = unsafe scratch.bytes
    return unsafe FieldText(
      start: text.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? field.start, count: text.count, kind: .quoted)
  }

  private func contains(_ byte: UInt8, _ start: UnsafePointer<UInt8>, _ length: Int) -> Bool {
    for index in 0..<length where unsafe start[index] == byte { return true }
    return false
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
    words.contains { unsafe $0.count == field.count && $0.elementsEqual(field.bytes) }
  }
}
