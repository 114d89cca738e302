internal import Glibc
internal import Records

/// Reads rows from the bytes of a block into the columns of a batch, step by step of the plan.
@safe final class AvroRows {
  let schema: Schema
  /// Rows of the batch so far.
  private(set) var count = 0
  private(set) var byteCount = 0
  private let rowCapacity: Int
  private let opCount: Int
  private let ops: UnsafeMutablePointer<AvroOp>
  private let program: AvroProgram
  private let view: AvroProgram.View
  private let builders: [ColumnBuilder]
  /// The JSON text of a value.
  private var text = ByteBuffer(capacity: 1_024)
  /// For each step the memory that its pointers point into.
  private var owners: [Memory]

  private struct Memory {
    var values: Allocation
    var offsets: Allocation?
    var validity: Allocation
  }

  init(_ layout: AvroLayout) {
    schema = Schema(layout.fields)
    program = AvroProgram(layout.actions)
    view = program.view
    builders = layout.builders
    opCount = layout.ops.count
    unsafe ops = .allocate(capacity: max(1, opCount))
    unsafe ops.initialize(from: layout.ops, count: opCount)
    owners = []
    let width = layout.ops.reduce(1) { $0 + max($1.width, 8) }
    rowCapacity = max(64, min(Limits.batchRows, Limits.batchBytes / width))
    let nothing = Allocation(capacity: 64)
    owners = Array(repeating: Memory(values: nothing, offsets: nil, validity: nothing), count: opCount)
    for index in 0..<opCount {
      if program.roots.count > 0 { unsafe ops[index].node = unsafe program.roots[ops[index].slot] }
      start(index)
    }
  }

  deinit { unsafe ops.deallocate() }

  var isFull: Bool { count >= rowCapacity || byteCount >= Limits.batchBytes }

  // MARK: rows

  /// Reads up to `rows` rows.
  func run(_ cursor: inout AvroCursor, rows: Int) -> AvroStop {
    var c = cursor
    defer { cursor = c }
    var left = min(rows, rowCapacity - count)
    while left > 0, byteCount < Limits.batchBytes {
      let start = unsafe c.at
      guard row(&c) else {
        let fault = c.fault
        takeBack()
        unsafe c.at = unsafe start
        c.fault = .none
        c.flaw = .none
        return fault == .end ? .end : .fault(fault, findFlaw(c))
      }
      if c.flaw != .none {
        var reason = c.flaw == .mismatch ? mismatch(c.flawNode) : c.flaw.text
        takeBack()
        c.flaw = .none
        c.growth = 0
        let end = unsafe c.at
        unsafe c.at = unsafe start
        reason = findFlaw(c) + reason
        unsafe c.at = unsafe end
        return unsafe .bad(reason, start: start)
      }
      unsafe byteCount += c.at - start + c.growth
      c.growth = 0
      count += 1
      left -= 1
    }
    return .rows
  }

  @inline(__always)
  private func row(_ c: inout AvroCursor) -> Bool {
    let row = count
    var index = 0
    while index < opCount {
      let op = unsafe ops + index
      index += 1
      if unsafe op.pointee.isNullable {
        var isNull = false
        guard unsafe branch(op, &c, &isNull) else { return false }
        if isNull {
          unsafe setNull(op, row, &index)
          continue
        }
      }
      guard unsafe value(op, &c, row) else { return false }
    }
    return true
  }

  /// Reads the row of the cursor once more, step by step: in which column it goes wrong.
  private func findFlaw(_ cursor: AvroCursor) -> String {
    var c = cursor
    let row = count
    var index = 0
    var column = -1
    while index < opCount, column < 0 {
      let op = unsafe ops + index
      index += 1
      var isNull = false
      var isRead = true
      if unsafe op.pointee.isNullable { isRead = unsafe branch(op, &c, &isNull) }
      if isRead, isNull {
        unsafe setNull(op, row, &index)
      } else if isRead {
        isRead = unsafe value(op, &c, row)
      }
      if !isRead || c.flaw != .none { column = unsafe op.pointee.column }
      if !isRead { break }
    }
    takeBack()
    guard column >= 0 else { return "" }
    return "column '\(schema.fields[column].name)' (\(schema.fields[column].type.name)): "
  }

  private func mismatch(_ node: Int) -> String {
    let link = unsafe view.links[view.nodes[node].first]
    return unsafe String(decoding: view.text(link), as: UTF8.self)
  }

