internal import Records
internal import SQL

/// The library's values into the builders of a batch. What a column needs is decided once.
final class RowDecoder {
  let schema: Schema
  private let batch: BatchBuilder
  private let builders: ColumnBuilders
  private let codecs: [Codec]
  private let columns: [ResultColumn]
  /// Bytes that a row takes beside its values: offsets, validity.
  private let overhead: Int
  private var finishedRows: Int64 = 0

  /// How the bytes of a column are read.
  private enum Codec {
    case bit, fixed1, fixed2, fixed4, fixed8, decimal, money, smallmoney
    case date, micros, nanos, momentMicros, momentNanos, offsetMicros, offsetNanos
    case datetime, smalldatetime, guid, variable
  }

  /// What is wrong with a value; the row loop adds row and column.
  private enum Fault {
    case none, malformed, tooLong
    /// Outside of what nanoseconds of 64 bits can count.
    case outOfNanoseconds
    /// A seventh digit that microseconds have no room for.
    case finer
  }

  init(_ columns: [ResultColumn], _ unit: TimeUnit) throws {
    self.columns = columns
    for column in columns where column.type.form == .variant {
      throw Failure(
        .schema,
        "reading the result: column '\(column.name)' is a sql_variant, of which FreeTDS tells the bytes but not "
          + "the type",
        hint: "Write CAST(\(column.name) AS nvarchar(4000)) or another type in the query; "
          + "SQL_VARIANT_PROPERTY(\(column.name), 'BaseType') tells what each value is", code: "0A000")
    }
    schema = Schema(
      columns.map { column in
        Field(
          column.name, column.type.type(unit), nullable: column.isNullable, sourceType: column.type.declaration)
      })
    batch = BatchBuilder(schema)
    builders = ColumnBuilders(batch)
    codecs = columns.map { RowDecoder.codec($0.type, unit) }
    overhead = columns.count * 5
  }

  private static func codec(_ type: DatabaseType, _ unit: TimeUnit) -> Codec {
    let isFine = type.scale == 7 && unit == .nanoseconds
    return switch type.form {
    case .bit: .bit
    case .tinyint: .fixed1
    case .smallint: .fixed2
    case .int, .real: .fixed4
    case .bigint, .float: .fixed8
    case .decimal: .decimal
    case .money: .money
    case .smallmoney: .smallmoney
    case .date: .date
    case .time: isFine ? .nanos : .micros
    case .datetime2: isFine ? .momentNanos : .momentMicros
    case .datetimeoffset: isFine ? .offsetNanos : .offsetMicros
    case .datetime: .datetime
    case .smalldatetime: .smalldatetime
    case .uniqueidentifier: .guid
    case .wide, .narrow, .parsed, .bytes, .userDefined, .rowversion, .variant: .variable
    }
  }

  /// Rows of the result so far.
  var rows: Int64 { finishedRows + Int64(batch.count) }
  var isEmpty: Bool { batch.count == 0 }

  func finish() -> RecordBatch {
    finishedRows += Int64(batch.count)
    return batch.finish()
  }

  /// Reads rows until a batch is full (true) or the result ends (false).
  func fill(from connection: NativeConnection, most: Int) throws -> Bool {
    try connection.checkOpen()
    let (maxRows, maxBytes) = (min(batch.maxRows, most), batch.maxBytes)
    var (rows, bytes) = (0, 0)
    defer { batch.finishRows(rows, bytes: bytes) }
    while try connection.nextRow() {
      for index in codecs.indices {
        guard let value = connection.value(Int32(truncatingIfNeeded: index + 1)) else {
          builders.with(index) { $0.appendNull() }
          continue
        }
        let fault = builders.with(index) { RowDecoder.append(value, codecs[index], to: $0) }
        if fault != .none { throw failure(fault, index, self.rows + Int64(rows) + 1) }
        bytes += value.count
      }
      rows += 1
      bytes += overhead
      if rows >= maxRows || bytes >= maxBytes { return true }
    }
    return false
  }

  @inline(__always)
  private static func append(_ value: Span<UInt8>, _ codec: Codec, to builder: ColumnBuilder) -> Fault {
    switch codec {
    case .variable:
      guard builder.variableByteCount + value.count <= Int(Int32.max) else { return .tooLong }
      builder.append(bytes: value)
    case .fixed4:
      guard value.count == 4 else { return .malformed }
      builder.append(value.little(at: 0, as: UInt32.self))
    case .fixed8:
      guard value.count == 8 else { return .malformed }
      builder.append(value.little(at: 0, as: UInt64.self))
    case .decimal:
      guard let number = Numeric.value(value) else { return .malformed }
      builder.append(number)
    case .fixed2:
      guard value.count == 2 else { return .malformed }
      builder.append(value.little(at: 0, as: UInt16.self))
    case .fixed1:
      guard value.count == 1 else { return .malformed }
      builder.append(value[0])
    case .bit:
      guard value.count == 1 else { return .malformed }
      builder.append(bool: value[0] != 0)
    default: return appendOther(value, codec, to: builder)
    }
    return .none
  }

