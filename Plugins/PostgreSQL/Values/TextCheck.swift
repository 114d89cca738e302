internal import Records
internal import SQL

/// Takes text over from a database that does not check it: one in SQL_ASCII.
final class TextCheck {
  private let policy: InvalidText

  init(_ policy: InvalidText) { self.policy = policy }

  func append(_ p: UnsafeRawPointer, _ length: Int, to builder: ColumnBuilder) -> RowDecoder.Fault {
    let bytes = UnsafeRawBufferPointer(start: p, count: length)
    if String(validating: bytes, as: UTF8.self) != nil {
      builder.append(bytes: bytes)
      return .none
    }
    switch policy {
    case .error: return .encoding
    case .replace: builder.append(text: String(decoding: bytes, as: UTF8.self))
    case .escape: builder.append(text: TextCheck.escaped(bytes))
    }
    return .none
  }

  /// Each byte that belongs to no character as `\xHH`.
  static func escaped(_ bytes: UnsafeRawBufferPointer) -> String {
    var text = ""
    var decoder = UTF8()
    var rest = bytes[...]
    while !rest.isEmpty {
      var iterator = rest.makeIterator()
      if case .scalarValue(let scalar) = decoder.decode(&iterator) {
        text.unicodeScalars.append(scalar)
        rest = rest.dropFirst(UTF8.width(scalar))
      } else {
        let byte = rest[rest.startIndex]
        text += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        rest = rest.dropFirst()
      }
      decoder = UTF8()
    }
    return text
  }
}
