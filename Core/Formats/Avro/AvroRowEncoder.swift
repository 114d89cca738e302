internal import Records

/// Why a row cannot be written.
enum AvroRefusal: UInt8 {
  case none, null, range, digits, precision, conversion

  var text: String {
    switch self {
    case .none: "nothing is wrong"
    case .null: "NULL, which that type does not have"
    case .range: "a number that is out of that type's range"
    case .digits: "a time with digits that that type does not keep"
    case .precision: "a number of more digits than that type has"
    case .conversion: "a value that does not become that type"
    }
  }
}

/// Writes the rows of batches as Avro's binary encoding.
final class AvroRowEncoder {
  private let schema: AvroSchema
  private let ops: [AvroEncodeOp]
  private let converter: AvroConverter
  /// For columns of JSON texts.
  private let jsonConverter: AvroConverter
  private let defaults: [[UInt8]]
  private var views = ColumnViews()
  private var formatters: [AvroDatumReader?] = []
  /// The column at which the last row was refused, and the type of the schema.
  private(set) var refused = (column: 0, node: 0)

  /// - Parameter defaults: for each step of kind `constant` its bytes.
  init(
    _ ops: [AvroEncodeOp], defaults: [[UInt8]], _ schema: AvroSchema, _ conversion: AvroConversion
  ) throws {
    self.ops = ops
    self.defaults = defaults
    self.schema = schema
    converter = try AvroConverter(schema, conversion, isJSON: false)
    jsonConverter = try AvroConverter(schema, conversion, isJSON: true)
  }

  /// Gets ready for a batch.
  func bind(_ batch: RecordBatch) {
    views = ColumnViews(batch.columns)
    formatters = ops.map { $0.kind == .generic ? AvroDatumReader(batch.columns[$0.column]) : nil }
  }

  /// Lets go of the batch: held until the next one is there, it would be memory for two.
  func unbind() {
    views = ColumnViews()
    formatters = []
  }

  /// Writes rows until one is refused or the output has `limit` bytes; returns the row behind the last one written.
  func run(_ rows: Range<Int>, to out: inout ByteBuffer, limit: Int, _ refusal: inout AvroRefusal) -> Int {
    let (ops, views) = (ops, views)
    var row = rows.lowerBound
    while row < rows.upperBound, out.count < limit {
      let start = out.count
      refusal = write(row, ops.span, views, to: &out)
      if refusal != .none {
        out.truncate(to: start)
        return row
      }
      row += 1
    }
    return row
  }

  /// What is wrong with the row that was refused.
  /// - Parameters:
  ///   - number: the row's, from 1, among all that are written.
  ///   - output: where it was to go.
  func failure(
    _ refusal: AvroRefusal, _ row: Int, of batch: RecordBatch, number: Int, to output: String
  ) -> Failure {
    let field = batch.schema.fields[refused.column]
    return Failure(
      .data,
      """
      writing column '\(field.name)' (\(field.type.name)) of record \(number) to '\(output)' as \
      \(schema.label(refused.node)): \(refusal.text)
      """, hint: "Set 'onBadLines' to SKIP, WARN or REJECT to go on without such rows, or change the schema",
      sensitive: AvroDatumReader(batch.columns[refused.column]).datum(row).text)
  }

  /// Numbers take at most 10 bytes and a branch, decimals 17 and two.
  private static let quickSize = 24

  /// Where the quick steps of a row end.
  private enum Stop {
    case end
    /// A text that does not fit into the room.
    case long
    case rare
    case refusal(AvroRefusal)
  }

  @inline(__always)
  private func write(
    _ row: Int, _ ops: Span<AvroEncodeOp>, _ views: ColumnViews, to out: inout ByteBuffer
  ) -> AvroRefusal {
    var index = 0
    while true {
      let room = (ops.count &- index) &* AvroRowEncoder.quickSize &+ 256
      let stop = out.append(upTo: room) { quick(row, &index, ops, views, to: &$0) }
      switch stop {
      case .end: return .none
      case .refusal(let refusal):
        refused = (ops[index].column, ops[index].node)
        return refusal
      case .long: out.append(counted: views[ops[index].column].bytes(row))
      case .rare:
        let refusal = rare(ops[index], row, index, views, to: &out)
        if refusal != .none {
          refused = (ops[index].column, ops[index].node)
          return refusal
        }
      }
      index &+= 1
    }
  }

