internal import Expression
internal import Glibc
public import Records

/// Environment variables, those of a dotenv file over those of the process.
public struct Environment: Sendable {
  public private(set) var variables: [String: String]

  public init(dotenv: String? = nil) throws {
    variables = [:]
    var pointer = unsafe environ
    while let entry = unsafe pointer.pointee {
      let pair = unsafe String(cString: entry).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if pair.count == 2 { variables[String(pair[0])] = String(pair[1]) }
      unsafe pointer = unsafe pointer.advanced(by: 1)
    }
    if let dotenv { read(dotenv: try String.contents(of: FileInput(path: dotenv))) }
  }

  /// `NAME=value` lines; `export`, comments and quotes as shells know them; `\n` inside of double quotes.
  mutating func read(dotenv text: String) {
    for line in text.split(whereSeparator: \.isNewline) {
      var line = line.drop { $0 == " " }
      if line.hasPrefix("#") { continue }
      if line.hasPrefix("export ") { line = line.dropFirst(7) }
      guard let equals = line.firstIndex(of: "=") else { continue }
      let name = String(line[..<equals].filter { $0 != " " })
      var value = line[line.index(after: equals)...].drop { $0 == " " }
      while value.last == " " { value.removeLast() }
      if let quote = value.first, quote == "\"" || quote == "'", let end = value.dropFirst().lastIndex(of: quote) {
        value = value[value.index(after: value.startIndex)..<end]
        variables[name] =
          quote == "'" ? String(value) : String(value).replacing("\\n", with: "\n").replacing("\\\"", with: "\"")
      } else {
        // A comment needs a space before it: '#' is fine inside of a password.
        if let comment = value.firstRange(of: " #") { value = value[..<comment.lowerBound] }
        while value.last == " " { value.removeLast() }
        variables[name] = String(value)
      }
    }
  }

  /// What expressions see as `envs`: variables that start with FERRY_ or KESTRA_, without the prefix, in lower case.
  var visible: ValueMap {
    var map = ValueMap()
    for (name, value) in variables.sorted(by: { $0.key < $1.key }) {
      for prefix in ["KESTRA_", "FERRY_"] where name.hasPrefix(prefix) && !name.hasPrefix("FERRY_SECRET_") {
        map[String(name.dropFirst(prefix.count)).lowercased()] = .string(value)
      }
    }
    return map
  }
}

/// The world outside of expressions, for one execution.
struct Host: ExpressionHost {
  let environment: Environment
  let redactor: Redactor
  let storage: any Storage
  /// The folder of the flow's file.
  let folder: String
  let namespace: String

  /// `FERRY_SECRET_NAME` as it is, else `SECRET_NAME` in base64. From then on it is looked for in what others say.
  func secret(_ name: String) throws -> String {
    let key = name.uppercased()
    if let plain = environment.variables["FERRY_SECRET_\(key)"] ?? environment.variables["FERRY_SECRET_\(name)"] {
      redactor.add(plain)
      return plain
    }
    guard let encoded = environment.variables["SECRET_\(key)"] else {
      throw Failure(
        .auth, "there is no secret '\(name)'",
        hint: "Set the environment variable FERRY_SECRET_\(key), or write it into a dotenv file")
    }
    redactor.add(encoded)
    // `base64 key.json` breaks its lines.
    let digits = encoded.filter { !$0.isWhitespace }
    redactor.add(digits)
    guard let bytes = Base64.decoded(digits), let decoded = String(validating: bytes, as: UTF8.self) else {
      throw Failure(
        .auth, "the environment variable SECRET_\(key) is not the Base64 of a text",
        hint: "Set FERRY_SECRET_\(key) to the secret as it is, or encode it: base64 < file")
    }
    let secret = decoded.hasSuffix("\n") ? String(decoded.dropLast()) : decoded
    redactor.add(secret)
    return secret
  }

  func read(_ uri: String, check: @escaping @Sendable () throws -> Void) throws -> String {
    try String.contents(of: storage.open(location(uri), range: nil).interrupted(by: check))
  }

  private func location(_ text: String) throws -> StorageURI {
    let files = StorageURI.namespaceFiles
    if text.hasPrefix(files) { return try StorageURI(fileURI(String(text.dropFirst(files.count)))) }
    return try StorageURI(text.contains(":/") ? text : fileURI(text))
  }

  func fileURI(_ path: String) throws -> String {
    guard !path.split(separator: "/").contains("..") else {
      throw Failure(.configuration, "fileURI('\(path)') leaves the folder of the flow")
    }
    return try StorageURI(path: path, in: folder).text
  }

  func fileSize(_ uri: String) throws -> Int64 {
    try storage.attributes(location(uri)).size
  }

  func kv(_ key: String) throws -> Value? { try kv(key, namespace: namespace) }

  func kv(_ key: String, namespace: String) throws -> Value? {
    try KeyValueStore(storage: storage, namespace: namespace).value(of: key)
  }

  func parseYAML(_ text: String) throws -> Value { try Value.parseYAML(text) }
  func now() -> Int64 { Instant.now().microseconds }
}

extension String {
  /// The whole of an input, which must be UTF-8 and reasonably small: it becomes one value in memory.
  public static func contents(of input: any ByteInput, limit: Int = 64 << 20) throws -> String {
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = try input.read(into: &block)
      if count == 0 { break }
      bytes += block[..<count]
      guard bytes.count <= limit else {
        throw Failure(
          .configuration, "'\(input.name)' is larger than \(limit >> 20) MiB", hint: "Read it with a task instead")
      }
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Failure(.data, "'\(input.name)' is not UTF-8")
    }
    return text
  }
}