  @inline(__always)
  private func branch(_ op: UnsafeMutablePointer<AvroOp>, _ c: inout AvroCursor, _ isNull: inout Bool) -> Bool {
    guard c.need(1) else { return false }
    let byte = unsafe c.at[0]
    if unsafe byte == op.pointee.valueBranch {
      unsafe c.at += 1
      return true
    }
    if unsafe byte == op.pointee.nullBranch {
      unsafe c.at += 1
      isNull = true
      return true
    }
    return unsafe longBranch(op, &c, &isNull)
  }

  /// A branch whose number takes more bytes than it has to, or one that is none.
  @inline(never)
  private func longBranch(_ op: UnsafeMutablePointer<AvroOp>, _ c: inout AvroCursor, _ isNull: inout Bool) -> Bool {
    var branch = 0
    guard c.branch(2, &branch) else { return false }
    isNull = unsafe branch == Int(op.pointee.nullBranch >> 1)
    return true
  }

  @inline(__always)
  private func setNull(_ op: UnsafeMutablePointer<AvroOp>, _ row: Int, _ index: inout Int) {
    guard unsafe op.pointee.kind == .group else { return unsafe op.pointee.setNull(row) }
    for field in unsafe 0..<op.pointee.size where unsafe ops[index + field].column >= 0 {
      if unsafe ops[index + field].kind == .slow {
        unsafe builders[ops[index + field].builder].appendNull()
      } else {
        unsafe ops[index + field].setNull(row)
      }
    }
    unsafe index += op.pointee.size
  }

  @inline(__always)
  private func value(_ op: UnsafeMutablePointer<AvroOp>, _ c: inout AvroCursor, _ row: Int) -> Bool {
    var number: Int64 = 0
    switch unsafe op.pointee.kind {
    case .int:
      guard c.int(&number) else { return false }
      unsafe op.pointee.values.assumingMemoryBound(to: Int32.self)[row] = Int32(truncatingIfNeeded: number)
    case .promoted:
      guard c.int(&number) else { return false }
      unsafe op.pointee.values.assumingMemoryBound(to: Int64.self)[row] = number
    case .long:
      guard c.long(&number) else { return false }
      unsafe op.pointee.values.assumingMemoryBound(to: Int64.self)[row] = number
    case .scaled:
      guard c.long(&number) else { return false }
      let (time, overflow) = unsafe number.multipliedReportingOverflow(by: op.pointee.factor)
      if overflow { c.mark(.time) }
      unsafe op.pointee.values.assumingMemoryBound(to: Int64.self)[row] = time
    case .time:
      guard c.long(&number) else { return false }
      let (time, overflow) = unsafe number.multipliedReportingOverflow(by: op.pointee.factor)
      if unsafe overflow || time < 0 || time > op.pointee.day { c.mark(.time) }
      unsafe op.pointee.values.assumingMemoryBound(to: Int64.self)[row] = time
    case .float:
      guard c.need(4) else { return false }
      let bits = unsafe UnsafeRawPointer(c.at).loadUnaligned(as: UInt32.self)
      unsafe op.pointee.values.assumingMemoryBound(to: UInt32.self)[row] = bits
      unsafe c.at += 4
    case .double:
      guard c.need(8) else { return false }
      let bits = unsafe UnsafeRawPointer(c.at).loadUnaligned(as: UInt64.self)
      unsafe op.pointee.values.assumingMemoryBound(to: UInt64.self)[row] = bits
      unsafe c.at += 8
    case .text: return unsafe text(op, &c, row)
    case .decimal:
      var length = 0
      guard c.length(&length) else { return false }
      unsafe decimal(op, &c, row, length)
    case .fixedDecimal:
      guard unsafe c.need(op.pointee.size) else { return false }
      unsafe decimal(op, &c, row, op.pointee.size)
    case .bool:
      guard c.need(1) else { return false }
      if unsafe c.at[0] > 1 { c.mark(.boolean) }
      let bit = unsafe (c.at[0] & 1) << UInt8(truncatingIfNeeded: row & 7)
      unsafe op.pointee.values.assumingMemoryBound(to: UInt8.self)[row >> 3] |= bit
      unsafe c.at += 1
    case .bytes, .fixed: return unsafe bytes(op, &c, row)
    case .uuid:
      guard c.need(16) else { return false }
      unsafe (op.pointee.values + row * 16).copyMemory(from: c.at, byteCount: 16)
      unsafe c.at += 16
    case .uuidText:
      var length = 0
      guard c.length(&length) else { return false }
      let text = unsafe UnsafeRawBufferPointer(start: c.at, count: length)
      let target = unsafe (op.pointee.values + row * 16).assumingMemoryBound(to: UInt8.self)
      if unsafe ValueParse.uuid(text, into: target) != .ok { c.mark(.uuid) }
      unsafe c.at += length
    case .enumeration: return unsafe symbol(op, &c, row)
    case .json: return unsafe json(op, &c, row)
    case .slow: return unsafe AvroSlow(view: view).append(op.pointee.node, to: builders[op.pointee.builder], &c)
    case .skip: return unsafe AvroSlow(view: view).skip(op.pointee.node, &c, 0)
    case .group: break
    }
    return true
  }

