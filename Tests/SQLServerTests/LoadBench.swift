import Expression
import FerryTesting
import SQLServer

/// The tasks Batch and Query on a server of its own.
typealias LoadBench = TaskBench<SQLServer>

extension TaskBench where D == SQLServer {
  init(_ server: OwnServer) throws { try self.init(server.properties([:])) }
}
