internal import CODBC
internal import Glibc
internal import Records

/// The memory that a driver fills with the values of a column of a rowset, or takes those of a parameter from: as many
/// values of one width as there are rows, and for each its length or that it is NULL.
@safe final class BoundColumn {
  /// SQL_C_…
  let type: Int16
  /// Bytes of a value.
  let width: Int
  let rows: Int
  private let values: Buffer
  private let lengths: Buffer

  init(_ type: Int32, width: Int, rows: Int) {
    self.type = Int16(type)
    self.width = width
    self.rows = rows
    values = Buffer(Allocation(capacity: width * rows), count: width * rows)
    let size = rows * MemoryLayout<SQLLEN>.stride
    lengths = Buffer(Allocation(capacity: size), count: size)
    // What a driver does not fill must be nobody's.
    unsafe memset(values.owner.base, 0, width * rows)
    unsafe memset(lengths.owner.base, 0, size)
  }

  // MARK: for C: the memory stays where it is as long as this object lives

  func bind(result column: Int, of statement: SQLHSTMT) -> SQLRETURN {
    unsafe SQLBindCol(
      statement, SQLUSMALLINT(column), type, values.owner.base, SQLLEN(width),
      lengths.owner.base.assumingMemoryBound(to: SQLLEN.self))
  }

  func bind(parameter: Int, of statement: SQLHSTMT, as target: ParameterType) -> SQLRETURN {
    unsafe SQLBindParameter(
      statement, SQLUSMALLINT(parameter), Int16(SQL_PARAM_INPUT), type, target.type, SQLULEN(target.size),
      target.digits, values.owner.base, SQLLEN(width), lengths.owner.base.assumingMemoryBound(to: SQLLEN.self))
  }

  /// Makes this the place where the driver puts what an attribute points to.
  func point(_ attribute: Int32, of statement: SQLHSTMT) -> SQLRETURN {
    unsafe SQLSetStmtAttr(statement, attribute, values.owner.base, 0)
  }

  func get(_ column: Int, of statement: SQLHSTMT) -> SQLRETURN {
    unsafe SQLGetData(
      statement, SQLUSMALLINT(column), type, values.owner.base, SQLLEN(width),
      lengths.owner.base.assumingMemoryBound(to: SQLLEN.self))
  }

  // MARK: looking

  /// The length of each value in bytes, or SQL_NULL_DATA, or SQL_NO_TOTAL.
  var indicators: Span<SQLLEN> {
    @_lifetime(borrow self)
    get {
      let start = unsafe lengths.owner.base.assumingMemoryBound(to: SQLLEN.self)
      return unsafe _overrideLifetime(Span(_unsafeStart: start, count: rows), borrowing: self)
    }
  }

  @_lifetime(borrow self)
  func values<T: BitwiseCopyable>(as _: T.Type = T.self) -> Span<T> {
    let start = unsafe values.owner.base.assumingMemoryBound(to: T.self)
    let count = values.count / MemoryLayout<T>.stride
    return unsafe _overrideLifetime(Span(_unsafeStart: start, count: count), borrowing: self)
  }

  /// The one number that a driver has put here.
  var count: Int { Int(clamping: unsafe values.owner.base.load(as: SQLULEN.self)) }

  // MARK: filling

  func setNull(_ row: Int) { setLength(SQLLEN(SQL_NULL_DATA), row) }

  @inline(__always)
  func setLength(_ length: SQLLEN, _ row: Int) {
    precondition(UInt(bitPattern: row) < UInt(bitPattern: rows), "a row outside of the array")
    unsafe lengths.owner.base.storeBytes(
      of: length, toByteOffset: row &* MemoryLayout<SQLLEN>.stride, as: SQLLEN.self)
  }

  @inline(__always)
  func set<T: BitwiseCopyable>(_ value: T, _ row: Int) {
    precondition(MemoryLayout<T>.size == width, "a value of another width than the array's")
    setLength(SQLLEN(width), row)
    unsafe values.owner.base.storeBytes(of: value, toByteOffset: row &* width, as: T.self)
  }

  /// Has `write` fill the room of a value.
  @inline(__always)
  func set(_ row: Int, _ write: (inout OutputSpan<UInt8>) -> Void) {
    let start = row &* width
    let count = values.owner.fill(start..<start + width) { room in
      write(&room)
      return room.count
    }
    setLength(SQLLEN(count), row)
  }
}

/// Numbers that ODBC's header makes by adding, which Swift does not see.
enum NativeType {
  static let int8: Int32 = -26
  static let int16: Int32 = -15
  static let int32: Int32 = -16
  static let int64: Int32 = -25
  static let uint8: Int32 = -28
  static let uint16: Int32 = -17
  static let uint32: Int32 = -18
  static let uint64: Int32 = -27
}

/// How a parameter is declared to the driver.
struct ParameterType: Hashable, Sendable {
  /// SQL_…
  var type: Int16
  var size: Int
  var digits: Int16 = 0

  init(_ type: Int32, size: Int, digits: Int = 0) {
    self.type = Int16(type)
    self.size = size
    self.digits = Int16(clamping: digits)
  }
}
