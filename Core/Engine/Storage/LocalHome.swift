internal import Records

/// A storage folder of this machine: internal storage, and the record of runs beside it.
public struct LocalHome: Sendable {
  public let storage: any Storage
  public let store: any RunStore

  /// Makes the folder when it is not there.
  /// - Parameter folder: holds `files` (internal storage), `ferry.db` (the record of runs) and `locks`.
  public init(folder: String) throws {
    try FileSystem.makeFolders(folder)
    let files = try LocalStorage(root: folder + "/files")
    storage = files
    store = try SQLiteRunStore(folder: folder) { execution in
      // Whoever may list the runs need not be allowed to clean up after them.
      try? files.deleteUnfinished(below: StorageURI(execution.folder))
      try? Workspace.removeAll(of: execution.id)
    }
  }

  /// For a look at what is there, which makes nothing. Where the record cannot be written, it is read as it is.
  public init(reading folder: String) throws {
    let files = folder + "/files"
    storage = LocalStorage(existing: files)
    do {
      guard FileSystem.isFolder(files) else {
        store = try SQLiteRunStore(reading: folder)
        return
      }
      store = try LocalHome(folder: folder).store
    } catch let failure as Failure where failure.category != .configuration {
      store = try SQLiteRunStore(reading: folder)
    }
  }
}
