public import Engine
internal import Expression
public import Formats
internal import Records

extension AvroCodec: PropertyChoice {}

/// What columns of JSON become in Avro.
enum AvroJSONForm: String, PropertyChoice {
  /// Strings that hold the JSON; Ferry reads them back as it was.
  case text
  /// Records, arrays and scalars, as far as the values of all rows have them in common.
  case record
}

struct AvroReaderTask: FerryTask {
  static let info = TaskInfo(
    "serdes.avro.AvroReader", aliases: ["serdes.avro.AvroToIon"], "Reads an Avro file into a record file.",
    details: """
      All codecs of the specification are read: null, deflate, snappy, zstandard, bzip2 and xz. Every field of the \
      record becomes a column of its logical type. Arrays of scalars become lists; maps, records and unions of several \
      types become JSON. A file whose schema is no record becomes one column, `value`. With `schema`, the file is \
      read as the rules of schema resolution say: defaults, promotions, aliases. The file as a whole may be packed \
      with gzip or zstd.

      A record with a value that its type does not allow is a bad row. So are those of a block that cannot be found in \
      damaged bytes; reading goes on behind the next mark between blocks.
      """,
    outputs: FormatLoad.outputs,
    example: """
      id: orders
      type: io.kestra.plugin.serdes.avro.AvroToIon
      from: "file:///data/orders.avro"
      onBadLines: REJECT
      """)
  @Property("The Avro file.") var from: StorageReference
  @Property("The schema to read the file as: JSON, or the URI of an .avsc file.") var schema: Value?
  @Property("Levels of nested records that become columns of their own, named outer.inner.", .range(0...100))
  var flatten =
    0
  @Property("What becomes of records with values that their types do not allow.") var onBadLines = OnBadLines.error
  @Property("More bad records than that stop the task.", .range(0...Int.max)) var maxBadLines: Int?

  func run(_ context: TaskContext) throws -> ValueMap {
    let options = AvroReadOptions(schema: try AvroProperties.schema(schema, context), flatten: flatten)
    return try FormatLoad.run(context, policy: onBadLines, limit: maxBadLines) { _, bad in
      try AvroReader(context.open(from), options, bad: bad)
    }
  }
}

/// The properties that the writer and the inference of a schema have in common.
struct AvroConversionProperties: Declaring, Decodable {
  @Property(
    "Rows that are looked at for a schema.", .unused("the types are the record file's; what is looked at is all"))
  var numberOfRowsToScan = 100
  @Property("What columns of JSON become where no schema says it.") var jsonAs = AvroJSONForm.text
  @Property(
    "Texts that are one of nullValues are NULL wherever the schema allows it; without a schema, text columns that hold "
      + "only these and words for true and false are booleans.")
  var inferAllFields = false
  @Property("Texts for true, in any case.") var trueValues = AvroConversion().trueValues
  @Property("Texts for false, in any case.") var falseValues = AvroConversion().falseValues
  @Property("Texts that are NULL where the schema's type is no text.") var nullValues = AvroConversion().nullValues
  @Property("Pattern of dates in texts.") var dateFormat = AvroConversion().dateFormat
  @Property("Pattern of times of day in texts.") var timeFormat = AvroConversion().timeFormat
  @Property("Pattern of timestamps in texts.") var datetimeFormat = AvroConversion().datetimeFormat
  @Property("What stands before the fraction of numbers in texts.") var decimalSeparator = "."
  @Property("Whether numbers become the nearest float where the schema's type does not have all of their digits.")
  var roundFloats = false
  @Property("Whether columns and fields that the schema does not have are an error.") var strictSchema = false
  @Property("The zone of wall clocks that become instants; UTC without.") var timeZoneId: String?

  var conversion: AvroConversion {
    var conversion = AvroConversion()
    conversion.trueValues = trueValues
    conversion.falseValues = falseValues
    conversion.nullValues = nullValues
    conversion.dateFormat = dateFormat
    conversion.timeFormat = timeFormat
    conversion.datetimeFormat = datetimeFormat
    conversion.decimalSeparator = decimalSeparator
    conversion.strictSchema = strictSchema
    conversion.coercesWords = inferAllFields
    conversion.roundFloats = roundFloats
    conversion.timeZone = timeZoneId ?? "UTC"
    return conversion
  }
}

