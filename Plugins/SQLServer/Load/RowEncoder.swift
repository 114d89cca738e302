internal import Records
internal import SQL

/// Turns the columns of a batch into what the library takes. Batch has coerced every column to what its target asked
/// for: what is looked at here is only what the kit does not know of.
struct RowEncoder {
  /// How texts go.
  enum Texts {
    /// As UTF-8, for parameters: the library converts it.
    case parameters
    /// As the column stores it, for the bulk load: the library leaves it as it is.
    case stored
  }

  let name: String
  let type: DatabaseType
  let texts: Texts
  /// Of the batch, for messages.
  let firstRow: Int64

  func encode(_ column: Column) throws -> EncodedColumn {
    switch type.form {
    case .bit: return bools(column)
    case .tinyint: return fixed(column, .int8, UInt8.self)
    case .smallint: return column.type == .int8 ? narrow(column) : fixed(column, .int16, Int16.self)
    case .int: return column.type == .uint16 ? wide(column, UInt16.self, .int32) : fixed(column, .int32, Int32.self)
    case .bigint: return column.type == .uint32 ? wide(column, UInt32.self, .int64) : fixed(column, .int64, Int64.self)
    case .real: return fixed(column, .float32, UInt32.self)
    case .float: return fixed(column, .float64, UInt64.self)
    case .decimal: return try decimals(column)
    case .money, .smallmoney: return try money(column)
    case .date: return moments(column, .moment, Int32.self) { Moment(days: Int($0), time: 0) }
    case .time: return times(column)
    case .datetime2: return datetimes(column)
    case .datetimeoffset: return offsets(column)
    case .datetime: return try ticks(column)
    case .smalldatetime: return minutes(column)
    case .uniqueidentifier: return guids(column)
    case .bytes, .userDefined, .rowversion: return values(column, .bytes) { bytes, out in out.append(bytes) }
    case .wide, .parsed, .variant:
      let column = column.type.isTextual ? column : column.texts(separator: UInt8(ascii: " "))
      if texts == .parameters { return values(column, .text) { bytes, out in out.append(bytes) } }
      return values(column, .text) { bytes, out in UTF16Text.append(bytes, to: &out) }
    case .narrow: return try narrowTexts(column)
    }
  }

  /// In the words of the kit's own checks.
  private func failure(_ column: Column, _ row: Int, _ why: String, hint: String? = nil, code: String) -> Failure {
    let value = ValueText.string(of: column, at: row).prefix(200)
    return Failure(
      .data,
      "row \(firstRow + Int64(row)), column '\(name)': \(why) (type \(column.type.name) into \(type.declaration))",
      hint: hint, code: code, sensitive: "'\(name)' is \(value)")
  }

  // MARK: numbers

  private func fixed<T: FixedWidthInteger & BitwiseCopyable>(
    _ column: Column, _ wire: WireType, _: T.Type
  ) -> EncodedColumn {
    each(column, wire, T.self) { value, out in out.append(little: value) }
  }

  private func narrow(_ column: Column) -> EncodedColumn {
    each(column, .int16, Int8.self) { value, out in out.append(little: Int16(value)) }
  }

  private func wide<T: FixedWidthInteger & BitwiseCopyable>(
    _ column: Column, _: T.Type, _ wire: WireType
  ) -> EncodedColumn {
    each(column, wire, T.self) { value, out in
      if wire == .int32 {
        out.append(little: Int32(truncatingIfNeeded: value))
      } else {
        out.append(little: Int64(value))
      }
    }
  }

  private func bools(_ column: Column) -> EncodedColumn {
    let view = ColumnView(column)
    return EncodedColumn(.bit, rows: column.count) { cells in
      for row in 0..<column.count {
        if view.isNull(row) { cells.appendNull() } else { cells.append { $0.append(byte: view.bool(row) ? 1 : 0) } }
      }
    }
  }

  private func decimals(_ column: Column) throws -> EncodedColumn {
    if column.type == .uint64 {
      return each(column, .decimal, UInt64.self) { value, out in
        Numeric.append(UInt128(value), isNegative: false, precision: type.precision, scale: type.scale, to: &out)
      }
    }
    guard case .decimal(let precision, let scale) = column.type, precision <= 38, scale == type.scale else {
      throw Failure(.bug, "sending column '\(name)': a value of \(column.type.name) came without coercion")
    }
    return each(column, .decimal, Int128.self) { value, out in
      Numeric.append(
        value.magnitude, isNegative: value < 0, precision: type.precision, scale: type.scale, to: &out)
    }
  }

