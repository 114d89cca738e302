internal import Records

/// A plan's actions as plain values, for the walks through nested values: no reference is counted while one is read.
final class AvroProgram {
  /// What a scalar becomes. Together with what lies in the file it says how.
  enum Form: UInt8 {
    case bool, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float32, float64
    case decimal, wideDecimal
    /// Digits as text: in the file they are text as well, or a binary number.
    case numeric, binaryNumeric
    case text, bytes, json
    case date, time, timestamp
    case interval, duration
    /// A text with its own offset.
    case offsetTimestamp
    case uuid, uuidText
    /// Of what holds other values.
    case nested
  }

  /// One action; see `AvroAction` for the meaning of what has the same name there.
  struct Node {
    var kind: AvroAction.Kind
    var form: Form
    var factor: Int64 = 1
    var divisor: Int64 = 1
    /// Of a time.
    var unit = TimeUnit.microseconds
    var isZoned = false
    /// Digits of a decimal, in all and behind the point, and how many of these are more than in the file.
    var precision = 0
    var scale = 0
    var shift = 0
    /// Bytes of a fixed; of a default.
    var size = 0
    /// Of an array or a map.
    var mostItems = 0
    /// Where its links are: elements, branches, fields in the file's order; symbols, and these once more as JSON.
    var first = 0
    var count = 0
    /// A record's fields come in the reader's order.
    var isOrdered = true
  }

  struct Link {
    /// The node; -1 for a symbol that the reader does not have.
    var node: Int32 = 0
    /// The place among the fields of a JSON object; -1 for one that is skipped.
    var place: Int32 = 0
    /// The symbol's text; a field's name and a colon.
    var offset: Int32 = 0
    var length: Int32 = 0
  }

  /// What the walks read.
  struct View: ~Escapable {
    let nodes: Span<Node>
    let links: Span<Link>
    /// Texts and defaults.
    let bytes: Span<UInt8>

    @_lifetime(copy nodes, copy links, copy bytes)
    init(nodes: Span<Node>, links: Span<Link>, bytes: Span<UInt8>) {
      self.nodes = nodes
      self.links = links
      self.bytes = bytes
    }

    @inline(__always)
    func link(_ node: Int, _ index: Int) -> Int { Int(links[nodes[node].first + index].node) }

    @inline(__always)
    @_lifetime(copy self)
    func text(_ link: Link) -> Span<UInt8> {
      bytes.extracting(Int(link.offset)..<Int(link.offset) + Int(link.length))
    }
  }

  /// The nodes of the actions it was made from.
  let roots: [Int]
  private let nodes: [Node]
  private let links: [Link]
  private let bytes: [UInt8]

  init(_ actions: [AvroAction]) {
    var maker = Maker()
    roots = actions.map { maker.node($0) }
    (nodes, links, bytes) = (maker.nodes, maker.links, maker.bytes)
  }

  var view: View {
    @_lifetime(borrow self)
    get {
      let (nodes, links, bytes) = (nodes, links, bytes)
      return unsafe View(
        nodes: _overrideLifetime(nodes.span, borrowing: self), links: _overrideLifetime(links.span, borrowing: self),
        bytes: _overrideLifetime(bytes.span, borrowing: self))
    }
  }

  private struct Maker {
    var nodes: [Node] = []
    var links: [Link] = []
    var bytes: [UInt8] = []
    private var known: [ObjectIdentifier: Int] = [:]

    mutating func node(_ action: AvroAction) -> Int {
      if let index = known[ObjectIdentifier(action)] { return index }
      let index = nodes.count
      known[ObjectIdentifier(action)] = index
      nodes.append(AvroProgram.scalar(action))
      let parts = parts(action)
      nodes[index].first = links.count
      nodes[index].count = parts.count
      links += parts
      // Recursive types refer to this one: its links have their place before they are filled.
      for (number, part) in action.parts.enumerated() {
        let inner = node(part)
        links[nodes[index].first + number].node = Int32(inner)
      }
      return index
    }

    private mutating func parts(_ action: AvroAction) -> [Link] {
      switch action.kind {
      case .enumeration:
        return action.symbols.map { text($0) } + action.symbols.map { text($0.map(AvroProgram.quoted)) }
      case .record:
        return zip(action.keys, action.places).map { key, place in
          var link = text(key)
          link.place = Int32(place ?? -1)
          return link
        }
      case .fallback: return [text(action.bytes)]
      case .mismatch: return [text(Array(action.reason.utf8))]
      default:
        return action.parts.map { _ in Link() }
      }
    }

    private mutating func text(_ text: [UInt8]?) -> Link {
      guard let text else { return Link(node: -1, place: -1) }
      let link = Link(offset: Int32(clamping: bytes.count), length: Int32(clamping: text.count))
      bytes += text
      return link
    }
  }

  private static func quoted(_ text: [UInt8]) -> [UInt8] {
    var out = ByteBuffer()
    JSONText.append(string: text.span, to: &out)
    return out.array
  }

  private static func scalar(_ action: AvroAction) -> Node {
    var node = Node(kind: action.kind, form: form(action))
    node.factor = action.factor
    node.divisor = action.divisor
    node.size = action.size
    node.mostItems = action.mostItems
    node.shift = action.shift
    if let scale = action.scale { node.scale = scale }
    if case .decimal(let precision, let scale) = action.type { (node.precision, node.scale) = (precision, scale) }
    if case .timestamp(let unit, let zoned) = action.type { (node.unit, node.isZoned) = (unit, zoned) }
    if case .time(let unit) = action.type { node.unit = unit }
    if case .offsetTimestamp(let unit) = action.type { node.unit = unit }
    let places = action.places.compactMap { $0 }
    node.isOrdered = zip(places, places.dropFirst()).allSatisfy { $0 < $1 }
    return node
  }

  private static func form(_ action: AvroAction) -> Form {
    switch action.type {
    case .bool: .bool
    case .int8: .int8
    case .int16: .int16
    case .int32: .int32
    case .int64: .int64
    case .uint8: .uint8
    case .uint16: .uint16
    case .uint32: .uint32
    case .uint64: .uint64
    case .float32: .float32
    case .float64: .float64
    case .decimal(let precision, _): precision <= 38 ? .decimal : .wideDecimal
    case .numeric: action.scale == nil ? .numeric : .binaryNumeric
    case .text: .text
    case .bytes: .bytes
    case .date: .date
    case .time: .time
    case .timestamp: .timestamp
    case .offsetTimestamp: .offsetTimestamp
    case .interval: action.kind == .fixed ? .duration : .interval
    case .uuid: action.kind == .fixed ? .uuid : .uuidText
    case .json: .json
    case .list: .nested
    }
  }
}
