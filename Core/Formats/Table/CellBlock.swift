internal import CScan
internal import Glibc
internal import Records

/// The finished texts of some rows of one column, in one piece, ready to be put into rows.
@safe final class CellBlock {
  /// What stands around each text.
  var before: [UInt8] = []
  var after: [UInt8] = []
  private let ends: UnsafeMutablePointer<Int32>
  private var text = ByteBuffer(capacity: 1 << 14)
  /// A column whose texts are taken as they lie, and from which row on.
  private var borrowed: (column: Column, row: Int)?

  init() {
    unsafe ends = .allocate(capacity: CellBlock.rows + 1)
    unsafe ends.initialize(repeating: 0, count: CellBlock.rows + 1)
  }

  deinit { unsafe ends.deallocate() }

  /// Uses the texts of a column as they lie in memory; false where too little can be read behind them.
  func borrow(_ column: Column, _ rows: Range<Int>) -> Bool {
    let end = Int(ColumnView(column).offsets[rows.upperBound])
    guard end + CellBlock.slack <= column.values.count else { return false }
    borrowed = (column, rows.lowerBound)
    return true
  }

  /// Has the texts written: `body` appends them to the buffer and notes where each ends.
  func write(_ body: (inout ByteBuffer, inout MutableSpan<Int32>) -> Void) {
    borrowed = nil
    text.removeAll()
    let first = unsafe ends + 1
    var span = unsafe MutableSpan(_unsafeStart: first, count: CellBlock.rows)
    body(&text, &span)
    // Rows are put together with copies of 16 bytes: that many must be readable behind the last text.
    text.reserveCapacity(CellBlock.slack)
  }

  static let slack = 16
  /// Rows that are put together at a time: their cells stay in the first- and second-level cache.
  static let rows = 512

  /// Where the texts lie, and where each starts and, one further, ends.
  fileprivate var place: (UnsafePointer<UInt8>, UnsafePointer<Int32>)? {
    guard let (column, row) = borrowed else {
      let start = unsafe text.withUnsafeBytes { unsafe $0.baseAddress?.assumingMemoryBound(to: UInt8.self) }
      return unsafe start.map { unsafe ($0, UnsafePointer(ends)) }
    }
    return unsafe column.offsetValues.baseAddress.map {
      unsafe (column.values.start.assumingMemoryBound(to: UInt8.self), $0 + row)
    }
  }
}

/// Puts the cells of several columns together, row by row.
///
/// Over raw memory: a cell of up to 16 bytes is one copy of 16, of which the next one overwrites what is too much.
/// Spans would have neither the bytes behind a cell nor those behind the room.
struct RowAssembler {
  /// Bytes of text that go to the output at a time.
  static let flushSize = 1 << 18

  @safe private struct Piece {
    let base: UnsafePointer<UInt8>
    let offsets: UnsafePointer<Int32>
    let before: UnsafePointer<UInt8>
    let beforeCount: Int
    let after: UnsafePointer<UInt8>
    let afterCount: Int
  }

  /// Appends `rows` rows; the blocks' own texts stand around each cell, `lineEnd` behind the last.
  static func append(_ blocks: [CellBlock], rows: Int, lineEnd: [UInt8], to out: inout ByteBuffer) {
    // The constant texts, padded so that short ones can be copied as 16 bytes.
    var constants = ByteBuffer()
    var places: [(Int, Int)] = []
    for (index, block) in blocks.enumerated() {
      let after = index == blocks.count - 1 ? block.after + lineEnd : block.after
      for text in [block.before, after] {
        places.append((constants.count, text.count))
        constants.append(text)
        constants.append(repeating: 0, count: CellBlock.slack)
      }
    }
    unsafe constants.span.withUnsafeBufferPointer { texts in
      guard let texts = texts.baseAddress else { return }
      let pieces = blocks.enumerated().compactMap { index, block in
        unsafe block.place.map { base, offsets in
          unsafe Piece(
            base: base, offsets: offsets, before: texts + places[index * 2].0,
            beforeCount: places[index * 2].1, after: texts + places[index * 2 + 1].0,
            afterCount: places[index * 2 + 1].1)
        }
      }
      append(pieces, rows: rows, to: &out)
    }
  }

  private static func append(_ pieces: [Piece], rows: Int, to out: inout ByteBuffer) {
    unsafe pieces.withUnsafeBufferPointer { pieces in
      for row in 0..<rows {
        for position in 0..<pieces.count {
          let piece = unsafe pieces[position]
          let start = unsafe Int(piece.offsets[row])
          let length = unsafe Int(piece.offsets[row + 1]) - start
          let room = unsafe out.reserve(piece.beforeCount + length + piece.afterCount + 3 * CellBlock.slack)
          unsafe copy(piece.before, piece.beforeCount, to: room)
          unsafe copy(piece.base + start, length, to: room + piece.beforeCount)
          unsafe copy(piece.after, piece.afterCount, to: room + piece.beforeCount + length)
          out.advance(piece.beforeCount + length + piece.afterCount)
        }
      }
    }
  }

  /// Copies short texts as one piece of 16 bytes; what is too much is overwritten by the next text.
  @inline(__always)
  private static func copy(_ source: UnsafePointer<UInt8>, _ count: Int, to target: UnsafeMutablePointer<UInt8>) {
    if count <= 16 {
      let bytes = unsafe UnsafeRawPointer(source).loadUnaligned(as: SIMD16<UInt8>.self)
      unsafe UnsafeMutableRawPointer(target).storeBytes(of: bytes, as: SIMD16<UInt8>.self)
    } else {
      unsafe memcpy(target, source, count)
    }
  }
}
