internal import Expression
internal import Records

/// The second line against secrets, for texts from outside: what servers and child processes say, what failures quote.
/// What expressions make of secrets needs no looking for: it is marked (`Value.secret`), and masked where it is shown.
///
/// What is known here is the text of each secret, not where it stands. So a text that looks like one is taken for it;
/// but a short secret could be any word, and is not looked for at all, and URIs that are known to hold none are never
/// touched. Nothing that a restart reads goes through it.
///
/// Each execution has one, which ends with it, and each attempt at a task one of its own inside of that.
public final class Redactor: Sendable {
  /// Letters of the shortest secret that is looked for.
  static let shortest = 6
  /// What is longer is a document, nothing that a message quotes as a whole. Bytes.
  private static let longestQuote = 8_192

  private struct State {
    var secrets: Set<ExactText> = []
    var quotes: Set<ExactText> = []
    var matcher = SecretMatcher()
    /// URIs that hold no secret, whatever they may look like.
    var uris: Set<ExactText> = []
  }

  private let state = Locked(State())
  private let outer: Redactor?

  /// - Parameter outer: the execution's, of one for an attempt at a task.
  init(inside outer: Redactor? = nil) { self.outer = outer }

  /// A secret is also found as it looks inside of URLs, JSON, HTML and base64, and line by line when it has several.
  func add(_ secret: String) {
    if let outer { return outer.add(secret) }
    state.withLock { state in
      guard secret.count >= Redactor.shortest, state.secrets.insert(secret.exact).inserted else { return }
      var forms = SecretForms.all(of: secret)
      let lines = secret.split(whereSeparator: \.isNewline)
      // One line may have an end, as a block of YAML and a file have it.
      for line in lines where line.count >= Redactor.shortest { forms.formUnion(SecretForms.all(of: String(line))) }
      for form in forms { state.matcher.insert(MarkedText(secret: form.string)) }
    }
  }

  /// What a task is given: its secret parts, and, so that a short one is found as well where a message quotes the text
  /// that it stands in, that text.
  func add(_ value: Value) {
    for text in value.secretTexts {
      for secret in text.secrets { add(secret) }
      let isQuotable = (Redactor.shortest...Redactor.longestQuote).contains(text.text.utf8.count)
      guard isQuotable, text.secrets != [text.text] else { continue }
      state.withLock { state in
        if state.quotes.insert(text.text.exact).inserted { state.matcher.insert(text) }
      }
    }
  }

  /// A URI that holds no secret: one that the engine has made, or one that stands so in the flow.
  func keep(uri: String) {
    if let outer { return outer.keep(uri: uri) }
    state.withLock { _ = $0.uris.insert(uri.exact) }
  }

  /// The URIs among texts that hold no secret.
  func keep(urisIn value: Value) {
    switch value {
    case .string(let text):
      guard text.utf8.count <= Redactor.longestQuote, text.contains(":/") else { return }
      if !text.utf8.contains(where: { $0 <= 32 }) { keep(uri: text) }
    case .list(let values): for value in values { keep(urisIn: value) }
    case .map(let map): for (_, value) in map { keep(urisIn: value) }
    default: return
    }
  }

  /// The text with a mask in place of each secret.
  func redact(_ text: String) -> String {
    let quoted = state.withLock { $0.matcher }.ranges(in: text)
    guard let outer else {
      let uris = state.withLock { $0.uris }
      return MarkedText(text).marked(at: quoted.filter { !URIPlaces.contains($0, text, uris) }).masked
    }
    return outer.redact(MarkedText(text).marked(at: quoted).masked)
  }

  /// A failure as it may be shown.
  func redact(_ failure: Failure) -> Failure {
    var failure = failure
    failure.message = redact(failure.message)
    failure.hint = failure.hint.map(redact)
    return failure
  }
}

/// What was recorded with a mask in it.
enum Masked {
  /// Whether something was taken out of a value.
  static func holdsMask(_ value: Value) -> Bool {
    switch value {
    case .string(let text): holdsMask(text)
    case .list(let values): values.contains(where: holdsMask)
    case .map(let map): map.keys.contains(where: holdsMask) || map.contains { holdsMask($0.value) }
    default: false
    }
  }

  /// Hardly any text has an asterisk.
  private static func holdsMask(_ text: String) -> Bool {
    text.utf8.contains(UInt8(ascii: "*")) && text.containsExactly(MarkedText.mask)
  }

  /// The entries of which nothing was taken out.
  static func without(_ map: ValueMap) -> ValueMap {
    ValueMap(map.filter { !holdsMask($0.key) && !holdsMask($0.value) }.map { ($0.key, $0.value) })
  }

  /// Whether a text could be the one that was shown with its secrets masked.
  static func mayBe(_ text: String?, shownAs shown: String?) -> Bool {
    guard let text, let shown, shown.contains(MarkedText.mask) else { return text.map(\.exact) == shown.map(\.exact) }
    let parts = shown.split(separator: MarkedText.mask, omittingEmptySubsequences: false)
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
}
