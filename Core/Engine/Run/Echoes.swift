internal import Expression
internal import Records

/// Secrets that a task was given as data, in the text of a statement or as a parameter, and puts out again: they stay
/// marked. What only opens a connection, a password, is no data: a row that holds the same word is a row.
struct Echoes {
  /// The texts with secrets in them that the task was given.
  private var texts: [ExactText: MarkedText] = [:]
  private var secrets: Set<ExactText> = []

  /// - Parameter value: of a property that is not itself declared as a secret.
  mutating func add(_ value: Value) {
    for text in value.secretTexts {
      let connecting = Marks(URLSecrets.ranges(in: text.text))
      let data = MarkedText(text.text, Marks(text.marks.ranges.filter { !connecting.covers($0) }))
      guard data.isSecret else { continue }
      texts[text.text.exact] = text
      secrets.formUnion(data.secrets.map(\.exact))
    }
  }

  func marked(_ outputs: ValueMap) -> ValueMap {
    if texts.isEmpty { return outputs }
    var matcher = SecretMatcher()
    for secret in secrets where secret.string.count >= Redactor.shortest {
      matcher.insert(MarkedText(secret: secret.string))
    }
    return outputs.mapValues { $0.mapTexts { text in marked(text, matcher) } }
  }

  private func marked(_ text: MarkedText, _ matcher: SecretMatcher) -> MarkedText {
    if text.isSecret { return text }
    if let known = texts[text.text.exact] { return known }
    if secrets.contains(text.text.exact) { return MarkedText(secret: text.text) }
    return text.text.hasPrefix("ferry:///") ? text : text.marked(at: matcher.ranges(in: text.text))
  }
}
