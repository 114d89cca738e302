/// An array as it lies in a message's body: checked against its bounds, not yet converted.
struct RawArray {
  let plan: FieldPlan
  let count: Int
  let nullCount: Int
  /// nil when there is no NULL.
  let validity: Buffer?
  /// Offsets, values or keys, in Arrow's order; of a view the views and then what they point into.
  var buffers: [Buffer]
  var children: [RawArray]
}

/// Cuts a body into arrays. Every length and offset is checked here, except what depends on a value that is converted
/// later (keys of dictionaries, views).
struct BodyReader {
  private let body: Buffer
  /// Where the body lies in the file.
  private let base: Int64
  private let name: String
  private let nodes: FlatVector
  private let buffers: FlatVector
  private let variadic: FlatVector?
  private let codec: BodyCodec?
  private var nextNode = 0
  private var nextBuffer = 0
  private var nextVariadic = 0
  private var decompressed = 0

  /// - Parameters:
  ///   - header: Arrow's table `RecordBatch`.
  ///   - codec: what compressed the buffers where the header does not say it.
  init(_ header: FlatTable, body: Buffer, base: Int64, codec outer: BodyCodec?) throws {
    self.body = body
    self.base = base
    name = header.source.name
    guard let nodes = try header.vector(1, stride: 16), let buffers = try header.vector(2, stride: 16) else {
      throw header.failure("the batch does not say where its columns are")
    }
    self.nodes = nodes
    self.buffers = buffers
    variadic = try header.vector(4, stride: 8)
    guard let compression = try header.table(3) else {
      codec = outer
      return
    }
    guard let codec = BodyCodec(rawValue: try compression.number(0, default: 0)),
      try compression.number(1, default: 0 as Int8) == 0
    else { throw compression.failure("the batch has an unknown kind of compression") }
    self.codec = codec
  }

  /// The array of a plan, with `count` values where that is known from outside.
  mutating func array(_ plan: FieldPlan, count expected: Int?) throws -> RawArray {
    guard nextNode < nodes.count else { throw failure(plan, "the batch has no such column") }
    let count = try nodes.number(nextNode, at: 0, as: Int64.self)
    let nulls = try nodes.number(nextNode, at: 8, as: Int64.self)
    nextNode += 1
    guard 0...ArrowFormat.Bound.rows ~= count, nulls <= count else {
      throw failure(plan, "it claims \(count) values and \(nulls) NULLs")
    }
    if let expected, expected != Int(count) {
      throw failure(plan, "it has \(count) values, the batch \(expected) rows")
    }
    if plan.storage == .null {
      return RawArray(plan: plan, count: Int(count), nullCount: Int(count), validity: nil, buffers: [], children: [])
    }
    let (validity, nullCount) = try validity(plan, Int(count), Int(nulls))
    var array = RawArray(
      plan: plan, count: Int(count), nullCount: nullCount, validity: validity, buffers: [], children: [])
    try readValues(of: &array)
    return array
  }

  private mutating func readValues(of array: inout RawArray) throws {
    let plan = array.plan
    let count = array.count
    switch plan.storage {
    case .null: break
    case .bits: array.buffers = [try buffer(plan, atLeast: (count + 7) / 8, alignment: 1)]
    case .fixed(let width): array.buffers = [try fixed(plan, count, width)]
    case .fixedBytes(let width): array.buffers = [try fixed(plan, count, width, alignment: 1)]
    case .converted(let conversion): array.buffers = [try fixed(plan, count, conversion.sourceWidth)]
    case .dictionary(_, let index): array.buffers = [try fixed(plan, count, index.width)]
    case .variable:
      let (offsets, _, last) = try offsets(plan, count, Int32.self)
      array.buffers = [offsets, try buffer(plan, atLeast: Int(last), alignment: 1)]
      try checkText(array)
    case .largeVariable:
      let (offsets, _, last) = try offsets(plan, count, Int64.self)
      array.buffers = [offsets, try buffer(plan, atLeast: Int(last), alignment: 1)]
    case .view:
      array.buffers = [try fixed(plan, count, 16, alignment: 1)]
      for _ in 0..<(try viewBuffers(plan)) { array.buffers.append(try buffer(plan, atLeast: 0, alignment: 1)) }
    case .list, .map:
      let (offsets, _, last) = try offsets(plan, count, Int32.self)
      array.buffers = [offsets]
      try readElements(of: &array, atLeast: Int(last))
    case .largeList:
      let (offsets, _, last) = try offsets(plan, count, Int64.self)
      array.buffers = [offsets]
      try readElements(of: &array, atLeast: Int(last))
    case .fixedList(let size):
      let (elements, overflow) = count.multipliedReportingOverflow(by: size)
      guard !overflow else { throw failure(plan, "it claims \(count) lists of \(size) elements") }
      try readElements(of: &array, atLeast: elements)
    case .structure, .offsetTimestamp:
      for child in plan.children {
        let values = try self.array(child, count: nil)
        guard values.count >= count else {
          throw failure(child, "it has \(values.count) values, the struct around it \(count)")
        }
        array.children.append(values)
      }
    }
  }

