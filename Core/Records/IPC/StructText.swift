/// Structs and maps have no form of their own in Ferry: they become JSON texts with exact values.
extension ColumnMaker {
  func json(_ array: RawArray, _ start: Int, _ count: Int) throws -> Column {
    try checkElements(count)
    var ends: [Int32] = [0]
    ends.reserveCapacity(count + 1)
    var out = ByteBuffer(capacity: min(count * 32, 1 << 20))
    if array.plan.storage == .map {
      try appendMaps(array, start, count, &out, &ends)
    } else {
      try appendStructs(array, start, count, &out, &ends)
    }
    let column = finish(
      array, start, count, values: Buffer(copying: out.span), offsets: Buffer(copying: ends))
    try checkJSON(column, array, start)
    return column
  }

  private func appendStructs(
    _ array: RawArray, _ start: Int, _ count: Int, _ out: inout ByteBuffer, _ ends: inout [Int32]
  ) throws {
    let fields = try array.children.map { TextFormatter(try column($0, start, count)) }
    var keys: [[UInt8]] = []
    for child in array.plan.children {
      var key = ByteBuffer()
      JSONText.append(text: child.name, to: &key)
      key.append(byte: UInt8(ascii: ":"))
      keys.append(key.array)
    }
    for row in 0..<count {
      if array.isValid(start + row) {
        out.append(byte: UInt8(ascii: "{"))
        for index in fields.indices {
          if index > 0 { out.append(byte: UInt8(ascii: ",")) }
          out.append(keys[index])
          fields[index].appendJSON(row, to: &out)
        }
        out.append(byte: UInt8(ascii: "}"))
      }
      try close(out.count, &ends)
    }
  }

  /// Objects, whose keys are the texts of the map's keys.
  private func appendMaps(
    _ array: RawArray, _ start: Int, _ count: Int, _ out: inout ByteBuffer, _ ends: inout [Int32]
  ) throws {
    let buffer = array.buffers[0]
    let offsets = buffer.values(as: Int32.self)
    let entries = offsets.extracting(start...start + count)
    let first = Int(entries[0])
    let length = Int(entries[count]) - first
    let keys = TextFormatter(try column(array.children[0].children[0], first, length))
    let values = TextFormatter(try column(array.children[0].children[1], first, length))
    var key = ByteBuffer()
    for row in 0..<count {
      if array.isValid(start + row) {
        out.append(byte: UInt8(ascii: "{"))
        for entry in Int(entries[row]) - first..<Int(entries[row + 1]) - first {
          if entry > Int(entries[row]) - first { out.append(byte: UInt8(ascii: ",")) }
          key.removeAll()
          keys.append(entry, to: &key)
          JSONText.append(string: key.span, to: &out)
          out.append(byte: UInt8(ascii: ":"))
          values.appendJSON(entry, to: &out)
        }
        out.append(byte: UInt8(ascii: "}"))
      }
      try close(out.count, &ends)
    }
  }

  private func close(_ end: Int, _ ends: inout [Int32]) throws {
    guard end <= min(maxBytes, ArrowFormat.Bound.jsonBytes) else { throw PieceTooLarge() }
    ends.append(Int32(truncatingIfNeeded: end))
  }

  /// Texts that claim to be JSON or numbers stand in the result as they are, so they must be what they claim.
  private func checkJSON(_ column: Column, _ array: RawArray, _ start: Int) throws {
    guard array.plan.hasClaimedJSON else { return }
    let view = ColumnView(column)
    for row in 0..<view.count where !view.isNull(row) && !JSONText.isValid(view.bytes(row)) {
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
