internal import CSQLite
internal import Records

/// What SQLite said when something went wrong: https://www.sqlite.org/rescode.html.
struct DatabaseError: Hashable {
  /// The extended result code.
  var status: Int32
  var message: String

  private var primary: Int32 { status & 0xFF }

  /// The failure to throw.
  var failure: Failure {
    var failure = Failure(category, message, code: code)
    failure.retryIsSafe = primary == SQLITE_BUSY || primary == SQLITE_LOCKED
    switch primary {
    case SQLITE_BUSY, SQLITE_LOCKED: failure.hint = "Another process holds the database; raise busy_timeout in the url"
    case SQLITE_CANTOPEN: failure.hint = "Check the path in the url: its folder must exist"
    case SQLITE_READONLY: failure.hint = "Check the permissions of the file and of its folder"
    default: break
    }
    return failure
  }

  private var category: Failure.Category {
    switch primary {
    case SQLITE_CONSTRAINT, SQLITE_MISMATCH, SQLITE_TOOBIG, SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_RANGE: .data
    case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_IOERR, SQLITE_PROTOCOL, SQLITE_NOMEM, SQLITE_SCHEMA: .transient
    case SQLITE_FULL: .quota
    case SQLITE_PERM, SQLITE_AUTH, SQLITE_READONLY: .auth
    case SQLITE_INTERRUPT: .cancelled
    case SQLITE_CANTOPEN: .configuration
    case SQLITE_MISUSE: .bug
    default: .schema
    }
  }

  /// The SQLSTATE that other databases use for the same, else SQLite's own number.
  private var code: String {
    switch (primary, status >> 8) {
    case (SQLITE_CONSTRAINT, 8), (SQLITE_CONSTRAINT, 6), (SQLITE_CONSTRAINT, 10): "23505"
    case (SQLITE_CONSTRAINT, 5): "23502"
    case (SQLITE_CONSTRAINT, 3): "23503"
    case (SQLITE_CONSTRAINT, 1): "23514"
    case (SQLITE_INTERRUPT, _): "57014"
    default: "SQLITE \(status)"
    }
  }
}