  /// Ten-thousandths of 64 or 32 bits.
  private func money(_ column: Column) throws -> EncodedColumn {
    let isSmall = type.form == .smallmoney
    let view = ColumnView(column)
    let values = view.values(as: Int128.self)
    return try EncodedColumn(isSmall ? .smallmoney : .money, rows: column.count) { cells throws(Failure) in
      for row in 0..<column.count {
        if view.isNull(row) {
          cells.appendNull()
        } else if isSmall, let value = Int32(exactly: values[row]) {
          cells.append { $0.append(little: value) }
        } else if !isSmall, let value = Int64(exactly: values[row]) {
          cells.append {
            $0.append(little: Int32(truncatingIfNeeded: value >> 32))
            $0.append(little: UInt32(truncatingIfNeeded: value))
          }
        } else {
          throw failure(
            column, row, "the value is out of range",
            hint: "Widen the column, or shorten the value in the query that reads it", code: "22003")
        }
      }
    }
  }

  // MARK: dates and times

  /// The 16 bytes of DBDATETIMEALL: hundreds of nanoseconds of the day, days since 1900, minutes, flags.
  struct Moment {
    var days: Int
    var time: UInt64
    var minutes: Int16 = 0

    static let epoch = 25_567
    /// Bits: three of precision, then which parts count.
    static let hasTime: UInt16 = 1 << 13
    static let hasDate: UInt16 = 1 << 14
    static let hasOffset: UInt16 = 1 << 15
  }

  private func moments<T: BitwiseCopyable>(
    _ column: Column, _ wire: WireType, _: T.Type, _ moment: (T) -> Moment
  ) -> EncodedColumn {
    let parts =
      switch wire {
      case .time: Moment.hasTime
      case .offsetMoment: Moment.hasTime | Moment.hasDate | Moment.hasOffset
      default: Moment.hasTime | Moment.hasDate
      }
    let isBulkDate = type.form == .date && texts == .stored
    let flags = (isBulkDate ? Moment.hasDate : parts) | UInt16(type.form == .date ? 0 : type.scale)
    return each(column, wire, T.self) { value, out in
      let moment = moment(value)
      out.append(little: moment.time)
      out.append(little: Int32(truncatingIfNeeded: moment.days + Moment.epoch))
      out.append(little: moment.minutes)
      out.append(little: flags)
    }
  }

  private func times(_ column: Column) -> EncodedColumn {
    let isFine = column.type.unit == .nanoseconds
    return moments(column, .time, Int64.self) { Moment(days: 0, time: UInt64(isFine ? $0 / 100 : $0 * 10)) }
  }

  private static func moment(_ value: Int64, _ unit: TimeUnit) -> Moment {
    let (days, rest) = Calendar.floorDivide(value, 86_400 * unit.perSecond)
    return Moment(days: Int(days), time: UInt64(unit == .nanoseconds ? rest / 100 : rest * 10))
  }

  private func datetimes(_ column: Column) -> EncodedColumn {
    let unit = column.type.unit ?? .microseconds
    return moments(column, .moment, Int64.self) { RowEncoder.moment($0, unit) }
  }

  private func offsets(_ column: Column) -> EncodedColumn {
    let unit = column.type.unit ?? .microseconds
    if case .timestamp = column.type {
      return moments(column, .offsetMoment, Int64.self) { RowEncoder.moment($0, unit) }
    }
    return moments(column, .offsetMoment, OffsetTimestamp.self) { value in
      var moment = RowEncoder.moment(value.instant, unit)
      moment.minutes = value.minutes
      return moment
    }
  }

