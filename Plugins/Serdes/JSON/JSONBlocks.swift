internal import CScan
internal import CSimdJSON
internal import Glibc
internal import Records

/// Cuts JSON text into rows and has simdjson find their members.
@safe final class JSONBlocks {
  let window: ByteWindow
  let rows: OpaquePointer
  private let options: JSONReadOptions
  private let bad: BadRows
  /// Rows that were seen, good and bad.
  private(set) var rowCount = 0
  /// Rows found in the window, how many of them simdjson has read.
  private var starts: [UInt32] = []
  private var ends: [UInt32] = []
  private var next = 0
  /// Bytes of the window that belong to the found rows.
  private var usedBytes = 0

  private var isLines: Bool?
  /// Between the brackets of an array of rows.
  private var isInArray = false
  private var wantsComma = false
  private var isClosed = false

  private var fields: UnsafeMutablePointer<json_field> = .allocate(capacity: 0)
  private var fieldRoom = 0
  private var status: [UInt8] = []
  private(set) var stride = 0
  /// Rows of the last read that wait to be given out.
  private var ready = 0
  private var readyStart = 0

  init(_ window: ByteWindow, _ options: JSONReadOptions, _ bad: BadRows) {
    self.window = window
    self.options = options
    self.bad = bad
    unsafe rows = unsafe json_rows_new(options.maxDepth, options.flatten, options.duplicateKeys == .last ? 1 : 0)
  }

  deinit {
    unsafe json_rows_free(rows)
    unsafe fields.deallocate()
  }

  var columnCount: Int { unsafe json_rows_column_count(rows) }

  var columnNames: [String] {
    unsafe (0..<json_rows_column_count(rows)).map { column in
      var length = 0
      let name = unsafe json_rows_column_name(rows, column, &length)
      return unsafe String(decoding: UnsafeRawBufferPointer(start: name, count: length), as: UTF8.self)
    }
  }

  func addColumn(_ name: String) {
    var name = name
    name.withUTF8 { bytes in
      unsafe bytes.withMemoryRebound(to: CChar.self) { _ = unsafe json_rows_add_column(rows, $0.baseAddress, $0.count) }
    }
  }

  /// The next run of at most `limit` good rows, nil at the end; valid until the next call. `stride` may have grown.
  func nextTable(limit: Int) throws -> JSONTable? {
    while true {
      if ready == 0, try !readRows() { return nil }
      let first = readyStart
      var end = first
      let stop = first + min(ready, limit)
      var reason: String?
      while end < stop {
        reason = fault(end)
        if reason != nil { break }
        end += 1
      }
      if end > first {
        take(end - first)
        return unsafe JSONTable(
          base: window.base, fields: fields + (first - readBase) * stride, stride: stride, count: end - first,
          byteCount: Int(ends[end - 1] - starts[first]), replacesSurrogates: options.invalidText == .replace)
      }
      try report(first, reason ?? "it is not JSON")
      take(1)
    }
  }

  private func take(_ count: Int) {
    readyStart += count
    ready -= count
    rowCount += count
  }

  /// Puts the rows of the last table back, to be read again.
  func putBack(_ count: Int) {
    readyStart -= count
    ready += count
    rowCount -= count
  }

  private var readBase = 0

  private func fault(_ row: Int) -> String? {
    switch UInt32(status[row - readBase]) {
    case json_row_ok.rawValue: break
    case json_row_duplicate.rawValue: return "a key stands in it twice"
    case json_row_too_deep.rawValue: return "it is nested deeper than 'maxDepth' allows (\(options.maxDepth))"
    case json_row_not_object.rawValue: return "expected an object, found another JSON value"
    case json_row_bad_utf8.rawValue: return "it has bytes that are not \(options.charset)"
    case json_row_too_large.rawValue: return "a value is too large"
    default: return "it is not JSON"
    }
    let table = unsafe JSONTable(
      base: window.base, fields: fields + (row - readBase) * stride, stride: stride, count: 1, byteCount: 0,
      replacesSurrogates: options.invalidText == .replace)
    return table.needsCheck(0) ? table.fault(0, depth: options.maxDepth) : nil
  }

