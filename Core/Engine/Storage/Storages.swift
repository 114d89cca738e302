internal import Records

/// Each URI where it belongs: internal storage, the files of this machine, and what else a scheme is known for.
struct Storages: Storage {
  private let known: [StorageURI.Scheme: any Storage]

  /// - Parameter others: by the schemes that they answer for.
  init(internal storage: any Storage, _ others: [StorageURI.Scheme: any Storage] = [:]) {
    known = [.file: LocalStorage.machine].merging(others) { $1 }.merging([.ferry: storage]) { $1 }
  }

  private func of(_ uri: StorageURI) throws -> any Storage {
    if let storage = known[uri.scheme] { return storage }
    let names = (known.keys.map(\.rawValue) + ["kestra"]).sorted()
    throw Failure(
      .configuration, "'\(uri.text)': the scheme '\(uri.scheme.rawValue)' is not known",
      hint: "Known are \(names.joined(separator: ", "))")
  }

  func open(_ uri: StorageURI, range: Range<Int64>?) throws -> any ByteInput { try of(uri).open(uri, range: range) }
  func create(_ uri: StorageURI) throws -> any ByteOutput { try of(uri).create(uri) }
  func list(_ uri: StorageURI) throws -> [String] { try of(uri).list(uri) }
  func exists(_ uri: StorageURI) throws -> Bool { try of(uri).exists(uri) }
  func attributes(_ uri: StorageURI) throws -> StorageAttributes { try of(uri).attributes(uri) }
  func delete(_ uri: StorageURI) throws -> Bool { try of(uri).delete(uri) }
  func deletePrefix(_ uri: StorageURI) throws -> Int { try of(uri).deletePrefix(uri) }
  func deleteUnfinished(below uri: StorageURI) throws { try of(uri).deleteUnfinished(below: uri) }
  func localPath(_ uri: StorageURI) throws -> String? { try of(uri).localPath(uri) }

  /// From one storage to another a file is copied.
  func move(_ from: StorageURI, to: StorageURI) throws {
    let source = try of(from)
    if from.scheme == to.scheme { return try source.move(from, to: to) }
    let input = try source.open(from, range: nil)
    let output = try of(to).create(to)
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = try input.read(into: &block)
      if count == 0 { break }
      try output.write(block.span.extracting(first: count))
    }
    try output.commit()
    _ = try source.delete(from)
  }
}
