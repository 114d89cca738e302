internal import CSimdJSON
internal import Records

/// Rows of JSON whose members were found by simdjson.
struct JSONTable: FieldTable, ~Copyable, ~Escapable {
  static let isTagged = true

  let text: Span<UInt8>
  let fields: Span<json_field>
  /// Fields a row takes in `fields`.
  let stride: Int
  let count: Int
  let byteCount: Int
  /// A text that is not in the input as it is.
  private var scratch = ByteBuffer()

  @_lifetime(copy text, copy fields)
  init(text: Span<UInt8>, fields: Span<json_field>, stride: Int, count: Int, byteCount: Int) {
    precondition(count * stride <= fields.count, "fewer fields than rows have")
    self.text = text
    self.fields = fields
    self.stride = stride
    self.count = count
    self.byteCount = byteCount
  }

  @_lifetime(copy self)
  func copy() -> JSONTable {
    JSONTable(text: text, fields: fields, stride: stride, count: count, byteCount: byteCount)
  }

  @_lifetime(copy self)
  func slice(_ rows: Range<Int>) -> JSONTable {
    JSONTable(
      text: text, fields: fields.extracting(droppingFirst: rows.lowerBound * stride), stride: stride, count: rows.count,
      byteCount: byteCount * rows.count / max(count, 1))
  }

  @inline(__always)
  func kind(_ row: Int, _ column: Int) -> UInt32 { entry(row, column).size >> 28 }

  @inline(__always)
  func isNull(_ row: Int, _ column: Int) -> Bool {
    kind(row, column) == json_null.rawValue || kind(row, column) == json_explicit_null.rawValue
  }

  /// Whether a member is a text, and this one.
  mutating func isText(_ row: Int, _ column: Int, _ text: String? = nil) -> Bool {
    let field = field(row, column)
    guard field.kind == .quoted, let text else { return field.kind == .quoted }
    return field.bytes.isExactly(text.utf8.span)
  }

  func isObject(_ row: Int, _ column: Int) -> Bool {
    let isNested = kind(row, column) == json_nested.rawValue || kind(row, column) == json_nested_lone.rawValue
    return isNested && text[start(row, column)] == UInt8(ascii: "{")
  }

  /// Where a member begins in the input.
  func start(_ row: Int, _ column: Int) -> Int { Int(fields[row * stride + column].start) }

  /// A member that is a text.
  mutating func text(_ row: Int, _ column: Int) -> String? {
    let field = field(row, column)
    return field.kind == .quoted ? field.bytes.string : nil
  }

  /// The first row that has the member, if only as `null`, and where it stands.
  func firstMember(_ column: Int) -> (Int, UInt32)? {
    for row in 0..<count where kind(row, column) != json_null.rawValue {
      return (row, fields[row * stride + column].start)
    }
    return nil
  }

  /// Whether no row has another value of the member than `null`.
  func holdsNullsOnly(_ column: Int) -> Bool {
    (0..<count).allSatisfy { isNull($0, column) }
  }

  @inline(__always)
  @_lifetime(&self)
  mutating func field(_ row: Int, _ column: Int) -> FieldText {
    let field = entry(row, column)
    let place = place(field)
    switch field.size >> 28 {
    case json_bare.rawValue: return FieldText(bytes(place), .bare)
    case json_string.rawValue: return FieldText(bytes(place), .quoted)
    case json_nested.rawValue, json_nested_lone.rawValue: return FieldText(bytes(place), .nested)
    case json_escaped.rawValue: return unescape(place)
    default: return FieldText(bytes(place.lowerBound..<place.lowerBound), .null)
    }
  }

  @inline(__always)
  private func entry(_ row: Int, _ column: Int) -> json_field {
    precondition(UInt(bitPattern: row) < UInt(bitPattern: count), "a row outside of the table")
    precondition(UInt(bitPattern: column) < UInt(bitPattern: stride), "a field outside of the row")
    return unsafe fields[unchecked: row &* stride &+ column]
  }

  @inline(__always)
  private func place(_ field: json_field) -> Range<Int> {
    Int(field.start)..<Int(field.start) + Int(field.size & 0x0FFF_FFFF)
  }

  @inline(__always)
  @_lifetime(copy self)
  private func bytes(_ place: Range<Int>) -> Span<UInt8> { text.extracting(place) }

  @inline(never)
  @_lifetime(&self)
  private mutating func unescape(_ place: Range<Int>) -> FieldText {
    scratch.removeAll()
    let text = bytes(place)
    // Half a surrogate pair is here only where it is to be replaced.
    _ = JSONText.unescape(text, to: &scratch, replacingSurrogates: true)
    return FieldText(scratch.span, .quoted)
  }

  /// The value's own JSON text.
  @inline(__always)
  @_lifetime(&self)
  mutating func raw(_ row: Int, _ column: Int) -> FieldText {
    let field = entry(row, column)
    let place = place(field)
    let quoted = place.lowerBound - 1..<place.upperBound + 1
    switch field.size >> 28 {
    case json_bare.rawValue: return FieldText(bytes(place), .bare)
    case json_string.rawValue: return FieldText(bytes(quoted), .quoted)
    case json_escaped.rawValue: return withoutSurrogates(quoted, .quoted)
    case json_nested.rawValue: return FieldText(bytes(place), .nested)
    case json_nested_lone.rawValue: return withoutSurrogates(place, .nested)
    default: return FieldText(bytes(place.lowerBound..<place.lowerBound), .null)
    }
  }

  @inline(never)
  @_lifetime(&self)
  private mutating func withoutSurrogates(_ place: Range<Int>, _ kind: FieldText.Kind) -> FieldText {
    scratch.removeAll()
    let text = bytes(place)
    JSONText.append(json: text, replacingSurrogatesTo: &scratch)
    return FieldText(scratch.span, kind)
  }
}
