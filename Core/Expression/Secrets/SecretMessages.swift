internal import Records

/// Messages of errors that quote what an operation was given.
enum SecretMessages {
  /// A part of so many letters could be any word: it is taken out where it stands as one.
  private static let short = 6

  /// The error without these secrets in its texts.
  static func without(_ secrets: [MarkedText], _ error: any Error) -> any Error {
    if secrets.isEmpty { return error }
    switch error {
    case let problem as Problem:
      return Problem(
        without(secrets, problem.message), hint: problem.hint.map { without(secrets, $0) },
        isUndefined: problem.isUndefined)
    case var failure as Failure:
      failure.message = without(secrets, failure.message)
      failure.hint = failure.hint.map { without(secrets, $0) }
      return failure
    default: return error
    }
  }

  private static func without(_ secrets: [MarkedText], _ message: String) -> String {
    secrets.reduce(message) { message, secret in
      let shown = replacing(secret.text, by: secret.masked, in: message)
      return secret.secrets.reduce(shown) { replacing($1, by: MarkedText.mask, in: $0) }
    }
  }

  private static func replacing(_ secret: String, by mask: String, in message: String) -> String {
    if secret.count >= short { return message.replacing(secret, with: mask) }
    var result = ""
    var rest = message[...]
    while let found = rest.firstRange(of: secret), !found.isEmpty {
      let isWord = isEdge(rest[..<found.lowerBound].last ?? result.last) && isEdge(rest[found.upperBound...].first)
      result += rest[..<found.lowerBound] + (isWord ? mask[...] : rest[found])
      rest = rest[found.upperBound...]
    }
    return result + rest
  }

  private static func isEdge(_ letter: Character?) -> Bool { letter.map { !$0.isLetter && !$0.isNumber } ?? true }
}
