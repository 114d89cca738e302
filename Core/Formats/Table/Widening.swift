public import Records

/// How a column's type grows when values come that it does not hold. Nothing is lost: each value of the narrower type
/// has one of the wider type that says the same.
public enum Widening {
  /// The least type that holds the values of both.
  public static func type(_ one: DataType, _ other: DataType) -> DataType {
    if one == other { return one }
    if let number = number(one, other) { return number }
    switch (one, other) {
    case (.list(let a), .list(let b)): return .list(type(a, b))
    case (.time, .time): return .time(.nanoseconds)
    default: return isText(one) && isText(other) ? .text : .json
    }
  }

  /// Types whose values are texts wherever there is no type for them.
  private static func isText(_ type: DataType) -> Bool {
    switch type {
    case .text, .bytes, .date, .time, .timestamp, .offsetTimestamp, .interval, .uuid: true
    default: false
    }
  }

  // MARK: numbers

  private static func number(_ one: DataType, _ other: DataType) -> DataType? {
    guard isNumber(one), isNumber(other) else { return nil }
    if let integer = integer(one, other) { return integer }
    if let float = float(one, other) ?? float(other, one) { return float }
    guard let a = digits(one), let b = digits(other) else { return .numeric }
    let scale = max(a.scale, b.scale)
    let precision = max(a.whole, b.whole) + scale
    return precision <= 76 ? .decimal(precision: precision, scale: scale) : .numeric
  }

  private static func isNumber(_ type: DataType) -> Bool {
    switch type {
    case .float32, .float64, .numeric: true
    default: digits(type) != nil
    }
  }

  /// Digits in front of the point and behind it.
  private static func digits(_ type: DataType) -> (whole: Int, scale: Int)? {
    switch type {
    case .int8, .uint8: (3, 0)
    case .int16, .uint16: (5, 0)
    case .int32, .uint32: (10, 0)
    case .int64: (19, 0)
    case .uint64: (20, 0)
    case .decimal(let precision, let scale): (precision - scale, scale)
    default: nil
    }
  }

  private static let signed: [DataType] = [.int8, .int16, .int32, .int64]
  private static let unsigned: [DataType] = [.uint8, .uint16, .uint32, .uint64]

  private static func integer(_ one: DataType, _ other: DataType) -> DataType? {
    if let a = signed.firstIndex(of: one), let b = signed.firstIndex(of: other) { return signed[max(a, b)] }
    if let a = unsigned.firstIndex(of: one), let b = unsigned.firstIndex(of: other) { return unsigned[max(a, b)] }
    guard let a = signed.firstIndex(of: one) ?? signed.firstIndex(of: other),
      let b = unsigned.firstIndex(of: one) ?? unsigned.firstIndex(of: other)
    else { return nil }
    // A sign takes a bit: the next wider one holds the unsigned number.
    let wanted = max(a, b + 1)
    return wanted < signed.count ? signed[wanted] : nil
  }

  /// Floats hold the integers whose bits they have.
  private static func float(_ float: DataType, _ other: DataType) -> DataType? {
    switch (float, other) {
    case (.float32, .int8), (.float32, .int16), (.float32, .uint8), (.float32, .uint16): .float32
    case (.float32, .int32), (.float32, .uint32), (.float32, .float64): .float64
    case (.float64, .int8), (.float64, .int16), (.float64, .int32), (.float64, .uint8), (.float64, .uint16),
      (.float64, .uint32):
      .float64
    default: nil
    }
  }

  // MARK: schemas

  /// The schema that holds the rows of both: the columns of `one` in their order, then those that only `other` has.
  public static func schema(_ one: Schema, _ other: Schema) -> Schema {
    var others = Dictionary(other.fields.map { (ExactText($0.name), $0) }, uniquingKeysWith: { first, _ in first })
    let known = one.fields.map { field in
      guard let twin = others.removeValue(forKey: ExactText(field.name)) else { return nullable(field) }
      return Widening.field(field, twin)
    }
    return Schema(known + other.fields.filter { others[ExactText($0.name)] != nil }.map(nullable))
  }

  private static func field(_ one: Field, _ other: Field) -> Field {
    Field(
      one.name, type(one.type, other.type), nullable: one.nullable || other.nullable,
      sourceType: one.sourceType == other.sourceType ? one.sourceType : nil)
  }

  /// Rows of the other schema do not have it.
  private static func nullable(_ field: Field) -> Field {
    Field(field.name, field.type, nullable: true, sourceType: field.sourceType)
  }
}

extension RecordBatch {
  /// The same rows under a wider schema; NULL in columns that they do not have.
  public func widened(to wider: Schema) throws -> RecordBatch {
    if schema == wider { return self }
    let places = Dictionary(
      schema.fields.enumerated().map { (ExactText($0.element.name), $0.offset) },
      uniquingKeysWith: { first, _ in first })
    let wide: [Column] = try wider.fields.map { field in
      guard let place = places[ExactText(field.name)] else { return Column.nulls(field.type, count: count) }
      do {
        return try columns[place].widened(to: field.type)
      } catch let failure as Failure {
        throw failure.whileDoing("column '\(field.name)'")
      }
    }
    return RecordBatch(schema: wider, columns: wide, count: count)
  }
}

extension Column {
  static func nulls(_ type: DataType, count: Int) -> Column {
    let builder = ColumnBuilder(type, rows: max(count, 1))
    for _ in 0..<count { builder.appendNull() }
    return builder.finish()
  }

  /// The same values as another type that holds them; see `Widening.type`.
  func widened(to wider: DataType) throws -> Column {
    if type == wider { return self }
    if case .list(let element) = wider, case .list = type { return try widenedList(to: element) }
    let builder = ColumnBuilder(wider, rows: max(count, 1))
    let formatter = TextFormatter(self)
    let parser = ValueParser(wider)
    var text = ByteBuffer()
    for row in 0..<count {
      if isNull(row) {
        builder.appendNull()
        continue
      }
      text.removeAll()
      if wider == .json { formatter.appendJSON(row, to: &text) } else { formatter.append(row, to: &text) }
      guard parser.append(text.span, to: builder) == .ok else {
        throw Failure(.data, "a value of type \(type.name) has no place in the type \(wider.name)")
      }
    }
    return builder.finish()
  }

  private func widenedList(to element: DataType) throws -> Column {
    Column(
      type: .list(element), count: count, offset: offset, nullCount: nullCount, validity: validity, values: values,
      offsets: offsets, children: try children.map { try $0.widened(to: element) })
  }
}
