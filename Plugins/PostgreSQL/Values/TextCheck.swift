internal import Records
internal import SQL

/// Takes text over from a database that does not check it: one in SQL_ASCII.
final class TextCheck {
  private let policy: InvalidText

  init(_ policy: InvalidText) { self.policy = policy }

  func append(_ p: UnsafeRawPointer, _ length: Int, to builder: ColumnBuilder) -> RowDecoder.Fault {
    let bytes = unsafe UnsafeRawBufferPointer(start: p, count: length)
    if unsafe String(validating: bytes, as: UTF8.self) != nil {
      unsafe builder.append(bytes: bytes)
      return .none
    }
    switch policy {
    case .error: return .encoding
    case .replace: unsafe builder.append(text: String(decoding: bytes, as: UTF8.self))
    case .escape: unsafe builder.append(text: TextCheck.escaped(bytes))
    }
    return .none
  }

  /// Each byte that belongs to no character as `\xHH`.
  static func escaped(_ bytes: UnsafeRawBufferPointer) -> String {
    var text = ""
    var decoder = UTF8()
    var rest = unsafe bytes[...]
    while unsafe !rest.isEmpty {
      var iterator = unsafe rest.makeIterator()
      if case .scalarValue(let scalar) = unsafe decoder.decode(&iterator) {
        text.unicodeScalars.append(scalar)
        unsafe rest = unsafe rest.dropFirst(UTF8.width(scalar))
      } else {
        let byte = unsafe rest[rest.startIndex]
        text += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        unsafe rest = unsafe rest.dropFirst()
      }
      decoder = UTF8()
    }
    return text
  }
}
