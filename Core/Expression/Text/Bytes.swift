/// Looking for texts within texts by their bytes: to Swift `\r\n` is one character, and two ways to write `é` are one.
enum Bytes {
  static func contains(_ text: String, _ wanted: String) -> Bool {
    place(of: Array(wanted.utf8), in: Array(text.utf8), from: 0) != nil
  }

  /// The parts between the places of a separator, which is not empty.
  static func split(_ text: MarkedText, at separator: String, _ meter: Meter) throws -> [MarkedText] {
    let (bytes, wanted) = (Array(text.text.utf8), Array(separator.utf8))
    var parts: [MarkedText] = []
    var start = 0
    while let place = place(of: wanted, in: bytes, from: start) {
      try meter.step()
      parts.append(text.cut(start..<place))
      start = place + wanted.count
    }
    return parts + [text.cut(start..<bytes.count)]
  }

  /// What stands in the place of something secret is secret as well.
  static func replacing(_ text: MarkedText, _ old: String, _ new: MarkedText, _ meter: Meter) throws -> MarkedText {
    let (bytes, wanted, replacement) = (Array(text.text.utf8), Array(old.utf8), Array(new.text.utf8))
    guard !wanted.isEmpty, var place = place(of: wanted, in: bytes, from: 0) else { return text }
    var result = MarkedBytes()
    var start = 0
    while true {
      result.append(bytes, start..<place, text.marks)
      let isSecret = text.marks.overlaps(place..<place + wanted.count)
      result.append(replacement, 0..<replacement.count, isSecret ? Marks(whole: new.text) : new.marks)
      try meter.step(1 + place / 64 - start / 64)
      try meter.fits(bytes: result.bytes.count)
      start = place + wanted.count
      guard let next = self.place(of: wanted, in: bytes, from: start) else { break }
      place = next
    }
    result.append(bytes, start..<bytes.count, text.marks)
    return result.text
  }

  private static func place(of wanted: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
    guard let first = wanted.first, bytes.count - start >= wanted.count else { return nil }
    return (start...(bytes.count - wanted.count)).first { place in
      bytes[place] == first && bytes[place..<(place + wanted.count)].elementsEqual(wanted)
    }
  }
}
