/// Filters on numbers.
enum NumberFilters {
  static let all: [FilterOperation] = [
    FilterOperation("abs", "", "without its sign") { value, _, _ in
      guard value.isNumber else { throw Problem("expected a number, found \(value.typePhrase)") }
      return Arithmetic.compare(value, 0) < 0 ? try Arithmetic.subtract(0, value) : value
    },
    FilterOperation(
      "number", ";type", "the number that a text writes; INT, LONG, FLOAT, DOUBLE, BIGDECIMAL or BIGINTEGER", number),
    FilterOperation(
      "numberFormat", ";format", "as a text by a pattern of Java's DecimalFormat: #,##0.00", numberFormat),
    FilterOperation("numberformat", ";format", "the same, in Pebble's spelling", numberFormat),
  ]

  @Sendable private static func number(_ value: Value, _ arguments: Arguments, _: Evaluator) throws -> Value {
    let type = try arguments.optionalText(0)?.uppercased()
    let number = value.isNumber ? value : try parse(value.scalarText())
    switch type {
    case nil, "BIGDECIMAL": return number
    case "INT", "LONG", "BIGINTEGER":
      if let whole = number.wholeNumber { return .int(whole) }
      if case .decimal(let digits) = number, !digits.utf8.contains(UInt8(ascii: ".")), type == "BIGINTEGER" {
        return number
      }
      throw Problem("the number is not a 64-bit integer")
    case "FLOAT", "DOUBLE": return .double(number.approximate)
    case let type?:
      throw Problem("the type '\(type)' is unknown", hint: "Types are INT, LONG, FLOAT, DOUBLE, BIGDECIMAL, BIGINTEGER")
    }
  }

  private static func parse(_ text: String) throws -> Value {
    guard Decimal(text) != nil else { throw Problem("the text is not a number") }
    return Value.number(text.hasPrefix("+") ? String(text.dropFirst()) : text)
  }

  /// Java's default pattern is `#,##0.###`.
  @Sendable private static func numberFormat(_ value: Value, _ arguments: Arguments, _: Evaluator) throws -> Value {
    guard value.isNumber else { throw Problem("expected a number, found \(value.typePhrase)") }
    return .string(try NumberPattern(try arguments.optionalText(0) ?? "#,##0.###").format(value))
  }
}

/// The part of Java's DecimalFormat patterns that is of use: prefix, suffix, grouping, least and most digits, percent.
private struct NumberPattern {
  private var prefix = ""
  private var suffix = ""
  private var grouping = 0
  private var leastWhole = 0
  private var leastFraction = 0
  private var mostFraction = 0
  private var isPercent = false

  init(_ pattern: String) throws {
    let digits: Set<Character> = ["#", "0", ",", "."]
    prefix = String(pattern.prefix { !digits.contains($0) })
    let rest = pattern.dropFirst(prefix.count)
    let core = rest.prefix { digits.contains($0) }
    suffix = String(rest.dropFirst(core.count))
    let parts = core.split(separator: ".", omittingEmptySubsequences: false)
    guard let whole = parts.first, parts.count <= 2, !core.isEmpty, !suffix.contains(where: { "#0".contains($0) })
    else {
      throw Problem("the number format is not understood", hint: "Write it like #,##0.00")
    }
    isPercent = (prefix + suffix).contains("%")
    leastWhole = whole.count { $0 == "0" }
    if let comma = whole.lastIndex(of: ",") { grouping = whole.distance(from: comma, to: whole.endIndex) - 1 }
    mostFraction = parts.count > 1 ? parts[1].count : 0
    leastFraction = parts.count > 1 ? parts[1].count { $0 == "0" } : 0
  }

  /// Rounds half to even, as Java does.
  func format(_ value: Value) throws -> String {
    let scaled = isPercent ? try Arithmetic.multiply(value, 100) : value
    guard let exact = Decimal(scaled) else { throw Problem("the number is not finite") }
    let text = exact.rounded(to: mostFraction).description
    let isNegative = text.hasPrefix("-")
    let parts = (isNegative ? text.dropFirst() : text[...]).split(separator: ".")
    var whole = parts[0] == "0" ? "" : String(parts[0])
    var fraction = parts.count > 1 ? String(parts[1]) : ""
    whole = String(repeating: "0", count: max(0, leastWhole - whole.count)) + whole
    if whole.isEmpty, fraction.isEmpty, leastFraction == 0 { whole = "0" }
    fraction += String(repeating: "0", count: max(0, leastFraction - fraction.count))
    return (isNegative ? "-" : "") + prefix + grouped(whole) + (fraction.isEmpty ? "" : "." + fraction) + suffix
  }

