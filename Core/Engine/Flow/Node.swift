public import Expression
internal import Records
internal import Yams

/// A place in a flow file; both count from 1.
public struct Position: Sendable, Hashable, Comparable {
  public var line: Int
  public var column: Int
  public static func < (a: Position, b: Position) -> Bool { (a.line, a.column) < (b.line, b.column) }
}

/// A YAML value that knows where it stands in its file.
struct Node: Sendable {
  enum Content: Sendable {
    case scalar(Value)
    case list([Node])
    case map([Member])
  }

  struct Member: Sendable {
    var key: String
    var keyPosition: Position
    var node: Node
  }

  var content: Content
  var position: Position
  /// Whether the text of a scalar starts right at the position: then an offset in it is a column.
  var isBlock = false
  /// Whether it is a scalar without quotes.
  var isPlain = false

  var members: [Member]? { if case .map(let members) = content { members } else { nil } }
  var items: [Node]? { if case .list(let items) = content { items } else { nil } }
  var scalar: Value? { if case .scalar(let value) = content { value } else { nil } }
  var text: String? { scalar?.string }

  subscript(key: String) -> Node? { members?.first { $0.key.isExactly(key) }?.node }

  /// The plain value without positions.
  var value: Value {
    switch content {
    case .scalar(let value): value
    case .list(let items): .list(items.map(\.value))
    case .map(let members): .map(ValueMap(members.map { ($0.key, $0.node.value) }))
    }
  }

  var typeName: String { value.typeName }
}

extension Node {
  /// Reads one YAML document. Errors are at a position.
  static func parse(_ text: String) throws(Diagnostic) -> Node {
    do {
      guard let node = try Yams.compose(yaml: text.withoutMark) else {
        throw Diagnostic(.error, "the file is empty", at: Position(line: 1, column: 1))
      }
      var left = mostNodes
      return try Node(node, &left)
    } catch let diagnostic as Diagnostic {
      throw diagnostic
    } catch let error as YamlError {
      throw Diagnostic(yaml: error, in: text)
    } catch {
      throw Diagnostic(.error, "\(error)", at: Position(line: 1, column: 1))
    }
  }

  /// Nodes of a document with its aliases expanded: far more than an honest file has, far fewer than would fill the
  /// memory. Aliases of aliases grow without end ("billion laughs").
  private static let mostNodes = 1_000_000

  /// - Parameter left: how many nodes the document may still have.
  private init(_ node: Yams.Node, _ left: inout Int) throws {
    let mark = node.mark.map { Position(line: $0.line, column: $0.column) } ?? Position(line: 1, column: 1)
    left -= 1
    guard left > 0 else {
      throw Diagnostic(
        .error, "the document has more than \(Node.mostNodes) values once its aliases are followed", at: mark)
    }
    position = mark
    switch node {
    case .scalar(let scalar):
      isBlock = scalar.style == .literal || scalar.style == .folded
      content = .scalar(PlainScalar.value(of: scalar))
      isPlain = scalar.style == .plain
    case .sequence(let sequence): content = .list(try sequence.map { try Node($0, &left) })
    case .mapping(let mapping):
      var members: [Member] = []
      var merged: [Member] = []
      for (key, value) in mapping {
        guard case .scalar(let name) = key else {
          // `{{ x }}` is a map whose key is a map.
          let hint = key.mapping == nil ? "" : ". An expression stands in quotes: \"{{ … }}\""
          throw Diagnostic(.error, "a key must be a plain text\(hint)", at: mark)
        }
        let place = key.mark.map { Position(line: $0.line, column: $0.column) } ?? mark
        let node = try Node(value, &left)
        if name.string == "<<" {
          merged += try Node.merged(node)
        } else {
          members.append(Member(key: name.string, keyPosition: place, node: node))
        }
      }
      var known = Set(members.map { ExactText($0.key) })
      content = .map(members + merged.filter { known.insert(ExactText($0.key)).inserted })
    case .alias(let alias): throw Diagnostic(.error, "unknown anchor '\(alias.anchor)'", at: mark)
    }
  }

  /// What `<<` brings in: the members of a map, or of several, of which the first counts.
  private static func merged(_ node: Node) throws -> [Member] {
    if let members = node.members { return members }
    guard let items = node.items else {
      throw Diagnostic(.error, "'<<' takes a map or a list of maps, found \(node.typeName)", at: node.position)
    }
    return try items.flatMap { try merged($0) }
  }
}

extension String {
  /// Without the byte order mark that some editors put before UTF-8.
  var withoutMark: String { unicodeScalars.first == "\u{FEFF}" ? String(unicodeScalars.dropFirst()) : self }
}

extension Value {
  /// A YAML (or JSON) file that holds a map.
  public static func parsedYAML(file: String) throws -> ValueMap {
    let value = try parseYAML(try String.contents(of: FileInput(path: file)))
    guard let map = value.map else {
      throw Failure(.configuration, "'\(file)' holds a \(value.typeName) instead of a map")
    }
    return map
  }

  /// One YAML document as a plain value.
  static func parseYAML(_ text: String) throws -> Value {
    do { return try Node.parse(text).value } catch {
      throw Failure(.data, "line \(error.position.line), column \(error.position.column): \(error.message)")
    }
  }
}

/// One problem of a flow, at its place.
public struct Diagnostic: Error, Sendable, Hashable {
  public enum Severity: String, Sendable, Hashable {
    case error
    case warning
  }

  public var severity: Severity
  public var message: String
  public var position: Position
  public var file = ""

  init(_ severity: Severity, _ message: String, at position: Position) {
    self.severity = severity
    self.message = message
    self.position = position
  }

  /// `orders.yaml:12:7: error: …`, the form that editors and CI logs make clickable.
  public var line: String { "\(file):\(position.line):\(position.column): \(severity.rawValue): \(message)" }
}
