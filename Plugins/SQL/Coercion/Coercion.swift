public import Records

/// How a value gets from one type to another, as `docs/coercion.md` calls it.
enum CoercionKind: String {
  /// The same memory.
  case identical
  /// Every value fits.
  case widening
  /// A value that does not fit is an error.
  case checked
  /// As its canonical text.
  case formatted
  /// From its text, strictly.
  case parsed
  case refused
}

/// What a flow allows beside exact conversions, and the zone of wall clocks.
public struct CoercionOptions: Sendable, Hashable {
  /// Between a wall clock and an instant: an IANA name or an offset.
  public var timeZone = "UTC"
  /// A float takes the nearest value of a number that it cannot hold exactly.
  public var roundFloats = false

  public init(timeZone: String = "UTC", roundFloats: Bool = false) {
    self.timeZone = timeZone
    self.roundFloats = roundFloats
  }
}

/// Turns the columns of one type into columns of a target's type. Chosen once per column; never rounds, truncates,
/// shifts or nulls a value: one that does not fit is `Failure(.data)`.
public struct Coercion: Sendable {
  public let source: DataType
  public let target: LoadTarget
  /// The column's name, for messages.
  let name: String
  private let way: Way
  /// For texts that have more digits than `target` counts.
  private let finer: Way?

  /// One way to the target.
  private struct Way: Sendable {
    let type: DataType
    let step: CoercionStep
    let limits: LimitCheck?

    init(_ step: CoercionStep, _ target: LoadTarget) {
      type = target.type
      self.step = step
      limits = LimitCheck(target)
    }

    func apply(_ column: Column) throws -> Column {
      let result = try step.apply(column, type)
      try limits?.check(result)
      return result
    }
  }

  /// - Throws: `Failure(.schema)` where the two types have nothing in common.
  public init(from source: DataType, to target: LoadTarget, name: String, options: CoercionOptions = .init()) throws {
    var target = target
    if target.takesAny { target.type = source }
    if target.takesAnyDepth, source.listDepth > 0 {
      target.type = (0..<source.listDepth).reduce(target.type.innermost) { type, _ in .list(type) }
    }
    let fine = target.inNanoseconds
    if let fine, source.unit == .nanoseconds { target = fine }
    self.source = source
    self.target = target
    self.name = name
    let zone = CoercionMatrix.needsZone(source, target.type) ? try Zone(options.timeZone) : nil
    let terms = CoercionMatrix.Terms(zone: zone, roundFloats: options.roundFloats)
    guard let step = CoercionMatrix.step(source, target.type, terms) else {
      throw Failure(
        .schema, "column '\(name)': a value of type \(source.name) cannot become \(target.nativeType)",
        hint: "Convert it in the query that reads it")
    }
    way = Way(step, target)
    finer =
      source.isText
      ? fine.flatMap { fine in CoercionMatrix.step(source, fine.type, terms).map { Way($0, fine) } } : nil
  }

  /// - Parameter firstRow: the number of the column's first value in the whole input, from 1, for messages.
  /// - Returns: values of the target's type; texts that are finer than its microseconds, in nanoseconds.
  public func apply(_ column: Column, firstRow: Int64) throws -> Column {
    do {
      do { return try way.apply(column) } catch let bad as BadValue {
        guard let finer, bad.fault == .losesDigits else { throw bad }
        // Too many digits for either way?
        do { _ = try finer.apply(column.slice(bad.row, 1)) } catch is BadValue { throw bad }
        return try finer.apply(column)
      }
    } catch let bad as BadValue {
      throw failure(bad, column, firstRow)
    }
  }

  private func failure(_ bad: BadValue, _ column: Column, _ firstRow: Int64) -> Failure {
    var value = ByteBuffer()
    if bad.row < column.count { TextFormatter(column, bytes: .hex).append(bad.row, to: &value) }
    let shown = value.count > 200 ? "\(value.string.prefix(200))…" : value.string
    let types = source.name.isExactly(target.nativeType) ? source.name : "type \(source.name) into \(target.nativeType)"
    return Failure(
      .data, "row \(firstRow + Int64(bad.row)), column '\(name)': \(bad.fault.text(target)) (\(types))",
      hint: bad.fault.hint, code: bad.fault.sqlState, sensitive: "'\(name)' is \(shown)")
  }
}

