internal import Expression
internal import Records

/// A statement whose parameters stand as the placeholders of its dialect.
struct BoundStatement {
  var sql: String
  /// One for each placeholder, in order.
  var values: [Value]
}

/// `:name` and `?` in statements.
enum SQLParameters {
  /// Replaces each `:name` by the dialect's placeholder. Names inside of strings, names and comments, casts (`::int`)
  /// and array slices are left alone. Without parameters the statement stays as it is.
  /// - Throws: `Failure(.schema)` for a name that `parameters` does not have.
  static func bind(_ sql: String, _ parameters: ValueMap?, _ dialect: Dialect) throws -> BoundStatement {
    guard let parameters else { return BoundStatement(sql: sql, values: []) }
    let bytes = Array(sql.utf8)
    var out: [UInt8] = []
    var values: [Value] = []
    var numbers: [String: Int] = [:]
    for token in SQLScanner.tokens(sql, dialect) {
      guard token.kind == .named else {
        out += bytes[token.range]
        continue
      }
      let name = String(decoding: bytes[token.range].dropFirst(), as: UTF8.self)
      guard let value = parameters[name] else { throw unknown(name, parameters) }
      if dialect.placeholder == .dollar, let number = numbers[name] {
        out += dialect.placeholder(number).utf8
      } else {
        values.append(value)
        numbers[name] = values.count
        out += dialect.placeholder(values.count).utf8
      }
    }
    return BoundStatement(sql: String(decoding: out, as: UTF8.self), values: values)
  }

  private static func unknown(_ name: String, _ parameters: ValueMap) -> Failure {
    let near = nearest(name, in: parameters.keys).map { "Did you mean :\($0)?" }
    let known = parameters.isEmpty ? "it is empty" : "it has \(parameters.keys.joined(separator: ", "))"
    return Failure(
      .schema, "binding the statement: it names the parameter :\(name), which 'parameters' does not have (\(known))",
      hint: near ?? "Add it to 'parameters', or write the colon inside of quotes if it is text")
  }

  /// The statement of a Batch with its `?` as the dialect's placeholders, and their number. `??` is the operator `?`.
  static func placeholders(_ sql: String, _ dialect: Dialect) -> (sql: String, count: Int) {
    let bytes = Array(sql.utf8)
    var out: [UInt8] = []
    var count = 0
    for token in SQLScanner.tokens(sql, dialect) {
      if token.kind == .question {
        count += 1
        out += dialect.placeholder(count).utf8
      } else if token.kind == .symbol, token.range.count == 2, bytes[token.range.lowerBound] == UInt8(ascii: "?"),
        dialect.placeholder == .dollar
      {
        out.append(UInt8(ascii: "?"))
      } else {
        out += bytes[token.range]
      }
    }
    return (String(decoding: out, as: UTF8.self), count)
  }
}
