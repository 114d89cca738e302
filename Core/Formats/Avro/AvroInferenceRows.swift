internal import Expression
public import Records

extension AvroInference {
  /// Finds what each column of JSON has in common over all rows.
  /// - Parameter progress: called after each batch.
  public mutating func findStructures(in source: any RecordSource, progress: () throws -> Void = {}) throws {
    let fields = source.schema.fields
    let columns = fields.indices.filter { fields[$0].type == .json }
    let found = Dictionary(uniqueKeysWithValues: columns.map { ($0, AvroStructure()) })
    while !found.isEmpty, let batch = try source.next() {
      for (index, structure) in found {
        for text in AvroInference.texts(batch.columns[index]) {
          if let value = try? Value.parseJSON(text, refusingTwins: true) {
            structure.add(value)
          } else {
            _ = try Value.parseJSON(text)
            structure.addOther()
          }
        }
      }
      try progress()
    }
    structures = found
  }

  /// Finds the columns of text all of whose values are words for true, false or NULL, and one of them is not NULL.
  public mutating func findBooleans(
    in source: any RecordSource, _ conversion: AvroConversion, progress: () throws -> Void = {}
  ) throws {
    let words = try AvroScalarWriter(conversion, isJSON: false)
    let fields = source.schema.fields
    var candidates = Set(fields.indices.filter { fields[$0].type == .text })
    while !candidates.isEmpty, let batch = try source.next() {
      for index in candidates {
        for text in AvroInference.texts(batch.columns[index]) where !words.isNull(text) {
          guard words.bool(text) != nil else {
            candidates.remove(index)
            booleans.remove(index)
            break
          }
          booleans.insert(index)
        }
      }
      try progress()
    }
  }

  private static func texts(_ column: Column) -> some Sequence<String> {
    (0..<column.count).lazy.filter { !column.isNull($0) }.map {
      unsafe String(decoding: column.bytes($0), as: UTF8.self)
    }
  }
}
