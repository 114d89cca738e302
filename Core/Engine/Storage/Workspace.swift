internal import Glibc
internal import Records

/// A folder of a running task, made when it is first asked for, removed with the task.
final class Workspace: Sendable {
  private let folder: Locked<String?> = Locked(nil)
  private let owner: String

  /// - Parameters:
  ///   - owner: the execution; whoever finds it dead removes the folder.
  ///   - path: where it is, when that has been said already; it is made here where it is not there.
  init(_ owner: String, at path: String? = nil) throws {
    self.owner = owner
    guard let path else { return }
    try FileSystem.makeFolders(path)
    folder.withLock { $0 = path }
  }

  static var base: String { unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp" }
  static func prefix(_ owner: String) -> String { "ferry-\(owner)-" }

  func path() throws -> String {
    try folder.withLock { folder in
      if let folder { return folder }
      let path = try Workspace.make(owner)
      folder = path
      return path
    }
  }

  /// A new folder.
  static func make(_ owner: String) throws -> String {
    var template = Array("\(base)/\(prefix(owner))XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else {
      throw FileError.failure("making a working folder in '\(base)'", errno)
    }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  static func remove(_ path: String) { _ = try? FileSystem.deleteAll(path) }

  /// Removes those of an execution whose process is dead.
  static func removeAll(of owner: String) throws {
    for name in try FileSystem.names(in: base) where name.hasPrefix(prefix(owner)) {
      _ = try FileSystem.deleteAll("\(base)/\(name)")
    }
  }

  func remove() {
    folder.withLock { folder in
      if let path = folder { Workspace.remove(path) }
      folder = nil
    }
  }
}
