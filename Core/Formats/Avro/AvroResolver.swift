internal import Expression
internal import Records

/// Brings the schema that a file was written with and the one it is to be read with together, after the specification's
/// chapter on schema resolution.
struct AvroResolver {
  /// The two do not match; becomes a failure, or a bad row where it depends on the row.
  struct Mismatch: Error { let reason: String }

  private let writer: AvroSchema
  private let reader: AvroSchema
  private var records: [[Int]: AvroAction] = [:]
  private var all: [AvroAction] = []
  /// When both are one schema there is nothing to compare, and recursion is by position.
  private let isSame: Bool

  static func plan(writer: AvroSchema, reader: AvroSchema?) throws -> AvroPlan {
    var resolver = AvroResolver(writer: writer, reader: reader ?? writer, isSame: reader == nil)
    do {
      let root = try resolver.resolve(writer.root, resolver.reader.root)
      let plan = AvroPlan(root: root, schema: resolver.reader, all: resolver.all)
      if resolver.all.contains(where: { $0.leastValues > AvroBlocks.Bound.values }) {
        throw Failure(
          .schema, "reading an Avro file: a type of its schema is made of more than \(AvroBlocks.Bound.values) values")
      }
      return plan
    } catch let mismatch as Mismatch {
      throw Failure(
        .schema, "reading an Avro file with the given schema: \(mismatch.reason)",
        hint: "Give a schema that the file's own one can be resolved to, or none")
    }
  }

  private init(writer: AvroSchema, reader: AvroSchema, isSame: Bool) {
    self.writer = writer
    self.reader = reader
    self.isSame = isSame
  }

  private mutating func make(_ kind: AvroAction.Kind, _ type: DataType) -> AvroAction {
    let action = AvroAction(kind, type)
    all.append(action)
    return action
  }

  mutating func resolve(_ w: Int, _ r: Int) throws -> AvroAction {
    let from = writer[w]
    let to = reader[r]
    if from.kind == .union { return try union(from, r) }
    if to.kind == .union { return try resolve(w, toBranchOf: to, reader.columnType(r)) }
    switch (from.kind, to.kind) {
    case (.record, .record): return try record(w, r)
    case (.array, .array), (.map, .map):
      let action = make(from.kind == .map ? .map : .array, reader.columnType(r))
      action.parts = [try resolve(from.parts[0], to.parts[0])]
      return action
    case (.enumeration, .enumeration): return try enumeration(from, to)
    case (.fixed, .fixed):
      guard names(from, match: to), from.size == to.size else { throw different(from, to) }
      return try scalar(.fixed, from, to)
    default: return try primitive(from, to)
    }
  }

  private func different(_ from: AvroSchema.Node, _ to: AvroSchema.Node) -> Mismatch {
    Mismatch(reason: "the file has \(from.label), the schema wants \(to.label)")
  }

  /// Names match without their namespaces; the reader's aliases stand for other names of the writer.
  private func names(_ from: AvroSchema.Node, match to: AvroSchema.Node) -> Bool {
    if isSame { return true }
    func bare(_ name: String) -> Substring { name.split(separator: ".").last ?? "" }
    return bare(from.name).isExactly(bare(to.name))
      || to.aliases.contains { $0.isExactly(from.name) || bare($0).isExactly(bare(from.name)) }
  }

  // MARK: scalars

  private mutating func primitive(_ from: AvroSchema.Node, _ to: AvroSchema.Node) throws -> AvroAction {
    switch (from.kind, to.kind) {
    case (.null, .null): return make(.null, .text)
    case (.boolean, .boolean): return try scalar(.boolean, from, to)
    case (.int, .int), (.int, .long), (.int, .float), (.int, .double): return try scalar(.int, from, to)
    case (.long, .long), (.long, .float), (.long, .double): return try scalar(.long, from, to)
    case (.float, .float), (.float, .double): return try scalar(.float, from, to)
    case (.double, .double): return try scalar(.double, from, to)
    case (.bytes, .bytes), (.string, .string), (.bytes, .string), (.string, .bytes): return try scalar(.bytes, from, to)
    default: throw different(from, to)
    }
  }

  private mutating func scalar(
    _ kind: AvroAction.Kind, _ from: AvroSchema.Node, _ to: AvroSchema.Node
  ) throws -> AvroAction {
    let action = make(kind, reader.scalarType(to))
    action.size = from.size
    if case .decimal(_, let wanted)? = to.logical {
      // Text keeps the digits that the file has.
      var scale = wanted
      if case .decimal(_, let written)? = from.logical { scale = written }
      action.scale = scale
      action.shift = wanted - scale
    }
    if let unit = Self.unit(of: to) {
      // What the writer said about the unit holds; else what the reader says.
      let written = (Self.unit(of: from) ?? unit).rawValue
      let kept =
        action.type == .timestamp(.nanoseconds, zoned: true) || action.type == .timestamp(.nanoseconds, zoned: false)
      let wanted = (kept ? AvroSchema.Unit.nanos : .micros).rawValue
      action.factor = max(1, wanted / written)
      action.divisor = max(1, written / wanted)
    }
    return action
  }

  private static func unit(of node: AvroSchema.Node) -> AvroSchema.Unit? {
    switch node.logical {
    case .time(let unit), .timestamp(let unit, _): unit
    default: nil
    }
  }

  private mutating func enumeration(_ from: AvroSchema.Node, _ to: AvroSchema.Node) throws -> AvroAction {
    guard names(from, match: to) else { throw different(from, to) }
    let action = make(.enumeration, .text)
    action.symbols = from.symbols.map { symbol in
      (to.symbols.containsExactly(symbol) ? symbol : to.fallbackSymbol).map { Array($0.utf8) }
    }
    return action
  }