  private func report(_ row: Int, _ reason: String) throws {
    try report(from: Int(starts[row]), to: Int(ends[row]), reason)
  }

  private func report(from start: Int, to end: Int, _ reason: String) throws {
    try unsafe bad.add(
      name: window.name, offset: window.offset + Int64(start), line: window.line(at: start), reason: reason,
      raw: UnsafeRawBufferPointer(start: window.base + start, count: end - start))
  }

  /// Reports a row of the last table as bad after the fact.
  func reportGiven(_ row: Int, of count: Int, _ reason: String) throws { try report(readyStart - count + row, reason) }

  // MARK: reading

  /// Has simdjson read the found rows, or more; false at the end.
  private func readRows() throws -> Bool {
    while next == starts.count {
      guard try findRows() else { return false }
    }
    stride = max(columnCount, 1)
    var attempts = 0
    while true {
      let count = min(starts.count - next, max(1, JSONBlocks.maxFields / stride))
      makeRoom(count * stride)
      if status.count < count { status = Array(repeating: 0, count: count) }
      let done = read(count)
      attempts += 1
      // New members: once more with room for them, so that types are found over as many rows as possible.
      if done < count, done == 0 || attempts < JSONBlocks.maxAttempts {
        stride = columnCount
        continue
      }
      readBase = next
      readyStart = next
      ready = done
      next += done
      return true
    }
  }

  /// 2^20 fields of 8 bytes: what bounds memory when rows have thousands of columns.
  private static let maxFields = 1 << 20
  /// So often a window is read anew when it brings new members.
  private static let maxAttempts = 8

  private func read(_ count: Int) -> Int {
    unsafe starts.withUnsafeBufferPointer { starts in
      unsafe ends.withUnsafeBufferPointer { ends in
        unsafe status.withUnsafeMutableBufferPointer { status in
          guard let s = starts.baseAddress, let e = ends.baseAddress else { return 0 }
          return unsafe json_rows_read(
            rows, window.base, window.count, s + next, e + next, count, fields, stride, status.baseAddress)
        }
      }
    }
  }

  private func makeRoom(_ count: Int) {
    if count <= fieldRoom { return }
    unsafe fields.deallocate()
    fieldRoom = count + count / 4
    unsafe fields = .allocate(capacity: fieldRoom)
  }

  /// Finds rows in the window, reading on where it holds no whole one; false at the end.
  private func findRows() throws -> Bool {
    window.consume(usedBytes)
    usedBytes = 0
    starts.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
    next = 0
    while true {
      if isLines == nil { isLines = try findLayout() }
      if isLines == true { try findLines() } else { try findDocuments() }
      if !starts.isEmpty { return true }
      if window.count > options.maxRowSize { try dropOversized() }
      if try window.fill() { continue }
      if isLines != true { return try finishDocuments() }
      if window.count == 0 { return false }
      window.endLastLine()
      try findLines()
      return !starts.isEmpty
    }
  }

  private func findLayout() throws -> Bool {
    if options.layout != .automatic { return options.layout == .lines }
    while true {
      var at = 0
      while at < window.count, unsafe JSONBlocks.isSpace(window.base[at]) { at += 1 }
      if at < window.count, unsafe window.base[at] == UInt8(ascii: "[") { return false }
      let end = unsafe scan_find_special(window.base + at, window.count - at, 0x0A, 0x0D) + at
      if end < window.count {
        return unsafe JSONText.isValid(UnsafeRawBufferPointer(start: window.base + at, count: end - at))
          || JSONBlocks.looksLikeLines(UnsafeRawBufferPointer(start: window.base + at, count: end - at))
      }
      if try !window.fill() { return at < window.count }
    }
  }

