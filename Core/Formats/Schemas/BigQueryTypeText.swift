internal import Records

/// Types as GoogleSQL writes them: `NUMERIC(10, 2)`, `ARRAY<STRING>`, `RANGE<DATE>`, ``STRUCT<`a b` INT64 NOT NULL>``.
enum BigQueryTypeText {
  static func text(_ column: BigQueryColumn) -> String {
    let one = scalar(column)
    return column.mode == .repeated ? "ARRAY<\(one)>" : one
  }

  private static func scalar(_ column: BigQueryColumn) -> String {
    let name = column.kind.sqlName
    if column.kind == .record {
      let members = column.fields.map { field in
        "`\(field.name)` \(text(field))\(field.mode == .required ? " NOT NULL" : "")"
      }
      return "\(name)<\(members.joined(separator: ", "))>"
    }
    if let element = column.element { return "\(name)<\(element.sqlName)>" }
    let numbers = [column.precision ?? column.maxLength, column.scale].compactMap { $0 }
    return numbers.isEmpty ? name : "\(name)(\(numbers.map(String.init).joined(separator: ", ")))"
  }

  /// Nil where it is the name of no type, or of another database's.
  static func read(_ text: String) -> BigQueryColumn? {
    var reader = Reader(text)
    guard let column = reader.type(depth: 1), reader.isAtEnd else { return nil }
    return column
  }

  private struct Reader {
    private var rest: Substring

    init(_ text: String) { rest = Substring(text) }

    var isAtEnd: Bool { rest.allSatisfy { $0 == " " } }

    private mutating func skipSpace() { rest = rest.drop { $0 == " " } }

    private mutating func take(_ mark: Character) -> Bool {
      skipSpace()
      guard rest.first == mark else { return false }
      rest.removeFirst()
      return true
    }

    private mutating func word() -> String {
      skipSpace()
      let word = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
      rest = rest[word.endIndex...]
      return String(word)
    }

    mutating func type(depth: Int) -> BigQueryColumn? {
      guard depth <= BigQueryColumn.depth else { return nil }
      let name = word()
      if name.uppercased() == "ARRAY" {
        guard take("<"), var element = type(depth: depth + 1), element.mode != .repeated, take(">") else { return nil }
        element.mode = .repeated
        return element
      }
      guard let kind = BigQueryColumn.Kind(named: name) else { return nil }
      var column = BigQueryColumn(kind)
      switch kind {
      case .record: guard members(of: &column, depth) else { return nil }
      case .range:
        guard take("<"), let element = BigQueryColumn.Kind(named: word()), take(">") else { return nil }
        column.element = element
      default: guard numbers(of: &column) else { return nil }
      }
      return column
    }

    private mutating func numbers(of column: inout BigQueryColumn) -> Bool {
      guard take("(") else { return true }
      guard let first = Int(word()) else { return false }
      let second = take(",") ? Int(word()) : nil
      guard take(")") else { return false }
      switch column.kind {
      case .numeric, .bigNumeric:
        let (whole, fraction) = column.kind == .numeric ? (29, 9) : (38, 38)
        let digits = second ?? 0
        guard digits <= fraction, first >= max(1, digits), first - digits <= whole else { return false }
        (column.precision, column.scale) = (first, second)
      case .timestamp where second == nil: column.precision = first
      case .string where second == nil, .bytes where second == nil: column.maxLength = first
      default: return false
      }
      return true
    }

    private mutating func members(of column: inout BigQueryColumn, _ depth: Int) -> Bool {
      guard take("<") else { return false }
      repeat {
        let name = name()
        guard !name.isEmpty, var member = type(depth: depth + 1) else { return false }
        member.name = name
        skipSpace()
        if rest.uppercased().hasPrefix("NOT NULL") {
          rest.removeFirst("NOT NULL".count)
          member.mode = .required
        }
        column.fields.append(member)
      } while take(",")
      return take(">")
    }

    private mutating func name() -> String {
      guard take("`") else { return word() }
      let name = rest.prefix { $0 != "`" }
      rest = rest[name.endIndex...].dropFirst()
      return String(name)
    }
  }
}
