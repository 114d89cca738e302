internal import Records
internal import Synchronization

extension FieldTable where Self: ~Copyable, Self: ~Escapable {
  /// Appends all columns, several at a time; NULL in place of fields that are no values of their column's type.
  /// - Parameter places: where each of the builders' columns stands in the table, nil for one that is not there.
  func fill(
    _ builders: [ColumnBuilder], _ plans: [ColumnPlan], from places: [Int?], _ team: ThreadTeam
  ) -> [FieldError] {
    let all = Mutex<[FieldError]>([])
    team.each(builders.count) { index in
      guard let place = places[index] else {
        for _ in 0..<count { builders[index].appendNull() }
        return
      }
      var table = copy()
      var errors: [FieldError] = []
      table.fill(place, plans[index], builders[index], &errors)
      if errors.isEmpty { return }
      for position in errors.indices { errors[position].column = index }
      all.withLock { [errors] in $0 += errors }
    }
    return all.withLock { $0 }
  }

  private mutating func fill(
    _ column: Int, _ plan: ColumnPlan, _ builder: ColumnBuilder, _ errors: inout [FieldError]
  ) {
    switch plan.type {
    case .text: fillText(column, plan, builder, &errors)
    case .int64:
      each(column, plan, builder, &errors) { field in
        if plan.isInferred && !Canonical.isInteger(field) { return .malformed }
        var value: Int64 = 0
        let result = Digits.parse(field.bytes, into: &value)
        if result == .ok { builder.append(value) }
        return result
      }
    case .decimal(let precision, let scale) where precision <= 38:
      each(column, plan, builder, &errors) { field in
        if plan.isInferred && !Canonical.isDecimal(field) { return .malformed }
        var value: Int128 = 0
        let result = DecimalText.parse128(field.bytes, precision: precision, scale: scale, into: &value)
        if result == .ok { builder.append(value) }
        return result
      }
    case .float64:
      each(column, plan, builder, &errors) { field in
        if plan.isInferred && !Canonical.isNumber(field) { return .malformed }
        var value = 0.0
        let result = ValueParse.float64(field.bytes, into: &value)
        if result == .ok {
          if plan.isInferred && !Canonical.keepsDigits(field, as: value) { return .losesDigits }
          builder.append(value)
        }
        return result
      }
    case .date:
      each(column, plan, builder, &errors) { field in
        var value: Int32 = 0
        let result = ValueParse.date(field.bytes, into: &value)
        if result == .ok { builder.append(value) }
        return result
      }
    case .json where Self.isTagged: fillJSON(column, builder)
    default:
      each(column, plan, builder, &errors) { field in
        if plan.isInferred && !Canonical.isCanonical(field, plan.type) { return .malformed }
        return plan.parser.append(field.bytes, to: builder)
      }
    }
  }

  @inline(__always)
  private mutating func each(
    _ column: Int, _ plan: ColumnPlan, _ builder: ColumnBuilder, _ errors: inout [FieldError],
    _ body: (FieldText) -> ParseResult
  ) {
    // A text of JSON is no number, though it may look like one.
    let refusesTexts = Self.isTagged && plan.isInferred
    for row in 0..<count {
      let field = field(row, column)
      if refusesTexts && field.kind == .quoted {
        errors.append(FieldError(row: row, column: column, result: .malformed))
        builder.appendNull()
        continue
      }
      // An empty field has no value of any type but text, and bytes where it has quotes.
      let isEmpty = field.count == 0 && !Self.isTagged && !(field.kind == .quoted && builder.type == .bytes)
      if field.kind == .null || isEmpty {
        builder.appendNull()
        continue
      }
      // Only lists take a nested value.
      let isMisplaced = field.kind == .nested && Self.isTagged && builder.child == nil
      let result = isMisplaced ? .malformed : body(field)
      if result != .ok {
        errors.append(FieldError(row: row, column: column, result: result))
        builder.appendNull()
      }
    }
  }

