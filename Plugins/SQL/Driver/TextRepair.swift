internal import Records

/// What a flow's `invalidText` does to text that is not valid UTF-8.
public enum TextRepair {
  /// Nil when the flow wants an error. Only for bytes that are known to be invalid.
  public static func repaired(_ bytes: Span<UInt8>, _ policy: InvalidText) -> String? {
    switch policy {
    case .error: return nil
    case .replace: return bytes.string
    case .escape: return escaped(bytes)
    }
  }

  /// Each byte that belongs to no character as `\xHH`.
  private static func escaped(_ bytes: Span<UInt8>) -> String {
    var text = ""
    var rest = bytes
    while let bad = UTF8Text.firstInvalid(rest) {
      text += rest.extracting(first: bad).string
      let digits = String(rest[bad], radix: 16, uppercase: true)
      text += "\\x" + (digits.count == 1 ? "0" : "") + digits
      rest = rest.extracting(droppingFirst: bad + 1)
    }
    return text + rest.string
  }
}
