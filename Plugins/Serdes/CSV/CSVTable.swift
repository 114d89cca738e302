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
  let quote: UInt8
  let nulls: NullWords
  var scratch = TextBuffer()

  func copy() -> CSVTable {
    unsafe CSVTable(
      base: base, positions: positions, columns: columns, firstStart: firstStart, count: count, quote: quote,
      nulls: nulls)
  }

  var byteCount: Int { unsafe count == 0 ? 0 : Int(positions[count * columns - 1]) + 1 - firstStart }

  /// Where a row starts: behind the line end of the one before.
  @inline(__always)
  func rowStart(_ row: Int) -> Int {
    if row == 0 { return firstStart }
    return unsafe CSVTable.behindLineEnd(base, Int(positions[row * columns - 1]))
  }

  @inline(__always)
  static func behindLineEnd(_ base: UnsafePointer<UInt8>, _ end: Int) -> Int {
    unsafe base[end] == 0x0D && base[end + 1] == 0x0A ? end + 2 : end + 1
  }

  @inline(__always)
  func raw(_ row: Int, _ column: Int) -> FieldText {
    let index = row * columns + column
    let start = unsafe column == 0 ? rowStart(row) : Int(positions[index - 1]) + 1
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
