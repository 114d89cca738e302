public import Engine
internal import Expression
public import Formats
public import Records

extension OnBadLines: PropertyChoice {}
extension CSVReadOptions.EmptyHeader: PropertyChoice {}
extension CSVWriteOptions.QuoteMode: PropertyChoice {}

extension BytesText: PropertyChoice {}

struct CSVReaderTask: FerryTask {
  enum Types: String, PropertyChoice { case text, infer }

  static let info = TaskInfo(
    "serdes.csv.CsvReader", aliases: ["serdes.csv.CsvToIon"], "Reads a CSV file into a record file.",
    details: """
      Files packed with gzip or zstd are unpacked. Columns are text unless `types: infer` finds narrower types that \
      give every text back without losing a digit (`007` and `+1` stay texts), or `columns` names their types; an \
      empty field of such a column is NULL.

      After a bad row, reading goes on with the next line: a quote that is never closed spoils its own line only. \
      The ledger counts what `onBadLines` leaves out as rejected.
      """,
    outputs: FormatLoad.outputs,
    example: """
      id: orders
      type: io.kestra.plugin.serdes.csv.CsvToIon
      from: "file:///data/orders.csv"
      columns: {id: int64, price: "decimal(10,2)"}
      onBadLines: REJECT
      """)
  @Property("The CSV file.") var from: StorageReference
  @Property("Whether the first row names the columns; without, they are col1, col2 and so on.") var header = true
  @Property("What separates two fields: any text.") var fieldSeparator = ","
  @Property("What stands around fields with separators or line ends inside, one character; empty for none.")
  var textDelimiter = "\""
  @Property("What ends a row: any text. Without it CR, LF and CRLF do.") var lineDelimiter: String?
  @Property("Whether empty lines are left out.") var skipEmptyRows = false
  @Property("Rows behind the header that are left out.", .range(0...1_000_000_000)) var skipRows = 0
  @Property("Lines in front of the header that are left out.", .range(0...1_000_000_000)) var skipLines = 0
  @Property("The file's character set: any name that iconv knows.") var charset = "UTF-8"
  @Property("What becomes of rows that cannot be read.") var onBadLines = OnBadLines.error
  @Property("More bad rows than that stop the task.", .range(0...Int.max)) var maxBadLines: Int?
  @Property("DROP leaves trailing columns without a name out; others are named col_<n>.")
  var onEmptyHeader = CSVReadOptions.EmptyHeader.drop
  @Property(
    "The longest field, in bytes. A row may be four times as long, and at least 64 MiB.", .range(1...1 << 30))
  var maxFieldSize = 16 << 20
  @Property("Bytes read at a time at least.", .unused("memory is bound by maxFieldSize"))
  var maxBufferSize: Int?
  @Property("Whether characters between a closing quote and the next separator belong to the field.")
  var allowExtraCharsAfterClosingQuote = false
  @Property("Not used, as in Kestra.", .deprecated("onBadLines")) var errorOnDifferentFieldCount: Bool?
  @Property("Whether rows with too few fields get NULL for the missing ones instead of being bad.") var fillMissing =
    false
  @Property("Unquoted fields with one of these texts are NULL.") var nullValues = ["\\N"]
  @Property("How columns that 'columns' does not name get their types.") var types = Types.text
  @Property("Types of columns by name, such as int64, decimal(10,2), timestamp.") var columns: [ExactText: String] = [:]
  @Property("How bytes are written in the file.") var bytesFormat = BytesText.base64

  static func problems(of literals: ValueMap) -> [(property: String, message: String)] {
    FormatProperties.problems(of: literals)
  }

  func run(_ context: TaskContext) throws -> ValueMap {
    var options = try options()
    options.threads = context.threads
    return try FormatLoad.run(context, policy: onBadLines, limit: maxBadLines) { [options] known, bad in
      try CSVReader(context.open(from), options, bad: bad, known: known)
    }
  }

