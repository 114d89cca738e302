internal import Records

/// Where the texts of flows lie, beside each other: a folder of this machine, another storage, a table.
public protocol FlowStore: Sendable {
  /// The text of one flow.
  /// - Parameter file: what it is called there, with the folder: `flows/orders.yaml`.
  func text(of file: String) throws -> String
  /// The names of all flows in the folder of one, without the folder.
  func names(beside file: String) throws -> [String]
}

/// Files of this machine.
public struct FlowFiles: FlowStore {
  public init() {}

  public func text(of file: String) throws -> String { try String.contents(of: FileInput(path: file)) }

  public func names(beside file: String) throws -> [String] {
    try FileSystem.names(in: Engine.folder(of: file)).filter(FlowParser.isFlowFile).sorted()
  }
}

/// Files of a storage: flows are called by their URIs.
public struct StoredFlows: FlowStore {
  private let storage: any Storage

  public init(_ storage: any Storage) { self.storage = storage }

  public func text(of file: String) throws -> String {
    try String.contents(of: storage.open(StorageURI(file), range: nil))
  }

  public func names(beside file: String) throws -> [String] {
    try storage.list(StorageURI(Engine.folder(of: file))).filter(FlowParser.isFlowFile)
  }
}