  // MARK: unions

  private mutating func union(_ from: AvroSchema.Node, _ r: Int) throws -> AvroAction {
    let action = make(.union, reader.columnType(r))
    var reasons: [String] = []
    for branch in from.parts {
      do {
        action.parts.append(widened(isSame ? try resolve(branch, branch) : try resolve(branch, r), action.type))
      } catch let mismatch as Mismatch {
        let bad = make(.mismatch, .text)
        bad.reason = mismatch.reason
        bad.parts = [try skipper(branch)]
        action.parts.append(bad)
        reasons.append(mismatch.reason)
      }
    }
    if let reason = reasons.first, reasons.count == from.parts.count { throw Mismatch(reason: reason) }
    return action
  }

  /// The branch of the writer's own type, else the first that matches by a promotion. Named types match without their
  /// namespaces, but one of the whole name comes before others.
  private mutating func resolve(_ w: Int, toBranchOf to: AvroSchema.Node, _ type: DataType) throws -> AvroAction {
    let from = writer[w]
    let ranks = to.parts.map { distance(from, reader[$0]) }
    for rank in 0...2 {
      for (branch, part) in to.parts.enumerated() where ranks[branch] == rank {
        if let action = try? resolve(w, part) { return widened(action, type) }
      }
    }
    throw different(from, to)
  }

  /// 0: the same type, 1: the same but for its logical type or namespace, 2: any other.
  private func distance(_ from: AvroSchema.Node, _ to: AvroSchema.Node) -> Int {
    guard from.kind == to.kind else { return 2 }
    return from.logical == to.logical && from.name.isExactly(to.name) ? 0 : 1
  }

  /// A branch of a union of numbers becomes the type that holds all of them.
  private mutating func widened(_ action: AvroAction, _ type: DataType) -> AvroAction {
    let isWider = type == .int64 && action.type == .int32 || type == .float64 && action.type == .float32
    return isWider && (action.kind == .int || action.kind == .float) ? make(action.kind, type) : action
  }

  /// An action to skip a value of the writer.
  private mutating func skipper(_ w: Int) throws -> AvroAction {
    if isSame { return try resolve(w, w) }
    var skipper = AvroResolver(writer: writer, reader: writer, isSame: true)
    let action = try skipper.resolve(w, w)
    all += skipper.all
    return action
  }

  // MARK: records

  private mutating func record(_ w: Int, _ r: Int) throws -> AvroAction {
    if let action = records[[w, r]] { return action }
    let from = writer[w]
    let to = reader[r]
    guard names(from, match: to) else { throw different(from, to) }
    let action = make(.record, .json)
    let known = records
    records[[w, r]] = action
    do {
      try fill(action, from, to)
    } catch {
      // Those that were made meanwhile may refer to this one.
      records = known
      throw error
    }
    return action
  }

  private mutating func fill(_ action: AvroAction, _ from: AvroSchema.Node, _ to: AvroSchema.Node) throws {
    var isTaken = [Bool](repeating: false, count: to.members.count)
    let places = places(of: from, in: to)
    for member in from.members {
      guard let place = places[ExactText(member.name)], !isTaken[place] else {
        add(try skipper(member.type), at: nil, key: nil, to: action)
        continue
      }
      isTaken[place] = true
      do {
        add(try resolve(member.type, to.members[place].type), at: place, key: to.members[place].columnName, to: action)
      } catch let mismatch as Mismatch {
        throw Mismatch(reason: "field '\(to.members[place].name)' of '\(to.name)': \(mismatch.reason)")
      }
    }
    for (place, member) in to.members.enumerated() where !isTaken[place] {
      add(try fallback(member, of: to), at: place, key: member.columnName, to: action)
    }
  }

  /// Where fields of the writer go. An alias counts only for a field whose own name the writer does not have.
  private func places(of from: AvroSchema.Node, in to: AvroSchema.Node) -> [ExactText: Int] {
    let written = Set(from.members.map { ExactText($0.name) })
    var places: [ExactText: Int] = [:]
    let names = to.members.map { ExactText($0.name) }
    for (place, name) in names.enumerated() where written.contains(name) { places[name] = place }
    for (place, member) in to.members.enumerated() where !written.contains(names[place]) {
      let alias = member.aliases.map(\.exact).first { written.contains($0) && places[$0] == nil }
      if let alias { places[alias] = place }
    }
    return places
  }

  private func add(_ part: AvroAction, at place: Int?, key: String?, to action: AvroAction) {
    action.parts.append(part)
    action.places.append(place)
    action.keys.append(
      key.map { key in
        var text = ByteBuffer()
        JSONText.append(text: key, to: &text)
        text.append(byte: UInt8(ascii: ":"))
        return unsafe Array(text.bytes)
      })
  }

  private mutating func fallback(_ member: AvroSchema.Member, of record: AvroSchema.Node) throws -> AvroAction {
    guard let value = member.fallback else {
      throw Mismatch(
        reason: "the file has no field '\(member.name)' for '\(record.name)', and the schema no default for it")
    }
    let action = make(.fallback, reader.columnType(member.type))
    var encoder = AvroDefault(schema: reader)
    guard encoder.encode(value, member.type, depth: 0) else {
      throw Mismatch(reason: "the default of the field '\(member.name)' of '\(record.name)' does not fit its type")
    }
    action.bytes = encoder.bytes
    var same = AvroResolver(writer: reader, reader: reader, isSame: true)
    action.parts = [try same.resolve(member.type, member.type)]
    all += same.all
    return action
  }
}
