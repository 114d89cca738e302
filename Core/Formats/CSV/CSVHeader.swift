internal import Records

/// What stands in front of the rows: the byte order mark and the names.
enum CSVHeader {
  static func skipMark(_ window: ByteWindow) throws {
    try window.fill(atLeast: 3)
    if window.count >= 3, unsafe window.base[0] == 0xEF, unsafe window.base[1] == 0xBB, unsafe window.base[2] == 0xBF {
      window.consume(3)
    }
  }

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
    return unique(names)
  }

  /// Names empty columns and tells those of the same name apart: `a`, `a_2`.
  /// - Parameter naming: false leaves empty names as they are.
  static func unique(_ names: [String], naming: Bool = true) -> [String] {
    var taken = Set(names.map(\.exact))
    var seen: Set<ExactText> = []
    // Where to go on counting, so that a thousand equal names are not compared with each other.
    var numbers: [ExactText: Int] = [:]
    return names.enumerated().map { index, name in
      var name = ExactText(name.isEmpty && naming ? "col_\(index + 1)" : name)
      let original = name
      var number = numbers[original] ?? 2
      while seen.contains(name) || (name != original && taken.contains(name)) {
        name = ExactText("\(original)_\(number)")
        number += 1
      }
      if number > 2 { numbers[original] = number }
      seen.insert(name)
      taken.insert(name)
      return name.string
    }
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
