internal import Expression
public import Records

/// Where files lie: those that tasks leave for each other, and what else has a URI. One implementation is a folder of
/// this machine, others are object stores.
///
/// Calls come from threads that may block; one whose client is asynchronous waits with `BlockingExecutor.wait`. A file
/// under its final name is whole. Inputs and outputs are streams; nothing knows of descriptors and paths but
/// `localPath`, a short cut where there is one.
public protocol Storage: Sendable {
  /// - Parameter range: the bytes that are wanted; all of them when it is nil.
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

  public init(size: Int64, modified: Instant, isFolder: Bool) {
    self.size = size
    self.modified = modified
    self.isFolder = isFolder
  }
}

/// `ferry:///namespace/path/flow/executions/ID/tasks/TASK/RUN/name.arrow`, the same with `kestra:///`, `file:///path`,
/// or what another storage knows: `gs://bucket/path`.
public struct StorageURI: Hashable, Sendable {
  /// What a URI begins with. `Storages` knows which ones can be opened.
  public struct Scheme: RawRepresentable, Hashable, Sendable {
    public let rawValue: String
    /// - Parameter rawValue: in small letters.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Internal storage, wherever that is.
    public static let ferry = Scheme(rawValue: "ferry")
    /// The file system of this machine.
    public static let file = Scheme(rawValue: "file")
  }

  public let scheme: Scheme
  /// What stands between the second and the third slash: a bucket; empty where the scheme has none.
  public let authority: String
  /// Decoded components, none of them empty, `.` or `..`.
  public let components: [String]

  public init(_ text: String) throws {
    guard let separator = text.firstRange(of: ":/") else {
      throw Failure(
        .configuration, "'\(text)' is not a URI",
        hint: "Write ferry:///…, an output such as {{ outputs.query.uri }}, or file:///…")
    }
    let named = text[..<separator.lowerBound].lowercased()
    guard StorageURI.isScheme(named) else { throw Failure(.configuration, "'\(text)' is not a URI") }
    scheme = named == "kestra" ? .ferry : Scheme(rawValue: named)
    var path = text[separator.upperBound...]
    if path.hasPrefix("/") {
      let place = path.dropFirst().prefix { $0 != "/" }
      guard place.isEmpty || (scheme != .ferry && scheme != .file) else {
        throw Failure(.configuration, "'\(text)' names a host", hint: "Write three slashes: \(scheme.rawValue):///…")
      }
      authority = String(place)
      path = path.dropFirst(1 + place.count)
    } else {
      authority = ""
    }
    components = try path.split(separator: "/").map { try StorageURI.component($0, of: text) }
  }

  private static func isScheme(_ text: String) -> Bool {
    guard let first = text.utf8.first, (97...122).contains(first) else { return false }
    return text.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || [43, 45, 46].contains($0) }
  }

  private init(_ scheme: Scheme, _ authority: String, _ components: [String]) {
    self.scheme = scheme
    self.authority = authority
    self.components = components
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

  /// A path of this machine, or one that begins at another URI.
  /// - Parameter folder: where a relative one begins: a path or a URI.
  init(path: String, in folder: String) throws {
    let isBelow = !path.hasPrefix("/") && folder.contains(":/")
    let base = isBelow ? try StorageURI(folder) : StorageURI(.file, "", [])
    var components = base.components
    for part in (isBelow || path.hasPrefix("/") ? path : "\(folder)/\(path)").split(separator: "/") where part != "." {
      if part == ".." { _ = components.popLast() } else { components.append(String(part)) }
    }
    guard !components.isEmpty, !path.utf8.contains(0) else {
      throw Failure(.configuration, "'\(path)' is not the path of a file")
    }
    self.init(base.scheme, base.authority, components)
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
    "\(scheme.rawValue)://\(authority)/" + components.map(StorageURI.percentEncoded).joined(separator: "/")
  }

  /// The last component.
  public var name: String { components.last ?? "" }

  /// Escapes what would change the meaning of the URI and what is not printed; other letters stay readable.
  static func percentEncoded(_ text: String) -> String {
    PercentEncoding.encoded(text) { PercentEncoding.isUnreserved($0) || $0 >= 0x80 }
  }

  /// As RFC 3986 writes any text inside of a URI.
  static func percentEncodedAll(_ text: String) -> String {
    PercentEncoding.encoded(text, keeping: PercentEncoding.isUnreserved)
  }
}
