public import Expression
internal import Synchronization

/// Keeps secrets out of everything that leaves the engine: every log line, error, output and record passes through it.
public final class Redactor: Sendable {
  static let mask = "******"
  /// Longest first, so that a secret that contains another one is masked whole.
  private let patterns = Mutex<[String]>([])

  public init() {}

  /// A secret is also hidden as it looks inside of URLs, JSON and base64, and line by line when it has several.
  public func add(_ secret: String) {
    guard !secret.isEmpty else { return }
    var forms = Redactor.forms(of: secret)
    for line in secret.split(whereSeparator: \.isNewline) where line.utf8.count >= Redactor.longLine {
      forms.formUnion(Redactor.forms(of: String(line)))
    }
    patterns.withLock { patterns in
      patterns = Set(patterns).union(forms).sorted { $0.utf8.count > $1.utf8.count }
    }
  }

  /// A line of a secret that is shorter could be any word; so could what base64 leaves of it.
  private static let longLine = 8

  private static func forms(of secret: String) -> Set<String> {
    let url = StorageURI.percentEncodedAll(secret)
    let json = String(Value.string(secret).json().dropFirst().dropLast())
    var forms: Set<String> = [
      secret, url, url.replacing("%20", with: "+"), lowercasedEscapes(url), StorageURI.percentEncoded(secret), json,
      json.replacing("/", with: "\\/"), base64(Array(secret.utf8)),
    ]
    if secret.utf8.count >= longLine {
      // Inside of a longer text that is in base64 (`user:secret`), a secret looks different at each of three places.
      for before in 0..<3 { forms.insert(inner(Array(secret.utf8), after: before)) }
    }
    for form in forms { forms.insert(form.replacing("+", with: "-").replacing("/", with: "_")) }
    forms.remove("")
    return forms
  }

  /// The characters of a longer base64 text that depend on the secret alone, when `before` bytes precede it.
  private static func inner(_ secret: [UInt8], after before: Int) -> String {
    let encoded = base64([UInt8](repeating: 0, count: before) + secret)
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

  /// Whether something was taken out of a value.
  static func isMasked(_ value: Value) -> Bool {
    switch value {
    case .string(let text): text.contains(mask)
    case .list(let values): values.contains(where: isMasked)
    case .map(let map): map.contains { $0.key.contains(mask) || isMasked($0.value) }
    default: false
    }
  }

  public func redact(_ text: String) -> String {
    let patterns = patterns.withLock { $0 }
    return patterns.reduce(text) { text, secret in
      text.contains(secret) ? text.replacing(secret, with: Redactor.mask) : text
    }
  }

  public func redact(_ value: Value) -> Value {
    switch value {
    case .string(let text): .string(redact(text))
    case .list(let values): .list(values.map(redact))
    case .map(let map): .map(redact(map))
    case .int, .double, .decimal: redact(value.text) == value.text ? value : .string(Redactor.mask)
    case .null, .bool: value
    }
  }

  public func redact(_ map: ValueMap) -> ValueMap { ValueMap(map.map { (redact($0.key), redact($0.value)) }) }

  private static func base64(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    var text = ""
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      var bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
      var four: [Character] = []
      for _ in 0..<4 {
        four.insert(alphabet[bits & 63], at: 0)
        bits >>= 6
      }
      text += String(four.prefix(group.count + 1)) + String(repeating: "=", count: 3 - group.count)
    }
    return text
  }
}
