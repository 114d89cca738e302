import FerryTesting
import Foundation
import Testing

/// Drivers and data sources by name, and what is said of those that are not there. In a process of its own: the driver
/// manager looks at its folder once.
@Suite struct MissingDriverTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try write(
      "odbcinst.ini",
      """
      [Good SQLite]
      Driver = \(Drivers.sqlite)
      [Broken]
      Driver = /nowhere/libbroken.so

      """)
    try write("odbc.ini", "[shop]\nDriver = Good SQLite\nDatabase = \(folder.path)/shop.db\n")
  }

  private func write(_ name: String, _ text: String) throws {
    try text.write(toFile: "\(folder.path)/\(name)", atomically: true, encoding: .utf8)
  }

  /// What a flow with one query says.
  private func run(_ url: String) throws -> String {
    try write(
      "flow.yaml",
      """
      id: one
      namespace: test
      tasks:
        - {id: read, type: jdbc.odbc.Query, url: "\(url)", sql: SELECT 1 AS one, fetchType: FETCH}

      """)
    return try FerryProcess.run("\(folder.path)/flow.yaml", home: folder, ["ODBCSYSINI": folder.path]).output
  }

  @Test(arguments: ["Driver=Good SQLite;Database=:memory:", "DSN=shop", "jdbc:odbc:shop", "odbc:DSN=shop"])
  func namesAreFound(_ url: String) throws {
    let said = try run(url)
    #expect(said.contains("SUCCESS"), "\(said)")
  }

  @Test func missingOnesAreExplained() throws {
    let driver = try run("Driver=PostgreSQL Unicode;Server=db")
    #expect(
      driver.contains("there is no ODBC driver 'PostgreSQL Unicode': \(folder.path)/odbcinst.ini has"), "\(driver)")
    #expect(driver.contains("'Good SQLite'") && driver.contains("odbc-postgresql"), "\(driver)")
    let source = try run("DSN=nothing")
    #expect(source.contains("there is no ODBC data source 'nothing': looked for it in"), "\(source)")
    #expect(source.contains("\(folder.path)/odbc.ini"), "\(source)")
    let broken = try run("Driver=Broken;Server=db")
    #expect(
      broken.contains("the library '/nowhere/libbroken.so' of the driver 'Broken'")
        && broken.contains("cannot be loaded"),
      "\(broken)")
    let none = try run("jdbc:odbc:Server=db;Database=x")
    #expect(none.contains("it names neither a driver nor a data source"), "\(none)")
  }
}
