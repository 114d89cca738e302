/// Everything that an expression can call: looked up when a template is parsed, listed in the docs.
public enum Expressions {
  /// A filter, function or test, for documentation and completion.
  public struct Entry: Sendable, Hashable {
    public let name: String
    /// One line.
    public let summary: String
    /// How it is written, with its parameters: `date(format, timeZone)`.
    public let form: String
  }

  public static let filters: [Entry] = entries(allFilters.map(\.signature))
  public static let functions: [Entry] = entries(allFunctions.map(\.signature))
  public static let tests: [Entry] = entries(allTests.map(\.signature))

  private static func entries(_ signatures: [Signature]) -> [Entry] {
    signatures.map { Entry(name: $0.name, summary: $0.summary, form: $0.form) }.sorted { $0.name < $1.name }
  }

  private static let allFilters =
    TextFilters.all + RegexFilters.all + NumberFilters.all + CollectionFilters.all + DateFilters.all
    + EncodingFilters.all
  private static let allFunctions = Functions.all
  private static let allTests = Tests.all

  private static let filterTable = Dictionary(uniqueKeysWithValues: allFilters.map { ($0.signature.name, $0) })
  private static let functionTable = Dictionary(uniqueKeysWithValues: allFunctions.map { ($0.signature.name, $0) })
  private static let testTable = Dictionary(uniqueKeysWithValues: allTests.map { ($0.signature.name, $0) })

  /// What Kestra's server offers and Ferry, which has none, cannot; with what to do instead.
  private static let serverOnly: [String: String] = [
    "encrypt": "Pass a secret with secret('NAME')", "decrypt": "Pass a secret with secret('NAME')",
    "errorLogs": "Look at the run's log", "printContext": "Use {{ outputs | json }}",
    "fetchContext": "Use {{ outputs | json }}", "fromIon": "Record files are Arrow; use json() for JSON text",
    "block": "Templates of a flow have no inheritance", "parent": "Use the variable 'parent' without ()",
    "i18n": "Templates of a flow have no translations", "http": "Use a task that makes the request",
    "env": "Use {{ envs.name }}", "randomPort": "Use randomInt(lower, upper)",
    "fileExists": "Use fileSize(uri) in a task that may fail",
  ]

  static func filter(named name: String) -> FilterOperation? { filterTable[name] }

  static func filter(named name: String, at offset: Int) throws(ExpressionError) -> FilterOperation {
    if let filter = filterTable[name] { return filter }
    throw unknown(
      "filter", name, filterTable.keys, offset, elsewhere: functionTable[name].map { _ in "Write \(name)(…)" })
  }

  static func function(named name: String, at offset: Int) throws(ExpressionError) -> FunctionOperation {
    if let function = functionTable[name] { return function }
    if let instead = serverOnly[name] {
      throw ExpressionError("the function '\(name)' exists in Kestra but not in Ferry", offset: offset, hint: instead)
    }
    throw unknown(
      "function", name, functionTable.keys, offset, elsewhere: filterTable[name].map { _ in "Write value | \(name)" })
  }

  static func test(named name: String, at offset: Int) throws(ExpressionError) -> TestOperation {
    if let test = testTable[name] { return test }
    throw unknown("test", name, testTable.keys, offset, elsewhere: nil)
  }

  private static func unknown(
    _ kind: String, _ name: String, _ known: some Sequence<String>, _ offset: Int, elsewhere: String?
  ) -> ExpressionError {
    let hint = elsewhere ?? suggestion(for: name, in: known.sorted())
    return ExpressionError("unknown \(kind) '\(name)'", offset: offset, hint: hint)
  }
}
