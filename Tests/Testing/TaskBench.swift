internal import Engine
package import Expression
internal import Foundation
internal import Records
package import SQL

/// The two ways into a table.
package enum LoadRoad: CaseIterable, Sendable {
  case bulk, statement

  /// What sends rows with the columns `n` and `v` of a record file this way into a table.
  package func target(_ table: String) -> ValueMap {
    switch self {
    case .bulk: ["table": .string(table)]
    // With a constant in it, it is no plain INSERT.
    case .statement: ["sql": .string("INSERT INTO \(table) (n, v) SELECT ?, ? WHERE 1 = 1")]
    }
  }
}

/// The tasks Batch and Query of a driver, each run by itself.
package struct TaskBench<D: SQLDriver> {
  package typealias Road = LoadRoad

  package let folder: TemporaryFolder
  package let log = KeptLog()
  /// Url, user and password, as properties.
  private let login: ValueMap

  package init(_ login: ValueMap) throws {
    self.login = login
    folder = try TemporaryFolder()
  }

  /// Rows (n, 'v<n>'), in batches; where `value` says so with another text.
  package func input(
    _ rows: ClosedRange<Int>, batch: Int = 5_000, value: (Int) -> String? = { "v\($0)" }
  ) throws -> String {
    try TaskContext.alone(storage: folder.path) { context in
      let schema = Schema([Field("n", .int64), Field("v", .text)])
      let output = try context.createRecords("input-\(UUID().uuidString).arrow", schema: schema)
      for start in stride(from: rows.lowerBound, through: rows.upperBound, by: batch) {
        let builder = BatchBuilder(schema)
        for row in start...min(start + batch - 1, rows.upperBound) {
          builder.columns[0].append(Int64(row))
          if let text = value(row) { builder.columns[1].append(text: text) } else { builder.columns[1].appendNull() }
          _ = builder.finishRow(bytes: 20)
        }
        try output.write(builder.finish())
      }
      try output.finish()
      return output.uri
    }
  }

  @discardableResult
  package func load(_ uri: String, _ more: ValueMap, url: String? = nil) throws -> ValueMap {
    try SQLBatch<D>.runAlone(properties(["from": .string(uri)], more, url), storage: folder.path, log: log.add).outputs
  }

  package func query(_ sql: String, _ more: ValueMap = [:], url: String? = nil) throws -> ValueMap {
    let own: ValueMap = ["sql": .string(sql), "fetchType": "FETCH"]
    return try SQLQuery<D>.runAlone(properties(own, more, url), storage: folder.path, log: log.add).outputs
  }

  private func properties(_ own: ValueMap, _ more: ValueMap, _ url: String?) -> ValueMap {
    let place: ValueMap = url.map { ["url": .string($0)] } ?? [:]
    return login.merging(own).merging(place).merging(more)
  }
}
