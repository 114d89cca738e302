internal import CODBC
internal import Records
internal import SQL

/// What a driver says about a column of a result.
struct ResultField: Hashable, Sendable {
  var name: String
  var type: DatabaseType
  var isNullable: Bool
  /// The server counts it up.
  var isIdentity: Bool
}

/// How the values of a column come from the driver and into a builder: decided once.
enum FieldCodec: Hashable, Sendable {
  /// As they lie in memory, of so many bytes.
  case fixed1, fixed2, fixed4, fixed8
  /// A float that comes as a double.
  case widened
  case bool
  case date
  case timestamp(TimeUnit)
  /// UTF-16.
  case wide
  /// UTF-8.
  case narrow
  case bytes
  /// As text, which is read as the column's type.
  case parsed

  /// SQL_C_… for a column of this type.
  func native(_ type: DataType) -> Int32 {
    switch self {
    case .bool: SQL_C_BIT
    case .fixed1: type == .int8 ? NativeType.int8 : NativeType.uint8
    case .fixed2: type == .int16 ? NativeType.int16 : NativeType.uint16
    case .fixed4: type == .float32 ? SQL_C_FLOAT : type == .int32 ? NativeType.int32 : NativeType.uint32
    case .fixed8: type == .float64 ? SQL_C_DOUBLE : type == .int64 ? NativeType.int64 : NativeType.uint64
    case .widened: SQL_C_DOUBLE
    case .date: SQL_C_TYPE_DATE
    case .timestamp: SQL_C_TYPE_TIMESTAMP
    case .wide: SQL_C_WCHAR
    case .narrow, .parsed: SQL_C_CHAR
    case .bytes: SQL_C_BINARY
    }
  }

  /// Whether values have lengths of their own, which a buffer may be too short for.
  var isVariable: Bool {
    switch self {
    case .wide, .narrow, .bytes, .parsed: true
    default: false
    }
  }

  /// Of the zero at the end.
  var terminator: Int { self == .wide ? 2 : self == .bytes ? 0 : 1 }
}

extension DatabaseType {
  func codec(_ traits: DriverTraits) -> FieldCodec {
    switch type {
    case .bool: Int32(sql) == SQL_BIT ? .bool : .parsed
    case .int8, .uint8: .fixed1
    case .int16, .uint16: .fixed2
    case .float32 where traits.readsFloatsAsDoubles: .widened
    case .int32, .uint32, .float32: .fixed4
    case .int64, .uint64, .float64: .fixed8
    case .date: Int32(sql) == SQL_TYPE_DATE && !traits.isFreeTDS ? .date : .parsed
    case .timestamp(let unit, _):
      Int32(sql) == SQL_TYPE_TIMESTAMP && !traits.isFreeTDS ? .timestamp(unit) : .parsed
    case .text, .json: traits.texts == .wide ? .wide : .narrow
    case .bytes: .bytes
    default: .parsed
    }
  }

  /// Room for a value, in bytes.
  func width(_ codec: FieldCodec, guessed: Bool) -> Int {
    switch codec {
    case .bool, .fixed1: return 1
    case .fixed2: return 2
    case .fixed4: return 4
    case .fixed8, .widened: return 8
    case .date: return MemoryLayout<SQL_DATE_STRUCT>.size
    case .timestamp: return MemoryLayout<SQL_TIMESTAMP_STRUCT>.size
    case .parsed: return type == .numeric && size > 0 ? max(size, 64) + 8 : 128
    case .bytes: return characters(guessed)
    // A character takes up to four bytes of UTF-8, and up to two units of UTF-16.
    case .narrow: return characters(guessed) * (guessed ? 1 : 4) + 1
    case .wide: return characters(guessed) * 2 + 2
    }
  }

  private func characters(_ guessed: Bool) -> Int {
    guessed || size == 0 ? min(max(size, 64), Limits.guessedCharacters) : min(max(size, 1), Limits.boundCharacters)
  }
}
