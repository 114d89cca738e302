extension Duration {
  /// Reads ISO 8601 durations: `PT1.5S`, `PT1H30M`, `P1DT12H`, `P2W`. A day is 24 hours; months and years have no fixed
  /// length and are refused.
  public init?(iso8601 text: String) {
    var rest = Substring(text.uppercased())
    let isNegative = rest.first == "-"
    if isNegative { rest.removeFirst() }
    guard rest.first == "P" else { return nil }
    rest.removeFirst()
    var total = Duration.zero
    var inTime = false
    var parts = 0
    while let first = rest.first {
      if first == "T" && !inTime {
        inTime = true
        rest.removeFirst()
        continue
      }
      let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == "." || $0 == ",") }
      let number = String(digits).replacingComma()
      rest = rest.dropFirst(digits.count)
      guard let unit = rest.popFirst(), let seconds = Duration.seconds(of: unit, inTime: inTime),
        let amount = Double(number), amount.isFinite
      else { return nil }
      total += .seconds(seconds) * amount
      parts += 1
    }
    guard parts > 0 else { return nil }
    self = isNegative ? .zero - total : total
  }

  private static func seconds(of unit: Character, inTime: Bool) -> Int? {
    switch (unit, inTime) {
    case ("S", true): 1
    case ("M", true): 60
    case ("H", true): 3_600
    case ("D", false): 86_400
    case ("W", false): 604_800
    default: nil
    }
  }

  /// `PT1H30M`, `PT0.25S`.
  public var iso8601: String {
    let (seconds, attoseconds) = components
    if seconds == 0 && attoseconds == 0 { return "PT0S" }
    let hours = seconds / 3_600
    let minutes = seconds / 60 % 60
    let rest = Double(seconds % 60) + Double(attoseconds) / 1e18
    var text = "PT"
    if hours != 0 { text += "\(hours)H" }
    if minutes != 0 { text += "\(minutes)M" }
    if rest != 0 { text += rest == rest.rounded() ? "\(Int64(rest))S" : "\(rest)S" }
    return text
  }

  /// In seconds.
  public var seconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) + Double(attoseconds) / 1e18
  }
}

extension String {
  fileprivate func replacingComma() -> String { String(map { $0 == "," ? "." : $0 }) }
}
