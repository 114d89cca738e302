public import Engine
internal import Expression
public import Formats
internal import Records

extension JSONReadOptions.DuplicateKeys: PropertyChoice {}
extension JSONReadOptions.InvalidText: PropertyChoice {}

struct JSONReaderTask: FerryTask {
  static let info = TaskInfo(
    "serdes.json.JsonReader", aliases: ["serdes.json.JsonToIon"], "Reads JSON rows into a record file.",
    details: """
      The rows stand one a line, as the elements of an array, or as documents one behind the other; which of them is \
      found out unless `newLine` says it. Files packed with gzip or zstd are unpacked. Memory is bound by the longest \
      row. A file without any document has no rows.

      The first row that is JSON tells what rows are: objects, whose members are the columns, or any other values, \
      which are the one column `value`. Columns and types are those that all rows fit in: integers and decimals keep \
      every digit, members that are missing are NULL, nested values and conflicting types are json columns.
      """,
    outputs: FormatLoad.outputs,
    example: """
      id: events
      type: io.kestra.plugin.serdes.json.JsonToIon
      from: "file:///data/events.jsonl"
      flatten: 1
      """)
  @Property("The JSON file.") var from: StorageReference
  @Property("Whether each line is a row; false: an array or documents over any lines. Found out when it is not given.")
  var newLine: Bool?
  @Property("The file's character set: any name that iconv knows.") var charset = "UTF-8"
  @Property("What becomes of rows that cannot be read.") var onBadLines = OnBadLines.error
  @Property("More bad rows than that stop the task.", .range(0...Int.max)) var maxBadLines: Int?
  @Property("So many levels of nested objects become columns, named outer.inner.", .range(0...100)) var flatten = 0
  @Property("ERROR: a row with a key twice is bad. LAST: the last member counts.")
  var duplicateKeys = JSONReadOptions.DuplicateKeys.error
  @Property("ERROR: a row with half of a surrogate pair is bad. REPLACE: it becomes U+FFFD.")
  var invalidText = JSONReadOptions.InvalidText.error
  @Property("Levels of nesting a row may have.", .range(1...1_000)) var maxDepth = 512
  @Property("The longest row, in bytes; a longer one is bad.", .range(1...1 << 28)) var maxRowSize = 64 << 20
  @Property("Types of columns by name, such as int64, decimal(10,2), timestamp; the others are found out.")
  var columns: [ExactText: String] = [:]
  @Property("How bytes are written in the file.") var bytesFormat = BytesText.base64

  static func problems(of literals: ValueMap) -> [(property: String, message: String)] {
    FormatProperties.problems(of: literals)
  }

  func run(_ context: TaskContext) throws -> ValueMap {
    var options = JSONReadOptions()
    options.layout = newLine.map { $0 ? .lines : .documents } ?? .automatic
    options.charset = charset
    options.flatten = flatten
    options.duplicateKeys = duplicateKeys
    options.invalidText = invalidText
    options.maxDepth = maxDepth
    options.maxRowSize = maxRowSize
    options.columns = try FormatProperties.columns(columns)
    options.bytes = bytesFormat
    options.threads = context.threads
    return try FormatLoad.run(context, policy: onBadLines, limit: maxBadLines) { known, bad in
      try JSONReader(context.open(from), options, bad: bad, known: known)
    }
  }
}

struct JSONWriterTask: FerryTask {
  static let info = TaskInfo(
    "serdes.json.JsonWriter", aliases: ["serdes.json.IonToJson"], "Writes a record file as JSON.",
    details: """
      Numbers keep every digit. Dates, times and bytes are texts; NaN and ±Infinity, which JSON does not have, too.
      """,
    outputs: FormatStore.outputs,
    example: """
      id: json
      type: io.kestra.plugin.serdes.json.IonToJson
      from: "{{ outputs.query.uri }}"
      """)
  @Property("The record file.") var from: StorageReference
  @Property("Whether each line is an object; false: an array, or the bare object of a single row.") var newLine =
    true
  @Property("The file's character set: any name that iconv knows.") var charset = "UTF-8"
  @Property("The zone in which instants are written; UTC without.") var timeZoneId: String?
  @Property("Whether annotations are kept.", .unused("record files have none")) var shouldKeepAnnotations = false
  @Property("How bytes are written.") var bytesFormat = BytesText.base64

  static func problems(of literals: ValueMap) -> [(property: String, message: String)] {
    FormatProperties.problems(of: literals)
  }

  func run(_ context: TaskContext) throws -> ValueMap {
    var options = JSONWriteOptions()
    options.newLine = newLine
    options.charset = charset
    options.timeZone = timeZoneId ?? "UTC"
    options.bytes = bytesFormat
    let name = newLine ? "data.jsonl" : "data.json"
    return try FormatStore.run(context, from, name: name) { output, schema, _ in
      try JSONWriter(output, schema: schema, options)
    }
  }
}