  private mutating func readElements(of array: inout RawArray, atLeast needed: Int) throws {
    let elements = try self.array(array.plan.children[0], count: nil)
    guard elements.count >= needed else {
      throw failure(array.plan, "its lists reach over \(needed) elements, \(elements.count) are there")
    }
    array.children = [elements]
  }

  // MARK: pieces of an array

  private mutating func validity(_ plan: FieldPlan, _ count: Int, _ nulls: Int) throws -> (Buffer?, Int) {
    let start = nextBuffer
    // A negative count means that the writer did not count.
    if nulls == 0 {
      nextBuffer += 1
      return (nil, 0)
    }
    let length = try bufferLength(plan, start)
    if length == 0 {
      nextBuffer += 1
      guard nulls < 0 else { throw failure(plan, "it claims \(nulls) NULLs and has no validity bitmap") }
      return (nil, 0)
    }
    let bitmap = try buffer(plan, atLeast: (count + 7) / 8, alignment: 1)
    let counted = unsafe count - Bitmap.ones(bitmap.start, from: 0, count: count)
    guard nulls < 0 || counted == nulls else {
      throw failure(plan, "it claims \(nulls) NULLs, its validity bitmap has \(counted)")
    }
    return (counted == 0 ? nil : bitmap, counted)
  }

  private mutating func fixed(_ plan: FieldPlan, _ count: Int, _ width: Int, alignment: Int? = nil) throws -> Buffer {
    let (bytes, overflow) = count.multipliedReportingOverflow(by: width)
    guard !overflow else { throw failure(plan, "it claims \(count) values of \(width) bytes") }
    // 128- and 256-bit values are loaded as 16-byte words.
    return try buffer(plan, atLeast: bytes, alignment: alignment ?? min(width, 16))
  }

  /// `count + 1` offsets that never fall, and the first and last of them.
  private mutating func offsets<T: FixedWidthInteger & SignedInteger & BitwiseCopyable>(
    _ plan: FieldPlan, _ count: Int, _: T.Type
  ) throws -> (Buffer, T, T) {
    let width = MemoryLayout<T>.size
    if count == 0, try bufferLength(plan, nextBuffer) < width {
      // Writers may leave out the one offset of an empty array.
      nextBuffer += 1
      let zero = Allocation(capacity: width)
      unsafe zero.base.storeBytes(of: 0, as: T.self)
      return (Buffer(zero, count: width), 0, 0)
    }
    let buffer = try buffer(plan, atLeast: (count + 1) * width, alignment: width)
    let values = buffer.values(as: T.self).extracting(first: count + 1)
    guard BodyReader.neverFall(values) else {
      throw failure(plan, "its offsets fall or are negative")
    }
    return (buffer, values[0], values[count])
  }

