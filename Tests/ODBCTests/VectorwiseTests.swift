import Expression
import FerryTesting
import Foundation
import Records
import SQL
import Testing

@testable import Engine
@testable import ODBC

/// The driver that lies, on top of SQLite's: see Tests/LyingODBC.
enum LyingDriver {
  static let path: String = {
    setenv("FERRY_LYING_REAL", Drivers.sqlite, 1)
    // Beside the test bundle.
    let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path
    let named = ProcessInfo.processInfo.environment["FERRY_LYING_ODBC"]
    return named ?? "\(folder)/libLyingODBC.so"
  }()
}

/// What Ferry knows of Actian Vector, on a database that only calls itself so: SQLite below a driver that lies.
final class VectorwiseDatabase: TestedDatabase {
  typealias Driver = Vectorwise

  private let folder: TemporaryFolder
  /// Where files for COPY … VWLOAD lie; nil: rows go as parameters.
  let exchange: TemporaryFolder?
  let storage: String
  private let lies: String

  init(bulk: Bool = false, _ lies: String...) throws {
    folder = try TemporaryFolder()
    storage = folder.path + "/storage"
    exchange = bulk ? try TemporaryFolder() : nil
    self.lies = (["vectorwise"] + lies).joined(separator: "+")
  }

  private var path: String { folder.path + "/test.db" }
  var connection: ValueMap {
    let driver = "Driver=\(LyingDriver.path);Lies=\(lies);BigInt=1;StepAPI=1"
    let url: ValueMap = ["url": .string("jdbc:ingres://localhost:VW7/\(path);\(driver)")]
    return exchange.map { url.merging(["bulkFolder": .string($0.path)]) } ?? url
  }

  let product = TestedProduct.sqlite
  var place: TestedProduct.Place { TestedProduct.Place(file: path) }

  func columnType(_ type: DataType) -> String? {
    switch type {
    case .bool: "bit"
    case .int16, .int32, .int64: "BIGINT"
    case .text: "TEXT"
    case .float64: "DOUBLE"
    case .date: "DATE"
    default: nil
    }
  }

  let differences: [Difference] = [
    Difference(.ranges, "SQLite has one integer type of 64 bits: nothing is out of a smallint's range"),
    Difference(.extremes, type: "float64", "the driver below gives 15 digits of a double"),
    Difference(.rollback, "the errors are SQLite's, with numbers that Vector has not"),
    Difference(.commitChunk, "the errors are SQLite's, with numbers that Vector has not"),
  ]
  let storedTypes = ["INTEGER", "TEXT", "DATE"]
}

@Suite(.serialized) struct VectorwiseTests {
  @Test(arguments: ConformanceCheck.allCases) func conforms(_ check: ConformanceCheck) async throws {
    try await DatabaseConformance(VectorwiseDatabase()).run(check)
  }

  /// Kestra's URLs as Actian's connection strings.
  @Test(arguments: [
    ("jdbc:ingres://db:VW7/shop", nil, "Driver=Ingres;ServerType=Ingres;Server={@db,tcp_ip,VW};Database=shop;"),
    (
      "jdbc:actian://db:II7/shop;GROUP=g", nil,
      "Driver=Ingres;ServerType=Ingres;Server={@db,tcp_ip,II};Database=shop;GROUP=g;"
    ),
    ("jdbc:ingres://db:27832/shop", "V1", "Driver=Ingres;ServerType=Ingres;Server={@db,tcp_ip,V1};Database=shop;"),
    (
      "jdbc:ingres://db:AB7/shop;UID=u;PWD={p;w}", nil,
      "Driver=Ingres;ServerType=Ingres;Server={@db,tcp_ip,AB};Database=shop;UID=u;PWD={p;w};"
    ),
  ]) func urls(_ url: String, _ address: String?, _ expected: String) throws {
    let settings = try ConnectionSettings(for: Vectorwise.self, url: url)
    var options = VectorwiseOptions()
    options.listenAddress = address
    let plan = try ConnectionPlan(vector: settings, options)
    #expect(plan.connectionString == expected)
    #expect(!Vectorwise.place(of: url).contains("p;w"))
    #expect(!plan.server.contains("p;w"))
  }

  /// The type table of the reference: what each of Vector's types is read as.
  @Test func types() throws {
    let database = try VectorwiseDatabase()
    let values: [(name: String, text: String, type: DataType)] = [
      ("ingresdate", "2024-02-29 10:00:00", .timestamp(.microseconds, zoned: false)),
      ("ansidate", "2024-02-29", .date),
      ("timestamp_without", "2024-02-29 10:00:00", .timestamp(.microseconds, zoned: false)),
      ("timestamp_with", "2024-02-29 10:00:00", .timestamp(.microseconds, zoned: true)),
      ("time_without", "10:00:00", .time(.microseconds)), ("time_with", "10:00:00+02:00", .text),
      ("interval_ytom", "2007-10", .text), ("interval_dtos", "4 00:00:00.000000", .text), ("boolean", "1", .bool),
      ("uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", .uuid), ("ipv4", "10.0.0.1", .text), ("ipv6", "::1", .text),
    ]
    let list = values.enumerated().map { "'\($1.text)' AS \($1.name)__\($0)" }.joined(separator: ", ")
    let properties = database.connection.merging(["sql": .string("SELECT \(list)"), "fetchType": "STORE"])
    let outputs = try SQLQuery<Vectorwise>.runAlone(properties, storage: database.storage).outputs
    let batch = try batch(of: outputs, database.storage)
    for (index, value) in values.enumerated() {
      let field = batch.schema.fields[index]
      #expect(field.type == value.type, "\(field.name)")
      let expected = try Samples.texts(
        Coercion(from: .text, to: LoadTarget(value.type), name: "v").apply(
          Samples.column(.text, [value.text]), firstRow: 1))
      #expect(Samples.texts(batch.columns[index]) == expected, "\(field.name)")
    }
  }

  private func batch(of outputs: ValueMap, _ storage: String) throws -> RecordBatch {
    let uri = try StorageReference(property: outputs["uri"] ?? .null)
    return try TaskContext.alone(storage: storage) { context in
      try #require(try context.openRecords(uri).next())
    }
  }
}
