import Engine
import FerryTesting
import Records
import SQL
import Testing

@testable import MySQL

/// Whatever bytes a server sends: values or a failure that names row and column, never a crash.
@Suite(.serialized) struct HostileServerTests {
  private struct Rows {
    var fields: [WireField]
    var packets: [[UInt8]]
  }

  private func rows(_ answer: NativeConnection.Answer, _ session: NativeConnection) throws -> Rows {
    guard case .rows(let fields) = answer else { throw TestFault("no rows") }
    var packets: [[UInt8]] = []
    while let packet = try session.nextPacket() { packets.append(packet.array) }
    return Rows(fields: fields, packets: packets)
  }

  private func binary(_ sql: String, _ session: NativeConnection) throws -> Rows {
    let statement = try session.prepare(sql)
    var packet = ByteBuffer()
    PacketBuilder.execute(statement.id, WireRows(ColumnViews(), [], count: 1), 0..<1, into: &packet)
    try session.send(.execute, packet)
    return try rows(session.answer(to: statement), session)
  }

  private func text(_ sql: String, _ session: NativeConnection) throws -> Rows {
    try session.send(sql)
    return try rows(session.answer(), session)
  }

  /// Reads one mutated row and writes its values as text; how it went wrong.
  private func problem(_ body: () throws -> RecordBatch) throws -> Failure? {
    do {
      let batch = try body()
      for column in batch.columns { _ = column.texts }
      return nil
    } catch let failure as Failure { return failure }
  }

  private static let options: [MySQLConnection.ReadOptions] = [
    .init(zeroDates: .error, timeAs: .interval), .init(zeroDates: .null, timeAs: .time),
    .init(zeroDates: .text, timeAs: .text),
  ]

  @Test func everyChangedByteIsAValueOrAFailure() throws {
    let connection = try Server.connect()
    defer { connection.close() }
    let memory = try GuardedBytes(room: 1 << 20)
    var (tried, refused) = (0, 0)
    for type in TypeCase.all where Server.isMariaDB || !type.isMariaDB {
      try connection.run("DROP TEMPORARY TABLE IF EXISTS t_mutated")
      try connection.run("CREATE TEMPORARY TABLE t_mutated (v \(type.type))")
      try connection.run("SET SESSION sql_mode = 'ALLOW_INVALID_DATES'")
      try connection.run("INSERT INTO t_mutated VALUES \(type.values.map { "(\($0))" }.joined(separator: ","))")
      let sql = "SELECT v FROM t_mutated"
      let binary = try binary(sql, connection.session)
      let text = try text(sql, connection.session)
      for packet in binary.packets {
        for bytes in Mutations.of(packet) {
          for options in HostileServerTests.options {
            tried += 1
            let found = try problem {
              let decoder = RowDecoder(binary.fields, options, textPolicy: TextPolicy(policy: .replace))
              _ = try memory.with(bytes) { try decoder.append(Span(_unsafeBytes: $0)) }
              return try decoder.finish()
            }
            guard let found else { continue }
            refused += 1
            #expect(found.message.contains("'v' of row 1"), "\(type): \(bytes): \(found)")
          }
        }
      }
      for packet in text.packets {
        for bytes in Mutations.of(packet) {
          let found = try problem {
            let decoder = TextRowDecoder(text.fields, textPolicy: TextPolicy(policy: .replace))
            _ = try memory.with(bytes) { try decoder.append(Span(_unsafeBytes: $0)) }
            return try decoder.finish()
          }
          if let found { #expect(found.message.contains("'v' of row 1"), "\(type): \(bytes): \(found)") }
        }
      }
    }
    #expect(tried > 10_000 && refused > 1_000 && refused < tried, "\(refused) of \(tried)")
  }

  /// The bytes that once ended the process: sign, days, clock, microseconds of a TIME.
  @Test(arguments: [
    [12, 0, 0xFF, 0xFF, 0xFF, 0xFF, 23, 59, 59, 0, 0, 0, 0] as [UInt8],
    [12, 1, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0],
    [12, 0, 1, 0, 0, 0, 255, 255, 255, 0, 0, 0, 0x80],
    [13, 0, 1, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0],
    [8, 0, 0xFF, 0xFF, 0xFF, 0x7F, 1, 1, 1],
    [9, 0, 1, 0, 0, 0, 1, 1, 1, 1],
    [12, 0, 1, 0, 0, 0, 1, 1, 1, 0x40, 0x42, 0x0F, 0x00],
  ])
  func aTimeOutOfRangeIsRefused(bytes: [UInt8]) {
    var cursor = WireCursor(bytes.span)
    let duration = WireDuration(&cursor)
    #expect(duration == nil)
  }

  @Test(arguments: [
    [7, 0xFF, 0xFF, 1, 1, 0, 0, 0] as [UInt8], [4, 0xE4, 7, 200, 1], [4, 0xE4, 7, 1, 32], [7, 0xE4, 7, 1, 1, 24, 0, 0],
    [11, 0xE4, 7, 1, 1, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF], [5, 0xE4, 7, 1, 1, 0],
  ])
  func aMomentOutOfRangeIsRefused(bytes: [UInt8]) {
    var cursor = WireCursor(bytes.span)
    let moment = WireMoment(&cursor)
    #expect(moment == nil)
  }
}