  /// A datetime counts 1/300 s; the server shows milliseconds, which end in 0, 3 or 7.
  private func ticks(_ column: Column) throws -> EncodedColumn {
    let view = ColumnView(column)
    let values = view.values(as: Int64.self)
    return try EncodedColumn(.datetime, rows: column.count) { cells throws(Failure) in
      for row in 0..<column.count {
        if view.isNull(row) {
          cells.appendNull()
          continue
        }
        let (days, rest) = Calendar.floorDivide(values[row], 86_400_000_000)
        let ticks = (rest / 1_000 * 3 + 5) / 10
        guard Ticks.milliseconds(ticks) * 1_000 == rest else {
          throw failure(
            column, row, "a datetime keeps 1/300 s, milliseconds that end in 0, 3 or 7",
            hint: "Make the column a datetime2(3), or round the values before", code: "22003")
        }
        cells.append {
          $0.append(little: Int32(truncatingIfNeeded: days + Int64(Moment.epoch)))
          $0.append(little: Int32(truncatingIfNeeded: ticks))
        }
      }
    }
  }

  private func minutes(_ column: Column) -> EncodedColumn {
    each(column, .smalldatetime, Int64.self) { value, out in
      let (days, rest) = Calendar.floorDivide(value, 86_400_000_000)
      out.append(little: UInt16(truncatingIfNeeded: days + Int64(Moment.epoch)))
      out.append(little: UInt16(truncatingIfNeeded: rest / 60_000_000))
    }
  }

  // MARK: texts and bytes

  /// Its first three parts are numbers, the lowest byte first.
  private func guids(_ column: Column) -> EncodedColumn {
    each(column, .guid, UInt128.self) { value, out in
      let low = UInt64(truncatingIfNeeded: value)
      out.append(little: UInt32(truncatingIfNeeded: low).byteSwapped)
      out.append(little: UInt16(truncatingIfNeeded: low >> 32).byteSwapped)
      out.append(little: UInt16(truncatingIfNeeded: low >> 48).byteSwapped)
      out.append(little: UInt64(truncatingIfNeeded: value >> 64))
    }
  }

  /// In the collation's code page, or UTF-8 that has been looked through for what the code page lacks.
  private func narrowTexts(_ column: Column) throws -> EncodedColumn {
    let column = column.type.isTextual ? column : column.texts(separator: UInt8(ascii: " "))
    if type.codePage == CodePage.utf8 { return values(column, .text) { bytes, out in out.append(bytes) } }
    let page = try CodePage.of(type.codePage)
    let view = ColumnView(column)
    return try EncodedColumn(.text, rows: column.count) { cells throws(Failure) in
      var scratch = ByteBuffer()
      for row in 0..<column.count {
        if view.isNull(row) {
          cells.appendNull()
          continue
        }
        scratch.removeAll()
        if let missing = page.append(view.bytes(row), to: &scratch) {
          let number = String(missing, radix: 16, uppercase: true)
          throw failure(
            column, row,
            "the text has a character that \(page.name) lacks, "
              + "U+\(String(repeating: "0", count: max(0, 4 - number.count)))\(number)",
            hint: "Make the column an nvarchar", code: "22021")
        }
        // A character may take two bytes.
        if let length = type.length, scratch.count > length {
          throw failure(
            column, row, "the value is too long in \(page.name)",
            hint: "Widen the column, or shorten the value in the query that reads it", code: "22001")
        }
        if texts == .stored {
          cells.append { $0.append(scratch.span) }
        } else {
          cells.append { $0.append(view.bytes(row)) }
        }
      }
    }
  }

  // MARK: loops

  @inline(__always)
  private func each<T: BitwiseCopyable>(
    _ column: Column, _ wire: WireType, _: T.Type, _ write: (T, inout ByteBuffer) -> Void
  ) -> EncodedColumn {
    let view = ColumnView(column)
    let values = view.values(as: T.self)
    return EncodedColumn(wire, rows: column.count) { cells in
      for row in values.indices {
        if view.isNull(row) { cells.appendNull() } else { cells.append { write(values[row], &$0) } }
      }
    }
  }

  @inline(__always)
  private func values(
    _ column: Column, _ wire: WireType, _ write: (Span<UInt8>, inout ByteBuffer) -> Void
  ) -> EncodedColumn {
    let view = ColumnView(column)
    return EncodedColumn(wire, rows: column.count) { cells in
      for row in 0..<column.count {
        if view.isNull(row) { cells.appendNull() } else { cells.append { write(view.bytes(row), &$0) } }
      }
    }
  }
}
