internal import CScan
internal import CSimdJSON
internal import Records

/// Rows of JSON whose members were found by simdjson.
@safe struct JSONTable: FieldTable, ~Copyable {
  static let isTagged = true

  let base: UnsafePointer<UInt8>
  let fields: UnsafePointer<json_field>
  /// Fields a row takes in `fields`.
  let stride: Int
  let count: Int
  let byteCount: Int
  /// A text that is not in the input as it is.
  var scratch = TextBuffer()

  func copy() -> JSONTable {
    unsafe JSONTable(base: base, fields: fields, stride: stride, count: count, byteCount: byteCount)
  }

  func slice(_ rows: Range<Int>) -> JSONTable {
    unsafe JSONTable(
      base: base, fields: fields + rows.lowerBound * stride, stride: stride, count: rows.count,
      byteCount: byteCount * rows.count / max(count, 1))
  }

  @inline(__always)
  func kind(_ row: Int, _ column: Int) -> UInt32 { unsafe fields[row * stride + column].size >> 28 }

  @inline(__always)
  func isNull(_ row: Int, _ column: Int) -> Bool {
    kind(row, column) == json_null.rawValue || kind(row, column) == json_explicit_null.rawValue
  }

  /// Whether a member is a text, and this one.
  mutating func isText(_ row: Int, _ column: Int, _ text: String? = nil) -> Bool {
    let field = field(row, column)
    guard field.kind == .quoted, let text else { return field.kind == .quoted }
    return unsafe field.bytes.elementsEqual(text.utf8)
  }

  func isObject(_ row: Int, _ column: Int) -> Bool {
    let isNested = kind(row, column) == json_nested.rawValue || kind(row, column) == json_nested_lone.rawValue
    return unsafe isNested && base[start(row, column)] == UInt8(ascii: "{")
  }

  /// Where a member begins in the input.
  func start(_ row: Int, _ column: Int) -> Int { unsafe Int(fields[row * stride + column].start) }

  /// A member that is a text.
  mutating func text(_ row: Int, _ column: Int) -> String? {
    let field = field(row, column)
    return unsafe field.kind == .quoted ? String(decoding: field.bytes, as: UTF8.self) : nil
  }

  /// The first row that has the member, if only as `null`, and where it stands.
  func firstMember(_ column: Int) -> (Int, UInt32)? {
    for row in 0..<count where kind(row, column) != json_null.rawValue {
      return unsafe (row, fields[row * stride + column].start)
    }
    return nil
  }

  /// Whether no row has another value of the member than `null`.
  func holdsNullsOnly(_ column: Int) -> Bool {
    (0..<count).allSatisfy { isNull($0, column) }
  }

  @inline(__always)
  mutating func field(_ row: Int, _ column: Int) -> FieldText {
    let field = unsafe fields[row * stride + column]
    let start = unsafe base + Int(field.start)
    let count = Int(field.size & 0x0FFF_FFFF)
    switch field.size >> 28 {
    case json_bare.rawValue: return unsafe FieldText(start: start, count: count, kind: .bare)
    case json_string.rawValue: return unsafe FieldText(start: start, count: count, kind: .quoted)
    case json_nested.rawValue, json_nested_lone.rawValue:
      return unsafe FieldText(start: start, count: count, kind: .nested)
    case json_escaped.rawValue: return unsafe unescape(start, count)
    default: return unsafe FieldText(start: start, count: 0, kind: .null)
    }
  }

  @inline(never)
  private mutating func unescape(_ start: UnsafePointer<UInt8>, _ count: Int) -> FieldText {
    scratch.removeAll()
    let text = unsafe UnsafeRawBufferPointer(start: start, count: count)
    // Half a surrogate pair is here only where it is to be replaced.
    _ = unsafe JSONText.unescape(text, to: &scratch, replacingSurrogates: true)
    return unsafe scratchField(start, .quoted)
  }

  private func scratchField(_ other: UnsafePointer<UInt8>, _ kind: FieldText.Kind) -> FieldText {
    let bytes = unsafe scratch.bytes
    return unsafe FieldText(
      start: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? other, count: bytes.count, kind: kind)
  }

  /// The value's own JSON text.
  @inline(__always)
  mutating func raw(_ row: Int, _ column: Int) -> FieldText {
    let field = unsafe fields[row * stride + column]
    let start = unsafe base + Int(field.start)
    let count = Int(field.size & 0x0FFF_FFFF)
    switch field.size >> 28 {
    case json_bare.rawValue: return unsafe FieldText(start: start, count: count, kind: .bare)
    case json_string.rawValue: return unsafe FieldText(start: start - 1, count: count + 2, kind: .quoted)
    case json_escaped.rawValue: return unsafe withoutSurrogates(start - 1, count + 2, .quoted)
    case json_nested.rawValue: return unsafe FieldText(start: start, count: count, kind: .nested)
    case json_nested_lone.rawValue: return unsafe withoutSurrogates(start, count, .nested)
    default: return unsafe FieldText(start: start, count: 0, kind: .null)
    }
  }
  @inline(never)
  private mutating func withoutSurrogates(
    _ start: UnsafePointer<UInt8>, _ count: Int, _ kind: FieldText.Kind
  ) -> FieldText {
    scratch.removeAll()
    unsafe JSONText.append(json: UnsafeRawBufferPointer(start: start, count: count), replacingSurrogatesTo: &scratch)
    return unsafe scratchField(start, kind)
  }
}
