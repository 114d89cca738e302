internal import Records

/// Reads rows from the bytes of a block into the columns of a batch, step by step of the plan.
final class AvroRows {
  let schema: Schema
  /// Rows of the batch so far.
  private(set) var count = 0
  private(set) var byteCount = 0
  private let rowCapacity: Int
  private var ops: [AvroOp]
  private let program: AvroProgram
  private let builders: [ColumnBuilder]
  /// The JSON text of a value.
  private var text = ByteBuffer(capacity: 1_024)
  /// For each step the memory that it appends to.
  private var owners: [AvroOp.Memory]

  init(_ layout: AvroLayout) {
    schema = Schema(layout.fields)
    program = AvroProgram(layout.actions)
    builders = layout.builders
    ops = layout.ops
    let width = layout.ops.reduce(1) { $0 + max($1.width, 8) }
    rowCapacity = max(64, min(Limits.batchRows, Limits.batchBytes / width))
    owners = Array(repeating: .none, count: layout.ops.count)
    for index in ops.indices {
      if !program.roots.isEmpty { ops[index].node = program.roots[ops[index].slot] }
      start(index)
    }
  }

  var isFull: Bool { count >= rowCapacity || byteCount >= Limits.batchBytes }

  // MARK: rows

  /// Reads up to `rows` rows.
  func run(_ cursor: inout AvroCursor, rows: Int) -> AvroStop {
    let program = program
    return run(&cursor, rows, &ops, program.view)
  }

  private func run(
    _ cursor: inout AvroCursor, _ rows: Int, _ steps: inout [AvroOp], _ view: AvroProgram.View
  ) -> AvroStop {
    var ops = steps.mutableSpan
    var left = min(rows, rowCapacity - count)
    while left > 0, byteCount < Limits.batchBytes {
      let start = cursor.at
      guard row(&ops, &cursor, view) else {
        let fault = cursor.fault
        takeBack(&ops)
        restart(&cursor, start)
        return fault == .end ? .end : .fault(fault, findFlaw(&ops, &cursor, view))
      }
      if cursor.flaw != .none { return refuse(&ops, &cursor, start, view) }
      byteCount += cursor.at - start + cursor.growth
      cursor.growth = 0
      count += 1
      left -= 1
    }
    return .rows
  }

  private func restart(_ cursor: inout AvroCursor, _ start: Int) {
    cursor.at = start
    cursor.fault = .none
    cursor.flaw = .none
  }

  /// Takes back a row of which a value is bad, and goes behind it.
  private func refuse(
    _ ops: inout MutableSpan<AvroOp>, _ cursor: inout AvroCursor, _ start: Int, _ view: AvroProgram.View
  ) -> AvroStop {
    let reason = cursor.flaw == .mismatch ? mismatch(cursor.flawNode, view) : cursor.flaw.text
    takeBack(&ops)
    let end = cursor.at
    restart(&cursor, start)
    let column = findFlaw(&ops, &cursor, view)
    restart(&cursor, end)
    cursor.growth = 0
    return .bad(column + reason, start: start)
  }

  @inline(__always)
  private func row(_ ops: inout MutableSpan<AvroOp>, _ c: inout AvroCursor, _ view: AvroProgram.View) -> Bool {
    let row = count
    var index = 0
    while index < ops.count {
      var isNull = false
      // The loop's end is the span's.
      guard unsafe read(&ops[unchecked: index], index, &c, row, view, &isNull) else { return false }
      if isNull {
        setNull(&ops, index, row)
        if ops[index].kind == .group { index &+= ops[index].size }
      }
      index &+= 1
    }
    return true
  }

  /// Reads the value of a step, or the NULL in its place.
  @inline(__always)
  private func read(
    _ op: inout AvroOp, _ step: Int, _ c: inout AvroCursor, _ row: Int, _ view: AvroProgram.View, _ isNull: inout Bool
  ) -> Bool {
    if op.isNullable {
      guard branch(op.nullBranch, op.valueBranch, &c, &isNull) else { return false }
      if isNull { return true }
    }
    return value(&op, step, &c, row, view)
  }

  /// Reads the row of the cursor once more, step by step: in which column it goes wrong. The cursor stays where it is.
  private func findFlaw(
    _ ops: inout MutableSpan<AvroOp>, _ c: inout AvroCursor, _ view: AvroProgram.View
  ) -> String {
    let start = c.at
    var index = 0
    var column = -1
    while index < ops.count, column < 0 {
      let step = index
      index += 1
      var isNull = false
      let isRead = read(&ops[step], step, &c, count, view, &isNull)
      if isNull {
        setNull(&ops, step, count)
        if ops[step].kind == .group { index += ops[step].size }
      }
      if !isRead || c.flaw != .none { column = ops[step].column }
      if !isRead { break }
    }
    takeBack(&ops)
    restart(&c, start)
    guard column >= 0 else { return "" }
    return "column '\(schema.fields[column].name)' (\(schema.fields[column].type.name)): "
  }

