public import Engine

/// What a server calls the open transaction, in books that it can be asked about later and over another connection.
public enum TransactionName: Sendable, Hashable {
  case named(String)
  /// The transaction has changed nothing: whether it is committed makes no difference.
  case unchanged
  /// This server keeps no such books, or this user may not look into them.
  case unsupported
}

/// What became of a transaction, by the word of the server.
public enum TransactionEnd: Sendable, Hashable {
  case committed
  case rolledBack
  /// It has not ended yet.
  case open
  /// The server cannot tell any more, for this reason.
  case unknown(String)
}

/// How the table of commits is written for one database: a row of it says that a transaction is committed.
public struct TokenTable: Sendable, Hashable {
  /// Makes the table `ferry_commits` in the connection's database where it is missing.
  public var create: String
  /// Makes a statement that waits for another transaction's row fail after seconds.
  public var patience: String?
  /// Whether it is what `commitToken: auto` takes.
  public var isUsual: Bool
  /// The server's number of this session, to end it from another one.
  public var session: String?
  /// So many rows of a result are asked for by TOP instead of LIMIT.
  public var hasTop = false

  public init(
    create: String, patience: String? = nil, isUsual: Bool = false, session: String? = nil
  ) {
    self.create = create
    self.patience = patience
    self.isUsual = isUsual
    self.session = session
  }

  static let name = "ferry_commits"

  /// In words that most databases understand.
  public static let standard = TokenTable(
    create:
      "CREATE TABLE IF NOT EXISTS ferry_commits (token VARCHAR(64) NOT NULL PRIMARY KEY, committed BIGINT NOT NULL)"
  )
}

/// How the end of a transaction is asked for when the answer to its COMMIT is lost.
public enum CommitTokenMode: String, PropertyChoice {
  /// What the server keeps by itself, else the table where the account may use or make it, else nothing.
  case auto
  case table
  case none
}

/// How the end of a transaction is found out: shared by the tasks that have one.
public struct CommitProperties: Declaring, Decodable {
  @Property(
    """
    By what a transaction can be asked for when the connection breaks between COMMIT and its answer: auto (PostgreSQL: \
    the server's own transaction numbers; MySQL, MariaDB, SQL Server, and these and PostgreSQL through ODBC: as table, \
    where the account may; else none), table (a row in the table 'ferry_commits' of the url's database, written in the \
    same transaction; the table is made when it is missing), or none: then a lost answer ends in 'it is not known \
    whether the rows are in'.
    """) public var commitToken = CommitTokenMode.auto

  public init() {}
}
