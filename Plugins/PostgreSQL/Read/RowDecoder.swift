internal import Records
internal import SQL

/// Turns rows in the server's binary form into columns.
///
/// What each column needs is decided once; the loop over a row switches on one byte per value and appends straight from
/// libpq's buffer.
final class RowDecoder {
  /// Why a value could not be taken over.
  enum Fault: UInt8, Error {
    case none
    /// Another number of bytes than the type has.
    case length
    /// Outside of what the type in the record can hold.
    case range
    /// NaN or Infinity in a decimal.
    case notFinite
    /// Not valid UTF-8.
    case encoding
    /// Not what the protocol says.
    case malformed
    /// An array with another number of dimensions than was known before.
    case dimensions
    /// Nothing is wrong: the value holds others, and the decoder of its column takes it.
    case compound
  }

  let builder: BatchBuilder
  private let builders: ColumnBuilders
  private let values: [ValueDecoder]
  /// Of the columns that hold arrays.
  private let arrays: [ArrayDecoder?]
  private let invalidText: TextCheck?
  /// Where the last fault was.
  private(set) var faultyColumn = 0

  /// - Parameter invalidText: set when the server does not guarantee UTF-8: a database in SQL_ASCII.
  init(_ schema: Schema, _ types: [DatabaseType], invalidText: InvalidText?) {
    let builder = BatchBuilder(schema)
    self.builder = builder
    self.invalidText = invalidText.map { TextCheck($0) }
    builders = ColumnBuilders(builder.columns)
    values = types.indices.map { ValueDecoder(types[$0].form, builder.columns[$0].type) }
    arrays = types.indices.map { index in
      guard case .array(let element) = types[index].form else { return nil }
      return ArrayDecoder(element.form, builder.columns[index])
    }
  }

  /// Takes one row of a binary COPY: a count of fields, then each with its length in front. The caller counts it.
  func append(copyRow row: Span<UInt8>) throws(Fault) {
    guard row.count >= 2, Int(row.big(at: 0, as: Int16.self)) == values.count else { throw .malformed }
    var at = 2
    for column in 0..<values.count {
      guard at + 4 <= row.count else { throw fault(.malformed, column) }
      let length = Int(row.big(at: at, as: Int32.self))
      at += 4
      if length < 0 {
        builders.with(column) { $0.appendNull() }
        continue
      }
      guard at + length <= row.count else { throw fault(.malformed, column) }
      try append(row.extracting(at..<at + length), column)
      at += length
    }
  }

  /// Takes a row of a result in binary form.
  func append(_ result: ServerResult, row: Int) throws(Fault) -> Bool {
    var weight = 0
    for column in 0..<values.count {
      guard let bytes = result.bytes(row, column) else {
        builders.with(column) { $0.appendNull() }
        continue
      }
      try append(bytes, column)
      weight += bytes.count + 4
    }
    return builder.finishRow(bytes: weight)
  }

  @inline(__always)
  private func append(_ bytes: Span<UInt8>, _ column: Int) throws(Fault) {
    let outcome = builders.with(column) { values[column].append(bytes, invalidText, to: $0) }
    if outcome != .none { try appendCompound(bytes, outcome, column) }
  }

  @inline(never)
  private func appendCompound(_ bytes: Span<UInt8>, _ outcome: Fault, _ column: Int) throws(Fault) {
    guard outcome == .compound, let array = arrays[column] else { throw fault(outcome, column) }
    let outcome = array.append(bytes, invalidText)
    if outcome != .none { throw fault(outcome, column) }
  }

  private func fault(_ fault: Fault, _ column: Int) -> Fault {
    faultyColumn = column
    return fault
  }
}