  private func mismatch(_ node: Int, _ view: AvroProgram.View) -> String {
    view.text(view.links[view.nodes[node].first]).string
  }

  @inline(__always)
  private func branch(_ null: UInt8, _ value: UInt8, _ c: inout AvroCursor, _ isNull: inout Bool) -> Bool {
    guard c.need(1) else { return false }
    let byte = c.first
    if byte == value {
      c.at &+= 1
      return true
    }
    if byte == null {
      c.at &+= 1
      isNull = true
      return true
    }
    return longBranch(null, &c, &isNull)
  }

  /// A branch whose number takes more bytes than it has to, or one that is none.
  @inline(never)
  private func longBranch(_ null: UInt8, _ c: inout AvroCursor, _ isNull: inout Bool) -> Bool {
    var branch = 0
    guard c.branch(2, &branch) else { return false }
    isNull = branch == Int(null >> 1)
    return true
  }

  /// NULL for a step; for a record for all of its fields.
  @inline(__always)
  private func setNull(_ ops: inout MutableSpan<AvroOp>, _ step: Int, _ row: Int) {
    guard ops[step].kind == .group else { return ops[step].setNull(row) }
    for field in step + 1..<step + 1 + ops[step].size where ops[field].column >= 0 {
      if ops[field].kind == .slow {
        builders[ops[field].builder].appendNull()
      } else {
        ops[field].setNull(row)
      }
    }
  }

  @inline(__always)
  private func value(
    _ op: inout AvroOp, _ step: Int, _ c: inout AvroCursor, _ row: Int, _ view: AvroProgram.View
  ) -> Bool {
    var number: Int64 = 0
    switch op.kind {
    case .int:
      guard c.int(&number) else { return false }
      op.set(Int32(truncatingIfNeeded: number), row)
    case .promoted:
      guard c.int(&number) else { return false }
      op.set(number, row)
    case .long:
      guard c.long(&number) else { return false }
      op.set(number, row)
    case .scaled:
      guard c.long(&number) else { return false }
      let (time, overflow) = number.multipliedReportingOverflow(by: op.factor)
      if overflow { c.mark(.time) }
      op.set(time, row)
    case .time:
      guard c.long(&number) else { return false }
      let (time, overflow) = number.multipliedReportingOverflow(by: op.factor)
      if overflow || time < 0 || time > op.day { c.mark(.time) }
      op.set(time, row)
    case .float:
      guard c.need(4) else { return false }
      op.set(c.load(as: UInt32.self), row)
    case .double:
      guard c.need(8) else { return false }
      op.set(c.load(as: UInt64.self), row)
    case .text: return text(&op, step, &c, row)
    case .decimal:
      var length = 0
      guard c.length(&length) else { return false }
      decimal(op, &c, row, length)
    case .fixedDecimal:
      guard c.need(op.size) else { return false }
      decimal(op, &c, row, op.size)
    case .bool:
      guard c.need(1) else { return false }
      if c.first > 1 { c.mark(.boolean) }
      op.set(bool: c.first, row)
      c.at &+= 1
    case .bytes, .fixed: return bytes(&op, step, &c, row)
    case .uuid:
      guard c.need(16) else { return false }
      op.set(c.load(as: UInt128.self), row)
    case .uuidText:
      var length = 0
      guard c.length(&length) else { return false }
      var value: UInt128 = 0
      if ValueParse.uuid(c.take(length), into: &value) != .ok { c.mark(.uuid) }
      op.set(value, row)
    case .enumeration: return symbol(&op, step, &c, row, view)
    case .json: return json(&op, step, &c, row, view)
    case .slow: return AvroSlow(view: view).append(op.node, to: builders[op.builder], &c)
    case .skip: return AvroSlow(view: view).skip(op.node, &c, 0)
    case .group: break
    }
    return true
  }

  @inline(__always)
  private func text(_ op: inout AvroOp, _ step: Int, _ c: inout AvroCursor, _ row: Int) -> Bool {
    var length = 0
    guard c.length(&length) else { return false }
    if op.lacksRoom(length) { grow(&op, step, length) }
    if !op.appendText(length, of: &c, row) { check(length, &c) }
    return true
  }

