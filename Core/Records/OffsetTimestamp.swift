/// A value of the type `offsetTimestamp`, as it lies in memory. Two values are equal when instant *and* offset are; in
/// order of time they are ordered by their instants.
@frozen
public struct OffsetTimestamp: BitwiseCopyable, Hashable, Sendable {
  /// Units since 1970-01-01T00:00:00Z; `Int64.max` and `.min` are ±infinity.
  public var instant: Int64
  /// How far the clock was ahead of UTC. SQL Server allows ±14:00, Arrow all of 16 bits.
  public var minutes: Int16
  /// Zeros, so that a value is 16 bytes without a gap.
  @usableFromInline var reserved16: Int16 = 0
  @usableFromInline var reserved32: Int32 = 0

  @inlinable
  public init(instant: Int64, minutes: Int16) {
    self.instant = instant
    self.minutes = minutes
  }
}

extension OffsetTimestamp {
  /// Instants and offsets of a column as a file keeps them: 64 and 16 bits a value, zeros under NULL.
  static func parts(of column: Column) -> (instants: Buffer, minutes: Buffer) {
    let instants = Allocation(capacity: column.count * 8)
    let minutes = Allocation(capacity: column.count * 2)
    let first = unsafe instants.base.assumingMemoryBound(to: Int64.self)
    let second = unsafe minutes.base.assumingMemoryBound(to: Int16.self)
    let values = unsafe column.fixed(OffsetTimestamp.self)
    for row in 0..<column.count {
      unsafe first[row] = unsafe values[row].instant
      unsafe second[row] = unsafe values[row].minutes
    }
    return (Buffer(instants, count: column.count * 8), Buffer(minutes, count: column.count * 2))
  }
}
