import FerryTesting
import Records
import SQL
import Testing

@testable import Engine
@testable import PostgreSQL

/// Whatever bytes a server sends: values or a fault in a column, never a crash.
@Suite(.serialized) struct HostileServerTests {
  @Test func everyChangedByteIsAValueOrAFault() throws {
    let session = try Server.session()
    defer { session.close() }
    try session.run(TypeCase.setup)
    try session.run(TypeCase.extensions)
    let memory = try GuardedBytes(room: 1 << 20)
    var (tried, refused) = (0, 0)
    for type in TypeCase.all {
      let sql = type.values.map { "SELECT CAST(\($0) AS \(type.type)) AS v" }.joined(separator: " UNION ALL ")
      let shape = try session.connection.prepare(sql, "testing")
      let plan = try ResultPlan(
        sql, shape.columns, session.catalog, session.connection, hasParameters: false, firstRowOnly: false)
      for message in try messages(plan.sql, session.connection) {
        for bytes in Mutations.of(message) {
          tried += 1
          let decoder = RowDecoder(plan.schema, plan.types, invalidText: .replace)
          do throws(RowDecoder.Fault) {
            try memory.with(bytes) { bytes throws(RowDecoder.Fault) in
              try decoder.append(copyRow: bytes)
            }
          } catch {
            refused += 1
            continue
          }
          decoder.builder.finishRows(1, bytes: bytes.count)
          for column in decoder.builder.finish().columns { _ = column.texts }
        }
      }
    }
    #expect(tried > 10_000 && refused > 1_000 && refused < tried, "\(refused) of \(tried)")
  }

  /// The rows of a binary COPY, without its header and trailer.
  private func messages(_ sql: String, _ connection: NativeConnection) throws -> [[UInt8]] {
    try connection.startCopyOut("COPY (\(sql)\n) TO STDOUT (FORMAT binary)", "testing")
    var messages: [[UInt8]] = []
    _ = try connection.copyRows("testing") { message in
      messages.append(Array(message))
      return true
    }
    _ = try connection.lastResult("testing")
    if let first = messages.first, first.starts(with: Array("PGCOPY".utf8)) { messages[0] = Array(first.dropFirst(19)) }
    return messages.filter { $0.count > 2 }
  }

  /// Dimensions that are negative, too many for the bytes, or endless because each has nothing.
  @Test(arguments: [[-1], [1 << 30], [Int32.max, 0], [1 << 16, 1 << 16], [0]] as [[Int32]])
  func anArrayOfAnySizeIsRefused(lengths: [Int32]) throws {
    let type = lengths.dropFirst().reduce(DataType.list(.int32)) { type, _ in .list(type) }
    let builder = ColumnBuilder(type)
    let decoder = ArrayDecoder(.int32, builder)
    var words: [Int32] = [Int32(lengths.count), 0, 23]
    for length in lengths { words += [length, 1] }
    words += [4, 7]
    var bytes: [UInt8] = []
    for word in words { withUnsafeBytes(of: word.bigEndian) { bytes += Array($0) } }
    let fault = bytes.withUnsafeBytes { raw in raw.baseAddress.map { decoder.append($0, raw.count, nil) } }
    #expect(fault == .malformed)
  }
}
