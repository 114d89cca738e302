internal import Glibc
public import Records

/// Internal storage in a folder of this machine. `file:///` URIs reach the rest of the file system.
public struct LocalStorage: Storage {
  /// An absolute path without symbolic links.
  public let root: String

  /// Makes the folder when it is not there.
  public init(root: String) throws {
    try LocalStorage.makeFolders(root)
    guard let real = LocalStorage.realPath(root) else {
      throw FileError.failure("opening the storage folder '\(root)'", errno)
    }
    self.root = real
  }

  /// A folder that is looked into as it is; nothing is made.
  init(existing root: String) { self.root = LocalStorage.realPath(root) ?? root }

  public func open(_ uri: StorageURI, range: Range<Int64>?) throws -> any ByteInput {
    try FileInput(path: path(uri), name: uri.text, range: range)
  }

  public func create(_ uri: StorageURI) throws -> any ByteOutput {
    let path = try path(uri)
    try LocalStorage.makeFolders(LocalStorage.folder(of: path), isPrivate: uri.scheme == .ferry)
    // What flows store may be anybody's secret; what they write elsewhere is as other programs would write it.
    return try FileOutput(path: try self.path(uri), name: uri.text, isPrivate: uri.scheme == .ferry)
  }

  public func list(_ uri: StorageURI) throws -> [String] {
    let folder = try path(uri)
    guard LocalStorage.isFolder(folder) else { throw FileError.failure("listing '\(uri.text)'", ENOENT) }
    // A file that is still being written is not there yet.
    let names = try LocalStorage.names(in: folder).filter { !FileOutput.isUnfinished($0) }
      .map { LocalStorage.isFolder("\(folder)/\($0)") ? $0 + "/" : $0 }
    return names.sorted()
  }

  public func exists(_ uri: StorageURI) throws -> Bool { unsafe access(try path(uri), F_OK) == 0 }

  public func attributes(_ uri: StorageURI) throws -> StorageAttributes {
    var info = stat()
    guard unsafe stat(try path(uri), &info) == 0 else { throw FileError.failure("looking at '\(uri.text)'", errno) }
    return StorageAttributes(
      size: Int64(info.st_size), modified: Instant(info.st_mtim), isFolder: info.st_mode & S_IFMT == S_IFDIR)
  }

  public func move(_ from: StorageURI, to: StorageURI) throws {
    let target = try path(to)
    try LocalStorage.makeFolders(LocalStorage.folder(of: target), isPrivate: to.scheme == .ferry)
    guard unsafe rename(try path(from), target) == 0 else {
      throw FileError.failure("moving '\(from.text)' to '\(to.text)'", errno)
    }
    FileOutput.flushFolder(of: target)
  }

  public func delete(_ uri: StorageURI) throws -> Bool {
    if unsafe unlink(try path(uri)) == 0 { return true }
    if errno == ENOENT { return false }
    throw FileError.failure("deleting '\(uri.text)'", errno)
  }

  public func deletePrefix(_ uri: StorageURI) throws -> Int {
    guard uri.scheme == .ferry, !uri.components.isEmpty else {
      throw Failure(
        .configuration, "deleting everything below '\(uri.text)' is refused", hint: "Name a folder of internal storage")
    }
    return try LocalStorage.deleteAll(path(uri))
  }

  /// Deletes what a process that was killed had begun to write below a folder, and its working folders.
  func clean(after execution: Execution) throws {
    let folder = try path(StorageURI(execution.folder))
    if LocalStorage.isFolder(folder) { try LocalStorage.deleteParts(below: folder) }
    for name in try LocalStorage.names(in: Workspace.base) where name.hasPrefix(Workspace.prefix(execution.id)) {
      _ = try LocalStorage.deleteAll("\(Workspace.base)/\(name)")
    }
  }

  public func localPath(_ uri: StorageURI) throws -> String? { try path(uri) }

