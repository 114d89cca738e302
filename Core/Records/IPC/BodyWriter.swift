/// Collects the buffers of a batch for one message, without copying those that can be written as they lie in memory.
@safe struct BodyWriter {
  /// Length and null count of each array, depth first.
  private(set) var nodes: [Int64] = []
  /// Position and length of each buffer in the body.
  private(set) var buffers: [Int64] = []
  /// What to write, in order. Points into the batch and into `temporaries`.
  private(set) var parts: [UnsafeRawBufferPointer] = unsafe []
  /// In bytes, a multiple of the alignment.
  private(set) var length = 0
  private var temporaries: [Buffer] = []
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
      unsafe add(UnsafeRawBufferPointer(start: nil, count: 0))
    }
    if case .offsetTimestamp = column.type { return addOffsetTimestamps(column) }
    switch column.type.layout {
    case .bits: add(bits: column.values, column)
    case .fixed(let width):
      let start = unsafe column.values.start + column.offset * width
      unsafe add(UnsafeRawBufferPointer(start: start, count: column.count * width))
    case .variable:
      let range = addOffsets(column)
      unsafe add(UnsafeRawBufferPointer(start: column.values.start + range.lowerBound, count: range.count))
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
      unsafe add(UnsafeRawBufferPointer(start: nil, count: 0))
      addTemporary(part)
    }
  }

  /// Offsets from 0 on; returns what they reach over.
  private mutating func addOffsets(_ column: Column) -> Range<Int> {
    let offsets = unsafe column.offsetValues
    guard let first = unsafe offsets.first, let last = unsafe offsets.last else {
      let memory = Allocation(capacity: 4)
      unsafe memory.base.storeBytes(of: 0, as: Int32.self)
      addTemporary(Buffer(memory, count: 4))
      return 0..<0
    }
    if first == 0 {
      unsafe add(UnsafeRawBufferPointer(offsets))
    } else {
      let memory = Allocation(capacity: offsets.count * 4)
      let rebased = unsafe memory.base.assumingMemoryBound(to: Int32.self)
      for index in 0..<offsets.count { unsafe rebased[index] = unsafe offsets[index] &- first }
      addTemporary(Buffer(memory, count: offsets.count * 4))
    }
    return Int(first)..<Int(last)
  }

  private mutating func add(bits: Buffer, _ column: Column) {
    if column.offset & 7 == 0 {
      unsafe add(UnsafeRawBufferPointer(start: bits.start + column.offset / 8, count: (column.count + 7) / 8))
    } else {
      unsafe addTemporary(Bitmap.copy(bits.start, from: column.offset, count: column.count))
    }
  }

  private mutating func addTemporary(_ buffer: Buffer) {
    temporaries.append(buffer)
    unsafe add(buffer.bytes)
  }

  private mutating func add(_ bytes: UnsafeRawBufferPointer) {
    var bytes = unsafe bytes
    if let compressor, unsafe !bytes.isEmpty {
      let compressed = unsafe compressor.compress(bytes)
      temporaries.append(compressed)
      unsafe bytes = unsafe compressed.bytes
    }
    buffers.append(Int64(length))
    buffers.append(Int64(bytes.count))
    guard unsafe !bytes.isEmpty else { return }
    unsafe parts.append(bytes)
    let padding = -bytes.count & (ArrowFormat.alignment - 1)
    if padding > 0 { unsafe parts.append(zeros.slice(0, padding).bytes) }
    length += bytes.count + padding
  }
}
