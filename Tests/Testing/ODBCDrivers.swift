/// The ODBC drivers of the tests, by the paths of their libraries: no file of the machine has to know them.
package enum Drivers {
  private static let folder = "/usr/lib/\(machine)-linux-gnu/odbc"

  private static var machine: String {
    #if arch(arm64)
    "aarch64"
    #else
    "x86_64"
    #endif
  }

  package static let postgreSQL = "\(folder)/psqlodbcw.so"
  package static let mariaDB = "\(folder)/libmaodbc.so"
  package static let sqlite = "\(folder)/libsqlite3odbc.so"
  package static let freeTDS = "\(folder)/libtdsodbc.so"

  /// Microsoft's comes with PyPI's mssql-python.
  package static let microsoft: String = {
    let script = """
      import glob, importlib.util, json, os, platform
      root = importlib.util.find_spec("mssql_python_odbc").submodule_search_locations[0]
      found = glob.glob(f"{root}/libs/linux/debian_ubuntu/{platform.machine()}/lib/libmsodbcsql*")
      print(json.dumps([[found[0]]]))
      """
    return (try? Python.rows(script, []).first?.first ?? nil) ?? "missing"
  }()
}
