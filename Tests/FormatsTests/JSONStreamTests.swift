import FerryTesting
import Foundation
import Records
import Testing

@testable import Formats

/// JSON of inputs that can be read once only: the schema is given, or grows with the rows.
struct JSONStreamTests {
  /// Some rows, each a line, and what is wrong with none of them.
  private static let streams: [(String, [String])] = [
    ("integers that become decimals", [#"{"a":1}"#, #"{"a":2}"#, #"{"a":3.25}"#, #"{"a":9007199254740993}"#]),
    ("numbers with exponents", [#"{"a":1}"#, #"{"a":1.5e3}"#, #"{"a":2e-2}"#, #"{"a":7}"#]),
    ("numbers that no type but text holds", [#"{"a":1}"#, #"{"a":1e400}"#, #"{"a":0.1}"#]),
    ("columns that come later", [#"{"a":1}"#, #"{"b":"x","a":2}"#, #"{"c":true}"#, #"{"b":null,"d":null}"#]),
    ("columns that begin with null", [#"{"n":null,"a":1}"#, #"{"a":2,"n":null}"#, #"{"n":5}"#, #"{"a":3}"#]),
    ("conflicting types", [#"{"a":1}"#, #"{"a":"1"}"#, #"{"a":[1,{"b":null}]}"#, #"{"a":true}"#, #"{"a":null}"#]),
    ("words", [#"{"a":true}"#, #"{"a":false}"#, #"{"a":"false"}"#]),
    ("nested values", [#"{"a":{"x":1}}"#, #"{"a":{"x":2.5}}"#, #"{"a":{"y":"z"}}"#]),
    ("values that are no objects", ["1", "2.5", "\"x\"", "[1]"]),
    ("no rows", []),
  ]

  /// What comes of the lines, however many bytes are read at a time.
  private func spooled(
    _ lines: [String], _ options: JSONReadOptions = JSONReadOptions(), known: Schema? = nil, bad: BadRows = BadRows()
  ) throws -> (schema: Schema, rows: [[String]]) {
    var options = options
    if options.misfit == .readAgain { options.misfit = .widen }
    let input = MemoryInput(Array(lines.map { $0 + "\n" }.joined().utf8), sizeIsKnown: false)
    let reader = try JSONReader(input, options, bad: bad, known: known)
    let folder = try TemporaryFolder()
    let spool = RowSpool("s", memory: 0) { folder.path }
    while let batch = try reader.next() { try spool.write(batch) }
    let output = MemoryOutput()
    let writer = try RecordFileWriter(output, schema: reader.schema)
    try spool.replay(to: writer, as: reader.schema)
    try writer.finish()
    #expect(try folder.files() == [])
    return (reader.schema, try texts(RecordFileReader(MemoryInput(output.bytes))))
  }

  /// A file of the same lines, read twice where it has to be.
  private func loaded(_ lines: [String], _ options: JSONReadOptions) throws -> (schema: Schema, rows: [[String]]) {
    var schema = Schema([])
    var output = MemoryOutput()
    _ = try WholeFile.load(
      open: { known, bad in
        try JSONReader(MemoryInput(Array(lines.map { $0 + "\n" }.joined().utf8)), options, bad: bad, known: known)
      },
      bad: { BadRows() },
      start: {
        schema = $0
        output = MemoryOutput()
        return try RecordFileWriter(output, schema: $0)
      })
    return (schema, try texts(RecordFileReader(MemoryInput(output.bytes))))
  }

  /// A number by its value, not by how many zeros stand behind it.
  private func plain(_ text: String) -> String {
    guard text.contains("."), Double(text) != nil, !text.contains("e") else { return text }
    var digits = Substring(text)
    while digits.last == "0" { digits.removeLast() }
    if digits.last == "." { digits.removeLast() }
    return String(digits)
  }

  @Test(arguments: streams.indices, [1, 7, 12, 1 << 20])
  func aStreamBecomesWhatAFileDoes(index: Int, readSize: Int) throws {
    let (name, lines) = Self.streams[index]
    for flatten in [0, 1] {
      var options = JSONReadOptions()
      options.flatten = flatten
      options.readSize = readSize
      options.layout = .lines
      let file = try loaded(lines, options)
      let stream = try spooled(lines, options)
      #expect(stream.schema == file.schema, "\(name)")
      let rows = (stream.rows.map { $0.map(plain) }, file.rows.map { $0.map(plain) })
      #expect(rows.0 == rows.1, "\(name)")
    }
  }

  @Test func whatDoesNotFitBeginsTheNextBatch() throws {
    var options = JSONReadOptions()
    options.misfit = .widen
    options.readSize = 8
    let lines = "{\"a\":1}\n{\"a\":2}\n{\"a\":2.5}\n{\"a\":3}\n{\"a\":4,\"b\":\"x\"}\n"
    let reader = try JSONReader(MemoryInput(Array(lines.utf8), sizeIsKnown: false), options)
    #expect(reader.schema.fields.isEmpty)
    var seen: [String] = []
    while let batch = try reader.next() {
      let columns = batch.schema.fields.map { "\($0.name) \($0.type.name)" }
      seen.append("\(columns) \(AvroFiles.texts(batch))")
    }
    #expect(
      seen == [
        #"["a int64"] [["1"], ["2"]]"#, #"["a decimal(38,1)"] [["2.5"], ["3.0"]]"#,
        #"["a decimal(38,1)", "b text"] [["4.0", "x"]]"#,
      ])
    #expect(reader.rowCount == 5)
  }

  // MARK: a schema that is given

  private static let given = Schema([
    Field("id", .int32), Field("day", .date), Field("name", .text), Field("price", .decimal(precision: 5, scale: 2)),
  ])

  @Test func aGivenSchemaComesFirstAndGrows() throws {
    let lines = [
      #"{"name":5,"id":1,"day":"2024-02-29","price":1.5}"#, #"{"id":3000000000,"price":null}"#,
      #"{"id":2,"day":"soon","more":true,"price":1.125}"#, #"{"id":"4000000000","day":null,"name":{"x":1}}"#,
    ]
    for readSize in [1, 30, 1 << 20] {
      var options = JSONReadOptions()
      options.readSize = readSize
      let found = try spooled(lines, options, known: Self.given)
      #expect(
        found.schema.fields.map { "\($0.name) \($0.type.name)" } == [
          "id int64", "day text", "name text", "price decimal(38,3)", "more bool",
        ])
      #expect(
        found.rows == [
          ["1", "2024-02-29", "5", "1.500", "∅"], ["3000000000", "∅", "∅", "∅", "∅"],
          ["2", "soon", "∅", "1.125", "true"], ["4000000000", "∅", #"{"x":1}"#, "∅", "∅"],
        ])
    }
  }

  @Test func aGivenSchemaThatStaysRefusesRows() throws {
    let lines = [
      #"{"id":1,"day":"2024-02-29"}"#, #"{"id":3000000000}"#, #"{"id":2,"more":null}"#, #"{"id":3,"more":true}"#,
      #"{"id":4,"more":1,"day":"soon"}"#, #"{"id":5}"#,
    ]
    for readSize in [1, 30, 1 << 20] {
      var options = JSONReadOptions()
      options.misfit = .refuse
      options.readSize = readSize
      var reasons: [String] = []
      let bad = BadRows(.warn, warn: { reasons.append($0) })
      let found = try spooled(lines, options, known: Self.given, bad: bad)
      #expect(found.schema == Self.given)
      #expect(found.rows.map { $0[0] } == ["1", "2", "5"])
      #expect(
        reasons == [
          "reading line 2 (byte 28) of 'memory': column 'id': the value is out of the range of the type int32",
          "reading line 4 (byte 67) of 'memory': the schema has no column 'more'",
          "reading line 5 (byte 88) of 'memory': column 'day': the value is not a value of the type date",
        ])
      options.leavesOutOtherMembers = true
      let most = try spooled(lines, options, known: Self.given, bad: BadRows(.skip))
      #expect(most.rows.map { $0[0] } == ["1", "2", "3", "5"])
    }
  }

  // MARK: memory

  @Test func manyRowsGoThroughFiles() throws {
    let count = 60_000
    let folder = try TemporaryFolder()
    let spool = RowSpool("rows", memory: 100_000) { folder.path }
    var options = JSONReadOptions()
    options.misfit = .widen
    options.readSize = 1 << 16
    let lines = (0..<count).map { row in
      row == count - 1 ? #"{"v":"end","i":\#(row)}"# : #"{"v":\#(row % 2 == 0 ? "\(row)" : "\(row).5"),"i":\#(row)}"#
    }
    let reader = try JSONReader(MemoryInput(Array(lines.joined(separator: "\n").utf8), sizeIsKnown: false), options)
    while let batch = try reader.next() { try spool.write(batch) }
    #expect(try folder.files().count > 0)
    let output = MemoryOutput()
    let writer = try RecordFileWriter(output, schema: reader.schema)
    var calls = 0
    try spool.replay(to: writer, as: reader.schema) { calls += 1 }
    try writer.finish()
    #expect(calls > 1)
    let rows = try texts(RecordFileReader(MemoryInput(output.bytes)))
    #expect(reader.schema.fields.map(\.type) == [.json, .int64])
    #expect(rows.count == count && rows.map { $0[1] } == (0..<count).map { "\($0)" })
    #expect(rows[3][0] == "3.5" && rows[count - 1][0] == "\"end\"")
  }

  @Test func aSpoolThatIsDroppedLeavesNothing() throws {
    let folder = try TemporaryFolder()
    do {
      let spool = RowSpool("rows", memory: 0) { folder.path }
      try spool.write(AvroFiles.batch([Field("v", .int32)], [["1"]]))
      try spool.write(AvroFiles.batch([Field("v", .int64)], [["1"]]))
      #expect(try folder.files().count > 0 && spool.rowCount == 2)
    }
    #expect(try folder.files() == [])
  }
}
