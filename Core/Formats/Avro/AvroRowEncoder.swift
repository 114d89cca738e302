internal import Glibc
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
@safe final class AvroRowEncoder {
  private let schema: AvroSchema
  private let opCount: Int
  private let ops: UnsafeMutablePointer<AvroEncodeOp>
  private let converter: AvroConverter
  /// For columns of JSON texts.
  private let jsonConverter: AvroConverter
  private let defaults: [[UInt8]]
  private var formatters: [AvroDatumReader?] = []
  /// The column at which the last row was refused, and the type of the schema.
  private(set) var refused = (column: 0, node: 0)

  /// - Parameter defaults: for each step of kind `constant` its bytes.
  init(
    _ ops: [AvroEncodeOp], defaults: [[UInt8]], _ schema: AvroSchema, _ conversion: AvroConversion
  ) throws {
    opCount = ops.count
    unsafe self.ops = .allocate(capacity: max(1, ops.count))
    unsafe self.ops.initialize(from: ops, count: ops.count)
    self.defaults = defaults
    self.schema = schema
    converter = try AvroConverter(schema, conversion, isJSON: false)
    jsonConverter = try AvroConverter(schema, conversion, isJSON: true)
  }

  deinit { unsafe ops.deallocate() }

  /// Gets ready for a batch, which must live as long as its rows are written.
  func bind(_ batch: RecordBatch) {
    formatters = Array(repeating: nil, count: opCount)
    for index in 0..<opCount where unsafe ops[index].column >= 0 {
      let column = unsafe batch.columns[ops[index].column]
      unsafe ops[index].bind(column)
      if unsafe ops[index].kind == .generic { formatters[index] = AvroDatumReader(column) }
    }
  }

