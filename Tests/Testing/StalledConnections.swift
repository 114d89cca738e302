internal import Engine
package import Records
package import SQL

/// What every driver has to do when the network stalls: end soon after the task is stopped, whatever it was doing and
/// whether or not the server can still be asked to stop, and name a limit that is over.
///
/// All roads are tried side by side: each takes as long as the patience with a server that does not answer.
package struct StalledConnections<D: SQLDriver> {
  package typealias Body = @Sendable (any SQLConnection, FaultyProxy) throws -> Void

  let server: (host: String, port: UInt16)
  /// Connection settings that lead to a port of this machine, with parameters for the URL.
  let settings: @Sendable (_ port: UInt16, _ parameters: String) throws -> ConnectionSettings
  /// What the parameters say where that is no matter of the url.
  package var options: @Sendable (_ parameters: String) throws -> D.Options = { _ in D.Options() }
  let slowQuery: String
  /// Gives so many rows that no buffer holds them.
  let manyRows: String
  /// Rows of each batch of a load.
  package var batchRows = 10_000

  package init(
    host: String, port: UInt16, slowQuery: String, manyRows: String,
    settings: @escaping @Sendable (UInt16, String) throws -> ConnectionSettings
  ) {
    server = (host, port)
    self.slowQuery = slowQuery
    self.manyRows = manyRows
    self.settings = settings
  }

  /// The most that stopping may take: the patience with the server, and a machine that is busy.
  package static var limit: Duration { .seconds(4) }

  package struct Outcome {
    package var road: String
    /// From the stop to the end of the task, nil when it did not end.
    package var time: Duration?
    package var failure: Failure?
    /// How long the thread that stopped it was held up.
    package var stopping: Duration
  }

  // MARK: roads

  /// - Parameter table: a table with the columns `id integer, t text` on the server.
  package func roads(_ table: String) -> [(name: String, body: Body)] {
    let slow = slowQuery
    let many = manyRows
    let batchRows = batchRows
    return [
      (
        "waiting for a statement",
        { connection, proxy in
          // After a while: the statement is with the server then.
          TestThread.after(.milliseconds(200)) { proxy.act(.stall) }
          _ = try connection.query(slow, [], .init())
        }
      ),
      (
        "reading rows",
        { connection, proxy in
          guard case .rows(let rows) = try connection.query(many, [], .init()) else { return }
          defer { rows.close() }
          _ = try rows.next()
          proxy.act(.stall)
          while try rows.next() != nil {}
        }
      ),
      (
        "loading",
        { connection, proxy in
          let info = try connection.describe(TableName([table]))
          try connection.begin()
          guard let load = try connection.bulkLoad(into: info, info.columns) else { return }
          defer { load.abort() }
          let batch = try Self.batch(batchRows)
          try load.write(batch, firstRow: 1)
          proxy.act(.stall)
          for part in 1..<10_000 { try load.write(batch, firstRow: Int64(part * batch.count + 1)) }
          _ = try load.finish()
        }
      ),
      (
        "committing",
        { connection, proxy in
          try connection.begin()
          _ = try connection.execute("INSERT INTO \(table) VALUES (1, 'a')")
          proxy.act(.stall)
          try connection.commit()
        }
      ),
      (
        "rolling back",
        { connection, proxy in
          try connection.begin()
          _ = try connection.execute("INSERT INTO \(table) VALUES (1, 'a')")
          proxy.act(.stall)
          try connection.rollback()
        }
      ),
    ]
  }

  private static func batch(_ count: Int) throws -> RecordBatch {
    let id = ColumnBuilder(.int32)
    let text = ColumnBuilder(.text)
    for row in 0..<count {
      id.append(Int32(row))
      text.append(text: String(repeating: "x", count: 100))
    }
    return RecordBatch(
      schema: Schema([Field("id", .int32), Field("t", .text)]), columns: [id.finish(), text.finish()], count: count)
  }

  // MARK: stopping

  /// Stops the task on each road, once it is stuck.
  /// - Parameter answered: whether the server can still be reached by a second connection.
  package func stopEach(_ table: String, answered: Bool) throws -> [Outcome] {
    let attempts = try roads(table).map { road in
      try Attempt(self, road.name) { attempt in
        try attempt.connected { connection in
          if !answered { attempt.proxy.act(.ignoreNew) }
          try road.body(connection, attempt.proxy)
        }
      }
    }
    TestThread.pause(.milliseconds(700))
    return stop(attempts)
  }

  /// Stops the task while it connects, the other side being silent from some point on.
  package func stopConnecting(_ parameters: String = "") throws -> [Outcome] {
    let faults: [(String, FaultyProxy.Fault?, FaultyProxy.Action?)] = [
      ("nothing answers", nil, .ignoreNew), ("packets are dropped", nil, .dropNew),
      ("silent behind the first byte", .stall(after: 1, from: .server), nil),
      ("silent within the log-in", .stall(after: 40, from: .client), nil),
      ("silent within the session's preparation", .stall(after: 200, from: .client), nil),
    ]
    let attempts = try faults.map { name, fault, action in
      try Attempt(self, name, fault.map { [$0] } ?? [], parameters) { attempt in
        if let action { attempt.proxy.act(action) }
        try attempt.connected { _ in throw TestFault("\(name): it connected") }
      }
    }
    TestThread.pause(.milliseconds(500))
    return stop(attempts)
  }

  /// All at once: each may take as long as the patience with a server that does not answer.
  private func stop(_ attempts: [Attempt]) -> [Outcome] {
    let threads = attempts.map { attempt in TestThread { attempt.stop() } }
    for thread in threads { thread.join() }
    return attempts.compactMap(\.outcome)
  }

  /// What a connection comes to that is left alone, with limits in the URL.
  package func failure(
    _ parameters: String, _ faults: [FaultyProxy.Fault] = [], _ body: @escaping Body
  ) throws -> Outcome {
    let attempt = try Attempt(self, parameters, faults, parameters) { attempt in
      try attempt.connected { try body($0, attempt.proxy) }
    }
    return attempt.end()
  }

  package func connecting(_ parameters: String, _ action: FaultyProxy.Action) throws -> Outcome {
    let attempt = try Attempt(self, parameters, [], parameters) { attempt in
      attempt.proxy.act(action)
      try attempt.connected { _ in throw TestFault("it connected") }
    }
    return attempt.end()
  }

  /// One connection on a thread of its own.
  final class Attempt: @unchecked Sendable {
    let name: String
    let proxy: FaultyProxy
    private let settings: ConnectionSettings
    private let options: D.Options
    private let cancellation = Cancellation()
    private let context: TaskContext
    private var thread: TestThread?
    private var failure: Failure?
    /// Of `stop`.
    private(set) var outcome: Outcome?

    init(
      _ suite: StalledConnections, _ name: String, _ faults: [FaultyProxy.Fault] = [], _ parameters: String = "",
      _ body: @escaping @Sendable (Attempt) throws -> Void
    ) throws {
      self.name = name
      proxy = try FaultyProxy(to: suite.server.host, suite.server.port, faults)
      settings = try suite.settings(proxy.port, parameters)
      options = try suite.options(parameters)
      context = try TaskContext.forTests(cancellation: cancellation)
      thread = TestThread { [self] in
        do { try body(self) } catch {
          failure = error as? Failure ?? Failure(.bug, "\(error)")
        }
      }
    }

    /// Connects and works as a task does: rolls back when it fails, and closes.
    func connected(_ body: (any SQLConnection) throws -> Void) throws {
      let connection = try D.connect(settings, options, context)
      defer { connection.close() }
      try context.onCancel(connection.canceller) {
        do { try body(connection) } catch {
          try? connection.rollback()
          throw error
        }
      }
    }

    func stop() {
      let start = ContinuousClock.now
      let canceller = TestThread { [cancellation] in cancellation.cancel(.timeout(.seconds(1))) }
      let stopped = canceller.join(within: .seconds(1)) ? ContinuousClock.now - start : .seconds(60)
      let hasEnded = thread?.join(within: StalledConnections.limit) ?? false
      let time = ContinuousClock.now - start
      outcome = Outcome(
        road: name, time: hasEnded ? time : nil, failure: hasEnded ? failure : nil, stopping: stopped)
    }

    func end() -> Outcome {
      let start = ContinuousClock.now
      let hasEnded = thread?.join(within: .seconds(8)) ?? false
      let time = ContinuousClock.now - start
      return Outcome(road: name, time: hasEnded ? time : nil, failure: hasEnded ? failure : nil, stopping: .zero)
    }
  }
}
