internal import Glibc
public import Records

/// Internal storage in a folder of this machine. `file:///` URIs reach the rest of the file system.
public struct LocalStorage: Storage {
  /// An absolute path without symbolic links.
  public let root: String

  /// The files of this machine alone.
  static let machine = LocalStorage(existing: "/dev/null")

  /// Makes the folder when it is not there.
  public init(root: String) throws {
    try FileSystem.makeFolders(root)
    guard let real = FileSystem.realPath(root) else {
      throw FileError.failure("opening the storage folder '\(root)'", errno)
    }
    self.root = real
  }

  /// A folder that is looked into as it is; nothing is made.
  init(existing root: String) { self.root = FileSystem.realPath(root) ?? root }

  public func open(_ uri: StorageURI, range: Range<Int64>?) throws -> any ByteInput {
    try FileInput(path: path(uri), name: uri.text, range: range)
  }

  public func create(_ uri: StorageURI) throws -> any ByteOutput {
    let path = try path(uri)
    try FileSystem.makeFolders(FileSystem.folder(of: path), isPrivate: uri.scheme == .ferry)
    // What flows store may be anybody's secret; what they write elsewhere is as other programs would write it.
    return try FileOutput(path: try self.path(uri), name: uri.text, isPrivate: uri.scheme == .ferry)
  }

  public func list(_ uri: StorageURI) throws -> [String] {
    let folder = try path(uri)
    guard FileSystem.isFolder(folder) else { throw FileError.failure("listing '\(uri.text)'", ENOENT) }
    // A file that is still being written is not there yet.
    let names = try FileSystem.names(in: folder).filter { !FileOutput.isUnfinished($0) }
      .map { FileSystem.isFolder("\(folder)/\($0)") ? $0 + "/" : $0 }
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
    try FileSystem.makeFolders(FileSystem.folder(of: target), isPrivate: to.scheme == .ferry)
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
    return try FileSystem.deleteAll(path(uri))
  }

  public func deleteUnfinished(below uri: StorageURI) throws {
    let folder = try path(uri)
    if FileSystem.isFolder(folder) { try FileSystem.deleteParts(below: folder) }
  }

  public func localPath(_ uri: StorageURI) throws -> String? { try path(uri) }

  /// The path of a URI. A symbolic link that leads out of the root is refused, whatever part of the path it is.
  private func path(_ uri: StorageURI) throws -> String {
    let below = uri.components.joined(separator: "/")
    if uri.scheme == .file { return "/" + below }
    let path = root + "/" + below
    var existing = path
    while existing.utf8.count > root.utf8.count {
      if let real = FileSystem.realPath(existing) {
        guard real == root || real.hasPrefix(root + "/") else {
          throw Failure(.configuration, "'\(uri.text)' leads out of the storage folder through a symbolic link")
        }
        break
      }
      existing = String(existing[..<(existing.lastIndex(of: "/") ?? existing.startIndex)])
    }
    return path
  }
}
