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
    var forms: Set<String> = [
      secret, StorageURI.percentEncoded(secret), String(Value.string(secret).json().dropFirst().dropLast()),
      Redactor.base64(Array(secret.utf8)),
    ]
    for line in secret.split(whereSeparator: \.isNewline) where line.utf8.count >= 8 { forms.insert(String(line)) }
    patterns.withLock { patterns in
      patterns = Set(patterns).union(forms).sorted { $0.utf8.count > $1.utf8.count }
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
