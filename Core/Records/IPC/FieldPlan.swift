/// How an array lies in a file, and the column that comes out of it.
struct FieldPlan {
  /// Where the field is in the schema, for messages: `address.street`.
  var path: String
  /// What the file calls its type, for messages.
  var typeName: String
  var type: DataType
  var storage: StoredForm
  /// Elements of lists, fields of structs.
  var children: [FieldPlan] = []
  /// The last part of `path`: the key of a struct's field.
  var name: String
}

/// The physical layouts that can be read. The first four are handed on without a copy.
enum StoredForm: Equatable {
  case bits
  /// Width in bytes.
  case fixed(Int)
  case variable
  case list
  /// No buffers at all.
  case null
  case converted(Conversion)
  /// 64-bit offsets.
  case largeVariable
  case largeList
  /// 16-byte views into any number of buffers.
  case view
  /// So many bytes a value, to be had as `bytes`.
  case fixedBytes(Int)
  /// So many elements a value.
  case fixedList(Int)
  case structure
  /// A struct of an instant and the minutes of its offset, each in any layout that it may have.
  case offsetTimestamp
  case map
  case dictionary(id: Int64, IndexType)
}

/// The keys of a dictionary-encoded column.
struct IndexType: Equatable {
  /// In bytes.
  let width: Int
  let isSigned: Bool
}

/// Fixed-width values that Ferry keeps in another form. The factor multiplies.
enum Conversion: Equatable {
  /// 32-bit integers to 64 bit.
  case scaled32(Int64)
  /// 64-bit integers.
  case scaled64(Int64)
  /// Milliseconds to days.
  case date64
  case float16
  /// Decimals of other widths to the width that their precision has in Ferry.
  case decimal(from: Int, to: Int)
  /// 64-bit counts to the nanoseconds of an interval.
  case duration(Int64)
  case yearMonth
  case dayTime

  /// Bytes of a value in the file.
  var sourceWidth: Int {
    switch self {
    case .scaled32, .yearMonth: 4
    case .scaled64, .date64, .duration, .dayTime: 8
    case .float16: 2
    case .decimal(let from, _): from
    }
  }
}

extension FieldPlan {
  /// Whether the columns point into the file's buffers.
  var isDirect: Bool {
    switch storage {
    case .bits, .fixed, .variable: true
    case .list: children.allSatisfy(\.isDirect)
    default: false
    }
  }
}

extension FieldPlan {
  /// The unit of a struct that is stored as `arrow.timestamp_with_offset` demands: an instant, then 16 bits of minutes.
  var offsetTimestampUnit: TimeUnit? {
    guard storage == .structure, children.count == 2, children[0].name == ArrowFormat.OffsetTimestampField.timestamp,
      children[1].name == ArrowFormat.OffsetTimestampField.offset, children[1].type == .int16,
      case .timestamp(let unit, zoned: true) = children[0].type
    else { return nil }
    return unit
  }
}