  @inline(__always)
  private func text(_ op: UnsafeMutablePointer<AvroOp>, _ c: inout AvroCursor, _ row: Int) -> Bool {
    var length = 0
    guard c.length(&length) else { return false }
    let used = unsafe op.pointee.byteCount
    if unsafe used + length + 8 > op.pointee.byteCapacity { unsafe grow(op, length) }
    let source = unsafe UnsafeRawPointer(c.at)
    let target = unsafe op.pointee.values + used
    var high: UInt64 = 0
    var at = 0
    // Whole words: 8 bytes behind the target are room.
    while at + 8 <= length {
      let word = unsafe source.loadUnaligned(fromByteOffset: at, as: UInt64.self)
      unsafe target.storeBytes(of: word, toByteOffset: at, as: UInt64.self)
      high |= word
      at += 8
    }
    if at < length {
      let word = unsafe c.left - at >= 8 ? source.loadUnaligned(fromByteOffset: at, as: UInt64.self) : last(c, at)
      unsafe target.storeBytes(of: word, toByteOffset: at, as: UInt64.self)
      high |= word &<< UInt64((8 - (length - at)) * 8)
    }
    if high & 0x8080_8080_8080_8080 != 0 { unsafe check(source, length, &c) }
    unsafe c.at += length
    unsafe op.pointee.byteCount = used + length
    unsafe op.pointee.offsets[row + 1] = Int32(truncatingIfNeeded: used + length)
    return true
  }

  /// The last bytes as a word; nothing can be read behind them.
  @inline(never)
  private func last(_ c: AvroCursor, _ at: Int) -> UInt64 {
    var word: UInt64 = 0
    unsafe withUnsafeMutableBytes(of: &word) {
      unsafe $0.copyMemory(from: UnsafeRawBufferPointer(start: c.at + at, count: c.left - at))
    }
    return word
  }

  @inline(never)
  private func check(_ start: UnsafeRawPointer, _ length: Int, _ c: inout AvroCursor) {
    if unsafe !UTF8Text.isValid(UnsafeRawBufferPointer(start: start, count: length)) { c.mark(.utf8) }
  }

  @inline(never)
  private func bytes(_ op: UnsafeMutablePointer<AvroOp>, _ c: inout AvroCursor, _ row: Int) -> Bool {
    var length = unsafe op.pointee.size
    guard unsafe op.pointee.kind == .fixed ? c.need(length) : c.length(&length) else { return false }
    unsafe append(UnsafeRawBufferPointer(start: c.at, count: length), op, row)
    unsafe c.at += length
    return true
  }

  @inline(never)
  private func symbol(_ op: UnsafeMutablePointer<AvroOp>, _ c: inout AvroCursor, _ row: Int) -> Bool {
    var number: Int64 = 0
    guard c.long(&number) else { return false }
    let link = unsafe AvroScalar(view: view).symbol(number, view.nodes + op.pointee.node, &c, quoted: false)
    // The row of a symbol that there is not is taken back.
    let text = unsafe view.text(link ?? AvroProgram.Link())
    c.growth += text.count
    unsafe append(text, op, row)
    return true
  }

  @inline(never)
  private func json(_ op: UnsafeMutablePointer<AvroOp>, _ c: inout AvroCursor, _ row: Int) -> Bool {
    text.removeAll()
    var isNull = false
    guard unsafe AvroJSON(view: view).append(column: op.pointee.node, to: &text, &c, &isNull) else { return false }
    if isNull {
      unsafe op.pointee.setNull(row)
    } else {
      c.growth += text.count
      unsafe append(text.bytes, op, row)
    }
    return true
  }

  @inline(__always)
  private func append(_ bytes: UnsafeRawBufferPointer, _ op: UnsafeMutablePointer<AvroOp>, _ row: Int) {
    let used = unsafe op.pointee.byteCount
    if unsafe used + bytes.count + 8 > op.pointee.byteCapacity { unsafe grow(op, bytes.count) }
    if let source = bytes.baseAddress { unsafe memcpy(op.pointee.values + used, source, bytes.count) }
    unsafe op.pointee.byteCount = used + bytes.count
    unsafe op.pointee.offsets[row + 1] = Int32(truncatingIfNeeded: used + bytes.count)
  }

