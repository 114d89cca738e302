internal import Glibc
internal import Records

/// Why a row cannot be written.
enum AvroRefusal: UInt8 {
  case none, null, range, digits, precision, conversion

  var text: String {
    switch self {
    case .none: "nothing is wrong"
    case .null: "NULL, which the schema does not allow there"
    case .range: "a number that is out of the range of the schema's type"
    case .digits: "a time or a number with digits that the schema's type does not keep"
    case .precision: "a decimal of more digits than the schema's type has"
    case .conversion: "a value that does not become the schema's type"
    }
  }
}

/// Writes the rows of batches as Avro's binary encoding.
final class AvroRowEncoder {
  private let opCount: Int
  private let ops: UnsafeMutablePointer<AvroEncodeOp>
  private let converter: AvroConverter
  private let defaults: [[UInt8]]
  private var formatters: [AvroDatumReader?] = []
  /// The column at which the last row was refused.
  private(set) var refusedColumn = 0

  /// - Parameter defaults: for each step of kind `constant` its bytes.
  init(_ ops: [AvroEncodeOp], defaults: [[UInt8]], converter: AvroConverter) {
    opCount = ops.count
    self.ops = .allocate(capacity: max(1, ops.count))
    self.ops.initialize(from: ops, count: ops.count)
    self.defaults = defaults
    self.converter = converter
  }

  deinit { ops.deallocate() }

  /// Gets ready for a batch, which must live as long as its rows are written.
  func bind(_ batch: RecordBatch) {
    formatters = Array(repeating: nil, count: opCount)
    for index in 0..<opCount where ops[index].column >= 0 {
      let column = batch.columns[ops[index].column]
      ops[index].bind(column)
      if ops[index].kind == .generic { formatters[index] = AvroDatumReader(column) }
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

  @inline(__always)
  private func write(_ row: Int, to out: AvroOut) -> AvroRefusal {
    // Numbers take at most 10 bytes and a branch, decimals 17; what is longer asks for room itself.
    var room = out.reserve(opCount * 24)
    for index in 0..<opCount {
      let op = ops + index
      if op.pointee.column >= 0, op.pointee.kind != .generic {
        if op.pointee.isNull(row) {
          guard op.pointee.isNullable else { return refuse(op, .null) }
          room[0] = op.pointee.nullBranch
          room += 1
          continue
        }
        if op.pointee.isNullable {
          room[0] = op.pointee.valueBranch
          room += 1
        }
      }
      var number: Int64 = 0
      switch op.pointee.kind {
      case .int64: number = op.pointee.load(row)
      case .int32: number = Int64(op.pointee.load(row, as: Int32.self))
      case .double:
        let bits: UInt64 = op.pointee.load(row)
        UnsafeMutableRawPointer(room).storeBytes(of: bits, as: UInt64.self)
        room += 8
        continue
      case .variable:
        room = variable(op, row, room, out, index)
        continue
      case .decimal:
        var value: Int128 = op.pointee.load(row)
        if op.pointee.isChecked, !scale(op, &value) { return refuse(op, .precision) }
        let length = AvroOut.put(big: value, to: room + 1)
        room[0] = UInt8(truncatingIfNeeded: length << 1)
        room += length + 1
        continue
      case .int8: number = Int64(op.pointee.load(row, as: Int8.self))
      case .int16: number = Int64(op.pointee.load(row, as: Int16.self))
      case .uint8: number = Int64(op.pointee.load(row, as: UInt8.self))
      case .uint16: number = Int64(op.pointee.load(row, as: UInt16.self))
      case .uint32: number = Int64(op.pointee.load(row, as: UInt32.self))
      default:
        out.count = room - out.base
        let refusal = rare(op, row, index, out)
        if refusal != .none { return refuse(op, refusal) }
        room = out.reserve((opCount - index) * 24)
        continue
      }
      if op.pointee.isChecked {
        let refusal = check(op, &number)
        if refusal != .none { return refuse(op, refusal) }
      }
      room += AvroOut.put(number, to: room)
    }
    out.count = room - out.base
    return .none
  }

  @inline(never)
  private func refuse(_ op: UnsafeMutablePointer<AvroEncodeOp>, _ refusal: AvroRefusal) -> AvroRefusal {
    refusedColumn = op.pointee.column
    return refusal
  }

  @inline(__always)
  private func variable(
    _ op: UnsafeMutablePointer<AvroEncodeOp>, _ row: Int, _ place: UnsafeMutablePointer<UInt8>, _ out: AvroOut,
    _ index: Int
  ) -> UnsafeMutablePointer<UInt8> {
    guard let offsets = op.pointee.offsets else { return place }
    let start = Int(offsets[row])
    let length = Int(offsets[row + 1]) - start
    var room = place
    room += AvroOut.put(Int64(length), to: room)
    out.count = room - out.base
    room = out.reserve(length + (opCount - index) * 24)
    memcpy(room, op.pointee.values + start, length)
    return room + length
  }

  @inline(__always)
  private func check(_ op: UnsafeMutablePointer<AvroEncodeOp>, _ number: inout Int64) -> AvroRefusal {
    if op.pointee.divisor != 1 {
      let (quotient, remainder) = number.quotientAndRemainder(dividingBy: op.pointee.divisor)
      if remainder != 0 { return .digits }
      number = quotient
    }
    let (product, overflow) = number.multipliedReportingOverflow(by: op.pointee.factor)
    number = product
    return overflow || number < op.pointee.least || number > op.pointee.most ? .range : .none
  }

  @inline(__always)
  private func scale(_ op: UnsafeMutablePointer<AvroEncodeOp>, _ value: inout Int128) -> Bool {
    let (product, overflow) = value.multipliedReportingOverflow(by: op.pointee.scaling)
    value = product
    return !overflow && value.magnitude < op.pointee.bound
  }

  @inline(never)
  private func rare(
    _ op: UnsafeMutablePointer<AvroEncodeOp>, _ row: Int, _ index: Int, _ out: AvroOut
  ) -> AvroRefusal {
    switch op.pointee.kind {
    case .bool:
      let bit = op.pointee.offset + row
      let byte = op.pointee.values.load(fromByteOffset: bit >> 3, as: UInt8.self)
      out.append(byte: byte >> UInt8(bit & 7) & 1)
    case .float: out.append(little: op.pointee.load(row, as: UInt32.self))
    case .floatToDouble: out.append(little: Double(op.pointee.load(row, as: Float.self)).bitPattern)
    case .uuidBytes:
      out.append(raw: UnsafeRawBufferPointer(start: op.pointee.values + (op.pointee.offset + row) * 16, count: 16))
    case .uuidText:
      var text = TextBuffer(capacity: 64)
      let start = op.pointee.values + (op.pointee.offset + row) * 16
      ValueText.append(uuid: start.assumingMemoryBound(to: UInt8.self), to: &text)
      out.append(bytes: text.bytes)
    case .fixedDecimal:
      var value: Int128 = op.pointee.load(row)
      if op.pointee.isChecked, !scale(op, &value) { return .precision }
      guard AvroOut.put(big: value, size: op.pointee.size, to: out.reserve(op.pointee.size)) else { return .precision }
      out.count += op.pointee.size
    case .constant: defaults[op.pointee.size].withUnsafeBytes { out.append(raw: $0) }
    default:
      guard let datum = formatters[index]?.datum(row) else { return .conversion }
      guard converter.append(datum, op.pointee.node, to: out) else { return datum == .null ? .null : .conversion }
    }
    return .none
  }
}
