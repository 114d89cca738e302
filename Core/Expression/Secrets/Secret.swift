internal import Records

/// A text or number with secret parts: what `Value.secret` holds. A box, so that all other values stay as small as they
/// are.
public final class Secret: Sendable {
  /// Neither a list nor a map, nor a secret itself.
  public let value: Value
  /// Where the secret parts stand in the value's text; never empty.
  public let marks: Marks

  init(_ value: Value, _ marks: Marks) {
    self.value = value
    self.marks = marks
  }

  public var markedText: MarkedText { MarkedText(value.text, marks) }
}

extension Value {
  /// A text, which is a secret when a part of it is.
  public init(_ text: MarkedText) {
    self = text.isSecret ? .secret(Secret(.string(text.text), text.marks)) : .string(text.text)
  }

  /// Whether this value itself, rather than one within it, is secret in part.
  public var isSecret: Bool { if case .secret = self { true } else { false } }

  /// The value without its own marks.
  public var plain: Value { if case .secret(let secret) = self { secret.value } else { self } }

  /// Whether anything in it is secret.
  public var holdsSecret: Bool {
    switch self {
    case .secret: true
    case .list(let values): values.contains(where: \.holdsSecret)
    case .map(let map): map.hasMarkedKeys || map.contains { $0.value.holdsSecret }
    default: false
    }
  }

  /// The value without all marks.
  public var unmarked: Value {
    guard holdsSecret else { return self }
    switch self {
    case .secret(let secret): return secret.value
    case .list(let values): return .list(values.map(\.unmarked))
    case .map(let map): return .map(map.withoutKeyMarks.mapValues(\.unmarked))
    default: return self
    }
  }

  /// The value with all texts, numbers and names in it secret. Whether something is true, or is there at all, is not.
  public var asSecret: Value {
    switch self {
    case .null, .bool: return self
    case .int, .double, .decimal, .string:
      let marks = Marks(whole: text)
      return marks.isEmpty ? self : .secret(Secret(self, marks))
    case .secret(let secret): return secret.value.asSecret
    case .list(let values): return .list(values.map(\.asSecret))
    case .map(let map):
      var result = ValueMap()
      for (key, value) in map { result.set(MarkedText(secret: key), to: value.asSecret) }
      return .map(result)
    }
  }

  /// What was made of another value in a way that does not tell where its parts went: the same text has the same marks,
  /// any other is secret as a whole when something of the other value is.
  public func marked(like source: Value) -> Value {
    guard source.holdsSecret else { return self }
    let text = source.markedText
    guard self.text.isExactly(text.text), list == nil, map == nil else { return asSecret }
    return text.isSecret ? .secret(Secret(plain, text.marks)) : self
  }

  /// How it is shown: with a mask for each secret part.
  public var masked: Value {
    guard holdsSecret else { return self }
    switch self {
    case .secret(let secret): return .string(secret.markedText.masked)
    case .list(let values): return .list(values.map(\.masked))
    case .map(let map):
      var result = ValueMap()
      for (key, value) in map.markedEntries { result[key.masked] = value.masked }
      return .map(result)
    default: return self
    }
  }

  /// The value without what is secret in part: entries of maps are left out, lists and other values as a whole (nil).
  public var withoutSecrets: Value? {
    guard holdsSecret else { return self }
    guard case .map(let map) = self else { return nil }
    return .map(map.withoutSecrets)
  }

  /// All texts and numbers in it that are secret in part, names of entries among them.
  public var secretTexts: [MarkedText] {
    switch self {
    case .secret(let secret): [secret.markedText]
    case .list(let values): values.flatMap(\.secretTexts)
    case .map(let map):
      (map.hasMarkedKeys ? map.markedEntries.map(\.key).filter(\.isSecret) : []) + map.flatMap { $0.value.secretTexts }
    default: []
    }
  }

