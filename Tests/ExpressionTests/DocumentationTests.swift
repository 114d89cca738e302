import Expression
import Glibc
import Testing

/// docs/expressions.md: every name is there, and every example gives what the page says.
struct DocumentationTests {
  private static let page: String = {
    let path = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined() + "/docs/expressions.md"
    guard let file = fopen(path, "rb") else { return "" }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    return String(decoding: bytes[..<fread(&bytes, 1, bytes.count, file)], as: UTF8.self)
  }()

  /// The cells of a row, with `\|` as `|` and without the code marks.
  private static func cells(_ line: Substring) -> [String] {
    line.replacing("\\|", with: "\u{1}").split(separator: "|").map { cell in
      let text = cell.replacing("\u{1}", with: "|").drop { $0 == " " }
      return String(text.reversed().drop { $0 == " " }.reversed())
    }
  }

  private static func code(_ cell: String) -> String? {
    cell.hasPrefix("`") && cell.hasSuffix("`") ? String(cell.dropFirst().dropLast()) : nil
  }

  static let examples: [(source: String, result: String)] = page.split(separator: "\n").compactMap { line in
    let cells = cells(line)
    guard line.hasPrefix("|"), cells.count == 4, let source = code(cells[2]), let result = code(cells[3]) else {
      return nil
    }
    return (source, result)
  }

  @Test func `the page has a row for every filter, function and test`() {
    #expect(
      Self.examples.count == 22 + Expressions.filters.count + Expressions.functions.count + Expressions.tests.count)
    for entry in Expressions.filters + Expressions.functions + Expressions.tests {
      let form = entry.form.replacing("|", with: "\\|")
      #expect(
        Self.page.contains("| `\(form)` | \(entry.summary) |")
          || Self.page.contains("| `\(form)()` | \(entry.summary) |"),
        "\(entry.form): \(entry.summary)")
    }
  }

  @Test(arguments: examples) func `each example gives the shown result`(source: String, result: String) throws {
    #expect(try render(source).json() == result)
  }
}
