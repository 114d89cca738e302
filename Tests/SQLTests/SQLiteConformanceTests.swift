import Expression
import FerryTesting
import Foundation
import Records
import SQLite
import Testing

/// SQLite against the suite that every database passes, its values looked at by Python's own SQLite module.
final class SQLiteDatabase: TestedDatabase {
  typealias Driver = SQLite
  private let folder: TemporaryFolder
  let storage: String

  init() throws {
    folder = try TemporaryFolder()
    storage = folder.path + "/storage"
  }

  private var path: String { folder.path + "/test.db" }
  let product = TestedProduct.sqlite
  var place: TestedProduct.Place { TestedProduct.Place(file: path) }
  var connection: ValueMap { ["url": .string("jdbc:sqlite:\(path)")] }

  let storedTypes = [
    "BOOLEAN", "INTEGER", "DOUBLE", "DECIMAL(10, 2)", "NUMERIC", "VARCHAR(5)", "TEXT", "BLOB", "DATE", "TIMESTAMP",
    "TIMESTAMPTZ", "DATETIMEOFFSET", "TIME", "UUID", "JSON", "",
  ]
  let differences: [Difference] = [
    Difference(.extremes, type: "decimal(38,10)", "a numeric column of SQLite keeps 15 digits: more are refused"),
    Difference(.bothRoads, type: "decimal(38,10)", "a numeric column of SQLite keeps 15 digits: more are refused"),
    Difference(.ranges, "SQLite has one integer type of 64 bits: nothing is out of a smallint's range"),
  ]

}

@Suite(.serialized) struct SQLiteConformanceTests {
  @Test(arguments: ConformanceCheck.allCases) func conforms(_ check: ConformanceCheck) async throws {
    try await DatabaseConformance(SQLiteDatabase()).run(check)
  }
}