  /// The value with `change` made to each text in it, those that are secret in part as well.
  public func mapTexts(_ change: (MarkedText) throws -> MarkedText) rethrows -> Value {
    switch self {
    case .string(let text): Value(try change(MarkedText(text)))
    case .secret(let secret) where secret.value.string != nil: Value(try change(secret.markedText))
    case .list(let values): .list(try values.map { try $0.mapTexts(change) })
    case .map(let map): .map(try map.mapValues { try $0.mapTexts(change) })
    default: self
    }
  }

  /// How this value stands in a text: see `text`.
  public var markedText: MarkedText {
    switch self {
    case .secret(let secret): secret.markedText
    case .list, .map: markedJSON()
    default: MarkedText(text)
    }
  }
}

extension ValueMap {
  /// Without all marks.
  public var unmarked: ValueMap { Value.map(self).unmarked.map ?? self }

  public var masked: ValueMap { Value.map(self).masked.map ?? self }

  /// See `Value.withoutSecrets`.
  public var withoutSecrets: ValueMap {
    guard Value.map(self).holdsSecret else { return self }
    var result = ValueMap()
    for (key, value) in markedEntries where !key.isSecret {
      if let rest = value.withoutSecrets { result[key.text] = rest }
    }
    return result
  }
}

extension Value {
  /// Where its secrets are, for where it is kept as JSON: each with the way to it, names and indices, and its marks.
  /// Nil when there are none.
  public var secretPlaces: Value? {
    var places: [Value] = []
    collect([], &places)
    return places.isEmpty ? nil : .list(places)
  }

  private func collect(_ way: [Value], _ places: inout [Value]) {
    switch self {
    case .secret(let secret): places.append(["at": .list(way), "marks": Value.list(secret.marks)])
    case .list(let values):
      for (index, value) in values.enumerated() { value.collect(way + [.int(Int64(index))], &places) }
    case .map(let map):
      for (key, value) in map.markedEntries {
        let way = way + [.string(key.text)]
        if key.isSecret { places.append(["name": .list(way), "marks": Value.list(key.marks)]) }
        value.collect(way, &places)
      }
    default: return
    }
  }

  private static func list(_ marks: Marks) -> Value {
    .list(marks.ranges.map { [.int(Int64($0.lowerBound)), .int(Int64($0.upperBound))] })
  }

  /// The value with its secrets marked again. Of places that it does not have nothing comes.
  public func marked(at places: Value) -> Value {
    (places.list ?? []).reduce(self) { value, place in
      let ranges = (place.map?["marks"]?.list ?? []).compactMap { pair -> Range<Int>? in
        guard let start = pair.list?.first?.int, let end = pair.list?.last?.int, 0 <= start, start < end else {
          return nil
        }
        return Int(start)..<Int(end)
      }
      let isName = place.map?["name"] != nil
      let way = (place.map?["at"] ?? place.map?["name"])?.list ?? []
      return value.marked(Marks(ranges), way[...], isName)
    }
  }

  private func marked(_ marks: Marks, _ way: ArraySlice<Value>, _ isName: Bool) -> Value {
    guard let step = way.first else { return marked(marks) }
    switch self {
    case .map(var map):
      guard let name = step.string, let value = map[name] else { return self }
      if isName, way.count == 1 {
        map.set(MarkedText(name, marks.cut(to: 0..<name.utf8.count)), to: value)
      } else {
        map[name] = value.marked(marks, way.dropFirst(), isName)
      }
      return .map(map)
    case .list(var values):
      guard let index = step.int, values.indices.contains(Int(index)) else { return self }
      values[Int(index)] = values[Int(index)].marked(marks, way.dropFirst(), isName)
      return .list(values)
    default: return self
    }
  }

  private func marked(_ marks: Marks) -> Value {
    switch self {
    case .string(let text): Value(MarkedText(text, marks.cut(to: 0..<text.utf8.count)))
    default: asSecret
    }
  }
}
