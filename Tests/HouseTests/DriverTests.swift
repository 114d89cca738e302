import Foundation
import Testing

/// Who knows one driver finds the way in all: the same folders, the same names for the same roles.
@Suite struct DriverRoleTests {
  /// A row of the table of roles in `docs/writing-a-plugin.md`. `X` stands for the driver's name.
  struct Role {
    let path: String
    let type: String

    func path(of driver: String) -> String { path.replacing("/X", with: "/" + driver) }
    func type(of driver: String) -> String { type.first == "X" ? driver + type.dropFirst() : type }
  }

  /// The folders whose `Driver.swift` declares a database.
  private func drivers() throws -> [String] {
    try Repository.folders(in: "Plugins").filter { name in
      Repository.product.contains { $0.path == "Plugins/\(name)/Driver.swift" && $0.text.contains(": SQLDriver") }
    }
  }

  private func roles() throws -> [Role] {
    let row = /^\| `(?<path>[A-Za-z\/]+\.swift)` \| (`(?<type>[A-Za-z]+)`)? *\|/
    return try Repository.text(of: "docs/writing-a-plugin.md").split(separator: "\n").compactMap { line in
      line.firstMatch(of: row).map { Role(path: String($0.path), type: $0.type.map(String.init) ?? "") }
    }
  }

  private func files(of driver: String) -> [Source] {
    Repository.product.filter { $0.path.hasPrefix("Plugins/\(driver)/") }
  }

  @Test func everyDriverIsFound() throws {
    #expect(try drivers().isEmpty == false)
    #expect(try roles().count > 10)
    for file in Repository.product where file.code.joined(separator: "\n").contains(/enum \w+: SQLDriver/) {
      #expect(file.path.hasSuffix("/Driver.swift"), "\(file.path) declares a driver: that belongs into Driver.swift")
    }
  }

  @Test func everyRoleHasItsFile() throws {
    for driver in try drivers() {
      for role in try roles() {
        let path = "Plugins/\(driver)/" + role.path(of: driver)
        let file = Repository.product.first { $0.path == path }
        #expect(file != nil, "the role '\(role.path)' is missing: \(path)")
        guard let file, !role.type.isEmpty else { continue }
        let type = role.type(of: driver)
        #expect(file.declaredTypes.contains(type), "\(path) does not declare '\(type)'")
      }
    }
  }

  /// A database that no suite has proven is none.
  @Test func everyDatabaseHasItsSuite() throws {
    let suites = Repository.tests.map { $0.code.joined(separator: "\n") }.filter { $0.contains("DatabaseConformance(") }
    for file in Repository.product {
      for match in file.code.joined(separator: "\n").matches(of: /enum (?<name>\w+): SQLDriver/) {
        let name = match.name
        let isRun = suites.contains {
          $0.contains("typealias Driver = \(name)\n") || $0.contains("Database<\(name)>()")
        }
        #expect(isRun, "\(file.path): no test runs DatabaseConformance for '\(name)'")
      }
    }
  }

  @Test func foldersAreTheSame() throws {
    let known: Set = ["Connection", "Types", "Read", "Load", "Tasks"]
    for driver in try drivers() {
      for file in files(of: driver) {
        let parts = file.path.split(separator: "/").dropFirst(2)
        let isKnown = parts.count == 1 ? ["Plugin.swift", "Driver.swift"].contains(parts.last) : parts.count == 2
        #expect(isKnown && (parts.count == 1 || known.contains(String(parts.first ?? ""))), "\(file.path)")
      }
    }
  }

  /// What two modules call by one name where a reader meets both is one role.
  @Test func namesMeanOneThing() throws {
    let roles = Set(try roles().map(\.type))
    // Beside the roles: who interrupts, where a library needs somebody.
    let shared = roles.union(["Interrupter"])
    var owner: [String: String] = [:]
    let drivers = try drivers()
    for file in Repository.product {
      let parts = file.path.split(separator: "/").map(String.init)
      let isFloor = parts[0] == "Core" && parts[1] != "Command" || parts[1] == "SQL"
      guard isFloor || drivers.contains(parts[1]) else { continue }
      for type in file.declaredTypes where !shared.contains(type) {
        let other = owner.updateValue(parts[1], forKey: type)
        let isOne = other == nil || other == parts[1] || isFloor && !drivers.contains(other ?? "")
        #expect(isOne, "\(file.path): '\(type)' is something else in \(other ?? "")")
      }
    }
  }
}

extension Source {
  var text: String { lines.joined(separator: "\n") }

  /// What the file declares at its top level and does not keep to itself.
  var declaredTypes: [String] {
    code.compactMap { line in
      let type = /^(@\w+ )*(public |package |internal )?(final )?(class|struct|enum|protocol|actor) (?<name>\w+)/
      return line.firstMatch(of: type).map { String($0.name) }
    }
  }
}