  /// The sign bits of all offsets and of all differences are collected, without a branch in the loop. A difference
  /// cannot wrap where no offset is negative.
  private static func neverFall<T: FixedWidthInteger & SignedInteger>(_ offsets: Span<T>) -> Bool {
    var signs: T = offsets[0]
    for index in 1..<max(offsets.count, 1) {
      // A look at the bounds of each would keep the loop from taking several at a time.
      unsafe signs |= offsets[unchecked: index] | (offsets[unchecked: index] &- offsets[unchecked: index - 1])
    }
    return signs >= 0
  }

  private mutating func viewBuffers(_ plan: FieldPlan) throws -> Int {
    guard let variadic, nextVariadic < variadic.count else {
      throw failure(plan, "the number of its buffers is missing")
    }
    let count = try variadic.number(nextVariadic, as: Int64.self)
    nextVariadic += 1
    guard count >= 0, count <= Int64(buffers.count - nextBuffer) else {
      throw failure(plan, "it claims \(count) buffers, \(buffers.count - nextBuffer) are left")
    }
    return Int(count)
  }

  private func checkText(_ array: RawArray) throws {
    guard array.plan.type.isTextual, let row = UTF8Check.firstInvalidRow(array.wholeVariable) else { return }
    throw failure(array.plan, "the text in row \(row + 1) of the batch is not valid UTF-8")
  }

  // MARK: buffers

  private func bufferLength(_ plan: FieldPlan, _ index: Int) throws -> Int {
    guard index < buffers.count else { throw failure(plan, "the batch has too few buffers for it") }
    return Int(try buffers.number(index, at: 8, as: Int64.self))
  }

  /// The next buffer, decompressed where the batch is compressed, aligned for its values.
  private mutating func buffer(_ plan: FieldPlan, atLeast needed: Int, alignment: Int) throws -> Buffer {
    let length = try bufferLength(plan, nextBuffer)
    let offset = Int(try buffers.number(nextBuffer, at: 0, as: Int64.self))
    guard offset >= 0, length >= 0, offset <= body.count, length <= body.count - offset else {
      throw failure(plan, "a buffer of \(length) bytes at \(offset) of a body of \(body.count) bytes")
    }
    var buffer = body.slice(offset, length)
    if codec != nil { buffer = try decompress(buffer, plan, offset) }
    nextBuffer += 1
    guard buffer.count >= needed else {
      throw failure(plan, "a buffer has \(buffer.count) bytes, its values need \(needed)", at: offset)
    }
    if alignment > 1, unsafe Int(bitPattern: buffer.start) & (alignment - 1) != 0 {
      return unsafe Buffer(copying: buffer.bytes)
    }
    return buffer
  }

  private mutating func decompress(_ buffer: Buffer, _ plan: FieldPlan, _ offset: Int) throws -> Buffer {
    guard let codec, buffer.count > 0 else { return buffer }
    guard buffer.count >= 8 else { throw failure(plan, "a compressed buffer without its length", at: offset) }
    let length = unsafe Int(Int64(littleEndian: buffer.start.loadUnaligned(as: Int64.self)))
    let source = buffer.slice(8, buffer.count - 8)
    if length == -1 { return source }
    guard length >= 0, (length - 65_536) / codec.maxRatio <= source.count else {
      throw failure(plan, "a buffer of \(source.count) compressed bytes claims to be \(length) bytes long", at: offset)
    }
    decompressed += length
    guard decompressed <= ArrowFormat.Bound.decompressed, let memory = Allocation(trying: length) else {
      throw failure(plan, "the batch takes more than \(decompressed) bytes decompressed, too much", at: offset)
    }
    guard memory.fill(0..<length, { codec.decompress(source.span, into: &$0) }) else {
      throw failure(plan, "a compressed buffer is damaged", at: offset)
    }
    return Buffer(memory, count: length)
  }

  private func failure(_ plan: FieldPlan, _ what: String, at offset: Int? = nil) -> Failure {
    var position = base
    if let offset {
      position += Int64(offset)
    } else if nextBuffer < buffers.count, let start = try? buffers.number(nextBuffer, as: Int64.self),
      0...Int64(body.count) ~= start
    {
      position += start
    }
    return Failure(.data, "reading '\(name)' at byte \(position): column '\(plan.path)': \(what)")
  }
}
