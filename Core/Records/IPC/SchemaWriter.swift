/// A schema as Arrow's metadata.
struct SchemaWriter {
  /// Writes the schema and links a field of the enclosing table to it.
  static func write(_ schema: Schema, into flat: inout FlatWriter, for slot: Int) {
    let table = flat.table([.short(0), .reference, schema.metadata.isEmpty ? .absent : .reference])
    flat.link(slot, to: table.position)
    let fields = flat.references(schema.fields.count, for: table[1])
    for (field, slot) in zip(schema.fields, fields) { write(field, into: &flat, for: slot) }
    if !schema.metadata.isEmpty { write(schema.metadata, into: &flat, for: table[2]) }
  }

  private static func write(_ field: Field, into flat: inout FlatWriter, for slot: Int) {
    var metadata = extensionMetadata(field.type)
    metadata[ArrowFormat.sourceType] = field.sourceType
    let kind = kind(field.type)
    let table = flat.table([
      .reference, .byte(field.nullable ? 1 : 0), .byte(kind.rawValue), .reference, .absent, .reference,
      metadata.isEmpty ? .absent : .reference,
    ])
    flat.link(slot, to: table.position)
    flat.string(field.name, for: table[0])
    writeType(field.type, into: &flat, for: table[3])
    let children = children(field.type)
    for (child, slot) in zip(children, flat.references(children.count, for: table[5])) {
      write(child, into: &flat, for: slot)
    }
    if !metadata.isEmpty { write(metadata, into: &flat, for: table[6]) }
  }

  private static func children(_ type: DataType) -> [Field] {
    switch type {
    case .list(let element): [Field("item", element)]
    case .offsetTimestamp(let unit):
      [
        Field(ArrowFormat.OffsetTimestampField.timestamp, .timestamp(unit, zoned: true), nullable: false),
        Field(ArrowFormat.OffsetTimestampField.offset, .int16, nullable: false),
      ]
    default: []
    }
  }

  /// Key-value pairs, sorted, so that equal schemas give equal bytes.
  private static func write(_ pairs: [String: String], into flat: inout FlatWriter, for slot: Int) {
    let slots = flat.references(pairs.count, for: slot)
    for (pair, slot) in zip(pairs.sorted { $0.key < $1.key }, slots) {
      let table = flat.table([.reference, .reference])
      flat.link(slot, to: table.position)
      flat.string(pair.key, for: table[0])
      flat.string(pair.value, for: table[1])
    }
  }

  private static func extensionMetadata(_ type: DataType) -> [String: String] {
    let name: String
    switch type {
    case .uuid: name = ArrowFormat.Extension.uuid
    case .json: name = ArrowFormat.Extension.json
    case .numeric: name = ArrowFormat.Extension.numeric
    case .offsetTimestamp: name = ArrowFormat.Extension.offsetTimestamp
    default: return [:]
    }
    return [ArrowFormat.extensionName: name, ArrowFormat.extensionMetadata: ""]
  }

  private static func kind(_ type: DataType) -> ArrowFormat.Kind {
    switch type {
    case .bool: .bool
    case .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64: .int
    case .float32, .float64: .floatingPoint
    case .decimal: .decimal
    case .numeric, .text, .json: .utf8
    case .bytes: .binary
    case .date: .date
    case .time: .time
    case .timestamp: .timestamp
    case .offsetTimestamp: .structure
    case .interval: .interval
    case .uuid: .fixedSizeBinary
    case .list: .list
    }
  }

  /// The parameters of the type. Each is written even where it equals the default.
  private static func writeType(_ type: DataType, into flat: inout FlatWriter, for slot: Int) {
    var zone: Int?
    let table: FlatWriter.Table
    switch type {
    case .bool, .numeric, .text, .json, .bytes, .list, .offsetTimestamp: table = flat.table([])
    case .int8, .int16, .int32, .int64: table = flat.table([.int(type.bitWidth), .byte(1)])
    case .uint8, .uint16, .uint32, .uint64: table = flat.table([.int(type.bitWidth), .byte(0)])
    case .float32: table = flat.table([.short(1)])
    case .float64: table = flat.table([.short(2)])
    case .decimal(let precision, let scale):
      table = flat.table([.int(Int32(clamping: precision)), .int(Int32(clamping: scale)), .int(type.bitWidth)])
    case .date: table = flat.table([.short(0)])
    case .time(let unit): table = flat.table([.short(unit.arrow), .int(64)])
    case .timestamp(let unit, let zoned):
      table = flat.table([.short(unit.arrow), zoned ? .reference : .absent])
      zone = zoned ? table[1] : nil
    case .interval: table = flat.table([.short(ArrowFormat.IntervalUnit.monthDayNano)])
    case .uuid: table = flat.table([.int(16)])
    }
    flat.link(slot, to: table.position)
    if let zone { flat.string("UTC", for: zone) }
  }
}

extension DataType {
  /// Of a fixed layout, else 0.
  fileprivate var bitWidth: Int32 {
    if case .fixed(let width) = layout { Int32(width * 8) } else { 0 }
  }
}

extension TimeUnit {
  var arrow: Int16 { self == .microseconds ? ArrowFormat.Unit.microsecond : ArrowFormat.Unit.nanosecond }
}
