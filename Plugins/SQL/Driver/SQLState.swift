public import Records

/// The five-letter codes of ISO/IEC 9075 and the classes that databases add.
public enum SQLState {
  /// The category of a failure by its code; `fallback` where the code says nothing.
  public static func category(_ code: String, else fallback: Failure.Category = .schema) -> Failure.Category {
    switch code {
    case "57014": return .cancelled
    case "42501": return .auth
    case "40001", "40P01", "55P03", "57P01", "57P02", "57P03", "57P05": return .transient
    case "53100", "53200", "53400": return .quota
    case "0A000": return .schema
    default: break
    }
    switch code.prefix(2) {
    case "08", "40", "53", "58": return .transient
    case "21", "22", "23", "44": return .data
    case "28": return .auth
    case "26", "34", "3D", "3F", "42": return .schema
    default: return fallback
    }
  }

  /// Whether a statement that ended with this code can be run again as it is: the server refused it as a whole.
  public static func retryIsSafe(_ code: String) -> Bool {
    switch code {
    case "40001", "40P01", "55P03", "57P03", "53300": true
    default: code.hasPrefix("08001") || code.hasPrefix("08004")
    }
  }
}
