internal import Records

/// Turns the columns of a batch into what the binary protocol carries as parameters. Batch has coerced every column to
/// what its target asked for: nothing is looked at again here.
enum RowEncoder {
  static func encode(_ batch: RecordBatch) throws -> WireRows {
    let columns = try zip(batch.schema.fields, batch.columns).map { try encode($1, $0) }
    return WireRows(ColumnViews(columns.map(\.column)), columns.map(\.form), count: batch.count)
  }

  private typealias Encoded = (column: Column, form: WireForm)

  private static func encode(_ column: Column, _ field: Field) throws -> Encoded {
    switch column.type {
    case .bool: (bools(column), WireForm(WireForm.tiny))
    case .int8: (column, WireForm(WireForm.tiny))
    case .int16: (column, WireForm(WireForm.short))
    case .int32: (column, WireForm(WireForm.long))
    case .int64: (column, WireForm(WireForm.longlong))
    case .uint8: (column, WireForm(WireForm.tiny | WireForm.unsigned))
    case .uint16: (column, WireForm(WireForm.short | WireForm.unsigned))
    case .uint32: (column, WireForm(WireForm.long | WireForm.unsigned))
    case .uint64: (column, WireForm(WireForm.longlong | WireForm.unsigned))
    case .float32: (column, WireForm(WireForm.float))
    case .float64: (column, WireForm(WireForm.double))
    case .bytes: (column, WireForm(WireForm.blob, isCounted: true))
    case .text, .json: (column, WireForm(WireForm.string, isCounted: true))
    case .numeric: (column, WireForm(WireForm.decimal, isCounted: true))
    case .decimal: (column.texts(), WireForm(WireForm.decimal, isCounted: true))
    case .uuid: (column.texts(), WireForm(WireForm.string, isCounted: true))
    case .date: (dates(column), WireForm(WireForm.date))
    case .timestamp(.microseconds, _): (timestamps(column), WireForm(WireForm.datetime))
    case .time(.microseconds): (times(column), WireForm(WireForm.string, isCounted: true))
    case .interval: (intervals(column), WireForm(WireForm.string, isCounted: true))
    case .time, .timestamp, .offsetTimestamp:
      throw Failure(.bug, "sending column '\(field.name)': a value of \(column.type.name) came without coercion")
    case .list:
      throw Failure(
        .schema, "sending column '\(field.name)': the database has no lists", hint: "Convert the column to json or text"
      )
    }
  }

  private static func bools(_ column: Column) -> Column {
    let view = ColumnView(column)
    let builder = ColumnBuilder(.int8, rows: max(column.count, 1))
    for row in 0..<column.count {
      if view.isNull(row) { builder.appendNull() } else { builder.append(Int8(view.bool(row) ? 1 : 0)) }
    }
    return builder.finish()
  }

  // MARK: dates and times

  private static func dates(_ column: Column) -> Column {
    written(column, Int32.self, room: 5) { days, out in
      out.append(upTo: 5) {
        $0.append(4)
        put(Calendar.date(days: Int(days)), &$0)
      }
    }
  }

  @inline(__always)
  private static func put(_ date: Calendar.Date, _ out: inout OutputSpan<UInt8>) {
    out.append(little: UInt16(truncatingIfNeeded: date.year))
    out.append(UInt8(truncatingIfNeeded: date.month))
    out.append(UInt8(truncatingIfNeeded: date.day))
  }

  private static func timestamps(_ column: Column) -> Column {
    written(column, Int64.self, room: 12) { value, out in
      let moment = Calendar.moment(value, perSecond: 1_000_000)
      out.append(upTo: 12) {
        $0.append(11)
        put(moment.date, &$0)
        $0.append(UInt8(truncatingIfNeeded: moment.secondOfDay / 3_600))
        $0.append(UInt8(truncatingIfNeeded: moment.secondOfDay / 60 % 60))
        $0.append(UInt8(truncatingIfNeeded: moment.secondOfDay % 60))
        $0.append(little: UInt32(truncatingIfNeeded: moment.fraction))
      }
    }
  }

  // TIME goes as text: MySQL 9 refuses long times in the protocol's own form that it takes as a literal.

  private static func times(_ column: Column) -> Column {
    written(column, Int64.self, room: 17) { put(time: $0, &$1) }
  }

  /// Lengths of time, in which a day has 24 hours.
  private static func intervals(_ column: Column) -> Column {
    written(column, Interval.self, room: 17) {
      put(time: Int64($0.days) * WireDuration.day + $0.nanoseconds / 1_000, &$1)
    }
  }

  /// What `write` appends for each value that is not NULL.
  @inline(__always)
  private static func written<T: BitwiseCopyable>(
    _ column: Column, _: T.Type, room: Int, _ write: (T, inout ByteBuffer) -> Void
  ) -> Column {
    let view = ColumnView(column)
    let values = view.values(as: T.self)
    var out = ByteBuffer(capacity: column.count * room)
    var ends = [Int32]()
    ends.reserveCapacity(column.count)
    for row in values.indices {
      if !view.isNull(row) { write(values[row], &out) }
      ends.append(Int32(truncatingIfNeeded: out.count))
    }
    return Column(.bytes, copying: out.span, ends: ends, nullsOf: column)
  }

  /// `-HHH:MM:SS.ffffff`, of microseconds.
  private static func put(time value: Int64, _ out: inout ByteBuffer) {
    let seconds = value.magnitude / 1_000_000
    if value < 0 { out.append(byte: UInt8(ascii: "-")) }
    Digits.appendPadded(seconds / 3_600, 3, to: &out)
    out.append(byte: UInt8(ascii: ":"))
    Digits.appendPadded(seconds / 60 % 60, 2, to: &out)
    out.append(byte: UInt8(ascii: ":"))
    Digits.appendPadded(seconds % 60, 2, to: &out)
    out.append(byte: UInt8(ascii: "."))
    Digits.appendPadded(value.magnitude % 1_000_000, 6, to: &out)
  }
}
