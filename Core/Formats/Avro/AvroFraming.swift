internal import Expression
internal import Records

/// What stands in front of an Avro value that comes by itself, to name the schema that it was written with.
public enum AvroFraming: Hashable, Sendable {
  /// The specification's single-object encoding: C3 01 and the schema's fingerprint.
  case singleObject(fingerprint: UInt64)
  /// Confluent's: 0 and the number that the registry has given to the schema.
  case confluent(id: UInt32)

  /// Bytes in front of the value.
  public var head: [UInt8] {
    switch self {
    case .singleObject(let fingerprint):
      [0xC3, 0x01] + (0..<8).map { UInt8(truncatingIfNeeded: fingerprint >> ($0 * 8)) }
    case .confluent(let id): [0] + (0..<4).map { UInt8(truncatingIfNeeded: id >> (24 - $0 * 8)) }
    }
  }

  /// The frame in front of a message's value, which begins behind `head.count` bytes; nil where it has neither frame.
  public init?(of message: Span<UInt8>) {
    if message.count >= 10, message.starts(with: [0xC3, 0x01]) {
      self = .singleObject(fingerprint: message.eight(at: 2))
    } else if message.count >= 5, message[0] == 0 {
      self = .confluent(id: (1..<5).reduce(0 as UInt32) { $0 << 8 | UInt32(message[$1]) })
    } else {
      return nil
    }
  }
}

extension AvroSchema {
  /// The specification's 64-bit fingerprint (CRC-64-AVRO) of the schema's Parsing Canonical Form: the same for schemas
  /// that read and write the same bytes.
  public var fingerprint: UInt64 {
    canonicalForm.utf8.reduce(AvroSchema.emptyFingerprint) { rest, byte in
      rest >> 8 ^ AvroSchema.fingerprints[Int(UInt8(truncatingIfNeeded: rest) ^ byte)]
    }
  }

  private static let emptyFingerprint: UInt64 = 0xC15D_213A_A4D7_A795
  private static let fingerprints: [UInt64] = (0..<256).map { byte in
    (0..<8).reduce(UInt64(byte)) { rest, _ in rest >> 1 ^ (rest & 1 == 1 ? emptyFingerprint : 0) }
  }

  /// The specification's Parsing Canonical Form: full names, and of the attributes those that say how values lie in
  /// bytes, in a fixed order, without spaces.
  public var canonicalForm: String {
    var known: Set<ExactText> = []
    return canonical(root, &known)
  }

  private func canonical(_ index: Int, _ known: inout Set<ExactText>) -> String {
    let node = nodes[index]
    switch node.kind {
    case .union: return "[\(node.parts.map { canonical($0, &known) }.joined(separator: ","))]"
    case .array: return "{\"type\":\"array\",\"items\":\(canonical(node.parts[0], &known))}"
    case .map: return "{\"type\":\"map\",\"values\":\(canonical(node.parts[0], &known))}"
    case .record, .enumeration, .fixed: break
    default: return quoted(node.kind.rawValue)
    }
    guard known.insert(ExactText(node.name)).inserted else { return quoted(node.name) }
    let head = "{\"name\":\(quoted(node.name)),\"type\":\(quoted(node.kind.rawValue))"
    switch node.kind {
    case .enumeration: return "\(head),\"symbols\":[\(node.symbols.map { quoted($0) }.joined(separator: ","))]}"
    case .fixed: return "\(head),\"size\":\(node.size)}"
    default:
      let members = node.members.map { "{\"name\":\(quoted($0.name)),\"type\":\(canonical($0.type, &known))}" }
      return "\(head),\"fields\":[\(members.joined(separator: ","))]}"
    }
  }
}
