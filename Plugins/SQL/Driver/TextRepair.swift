internal import Records

/// What a flow's `invalidText` does to text that is not valid UTF-8.
public enum TextRepair {
  /// Nil when the flow wants an error. Only for bytes that are known to be invalid.
  public static func repaired(_ bytes: UnsafeRawBufferPointer, _ policy: InvalidText) -> String? {
    switch policy {
    case .error: return nil
    case .replace: return String(decoding: bytes, as: UTF8.self)
    case .escape: return escaped(bytes)
    }
  }

  /// Each byte that belongs to no character as `\xHH`.
  private static func escaped(_ bytes: UnsafeRawBufferPointer) -> String {
    var text = ""
    var rest = bytes[...]
    while let bad = UTF8Text.firstInvalid(UnsafeRawBufferPointer(rebasing: rest)) {
      let at = rest.startIndex + bad
      text += String(decoding: rest[..<at], as: UTF8.self)
      let digits = String(rest[at], radix: 16, uppercase: true)
      text += "\\x" + (digits.count == 1 ? "0" : "") + digits
      rest = rest[(at + 1)...]
    }
    return text + String(decoding: rest, as: UTF8.self)
  }
}
