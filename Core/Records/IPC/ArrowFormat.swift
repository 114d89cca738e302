/// The numbers of Arrow's columnar format: `File.fbs`, `Message.fbs` and `Schema.fbs` of its specification.
enum ArrowFormat {
  /// Six characters at both ends of a file; at the start two zero bytes follow.
  static let magic: [UInt8] = Array("ARROW1".utf8)
  /// Precedes the length of every message's metadata.
  static let continuation: UInt32 = 0xFFFF_FFFF
  /// Bodies start at multiples of this in files that Ferry writes, so that a mapped file has aligned columns.
  static let alignment = 64

  enum Version {
    static let v4: Int16 = 3
    static let v5: Int16 = 4
  }

  enum Header {
    static let schema: UInt8 = 1
    static let dictionaryBatch: UInt8 = 2
    static let recordBatch: UInt8 = 3
  }

  /// The kinds of the union `Type`.
  enum Kind: UInt8 {
    case null = 1
    case int, floatingPoint, binary, utf8, bool, decimal, date, time, timestamp, interval, list, structure, union
    case fixedSizeBinary, fixedSizeList, map, duration, largeBinary, largeUTF8, largeList, runEndEncoded
    case binaryView, utf8View, listView, largeListView

    /// As users of Arrow know it.
    var name: String {
      switch self {
      case .structure: "struct"
      case .runEndEncoded: "run_end_encoded"
      case .listView: "list_view"
      case .largeListView: "large_list_view"
      default: "\(self)"
      }
    }
  }

  enum Unit {
    static let second: Int16 = 0
    static let millisecond: Int16 = 1
    static let microsecond: Int16 = 2
    static let nanosecond: Int16 = 3
  }

  enum IntervalUnit {
    static let yearMonth: Int16 = 0
    static let dayTime: Int16 = 1
    static let monthDayNano: Int16 = 2
  }

  /// Field metadata that carries a logical type.
  static let extensionName = "ARROW:extension:name"
  static let extensionMetadata = "ARROW:extension:metadata"
  /// Field metadata that carries `Field.sourceType`.
  static let sourceType = "ferry.source_type"

  enum Extension {
    static let uuid = "arrow.uuid"
    static let json = "arrow.json"
    static let numeric = "ferry.numeric"
    static let offsetTimestamp = "arrow.timestamp_with_offset"
  }

  /// The two fields that a value of `arrow.timestamp_with_offset` is stored as, in this order.
  enum OffsetTimestampField {
    static let timestamp = "timestamp"
    static let offset = "offset_minutes"
  }

  /// What a hostile file may not exceed.
  enum Bound {
    /// Levels of lists in lists: far above what any source has, far below what the stack bears.
    static let depth = 64
    /// Fields of a schema, at all levels.
    static let fields = 100_000
    /// Bytes of all names and metadata of a schema.
    static let schemaText = 64 << 20
    /// Bytes of one message's metadata.
    static let metadata = 256 << 20
    /// Rows of one batch; Arrow's specification advises against more.
    static let rows = Int64(Int32.max)
    /// Bytes that one message's buffers may take once they are decompressed.
    static let decompressed = 4 << 30
    /// Bytes that one column of converted values may take before the piece of the batch is made smaller.
    static let pieceBytes = 64 << 20
    /// Elements that take no bytes in a file (null, a struct without fields, a list of fixed length of either) in one
    /// piece of a batch.
    static let unbackedElements = 64 << 20
    /// Bytes of the JSON texts of one column in one piece of a batch.
    static let jsonBytes = 256 << 20
  }
}
