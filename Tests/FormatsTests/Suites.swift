import FerryTesting
import Foundation
import Testing

/// The cases of a public suite, from a file in fixtures/suites.
struct SuiteCase: CustomTestStringConvertible, Sendable {
  let name: String
  let bytes: [UInt8]
  var testDescription: String { name }
  /// `y`: to be accepted, `n`: to be refused, `i`: either.
  var kind: Character { name.first ?? " " }

  /// A line is the case's name, its bytes with `\xNN` and `\\`, and how often these are repeated.
  static func all(_ file: String) -> [SuiteCase] {
    let text = try? String(contentsOf: Agreement.root.appending(path: "fixtures/suites/\(file)"), encoding: .utf8)
    return (text ?? "").split(separator: "\n").map { line in
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
      let bytes = fields.count > 1 ? unescape(fields[1].utf8) : []
      let times = fields.count > 2 ? Int(fields[2]) ?? 0 : 1
      return SuiteCase(name: String(fields[0]), bytes: (0..<times).flatMap { _ in bytes })
    }
  }

  private static func unescape(_ text: Substring.UTF8View) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = text[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "\\"), let kind = rest.popFirst() else {
        bytes.append(byte)
        continue
      }
      bytes.append(
        kind == UInt8(ascii: "x") ? UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) ?? 0 : kind)
      if kind == UInt8(ascii: "x") { rest = rest.dropFirst(2) }
    }
    return bytes
  }
}
