internal import Glibc
internal import Records

/// Folders and files of this machine.
enum FileSystem {
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

  static func folder(of path: String) -> String {
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
  static func deleteParts(below folder: String) throws {
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
