/// Structs and maps have no form of their own in Ferry: they become JSON texts with exact values.
extension ColumnMaker {
  func json(_ array: RawArray, _ start: Int, _ count: Int) throws -> Column {
    try checkElements(count)
    let offsets = Allocation(capacity: (count + 1) * 4)
    let ends = unsafe offsets.base.assumingMemoryBound(to: Int32.self)
    unsafe ends[0] = 0
    var out = TextBuffer(capacity: min(count * 32, 1 << 20))
    if array.plan.storage == .map {
      try unsafe appendMaps(array, start, count, &out, ends)
    } else {
      try unsafe appendStructs(array, start, count, &out, ends)
    }
    let column = unsafe finish(
      array, start, count, values: Buffer(copying: out.bytes), offsets: Buffer(offsets, count: (count + 1) * 4))
    try checkJSON(column, array, start)
    return column
  }

  private func appendStructs(
    _ array: RawArray, _ start: Int, _ count: Int, _ out: inout TextBuffer, _ ends: UnsafeMutablePointer<Int32>
  ) throws {
    let fields = try array.children.map { TextFormatter(try column($0, start, count)) }
    var keys: [[UInt8]] = []
    for child in array.plan.children {
      var key = TextBuffer()
      JSONText.append(text: child.name, to: &key)
      key.append(byte: UInt8(ascii: ":"))
      unsafe keys.append(Array(key.bytes))
    }
    for row in 0..<count {
      if array.isValid(start + row) {
        out.append(byte: UInt8(ascii: "{"))
        for index in fields.indices {
          if index > 0 { out.append(byte: UInt8(ascii: ",")) }
          unsafe keys[index].withUnsafeBytes { unsafe out.append(bytes: $0) }
          fields[index].appendJSON(row, to: &out)
        }
        out.append(byte: UInt8(ascii: "}"))
      }
      try unsafe close(row, out.count, ends)
    }
  }

  /// Objects, whose keys are the texts of the map's keys.
  private func appendMaps(
    _ array: RawArray, _ start: Int, _ count: Int, _ out: inout TextBuffer, _ ends: UnsafeMutablePointer<Int32>
  ) throws {
    let entries = unsafe array.buffers[0].start.assumingMemoryBound(to: Int32.self) + start
    let first = unsafe Int(entries[0])
    let length = unsafe Int(entries[count]) - first
    let keys = TextFormatter(try column(array.children[0].children[0], first, length))
    let values = TextFormatter(try column(array.children[0].children[1], first, length))
    var key = TextBuffer()
    for row in 0..<count {
      if array.isValid(start + row) {
        out.append(byte: UInt8(ascii: "{"))
        for entry in unsafe Int(entries[row]) - first..<Int(entries[row + 1]) - first {
          if unsafe entry > Int(entries[row]) - first { out.append(byte: UInt8(ascii: ",")) }
          key.removeAll()
          keys.append(entry, to: &key)
          unsafe JSONText.append(string: key.bytes, to: &out)
          out.append(byte: UInt8(ascii: ":"))
          values.appendJSON(entry, to: &out)
        }
        out.append(byte: UInt8(ascii: "}"))
      }
      try unsafe close(row, out.count, ends)
    }
  }

  private func close(_ row: Int, _ end: Int, _ ends: UnsafeMutablePointer<Int32>) throws {
    guard end <= min(maxBytes, ArrowFormat.Bound.jsonBytes) else { throw PieceTooLarge() }
    unsafe ends[row + 1] = Int32(truncatingIfNeeded: end)
  }

  /// Texts that claim to be JSON or numbers stand in the result as they are, so they must be what they claim.
  private func checkJSON(_ column: Column, _ array: RawArray, _ start: Int) throws {
    guard array.plan.hasClaimedJSON else { return }
    for row in 0..<column.count where unsafe !column.isNull(row) && !JSONText.isValid(column.bytes(row)) {
      throw failure(array, "a text inside of the \(array.plan.typeName) is not JSON", row: start + row)
    }
  }
}

extension FieldPlan {
  /// Whether somewhere inside is a text whose type promises JSON or a number.
  fileprivate var hasClaimedJSON: Bool {
    children.contains { child in
      switch child.storage {
      case .structure, .map, .list, .largeList, .fixedList: child.hasClaimedJSON
      case .dictionary: true
      default: child.type == .json || child.type == .numeric
      }
    }
  }
}
