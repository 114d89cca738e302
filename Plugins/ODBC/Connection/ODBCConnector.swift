internal import Engine
internal import SQL

/// Opens connections.
enum ODBCConnector {
  static func open(
    _ plan: ConnectionPlan, _ options: ODBCOptions, _ context: TaskContext
  ) throws -> ODBCConnection {
    try ConnectAttempts.first(of: [plan], within: plan.connectTimeout, nil, context) { plan, line in
      let native = try NativeConnection(plan, line: line)
      do { return try ODBCConnection(native, options) { context.log($0, $1) } } catch {
        native.close()
        throw error
      }
    }
  }
}
