/// A schema as it comes out of a file: what Ferry makes of each field, and how it gets there.
struct SchemaReader {
  private(set) var fields: [Field] = []
  private(set) var plans: [FieldPlan] = []
  /// What the values of each dictionary are.
  private(set) var dictionaries: [Int64: FieldPlan] = [:]
  private(set) var metadata: [String: String] = [:]
  private var fieldCount = 0
  private var textBytes = 0

  /// - Parameter table: Arrow's table `Schema`.
  init(_ table: FlatTable) throws {
    guard try table.number(0, default: 0 as Int16) == 0 else {
      throw table.failure("the file is big-endian, only little-endian files can be read")
    }
    metadata = try pairs(table, 2)
    guard let vector = try table.vector(1, stride: 4) else { return }
    for index in 0..<vector.count {
      let (field, plan) = try field(vector.table(index), inside: "", depth: 0)
      fields.append(field)
      plans.append(plan)
    }
  }

  // MARK: fields

  private mutating func field(_ table: FlatTable, inside parent: String, depth: Int) throws -> (Field, FieldPlan) {
    fieldCount += 1
    guard depth < ArrowFormat.Bound.depth else {
      throw table.failure("the schema is nested more than \(ArrowFormat.Bound.depth) levels deep")
    }
    guard fieldCount <= ArrowFormat.Bound.fields else {
      throw table.failure("the schema has more than \(ArrowFormat.Bound.fields) fields")
    }
    let name = try text(table, 0) ?? ""
    let path = parent.isEmpty ? name : "\(parent).\(name)"
    let metadata = try pairs(table, 6)
    var plan = try valuePlan(table, path: path, name: name, depth: depth)
    applyExtension(metadata[ArrowFormat.extensionName], to: &plan)
    if let encoding = try table.table(4) { plan = try dictionaryPlan(encoding, values: plan) }
    let field = Field(
      name, plan.type, nullable: try table.bool(1), sourceType: metadata[ArrowFormat.sourceType])
    return (field, plan)
  }

  private mutating func children(_ table: FlatTable, path: String, depth: Int) throws -> [FieldPlan] {
    guard let vector = try table.vector(5, stride: 4) else { return [] }
    var plans: [FieldPlan] = []
    for index in 0..<vector.count {
      plans.append(try field(vector.table(index), inside: path, depth: depth + 1).1)
    }
    return plans
  }

  private mutating func dictionaryPlan(_ encoding: FlatTable, values: FieldPlan) throws -> FieldPlan {
    let id = try encoding.number(0, default: 0 as Int64)
    var index = IndexType(width: 4, isSigned: true)
    if let type = try encoding.table(1) {
      let width = try type.number(0, default: 0 as Int32)
      guard [8, 16, 32, 64].contains(width) else {
        throw type.failure("column '\(values.path)' has a dictionary with keys of \(width) bits")
      }
      index = IndexType(width: Int(width) / 8, isSigned: try type.bool(1))
    }
    guard try encoding.number(3, default: 0 as Int16) == 0 else {
      throw encoding.failure("column '\(values.path)' has an unknown kind of dictionary")
    }
    if let known = dictionaries[id], known.storage != values.storage || known.type != values.type {
      throw encoding.failure("column '\(values.path)' shares dictionary \(id) with a column of another type")
    }
    dictionaries[id] = dictionaries[id] ?? values
    var plan = values
    plan.storage = .dictionary(id: id, index)
    plan.children = []
    return plan
  }

  private func applyExtension(_ name: String?, to plan: inout FieldPlan) {
    switch name {
    case ArrowFormat.Extension.uuid where plan.storage == .fixedBytes(16):
      plan.storage = .fixed(16)
      plan.type = .uuid
    case ArrowFormat.Extension.json where plan.type == .text: plan.type = .json
    case ArrowFormat.Extension.numeric where plan.type == .text: plan.type = .numeric
    case ArrowFormat.Extension.offsetTimestamp:
      guard let unit = plan.offsetTimestampUnit else { return }
      plan.storage = .offsetTimestamp
      plan.type = .offsetTimestamp(unit)
    default: break
    }
  }

  // MARK: types

