internal import CFreeTDS
internal import Records

/// A call of `sp_executesql`: a statement, and the values of its parameters.
struct StatementCall {
  /// A parameter of the statement.
  struct Argument {
    /// With its `@`.
    var name: String
    /// As the statement declares it.
    var declaration: String
    var value: CellPlace
  }

  var statement: String
  var arguments: [Argument] = []

  /// An empty text cannot be told from NULL in the library's calls: the statement sets it itself.
  var text: String {
    let empties = arguments.filter { $0.value.isEmpty }
    if empties.isEmpty { return statement }
    let sets = empties.map { "SET \($0.name) = \($0.value.wire.isBinary ? "0x" : "N''");" }
    return sets.joined(separator: " ") + " " + statement
  }

  var declarations: String { arguments.map { "\($0.name) \($0.declaration)" }.joined(separator: ", ") }
}

/// How a value goes over the wire, in the numbers of the library.
enum WireType: Hashable, Sendable {
  case bit, int8, int16, int32, int64, float32, float64, money, smallmoney, datetime, smalldatetime
  case decimal, time, moment, offsetMoment, guid
  /// UTF-8, which the library makes UTF-16 of.
  case text
  case bytes

  /// NULL goes as text or as bytes: the library has no NULL of the other types, and the server takes these for all.
  var isBinary: Bool { self == .bytes || self == .guid }
}

/// Where an encoded value lies.
struct CellPlace {
  var column: EncodedColumn
  var row: Int

  var wire: WireType { column.wire }
  var isNull: Bool { column.length(row) < 0 }
  var isEmpty: Bool { column.length(row) == 0 }
}

extension NativeConnection {
  /// Calls `sp_executesql`, and waits until its first answer comes.
  func send(_ call: StatementCall) throws(DatabaseError) {
    try begin()
    unsafe dbrpcinit(handle, "", NativeConnection.reset)
    var isSent = unsafe dbrpcinit(handle, "sp_executesql", 0) == SUCCEED
    // What is given has to stay where it is until the call is sent.
    let texts = EncodedColumn(.text, rows: 2) { cells in
      cells.append { $0.append(text: call.text) }
      if !call.arguments.isEmpty { cells.append { $0.append(text: call.declarations) } }
    }
    for row in 0..<texts.count where isSent {
      let type = Int32(NativeConnection.textType(texts.length(row)))
      isSent = unsafe texts.withValue(row) { start, count in
        unsafe dbrpcparam(handle, nil, 0, type, -1, Int32(truncatingIfNeeded: count), start) == SUCCEED
      }
    }
    for argument in call.arguments where isSent { isSent = add(argument) }
    isSent = unsafe isSent && dbrpcsend(handle) == SUCCEED
    withExtendedLifetime(texts) {}
    withExtendedLifetime(call) {}
    if !isSent { unsafe dbrpcinit(handle, "", NativeConnection.reset) }
    try receive(isSent)
  }

  private func add(_ argument: StatementCall.Argument) -> Bool {
    let value = argument.value
    guard !value.isNull, !value.isEmpty else {
      let type = Int32(value.wire.isBinary ? SYBVARBINARY : ServerType.wideText)
      return unsafe dbrpcparam(handle, argument.name, 0, type, -1, 0, nil) == SUCCEED
    }
    return unsafe value.column.withValue(value.row) { start, count in
      let (type, length) = NativeConnection.parameter(value.wire, count)
      return unsafe dbrpcparam(
        handle, argument.name, 0, Int32(type), -1, Int32(truncatingIfNeeded: length), start) == SUCCEED
    }
  }

  /// DBRPCRESET, which is a cast in the header: forgets a call that was begun and not sent.
  private static let reset: Int16 = 2

  /// More than 4,000 characters the library would cut without a word, if they went as nvarchar.
  private static func textType(_ count: Int) -> Int { count <= 4_000 ? ServerType.wideText : SYBNTEXT }

  private static func parameter(_ wire: WireType, _ count: Int) -> (type: Int, length: Int) {
    switch wire {
    case .bit: (SYBBIT, -1)
    case .int8: (SYBINT1, -1)
    case .int16: (SYBINT2, -1)
    case .int32: (SYBINT4, -1)
    case .int64: (SYBINT8, -1)
    case .float32: (SYBREAL, -1)
    case .float64: (SYBFLT8, -1)
    case .money: (SYBMONEY, -1)
    case .smallmoney: (SYBMONEY4, -1)
    case .datetime: (SYBDATETIME, -1)
    case .smalldatetime: (SYBDATETIME4, -1)
    case .decimal: (SYBDECIMAL, count)
    case .time: (SYBMSTIME, count)
    case .moment: (SYBMSDATETIME2, count)
    case .offsetMoment: (SYBMSDATETIMEOFFSET, count)
    // The library takes no uniqueidentifier; the server makes one of its bytes.
    case .guid: (SYBVARBINARY, count)
    case .text: (textType(count), count)
    case .bytes: (count <= 8_000 ? SYBVARBINARY : SYBIMAGE, count)
    }
  }
}
