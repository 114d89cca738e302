/// How to read an Avro file.
public struct AvroReadOptions: Sendable {
  /// What the rows shall look like; the file's own schema when nil.
  public var schema: AvroSchema?
  /// How many levels of nested records become columns of their own, named `outer.inner`; deeper ones are JSON texts.
  public var flatten = 0

  public init(schema: AvroSchema? = nil, flatten: Int = 0) {
    self.schema = schema
    self.flatten = flatten
  }
}

/// How to write an Avro file.
public struct AvroWriteOptions: Sendable {
  /// What to write; made from the columns when nil.
  public var schema: AvroSchema?
  public var codec = AvroCodec.null
  /// The level of the codec's library; nil for its usual one.
  public var level: Int?
  public var conversion = AvroConversion()
  /// Pairs for the head of the file.
  public var metadata: [String: String] = [:]

  public init(schema: AvroSchema? = nil, codec: AvroCodec = .null) {
    self.schema = schema
    self.codec = codec
  }
}

/// How texts and other values become what a schema asks for: Kestra's properties of the writer.
public struct AvroConversion: Sendable {
  public var trueValues = ["t", "true", "enabled", "1", "on", "yes"]
  public var falseValues = ["f", "false", "disabled", "0", "off", "no", ""]
  public var nullValues = [
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "1.#IND", "1.#QNAN", "NA", "n/a", "nan", "null",
  ]
  public var dateFormat = "yyyy-MM-dd[XXX]"
  public var timeFormat = "HH:mm[:ss][.SSSSSS][XXX]"
  public var datetimeFormat = "yyyy-MM-dd'T'HH:mm[:ss][.SSSSSS][XXX]"
  public var decimalSeparator = "."
  /// Refuse values that have more fields than their record.
  public var strictSchema = false
  /// Numbers become the nearest float where the schema's type does not have all of their digits.
  public var roundFloats = false
  /// Texts that are one of `nullValues` are NULL wherever the schema allows NULL, not only where it has no text.
  public var coercesWords = false
  /// The zone of wall clocks that become instants, and the other way round.
  public var timeZone = "UTC"

  public init() {}
}
