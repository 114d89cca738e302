internal import Expression
internal import Records

/// A statement whose parameters stand as the placeholders of its dialect.
struct BoundStatement {
  var sql: String
  /// One for each placeholder, in order.
  var values: [Value]
  /// What was put in place of what.
  var edits: TextEdits
}

/// `:name` and `?` in statements.
enum SQLParameters {
  /// Replaces each `:name` by the dialect's placeholder, and that of a list in `IN (…)` by one for each item. Names
  /// inside of strings, names and comments, casts (`::int`) and array slices are left alone. Without parameters the
  /// statement stays as it is.
  /// - Throws: `Failure(.schema)` for a name that `parameters` does not have.
  static func bind(_ sql: String, _ parameters: ValueMap?, _ dialect: Dialect) throws -> BoundStatement {
    var edits = TextEdits(sql)
    guard let parameters = parameters?.unmarked else { return BoundStatement(sql: sql, values: [], edits: edits) }
    var values: [Value] = []
    var numbers: [ExactText: Int] = [:]
    var lists = ListPlaces()
    for token in SQLScanner.tokens(sql, dialect) {
      lists.pass(token, edits.text(token.range))
      guard token.kind == .named else {
        edits.keep(token.range)
        continue
      }
      let name = String(edits.text(token.range).dropFirst())
      guard let value = parameters[name] else { throw unknown(name, parameters) }
      if dialect.placeholder.isNumbered, let number = numbers[name.exact] {
        edits.replace(token.range, by: dialect.placeholder(number))
      } else if let items = value.list, lists.isInside {
        edits.replace(token.range, by: try marks(items, name, lists.isNegated, &values, dialect))
      } else {
        values.append(value)
        numbers[name.exact] = values.count
        edits.replace(token.range, by: dialect.placeholder(values.count))
      }
    }
    return BoundStatement(sql: edits.result, values: values, edits: edits)
  }

  /// The placeholders of a list's items. No value is in an empty list, as none equals NULL; but `NOT IN (NULL)` is not
  /// true either, where "not in nothing" is.
  private static func marks(
    _ items: [Value], _ name: String, _ isNegated: Bool, _ values: inout [Value], _ dialect: Dialect
  ) throws -> String {
    guard !items.isEmpty else {
      guard isNegated else { return "NULL" }
      throw Failure(
        .configuration, "binding the statement: the list :\(name) of a NOT IN is empty, which SQL has no way to write",
        hint: "Run the task only when the list has items: runIf: \"{{ … is not empty }}\"")
    }
    let first = values.count
    values += items
    return items.indices.map { dialect.placeholder(first + $0 + 1) }.joined(separator: ", ")
  }

  /// Whether a place in a statement lies in the list of an IN: seen token by token.
  private struct ListPlaces {
    private var open: [(isIn: Bool, isNegated: Bool)] = []
    private var words: (String, String) = ("", "")

    var isInside: Bool { open.last?.isIn == true }
    var isNegated: Bool { open.last?.isNegated == true }

    mutating func pass(_ token: SQLToken, _ text: String) {
      switch (token.kind, text) {
      case (.space, _), (.comment, _): return
      case (.word, _): words = (words.1, text.uppercased())
      case (.symbol, "("):
        open.append((words.1 == "IN", words == ("NOT", "IN")))
        words = ("", "")
      case (.symbol, ")"):
        _ = open.popLast()
        words = ("", "")
      default: words = ("", "")
      }
    }
  }

  private static func unknown(_ name: String, _ parameters: ValueMap) -> Failure {
    let near = nearest(name, in: parameters.keys).map { "Did you mean :\($0)?" }
    let known = parameters.isEmpty ? "it is empty" : "it has \(parameters.keys.joined(separator: ", "))"
    return Failure(
      .schema, "binding the statement: it names the parameter :\(name), which 'parameters' does not have (\(known))",
      hint: near ?? "Add it to 'parameters', or write the colon inside of quotes if it is text")
  }

  /// The statement of a Batch with its `?` as the dialect's placeholders, and their number. `??` is the operator `?`.
  static func placeholders(_ sql: String, _ dialect: Dialect) -> (sql: String, count: Int, edits: TextEdits) {
    var edits = TextEdits(sql)
    var count = 0
    for token in SQLScanner.tokens(sql, dialect) {
      if token.kind == .question {
        count += 1
        edits.replace(token.range, by: dialect.placeholder(count))
      } else if token.kind == .symbol, dialect.placeholder == .dollar, edits.text(token.range) == "??" {
        edits.replace(token.range, by: "?")
      } else {
        edits.keep(token.range)
      }
    }
    return (edits.result, count, edits)
  }
}
