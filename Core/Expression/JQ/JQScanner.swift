/// Reads a program's words, as far as it takes to know what it reaches for. Whether it is a program libjq says.
struct JQScanner {
  /// What a program does that its results depend on.
  struct Traits {
    /// Whether it makes texts of numbers.
    var writes = false
    /// Whether it compares or takes apart what may be such texts.
    var compares = false
    var looksIntoTexts: Bool { writes && compares }
  }

  private static let longest = 65_536
  /// What reaches beyond the input, and what to do instead.
  private static let refused: [String: String] = [
    "env": "Use {{ envs.name }}", "input": "There is one input only, which is '.'",
    "inputs": "There is one input only, which is '.'", "input_filename": "The input comes from no file",
    "input_line_number": "The input comes from no file", "import": "Define what you need in the program",
    "include": "Define what you need in the program", "modulemeta": "Define what you need in the program",
    "get_search_list": "Define what you need in the program", "halt": "Use 'error' to fail, 'empty' for no result",
    "halt_error": "Use 'error' to fail", "stderr": "Use a Log task",
  ]
  private static let writing: Set<String> = ["tostring", "tojson", "join"]
  private static let comparing: Set<String> = [
    "select", "test", "match", "capture", "scan", "split", "splits", "sub", "gsub", "contains", "inside", "index",
    "rindex", "indices", "startswith", "endswith", "ltrimstr", "rtrimstr", "length", "utf8bytelength", "has", "in",
    "IN",
    "INDEX", "sort", "sort_by", "group_by", "unique", "unique_by", "min", "max", "min_by", "max_by", "ascii", "explode",
    "any", "all", "if", "tonumber", "fromjson", "bsearch",
  ]

  private let bytes: [UInt8]
  private var position = 0
  private var traits = Traits()

  /// Throws when the program holds something that is refused.
  @discardableResult
  static func check(_ source: String) throws -> Traits {
    guard source.utf8.count <= longest else { throw Problem("the jq program is longer than \(longest >> 10) KiB") }
    var scanner = JQScanner(bytes: Array(source.utf8))
    try scanner.words(inside: nil, depth: 0)
    return scanner.traits
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  /// - Parameter open: the bracket around; the words go on to its end.
  private mutating func words(inside open: UInt8?, depth: Int) throws {
    guard depth <= ExpressionLimits.nesting else {
      throw Problem("the jq program has more than \(ExpressionLimits.nesting) levels")
    }
    var last = open
    while let byte = peek {
      defer { if !byte.isSpace { last = byte } }
      switch byte {
      case UInt8(ascii: "#"): while let next = peek, next != 10 { position += 1 }
      case UInt8(ascii: "\""): try text(depth)
      case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"):
        position += 1
        try words(inside: byte, depth: depth + 1)
      case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
        position += 1
        if open != nil { return }
      case UInt8(ascii: "@"):
        position += 1
        _ = name()
        traits.writes = true
      case UInt8(ascii: "$"):
        position += 1
        try variable()
      case UInt8(ascii: "."): try dot()
      case _ where byte.isDigit: try number()
      case _ where Self.beginsName(byte):
        let isKey = open == UInt8(ascii: "{") && (last == UInt8(ascii: "{") || last == UInt8(ascii: ","))
        try word(name(), isKey: isKey)
      default:
        if "=!<>".utf8.contains(byte) { traits.compares = true }
        position += 1
      }
    }
  }

  private static func beginsName(_ byte: UInt8) -> Bool { byte.isNameStart && byte != 0x24 && byte < 0x80 }

  private mutating func name() -> String {
    let start = position
    while let byte = peek, Self.beginsName(byte) || byte.isDigit || byte == 0x3A && isModule { position += 1 }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  /// `a::b` is one name; a single colon is none of it.
  private var isModule: Bool {
    let around = bytes[max(0, position - 1)..<min(position + 2, bytes.count)]
    return Array(around.suffix(2)) == [0x3A, 0x3A] || Array(around.prefix(2)) == [0x3A, 0x3A]
  }

  private mutating func word(_ word: String, isKey: Bool) throws {
    if isKey { return }
    if let instead = Self.refused[word] { throw Self.refusal(word, instead) }
    if Self.writing.contains(word) { traits.writes = true }
    if Self.comparing.contains(word) { traits.compares = true }
  }

  private static func refusal(_ word: String, _ instead: String) -> Problem {
    Problem("the jq program uses '\(word)', which is not available here", hint: instead)
  }

  private mutating func variable() throws {
    while let byte = peek, byte.isSpace { position += 1 }
    if name() == "ENV" { throw Self.refusal("$ENV", "Use {{ envs.name }}") }
  }

  /// `.name`, `.5`, `..` or the dot alone.
  private mutating func dot() throws {
    guard position + 1 < bytes.count else {
      position += 1
      return
    }
    if bytes[position + 1].isDigit { return try number() }
    position += 1
    _ = name()
  }

  private mutating func number() throws {
    let start = position
    while let byte = peek, byte.isDigit || byte == UInt8(ascii: ".") { position += 1 }
    if let mark = peek, mark | 0x20 == UInt8(ascii: "e") {
      let sign = position + 1 < bytes.count && (bytes[position + 1] == 0x2B || bytes[position + 1] == 0x2D) ? 2 : 1
      if position + sign < bytes.count, bytes[position + sign].isDigit {
        position += sign
        while let byte = peek, byte.isDigit { position += 1 }
      }
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    guard Decimal(text) != nil, JQNumbers.double(.number(text)) == nil else { return }
    throw Problem(
      "the jq program holds the number \(text), which has more digits than jq's numbers keep",
      hint: "Compare it in the expression instead")
  }

  /// A text, with the programs in it: `"\(.a)"`.
  private mutating func text(_ depth: Int) throws {
    position += 1
    while let byte = peek, byte != UInt8(ascii: "\"") {
      position += 1
      guard byte == UInt8(ascii: "\\"), let next = peek else { continue }
      position += 1
      if next == UInt8(ascii: "(") {
        traits.writes = true
        try words(inside: next, depth: depth + 1)
      }
    }
    position += 1
  }
}
