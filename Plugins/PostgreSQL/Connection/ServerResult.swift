internal import CLibPQ
internal import Records

/// What the server answered to one statement. Owns libpq's result; pointers into it are valid only while it lives.
@safe final class ServerResult {
  enum Status {
    case tuples
    case singleTuple
    case command
    case empty
    case copyIn
    case copyOut
    case pipelineSync
    case pipelineAborted
    case failed
  }

  private let result: OpaquePointer

  init(_ result: OpaquePointer) { unsafe self.result = unsafe result }

  deinit { unsafe PQclear(result) }

  var status: Status {
    switch unsafe PQresultStatus(result) {
    case PGRES_TUPLES_OK: .tuples
    case PGRES_SINGLE_TUPLE: .singleTuple
    case PGRES_COMMAND_OK: .command
    case PGRES_EMPTY_QUERY: .empty
    case PGRES_COPY_IN: .copyIn
    case PGRES_COPY_OUT, PGRES_COPY_BOTH: .copyOut
    case PGRES_PIPELINE_SYNC: .pipelineSync
    case PGRES_PIPELINE_ABORTED: .pipelineAborted
    default: .failed
    }
  }

  var rowCount: Int { unsafe Int(PQntuples(result)) }
  var columnCount: Int { unsafe Int(PQnfields(result)) }

  /// What is known about a result column before any row.
  struct Column: Sendable, Hashable {
    var name: String
    /// A domain's base type: the server resolves them here.
    var type: UInt32
    /// The type modifier: length, precision and scale; -1 for none.
    var modifier: Int32
    /// The table and the column number that it comes from; 0 for an expression.
    var table: UInt32
    var tableColumn: Int32
  }

  var columns: [Column] {
    unsafe (0..<PQnfields(result)).map {
      unsafe Column(
        name: String(cString: PQfname(result, $0)), type: PQftype(result, $0), modifier: PQfmod(result, $0),
        table: PQftable(result, $0), tableColumn: PQftablecol(result, $0))
    }
  }

  /// The types of a prepared statement's parameters.
  var parameterTypes: [UInt32] { unsafe (0..<PQnparams(result)).map { unsafe PQparamtype(result, $0) } }

  /// A value's bytes, nil for NULL.
  func bytes(_ row: Int, _ column: Int) -> UnsafeRawBufferPointer? {
    let (row, column) = (Int32(truncatingIfNeeded: row), Int32(truncatingIfNeeded: column))
    let count = unsafe PQgetlength(result, row, column)
    if count == 0, unsafe PQgetisnull(result, row, column) != 0 { return nil }
    return unsafe UnsafeRawBufferPointer(start: PQgetvalue(result, row, column), count: Int(count))
  }

  /// A value that the server sent as text, nil for NULL.
  func text(_ row: Int, _ column: Int) -> String? {
    unsafe bytes(row, column).map { unsafe String(decoding: $0, as: UTF8.self) }
  }

  /// The rows that a statement changed or a COPY moved; nil where the command counts none.
  var changedRows: Int64? { unsafe Int64(String(cString: PQcmdTuples(result))) }

  /// The command as the server tagged it: `INSERT 0 5`.
  var commandTag: String { unsafe String(cString: PQcmdStatus(result)) }

  /// What went wrong before, where this result only tells that something has.
  var cause: Cause?

  /// An error behind one word: most results have none, and one is made for each row.
  final class Cause {
    let error: DatabaseError

    init(_ error: DatabaseError) { self.error = error }
  }

  /// What went wrong, of a result whose status is `failed`.
  var error: DatabaseError { unsafe cause?.error ?? ServerResult.error(of: result) }

  /// Also of a notice, which libpq frees itself.
  static func error(of result: OpaquePointer) -> DatabaseError {
    func field(_ code: Character) -> String? {
      unsafe PQresultErrorField(result, Int32(code.asciiValue ?? 0)).map { unsafe String(cString: $0) }
    }
    return unsafe DatabaseError(
      sqlState: field("C") ?? "", message: field("M") ?? String(cString: PQresultErrorMessage(result)).trimmed,
      detail: field("D"), hint: field("H"), context: field("W"), schema: field("s"), table: field("t"),
      column: field("c"), constraint: field("n"), severity: field("V") ?? field("S") ?? "ERROR",
      position: field("P").flatMap { Int($0) })
  }
}

extension String {
  /// Without white space and line ends around it.
  var trimmed: String {
    var text = self[...]
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }
}
