/// Metadata of a message as it was read: FlatBuffers, each access checked against the bounds.
struct FlatBytes {
  let bytes: Buffer
  /// Where the first byte lies in the file.
  let base: Int64
  /// The file, for messages.
  let name: String

  func failure(_ what: String, at position: Int) -> Failure {
    Failure(.data, "reading '\(name)' at byte \(base + Int64(position)): \(what)")
  }

  /// A number at a position that must be inside.
  func load<T: FixedWidthInteger & BitwiseCopyable>(_ position: Int, as _: T.Type = T.self) throws -> T {
    guard position >= 0, position <= bytes.count - MemoryLayout<T>.size else {
      throw failure("the metadata points outside of itself", at: min(max(position, 0), bytes.count))
    }
    return unsafe T(littleEndian: bytes.span.bytes.unsafeLoadUnaligned(fromByteOffset: position, as: T.self))
  }

  /// The table that the buffer is about.
  func root() throws -> FlatTable {
    try FlatTable(self, at: Int(load(0, as: UInt32.self)))
  }

  /// What the reference at a position points to.
  func target(of position: Int) throws -> Int {
    position + Int(try load(position, as: UInt32.self))
  }
}

/// A FlatBuffers table: fields found through its vtable; an absent one has its default.
struct FlatTable {
  let source: FlatBytes
  let position: Int
  private let vtable: Int
  private let vtableSize: Int

  init(_ source: FlatBytes, at position: Int) throws {
    self.source = source
    self.position = position
    vtable = position - Int(try source.load(position, as: Int32.self))
    vtableSize = Int(try source.load(vtable, as: UInt16.self))
    guard vtableSize >= 4, vtable + vtableSize <= source.bytes.count else {
      throw source.failure("the metadata has a malformed table", at: position)
    }
  }

  func failure(_ what: String) -> Failure { source.failure(what, at: position) }

  /// Where a field lies, nil when it is absent.
  private func slot(_ index: Int) throws -> Int? {
    let entry = 4 + 2 * index
    guard entry + 2 <= vtableSize else { return nil }
    let offset = Int(try source.load(vtable + entry, as: UInt16.self))
    return offset == 0 ? nil : position + offset
  }

  func number<T: FixedWidthInteger & BitwiseCopyable>(_ index: Int, default value: T) throws -> T {
    guard let slot = try slot(index) else { return value }
    return try source.load(slot)
  }

  func bool(_ index: Int, default value: Bool = false) throws -> Bool {
    try number(index, default: value ? 1 as UInt8 : 0) != 0
  }

  func table(_ index: Int) throws -> FlatTable? {
    guard let slot = try slot(index) else { return nil }
    return try FlatTable(source, at: source.target(of: slot))
  }

  /// The bytes of a string.
  func text(_ index: Int) throws -> Buffer? {
    guard let vector = try vector(index, stride: 1) else { return nil }
    return source.bytes.slice(vector.start, vector.count)
  }

  func vector(_ index: Int, stride: Int) throws -> FlatVector? {
    guard let slot = try slot(index) else { return nil }
    let start = try source.target(of: slot)
    let count = Int(try source.load(start, as: UInt32.self))
    guard count <= (source.bytes.count - start - 4) / stride else {
      throw source.failure("the metadata has a list of \(count) entries, longer than itself", at: start)
    }
    return FlatVector(source: source, start: start + 4, count: count, stride: stride)
  }
}

/// A FlatBuffers vector that lies inside of the metadata.
struct FlatVector {
  let source: FlatBytes
  let start: Int
  let count: Int
  let stride: Int

  func table(_ index: Int) throws -> FlatTable {
    try FlatTable(source, at: source.target(of: start + index * stride))
  }

  /// A number inside of an element; the caller keeps to `count` and `stride`.
  func number<T: FixedWidthInteger & BitwiseCopyable>(_ index: Int, at offset: Int = 0, as _: T.Type) throws -> T {
    try source.load(start + index * stride + offset)
  }
}