  @inline(__always)
  private func decimal(_ op: UnsafeMutablePointer<AvroOp>, _ c: inout AvroCursor, _ row: Int, _ length: Int) {
    var value: Int128 = 0
    let isRead = unsafe AvroDecimal.read(UnsafeRawBufferPointer(start: c.at, count: length), &value)
    if unsafe !isRead || value.magnitude >= op.pointee.bound { c.mark(.decimal) }
    unsafe c.at += length
    unsafe op.pointee.values.assumingMemoryBound(to: Int128.self)[row] = value
  }

  /// Takes back the last row that was read.
  func removeLast() {
    count -= 1
    takeBack()
  }

  /// Takes back what the current row has left behind.
  private func takeBack() {
    let row = count
    for index in 0..<opCount where unsafe ops[index].column >= 0 {
      if unsafe ops[index].kind == .slow {
        unsafe AvroSlow.cut(builders[ops[index].builder], to: row)
        continue
      }
      let bit: UInt8 = 1 << UInt8(row & 7)
      if unsafe ops[index].validity[row >> 3] & bit == 0 {
        unsafe ops[index].validity[row >> 3] |= bit
        unsafe ops[index].nullCount -= 1
      }
      if unsafe ops[index].isVariable { unsafe ops[index].byteCount = unsafe Int(ops[index].offsets[row]) }
      if unsafe ops[index].kind == .bool {
        unsafe ops[index].values.assumingMemoryBound(to: UInt8.self)[row >> 3] &= ~bit
      }
    }
  }

  // MARK: memory

  private func start(_ index: Int) {
    guard unsafe ops[index].column >= 0, unsafe ops[index].kind != .slow else { return }
    let bits = (rowCapacity + 7) / 8
    let validity = Allocation(capacity: bits)
    unsafe memset(validity.base, 0xFF, bits)
    var offsets: Allocation?
    let size: Int
    if unsafe ops[index].isVariable {
      // What the last batch needed, and a little.
      size = unsafe max(ops[index].byteCount + ops[index].byteCount / 16, 4_096) + 8
      let memory = Allocation(capacity: (rowCapacity + 1) * 4)
      unsafe ops[index].offsets = unsafe memory.base.assumingMemoryBound(to: Int32.self)
      unsafe ops[index].offsets[0] = 0
      offsets = memory
    } else {
      size = unsafe ops[index].kind == .bool ? bits : rowCapacity * ops[index].width
    }
    let values = Allocation(capacity: size)
    if unsafe ops[index].kind == .bool { unsafe memset(values.base, 0, bits) }
    unsafe ops[index].values = unsafe values.base
    unsafe ops[index].validity = unsafe validity.base.assumingMemoryBound(to: UInt8.self)
    unsafe ops[index].byteCount = 0
    unsafe ops[index].byteCapacity = size
    unsafe ops[index].nullCount = 0
    owners[index] = Memory(values: values, offsets: offsets, validity: validity)
  }

  @inline(never)
  private func grow(_ op: UnsafeMutablePointer<AvroOp>, _ more: Int) {
    let size = unsafe max(op.pointee.byteCapacity * 2, op.pointee.byteCount + more + 8)
    let memory = Allocation(capacity: size)
    unsafe memcpy(memory.base, op.pointee.values, op.pointee.byteCount)
    unsafe op.pointee.values = unsafe memory.base
    unsafe op.pointee.byteCapacity = size
    unsafe owners[op - ops].values = memory
  }

  /// The rows so far; the next batch starts.
  func finish() -> RecordBatch {
    var columns: [Column?] = Array(repeating: nil, count: schema.fields.count)
    for index in 0..<opCount where unsafe ops[index].column >= 0 {
      unsafe columns[ops[index].column] =
        unsafe ops[index].kind == .slow ? builders[ops[index].builder].finish() : column(index)
      start(index)
    }
    let batch = RecordBatch(schema: schema, columns: columns.compactMap { $0 }, count: count)
    count = 0
    byteCount = 0
    return batch
  }

  private func column(_ index: Int) -> Column {
    let op = unsafe ops[index]
    let memory = owners[index]
    let used = op.isVariable ? op.byteCount : op.kind == .bool ? (count + 7) / 8 : count * op.width
    return Column(
      type: schema.fields[op.column].type, count: count, nullCount: op.nullCount,
      validity: Buffer(memory.validity, count: (count + 7) / 8), values: Buffer(memory.values, count: used),
      offsets: memory.offsets.map { Buffer($0, count: (count + 1) * 4) })
  }
}
