internal import Expression
internal import Yams

/// What a scalar of YAML is: its explicit tag counts, else, without quotes, how it looks.
enum PlainScalar {
  static func value(of scalar: Yams.Node.Scalar) -> Value {
    switch scalar.tag.description {
    case "": return scalar.style == .plain ? resolve(scalar.string) : .string(scalar.string)
    case "tag:yaml.org,2002:null": return .null
    case "tag:yaml.org,2002:bool", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float": return resolve(scalar.string)
    default: return .string(scalar.string)
    }
  }

  /// The core schema of YAML 1.2, except that numbers which a conversion would change (`007`, `1.10`, 20 digits) stay
  /// exact.
  private static func resolve(_ text: String) -> Value {
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE": return .bool(true)
    case "false", "False", "FALSE": return .bool(false)
    case ".inf", "+.inf", ".Inf", ".INF": return .double(.infinity)
    case "-.inf", "-.Inf", "-.INF": return .double(-.infinity)
    case ".nan", ".NaN", ".NAN": return .double(.nan)
    default: return number(text) ?? .string(text)
    }
  }

  private static func number(_ text: String) -> Value? {
    let digits = text.first == "-" || text.first == "+" ? text.dropFirst() : text[...]
    guard let first = digits.utf8.first, isDigit(first) || first == UInt8(ascii: "."), digits.utf8.allSatisfy(isNumeric)
    else { return nil }
    let whole = digits.utf8.prefix(while: isDigit)
    // A leading zero is more than the number: it may be a code.
    if whole.count > 1, whole.first == UInt8(ascii: "0") { return nil }
    let signed = text.first == "+" ? String(digits) : text
    if whole.count == digits.utf8.count { return Int64(signed).map(Value.int) ?? .decimal(signed) }
    guard let number = Double(signed), number.isFinite else { return nil }
    let isPlain = isDigit(first) && digits.utf8.last.map(isDigit) == true && !digits.contains { "eE".contains($0) }
    return isPlain && "\(number)" != signed ? .decimal(signed) : .double(number)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }

  private static func isNumeric(_ byte: UInt8) -> Bool {
    isDigit(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E")
      || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+")
  }

  /// The integer that YAML 1.1, and with it Kestra, reads in a text that YAML 1.2 takes for no number: `0xff`, `010`
  /// (octal), `1_000`.
  static func oldInteger(_ text: String) -> Int64? {
    let digits = text.first == "-" || text.first == "+" ? text.dropFirst() : text[...]
    let plain = digits.filter { $0 != "_" }
    let sign: Int64 = text.first == "-" ? -1 : 1
    guard let first = digits.utf8.first, isDigit(first) else { return nil }
    let number: Int64? =
      if plain.hasPrefix("0x") { Int64(plain.dropFirst(2), radix: 16) } else if plain.hasPrefix("0b") {
        Int64(plain.dropFirst(2), radix: 2)
      } else if plain.count > 1, plain.first == "0" { Int64(plain, radix: 8) } else if plain.count < digits.count {
        Int64(plain)
      } else { nil }
    return number.map { sign * $0 }
  }
}
