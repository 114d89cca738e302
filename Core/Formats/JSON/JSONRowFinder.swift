internal import CScan
internal import Records

/// Finds where the rows of JSON text lie: on lines, between the commas of an array, or one behind the other. What a row
/// holds is for others to check; what its place is wrong with is known here.
final class JSONRowFinder {
  let window: ByteWindow
  private let options: JSONReadOptions
  /// The found rows, without the space around them; they lie in the window until the next call.
  private(set) var starts: [UInt32] = []
  private(set) var ends: [UInt32] = []
  /// Why a row is bad for where it stands, by its number among the found ones.
  private(set) var faults: [Int: String] = [:]

  private var isLines: Bool?
  /// Rows were found out to stand one a line.
  var tookLines: Bool { isLines == true && options.layout == .automatic }
  /// Bytes of the window that belong to the found rows.
  private var usedBytes = 0
  /// Bytes of the window in which no row ends.
  private var walked = 0
  /// The value that `walked` bytes belong to.
  private var state = scan_json_state()
  /// The rest of a row that is too long is still to be left out.
  private var isDropping = false

  private enum Place {
    /// In no array of rows.
    case outside
    /// Behind its opening bracket, a comma, a row.
    case opening, comma, row
  }

  private var place = Place.outside
  /// What was outside of arrays before: nothing, a scalar, an object or array.
  private var isBehindScalar: Bool?

  init(_ window: ByteWindow, _ options: JSONReadOptions) {
    self.window = window
    self.options = options
  }

