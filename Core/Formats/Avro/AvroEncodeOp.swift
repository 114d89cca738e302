internal import Records

/// One step of writing a row: which column it takes and what that becomes.
struct AvroEncodeOp: BitwiseCopyable {
  enum Kind: UInt8, BitwiseCopyable {
    case bool, int8, int16, int32, int64, uint8, uint16, uint32
    case float, double, floatToDouble
    case variable, uuidText, uuidBytes
    case decimal, fixedDecimal
    /// Whatever goes through `AvroConverter`.
    case generic
    /// The bytes of a default.
    case constant
  }

  var kind: Kind
  /// Whether a union's branch stands in front.
  var isNullable = false
  var nullBranch: UInt8 = 0
  var valueBranch: UInt8 = 2
  /// Numbers have to be multiplied, divided without a remainder, or looked at.
  var isChecked = false
  var factor: Int64 = 1
  var divisor: Int64 = 1
  var least = Int64.min
  var most = Int64.max
  /// 10^precision, and the power of ten between the two scales.
  var bound: UInt128 = 0
  var scaling: Int128 = 1
  /// Bytes of a fixed.
  var size = 0
  /// The column of the batch; -1 for a default.
  var column: Int
  /// The type in the schema.
  var node: Int

  init(_ kind: Kind, column: Int, node: Int) {
    self.kind = kind
    self.column = column
    self.node = node
  }
}

/// Chooses the step for a column and a type.
struct AvroEncodePlanner {
  let schema: AvroSchema
  /// Words for NULL are looked for in all texts.
  let coercesWords: Bool

  func op(_ type: DataType, column: Int, _ index: Int) -> AvroEncodeOp {
    let node = schema[index]
    if node.kind == .union, node.parts.count == 2, !(coercesWords && type == .text),
      let value = node.parts.first(where: { schema[$0].kind != .null }),
      let null = node.parts.firstIndex(where: { schema[$0].kind == .null }), var op = fast(type, column: column, value)
    {
      op.isNullable = true
      op.nullBranch = null == 0 ? 0 : 2
      op.valueBranch = 2 - op.nullBranch
      return op
    }
    return fast(type, column: column, index) ?? AvroEncodeOp(.generic, column: column, node: index)
  }

  private func fast(_ type: DataType, column: Int, _ index: Int) -> AvroEncodeOp? {
    let node = schema[index]
    func op(_ kind: AvroEncodeOp.Kind) -> AvroEncodeOp { AvroEncodeOp(kind, column: column, node: index) }
    switch (type, node.kind) {
    case (.bool, .boolean): return op(.bool)
    case (.float32, .float): return op(.float)
    case (.float64, .double): return op(.double)
    case (.float32, .double): return op(.floatToDouble)
    case (.text, .string) where node.logical == nil: return op(.variable)
    case (.json, .string), (.numeric, .string):
      return node.logical == nil || node.logical == .ferry(type) ? op(.variable) : nil
    case (.bytes, .bytes) where node.logical == nil: return op(.variable)
    case (.uuid, .string): return node.logical == .uuid || node.logical == nil ? op(.uuidText) : nil
    case (.uuid, .fixed) where node.size == 16 && (node.logical == nil || node.logical == .uuid): return op(.uuidBytes)
    case (.decimal(let precision, let scale), .bytes), (.decimal(let precision, let scale), .fixed):
      return decimal(op(node.kind == .fixed ? .fixedDecimal : .decimal), precision, scale, node)
    case (_, .int), (_, .long): return integer(type, node, op)
    default: return nil
    }
  }

  private func decimal(
    _ op: AvroEncodeOp, _ precision: Int, _ scale: Int, _ node: AvroSchema.Node
  ) -> AvroEncodeOp? {
    guard case .decimal(let wanted, let wantedScale)? = node.logical, precision <= 38, wanted <= 38,
      0...18 ~= wantedScale - scale
    else { return nil }
    var op = op
    op.size = node.size
    op.scaling = DecimalText.power(wantedScale - scale)
    op.bound = DecimalText.power(wanted).magnitude
    op.isChecked = op.scaling != 1 || wanted < precision
    return op
  }

  private func integer(
    _ type: DataType, _ node: AvroSchema.Node, _ make: (AvroEncodeOp.Kind) -> AvroEncodeOp
  ) -> AvroEncodeOp? {
    guard let kind = kind(type, node.logical) else { return nil }
    var op = make(kind)
    if let units = units(type, node.logical) {
      op.factor = max(1, units.1 / units.0)
      op.divisor = max(1, units.0 / units.1)
    }
    if node.kind == .int { (op.least, op.most) = (Int64(Int32.min), Int64(Int32.max)) }
    if case .ferry(let ferry)? = node.logical, ferry != type { return nil }
    op.isChecked = op.factor != 1 || op.divisor != 1 || node.kind == .int && (kind == .int64 || kind == .uint32)
    return op
  }

  /// How the numbers of a type lie in memory, where the type goes with the logical one; a plain number takes any.
  private func kind(_ type: DataType, _ logical: AvroSchema.Logical?) -> AvroEncodeOp.Kind? {
    switch (type, logical) {
    case (.int8, nil), (.int8, .ferry): return .int8
    case (.int16, nil), (.int16, .ferry): return .int16
    case (.int32, nil): return .int32
    case (.int64, nil): return .int64
    case (.uint8, nil), (.uint8, .ferry): return .uint8
    case (.uint16, nil), (.uint16, .ferry): return .uint16
    case (.uint32, nil), (.uint32, .ferry): return .uint32
    case (.date, .date): return .int32
    case (.time, .time), (.time(.nanoseconds), .ferry): return .int64
    case (.timestamp(_, let zoned), .timestamp(_, let wanted)): return zoned == wanted ? .int64 : nil
    default: return nil
    }
  }

  /// Units a second, of the column and of the schema.
  private func units(_ type: DataType, _ logical: AvroSchema.Logical?) -> (Int64, Int64)? {
    switch (type, logical) {
    case (.time(let unit), .time(let wanted)): (unit.perSecond, wanted.rawValue)
    case (.timestamp(let unit, _), .timestamp(let wanted, _)): (unit.perSecond, wanted.rawValue)
    default: nil
    }
  }
}
