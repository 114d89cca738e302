internal import Engine
package import Expression
internal import Foundation
internal import Records
internal import SQL
import Testing

/// What every database driver has to do.
public enum ConformanceCheck: String, CaseIterable, Sendable {
  case extremes, bothRoads, ranges, batchBoundaries, nulls, hostileNames, hostileStrings, loadModes, columnOrder
  case rollback, commitChunk, errorCategories, rowNumbers, parameters, afterSQL, queries
  case statements, emptyResult, zeroRows, largeValue, wideRows, memoryCeiling, cancel
  case place, secrets, overlap, causes
}

/// The suite that proves a driver. A driver's tests run `run(_:)` for every check.
public struct DatabaseConformance<Database: TestedDatabase> {
  public typealias Driver = Database.Driver
  let database: Database

  public init(_ database: Database) { self.database = database }

  /// Runs one check. One that the database declares as different is expected to fail.
  public func run(_ check: ConformanceCheck) async throws {
    if let difference = database.differences.first(where: { $0.check == check && $0.type == nil }) {
      await withKnownIssue("\(difference.reason)") { try await perform(check) }
    } else {
      try await perform(check)
    }
  }

  private func perform(_ check: ConformanceCheck) async throws {
    switch check {
    case .extremes: try extremes()
    case .bothRoads: try bothRoads()
    case .statements: try statements()
    case .ranges: try ranges()
    case .batchBoundaries: try batchBoundaries()
    case .nulls: try nulls()
    case .hostileNames: try hostileNames()
    case .hostileStrings: try hostileStrings()
    case .loadModes: try loadModes()
    case .columnOrder: try columnOrder()
    case .rollback: try rollback()
    case .commitChunk: try commitChunk()
    case .errorCategories: try errorCategories()
    case .rowNumbers: try rowNumbers()
    case .parameters: try parameters()
    case .afterSQL: try afterSQL()
    case .queries: try queries()
    case .emptyResult: try emptyResult()
    case .zeroRows: try zeroRows()
    case .largeValue: try largeValue()
    case .wideRows: try wideRows()
    case .memoryCeiling: try memoryCeiling()
    case .cancel: try cancel()
    case .place: try place()
    case .secrets: try await secrets()
    case .overlap: try await overlap()
    case .causes: try causes()
    }
  }

  // MARK: tools

  func properties(_ more: ValueMap) -> ValueMap {
    var all = database.connection
    for (name, value) in more { all[name] = value }
    return all
  }

  @discardableResult
  func query(_ sql: String, _ more: ValueMap = [:], cancellation: Cancellation = Cancellation()) throws -> ValueMap {
    let result = try SQLQuery<Driver>.runAlone(
      properties(["sql": .string(sql)]).merging(more), storage: database.storage, cancellation: cancellation)
    #expect(result.counts.isBalanced)
    return result.outputs
  }

  @discardableResult
  func batch(_ source: [RecordBatch], _ more: ValueMap) throws -> ValueMap {
    let uri = try write(source)
    let result = try SQLBatch<Driver>.runAlone(
      properties(["from": .string(uri)]).merging(more), storage: database.storage)
    #expect(result.counts.isBalanced)
    return result.outputs
  }

  func write(_ batches: [RecordBatch]) throws -> String {
    try TaskContext.alone(storage: database.storage) { context in
      let output = try context.createRecords("source-\(UUID().uuidString).arrow", schema: batches[0].schema)
      for batch in batches { try output.write(batch) }
      try output.finish()
      return output.uri
    }
  }

  /// All batches of a query's result.
  func stored(_ sql: String) throws -> (schema: Schema, batches: [RecordBatch]) {
    let outputs = try query(sql, ["fetchType": "STORE"])
    let uri = try StorageReference(property: outputs["uri"] ?? .null)
    return try TaskContext.alone(storage: database.storage) { context in
      let reader = try context.openRecords(uri)
      var batches: [RecordBatch] = []
      while let batch = try reader.next() { batches.append(batch) }
      #expect(outputs["size"]?.int == batches.reduce(0) { $0 + Int64($1.count) })
      return (reader.schema, batches)
    }
  }

  func table(_ columns: [(String, Column)], nullable: Bool = true) -> RecordBatch {
    RecordBatch(
      schema: Schema(columns.map { Field($0.0, $0.1.type) }), columns: columns.map(\.1),
      count: columns.first?.1.count ?? 0)
  }

  func integers(_ range: Range<Int>) -> Column {
    let builder = ColumnBuilder(.int64, rows: max(range.count, 1))
    for number in range { builder.append(Int64(number)) }
    return builder.finish()
  }

  func texts(_ values: [String?]) throws -> Column { try Samples.column(.text, values) }

  func create(_ name: String, _ columns: [(String, DataType)]) throws {
    let list = try columns.map { column in
      guard let type = database.columnType(column.1) else { throw TestFault("no type for \(column.1.name)") }
      return "\(column.0) \(type)"
    }
    try query("CREATE TABLE \(name) (\(list.joined(separator: ", ")))")
  }

  /// Compares long lists; shows the first difference only, shortened.
  func expectSame<T: Equatable>(
    _ found: [T], _ expected: [T], _ what: String = "", at location: SourceLocation = #_sourceLocation
  ) {
    if found == expected { return }
    let index =
      zip(found, expected).enumerated().first { $0.element.0 != $0.element.1 }?.offset
      ?? min(found.count, expected.count)
    func show(_ list: [T]) -> String { index < list.count ? String("\(list[index])".prefix(200)) : "nothing" }
    Issue.record(
      """
      \(what): \(found.count) values for \(expected.count); at \(index) found \(show(found)), \
      expected \(show(expected))
      """,
      sourceLocation: location)
  }

  /// The failure that `body` throws.
  func failure(_ body: () throws -> Void) throws -> Failure {
    do { try body() } catch let failure as Failure { return failure }
    throw TestFault("nothing was thrown")
  }

  /// Expects `body` to hold, unless the database says that this type differs.
  func each(_ check: ConformanceCheck, _ body: (DataType, [String]) throws -> Void) throws {
    for (type, texts) in Samples.types where database.columnType(type) != nil {
      if let difference = database.differences.first(where: { $0.check == check && $0.type == type.name }) {
        withKnownIssue("\(type.name): \(difference.reason)") { try body(type, texts) }
      } else {
        do { try body(type, texts) } catch { Issue.record("\(type.name): \(error)") }
      }
    }
  }
}

extension ValueMap {
  package func merging(_ other: ValueMap) -> ValueMap {
    var all = self
    for (name, value) in other { all[name] = value }
    return all
  }
}
