internal import Records

/// What stands in front of the rows: the names.
enum CSVHeader {
  /// The columns' names: unique, none of them empty.
  static func names(_ blocks: CSVBlocks, _ options: CSVReadOptions) throws -> [String] {
    guard options.header else {
      guard let width = try blocks.firstWidth() else { return [] }
      return (1...width).map { "col\($0)" }
    }
    guard var names = try blocks.header() else { return [] }
    if options.onEmptyHeader == .drop {
      while names.count > 1, names.last?.isEmpty == true { names.removeLast() }
      blocks.namedColumns = names.count
    }
    return ColumnNames.unique(names)
  }

  static func schema(_ names: [String], _ options: CSVReadOptions, _ input: String) throws -> Schema {
    guard case .declared(let types) = options.types else { return Schema(names.map { Field($0, .text) }) }
    for name in types.keys.sorted() where !names.containsExactly(name.string) {
      throw Failure(
        .schema, "reading '\(input)': the column '\(name)' that 'columns' names is not in the header",
        hint: "The header has \(names.map { "'\($0)'" }.joined(separator: ", "))")
    }
    return Schema(names.map { Field($0, types[ExactText($0)] ?? .text) })
  }
}
