/// Collects the buffers of a batch for one message, without copying those that can be written as they lie in memory.
struct BodyWriter {
  /// Length and null count of each array, depth first.
  private(set) var nodes: [Int64] = []
  /// Position and length of each buffer in the body.
  private(set) var buffers: [Int64] = []
  /// What to write, in order.
  private(set) var parts: [Buffer] = []
  /// In bytes, a multiple of the alignment.
  private(set) var length = 0
  private let compressor: BufferCompressor?
  private let zeros: Buffer

  /// - Parameter zeros: as many as the alignment has bytes.
  init(_ batch: RecordBatch, compressor: BufferCompressor?, zeros: Buffer) {
    self.compressor = compressor
    self.zeros = zeros
    for column in batch.columns { add(column) }
  }

  var nodeCount: Int { nodes.count / 2 }
  var bufferCount: Int { buffers.count / 2 }

  private mutating func add(_ column: Column) {
    nodes.append(Int64(column.count))
    nodes.append(Int64(column.nullCount))
    if let validity = column.validity {
      add(bits: validity, column)
    } else {
      add(.empty)
    }
    if case .offsetTimestamp = column.type { return addOffsetTimestamps(column) }
    switch column.type.layout {
    case .bits: add(bits: column.values, column)
    case .fixed(let width):
      add(column.count == 0 ? .empty : column.values.slice(column.offset * width, column.count * width))
    case .variable:
      let range = addOffsets(column)
      add(column.values.slice(range.lowerBound, range.count))
    case .list:
      let range = addOffsets(column)
      if let child = column.children.first { add(child.slice(range.lowerBound, range.count)) }
    }
  }

  /// The two fields of the struct, which have no NULL of their own.
  private mutating func addOffsetTimestamps(_ column: Column) {
    let (instants, minutes) = OffsetTimestamp.parts(of: column)
    for part in [instants, minutes] {
      nodes += [Int64(column.count), 0]
      add(.empty)
      add(part)
    }
  }

  /// Offsets from 0 on; returns what they reach over.
  private mutating func addOffsets(_ column: Column) -> Range<Int> {
    guard let buffer = column.offsets else {
      add(Buffer(copying: [Int32(0)]))
      return 0..<0
    }
    let view = ColumnView(column)
    let offsets = view.offsets
    let (first, last) = (offsets[0], offsets[column.count])
    if first == 0 {
      add(buffer.slice(column.offset * 4, (column.count + 1) * 4))
    } else {
      add(Buffer(copying: offsets.indices.map { offsets[$0] &- first }))
    }
    return Int(first)..<Int(last)
  }

  private mutating func add(bits: Buffer, _ column: Column) {
    if column.offset & 7 == 0 {
      add(bits.slice(column.offset / 8, (column.count + 7) / 8))
    } else {
      add(Bitmap.copy(bits, from: column.offset, count: column.count))
    }
  }

  private mutating func add(_ bytes: Buffer) {
    let bytes = bytes.count > 0 ? compressor?.compress(bytes) ?? bytes : bytes
    buffers.append(Int64(length))
    buffers.append(Int64(bytes.count))
    if bytes.count == 0 { return }
    parts.append(bytes)
    let padding = -bytes.count & (ArrowFormat.alignment - 1)
    if padding > 0 { parts.append(zeros.slice(0, padding)) }
    length += bytes.count + padding
  }
}
