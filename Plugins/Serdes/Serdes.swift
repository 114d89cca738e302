public import Engine

extension Plugin {
  /// CSV, JSON and Avro to record files and back.
  public static let serdes = Plugin(
    "serdes", "Reads and writes CSV, JSON and Avro files.",
    tasks: [
      CSVReaderTask.self, CSVWriterTask.self, JSONReaderTask.self, JSONWriterTask.self, AvroReaderTask.self,
      AvroWriterTask.self, InferAvroSchemaTask.self,
    ])
}