  @inline(__always)
  private func quick(
    _ row: Int, _ index: inout Int, _ ops: Span<AvroEncodeOp>, _ views: ColumnViews, to room: inout OutputSpan<UInt8>
  ) -> Stop {
    while index < ops.count {
      let column = ops[index].column
      if column < 0 || ops[index].kind == .generic { return .rare }
      let view = views[column]
      if view.isNull(row) {
        guard ops[index].isNullable else { return .refusal(.null) }
        room.append(ops[index].nullBranch)
        index &+= 1
        continue
      }
      if ops[index].isNullable { room.append(ops[index].valueBranch) }
      var number: Int64
      switch ops[index].kind {
      case .int64: number = view.value(row)
      case .int32: number = Int64(view.value(row, as: Int32.self))
      case .double:
        room.append(little: view.value(row, as: UInt64.self))
        index &+= 1
        continue
      case .variable:
        let bytes = view.bytes(row)
        // What is left over is enough for the steps that follow.
        if bytes.count &+ (ops.count &- index) &* AvroRowEncoder.quickSize > room.freeCapacity { return .long }
        room.append(zigzag: Int64(bytes.count))
        room.append(bytes)
        index &+= 1
        continue
      case .decimal:
        var value: Int128 = view.value(row)
        if ops[index].isChecked, !AvroRowEncoder.scale(ops[index], &value) { return .refusal(.precision) }
        let size = AvroBigEndian.size(value)
        room.append(UInt8(truncatingIfNeeded: size << 1))
        AvroBigEndian.append(value, size: size, to: &room)
        index &+= 1
        continue
      case .int8: number = Int64(view.value(row, as: Int8.self))
      case .int16: number = Int64(view.value(row, as: Int16.self))
      case .uint8: number = Int64(view.value(row, as: UInt8.self))
      case .uint16: number = Int64(view.value(row, as: UInt16.self))
      case .uint32: number = Int64(view.value(row, as: UInt32.self))
      default: return .rare
      }
      if ops[index].isChecked {
        let refusal = AvroRowEncoder.check(ops[index], &number)
        if refusal != .none { return .refusal(refusal) }
      }
      room.append(zigzag: number)
      index &+= 1
    }
    return .end
  }

  @inline(__always)
  private static func check(_ op: AvroEncodeOp, _ number: inout Int64) -> AvroRefusal {
    if op.divisor != 1 {
      let (quotient, remainder) = number.quotientAndRemainder(dividingBy: op.divisor)
      if remainder != 0 { return .digits }
      number = quotient
    }
    let (product, overflow) = number.multipliedReportingOverflow(by: op.factor)
    number = product
    return overflow || number < op.least || number > op.most ? .range : .none
  }

  @inline(__always)
  private static func scale(_ op: AvroEncodeOp, _ value: inout Int128) -> Bool {
    let (product, overflow) = value.multipliedReportingOverflow(by: op.scaling)
    value = product
    return !overflow && value.magnitude < op.bound
  }

  @inline(never)
  private func rare(
    _ op: AvroEncodeOp, _ row: Int, _ index: Int, _ views: ColumnViews, to out: inout ByteBuffer
  ) -> AvroRefusal {
    if op.kind == .constant {
      out.append(defaults[op.size])
      return .none
    }
    if op.kind == .generic { return generic(op, row, index, to: &out) }
    let view = views[op.column]
    switch op.kind {
    case .bool: out.append(byte: view.bool(row) ? 1 : 0)
    case .float: out.append(little: view.value(row, as: UInt32.self))
    case .floatToDouble: out.append(little: Double(view.value(row, as: Float.self)).bitPattern)
    case .uuidBytes: out.append(view.bytes(row))
    case .uuidText:
      out.append(zigzag: 36)
      ValueText.append(uuid: view.bytes(row), to: &out)
    case .fixedDecimal:
      var value: Int128 = view.value(row)
      if op.isChecked, !AvroRowEncoder.scale(op, &value) { return .precision }
      guard AvroBigEndian.size(value) <= op.size else { return .precision }
      out.append(upTo: op.size) { AvroBigEndian.append(value, size: op.size, to: &$0) }
    default: return .conversion
    }
    return .none
  }

  private func generic(_ op: AvroEncodeOp, _ row: Int, _ index: Int, to out: inout ByteBuffer) -> AvroRefusal {
    guard let reader = formatters[index] else { return .conversion }
    let datum = reader.datum(row)
    let converter = reader.isJSON ? jsonConverter : converter
    if converter.append(datum, op.node, to: &out) { return .none }
    return datum.isNull ? .null : .conversion
  }
}