extension LoadTarget {
  /// The same for values that are finer than microseconds.
  fileprivate var inNanoseconds: LoadTarget? {
    guard let nanosecondStep, let type = type.inNanoseconds else { return nil }
    var target = self
    target.type = type
    target.step = nanosecondStep
    target.range = range.flatMap { range in
      let (first, isBelow) = range.lowerBound.multipliedReportingOverflow(by: 1_000)
      let (last, isAbove) = range.upperBound.multipliedReportingOverflow(by: 1_000)
      // All nanoseconds of 64 bits are within.
      return isBelow || isAbove ? nil : first...(last + 999)
    }
    return target
  }
}

extension DataType {
  package var unit: TimeUnit? {
    switch self {
    case .time(let unit), .timestamp(let unit, _), .offsetTimestamp(let unit): unit
    default: nil
    }
  }

  fileprivate var inNanoseconds: DataType? {
    switch self {
    case .time: .time(.nanoseconds)
    case .timestamp(_, let zoned): .timestamp(.nanoseconds, zoned: zoned)
    case .offsetTimestamp: .offsetTimestamp(.nanoseconds)
    default: nil
    }
  }

  fileprivate var isText: Bool { self == .text }

  /// How many lists stand around the innermost type.
  fileprivate var listDepth: Int {
    if case .list(let element) = self { return element.listDepth + 1 }
    return 0
  }

  fileprivate var innermost: DataType {
    if case .list(let element) = self { return element.innermost }
    return self
  }
}

/// The first value of a column that does not fit.
struct BadValue: Error {
  var row: Int
  var fault: CoercionFault
}

/// Why a value does not fit. One byte, so that loops can carry it.
enum CoercionFault: UInt8 {
  case none
  case outOfRange
  case losesDigits
  case notWhole
  case notBoolean
  case notMidnight
  case malformed
  case notUTF8
  case tooLong
  case tooShort
  case holdsNUL
  case infinite
  case notFinite
  case inGap
  case wrongLength
  case hasDays
  case hasMonths
  case noMember
  case inHole
  case notASCII
  case noTick

  init(_ result: ParseResult) {
    switch result {
    case .ok: self = .none
    case .malformed: self = .malformed
    case .outOfRange: self = .outOfRange
    case .losesDigits: self = .losesDigits
    }
  }

  func text(_ target: LoadTarget) -> String {
    switch self {
    case .none: "the value fits"
    case .outOfRange: "the value is out of range"
    case .losesDigits:
      target.digits?.significant.map { "the value has more than the \($0) digits that the column keeps" }
        ?? "the value has more digits than the column keeps"
    case .notWhole: "the value is not a whole number"
    case .notBoolean: "the value is neither 0 nor 1"
    case .notMidnight: "the value has a time of day, which a date would lose"
    case .malformed: "the text is not a value of the column's type"
    case .notUTF8: "the bytes are not UTF-8 text"
    case .tooLong: "the value is too long"
    case .tooShort: "the value is too short: the column holds exactly as many bytes as its type says"
    case .holdsNUL: "the text holds the character U+0000, which the database cannot store"
    case .infinite: "the value is infinite, which the column cannot store"
    case .notFinite: "the value is NaN or infinite, which the column cannot store"
    case .inGap: "the wall clock does not exist in the time zone: clocks were put forward over it"
    case .wrongLength: "the value is not 16 bytes long"
    case .hasDays: "the interval has months or days, which a time of day cannot hold"
    case .hasMonths: "an interval with months has no length that the column could hold"
    case .noMember: "the text is none of the column's members"
    case .inHole: "the value is one that the database would take for another"
    case .notASCII: "the text has characters beyond ASCII, which the column's character set may lack"
    case .noTick: "a datetime keeps 1/300 s, milliseconds that end in 0, 3 or 7"
    }
  }

  var hint: String? {
    switch self {
    case .losesDigits: "Round it in the query that reads it, or widen the column"
    case .tooLong, .outOfRange: "Widen the column, or shorten the value in the query that reads it"
    case .tooShort: "Give the column a type of variable length, such as varbinary"
    case .noMember: "Members are compared letter by letter; the database would also take other letters and positions"
    case .notASCII: "Make the column an nvarchar"
    case .noTick: "Make the column a datetime2(3), or round the values before"
    case .notMidnight, .notWhole: "Cut it in the query that reads it, or change the column's type"
    default: nil
    }
  }

  /// The code that databases use for the same fault.
  var sqlState: String {
    switch self {
    case .tooLong: "22001"
    case .outOfRange, .losesDigits, .notWhole, .notFinite, .inHole, .noTick: "22003"
    case .malformed: "22018"
    case .notUTF8, .holdsNUL, .notASCII: "22021"
    case .inGap, .infinite, .notMidnight, .hasDays, .hasMonths: "22008"
    case .none, .notBoolean, .wrongLength, .tooShort, .noMember: "22000"
    }
  }
}
