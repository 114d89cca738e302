internal import Records

/// The identity of a transaction, as it is recorded before the COMMIT is sent.
package enum CommitToken: Sendable, Hashable {
  /// By the server's own books.
  case server(String)
  /// A row of the table `ferry_commits`, and the server's number of the session that writes it.
  case row(String, session: String)
  /// The transaction has changed nothing.
  case unchanged
  /// It has none.
  case none

  /// Whether the server can be asked for it.
  package var canAsk: Bool { self != .none }

  package var text: String {
    switch self {
    case .server(let name): "server \(name)"
    case .row(let name, let session): "row \(name) \(session)"
    case .unchanged: "unchanged"
    case .none: "none"
    }
  }

  package init(_ text: String) {
    let parts = text.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false).map(
      String.init)
    switch (parts.first, parts.count) {
    case ("server", 2...): self = .server(parts.dropFirst().joined(separator: " "))
    case ("row", 2...): self = .row(parts[1], session: parts.count > 2 ? parts[2] : "")
    case ("unchanged", _): self = .unchanged
    default: self = .none
    }
  }

  static func makeName() -> String {
    (0..<2).map { _ in
      let text = String(UInt64.random(in: .min ... .max), radix: 16)
      return String(repeating: "0", count: 16 - text.count) + text
    }.joined()
  }
}