  private static func appendOther(_ value: Span<UInt8>, _ codec: Codec, to builder: ColumnBuilder) -> Fault {
    switch codec {
    case .money:
      guard value.count == 8 else { return .malformed }
      let high = Int128(value.little(at: 0, as: Int32.self))
      builder.append(high << 32 | Int128(value.little(at: 4, as: UInt32.self)))
    case .smallmoney:
      guard value.count == 4 else { return .malformed }
      builder.append(Int128(value.little(at: 0, as: Int32.self)))
    case .guid:
      guard value.count == 16 else { return .malformed }
      builder.append(guid(value))
    case .datetime:
      guard value.count == 8 else { return .malformed }
      let days = Int64(value.little(at: 0, as: Int32.self)) - epoch
      let ticks = Int64(value.little(at: 4, as: Int32.self))
      builder.append(days * 86_400_000_000 + Ticks.milliseconds(ticks) * 1_000)
    case .smalldatetime:
      guard value.count == 4 else { return .malformed }
      let days = Int64(value.little(at: 0, as: UInt16.self)) - epoch
      builder.append(days * 86_400_000_000 + Int64(value.little(at: 2, as: UInt16.self)) * 60_000_000)
    default: return appendMoment(value, codec, to: builder)
    }
    return .none
  }

  /// Days from 1900 to 1970.
  private static let epoch: Int64 = 25_567

  private static func guid(_ value: Span<UInt8>) -> UInt128 {
    let first = UInt64(value.little(at: 0, as: UInt32.self).byteSwapped)
    let second = UInt64(value.little(at: 4, as: UInt16.self).byteSwapped)
    let third = UInt64(value.little(at: 6, as: UInt16.self).byteSwapped)
    let low = first | second << 32 | third << 48
    return UInt128(value.little(at: 8, as: UInt64.self)) << 64 | UInt128(low)
  }

  /// DBDATETIMEALL: hundreds of nanoseconds of the day, days since 1900, minutes of the offset; in UTC.
  private static func appendMoment(_ value: Span<UInt8>, _ codec: Codec, to builder: ColumnBuilder) -> Fault {
    guard value.count == 16 else { return .malformed }
    let time = value.little(at: 0, as: Int64.self)
    let days = Int64(value.little(at: 8, as: Int32.self)) - epoch
    switch codec {
    case .date: builder.append(Int32(truncatingIfNeeded: days))
    case .nanos: builder.append(time * 100)
    case .micros:
      guard time % 10 == 0 else { return .finer }
      builder.append(time / 10)
    case .momentNanos, .offsetNanos:
      guard let instant = nanoseconds(days, time) else { return .outOfNanoseconds }
      appendInstant(instant, value, codec == .offsetNanos, to: builder)
    default:
      guard time % 10 == 0 else { return .finer }
      appendInstant(days * 86_400_000_000 + time / 10, value, codec == .offsetMicros, to: builder)
    }
    return .none
  }

  /// The first day that nanoseconds reach has begun before them.
  @inline(__always)
  private static func nanoseconds(_ days: Int64, _ time: Int64) -> Int64? {
    let day: Int64 = 86_400_000_000_000
    let (start, rest) = days < 0 ? (days + 1, time * 100 - day) : (days, time * 100)
    let (product, isFar) = start.multipliedReportingOverflow(by: day)
    let (instant, isFarther) = product.addingReportingOverflow(rest)
    return isFar || isFarther ? nil : instant
  }

  @inline(__always)
  private static func appendInstant(
    _ instant: Int64, _ value: Span<UInt8>, _ hasOffset: Bool, to builder: ColumnBuilder
  ) {
    if hasOffset {
      builder.append(OffsetTimestamp(instant: instant, minutes: value.little(at: 12, as: Int16.self)))
    } else {
      builder.append(instant)
    }
  }

  @inline(never)
  private func failure(_ fault: Fault, _ column: Int, _ row: Int64) -> Failure {
    let place = "reading column '\(schema.fields[column].name)' of row \(row)"
    let type = columns[column].type.declaration
    return switch fault {
    case .none, .malformed: Failure(.bug, "\(place): what the server sent is not a value of the type \(type)")
    case .tooLong: Failure(.data, "\(place): the batch's values are longer than 2 GiB")
    case .outOfNanoseconds:
      Failure(
        .data, "\(place): the \(type) lies outside of 1677 to 2262, which is as far as nanoseconds reach",
        hint: "Set timestampUnit: microseconds", code: "22008")
    case .finer:
      Failure(
        .data, "\(place): the \(type) has a seventh digit behind the second, which microseconds have no room for",
        hint: "Set timestampUnit: nanoseconds", code: "22008")
    }
  }
}
