internal import CODBC
internal import Glibc
internal import Records

/// Where the driver manager finds a driver: by the path of its library, by its entry in odbcinst.ini, or by a data
/// source in odbc.ini that names one of these.
struct DriverLibrary: Sendable {
  /// As the url has it, or the data source.
  let name: String
  /// The data source, where the url names one.
  let source: String?
  /// Nil where no file says it.
  let path: String?
  /// The data source is nowhere.
  private let isUnknownSource: Bool

  init(driver: String?, source: String?) {
    self.source = driver == nil ? source : nil
    let named = driver ?? source.flatMap { DriverLibrary.entry($0, "Driver", of: "odbc.ini") }
    isUnknownSource = named == nil
    name = named ?? source ?? ""
    guard let named else {
      path = nil
      return
    }
    path =
      named.contains("/")
      ? named
      : DriverLibrary.entry(named, "Driver64", of: "odbcinst.ini")
        ?? DriverLibrary.entry(named, "Driver", of: "odbcinst.ini")
  }

  /// A value of an INI file, looked up as the driver manager does it: the user's files, then the system's.
  private static func entry(_ section: String, _ key: String, of file: String) -> String? {
    var text = [CChar](repeating: 0, count: 4_096)
    let length = unsafe SQLGetPrivateProfileString(section, key, "", &text, Int32(text.count), file)
    guard length > 0 else { return nil }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Its name without a folder, for messages.
  var file: String { name.split(separator: "/").last.map(String.init) ?? name }

  /// Whether the data source has a value.
  func sourceHas(_ key: String) -> Bool { source.map { DriverLibrary.entry($0, key, of: "odbc.ini") != nil } ?? false }

  /// The drivers that have an entry.
  private static var installed: [String] {
    var text = [CChar](repeating: 0, count: 32_768)
    var length: UInt16 = 0
    guard unsafe SQLGetInstalledDrivers(&text, UInt16(text.count - 1), &length) != 0 else { return [] }
    return text.prefix(Int(length)).split(separator: 0).map { name in
      String(decoding: name.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
  }

  /// Whether the driver has functions for UTF-16.
  var hasWideFunctions: Bool {
    guard let path else { return true }
    return unsafe ferry_odbc_has_wide_functions(path) != 0
  }

  // MARK: what is missing

  /// What a driver manager means that finds no driver: what is missing, and where it was looked for. Nil for any other
  /// error.
  func explained(_ error: DatabaseError, _ doing: String) -> Failure? {
    let isMissing = ["IM002", "IM003", "IM012", "IM013"].contains(error.state)
    guard isMissing || error.text.contains("Can't open lib") else { return nil }
    let message: String
    if isUnknownSource {
      let files = DriverLibrary.sourceFiles.joined(separator: " and ")
      message = "there is no ODBC data source '\(name)': looked for it in \(files)"
    } else if let path {
      let from = path == name ? "" : " of the driver '\(name)' (\(DriverLibrary.driverFile))"
      let reason = unsafe ferry_odbc_load_problem(path).map { unsafe String(cString: $0) } ?? error.text
      message = "the library '\(path)'\(from) cannot be loaded: \(reason)"
    } else {
      let known = DriverLibrary.installed
      let list = known.isEmpty ? "has no drivers" : "has \(known.map { "'\($0)'" }.joined(separator: ", "))"
      message =
        "there is no ODBC driver '\(name)': \(DriverLibrary.driverFile) \(list)"
    }
    return Failure(.configuration, "\(doing): \(message)", hint: advice, code: error.state, retryIsSafe: true)
  }

  private static var folder: String { variable("ODBCSYSINI") ?? "/etc" }
  private static var driverFile: String { "\(folder)/\(variable("ODBCINSTINI") ?? "odbcinst.ini")" }
  private static var sourceFiles: [String] {
    [variable("ODBCINI") ?? variable("HOME").map { "\($0)/.odbc.ini" }, "\(folder)/odbc.ini"].compactMap { $0 }
  }

  private static func variable(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    let text = unsafe String(cString: value)
    return text.isEmpty ? nil : text
  }

  /// By words in the driver's name: the packages that bring it.
  private static let packages: [(word: String, package: String)] = [
    ("postgres", "odbc-postgresql (Debian)"), ("psqlodbc", "odbc-postgresql (Debian)"),
    ("maria", "odbc-mariadb (Debian)"), ("maodbc", "odbc-mariadb (Debian)"), ("mysql", "odbc-mariadb (Debian)"),
    ("sqlite", "libsqliteodbc (Debian)"), ("freetds", "tdsodbc (Debian)"), ("tdsodbc", "tdsodbc (Debian)"),
    ("sql server", "msodbcsql18 (Microsoft's package repository) or tdsodbc (Debian)"),
    ("msodbcsql", "msodbcsql18 (Microsoft's package repository)"),
    ("ingres", "Actian's client package for Vector"), ("actian", "Actian's client package for Vector"),
    ("vector", "Actian's client package for Vector"),
  ]

  private var advice: String {
    if isUnknownSource { return "Write Driver=/path/of/the/driver.so;… in the url, or add the data source" }
    let words = name.lowercased()
    let package = DriverLibrary.packages.first { words.contains($0.word) }?.package
    let install = package.map { "Install \($0)" } ?? "Install the driver's package"
    return path == nil ? "\(install), or write Driver=/path/of/the/driver.so in the url" : install
  }
}