  /// Writes rows until one is refused or the output has `limit` bytes; returns the row behind the last one written.
  func run(_ rows: Range<Int>, to out: AvroOut, limit: Int, _ refusal: inout AvroRefusal) -> Int {
    var row = rows.lowerBound
    while row < rows.upperBound, out.count < limit {
      let start = out.count
      refusal = write(row, to: out)
      if refusal != .none {
        out.count = start
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

  @inline(__always)
  private func write(_ row: Int, to out: AvroOut) -> AvroRefusal {
    // Numbers take at most 10 bytes and a branch, decimals 17; what is longer asks for room itself.
    var room = unsafe out.reserve(opCount * 24)
    for index in 0..<opCount {
      let op = unsafe ops + index
      if unsafe op.pointee.column >= 0, unsafe op.pointee.kind != .generic {
        if unsafe op.pointee.isNull(row) {
          guard unsafe op.pointee.isNullable else { return unsafe refuse(op, .null) }
          unsafe room[0] = unsafe op.pointee.nullBranch
          unsafe room += 1
          continue
        }
        if unsafe op.pointee.isNullable {
          unsafe room[0] = unsafe op.pointee.valueBranch
          unsafe room += 1
        }
      }
      var number: Int64 = 0
      switch unsafe op.pointee.kind {
      case .int64: number = unsafe op.pointee.load(row)
      case .int32: number = unsafe Int64(op.pointee.load(row, as: Int32.self))
      case .double:
        let bits: UInt64 = unsafe op.pointee.load(row)
        unsafe UnsafeMutableRawPointer(room).storeBytes(of: bits, as: UInt64.self)
        unsafe room += 8
        continue
      case .variable:
        unsafe room = unsafe variable(op, row, room, out, index)
        continue
      case .decimal:
        var value: Int128 = unsafe op.pointee.load(row)
        if unsafe op.pointee.isChecked, unsafe !scale(op, &value) { return unsafe refuse(op, .precision) }
        let length = unsafe AvroOut.put(big: value, to: room + 1)
        unsafe room[0] = UInt8(truncatingIfNeeded: length << 1)
        unsafe room += length + 1
        continue
      case .int8: number = unsafe Int64(op.pointee.load(row, as: Int8.self))
      case .int16: number = unsafe Int64(op.pointee.load(row, as: Int16.self))
      case .uint8: number = unsafe Int64(op.pointee.load(row, as: UInt8.self))
      case .uint16: number = unsafe Int64(op.pointee.load(row, as: UInt16.self))
      case .uint32: number = unsafe Int64(op.pointee.load(row, as: UInt32.self))
      default:
        out.count = unsafe room - out.base
        let refusal = unsafe rare(op, row, index, out)
        if refusal != .none { return unsafe refuse(op, refusal) }
        unsafe room = unsafe out.reserve((opCount - index) * 24)
        continue
      }
      if unsafe op.pointee.isChecked {
        let refusal = unsafe check(op, &number)
        if refusal != .none { return unsafe refuse(op, refusal) }
      }
      unsafe room += AvroOut.put(number, to: room)
    }
    out.count = unsafe room - out.base
    return .none
  }

  @inline(never)
  private func refuse(_ op: UnsafeMutablePointer<AvroEncodeOp>, _ refusal: AvroRefusal) -> AvroRefusal {
    refused = unsafe (op.pointee.column, op.pointee.node)
    return refusal
  }

  @inline(__always)
  private func variable(
    _ op: UnsafeMutablePointer<AvroEncodeOp>, _ row: Int, _ place: UnsafeMutablePointer<UInt8>, _ out: AvroOut,
    _ index: Int
  ) -> UnsafeMutablePointer<UInt8> {
    guard let offsets = unsafe op.pointee.offsets else { return unsafe place }
    let start = unsafe Int(offsets[row])
    let length = unsafe Int(offsets[row + 1]) - start
    var room = unsafe place
    unsafe room += AvroOut.put(Int64(length), to: room)
    out.count = unsafe room - out.base
    unsafe room = unsafe out.reserve(length + (opCount - index) * 24)
    unsafe memcpy(room, op.pointee.values + start, length)
    return unsafe room + length
  }

  @inline(__always)
  private func check(_ op: UnsafeMutablePointer<AvroEncodeOp>, _ number: inout Int64) -> AvroRefusal {
    if unsafe op.pointee.divisor != 1 {
      let (quotient, remainder) = unsafe number.quotientAndRemainder(dividingBy: op.pointee.divisor)
      if remainder != 0 { return .digits }
      number = quotient
    }
    let (product, overflow) = unsafe number.multipliedReportingOverflow(by: op.pointee.factor)
    number = product
    return unsafe overflow || number < op.pointee.least || number > op.pointee.most ? .range : .none
  }

  @inline(__always)
  private func scale(_ op: UnsafeMutablePointer<AvroEncodeOp>, _ value: inout Int128) -> Bool {
    let (product, overflow) = unsafe value.multipliedReportingOverflow(by: op.pointee.scaling)
    value = product
    return unsafe !overflow && value.magnitude < op.pointee.bound
  }

  @inline(never)
  private func rare(
    _ op: UnsafeMutablePointer<AvroEncodeOp>, _ row: Int, _ index: Int, _ out: AvroOut
  ) -> AvroRefusal {
    switch unsafe op.pointee.kind {
    case .bool:
      let bit = unsafe op.pointee.offset + row
      let byte = unsafe op.pointee.values.load(fromByteOffset: bit >> 3, as: UInt8.self)
      out.append(byte: byte >> UInt8(bit & 7) & 1)
    case .float: unsafe out.append(little: op.pointee.load(row, as: UInt32.self))
    case .floatToDouble: unsafe out.append(little: Double(op.pointee.load(row, as: Float.self)).bitPattern)
    case .uuidBytes:
      unsafe out.append(
        raw: UnsafeRawBufferPointer(start: op.pointee.values + (op.pointee.offset + row) * 16, count: 16))
    case .uuidText:
      var text = TextBuffer(capacity: 64)
      let start = unsafe op.pointee.values + (op.pointee.offset + row) * 16
      unsafe ValueText.append(uuid: start.assumingMemoryBound(to: UInt8.self), to: &text)
      unsafe out.append(bytes: text.bytes)
    case .fixedDecimal:
      var value: Int128 = unsafe op.pointee.load(row)
      if unsafe op.pointee.isChecked, unsafe !scale(op, &value) { return .precision }
      guard unsafe AvroOut.put(big: value, size: op.pointee.size, to: out.reserve(op.pointee.size)) else {
        return .precision
      }
      unsafe out.count += op.pointee.size
    case .constant: unsafe defaults[op.pointee.size].withUnsafeBytes { unsafe out.append(raw: $0) }
    default:
      guard let reader = formatters[index] else { return .conversion }
      let datum = reader.datum(row)
      let converter = reader.isJSON ? jsonConverter : converter
      guard unsafe converter.append(datum, op.pointee.node, to: out) else {
        return datum.isNull ? .null : .conversion
      }
    }
    return .none
  }
}
