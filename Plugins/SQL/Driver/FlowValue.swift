public import Expression
public import Records

extension Value {
  /// A column of one row, so that what a flow writes takes the same road as records.
  public var asColumn: Column {
    switch self {
    case .null: .one(.text) { $0.appendNull() }
    case .bool(let flag): .one(.bool) { $0.append(bool: flag) }
    case .int(let number): .one(.int64) { $0.append(number) }
    case .double(let number): .one(.float64) { $0.append(number) }
    case .decimal(let digits): .one(.numeric) { $0.append(text: digits) }
    case .string(let text): .one(.text) { $0.append(text: text) }
    case .secret: plain.asColumn
    case .list, .map: .one(.json) { $0.append(text: json()) }
    }
  }
}

extension Column {
  fileprivate static func one(_ type: DataType, _ append: (ColumnBuilder) -> Void) -> Column {
    let builder = ColumnBuilder(type, rows: 1)
    append(builder)
    return builder.finish()
  }
}