  private func options() throws -> CSVReadOptions {
    var options = CSVReadOptions()
    options.header = header
    options.fieldSeparator = FormatProperties.separator(fieldSeparator)
    options.textDelimiter = textDelimiter
    options.lineDelimiter = lineDelimiter.map(FormatProperties.separator)
    options.skipEmptyRows = skipEmptyRows
    options.skipRows = skipRows
    options.skipLines = skipLines
    options.charset = charset
    options.onEmptyHeader = onEmptyHeader
    options.maxFieldSize = maxFieldSize
    options.maxRowSize = max(options.maxRowSize, min(maxFieldSize * 4, 3 << 30))
    options.allowExtraCharsAfterClosingQuote = allowExtraCharsAfterClosingQuote
    options.fillMissing = fillMissing
    options.nullValues = nullValues
    options.bytes = bytesFormat
    let declared = try FormatProperties.columns(columns)
    guard declared.isEmpty || types == .text else {
      throw Failure(
        .configuration, "both 'columns' and 'types: infer' are given",
        hint: "Leave one out: columns that are not named are text")
    }
    options.types = types == .infer ? .infer : declared.isEmpty ? .text : .declared(declared)
    return options
  }
}

struct CSVWriterTask: FerryTask {
  static let info = TaskInfo(
    "serdes.csv.CsvWriter", aliases: ["serdes.csv.IonToCsv"], "Writes a record file as CSV.",
    details: """
      Without a format, dates and times are written in ISO 8601 with all of their digits; a format that names fewer \
      digits cuts the rest off. NULL is an empty field, an empty text is a pair of quotes.
      """,
    outputs: FormatStore.outputs,
    example: """
      id: csv
      type: io.kestra.plugin.serdes.csv.IonToCsv
      from: "{{ outputs.query.uri }}"
      fieldSeparator: ";"
      """)
  @Property("The record file.") var from: StorageReference
  @Property("Whether the first row names the columns.") var header = true
  @Property("What separates two fields: any text.") var fieldSeparator = ","
  @Property("What stands around fields that need it, one character. Empty for none: a text that needs it is an error.")
  var textDelimiter = "\""
  @Property("What ends a row: any text.") var lineDelimiter = "\n"
  @Property("Whether every field gets quotes.") var alwaysDelimitText = false
  @Property("Which fields get quotes; goes before alwaysDelimitText.") var quoteMode: CSVWriteOptions.QuoteMode?
  @Property("The file's character set: any name that iconv knows.") var charset = "UTF-8"
  @Property("Pattern of dates, as Java's DateTimeFormatter has them.", .example("yyyy-MM-dd")) var dateFormat: String?
  @Property("Pattern of times of day.", .example("HH:mm:ss[XXX]")) var timeFormat: String?
  @Property("Pattern of timestamps.", .example("yyyy-MM-dd'T'HH:mm:ss.SSS[XXX]")) var dateTimeFormat: String?
  @Property("The zone in which instants are written; UTC without.") var timeZoneId: String?
  @Property("Written for NULL.") var nullValue = ""
  @Property("How bytes are written.") var bytesFormat = BytesText.base64

  static func problems(of literals: ValueMap) -> [(property: String, message: String)] {
    FormatProperties.problems(of: literals)
  }

  func run(_ context: TaskContext) throws -> ValueMap {
    var options = CSVWriteOptions()
    options.header = header
    options.fieldSeparator = FormatProperties.separator(fieldSeparator)
    options.textDelimiter = textDelimiter
    options.lineDelimiter = FormatProperties.separator(lineDelimiter)
    options.quoteMode = quoteMode ?? (alwaysDelimitText ? .always : .required)
    options.charset = charset
    options.dateFormat = dateFormat
    options.timeFormat = timeFormat
    options.dateTimeFormat = dateTimeFormat
    options.timeZone = timeZoneId ?? "UTC"
    options.nullValue = nullValue
    options.bytes = bytesFormat
    return try FormatStore.run(context, from, name: "data.csv") { output, schema, _ in
      try CSVWriter(output, schema: schema, options)
    }
  }
}
