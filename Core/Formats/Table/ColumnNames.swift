internal import Records

/// What files of all formats need of names: that no two columns have the same.
enum ColumnNames {
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
}