  private mutating func fillText(
    _ column: Int, _ plan: ColumnPlan, _ builder: ColumnBuilder, _ errors: inout [FieldError]
  ) {
    // A column that was declared as text takes numbers, words and nested values as they are written.
    let isStrict = Self.isTagged && plan.isInferred
    for row in 0..<count {
      let field = field(row, column)
      if field.kind == .null {
        builder.appendNull()
      } else if isStrict && field.kind != .quoted {
        errors.append(FieldError(row: row, column: column, result: .malformed))
        builder.appendNull()
      } else {
        builder.append(bytes: field.bytes)
      }
    }
  }

  private mutating func fillJSON(_ column: Int, _ builder: ColumnBuilder) {
    for row in 0..<count {
      let field = raw(row, column)
      if field.kind == .null {
        builder.appendNull()
      } else {
        builder.append(bytes: field.bytes)
      }
    }
  }
}

/// Whether a type that was inferred gives a text back as it was: `007`, `+1` and `.5` stay texts.
enum Canonical {
  @inline(__always)
  static func isInteger(_ field: FieldText) -> Bool {
    guard field.count > 0 else { return false }
    if field.bytes[0] &- 49 < 9 { return true }
    if field.bytes[0] == 48 { return field.count == 1 }
    guard field.bytes[0] == UInt8(ascii: "-"), field.count > 1 else { return false }
    return field.bytes[1] &- 49 < 9 || (field.bytes[1] == 48 && field.count == 2)
  }

  /// `-?(0|[1-9][0-9]*)(\.[0-9]+)?` as far as its ends show; the parser sees the rest.
  @inline(__always)
  static func isDecimal(_ field: FieldText) -> Bool {
    guard field.count > 0 else { return false }
    let sign = field.bytes[0] == UInt8(ascii: "-") ? 1 : 0
    guard field.count > sign, field.bytes[field.count - 1] &- 48 < 10 else { return false }
    if field.bytes[sign] == 48 {
      if field.count > sign + 1, field.bytes[sign + 1] != UInt8(ascii: ".") { return false }
    } else if field.bytes[sign] &- 49 >= 9 {
      return false
    }
    for index in 0..<field.count where field.bytes[index] | 0x20 == UInt8(ascii: "e") { return false }
    return true
  }

  /// A number without zeros in front, with an exponent or not.
  @inline(__always)
  static func isNumber(_ field: FieldText) -> Bool {
    let sign = field.bytes[0] == UInt8(ascii: "-") ? 1 : 0
    guard field.count > sign, field.bytes[sign] &- 48 < 10 else { return false }
    return field.bytes[sign] != 48 || field.count == sign + 1 || field.bytes[sign + 1] &- 48 > 9
  }

  /// Whether the shortest text of a number has the same digits as the field.
  static func keepsDigits(_ field: FieldText, as value: Double) -> Bool {
    guard value.isFinite else { return false }
    if field.count <= 15 { return true }
    return digits(value.description.utf8.span) == digits(field.bytes)
  }

  /// The significant digits: no sign, point, exponent, zeros in front and behind.
  private static func digits(_ text: Span<UInt8>) -> [UInt8] {
    var digits: [UInt8] = []
    for position in 0..<text.count {
      let byte = text[position]
      if byte | 0x20 == UInt8(ascii: "e") { break }
      if byte &- 48 < 10, byte != 48 || !digits.isEmpty { digits.append(byte) }
    }
    while digits.last == 48 { digits.removeLast() }
    return digits
  }

  /// Whether something else than digits stands behind a time's first colon: without a zone it is no instant.
  private static func hasZone(_ field: FieldText) -> Bool {
    var isTime = false
    for position in 0..<field.count {
      let byte = field.bytes[position]
      if byte == UInt8(ascii: ":") { isTime = true }
      if isTime, byte &- 48 > 9, byte != UInt8(ascii: ":"), byte != UInt8(ascii: "."), byte != UInt8(ascii: ",") {
        return true
      }
    }
    return false
  }

  /// As a boolean is written.
  static func isWord(_ field: FieldText) -> Bool {
    field.bytes.isExactly("true".utf8.span) || field.bytes.isExactly("false".utf8.span)
  }

  static func isCanonical(_ field: FieldText, _ type: DataType) -> Bool {
    switch type {
    case .bool: isWord(field)
    case .decimal: isDecimal(field)
    case .timestamp(_, let zoned): field.count >= 16 && (!zoned || hasZone(field))
    case .time: field.count >= 8
    default: true
    }
  }
}
