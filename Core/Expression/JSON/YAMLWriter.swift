/// Writes a value as block-style YAML. A text that a YAML reader could take for something else stands in double
/// quotes, as JSON writes it, which YAML reads the same.
enum YAMLWriter {
  static func write(_ value: Value) -> String {
    var lines: [String] = []
    switch value {
    case .list(let values) where !values.isEmpty: append(values, 0, &lines)
    case .map(let map) where !map.isEmpty: append(map, 0, &lines)
    default: lines.append(scalar(value))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func append(_ map: ValueMap, _ level: Int, _ lines: inout [String]) {
    for (key, value) in map {
      let head = String(repeating: "  ", count: level) + scalar(.string(key)) + ":"
      switch value {
      case .list(let values) where !values.isEmpty:
        lines.append(head)
        append(values, level, &lines)
      case .map(let inner) where !inner.isEmpty:
        lines.append(head)
        append(inner, level + 1, &lines)
      default: lines.append(head + " " + scalar(value))
      }
    }
  }

  /// A nested list or map starts on the line of its dash.
  private static func append(_ values: [Value], _ level: Int, _ lines: inout [String]) {
    let indent = String(repeating: "  ", count: level)
    for value in values {
      let start = lines.count
      switch value {
      case .list(let inner) where !inner.isEmpty: append(inner, level + 1, &lines)
      case .map(let inner) where !inner.isEmpty: append(inner, level + 1, &lines)
      default:
        lines.append(indent + "- " + scalar(value))
        continue
      }
      lines[start] = indent + "- " + lines[start].dropFirst(indent.count + 2)
    }
  }

  private static func scalar(_ value: Value) -> String {
    switch value {
    case .string(let text): isPlain(text) ? text : value.json()
    case .double(let number) where !number.isFinite: number.isNaN ? ".nan" : number < 0 ? "-.inf" : ".inf"
    default: value.json()
    }
  }

  private static let words: Set<String> = ["null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan"]

  private static func isPlain(_ text: String) -> Bool {
    guard let first = text.utf8.first, first.isNameStart, text.utf8.last != 32, !words.contains(text.lowercased())
    else {
      return false
    }
    let isSafe = text.unicodeScalars.allSatisfy { scalar in
      scalar.properties.isAlphabetic || (0x30...0x39).contains(scalar.value)
        || "_-./ $()@+".unicodeScalars.contains(scalar)
    }
    return isSafe
  }
}
