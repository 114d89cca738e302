internal import ArgumentParser
internal import Engine
internal import Expression
internal import Glibc
internal import Records

struct CatCommand: ParsableCommand {
  enum Format: String, ExpressibleByArgument, CaseIterable { case table, json, csv }

  static let configuration = CommandConfiguration(
    commandName: "cat",
    abstract:
      "Prints the rows of a file: a URI of internal storage or a path. .arrow, .csv, .tsv, .json, .jsonl, .avro.")

  @Argument(help: "ferry:///…, file:///… or a path.", completion: .file())
  var file: String

  @Option(help: "How many rows; 0 for all. Default: 50 as a table, all as json and csv.")
  var limit: Int?

  @Option(help: "table, json (one object a line) or csv.")
  var format = Format.table

  @Flag(help: "Print the columns instead of the rows.")
  var schema = false

  @OptionGroup var storage: StorageOptions

  func validate() throws {
    guard limit ?? 0 >= 0 else { throw ValidationError("--limit \(limit ?? 0): expected 0 or more") }
  }

  func run() throws {
    let source = try RowFile.open(file) { try storage.engine().open($0) }
    if schema { return printSchema(source.schema) }
    var left = limit ?? (format == .table ? 50 : 0)
    if left == 0 { left = Int.max }
    if format == .csv {
      let header = source.schema.fields.map { CatCommand.quoted($0.name) }.joined(separator: ",")
      guard Console.output.write(data: header + "\n") else { return }
    }
    var isEmpty = true
    while left > 0, let batch = try RowFile.advised(file, source.next) {
      let rows = batch.slice(0, min(left, batch.count))
      left -= rows.count
      isEmpty = isEmpty && rows.count == 0
      // Whoever reads may have had enough: `ferry cat … | head`.
      guard try rows.count == 0 || write(rows) else { return }
    }
    if isEmpty, format == .table { _ = try write(BatchBuilder(source.schema).finish()) }
  }

  private func write(_ rows: RecordBatch) throws -> Bool {
    var text = ""
    switch format {
    case .table: return Console.output.write(RowsTable(rows).text(fitting: Console.output.columns))
    case .json: text = try jsonLines(rows)
    case .csv:
      for row in 0..<rows.count {
        text +=
          rows.columns.map { $0.isNull(row) ? "" : CatCommand.quoted($0.text(at: row)) }.joined(separator: ",") + "\n"
      }
    }
    return Console.output.write(data: text)
  }

  /// An empty text is quoted, so that it differs from NULL.
  private static func quoted(_ text: String) -> String {
    let needsQuotes = text.isEmpty || text.contains { $0 == "," || $0 == "\"" || $0.isNewline }
    return needsQuotes ? "\"\(text.replacing("\"", with: "\"\""))\"" : text
  }

  private func printSchema(_ schema: Schema) {
    let rows = schema.fields.map { [$0.name, $0.type.name, $0.nullable ? "" : "not null", $0.sourceType ?? ""] }
    Console.output.write(
      Table(header: ["Column", "Type", "", "Source type"], alignRight: [false, false, false, false], rows: rows)
        .text(fitting: Console.output.columns))
  }
}

/// Opens a file of rows by its extension.
enum RowFile {
  static func open(_ file: String, stored: (String) throws -> any ByteInput) throws -> any RecordSource {
    let isURI = file.contains(":///")
    func input() throws -> any ByteInput {
      isURI && !file.hasPrefix("file://") ? try stored(file) : try FileInput(path: path(file))
    }
    return try advised(file) {
      if let format = format(of: file) { return try format.open(input) }
      return try RecordFileReader(input())
    }
  }

  /// What a reader advises is for its task: the command has none of its properties.
  static func advised<T>(_ file: String, _ read: () throws -> T) throws -> T {
    do {
      return try read()
    } catch var failure as Failure where failure.category == .data {
      if let format = format(of: file) {
        failure.hint = "In a flow, \(format.task) has properties for files that are written otherwise"
      } else if !file.lowercased().hasSuffix(".arrow") {
        let extensions = fileFormats.keys.sorted().map { ".\($0)" }.joined(separator: ", ")
        failure.hint = "The format is told by the extension: .arrow, \(extensions)"
      }
      throw failure
    }
  }

  /// The last extension that does not name a compression.
  private static func format(of file: String) -> FileFormat? {
    let name = file.lowercased().split(separator: "/").last?.split(separator: ".").dropFirst().last {
      $0 != "gz" && $0 != "zst"
    }
    return name.flatMap { fileFormats[String($0)] }
  }

  private static func path(_ file: String) -> String {
    guard file.hasPrefix("file://"), let uri = try? StorageURI(file) else { return file }
    return "/" + uri.components.joined(separator: "/")
  }
}
