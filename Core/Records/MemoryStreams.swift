/// Bytes that are in memory already.
public final class MemoryInput: ByteInput {
  public let name: String
  public let size: Int64?
  private let bytes: [UInt8]
  private var position = 0

  /// - Parameter sizeIsKnown: false makes it behave like a pipe, whose end only shows when it is reached.
  public init(_ bytes: [UInt8], name: String = "memory", sizeIsKnown: Bool = true) {
    self.bytes = bytes
    self.name = name
    size = sizeIsKnown ? Int64(bytes.count) : nil
  }

  public func read(into room: inout OutputSpan<UInt8>) throws -> Int {
    let count = min(room.freeCapacity, bytes.count - position)
    let bytes = bytes
    room.append(bytes.span.extracting(position..<position + count))
    position += count
    return count
  }

  public func seek(to position: Int64) throws -> Bool {
    guard size != nil, position >= 0, position <= bytes.count else { return false }
    self.position = Int(position)
    return true
  }
}

/// Collects what is written.
public final class MemoryOutput: ByteOutput {
  public let name: String
  public private(set) var bytes: [UInt8] = []
  /// Whether `commit` was called.
  public private(set) var isCommitted = false

  public init(name: String = "memory") { self.name = name }

  public func write(_ bytes: Span<UInt8>) throws { self.bytes += bytes.array }

  public func commit() throws { isCommitted = true }
}
