internal import Records
internal import SQL

/// Which types a statement's parameters have: the column's where the value is stored, its own where it is part of an
/// expression and the server would take it for a type that it may not fit, else the one that the server infers.
struct ParameterTypes {
  /// What a parameter takes, and how it is sent.
  struct Taker {
    var target: RowEncoder.Target
    var load: LoadTarget
  }

  private let parameters: [StatementParameter]
  /// The columns that they belong to.
  private let columns: [RowEncoder.Target?]
  private let moneyScale: () throws -> Int
  private let type: (UInt32) -> DatabaseType

  init(_ parameters: [StatementParameter], _ catalog: TypeCatalog) {
    self.parameters = parameters
    columns = parameters.map { $0.column?.facts?.of(RowEncoder.Target.self) }
    moneyScale = catalog.moneyScale
    type = catalog.type
  }

  /// What to try before and behind the types that the server infers: sums in the type of their column, and every value
  /// in an expression in its own.
  var alternatives: (before: [UInt32]?, behind: [UInt32]?) {
    let inferred = known(terms: false)
    let terms = known(terms: true)
    let own = zip(inferred, parameters).map { known, parameter in
      parameter.role.isPart || parameter.role == .term
        ? parameter.source.flatMap(ParameterTypes.natural) ?? known : known
    }
    return (terms == inferred ? nil : terms, own == inferred ? nil : own)
  }

  /// - Parameter terms: whether sums are taken in the type of their column.
  func known(terms: Bool) -> [UInt32] {
    zip(parameters, columns).map { parameter, column in
      parameter.role == .stored || terms && parameter.role == .term ? column?.type.oid ?? 0 : 0
    }
  }

  /// The types to try where the server took a value in an expression for less than it is: `? + 100` for an integer. Nil
  /// when there are none.
  func natural(_ found: [UInt32]) -> [UInt32]? {
    var types = found
    for (index, parameter) in parameters.enumerated() where parameter.role.isPart && index < found.count {
      guard let source = parameter.source, let natural = ParameterTypes.natural(source) else { continue }
      if !source.fits(in: type(found[index]).dataType(modifier: -1)) { types[index] = natural }
    }
    return types == found ? nil : types
  }

  /// The built-in type whose values are those of a record's type; nil for texts, which the server reads as what it
  /// needs.
  private static func natural(_ type: DataType) -> UInt32? {
    switch type {
    case .bool: 16
    case .int8, .int16, .uint8: 21
    case .int32, .uint16: 23
    case .int64, .uint32: 20
    case .uint64, .decimal, .numeric: 1_700
    case .float32: 700
    case .float64: 701
    case .date: 1_082
    case .time: 1_083
    case .timestamp(_, let zoned): zoned ? 1_184 : 1_114
    case .offsetTimestamp: 1_184
    case .interval: 1_186
    case .uuid: 2_950
    default: nil
    }
  }

  func takers(_ found: [UInt32]) throws -> [Taker] {
    try found.enumerated().map { index, oid in
      let parameter = parameters.indices.contains(index) ? parameters[index] : StatementParameter(.part)
      if let column = columns.indices.contains(index) ? columns[index] : nil, column.type.oid == oid,
        stores(parameter.role), let load = parameter.column?.target
      {
        return Taker(target: column, load: load)
      }
      return try taker(type(oid), parameter)
    }
  }

  private func stores(_ role: StatementParameter.Role) -> Bool {
    switch role {
    case .stored, .term, .cast: true
    case .compared, .part, .rounded: false
    }
  }

  /// The server tells no modifier of a parameter: it takes numbers of any scale and arrays of any depth.
  private func taker(_ type: DatabaseType, _ parameter: StatementParameter) throws -> Taker {
    var target = RowEncoder.Target(name: "", type: type, modifier: type.domainModifier)
    var element = parameter.source ?? .text
    if case .array = type.form {
      var depth = 0
      while case .list(let inner) = element {
        depth += 1
        element = inner
      }
      target.depth = max(depth, 1)
    }
    if target.modifier < 0, type.holdsNumerics, case .decimal(let precision, let scale) = element {
      target.modifier = Int32(precision << 16 | scale) + 4
    }
    if type.form == .money { target.moneyScale = try moneyScale() }
    var load = TableCatalog.load(target, named: type.name)
    // What goes into the expression is no finer than what the column keeps.
    if parameter.role == .part, case .timestamp = type.form, let stored = parameter.column?.target,
      case .timestamp = stored.type
    {
      load.step = stored.step
    }
    return Taker(target: target, load: load)
  }
}

extension DatabaseType {
  fileprivate var holdsNumerics: Bool {
    if case .array(let element) = form { return element.form == .numeric }
    return form == .numeric
  }
}
