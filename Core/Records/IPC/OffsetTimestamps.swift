/// The storage of `arrow.timestamp_with_offset` to values: two fields of a struct, each in any unit or encoding.
extension ColumnMaker {
  func offsetTimestamps(_ array: RawArray, _ start: Int, _ count: Int) throws -> Column {
    let instants = try column(array.children[0], start, count)
    let offsets = try column(array.children[1], start, count)
    for part in [instants, offsets] where part.nullCount > 0 { try checkNulls(part, array, start) }
    let memory = Allocation(capacity: count * MemoryLayout<OffsetTimestamp>.stride)
    let target = unsafe memory.base.assumingMemoryBound(to: OffsetTimestamp.self)
    // Views keep converted parts alive as long as they are read.
    let first = ColumnView(instants).values(as: Int64.self)
    let second = ColumnView(offsets).values(as: Int16.self)
    for row in 0..<count {
      unsafe target[row] = OffsetTimestamp(instant: first[row], minutes: second[row])
    }
    return finish(
      array, start, count, values: Buffer(memory, count: count * MemoryLayout<OffsetTimestamp>.stride))
  }

  /// A value has both or is NULL itself: no instant can be made up for an offset, nor the other way round.
  private func checkNulls(_ part: Column, _ array: RawArray, _ start: Int) throws {
    for row in 0..<part.count where part.isNull(row) && array.isValid(start + row) {
      throw failure(array, "its timestamp or its offset is NULL, the value is not", row: start + row)
    }
  }
}
