package import Records

extension AvroSchema {
  /// The columns of a file's rows, none of its records flattened: those of a record, else one named `value`.
  package var columns: Schema {
    guard nodes[root].kind == .record else { return Schema([field("value", root, isNullable: false)]) }
    return Schema(nodes[root].members.map { field($0.columnName, $0.type, isNullable: false) })
  }

  /// - Parameter isNullable: what is around the value may be NULL.
  func field(_ name: String, _ index: Int, isNullable: Bool) -> Field {
    Field(name, columnType(index), nullable: isNullable || self.isNullable(index), sourceType: enumeration(index))
  }

  /// `enum('A','B')`, which a database can take for the column's type.
  private func enumeration(_ index: Int) -> String? {
    let parts = nodes[index].kind == .union ? nodes[index].parts.filter { nodes[$0].kind != .null } : [index]
    guard parts.count == 1, nodes[parts[0]].kind == .enumeration else { return nil }
    let quoted = nodes[parts[0]].symbols.map { symbol in
      "'" + symbol.map { $0 == "'" ? "''" : String($0) }.joined() + "'"
    }
    return "enum(\(quoted.joined(separator: ",")))"
  }

  /// The type of the column that a schema's type becomes.
  func columnType(_ index: Int) -> DataType {
    let node = nodes[index]
    switch node.kind {
    case .record, .map: return .json
    case .array: return listType(node.parts[0]).map(DataType.list) ?? .json
    case .union:
      let branches = node.parts.filter { nodes[$0].kind != .null }
      if branches.count == 1 { return columnType(branches[0]) }
      return branches.isEmpty ? .text : commonType(branches)
    default: return scalarType(node)
    }
  }

  /// The type of a list's elements; nil when they are not scalars.
  private func listType(_ index: Int) -> DataType? {
    let type = columnType(index)
    switch type {
    case .list: return nil
    case .json: return nodes[index].logical == .ferry(.json) ? type : nil
    default: return type
    }
  }

  /// Numbers of one kind that differ in width keep a type; other mixtures are JSON texts.
  private func commonType(_ branches: [Int]) -> DataType {
    let types = Set(branches.map { columnType($0) })
    if types.count == 1, let type = types.first, branches.allSatisfy({ isLeaf($0) }) { return type }
    if types == [.int32, .int64] { return .int64 }
    if types == [.float32, .float64] { return .float64 }
    return .json
  }

  /// Two records, maps or arrays are both JSON texts, but so is their union.
  private func isLeaf(_ index: Int) -> Bool {
    switch nodes[index].kind {
    case .record, .map, .array, .union: false
    default: true
    }
  }

  func scalarType(_ node: Node) -> DataType {
    switch node.logical {
    case .decimal(let precision, let scale):
      return precision <= 76 ? .decimal(precision: precision, scale: scale) : .numeric
    case .uuid: return .uuid
    case .date: return .date
    case .time: return .time(.microseconds)
    case .timestamp(let unit, let zoned): return .timestamp(unit == .nanos ? .nanoseconds : .microseconds, zoned: zoned)
    case .duration: return .interval
    case .ferry(let type): return type
    case nil: break
    }
    switch node.kind {
    case .boolean: return .bool
    case .int: return .int32
    case .long: return .int64
    case .float: return .float32
    case .double: return .float64
    case .bytes, .fixed: return .bytes
    case .string, .enumeration, .null: return .text
    case .record, .map, .array, .union: return .json
    }
  }

  /// Whether a value of the type may be NULL.
  func isNullable(_ index: Int) -> Bool {
    nodes[index].kind == .null || nodes[index].kind == .union && nodes[index].parts.contains { nodes[$0].kind == .null }
  }
}
