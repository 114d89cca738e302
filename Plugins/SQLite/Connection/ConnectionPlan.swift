internal import Records
internal import SQL

/// What to open and how: `jdbc:sqlite:/path/file.db?busy_timeout=5000`, `jdbc:sqlite::memory:`, `jdbc:sqlite:`.
struct ConnectionPlan {
  var path: String
  var isReadOnly = false
  /// In milliseconds.
  var busyTimeout: Int32 = 15_000
  var pragmas: [(name: String, value: String)] = []

  private static let known = [
    "foreign_keys", "journal_mode", "synchronous", "cache_size", "temp_store", "locking_mode",
  ]

  init(_ url: JDBCURL) throws {
    path = url.database ?? ":memory:"
    for parameter in url.parameters { try set(parameter.name, parameter.value) }
  }

  private mutating func set(_ name: String, _ value: String) throws {
    let isWord =
      !value.isEmpty
      && value.utf8.allSatisfy { $0 == 45 || $0 == 95 || $0 &- 48 < 10 || ($0 | 32) &- 97 < 26 }
    switch name.lowercased() {
    case "busy_timeout": busyTimeout = Int32(value) ?? busyTimeout
    case "mode", "open_mode": isReadOnly = value == "ro" || value == "1"
    case let pragma where ConnectionPlan.known.contains(pragma) && isWord: pragmas.append((pragma, value))
    default:
      throw Failure(
        .configuration, "the url sets '\(name)', which is not a parameter of SQLite's or has no plain value",
        hint: "Known are busy_timeout, mode, \(ConnectionPlan.known.joined(separator: ", "))")
    }
  }

  /// The last part of the path, for a copy of the database.
  var fileName: String {
    let name = path.split(separator: "/").last.map(String.init) ?? ""
    return name.isEmpty || name.hasPrefix(":") || name.hasPrefix(".") ? "database.sqlite" : name
  }
}