  private mutating func valuePlan(_ table: FlatTable, path: String, name: String, depth: Int) throws -> FieldPlan {
    let number = try table.number(2, default: 0 as UInt8)
    guard let kind = ArrowFormat.Kind(rawValue: number), let type = try table.table(3) else {
      throw table.failure("column '\(path)' has a type that Ferry does not know (number \(number))")
    }
    let children = try children(table, path: path, depth: depth)
    func plan(_ type: DataType, _ storage: StoredForm) -> FieldPlan {
      FieldPlan(path: path, typeName: kind.name, type: type, storage: storage, children: children, name: name)
    }
    switch kind {
    case .list, .largeList, .fixedSizeList:
      guard children.count == 1 else {
        throw table.failure("column '\(path)' is a list with \(children.count) kinds of elements")
      }
      return plan(.list(children[0].type), try listStorage(kind, type, path))
    case .structure: return plan(.json, .structure)
    case .map:
      guard children.count == 1, children[0].storage == .structure, children[0].children.count == 2 else {
        throw table.failure("column '\(path)' is a map without keys and values")
      }
      return plan(.json, .map)
    default:
      guard children.isEmpty else { throw unsupported(table, path, kind.name) }
      guard let (dataType, storage) = try scalar(kind, type, path) else { throw unsupported(table, path, kind.name) }
      return plan(dataType, storage)
    }
  }

  private func unsupported(_ table: FlatTable, _ path: String, _ type: String) -> Failure {
    var failure = table.failure("column '\(path)' has the type \(type), which Ferry has no form for")
    failure.category = .schema
    failure.hint = "Let the program that writes the file cast the column to a plain type"
    return failure
  }

  private func listStorage(_ kind: ArrowFormat.Kind, _ type: FlatTable, _ path: String) throws -> StoredForm {
    guard kind == .fixedSizeList else { return kind == .list ? .list : .largeList }
    let size = try type.number(0, default: 0 as Int32)
    guard size >= 0 else { throw type.failure("column '\(path)' is a list of \(size) elements") }
    return .fixedList(Int(size))
  }

  private func scalar(_ kind: ArrowFormat.Kind, _ type: FlatTable, _ path: String) throws -> (DataType, StoredForm)? {
    switch kind {
    case .null: (.text, .null)
    case .bool: (.bool, .bits)
    case .int: try integer(type)
    case .floatingPoint: try float(type)
    case .utf8: (.text, .variable)
    case .binary: (.bytes, .variable)
    case .largeUTF8: (.text, .largeVariable)
    case .largeBinary: (.bytes, .largeVariable)
    case .utf8View: (.text, .view)
    case .binaryView: (.bytes, .view)
    case .fixedSizeBinary: try fixedBytes(type, path)
    case .decimal: try decimal(type, path)
    case .date: try date(type)
    case .time: try time(type)
    case .timestamp: try timestamp(type)
    case .duration: try duration(type)
    case .interval: try interval(type)
    default: nil
    }
  }

  private func integer(_ type: FlatTable) throws -> (DataType, StoredForm)? {
    switch (try type.number(0, default: 0 as Int32), try type.bool(1)) {
    case (8, true): (.int8, .fixed(1))
    case (16, true): (.int16, .fixed(2))
    case (32, true): (.int32, .fixed(4))
    case (64, true): (.int64, .fixed(8))
    case (8, false): (.uint8, .fixed(1))
    case (16, false): (.uint16, .fixed(2))
    case (32, false): (.uint32, .fixed(4))
    case (64, false): (.uint64, .fixed(8))
    default: nil
    }
  }

  private func float(_ type: FlatTable) throws -> (DataType, StoredForm)? {
    switch try type.number(0, default: 0 as Int16) {
    case 0: (.float32, .converted(.float16))
    case 1: (.float32, .fixed(4))
    case 2: (.float64, .fixed(8))
    default: nil
    }
  }

  private func fixedBytes(_ type: FlatTable, _ path: String) throws -> (DataType, StoredForm) {
    let width = try type.number(0, default: 0 as Int32)
    guard width >= 0 else { throw type.failure("column '\(path)' has values of \(width) bytes") }
    return (.bytes, .fixedBytes(Int(width)))
  }

