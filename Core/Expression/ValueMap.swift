internal import Records

/// A map of values that keeps the order in which its keys came. Keys are the same when their bytes are.
public struct ValueMap: Hashable, Sendable, Sequence, ExpressibleByDictionaryLiteral {
  private var names: Names
  private var values: [Value]

  public init() {
    names = Names.none
    values = []
  }

  public init(dictionaryLiteral elements: (String, Value)...) { self.init(elements) }

  public init(_ elements: some Sequence<(String, Value)>) {
    self.init()
    for (key, value) in elements { self[key] = value }
  }

  /// A map with the keys of another one, and values in their order: rows of a table share one list of keys.
  public init(like other: ValueMap, _ values: [Value]) {
    precondition(values.count == other.count, "a value for each key")
    names = other.names
    self.values = values
  }

  public var keys: [String] { names.keys }
  public var count: Int { values.count }
  public var isEmpty: Bool { values.isEmpty }

  /// Setting a new key appends it; setting nil removes it.
  public subscript(key: String) -> Value? {
    get { names.place(of: key).map { values[$0] } }
    set {
      switch (names.place(of: key), newValue) {
      case (let place?, let value?): values[place] = value
      case (let place?, nil):
        names = names.without(place)
        values.remove(at: place)
      case (nil, let value?):
        if !isKnownUniquelyReferenced(&names) { names = names.copy }
        names.append(key)
        values.append(value)
      case (nil, nil): break
      }
    }
  }

  /// Sets a value under a name that may be secret in part.
  public mutating func set(_ key: MarkedText, to value: Value) {
    self[key.text] = value
    guard key.isSecret, let place = names.place(of: key.text) else { return }
    if !isKnownUniquelyReferenced(&names) { names = names.copy }
    names.mark(place, key.marks)
  }

  /// Whether a name is secret in part.
  public var hasMarkedKeys: Bool { names.hasMarks }

  /// Keys with what is secret of them, and their values, in order.
  public var markedEntries: [(key: MarkedText, value: Value)] {
    values.indices.map { (MarkedText(names.keys[$0], names.marks(of: $0)), values[$0]) }
  }

  /// The same values under names of which nothing is secret.
  var withoutKeyMarks: ValueMap {
    guard hasMarkedKeys else { return self }
    var map = self
    map.names = Names(names.keys[...])
    return map
  }

  /// The same names, each with another value.
  public func mapValues(_ change: (Value) throws -> Value) rethrows -> ValueMap {
    ValueMap(like: self, try values.map(change))
  }

  public func makeIterator() -> Iterator { Iterator(map: self) }

  /// Keys with their values, in order.
  public struct Iterator: IteratorProtocol {
    fileprivate let map: ValueMap
    private var position = 0

    fileprivate init(map: ValueMap) { self.map = map }

    public mutating func next() -> (key: String, value: Value)? {
      guard position < map.values.count else { return nil }
      defer { position += 1 }
      return (map.names.keys[position], map.values[position])
    }
  }

  public static func == (a: ValueMap, b: ValueMap) -> Bool {
    (a.names === b.names || a.keys.elementsEqual(b.keys) { $0.isExactly($1) }) && a.values == b.values
  }

  public func hash(into hasher: inout Hasher) { hasher.combine(values) }
}

/// Keys and their places. It is changed by a map that alone has it.
private final class Names: @unchecked Sendable {
  static let none = Names([])

  private(set) var keys: [String]
  /// Empty for few keys: those are found faster one by one.
  private var places: [ExactText: Int] = [:]
  private static let few = 8
  /// What of the keys is secret, by their places.
  private var marks: [Int: Marks] = [:]

  init(_ keys: ArraySlice<String>) {
    self.keys = Array(keys)
    index()
  }

  private func index() {
    guard keys.count > Names.few else { return }
    places.reserveCapacity(keys.count)
    for (place, key) in keys.enumerated() { places[ExactText(key)] = place }
  }

  var copy: Names {
    let copy = Names(keys[...])
    copy.marks = marks
    return copy
  }

  func without(_ place: Int) -> Names {
    let rest = Names(keys[..<place] + keys[(place + 1)...])
    for (index, marks) in marks where index != place { rest.marks[index > place ? index - 1 : index] = marks }
    return rest
  }

  var hasMarks: Bool { !marks.isEmpty }
  func marks(of place: Int) -> Marks { marks.isEmpty ? .none : marks[place] ?? .none }
  func mark(_ place: Int, _ marks: Marks) { self.marks[place] = marks }

  func append(_ key: String) {
    keys.append(key)
    if places.isEmpty { index() } else { places[ExactText(key)] = keys.count - 1 }
  }

  func place(of key: String) -> Int? {
    keys.count > Names.few ? places[ExactText(key)] : keys.firstIndex { $0.isExactly(key) }
  }
}
