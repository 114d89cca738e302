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
  let replacesSurrogates: Bool
  /// Set when a string could not be unescaped; the caller looks at it behind each column.
  var scratch = TextBuffer()

  func copy() -> JSONTable {
    unsafe JSONTable(
      base: base, fields: fields, stride: stride, count: count, byteCount: byteCount,
      replacesSurrogates: replacesSurrogates)
  }

  @inline(__always)
  func kind(_ row: Int, _ column: Int) -> UInt32 { unsafe fields[row * stride + column].size >> 28 }

  /// Whether a row has the member, if only as `null`.
  func hasMember(_ column: Int) -> Bool {
    for row in 0..<count where kind(row, column) != json_null.rawValue { return true }
    return false
  }

  @inline(__always)
  mutating func field(_ row: Int, _ column: Int) -> FieldText {
    let field = unsafe fields[row * stride + column]
    let start = unsafe base + Int(field.start)
    let count = Int(field.size & 0x0FFF_FFFF)
    switch field.size >> 28 {
    case json_bare.rawValue: return unsafe FieldText(start: start, count: count, kind: .bare)
    case json_string.rawValue: return unsafe FieldText(start: start, count: count, kind: .quoted)
    case json_nested.rawValue: return unsafe FieldText(start: start, count: count, kind: .nested)
    case json_escaped.rawValue: return unsafe unescape(start, count)
    default: return unsafe FieldText(start: start, count: 0, kind: .null)
    }
  }

  @inline(never)
  private mutating func unescape(_ start: UnsafePointer<UInt8>, _ count: Int) -> FieldText {
    scratch.removeAll()
    let text = unsafe UnsafeRawBufferPointer(start: start, count: count)
    // Rows with lone surrogates were sorted out before.
    _ = unsafe JSONText.unescape(text, to: &scratch, replacingSurrogates: replacesSurrogates)
    let bytes = unsafe scratch.bytes
    return unsafe FieldText(
      start: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? start, count: bytes.count, kind: .quoted)
  }

  /// The value's own JSON text.
  @inline(__always)
  func raw(_ row: Int, _ column: Int) -> FieldText {
    let field = unsafe fields[row * stride + column]
    let start = unsafe base + Int(field.start)
    let count = Int(field.size & 0x0FFF_FFFF)
    switch field.size >> 28 {
    case json_bare.rawValue: return unsafe FieldText(start: start, count: count, kind: .bare)
    case json_string.rawValue, json_escaped.rawValue:
      return unsafe FieldText(start: start - 1, count: count + 2, kind: .quoted)
    case json_nested.rawValue: return unsafe FieldText(start: start, count: count, kind: .nested)
    default: return unsafe FieldText(start: start, count: 0, kind: .null)
    }
  }

  /// Why the strings or nested values of a row are not valid, nil when they are.
  func fault(_ row: Int, depth: Int) -> String? {
    for column in 0..<stride {
      let field = unsafe fields[row * stride + column]
      let text = unsafe UnsafeRawBufferPointer(start: base + Int(field.start), count: Int(field.size & 0x0FFF_FFFF))
      if field.size >> 28 == json_escaped.rawValue {
        switch unsafe JSONText.checkEscapes(text) {
        case .ok: break
        case .malformed: return "a string has an escape sequence that JSON does not have"
        case .outOfRange, .losesDigits:
          if !replacesSurrogates { return "a string has half of a surrogate pair, which is no character" }
        }
      } else if field.size >> 28 == json_nested.rawValue {
        if unsafe !JSONText.isValid(text, depth: depth) {
          return "a nested value is not JSON, or nested deeper than 'maxDepth' allows"
        }
      }
    }
    return nil
  }

  /// Whether `fault` has anything to look at.
  func needsCheck(_ row: Int) -> Bool {
    for column in 0..<stride {
      let kind = unsafe fields[row * stride + column].size >> 28
      if kind == json_escaped.rawValue || kind == json_nested.rawValue { return true }
    }
    return false
  }
}
