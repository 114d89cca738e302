public import Engine

extension Plugin {
  /// CSV and JSON to record files and back.
  public static let serdes = Plugin(
    "Serdes", "Reads and writes CSV and JSON files.",
    tasks: [CSVReaderTask.self, CSVWriterTask.self, JSONReaderTask.self, JSONWriterTask.self])
}