  private func grouped(_ whole: String) -> String {
    guard grouping > 0 else { return whole }
    var result = ""
    for (index, digit) in whole.enumerated() {
      if index > 0, (whole.count - index) % grouping == 0 { result += "," }
      result.append(digit)
    }
    return result
  }
}

/// The filter `format`: printf's `%s %d %f %e %x %X %o %c %b %%` with flags, width and precision.
enum Printf {
  static func format(_ pattern: MarkedText, _ values: [Value], _ meter: Meter) throws -> MarkedText {
    var output = MeteredText(meter)
    var rest = pattern.text[...]
    var next = 0
    while let character = rest.first {
      guard character == "%" else {
        try output.append(pattern.cut(rest.prefix(1)))
        rest.removeFirst()
        continue
      }
      rest.removeFirst()
      var flags = ""
      while let flag = rest.first, "-+ 0,#".contains(flag) { flags.append(rest.removeFirst()) }
      let width = try number(&rest) ?? 0
      var precision: Int?
      if rest.first == "." {
        rest.removeFirst()
        precision = try number(&rest) ?? 0
      }
      guard let conversion = rest.popFirst() else { throw Problem("the format ends within a '%'") }
      if conversion == "%" {
        try output.append("%")
        continue
      }
      guard next < values.count else { throw Problem("the format needs more than \(values.count) arguments") }
      let value = values[next]
      let text = try convert(value.plain, conversion, flags, precision, meter)
      try output.append(pad(marked(text, value, conversion, meter), flags, width))
      next += 1
    }
    return output.marked
  }

  /// What was made of a value, with what is secret of it; whether something is true is not.
  private static func marked(
    _ text: String, _ value: Value, _ conversion: Character, _ meter: Meter
  ) throws -> MarkedText {
    guard conversion != "b", value.holdsSecret else { return MarkedText(text) }
    return conversion == "s" ? try value.markedText(meter).cut(0..<text.utf8.count) : MarkedText(secret: text)
  }

  private static func number(_ rest: inout Substring) throws -> Int? {
    let digits = rest.prefix { $0.isASCII && $0.isNumber }
    rest.removeFirst(digits.count)
    if digits.isEmpty { return nil }
    guard let number = Int(digits), number <= 1000 else { throw Problem("a width in the format is above 1000") }
    return number
  }

  private static func convert(
    _ value: Value, _ conversion: Character, _ flags: String, _ precision: Int?, _ meter: Meter
  ) throws -> String {
    switch conversion {
    case "s":
      let text = try value.markedText(meter).text
      return precision.map { String(text.prefix($0)) } ?? text
    case "b": return String(value.isTrue)
    case "d":
      guard let whole = value.wholeNumber else { throw Problem("'%d' needs an integer, found \(value.typePhrase)") }
      return signed(String(whole), flags)
    case "x", "X", "o":
      guard let whole = value.wholeNumber else {
        throw Problem("'%\(conversion)' needs an integer, found \(value.typePhrase)")
      }
      return String(UInt64(bitPattern: whole), radix: conversion == "o" ? 8 : 16, uppercase: conversion == "X")
    case "f":
      guard value.isNumber, let exact = Decimal(value) else {
        throw Problem("'%f' needs a number, found \(value.typePhrase)")
      }
      return signed(fixed(exact, precision ?? 6), flags)
    default:
      throw Problem("the format has the unknown conversion '%\(conversion)'", hint: "Known are %s %d %f %x %o %b %%")
    }
  }

  private static func fixed(_ number: Decimal, _ places: Int) -> String {
    let text = number.rounded(to: places).description
    let fraction = text.split(separator: ".").dropFirst().first?.count ?? 0
    if places == 0 { return text }
    return text + (fraction == 0 ? "." : "") + String(repeating: "0", count: places - fraction)
  }

  private static func signed(_ text: String, _ flags: String) -> String {
    if text.hasPrefix("-") { return text }
    return flags.contains("+") ? "+" + text : flags.contains(" ") ? " " + text : text
  }

  private static func pad(_ marked: MarkedText, _ flags: String, _ width: Int) -> MarkedText {
    let text = marked.text
    let missing = max(0, width - text.count)
    if flags.contains("-") { return marked + String(repeating: " ", count: missing) }
    guard flags.contains("0") else { return String(repeating: " ", count: missing) + marked }
    let sign = text.prefix { "+- ".contains($0) }
    return marked.cut(sign) + String(repeating: "0", count: missing) + marked.cut(text.dropFirst(sign.count))
  }
}
