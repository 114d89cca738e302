import Foundation

/// The repository that this test was compiled in.
enum Repository {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// Files below a folder of the repository whose names end in one of `suffixes`, by path, without what is built.
  static func files(in folder: String, _ suffixes: String...) -> [Source] {
    let start = root.appending(path: folder)
    guard let paths = FileManager.default.enumerator(atPath: start.path()) else { return [] }
    return paths.compactMap { $0 as? String }
      .filter { path in suffixes.contains { path.hasSuffix($0) } && !path.contains(".build/") }
      .sorted()
      .map { Source(path: "\(folder)/\($0)") }
  }

  static func text(of path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  static func folders(in folder: String) throws -> [String] {
    let start = root.appending(path: folder)
    return try FileManager.default.contentsOfDirectory(at: start, includingPropertiesForKeys: [.isDirectoryKey])
      .filter { try $0.resourceValues(forKeys: [.isDirectoryKey]).isDirectory == true }
      .map(\.lastPathComponent).sorted()
  }

  /// All code that ends up in `ferry`.
  static let product = files(in: "Core", ".swift") + files(in: "Plugins", ".swift")
  static let tests = files(in: "Tests", ".swift") + files(in: "Benchmarks", ".swift")
}

/// One text file of the repository.
struct Source: Sendable {
  /// From the repository's root.
  let path: String
  let lines: [String]
  /// The same lines with spaces in the place of comments and of what stands in quotes.
  let code: [String]

  init(path: String) {
    self.init(path: path, text: (try? Repository.text(of: path)) ?? "")
  }

  init(path: String, text: String) {
    self.path = path
    lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    var scanner = CodeScanner(Array(text.utf8))
    let code = path.hasSuffix(".swift") ? String(decoding: scanner.codeOnly(), as: UTF8.self) : text
    self.code = code.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }

  /// The modules that the file imports, with the line of each.
  var imports: [(module: String, line: Int)] {
    code.enumerated().compactMap { number, line in
      var words = line.split(whereSeparator: { $0 == " " }).map(String.init)
      while let first = words.first, first.hasPrefix("@") || Source.accessLevels.contains(first) { words.removeFirst() }
      guard words.count >= 2, words[0] == "import" else { return nil }
      let kinds = ["struct", "class", "enum", "func", "protocol", "typealias", "var", "let"]
      let name = kinds.contains(words[1]) && words.count > 2 ? words[2] : words[1]
      return (String(name.prefix { $0 != "." }), number + 1)
    }
  }

  private static let accessLevels: Set = ["public", "package", "internal", "fileprivate", "private"]
}

/// Tells Swift's code from its comments and quoted text. It knows nested comments, raw and multi-line strings and
/// interpolation; regex literals it takes for code.
struct CodeScanner {
  private let bytes: [UInt8]
  private var output: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    output = bytes
  }

  mutating func codeOnly() -> [UInt8] {
    scanCode(untilClosingParenthesis: false)
    return output
  }

  private func starts(_ text: StaticString) -> Bool {
    position + text.utf8CodeUnitCount <= bytes.count
      && (0..<text.utf8CodeUnitCount).allSatisfy { bytes[position + $0] == text.utf8Start[$0] }
  }

  private mutating func blank(_ count: Int = 1) {
    for _ in 0..<count where position < bytes.count {
      if bytes[position] != UInt8(ascii: "\n") { output[position] = UInt8(ascii: " ") }
      position += 1
    }
  }

  private mutating func scanCode(untilClosingParenthesis inside: Bool) {
    var depth = 0
    while position < bytes.count {
      if starts("//") {
        while position < bytes.count, bytes[position] != UInt8(ascii: "\n") { blank() }
      } else if starts("/*") {
        scanComment()
      } else if let hashes = stringStart() {
        scanString(hashes: hashes)
      } else {
        if starts("(") { depth += 1 }
        if starts(")") {
          if inside, depth == 0 { return }
          depth -= 1
        }
        position += 1
      }
    }
  }

  private mutating func scanComment() {
    var depth = 0
    repeat {
      if starts("/*") {
        depth += 1
        blank(2)
      } else if starts("*/") {
        depth -= 1
        blank(2)
      } else {
        blank()
      }
    } while depth > 0 && position < bytes.count
  }

  /// The number of `#` before a quote that begins here.
  private func stringStart() -> Int? {
    var at = position
    while at < bytes.count, bytes[at] == UInt8(ascii: "#") { at += 1 }
    return at < bytes.count && bytes[at] == UInt8(ascii: "\"") ? at - position : nil
  }

  private func matches(_ quotes: Int, _ hashes: Int) -> Bool {
    let end = position + quotes + hashes
    return end <= bytes.count && bytes[position..<position + quotes].allSatisfy { $0 == UInt8(ascii: "\"") }
      && bytes[position + quotes..<end].allSatisfy { $0 == UInt8(ascii: "#") }
  }

  private mutating func scanString(hashes: Int) {
    blank(hashes)
    let quotes = starts("\"\"\"") ? 3 : 1
    blank(quotes)
    while position < bytes.count, !matches(quotes, hashes) {
      guard bytes[position] == UInt8(ascii: "\\") else {
        blank()
        continue
      }
      let marks = bytes[(position + 1)...].prefix { $0 == UInt8(ascii: "#") }.count
      guard marks == hashes, position + 1 + marks < bytes.count else {
        blank()
        continue
      }
      blank(1 + marks)
      if starts("(") {
        blank()
        scanCode(untilClosingParenthesis: true)
      }
      blank()
    }
    blank(quotes + hashes)
  }
}
