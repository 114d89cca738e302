internal import CScan
internal import Glibc
internal import Records

/// The finished texts of some rows of one column, in one piece, ready to be put into rows.
@safe final class CellBlock {
  private(set) var base: UnsafePointer<UInt8>
  /// Where each text starts and, one further, ends.
  private(set) var offsets: UnsafePointer<Int32>
  /// What stands around each text.
  var before: [UInt8] = []
  var after: [UInt8] = []
  private var ownOffsets: UnsafeMutablePointer<Int32>
  private var room: Int
  private var text = TextBuffer(capacity: 1 << 14)

  init() {
    room = CellBlock.rows + 1
    unsafe ownOffsets = .allocate(capacity: room)
    unsafe ownOffsets.initialize(repeating: 0, count: room)
    unsafe offsets = unsafe UnsafePointer(ownOffsets)
    unsafe base = unsafe UnsafePointer(ownOffsets).withMemoryRebound(to: UInt8.self, capacity: 1) { unsafe $0 }
  }

  deinit { unsafe ownOffsets.deallocate() }

  /// Uses texts that lie in memory already, with `slack` readable bytes behind them; they must outlive the block's use.
  func borrow(_ start: UnsafeRawPointer, _ offsets: UnsafePointer<Int32>) {
    unsafe base = unsafe start.assumingMemoryBound(to: UInt8.self)
    unsafe self.offsets = unsafe offsets
  }

  /// Has the texts written: `body` appends them to the buffer and notes their ends.
  func write(_ body: (inout TextBuffer, UnsafeMutablePointer<Int32>) -> Void) {
    text.removeAll()
    unsafe ownOffsets[0] = 0
    unsafe body(&text, ownOffsets + 1)
    // Rows are put together with copies of 16 bytes: that many must be readable behind the last text.
    _ = unsafe text.reserve(CellBlock.slack)
    unsafe base = unsafe text.bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? base
    unsafe offsets = unsafe UnsafePointer(ownOffsets)
  }

  static let slack = 16
  /// Rows that are put together at a time: their cells stay in the first- and second-level cache.
  static let rows = 512
}

/// Puts the cells of several columns together, row by row.
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
  static func append(_ blocks: [CellBlock], rows: Int, lineEnd: [UInt8], to out: inout TextBuffer) {
    // The constant texts, padded so that short ones can be copied as 16 bytes.
    var constants = TextBuffer()
    var places: [(Int, Int)] = []
    for (index, block) in blocks.enumerated() {
      let after = index == blocks.count - 1 ? block.after + lineEnd : block.after
      for text in [block.before, after] {
        places.append((constants.count, text.count))
        unsafe text.withUnsafeBytes { unsafe constants.append(bytes: $0) }
        for _ in 0..<CellBlock.slack { constants.append(byte: 0) }
      }
    }
    guard let texts = unsafe constants.bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
    let pieces = blocks.enumerated().map { index, block in
      unsafe Piece(
        base: block.base, offsets: block.offsets, before: texts + places[index * 2].0,
        beforeCount: places[index * 2].1, after: texts + places[index * 2 + 1].0,
        afterCount: places[index * 2 + 1].1)
    }
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
    _ = consume constants
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