struct AvroWriterTask: FerryTask {
  static let info = TaskInfo(
    "serdes.avro.AvroWriter", aliases: ["serdes.avro.IonToAvro"], "Writes a record file as an Avro file.",
    details: """
      Without a schema, one is made from the columns; nothing is lost then. With a schema, values become its types: \
      a union's branch is the one of the value's own type, else one of its kind, else the first that it becomes. \
      Nothing is rounded or cut off: a value that does not fit makes its record a bad row. A float takes a number \
      whose digits its own shortest text has; `roundFloats` takes the nearest float. A text becomes the nearest float.
      """,
    outputs: FormatStore.outputs + [
      TaskOutput("rejected", .uri, "With onBadLines REJECT: a record file of the bad rows.")
    ],
    example: """
      id: avro
      type: io.kestra.plugin.serdes.avro.IonToAvro
      from: "{{ outputs.query.uri }}"
      codec: deflate
      """)
  @Property("The record file.") var from: StorageReference
  @Property("The schema: JSON, or the URI of an .avsc file; made from the columns without.") var schema: Value?
  @PropertyGroup var properties = AvroConversionProperties()
  @Property("The compression of the blocks.") var codec = AvroCodec.null
  @Property("The compression's level; its library's usual one without.", .range(0...22)) var level: Int?
  @Property("What becomes of rows that do not fit the schema.") var onBadLines = OnBadLines.error
  @Property("More bad rows than that stop the task.", .range(0...Int.max)) var maxBadLines: Int?

  func run(_ context: TaskContext) throws -> ValueMap {
    var options = AvroWriteOptions(codec: codec)
    options.level = level
    options.conversion = properties.conversion
    options.schema =
      try AvroProperties.schema(schema, context)
      ?? AvroSchema(AvroProperties.infer(context.openRecords(from).schema, from, properties, context))
    return try FormatStore.run(context, from, name: "data.avro", policy: onBadLines, limit: maxBadLines) {
      try AvroWriter($0, schema: $1, options, bad: $2)
    }
  }
}

struct InferAvroSchemaTask: FerryTask {
  static let info = TaskInfo(
    "serdes.avro.InferAvroSchemaFromIon", "Writes the Avro schema that a record file would get.",
    details: "It is the schema that AvroWriter uses when it is given none.",
    outputs: [TaskOutput("uri", .uri, "The schema, an .avsc file.")],
    example: """
      id: schema
      type: io.kestra.plugin.serdes.avro.InferAvroSchemaFromIon
      from: "{{ outputs.query.uri }}"
      """)
  @Property("The record file.") var from: StorageReference
  @PropertyGroup var properties = AvroConversionProperties()

  func run(_ context: TaskContext) throws -> ValueMap {
    let schema = try context.openRecords(from).schema
    let stored = try context.create("schema.avsc")
    let text = try AvroProperties.infer(schema, from, properties, context)
    try stored.write(text: text)
    try stored.commit()
    return ["uri": .string(stored.uri)]
  }
}

/// Reads what the tasks have in common.
enum AvroProperties {
  /// A schema is JSON, as a text or as YAML's own lists and maps, or the URI of a file that holds it.
  static func schema(_ value: Value?, _ context: TaskContext) throws -> AvroSchema? {
    switch value?.unmarked {
    case nil, .null?: return nil
    case .string(let text)?:
      let first = text.first { !$0.isWhitespace }
      guard first != "{", first != "[", first != "\"", text.contains(":/") else { return try AvroSchema(text) }
      return try AvroSchema(read(StorageReference(property: .string(text)), context))
    case let value?: return try AvroSchema(value.json())
    }
  }

  private static func read(_ reference: StorageReference, _ context: TaskContext) throws -> String {
    let input = try context.open(reference)
    var bytes = [UInt8](repeating: 0, count: AvroSchema.Bound.text + 1)
    let count = try input.readFully(into: &bytes)
    return String(decoding: bytes[..<count], as: UTF8.self)
  }

  static func infer(
    _ schema: Schema, _ from: StorageReference, _ properties: AvroConversionProperties, _ context: TaskContext
  ) throws -> String {
    var inference = AvroInference()
    let check = { _ = try context.checkCancelled() }
    if properties.inferAllFields {
      try inference.findBooleans(in: context.openRecords(from), properties.conversion, progress: check)
    }
    if properties.jsonAs == .record {
      try inference.findStructures(in: context.openRecords(from), progress: check)
    }
    return try inference.schema(for: schema)
  }
}
