internal import Formats
internal import Glibc
internal import Records
internal import SQL

/// The file that `COPY … VWLOAD` reads: gone with this object at the latest.
final class VectorFile {
  /// Every text stands in quotes, a quote within it twice, so that with STRICTNULLS neither an empty one nor `NULL` is
  /// taken for NULL. TEXTMODE leaves the line ends within texts as they are. Not here: ERRCOUNT, for which the manuals
  /// have two meanings, in one of them so many bad rows are left out; LOG, which is a file in one and a folder in the
  /// other, and would hold the values of rows; DATEFORMAT, because dates with the year first are read in every one.
  static let options = """
    FDELIM=',', QUOTE='"', NULLVALUE='NULL', STRICTNULLS, TEXTMODE, CHARSET='UTF8', ROLLBACK=ON
    """

  let path: String
  private let writer: CSVWriter
  private let schema: Schema
  /// For each field of the file, the column of a batch.
  private let places: [Int]
  private var isThere = false

  /// - Parameters:
  ///   - fields: of the batches that come.
  ///   - places: which of them stands where in a row of the table.
  init(in folder: String, _ fields: [Field], _ places: [Int]) throws {
    try VectorFile.check(folder)
    path = "\(folder)/ferry-\(getpid())-\(UInt64.random(in: 0...UInt64.max)).csv"
    self.places = places
    schema = Schema(
      places.map { Field(fields[$0].name, VectorFile.isClock(fields[$0].type) ? .text : fields[$0].type) })
    do {
      let output = try FileOutput(path: path, isPrivate: true, isLasting: false)
      writer = try CSVWriter(output, schema: schema, VectorFile.format(fields))
    } catch let failure as Failure {
      throw failure.advised
    }
  }

  deinit { remove() }

  private static func check(_ folder: String) throws {
    // A star would be a wildcard, and what a backslash stands for in a file's name is not said.
    let isPlain = folder.unicodeScalars.allSatisfy { $0.value >= 32 && $0 != "*" && $0 != "\\" }
    guard folder.hasPrefix("/"), isPlain else {
      throw Failure(
        .configuration,
        "'bulkFolder' is '\(folder)': expected an absolute path without '*', '\\' and control characters")
    }
  }

  private static func format(_ fields: [Field]) -> CSVWriteOptions {
    var options = CSVWriteOptions()
    options.header = false
    options.quoteMode = .nonNumeric
    options.nullValue = "NULL"
    let digits = fields.contains { $0.type.unit == .nanoseconds } ? 9 : 6
    options.dateTimeFormat = "yyyy-MM-dd HH:mm:ss.\(String(repeating: "S", count: digits))xxx"
    return options
  }

  /// A timestamp without a zone shows only the digits that it has: an ingresdate has no fraction, not even of zeros.
  private static func isClock(_ type: DataType) -> Bool {
    if case .timestamp(_, zoned: false) = type { return true }
    return false
  }

  var rowCount: Int { writer.rowCount }

  func write(_ batch: RecordBatch) throws {
    let columns = places.map { place in
      let column = batch.columns[place]
      return VectorFile.isClock(column.type) ? column.texts(separator: UInt8(ascii: " ")) : column
    }
    try writer.write(RecordBatch(schema: schema, columns: columns, count: batch.count))
  }

  /// From now on the server can read it: by the folder's group, nobody else.
  func finish() throws {
    try writer.finish()
    isThere = true
    guard unsafe chmod(path, 0o640) == 0 else {
      throw FileError.failure("letting the server read '\(path)'", errno).advised
    }
  }

  /// Idempotent. What is not finished goes with the writer.
  func remove() {
    guard isThere else { return }
    unsafe unlink(path)
    isThere = false
  }
}

extension Failure {
  fileprivate var advised: Failure {
    var failure = self
    failure.hint = "'bulkFolder' has to be a folder that Ferry writes to and the server reads, under the same path"
    return failure
  }
}
