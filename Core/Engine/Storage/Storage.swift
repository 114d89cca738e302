internal import Expression
public import Records

/// Where tasks leave files for each other. Backends: the local file system; object stores come behind the same
/// protocol.
///
/// Calls may block. A file under its final name is whole.
public protocol Storage: Sendable {
  func open(_ uri: StorageURI, range: Range<Int64>?) throws -> any ByteInput
  func create(_ uri: StorageURI) throws -> any ByteOutput
  /// The names directly inside a folder, folders with a `/` at the end, sorted.
  func list(_ uri: StorageURI) throws -> [String]
  func exists(_ uri: StorageURI) throws -> Bool
  func attributes(_ uri: StorageURI) throws -> StorageAttributes
  func move(_ from: StorageURI, to: StorageURI) throws
  /// False when there was nothing to delete.
  func delete(_ uri: StorageURI) throws -> Bool
  /// Deletes everything below a folder; returns how many files that were.
  func deletePrefix(_ uri: StorageURI) throws -> Int
  /// Deletes what was begun below a folder and is not whole: the process that wrote it is dead.
  func deleteUnfinished(below uri: StorageURI) throws
  /// The path on this machine, where the backend has one: for C libraries and child processes that want a file.
  func localPath(_ uri: StorageURI) throws -> String?
}

extension ByteInput {
  /// This input; when it is one that waits for another process (a FIFO), it looks at `check` meanwhile.
  func interrupted(by check: @escaping () throws -> Void) -> any ByteInput {
    (self as? FileInput)?.interrupt = check
    return self
  }
}

public struct StorageAttributes: Sendable, Hashable {
  /// In bytes.
  public var size: Int64
  public var modified: Instant
  public var isFolder: Bool
}

/// `ferry:///namespace/path/flow/executions/ID/tasks/TASK/RUN/name.arrow`, the same with `kestra:///`, or
/// `file:///path`.
public struct StorageURI: Hashable, Sendable {
  public enum Scheme: String, Sendable {
    case ferry
    case file
  }

  public let scheme: Scheme
  /// Decoded components, none of them empty, `.` or `..`.
  public let components: [String]

  public init(_ text: String) throws {
    guard let separator = text.firstRange(of: ":/") else {
      throw Failure(
        .configuration, "'\(text)' is not a URI",
        hint: "Write ferry:///…, an output such as {{ outputs.query.uri }}, or file:///…")
    }
    switch text[..<separator.lowerBound].lowercased() {
    case "ferry", "kestra": scheme = .ferry
    case "file": scheme = .file
    case let other:
      throw Failure(
        .configuration, "'\(text)': the scheme '\(other)' is not known", hint: "Known are ferry, kestra and file")
    }
    var path = text[separator.upperBound...]
    if path.hasPrefix("//") {
      path = path.dropFirst(2)
    } else if path.hasPrefix("/") {
      throw Failure(.configuration, "'\(text)' names a host", hint: "Write three slashes: \(scheme.rawValue):///…")
    }
    components = try path.split(separator: "/").map { try StorageURI.component($0, of: text) }
  }

  /// Kestra's files of a namespace are those beside the flow.
  static let namespaceFiles = "nsfile:///"

  /// What a flow says of a file: a URI, `nsfile:///path` or a plain path, both of which begin where its own file lies.
  init(_ text: String, besideFlowIn folder: String) throws {
    if text.hasPrefix(StorageURI.namespaceFiles) {
      try self.init(path: String(text.dropFirst(StorageURI.namespaceFiles.count)), in: folder)
    } else if text.contains(":/") {
      try self.init(text)
    } else {
      try self.init(path: text, in: folder)
    }
  }

  /// A path of this machine.
  /// - Parameter folder: where a relative one begins.
  init(path: String, in folder: String) throws {
    var components: [String] = []
    for part in (path.hasPrefix("/") ? path : "\(folder)/\(path)").split(separator: "/") where part != "." {
      if part == ".." { _ = components.popLast() } else { components.append(String(part)) }
    }
    guard !components.isEmpty, !path.utf8.contains(0) else {
      throw Failure(.configuration, "'\(path)' is not the path of a file")
    }
    scheme = .file
    self.components = components
  }

  /// Encoded traversal (`%2e%2e`, `%2f`) is refused like the plain one.
  private static func component(_ raw: Substring, of uri: String) throws -> String {
    guard let decoded = percentDecoded(raw) else { throw Failure(.configuration, "'\(uri)' has a broken %-escape") }
    guard decoded != "..", decoded != ".", !decoded.contains("/"), !decoded.utf8.contains(0) else {
      throw Failure(
        .configuration, "'\(uri)' leaves its folder", hint: "Name the file without '..' and escaped slashes")
    }
    return decoded
  }

  private static func percentDecoded(_ text: Substring) -> String? {
    PercentEncoding.decoded(text).flatMap { String(validating: $0, as: UTF8.self) }
  }

  /// The canonical text, escaped where needed.
  public var text: String {
    "\(scheme.rawValue):///" + components.map(StorageURI.percentEncoded).joined(separator: "/")
  }

  /// The last component.
  public var name: String { components.last ?? "" }

  /// Escapes what would change the meaning of the URI and what is not printed; other letters stay readable.
  static func percentEncoded(_ text: String) -> String {
    var bytes: [UInt8] = []
    for byte in text.utf8 {
      if isUnreserved(byte) || byte >= 0x80 { bytes.append(byte) } else { bytes += escape(byte) }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// As RFC 3986 writes any text inside of a URI.
  static func percentEncodedAll(_ text: String) -> String {
    String(decoding: text.utf8.flatMap { isUnreserved($0) ? [$0] : escape($0) }, as: UTF8.self)
  }

  private static func isUnreserved(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"),
      UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
      true
    default: false
    }
  }

  private static func escape(_ byte: UInt8) -> [UInt8] {
    let digits = Array("0123456789ABCDEF".utf8)
    return [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
  }
}
