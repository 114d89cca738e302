internal import Records

/// Where the fields and rows of CSV text end.
struct CSVPlaces: ~Copyable {
  /// The place of each separator: those of a row one behind the other, the last of them its line end.
  var positions = ZeroedArray<UInt32>(count: 0)
  /// For each row the index of its line end.
  var rowEnds = ZeroedArray<UInt32>(count: 0)
  /// What C may write behind the last entry.
  private static let slack = 72

  /// Room for all that so many bytes can have.
  mutating func makeRoom(_ count: Int) {
    guard positions.count < count + CSVPlaces.slack else { return }
    let room = count + count / 4 + CSVPlaces.slack
    // What is there is not needed any more: never is the room for both.
    positions = ZeroedArray(count: 0)
    rowEnds = ZeroedArray(count: 0)
    positions = ZeroedArray(count: room)
    rowEnds = ZeroedArray(count: room)
  }

  /// The row that was walked is the only one.
  mutating func setRow(separators: Int) { rowEnds[0] = UInt32(separators - 1) }

  /// The index of a row's first separator.
  func first(_ row: Int) -> Int { row == 0 ? 0 : Int(rowEnds[row - 1]) + 1 }

  func fieldCount(_ row: Int) -> Int { Int(rowEnds[row]) + 1 - first(row) }

  /// Where a row's line end is.
  func end(_ row: Int) -> Int { Int(positions[Int(rowEnds[row])]) }
}
