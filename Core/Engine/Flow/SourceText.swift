/// The text of a flow, for finding places in it.
struct SourceText: Sendable {
  private let bytes: [UInt8]
  /// Where each line begins.
  private let lines: [Int]

  init(_ text: String) {
    bytes = Array(text.utf8)
    var lines = [0]
    for (index, byte) in bytes.enumerated() where byte == 10 { lines.append(index + 1) }
    self.lines = lines
  }

  /// Something inside of the text of a node, as yet without its place in the file: finding that takes a search.
  struct Site {
    var offset: Int
    var text: String
    var node: Node
  }

  /// Where an offset of a text lies in the file, whatever style the text is written in: what stands there in the text
  /// is looked for in the file.
  func place(of site: Site) -> Position {
    let text = Array(site.text.utf8)
    let wanted = text[min(site.offset, text.count)...].prefix(40).prefix {
      $0 > 32 && $0 != UInt8(ascii: "\"") && $0 != 92
    }
    guard !wanted.isEmpty else { return site.node.position }
    var left = text.indices.prefix(site.offset).count { text[$0] == wanted.first && text[$0...].starts(with: wanted) }
    var index = offset(of: site.node.position)
    while index < bytes.count {
      if bytes[index] == wanted.first, bytes[index...].starts(with: wanted) {
        if left == 0 { return position(of: index) }
        left -= 1
      }
      index += 1
    }
    return site.node.position
  }

  private func offset(of position: Position) -> Int {
    guard position.line >= 1, position.line <= lines.count else { return bytes.count }
    var index = lines[position.line - 1]
    var column = 1
    while column < position.column, index < bytes.count {
      index += 1
      while index < bytes.count, bytes[index] & 0xC0 == 0x80 { index += 1 }
      column += 1
    }
    return index
  }

  private func position(of offset: Int) -> Position {
    var (low, high) = (0, lines.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if lines[middle] <= offset { low = middle } else { high = middle }
    }
    return Position(line: low + 1, column: bytes[lines[low]..<offset].count { $0 & 0xC0 != 0x80 } + 1)
  }
}
