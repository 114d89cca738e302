internal import Engine

/// What is known of a driver beyond what it says of itself: each line was found by trying.
struct DriverTraits: Sendable {
  /// For the connection string, in front of what the flow writes: the flow's own values count more.
  var defaults: [(name: String, value: String)] = []
  /// How texts go to the driver and come from it.
  var texts = TextForm.wide
  /// Without them statements go as UTF-8: the driver manager would make texts of the locale of UTF-16.
  var hasWideFunctions = true
  /// Columns may hold longer values than the driver says.
  var hasLooseSizes = true
  /// The driver makes decimal texts of doubles on their way to the server, and cuts them.
  var sendsFloatsAsTexts = false
  /// FreeTDS has no numbers for Microsoft's own types, and takes old dates for those of the Julian calendar: what it
  /// does wrong goes as text.
  var isFreeTDS = false
  /// So many sets of parameters at once: more than one only where the driver tells which of them fails.
  var mostRows = 4_096
  /// Arrays of anything but a plain INSERT, whose rows can be counted, are refused, or not known to be run.
  var onlyInsertsInArrays = true
  /// The room for a float is twice as wide as ODBC says.
  var readsFloatsAsDoubles = false
  /// Rows that were fetched are gone: a value that was cut can be had in the last one only.
  var keepsNoRows = false
  /// The driver keeps whole results: a cursor of Ferry's own brings them in steps.
  var needsSteps = false
  /// Nothing is said of why a server cannot be reached.
  var hidesRefusals = false
  /// What the user has to know.
  var warning: String?

  init(_ library: DriverLibrary, texts: TextForm?) {
    hasWideFunctions = library.hasWideFunctions
    self.texts = hasWideFunctions ? .wide : .narrow
    set(library.path ?? library.name)
    if let texts { self.texts = texts }
  }

  private mutating func set(_ library: String) {
    let name = library.lowercased()
    if name.contains("psqlodbc") || name.contains("postgresql") {
      // Values come as the server has them; an error leaves the transaction as the server does, without a savepoint
      // around each statement.
      defaults = [
        ("UseDeclareFetch", "0"), ("BoolsAsChar", "0"), ("LFConversion", "0"), ("Protocol", "7.4-0"),
        ("UpdatableCursors", "0"), ("ByteaAsLongVarBinary", "1"), ("KeepaliveTime", "30"), ("KeepaliveInterval", "15"),
      ]
      needsSteps = true
      sendsFloatsAsTexts = true
      onlyInsertsInArrays = false
    } else if name.contains("maodbc") || name.contains("mariadb") {
      // FOUND_ROWS: an UPDATE counts the rows that it finds. NO_CACHE and FORWARD_CURSOR: rows come as they are read.
      defaults = [("OPTION", "3145730"), ("CHARSET", "utf8mb4")]
      texts = .narrow
      hasLooseSizes = false
      readsFloatsAsDoubles = true
      keepsNoRows = true
    } else if name.contains("sqlite") {
      defaults = [("Timeout", "15000"), ("StepAPI", "1"), ("BigInt", "1")]
      mostRows = 1
      warning = "SQLite's ODBC driver gives 15 digits of floating-point numbers; jdbc.sqlite reads all of them"
      texts = .narrow
    } else if name.contains("tdsodbc") || name.contains("freetds") {
      defaults = [("ClientCharset", "UTF-8"), ("TDS_Version", "7.4")]
      isFreeTDS = true
      hasLooseSizes = false
      onlyInsertsInArrays = false
    } else if name.contains("msodbcsql") {
      hidesRefusals = true
      hasLooseSizes = false
      onlyInsertsInArrays = false
    }
  }
}
