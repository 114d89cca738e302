internal import Records

/// The columns of a file's rows and the steps that fill them.
struct AvroLayout {
  private(set) var fields: [Field] = []
  private(set) var ops: [AvroOp] = []
  /// Of the steps that go through the program.
  private(set) var actions: [AvroAction] = []
  /// Of the steps that need one.
  private(set) var builders: [ColumnBuilder] = []
  private let schema: AvroSchema
  /// What stands between the names of a record and of its field when it is flattened.
  private static let separator = "."

  /// Records that were flattened. A few types that refer to each other twice make more than there is memory.
  private var visits = 0

  /// Throws where there are more columns than memory for them.
  /// - Parameters:
  ///   - flatten: how many levels of nested records become columns of their own.
  ///   - input: the file's name.
  init(_ plan: AvroPlan, flatten: Int, input: String) throws {
    schema = plan.schema
    let root = schema[schema.root]
    if plan.root.kind == .record, root.kind == .record {
      ops = record(plan.root, root, prefix: "", flatten, isNullable: false)
    } else {
      ops = [value(plan.root, schema.root, name: "value", isNullable: false)]
    }
    if isFull { throw Limits.tooManyColumns(input) }
  }

  private var isFull: Bool { fields.count > Limits.columns || visits > Limits.columns }

  /// The steps for the fields of a record: columns in the order of the reader's schema, steps in the file's.
  private mutating func record(
    _ action: AvroAction, _ node: AvroSchema.Node, prefix: String, _ flatten: Int, isNullable: Bool
  ) -> [AvroOp] {
    visits += 1
    if isFull { return [] }
    var steps: [[AvroOp]] = Array(repeating: [], count: action.parts.count)
    for (place, member) in node.members.enumerated() where !isFull {
      guard let part = action.places.firstIndex(of: place) else { continue }
      steps[part] = self.member(action.parts[part], member, prefix: prefix, flatten, isNullable: isNullable)
    }
    for part in action.parts.indices where action.places[part] == nil {
      var op = AvroOp(.skip)
      op.slot = slot(action.parts[part])
      steps[part] = [op]
    }
    return steps.flatMap { $0 }
  }

  private mutating func member(
    _ action: AvroAction, _ member: AvroSchema.Member, prefix: String, _ flatten: Int, isNullable: Bool
  ) -> [AvroOp] {
    let name = prefix + member.columnName
    guard flatten > 0, let (inner, node) = flattened(action, member.type) else {
      return [value(action, member.type, name: name, isNullable: isNullable)]
    }
    let isOptional = action.kind == .union
    let steps = record(
      inner, node, prefix: name + AvroLayout.separator, flatten - 1, isNullable: isNullable || isOptional)
    guard isOptional else { return steps }
    var group = AvroOp(.group)
    group.size = steps.count
    setBranches(&group, action)
    return [group] + steps
  }

  /// The record that a field is, NULL or not; nil where it is something else.
  private func flattened(_ action: AvroAction, _ index: Int) -> (AvroAction, AvroSchema.Node)? {
    if action.kind == .record, schema[index].kind == .record { return (action, schema[index]) }
    guard let value = optional(action), value.kind == .record else { return nil }
    let parts = schema[index].kind == .union ? schema[index].parts : [index]
    let records = parts.filter { schema[$0].kind == .record }
    return records.count == 1 ? (value, schema[records[0]]) : nil
  }

  /// The value of a union with `null` and one thing else.
  private func optional(_ action: AvroAction) -> AvroAction? {
    guard action.kind == .union, action.parts.count == 2 else { return nil }
    let values = action.parts.filter { $0.kind != .null }
    return values.count == 1 ? values[0] : nil
  }

  private func setBranches(_ op: inout AvroOp, _ action: AvroAction) {
    op.isNullable = true
    op.nullBranch = action.parts[0].kind == .null ? 0 : 2
    op.valueBranch = 2 - op.nullBranch
  }

  private mutating func slot(_ action: AvroAction) -> Int {
    actions.append(action)
    return actions.count - 1
  }

  /// The step for a column.
  private mutating func value(_ action: AvroAction, _ index: Int, name: String, isNullable: Bool) -> AvroOp {
    let field = schema.field(name, index, isNullable: isNullable || action.isNullable)
    let type = field.type
    fields.append(field)
    var op: AvroOp
    if let value = optional(action), let fast = fast(value, type) {
      op = fast
      setBranches(&op, action)
    } else if let fast = fast(action, type) {
      op = fast
    } else {
      op = AvroOp(.slow)
      op.slot = slot(action)
      op.builder = builders.count
      builders.append(ColumnBuilder(type))
    }
    op.column = fields.count - 1
    return op
  }

  /// The step for what needs no builder.
  private mutating func fast(_ action: AvroAction, _ type: DataType) -> AvroOp? {
    if type == .json { return json(action) }
    guard action.type == type else { return nil }
    switch (action.kind, type) {
    case (.boolean, .bool): return AvroOp(.bool)
    case (.int, .int32), (.int, .date): return AvroOp(.int, width: 4)
    case (.int, .int64): return AvroOp(.promoted, width: 8)
    case (.long, .int64): return AvroOp(.long, width: 8)
    case (.int, .time(let unit)), (.long, .time(let unit)):
      guard action.divisor == 1 else { return nil }
      var op = AvroOp(.time, width: 8)
      op.factor = action.factor
      op.day = 86_400 * unit.perSecond
      return op
    case (.long, .timestamp):
      guard action.divisor == 1 else { return nil }
      var op = AvroOp(action.factor == 1 ? .long : .scaled, width: 8)
      op.factor = action.factor
      return op
    case (.enumeration, .text):
      var op = AvroOp(.enumeration)
      op.slot = slot(action)
      return op
    case (.float, .float32): return AvroOp(.float, width: 4)
    case (.double, .float64): return AvroOp(.double, width: 8)
    case (.bytes, .text): return AvroOp(.text)
    case (.bytes, .bytes): return AvroOp(.bytes)
    case (.fixed, .bytes):
      var op = AvroOp(.fixed)
      op.size = action.size
      return op
    case (.fixed, .uuid): return AvroOp(.uuid, width: 16)
    case (.bytes, .uuid): return AvroOp(.uuidText, width: 16)
    case (.bytes, .decimal(let precision, _)), (.fixed, .decimal(let precision, _)):
      guard precision <= 38, action.shift == 0 else { return nil }
      var op = AvroOp(action.kind == .fixed ? .fixedDecimal : .decimal, width: 16)
      op.size = action.size
      op.bound = DecimalText.power(precision).magnitude
      return op
    default: return nil
    }
  }

  private mutating func json(_ action: AvroAction) -> AvroOp {
    var op = AvroOp(.json)
    op.slot = slot(action)
    return op
  }
}
