public import Expression
internal import Records

/// Keeps secrets out of everything that leaves the engine: every log line, error, output and record passes through it.
///
/// What is known is the text of each secret, not where it stands. So a text that looks like one is taken for it. But a
/// short secret could be any word, and counts only where it stands as a word of its own; and the names that the engine
/// gives to files are never touched.
public final class Redactor: Sendable {
  static let mask = "******"

  private struct State {
    var texts: Set<ExactText> = []
    var known = KnownTexts()
  }

  private let state = Locked(State())

  public init() {}

  /// A secret is also hidden as it looks inside of URLs, JSON, HTML and base64, and line by line when it has several.
  public func add(_ secret: String) {
    guard !secret.isEmpty, !state.withLock({ $0.texts.contains(secret.exact) }) else { return }
    var forms = SecretForms.all(of: secret)
    let lines = secret.split(whereSeparator: \.isNewline)
    // One line may have an end, as a block of YAML and a file have it.
    for line in lines where lines.count == 1 || line.utf8.count >= SecretMatcher.shortest {
      forms.formUnion(SecretForms.all(of: String(line)))
    }
    state.withLock { state in
      guard state.texts.insert(secret.exact).inserted else { return }
      state.texts.formUnion(forms)
      state.known.secrets = SecretMatcher(state.texts)
    }
  }

  /// A file that the engine has named: whatever its URI may look like, it holds no secret.
  func keep(file uri: String) { state.withLock { _ = $0.known.files.insert(uri.exact) } }

  /// The files among the outputs of an earlier run.
  func keep(filesIn outputs: ValueMap) {
    for (_, value) in outputs {
      if let uri = value.string, uri.hasPrefix("ferry:///") { keep(file: uri) }
    }
  }

  /// Whether a text could be the one that was shown, secrets masked: they need not be known yet.
  static func mayBe(_ text: String?, shownAs shown: String?) -> Bool {
    guard let text, let shown, shown.contains(mask) else { return text.map(\.exact) == shown.map(\.exact) }
    let parts = shown.split(separator: mask, omittingEmptySubsequences: false)
    var rest = text[...]
    for (index, part) in parts.enumerated() {
      if index == parts.count - 1 { return rest.hasSuffix(part) }
      if index == 0 {
        guard rest.hasPrefix(part) else { return false }
        rest = rest.dropFirst(part.count)
      } else {
        guard let found = rest.firstRange(of: part) else { return false }
        rest = rest[found.upperBound...]
      }
    }
    return true
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

  private var known: KnownTexts { state.withLock { $0.known } }

  public func redact(_ text: String) -> String { known.masked(text, sparing: .nothing) ?? text }
  public func redact(_ value: Value) -> Value { known.masked(value, sparing: .nothing) ?? value }
  public func redact(_ map: ValueMap) -> ValueMap { known.masked(map, sparing: .nothing) ?? map }

  /// The same without words that only look like a short secret: what a restart needs whole. It is recorded, not shown.
  func recordable(_ value: Value) -> Value { known.masked(value, sparing: .words) ?? value }

  /// Outputs as they are shown, and as they are recorded where that is more.
  func outputs(_ map: ValueMap) -> (shown: ValueMap, kept: ValueMap?) {
    let known = known
    guard let shown = known.masked(map, sparing: .nothing) else { return (map, nil) }
    let kept = known.masked(map, sparing: .words) ?? map
    return (shown, kept == shown ? nil : kept)
  }
}

/// What a redactor knows at one moment.
private struct KnownTexts: Sendable {
  var secrets = SecretMatcher([])
  /// URIs that the engine has made.
  var files: Set<ExactText> = []

  /// The text with its secrets masked; nil where it has none, which is nearly always.
  func masked(_ text: String, sparing spared: SecretMatcher.Spared) -> String? {
    let found = secrets.ranges(in: text, sparing: spared)
    if found.isEmpty { return nil }
    let bytes = Array(text.utf8)
    var rest = 0
    var output: [UInt8] = []
    for range in found where !isInsideOfFile(range, bytes) {
      output += bytes[rest..<range.lowerBound]
      output += Redactor.mask.utf8
      rest = range.upperBound
    }
    if rest == 0 { return nil }
    return String(decoding: output + bytes[rest...], as: UTF8.self)
  }

  func masked(_ value: Value, sparing spared: SecretMatcher.Spared) -> Value? {
    switch value {
    case .string(let text): return masked(text, sparing: spared).map { .string($0) }
    case .list(let values): return masked(values, sparing: spared).map { .list($0) }
    case .map(let map): return masked(map, sparing: spared).map { .map($0) }
    case .int, .double, .decimal:
      // A number that is made of a short secret is a count as well.
      guard secrets.hasLongNumbers, masked(value.text, sparing: .words) != nil else { return nil }
      return .string(Redactor.mask)
    case .null, .bool: return nil
    }
  }

  private func masked(_ values: [Value], sparing spared: SecretMatcher.Spared) -> [Value]? {
    var output = values
    var isChanged = false
    for index in values.indices {
      guard let value = masked(values[index], sparing: spared) else { continue }
      output[index] = value
      isChanged = true
    }
    return isChanged ? output : nil
  }

  func masked(_ map: ValueMap, sparing spared: SecretMatcher.Spared) -> ValueMap? {
    var output: ValueMap?
    for (position, entry) in map.enumerated() {
      let key = masked(entry.key, sparing: spared)
      let value = masked(entry.value, sparing: spared)
      if output == nil, key != nil || value != nil {
        output = ValueMap(map.prefix(position).map { ($0.key, $0.value) })
      }
      output?[key ?? entry.key] = value ?? entry.value
    }
    return output
  }

  private static let scheme = Array("ferry:///".utf8)

  /// Whether a place of a text lies inside of the URI of a file of the engine's.
  private func isInsideOfFile(_ range: Range<Int>, _ text: [UInt8]) -> Bool {
    if files.isEmpty { return false }
    let scheme = KnownTexts.scheme
    var start = range.lowerBound
    // Back over what a URI may hold.
    while start > 0, KnownTexts.isOfURI(text[start - 1]) { start -= 1 }
    while start <= range.lowerBound {
      if text[start...].starts(with: scheme) {
        var end = start + scheme.count
        while end < text.count, KnownTexts.isOfURI(text[end]) { end += 1 }
        // A full stop or colon behind it belongs to the sentence.
        while end >= range.upperBound, end > start {
          if files.contains(ExactText(String(decoding: text[start..<end], as: UTF8.self))) { return true }
          guard text[end - 1] == UInt8(ascii: ".") || text[end - 1] == UInt8(ascii: ":") else { break }
          end -= 1
        }
      }
      start += 1
    }
    return false
  }

  private static func isOfURI(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x30...0x39, 0x80...: true
    default: "-._~%/:".utf8.contains(byte)
    }
  }
}
