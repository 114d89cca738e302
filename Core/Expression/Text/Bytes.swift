/// Looking for texts within texts by their bytes: to Swift `\r\n` is one character, and two ways to write `é` are one.
enum Bytes {
  static func contains(_ text: String, _ wanted: String) -> Bool {
    place(of: Array(wanted.utf8), in: Array(text.utf8), from: 0) != nil
  }

  /// The parts between the places of a separator, which is not empty.
  static func split(_ text: String, at separator: String, _ meter: Meter) throws -> [String] {
    let (bytes, wanted) = (Array(text.utf8), Array(separator.utf8))
    var parts: [String] = []
    var start = 0
    while let place = place(of: wanted, in: bytes, from: start) {
      try meter.step()
      parts.append(String(decoding: bytes[start..<place], as: UTF8.self))
      start = place + wanted.count
    }
    return parts + [String(decoding: bytes[start...], as: UTF8.self)]
  }

  static func replacing(_ text: String, _ old: String, _ new: String, _ meter: Meter) throws -> String {
    let (bytes, wanted, replacement) = (Array(text.utf8), Array(old.utf8), Array(new.utf8))
    guard !wanted.isEmpty, var place = place(of: wanted, in: bytes, from: 0) else { return text }
    var result: [UInt8] = []
    var start = 0
    while true {
      result += bytes[start..<place]
      result += replacement
      try meter.step(1 + place / 64 - start / 64)
      try meter.fits(bytes: result.count)
      start = place + wanted.count
      guard let next = self.place(of: wanted, in: bytes, from: start) else { break }
      place = next
    }
    return String(decoding: result + bytes[start...], as: UTF8.self)
  }

  private static func place(of wanted: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
    guard let first = wanted.first, bytes.count - start >= wanted.count else { return nil }
    return (start...(bytes.count - wanted.count)).first { place in
      bytes[place] == first && bytes[place..<(place + wanted.count)].elementsEqual(wanted)
    }
  }
}
