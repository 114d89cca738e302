/// Values between processes, exact: maps keep their order, numbers their digits, secrets their marks, what is no number
/// stays none.
extension Value: Codable {
  private enum Kind: String, Codable {
    case null, bool, int, double, decimal, string, list, map, secret
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.unkeyedContainer()
    switch self {
    case .null: try container.encode(Kind.null)
    case .bool(let flag): try container.encode(Kind.bool, flag)
    case .int(let number): try container.encode(Kind.int, number)
    case .double(let number): try container.encode(Kind.double, number.bitPattern)
    case .decimal(let digits): try container.encode(Kind.decimal, digits)
    case .string(let text): try container.encode(Kind.string, text)
    case .list(let values): try container.encode(Kind.list, values)
    case .map(let map): try container.encode(Kind.map, map)
    case .secret(let secret):
      try container.encode(Kind.secret, secret.value)
      try container.encode(secret.marks)
    }
  }

  public init(from decoder: any Decoder) throws {
    var container = try decoder.unkeyedContainer()
    switch try container.decode(Kind.self) {
    case .null: self = .null
    case .bool: self = .bool(try container.decode(Bool.self))
    case .int: self = .int(try container.decode(Int64.self))
    case .double: self = .double(Double(bitPattern: try container.decode(UInt64.self)))
    case .decimal: self = .decimal(try container.decode(String.self))
    case .string: self = .string(try container.decode(String.self))
    case .list: self = .list(try container.decode([Value].self))
    case .map: self = .map(try container.decode(ValueMap.self))
    case .secret:
      let value = try container.decode(Value.self)
      self = .secret(Secret(value, try container.decode(Marks.self)))
    }
  }
}

extension UnkeyedEncodingContainer {
  fileprivate mutating func encode(_ kind: some Encodable, _ value: some Encodable) throws {
    try encode(kind)
    try encode(value)
  }
}

/// Names and values in turn.
extension ValueMap: Codable {
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.unkeyedContainer()
    for (key, value) in markedEntries {
      if key.isSecret { try container.encode(key) } else { try container.encode(key.text) }
      try container.encode(value)
    }
  }

  public init(from decoder: any Decoder) throws {
    var container = try decoder.unkeyedContainer()
    self.init()
    while !container.isAtEnd {
      if let key = try? container.decode(String.self) {
        self[key] = try container.decode(Value.self)
      } else {
        let key = try container.decode(MarkedText.self)
        set(key, to: try container.decode(Value.self))
      }
    }
  }
}

extension MarkedText: Codable {
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.unkeyedContainer()
    try container.encode(text, marks)
  }

  public init(from decoder: any Decoder) throws {
    var container = try decoder.unkeyedContainer()
    let text = try container.decode(String.self)
    self.init(text, try container.decode(Marks.self))
  }
}

/// The ends of the ranges, in order.
extension Marks: Codable {
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.unkeyedContainer()
    for range in ranges { try container.encode(range.lowerBound, range.upperBound) }
  }

  public init(from decoder: any Decoder) throws {
    var container = try decoder.unkeyedContainer()
    var ranges: [Range<Int>] = []
    while !container.isAtEnd {
      let (start, end) = (try container.decode(Int.self), try container.decode(Int.self))
      guard 0 <= start, start < end else {
        throw DecodingError.dataCorruptedError(in: container, debugDescription: "marks end before they begin")
      }
      ranges.append(start..<end)
    }
    self.init(ranges)
  }
}