  /// A first line that is bad still makes lines, unless it only opens a document.
  private static func looksLikeLines(_ line: UnsafeRawBufferPointer) -> Bool {
    guard let last = unsafe line.last(where: { !isSpace($0) }) else { return true }
    return last == UInt8(ascii: "}")
  }

  static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }

  private func findLines() throws {
    let base = unsafe window.base
    let count = window.count
    var start = 0
    while start < count, let found = unsafe memchr(base + start, 0x0A, count - start) {
      let end = unsafe UnsafePointer(found.assumingMemoryBound(to: UInt8.self)) - base
      append(start, end)
      start = end + 1
    }
    usedBytes = start
    // Only empty lines: they are done with.
    if starts.isEmpty, start > 0 {
      window.consume(start)
      usedBytes = 0
    }
  }

  /// Notes a row unless it is empty.
  private func append(_ start: Int, _ end: Int) {
    var first = start
    var last = end
    while first < last, unsafe JSONBlocks.isSpace(window.base[first]) { first += 1 }
    while last > first, unsafe JSONBlocks.isSpace(window.base[last - 1]) { last -= 1 }
    if first == last { return }
    starts.append(UInt32(first))
    ends.append(UInt32(last))
  }

  /// Rows of an array or documents one behind the other.
  private func findDocuments() throws {
    let base = unsafe window.base
    let count = window.count
    var at = 0
    while true {
      while at < count,
        unsafe JSONBlocks.isSpace(base[at]) || (base[at] == UInt8(ascii: ",") && isInArray && wantsComma)
      {
        if unsafe base[at] == UInt8(ascii: ",") { wantsComma = false }
        at += 1
      }
      usedBytes = at
      guard at < count else { break }
      if unsafe base[at] == UInt8(ascii: "["), !isInArray {
        isInArray = true
        wantsComma = false
        at += 1
        continue
      }
      if unsafe base[at] == UInt8(ascii: "]"), isInArray {
        isInArray = false
        at += 1
        continue
      }
      // A comma too many is a row of its own: a bad one.
      if unsafe base[at] == UInt8(ascii: ",") {
        append(at, at + 1)
        at += 1
        continue
      }
      var state = scan_json_state()
      let end = unsafe scan_json_value(base, at, count, &state)
      if end > count || (end == count && state.in_scalar != 0 && !window.isComplete) { break }
      // A closing bracket that nothing has opened is a bad row, too.
      let stop = end == at ? at + 1 : end
      append(at, stop)
      wantsComma = true
      at = stop
    }
    if starts.isEmpty, usedBytes > 0 {
      window.consume(usedBytes)
      usedBytes = 0
    }
  }

  /// What is left when the input ends is no whole row.
  private func finishDocuments() throws -> Bool {
    try findDocuments()
    if !starts.isEmpty { return true }
    if window.count > 0 {
      var at = 0
      while at < window.count, unsafe JSONBlocks.isSpace(window.base[at]) { at += 1 }
      if at < window.count {
        rowCount += 1
        isClosed = true
        try report(from: at, to: window.count, "the file ends within a value")
      }
      window.consume(window.count)
    } else if isInArray && !isClosed {
      isClosed = true
      rowCount += 1
      try report(from: 0, to: 0, "the file ends within an array")
    }
    return false
  }

  private func dropOversized() throws {
    rowCount += 1
    try report(from: 0, to: min(window.count, 1 << 16), "a row is longer than \(options.maxRowSize) bytes")
    if isLines == true {
      while true {
        let end = unsafe scan_find_special(window.base, window.count, 0x0A, 0x0A)
        if end < window.count { return window.consume(end + 1) }
        window.consume(window.count)
        if try !window.fill() { return }
      }
    }
    var state = scan_json_state()
    while true {
      let count = window.count
      let end = unsafe scan_json_value(window.base, 0, count, &state)
      window.consume(min(end, count))
      if end <= count { return }
      if try !window.fill() { return }
    }
  }
}
