internal import CSimdJSON
internal import Records

/// What was seen in rows: simdjson's columns, those of bad rows included.
struct JSONSeen {
  private var inference: [Inference] = []
  /// A good row has it.
  private var isUsed: [Bool] = []
  /// The used ones, in the order in which the rows have them: the buffer's size must not decide it.
  private var order: [Int] = []

  mutating func observe(_ table: inout JSONTable) {
    while inference.count < table.stride {
      inference.append(Inference(isTagged: true))
      isUsed.append(false)
    }
    var new: [(place: (Int, UInt32), column: Int)] = []
    for column in 0..<table.stride {
      if !isUsed[column], let place = table.firstMember(column) {
        isUsed[column] = true
        new.append((place, column))
      }
      for row in 0..<table.count { inference[column].observe(table.field(row, column)) }
    }
    order += new.sorted { $0.place < $1.place }.map(\.column)
  }

  /// Whether some good row has had it.
  func isUsed(_ column: Int) -> Bool { column < isUsed.count && isUsed[column] }

  /// The columns of all rows so far: those that were seen, with their given types where they have one, then the given
  /// ones that no row had.
  func schema(_ names: [String], _ options: JSONReadOptions) -> Schema {
    let fields = fields(names, options, given: options.columns, isWhole: true)
    let found = Set(fields.map { ExactText($0.name) })
    let missing = options.columns.keys.sorted().filter { !found.contains($0) }
    return Schema(fields + missing.map { Field($0.string, options.columns[$0] ?? .text) })
  }

  /// - Parameter isWhole: all rows were seen: columns that hold nothing but NULL are there as text.
  func fields(
    _ names: [String], _ options: JSONReadOptions, given: [ExactText: DataType], isWhole: Bool
  ) -> [Field] {
    let parents = JSONSeen.parents(order.map { names[$0] }, options)
    return order.compactMap { index in
      let name = names[index]
      let isEmpty = inference[index].isUndecided
      if isEmpty, !isWhole && given[ExactText(name)] == nil || parents.contains(name.exact) { return nil }
      return Field(name, given[ExactText(name)] ?? inference[index].type)
    }
  }

  /// What the names of flattened members begin with, but for columns that are asked for: members that are objects in
  /// some rows and otherwise `null`.
  static func parents(_ names: [String], _ options: JSONReadOptions) -> Set<ExactText> {
    guard options.flatten > 0 else { return [] }
    var parents: Set<ExactText> = []
    for name in names {
      for index in name.utf8.indices where name.utf8[index] == UInt8(ascii: ".") {
        parents.insert(String(name[..<index]).exact)
      }
    }
    return parents.subtracting(options.columns.keys)
  }
}
