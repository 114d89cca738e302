internal import Records

/// What a statement does to the data and to the transaction around it, as far as its words tell.
package struct StatementEffect: Sendable, Hashable {
  /// It does nothing but read, or set up the session.
  package var onlyReads: Bool
  /// It ends the open transaction, and what came before it is committed: COMMIT, and definitions on MySQL.
  package var commits: Bool
  /// The user's own steering of a transaction.
  package var begins: Bool
  package var rollsBack: Bool
  /// What it runs may commit by itself: a procedure.
  package var mayCommitInside: Bool
  /// It may change rows in a way that a transaction decides about.
  package var changesData: Bool { !onlyReads && !commits && !begins && !rollsBack }

  package init(_ sql: String, _ dialect: Dialect) {
    let words = SQLScanner.words(sql, dialect)
    let first = words.first ?? ""
    onlyReads = StatementEffect.onlyReads(words)
    commits =
      first == "COMMIT" || first == "END"
      || dialect.definitionsCommit && StatementEffect.isDefinition(words)
    begins = first == "BEGIN" || words.starts(with: ["START", "TRANSACTION"])
    rollsBack = first == "ROLLBACK" && !words.contains("TO")
    mayCommitInside = ["CALL", "DO", "EXECUTE", "EXEC"].contains(first)
  }

  private static let reading: Set = ["SELECT", "WITH", "VALUES", "TABLE"]
  private static let sessional: Set = [
    "SHOW", "DESCRIBE", "DESC", "SET", "USE", "HELP", "RESET", "DISCARD",
  ]
  private static let changing: Set = ["INSERT", "UPDATE", "DELETE", "MERGE", "INTO"]

  private static func onlyReads(_ words: [String]) -> Bool {
    guard let first = words.first else { return true }
    if sessional.contains(first) { return true }
    if first == "EXPLAIN" { return !words.contains("ANALYZE") }
    if first == "SELECT" { return !words.contains("INTO") }
    return reading.contains(first) && changing.isDisjoint(with: words)
  }

  /// What the servers' manuals list under "statements that cause an implicit commit".
  private static let definitions: Set = [
    "ALTER", "CREATE", "DROP", "TRUNCATE", "RENAME", "GRANT", "REVOKE", "ANALYZE", "OPTIMIZE",
    "REPAIR", "CHECK",
    "CACHE", "FLUSH", "INSTALL", "UNINSTALL", "LOCK", "BEGIN", "START",
  ]

  private static func isDefinition(_ words: [String]) -> Bool {
    guard let first = words.first, definitions.contains(first) else { return false }
    return
      !((first == "CREATE" || first == "DROP") && words.dropFirst().prefix(3).contains("TEMPORARY"))
  }
}