  /// Whether the last bytes are UTF-8.
  @inline(never)
  private func check(_ length: Int, _ c: inout AvroCursor) {
    if !UTF8Text.isValid(c.bytes.extracting(c.at - length..<c.at)) { c.mark(.utf8) }
  }

  @inline(never)
  private func bytes(_ op: inout AvroOp, _ step: Int, _ c: inout AvroCursor, _ row: Int) -> Bool {
    var length = op.size
    guard op.kind == .fixed ? c.need(length) : c.length(&length) else { return false }
    append(c.take(length), &op, step, row)
    return true
  }

  @inline(never)
  private func symbol(
    _ op: inout AvroOp, _ step: Int, _ c: inout AvroCursor, _ row: Int, _ view: AvroProgram.View
  ) -> Bool {
    var number: Int64 = 0
    guard c.long(&number) else { return false }
    let link = AvroScalar(view: view).symbol(number, op.node, &c, quoted: false)
    // The row of a symbol that there is not is taken back.
    let text = view.text(link ?? AvroProgram.Link())
    c.growth += text.count
    append(text, &op, step, row)
    return true
  }

  @inline(never)
  private func json(
    _ op: inout AvroOp, _ step: Int, _ c: inout AvroCursor, _ row: Int, _ view: AvroProgram.View
  ) -> Bool {
    json(into: &text, &op, step, &c, row, view)
  }

  private func json(
    into text: inout ByteBuffer, _ op: inout AvroOp, _ step: Int, _ c: inout AvroCursor, _ row: Int,
    _ view: AvroProgram.View
  ) -> Bool {
    text.removeAll()
    var isNull = false
    guard AvroJSON(view: view).append(column: op.node, to: &text, &c, &isNull) else { return false }
    if isNull {
      op.setNull(row)
    } else {
      c.growth += text.count
      append(text.span, &op, step, row)
    }
    return true
  }

  @inline(__always)
  private func append(_ bytes: Span<UInt8>, _ op: inout AvroOp, _ step: Int, _ row: Int) {
    if op.lacksRoom(bytes.count) { grow(&op, step, bytes.count) }
    op.append(bytes, row)
  }

  @inline(__always)
  private func decimal(_ op: AvroOp, _ c: inout AvroCursor, _ row: Int, _ length: Int) {
    var value: Int128 = 0
    let isRead = AvroDecimal.read(c.take(length), &value)
    if !isRead || value.magnitude >= op.bound { c.mark(.decimal) }
    op.set(value, row)
  }

  /// Takes back the last row that was read.
  func removeLast() {
    count -= 1
    takeBack(in: &ops)
  }

  private func takeBack(in steps: inout [AvroOp]) {
    var ops = steps.mutableSpan
    takeBack(&ops)
  }

  /// Takes back what the current row has left behind.
  private func takeBack(_ ops: inout MutableSpan<AvroOp>) {
    for step in ops.indices where ops[step].column >= 0 {
      if ops[step].kind == .slow {
        AvroSlow.cut(builders[ops[step].builder], to: count)
      } else {
        ops[step].takeBack(count)
      }
    }
  }

  // MARK: memory

  private func start(_ step: Int) {
    guard ops[step].column >= 0, ops[step].kind != .slow else { return }
    owners[step] = ops[step].start(rows: rowCapacity)
  }

  @inline(never)
  private func grow(_ op: inout AvroOp, _ step: Int, _ more: Int) { owners[step].values = op.grow(more) }

  /// The rows so far; the next batch starts.
  func finish() -> RecordBatch {
    var columns: [Column?] = Array(repeating: nil, count: schema.fields.count)
    for step in ops.indices where ops[step].column >= 0 {
      columns[ops[step].column] = ops[step].kind == .slow ? builders[ops[step].builder].finish() : column(step)
      start(step)
    }
    let batch = RecordBatch(schema: schema, columns: columns.compactMap { $0 }, count: count)
    count = 0
    byteCount = 0
    return batch
  }

  private func column(_ step: Int) -> Column {
    let op = ops[step]
    let memory = owners[step]
    let used = op.isVariable ? op.byteCount : op.kind == .bool ? (count + 7) / 8 : count * op.width
    return Column(
      type: schema.fields[op.column].type, count: count, nullCount: op.nullCount,
      validity: Buffer(memory.validity, count: (count + 7) / 8), values: Buffer(memory.values, count: used),
      offsets: memory.offsets.map { Buffer($0, count: (count + 1) * 4) })
  }
}
