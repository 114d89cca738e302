internal import Records

/// Turns columns into the rows of a COPY in text form.
final class TextRowEncoder {
  private var columns: [ServerText] = []

  func bind(_ batch: RecordBatch) { columns = batch.columns.map { ServerText($0) } }

  /// Lets go of the batch.
  func unbind() { columns = [] }

  /// - Returns: the row to go on with.
  func appendRows(from start: Int, to end: Int, limit: Int, into out: inout ByteBuffer) -> Int {
    var text = ByteBuffer()
    var row = start
    while row < end && out.count < limit {
      for (index, column) in columns.enumerated() {
        if index > 0 { out.append(byte: UInt8(ascii: "\t")) }
        if column.isNull(row) {
          out.append("\\N")
          continue
        }
        text.removeAll()
        column.append(row, to: &text)
        TextRowEncoder.escape(text.span, into: &out)
      }
      out.append(byte: UInt8(ascii: "\n"))
      row += 1
    }
    return row
  }

  private static func escape(_ bytes: Span<UInt8>, into out: inout ByteBuffer) {
    var start = 0
    for at in 0..<bytes.count {
      let escaped: UInt8
      switch bytes[at] {
      case UInt8(ascii: "\\"): escaped = bytes[at]
      case 9: escaped = UInt8(ascii: "t")
      case 10: escaped = UInt8(ascii: "n")
      case 13: escaped = UInt8(ascii: "r")
      default: continue
      }
      out.append(bytes.extracting(start..<at))
      out.append(byte: UInt8(ascii: "\\"))
      out.append(byte: escaped)
      start = at + 1
    }
    out.append(bytes.extracting(start..<bytes.count))
  }
}

/// The values of a column as the text that the server's input functions read.
struct ServerText {
  private let formatter: TextFormatter
  private let views: ColumnViews
  private let form: Form
  private let element: [ServerText]

  private enum Form {
    case plain, bytes, moment, list
  }

  init(_ column: Column) {
    views = ColumnViews([column])
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

  func append(_ row: Int, to out: inout ByteBuffer) {
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
  private func appendMoment(_ row: Int, to out: inout ByteBuffer) {
    let start = out.count
    formatter.append(row, to: &out)
    let text = out.string(start..<out.count)
    let isNegative = text.first == "-"
    let digits = text.dropFirst(isNegative ? 1 : 0).prefix { $0.isASCII && $0.isNumber }
    guard let year = Int(digits), isNegative || year == 0 else { return }
    out.truncate(to: start)
    let number = "\(year + 1)"
    out.append(text: String(repeating: "0", count: max(0, 4 - number.utf8.count)) + number)
    out.append(text: text[digits.endIndex...] + " BC")
  }

  private func appendList(_ row: Int, to out: inout ByteBuffer) {
    guard let element = element.first else { return }
    let range = views[0].range(row)
    out.append("{")
    for index in range {
      if index > range.lowerBound { out.append(",") }
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

  private func appendQuoted(_ row: Int, to out: inout ByteBuffer) {
    var text = ByteBuffer()
    append(row, to: &text)
    out.append("\"")
    for position in 0..<text.count {
      let byte = text[position]
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { out.append("\\") }
      out.append(byte: byte)
    }
    out.append("\"")
  }
}