  static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }

  /// Finds more rows, reading on where the window holds no whole one; false at the end.
  func find() throws -> Bool {
    starts.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
    faults = [:]
    take()
    if isDropping { try dropRest() }
    while true {
      if isLines == nil { isLines = try findLayout() }
      if isLines == true { findLines() } else { findDocuments() }
      if !starts.isEmpty { return true }
      take()
      if window.count > options.maxRowSize {
        addOversized()
        return true
      }
      let wasComplete = window.isComplete
      if try !window.fill(), wasComplete { return finish() }
    }
  }

  private func take() {
    window.consume(usedBytes)
    usedBytes = 0
  }

  /// Notes a row unless it is empty.
  private func add(_ start: Int, _ end: Int, _ fault: String? = nil) {
    if end - start > options.maxRowSize {
      // As much of it as is there in any case, however much is read at a time.
      return note(start, start + min(options.maxRowSize, JSONRowFinder.maxShown), tooLong)
    }
    note(start, end, fault)
  }

  private func note(_ start: Int, _ end: Int, _ fault: String?) {
    let window = window
    note(window.bytes, start, end, fault)
  }

  private func note(_ text: Span<UInt8>, _ start: Int, _ end: Int, _ fault: String?) {
    var first = start
    var last = end
    while first < last, JSONRowFinder.isSpace(text[first]) { first += 1 }
    while last > first, JSONRowFinder.isSpace(text[last - 1]) { last -= 1 }
    if first == last && fault == nil { return }
    if let fault { faults[starts.count] = fault }
    starts.append(UInt32(first))
    ends.append(UInt32(last))
  }

  // MARK: layout

  /// Whether the first row ends with its line. No more is looked at than a row may have.
  private func findLayout() throws -> Bool {
    let window = window
    if options.layout != .automatic { return options.layout == .lines }
    var state = scan_json_state()
    var walked = 0
    var end: Int?
    while true {
      window.consume(spaceEnd(0))
      let count = min(window.count, options.maxRowSize + 1)
      if count > 0 {
        if window[0] == UInt8(ascii: "[") { return false }
        if end == nil {
          let found = Scan.jsonValueEnd(window.padded, from: walked, count, &state)
          let isLast = window.isComplete && count == window.count && state.in_scalar != 0
          end = found <= count ? found : isLast ? count : nil
          walked = count
        }
        if let isLines = isLines(to: end, of: count) { return isLines }
        if count > options.maxRowSize { return false }
      }
      let wasComplete = window.isComplete
      if try !window.fill(), wasComplete { return count == 0 }
    }
  }

  /// Whether the first value, which ends at `end` or behind what is looked at, makes lines; nil when that is not known.
  private func isLines(to end: Int?, of count: Int) -> Bool? {
    let window = window
    let text = window.bytes
    let lineEnd = lineEnd(0, count) ?? count
    if let end, end <= lineEnd {
      var next = end
      while next < count, JSONRowFinder.isSpace(text[next]), text[next] != 0x0A { next += 1 }
      if next == count { return window.isComplete && count == window.count ? true : nil }
      // Documents one behind the other on one line; anything else spoils its line only.
      return text[next] != UInt8(ascii: "{") && text[next] != UInt8(ascii: "[")
    }
    if lineEnd == count { return nil }
    // A first line that is bad still makes lines, unless it only opens a document.
    var last = lineEnd
    while last > 0, JSONRowFinder.isSpace(text[last - 1]) { last -= 1 }
    return last > 0 && text[last - 1] == UInt8(ascii: "}")
  }

  private func spaceEnd(_ start: Int) -> Int {
    let window = window
    let text = window.bytes
    var at = start
    while at < text.count, JSONRowFinder.isSpace(text[at]) { at += 1 }
    return at
  }

  // MARK: lines

  private func findLines() {
    if window.isComplete { window.endLastLine() }
    let count = window.count
    // Looked at once: each look at the window is one at who else may change it.
    let window = window
    let text = window.bytes
    var start = 0
    var at = walked
    while let end = lineEnd(text, at, count) {
      if end - start > options.maxRowSize { add(start, end) } else { note(text, start, end, nil) }
      at = end + 1
      start = at
    }
    usedBytes = start
    walked = count - start
  }

  /// The first LF among the bytes of the window; a CR alone is white space like any other.
  private func lineEnd(_ start: Int, _ end: Int) -> Int? {
    let window = window
    return lineEnd(window.bytes, start, end)
  }

  private func lineEnd(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Int? {
    if start >= end { return nil }
    return Scan.firstIndex(of: 0x0A, text.extracting(start..<end)).map { start + $0 }
  }

  // MARK: documents

  /// Rows of arrays and documents one behind the other.
  private func findDocuments() {
    var at = 0
    while true {
      if walked == 0 { at = spaceEnd(at) }
      usedBytes = at
      guard at < window.count else { return }
      if walked == 0, takeMark(at) {
        at += 1
        continue
      }
      guard let end = valueEnd(at) else { return }
      add(at, end, fault(at))
      noteRow(at)
      at = end
    }
  }

  /// What stands between rows; a comma or bracket at a wrong place is a row of its own: a bad one.
  private func takeMark(_ at: Int) -> Bool {
    switch (window[at], place) {
    case (UInt8(ascii: "["), .outside):
      if isBehindScalar == true { add(at, at + 1, JSONRowFinder.scalarFault) }
      place = .opening
    case (UInt8(ascii: "]"), .opening), (UInt8(ascii: "]"), .row): closeArray()
    case (UInt8(ascii: "]"), .comma):
      add(at, at + 1, "a comma stands in front of the end of the array")
      closeArray()
    case (UInt8(ascii: ","), .row): place = .comma
    case (UInt8(ascii: ","), .opening), (UInt8(ascii: ","), .comma):
      add(at, at + 1, "no value stands in front of the comma")
      place = .comma
    case (UInt8(ascii: ","), .outside), (UInt8(ascii: "]"), .outside), (UInt8(ascii: "}"), _):
      let mark = Character(Unicode.Scalar(window[at]))
      add(at, at + 1, "it is not JSON: '\(mark)' stands where a value is expected")
    default: return false
    }
    return true
  }

  private func closeArray() {
    place = .outside
    isBehindScalar = false
  }

  private static let scalarFault = "only objects and arrays may stand one behind the other"

  private func fault(_ at: Int) -> String? {
    switch place {
    case .opening, .comma: nil
    case .row: "no comma stands in front of it"
    case .outside:
      isBehindScalar == true || (isBehindScalar == false && isScalar(at)) ? JSONRowFinder.scalarFault : nil
    }
  }

  private func isScalar(_ at: Int) -> Bool {
    window[at] != UInt8(ascii: "{") && window[at] != UInt8(ascii: "[")
  }

  private func noteRow(_ at: Int) {
    if place == .outside { isBehindScalar = isScalar(at) } else { place = .row }
  }

  /// Where the value that starts at `start` ends, nil when that is behind the window. The walk goes on where the one
  /// before has ended.
  private func valueEnd(_ start: Int) -> Int? {
    let window = window
    let count = window.count
    let end = Scan.jsonValueEnd(window.padded, from: start + walked, count, &state)
    let isWhole = end <= count || (window.isComplete && state.in_scalar != 0)
    walked = isWhole ? 0 : count - start
    guard isWhole else { return nil }
    state = scan_json_state()
    return min(end, count)
  }

  /// What is left when the input ends is no whole row.
  private func finish() -> Bool {
    if isLines == true { return false }
    if window.count > 0 {
      add(0, window.count, "the file ends within a value")
    } else if place != .outside {
      add(0, 0, "the file ends within an array")
    } else {
      return false
    }
    usedBytes = window.count
    place = .outside
    return true
  }

  // MARK: rows that are too long

  /// Of a row that is too long, in bytes.
  private static let maxShown = 1 << 16

  private var tooLong: String { "a row is longer than \(options.maxRowSize) bytes, what 'maxRowSize' allows" }

  private func addOversized() {
    add(0, window.count)
    noteRow(0)
    isDropping = true
  }

  private func dropRest() throws {
    let window = window
    repeat {
      let count = window.count
      let end =
        isLines == true
        ? (lineEnd(walked, count) ?? count) + 1
        : Scan.jsonValueEnd(window.padded, from: walked, count, &state)
      walked = 0
      window.consume(min(end, count))
      if end <= count { break }
    } while try window.fill()
    state = scan_json_state()
    isDropping = false
  }
}