  private func decimal(_ type: FlatTable, _ path: String) throws -> (DataType, StoredForm) {
    let precision = Int(try type.number(0, default: 0 as Int32))
    let scale = Int(try type.number(1, default: 0 as Int32))
    let bits = Int(try type.number(2, default: 128 as Int32))
    let most = [32: 9, 64: 18, 128: 38, 256: 76]
    guard let digits = most[bits], 1...digits ~= precision, 0...76 ~= scale else {
      throw type.failure(
        "column '\(path)' is a decimal(\(precision),\(scale)) of \(bits) bits, which Ferry has no form for")
    }
    let target = precision <= 38 ? 16 : 32
    let storage: StoredForm = bits / 8 == target ? .fixed(target) : .converted(.decimal(from: bits / 8, to: target))
    return (.decimal(precision: precision, scale: scale), storage)
  }

  private func date(_ type: FlatTable) throws -> (DataType, StoredForm)? {
    switch try type.number(0, default: 1 as Int16) {
    case 0: (.date, .fixed(4))
    case 1: (.date, .converted(.date64))
    default: nil
    }
  }

  private func time(_ type: FlatTable) throws -> (DataType, StoredForm)? {
    let unit = try type.number(0, default: ArrowFormat.Unit.millisecond)
    switch (unit, try type.number(1, default: 32 as Int32)) {
    case (ArrowFormat.Unit.second, 32): return (.time(.microseconds), .converted(.scaled32(1_000_000)))
    case (ArrowFormat.Unit.millisecond, 32): return (.time(.microseconds), .converted(.scaled32(1_000)))
    case (ArrowFormat.Unit.microsecond, 64): return (.time(.microseconds), .fixed(8))
    case (ArrowFormat.Unit.nanosecond, 64): return (.time(.nanoseconds), .fixed(8))
    default: return nil
    }
  }

  private func timestamp(_ type: FlatTable) throws -> (DataType, StoredForm)? {
    let zoned = try type.text(1).map { $0.count > 0 } ?? false
    switch try type.number(0, default: ArrowFormat.Unit.second) {
    case ArrowFormat.Unit.second: return (.timestamp(.microseconds, zoned: zoned), .converted(.scaled64(1_000_000)))
    case ArrowFormat.Unit.millisecond: return (.timestamp(.microseconds, zoned: zoned), .converted(.scaled64(1_000)))
    case ArrowFormat.Unit.microsecond: return (.timestamp(.microseconds, zoned: zoned), .fixed(8))
    case ArrowFormat.Unit.nanosecond: return (.timestamp(.nanoseconds, zoned: zoned), .fixed(8))
    default: return nil
    }
  }

  private func duration(_ type: FlatTable) throws -> (DataType, StoredForm)? {
    switch try type.number(0, default: ArrowFormat.Unit.millisecond) {
    case ArrowFormat.Unit.second: (.interval, .converted(.duration(1_000_000_000)))
    case ArrowFormat.Unit.millisecond: (.interval, .converted(.duration(1_000_000)))
    case ArrowFormat.Unit.microsecond: (.interval, .converted(.duration(1_000)))
    case ArrowFormat.Unit.nanosecond: (.interval, .converted(.duration(1)))
    default: nil
    }
  }

  private func interval(_ type: FlatTable) throws -> (DataType, StoredForm)? {
    switch try type.number(0, default: ArrowFormat.IntervalUnit.yearMonth) {
    case ArrowFormat.IntervalUnit.yearMonth: (.interval, .converted(.yearMonth))
    case ArrowFormat.IntervalUnit.dayTime: (.interval, .converted(.dayTime))
    case ArrowFormat.IntervalUnit.monthDayNano: (.interval, .fixed(16))
    default: nil
    }
  }

  // MARK: text

  private mutating func pairs(_ table: FlatTable, _ index: Int) throws -> [String: String] {
    guard let vector = try table.vector(index, stride: 4) else { return [:] }
    var pairs: [String: String] = [:]
    for index in 0..<vector.count {
      let pair = try vector.table(index)
      pairs[try text(pair, 0) ?? ""] = try text(pair, 1) ?? ""
    }
    return pairs
  }

  /// Strings may be shared in a FlatBuffer, so their number does not bound what they take: the sum does.
  private mutating func text(_ table: FlatTable, _ index: Int) throws -> String? {
    guard let bytes = try table.text(index) else { return nil }
    textBytes += bytes.count + 1
    guard textBytes <= ArrowFormat.Bound.schemaText else {
      throw table.failure("the names and metadata of the schema take more than \(ArrowFormat.Bound.schemaText) bytes")
    }
    guard UTF8Text.isValid(bytes.span) else { throw table.failure("the schema has a name that is not valid UTF-8") }
    return bytes.span.string
  }
}
