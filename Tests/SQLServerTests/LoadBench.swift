import Engine
import Expression
import FerryTesting
import Foundation
import Records
import SQL
import Testing

@testable import SQLServer

/// The task Batch on a server of its own.
struct LoadBench {
  /// The two ways into a table.
  enum Road: CaseIterable, Sendable {
    case bulk, statement

    /// What sends rows with the columns `n` and `v` of a record file this way into a table.
    func target(_ table: String) -> ValueMap {
      switch self {
      case .bulk: ["table": .string(table)]
      // With a constant in it, it is no plain INSERT.
      case .statement: ["sql": .string("INSERT INTO \(table) (n, v) SELECT ?, ? WHERE 1 = 1")]
      }
    }
  }

  let server: OwnServer
  let folder: TemporaryFolder
  let log = KeptLog()

  init(_ server: OwnServer) throws {
    self.server = server
    folder = try TemporaryFolder()
  }

  /// Rows (n, 'v<n>'), in batches; where `value` says so with another text.
  func input(_ rows: ClosedRange<Int>, batch: Int = 5_000, value: (Int) -> String? = { "v\($0)" }) throws -> String {
    try TaskContext.alone(storage: folder.path) { context in
      let schema = Schema([Field("n", .int64), Field("v", .text)])
      let output = try context.createRecords("input-\(UUID().uuidString).arrow", schema: schema)
      for start in stride(from: rows.lowerBound, through: rows.upperBound, by: batch) {
        let builder = BatchBuilder(schema)
        for row in start...min(start + batch - 1, rows.upperBound) {
          builder.columns[0].append(Int64(row))
          if let text = value(row) { builder.columns[1].append(text: text) } else { builder.columns[1].appendNull() }
          builder.finishRow(bytes: 20)
        }
        try output.write(builder.finish())
      }
      try output.finish()
      return output.uri
    }
  }

  @discardableResult
  func load(_ uri: String, _ more: ValueMap, url: String? = nil) throws -> ValueMap {
    var properties = server.properties(["from": .string(uri)], url: url)
    for (name, value) in more { properties[name] = value }
    return try SQLBatch<SQLServer>.runAlone(properties, storage: folder.path, log: log.add).outputs
  }

  func query(_ sql: String, _ more: ValueMap = [:], url: String? = nil) throws -> ValueMap {
    var properties = server.properties(["sql": .string(sql), "fetchType": "FETCH"], url: url)
    for (name, value) in more { properties[name] = value }
    return try SQLQuery<SQLServer>.runAlone(properties, storage: folder.path, log: log.add).outputs
  }
}

extension ValueMap {
  /// These, and those in their place.
  func and(_ others: ValueMap) -> ValueMap {
    var all = self
    for (name, value) in others { all[name] = value }
    return all
  }
}
