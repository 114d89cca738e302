/// Writes a value as block-style YAML. A text that a YAML reader could take for something else stands in double
/// quotes, as JSON writes it, which YAML reads the same.
enum YAMLWriter {
  static func write(_ value: Value) -> MarkedText {
    var lines: [MarkedText] = []
    switch value {
    case .list(let values) where !values.isEmpty: append(values, 0, &lines)
    case .map(let map) where !map.isEmpty: append(map, 0, &lines)
    default: lines.append(scalar(value))
    }
    return lines.reduce(into: MarkedText()) { $0.append($1 + "\n") }
  }

  private static func append(_ map: ValueMap, _ level: Int, _ lines: inout [MarkedText]) {
    for (key, value) in map.markedEntries {
      let head = String(repeating: "  ", count: level) + scalar(Value(key)) + ":"
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
  private static func append(_ values: [Value], _ level: Int, _ lines: inout [MarkedText]) {
    let indent = String(repeating: "  ", count: level)
    for value in values {
      let start = lines.count
      switch value {
      case .list(let inner) where !inner.isEmpty: append(inner, level + 1, &lines)
      case .map(let inner) where !inner.isEmpty: append(inner, level + 1, &lines)
      default:
        lines.append((indent + "- ") + scalar(value))
        continue
      }
      let line = lines[start]
      lines[start] = (indent + "- ") + line.cut(line.text.dropFirst(indent.count + 2))
    }
  }

  private static func scalar(_ value: Value) -> MarkedText {
    switch value.plain {
    case .string(let text): isPlain(text) ? value.markedText : value.markedJSON()
    case .double(let number) where !number.isFinite:
      MarkedText(number.isNaN ? ".nan" : number < 0 ? "-.inf" : ".inf")
    default: value.markedJSON()
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
