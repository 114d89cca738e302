internal import CSimdJSON
internal import Records

/// What finds the members of rows of JSON, and knows the columns so far.
@safe final class SimdJSON {
  private let rows: OpaquePointer

  init(_ options: json_rows_options) { unsafe rows = unsafe json_rows_new(options) }

  deinit { unsafe json_rows_free(rows) }

  var columnCount: Int { unsafe json_rows_column_count(rows) }

  var columnNames: [String] {
    (0..<columnCount).map { column in
      var length = 0
      let name = unsafe json_rows_column_name(rows, column, &length)
      return unsafe String(decoding: UnsafeRawBufferPointer(start: name, count: length), as: UTF8.self)
    }
  }

  /// Adds a column unless it is known.
  func addColumn(_ name: String) { unsafe pass(name) { unsafe _ = json_rows_add_column(rows, $0, $1) } }

  /// From now on a row is any JSON value, and all of it goes into the column of this name.
  func takeValues(_ name: String) { unsafe pass(name) { unsafe json_rows_take_values(rows, $0, $1) } }

  private func pass(_ name: String, to body: (UnsafePointer<CChar>?, Int) -> Void) {
    unsafe name.utf8.span.withUnsafeBytes {
      unsafe body($0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count)
    }
  }

  /// Reads rows up to one that needs a column for which there is no room; returns how many.
  /// - Parameters:
  ///   - text: where the rows lie, and `Scan.slack` bytes.
  ///   - starts: where each row starts, and where it ends.
  ///   - fields: gets `stride` fields a row.
  ///   - status: gets one byte a row.
  func read(
    _ text: Span<UInt8>, _ starts: Span<UInt32>, _ ends: Span<UInt32>, _ fields: inout ZeroedArray<json_field>,
    stride: Int, _ status: inout ZeroedArray<UInt8>
  ) -> Int {
    var fields = fields.mutableSpan
    var status = status.mutableSpan
    let count = starts.count
    precondition(
      ends.count == count && status.count >= count && fields.count >= count * stride && text.count >= Scan.slack,
      "too little room for rows")
    return unsafe text.withUnsafeBufferPointer { text in
      unsafe starts.withUnsafeBufferPointer { starts in
        unsafe ends.withUnsafeBufferPointer { ends in
          unsafe fields.withUnsafeMutableBufferPointer { fields in
            unsafe status.withUnsafeMutableBufferPointer { status in
              unsafe json_rows_read(
                rows, text.baseAddress, text.count - Scan.slack, starts.baseAddress, ends.baseAddress, count,
                fields.baseAddress, stride, status.baseAddress)
            }
          }
        }
      }
    }
  }
}
