package import Engine
package import Expression
internal import Foundation
package import Records
package import SQL

/// Keeps what a task logs.
package final class KeptLog: @unchecked Sendable {
  private let lock = NSLock()
  private var kept: [String] = []
  private let onLine: @Sendable (String) -> Void

  package init(_ onLine: @escaping @Sendable (String) -> Void = { _ in }) { self.onLine = onLine }

  package var lines: [String] { lock.withLock { kept } }

  package var add: @Sendable (String) -> Void {
    { line in
      self.lock.withLock { self.kept.append(line) }
      self.onLine(line)
    }
  }
}

extension TaskContext {
  /// What a task would be given. Its files lie in a folder that is left to the system's temporary files.
  package static func forTests(cancellation: Cancellation = Cancellation(), log: KeptLog = KeptLog()) throws
    -> TaskContext
  {
    let root = FileManager.default.temporaryDirectory.appending(path: "ferry-tests-\(UUID().uuidString)").path
    return try standalone(storage: root, cancellation: cancellation, log: log.add)
  }
}

extension SQLConnection {
  /// All rows of a statement as one batch.
  package func all(
    _ sql: String, _ parameters: [Value] = [], _ options: QueryOptions = .init()
  ) throws -> RecordBatch {
    guard case .rows(let rows) = try query(sql, parameters, options) else { throw TestFault("no rows: \(sql)") }
    let whole = BatchBuilder(rows.schema, maxBytes: .max, maxRows: .max)
    while let batch = try rows.next() {
      for (builder, column) in zip(whole.columns, batch.columns) { builder.append(column) }
      whole.finishRows(batch.count, bytes: 0)
    }
    return whole.finish()
  }
}

extension SQLConnection {
  /// Loads a batch as the task Batch does, in a transaction of its own.
  /// - Returns: rows changed.
  @discardableResult
  package func load(
    _ batch: RecordBatch, _ sql: String? = nil, table: String? = nil, _ columns: [String]? = nil,
    timeZone: String = "UTC", commits: Bool = true
  ) throws -> Int64 {
    try begin()
    do {
      let options = CoercionOptions(timeZone: timeZone)
      let plan = try LoadPlan(
        sql: sql, table: table, columns: columns, schema: batch.schema, self, options
      ) { _, _ in }
      defer { plan.close() }
      let changed = try run(plan, batch)
      if commits { try commit() } else { try rollback() }
      return changed
    } catch {
      try rollback()
      throw error
    }
  }

  private func run(_ plan: LoadPlan, _ batch: RecordBatch) throws -> Int64 {
    do {
      let rows = try plan.coerce(batch, firstRow: 1)
      switch plan.road {
      case .bulk(let load, _, _):
        try load.write(rows, firstRow: 1)
        return try load.finish()
      case .statement(let statement): return try statement.execute(rows, firstRow: 1)
      }
    } catch {
      plan.abort()
      throw error
    }
  }
}

extension BulkLoad {
  /// Takes a batch as it comes: brought to what the columns take first, as Batch does.
  package func take(_ batch: RecordBatch, firstRow: Int64) throws {
    let columns = try zip(batch.schema.fields, zip(batch.columns, targets)).map { field, pair in
      try Coercion(from: field.type, to: pair.1, name: field.name).apply(pair.0, firstRow: firstRow)
    }
    let fields = zip(batch.schema.fields, columns).map { Field($0.name, $1.type) }
    try write(RecordBatch(schema: Schema(fields), columns: columns, count: batch.count), firstRow: firstRow)
  }
}

/// The failure that `body` ends in.
package func failure(_ body: () throws -> Void) throws -> Failure {
  do {
    try body()
  } catch let failure as Failure {
    return failure
  }
  throw Failure(.bug, "nothing was thrown")
}

extension RecordBatch {
  package init(_ columns: [(String, Column)]) {
    self.init(
      schema: Schema(columns.map { Field($0.0, $0.1.type) }), columns: columns.map(\.1),
      count: columns.first?.1.count ?? 0)
  }

  /// Columns of one value each, from their canonical texts.
  package static func row(_ columns: [(String, DataType, String?)]) throws -> RecordBatch {
    RecordBatch(
      schema: Schema(columns.map { Field($0.0, $0.1) }), columns: try columns.map { try Samples.column($0.1, [$0.2]) },
      count: 1)
  }
}

extension Column {
  /// The text of each value as databases write it, NULL as nil.
  package var texts: [String?] {
    let formatter = TextFormatter(self, bytes: .hex, separator: UInt8(ascii: " "))
    return (0..<count).map { row in
      if isNull(row) { return nil }
      var buffer = ByteBuffer()
      formatter.append(row, to: &buffer)
      return buffer.string
    }
  }
}

/// A thread that can be waited for.
package final class TestThread: @unchecked Sendable {
  private let done = DispatchSemaphore(value: 0)

  package init(_ body: @escaping @Sendable () -> Void) {
    Thread.detachNewThread { [done] in
      body()
      done.signal()
    }
  }

  package func join() { done.wait() }

  /// Does something later.
  package static func after(_ time: Duration, _ body: @escaping @Sendable () -> Void) {
    Thread.detachNewThread {
      pause(time)
      body()
    }
  }

  package static func pause(_ time: Duration) { Thread.sleep(forTimeInterval: time / .seconds(1)) }

  /// Waits for its end, so long at most.
  /// - Returns: whether it has ended; it can be joined again when it has not.
  @discardableResult
  package func join(within time: Duration) -> Bool {
    done.wait(timeout: .now() + .microseconds(Int(time / .microseconds(1)))) == .success
  }
}