  /// The path of a URI. A symbolic link that leads out of the root is refused, whatever part of the path it is.
  private func path(_ uri: StorageURI) throws -> String {
    let below = uri.components.joined(separator: "/")
    if uri.scheme == .file { return "/" + below }
    let path = root + "/" + below
    var existing = path
    while existing.utf8.count > root.utf8.count {
      if let real = LocalStorage.realPath(existing) {
        guard real == root || real.hasPrefix(root + "/") else {
          throw Failure(.configuration, "'\(uri.text)' leads out of the storage folder through a symbolic link")
        }
        break
      }
      existing = String(existing[..<(existing.lastIndex(of: "/") ?? existing.startIndex)])
    }
    return path
  }

  // MARK: the file system

  static func realPath(_ path: String) -> String? {
    guard let real = unsafe realpath(path, nil) else { return nil }
    defer { unsafe free(real) }
    return unsafe String(cString: real)
  }

  /// Makes a folder and those above it.
  /// - Parameter isPrivate: whether they are for this user alone.
  static func makeFolders(_ path: String, isPrivate: Bool = true) throws {
    if path.isEmpty || isFolder(path) { return }
    try makeFolders(folder(of: path), isPrivate: isPrivate)
    guard unsafe mkdir(path, isPrivate ? 0o700 : 0o755) == 0 || isFolder(path) else {
      throw FileError.failure("making the folder '\(path)'", errno)
    }
    FileOutput.flushFolder(of: path)
  }

  private static func folder(of path: String) -> String {
    String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
  }

  /// - Parameter followsLinks: whether a symbolic link to a folder is one.
  static func isFolder(_ path: String, followsLinks: Bool = true) -> Bool {
    var info = stat()
    let code = errno
    defer { errno = code }
    let status = unsafe followsLinks ? stat(path, &info) : lstat(path, &info)
    return status == 0 && info.st_mode & S_IFMT == S_IFDIR
  }

  /// What is directly inside of a folder.
  static func names(in folder: String) throws -> [String] {
    guard let stream = unsafe opendir(folder) else { throw FileError.failure("listing '\(folder)'", errno) }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }

  /// Deletes a tree without following symbolic links.
  static func deleteAll(_ path: String) throws -> Int {
    var info = stat()
    guard unsafe lstat(path, &info) == 0 else { return 0 }
    guard info.st_mode & S_IFMT == S_IFDIR else {
      guard unsafe unlink(path) == 0 else { throw FileError.failure("deleting '\(path)'", errno) }
      return 1
    }
    var count = 0
    for name in try names(in: path) { count += try deleteAll("\(path)/\(name)") }
    guard unsafe rmdir(path) == 0 else { throw FileError.failure("deleting '\(path)'", errno) }
    return count
  }

  /// Deletes the files of a tree that were never whole.
  fileprivate static func deleteParts(below folder: String) throws {
    for name in try names(in: folder) {
      let path = "\(folder)/\(name)"
      if isFolder(path, followsLinks: false) {
        try deleteParts(below: path)
      } else if FileOutput.isUnfinished(name), unsafe unlink(path) != 0, errno != ENOENT {
        throw FileError.failure("deleting '\(path)'", errno)
      }
    }
  }
}

/// A folder of a running task, made when it is first asked for, removed with the task.
final class Workspace: Sendable {
  private let folder: Locked<String?> = Locked(nil)
  private let owner: String

  /// - Parameter owner: the execution; whoever finds it dead removes the folder.
  init(_ owner: String) { self.owner = owner }

  static var base: String { unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp" }
  static func prefix(_ owner: String) -> String { "ferry-\(owner)-" }

  func path() throws -> String {
    try folder.withLock { folder in
      if let folder { return folder }
      var template = Array("\(Workspace.base)/\(Workspace.prefix(owner))XXXXXX".utf8CString)
      guard unsafe mkdtemp(&template) != nil else {
        throw FileError.failure("making a working folder in '\(Workspace.base)'", errno)
      }
      let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
      folder = path
      return path
    }
  }

  func remove() {
    folder.withLock { folder in
      if let path = folder { _ = try? LocalStorage.deleteAll(path) }
      folder = nil
    }
  }
}
