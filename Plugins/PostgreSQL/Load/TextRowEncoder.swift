internal import Records

/// Turns columns into the rows of a COPY in text form.
final class TextRowEncoder {
  let buffer = OutputBuffer()
  private var columns: [ServerText] = []

  func bind(_ batch: RecordBatch) { columns = batch.columns.map { ServerText($0) } }

  /// - Returns: the row to go on with.
  func appendRows(from start: Int, to end: Int, limit: Int) -> Int {
    var text = TextBuffer()
    var row = start
    while row < end && buffer.count < limit {
      for (index, column) in columns.enumerated() {
        if index > 0 { buffer.append(UInt8(ascii: "\t")) }
        if column.isNull(row) {
          buffer.append(UInt8(ascii: "\\"))
          buffer.append(UInt8(ascii: "N"))
          continue
        }
        text.removeAll()
        column.append(row, to: &text)
        unsafe TextRowEncoder.escape(text.bytes, into: buffer)
      }
      buffer.append(UInt8(ascii: "\n"))
      row += 1
    }
    return row
  }

  private static func escape(_ bytes: UnsafeRawBufferPointer, into buffer: OutputBuffer) {
    let room = unsafe buffer.reserve(bytes.count * 2)
    var count = 0
    for position in 0..<bytes.count {
      let byte = unsafe bytes[position]
      let escaped: UInt8? =
        switch byte {
        case UInt8(ascii: "\\"): byte
        case 9: UInt8(ascii: "t")
        case 10: UInt8(ascii: "n")
        case 13: UInt8(ascii: "r")
        default: nil
        }
      if let escaped {
        unsafe room.storeBytes(of: UInt8(ascii: "\\"), toByteOffset: count, as: UInt8.self)
        count += 1
        unsafe room.storeBytes(of: escaped, toByteOffset: count, as: UInt8.self)
      } else {
        unsafe room.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
      }
      count += 1
    }
    buffer.advance(count)
  }
}

/// The values of a column as the text that the server's input functions read.
struct ServerText {
  private let formatter: TextFormatter
  private let column: Column
  private let form: Form
  private let element: [ServerText]

  private enum Form {
    case plain, bytes, moment, list
  }

  init(_ column: Column) {
    self.column = column
    formatter = TextFormatter(column, bytes: .hex, separator: UInt8(ascii: " "))
    switch column.type {
    case .bytes: form = .bytes
    case .date, .timestamp, .offsetTimestamp: form = .moment
    case .list: form = .list
    default: form = .plain
    }
    element = column.type.layout == .list ? column.children.map { ServerText($0) } : []
  }

  func isNull(_ row: Int) -> Bool { formatter.isNull(row) }

  func append(_ row: Int, to out: inout TextBuffer) {
    switch form {
    case .plain: formatter.append(row, to: &out)
    case .bytes:
      out.append("\\x")
      formatter.append(row, to: &out)
    case .moment: appendMoment(row, to: &out)
    case .list: appendList(row, to: &out)
    }
  }

  /// Records count years before 1 as ISO 8601 does, the server by `BC`: `-0043-03-15` is `0044-03-15 BC`.
  private func appendMoment(_ row: Int, to out: inout TextBuffer) {
    let start = out.count
    formatter.append(row, to: &out)
    let text = unsafe UnsafeRawBufferPointer(rebasing: out.bytes[start...])
    let isNegative = unsafe text.first == UInt8(ascii: "-")
    let digits = unsafe text.dropFirst(isNegative ? 1 : 0).prefix { (48...57).contains($0) }
    guard let year = unsafe Int(String(decoding: digits, as: UTF8.self)), isNegative || year == 0 else { return }
    let rest = unsafe String(decoding: text[digits.endIndex...], as: UTF8.self)
    out.truncate(to: start)
    let number = "\(year + 1)"
    out.append(text: String(repeating: "0", count: max(0, 4 - number.utf8.count)) + number + rest + " BC")
  }

  private func appendList(_ row: Int, to out: inout TextBuffer) {
    guard let element = element.first else { return }
    let offsets = unsafe column.offsetValues
    out.append("{")
    for index in unsafe Int(offsets[row])..<Int(offsets[row + 1]) {
      if unsafe index > Int(offsets[row]) { out.append(",") }
      if element.isNull(index) {
        out.append("NULL")
      } else if element.form == .list {
        element.append(index, to: &out)
      } else {
        element.appendQuoted(index, to: &out)
      }
    }
    out.append("}")
  }

  private func appendQuoted(_ row: Int, to out: inout TextBuffer) {
    var text = TextBuffer()
    append(row, to: &text)
    out.append("\"")
    for position in 0..<text.count {
      let byte = unsafe text.bytes[position]
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { out.append("\\") }
      out.append(byte: byte)
    }
    out.append("\"")
  }
}
