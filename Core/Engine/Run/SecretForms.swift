internal import Expression
internal import Records

/// How a secret looks inside of other things.
enum SecretForms {
  static func all(of secret: String) -> Set<ExactText> {
    let url = StorageURI.percentEncodedAll(secret)
    let json = quoted(secret)
    var forms = [
      secret, url, url.replacing("%20", with: "+"), lowercasedEscapes(url), StorageURI.percentEncoded(secret), json,
      // JSON as a text inside of JSON, as a message in an event of JSON.
      quoted(json), json.replacing("/", with: "\\/"), html(secret), Base64.encoded(Array(secret.utf8)),
    ]
    // Inside of a longer text that is in base64 (`user:secret`), a secret looks different at each of three places.
    forms += (0..<3).map { inner(Array(secret.utf8), after: $0) }
    forms += forms.map { $0.replacing("+", with: "-").replacing("/", with: "_") }
    return Set(forms.filter { !$0.isEmpty }.map(\.exact))
  }

  private static func quoted(_ text: String) -> String { String(Value.string(text).json().dropFirst().dropLast()) }

  /// As the filter `escape` writes it.
  private static func html(_ text: String) -> String {
    [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\"", "&quot;"), ("'", "&#39;")]
      .reduce(text) { $0.replacing($1.0, with: $1.1) }
  }

  /// The characters of a longer base64 text that depend on the secret alone, when `before` bytes precede it.
  private static func inner(_ secret: [UInt8], after before: Int) -> String {
    let encoded = Base64.encoded([UInt8](repeating: 0, count: before) + secret)
    let first = (before * 8 + 5) / 6
    let whole = (before + secret.count) * 8 / 6
    return String(encoded.prefix(whole).dropFirst(first))
  }

  private static func lowercasedEscapes(_ text: String) -> String {
    var digits = 0
    return String(
      text.map { character in
        if character == "%" {
          digits = 2
        } else if digits > 0 {
          digits -= 1
          return Character(character.lowercased())
        }
        return character
      })
  }
}
