internal import Records

/// The matrix as a page: `docs/coercion.md` is this text, and a test checks that it still is.
enum CoercionTable {
  static let types: [DataType] = [
    .bool, .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64, .float32, .float64,
    .decimal(precision: 10, scale: 2), .decimal(precision: 38, scale: 10), .decimal(precision: 76, scale: 20),
    .numeric, .text, .bytes, .date, .time(.microseconds), .time(.nanoseconds), .timestamp(.microseconds, zoned: false),
    .timestamp(.nanoseconds, zoned: false), .timestamp(.microseconds, zoned: true),
    .timestamp(.nanoseconds, zoned: true), .offsetTimestamp(.microseconds), .offsetTimestamp(.nanoseconds),
    .interval, .uuid, .json, .list(.int32),
  ]

  static var page: String {
    var page = """
      # Coercion

      What becomes of a value when its column is loaded into a column of another type. The table is written by
      `CoercionTable` from the matrix that the loads use, and a test keeps it current.

      | | |
      |---|---|
      | `=` | identical: the same memory |
      | `+` | widening: every value fits |
      | `?` | checked: a value that does not fit is an error with its row and column |
      | `F` | formatted: as its canonical text |
      | `P` | parsed: from its text, strictly |
      | `·` | refused before the first row |

      Nothing is rounded, truncated, shifted or nulled silently. A float takes a decimal number when its shortest text
      has the same digits, so that the way back gives the same number; `roundFloats: true` takes the nearest float.
      A text becomes a float's nearest value. Wall clocks become instants by `timeZoneId`: of a time that clocks show
      twice the earlier one, and a time that they skip is an error. A text with a zone is an instant, one without is a
      wall clock. A timestamp is a date only at midnight, nanoseconds are microseconds only when they end in three
      zeros. A timestamp with offset, as a text with a zone, gives other time types its instant: the offset stays
      only in a column that has a place for it, as text or timestamp with offset. The other way round an instant gets
      the offset +00:00, a wall clock and a date the one that `timeZoneId` has then. On top of the types come the
      target's limits: length, range, U+0000, infinity, NaN. A column that keeps digits behind the microsecond takes
      what has no more than six in microseconds, of every year, and only finer values in nanoseconds.
      """
    page += statements
    let names = types.map(\.name)
    page += "\n\n| from \\ to | " + names.joined(separator: " | ") + " |\n"
    page += "|---|" + String(repeating: ":-:|", count: types.count) + "\n"
    for source in types {
      let cells = types.map { sign(CoercionMatrix.kind(source, $0)) }
      page += "| **\(source.name)** | " + cells.joined(separator: " | ") + " |\n"
    }
    return page
  }

  private static let statements = """


    The same holds whatever the statement of a Batch is. What a placeholder takes is read from the statement:

    | placeholder | takes |
    |---|---|
    | the value of a column: in INSERT … VALUES and SELECT, SET, upserts, MERGE, also through a derived table or WITH \
    | what the column takes |
    | a term of a sum of numbers, an argument of COALESCE, GREATEST and LEAST that a column stores | the same |
    | compared with a column: `=`, `<`, IN, BETWEEN, IS DISTINCT FROM | the column's type without its length and \
    scale; a value that the type cannot hold is refused, one that is longer or finer than the column finds nothing |
    | `CAST(? AS t)`, `?::t` | the type `t`; a length or scale that the CAST names rounds and cuts, as it says |
    | an argument of CALL | what the argument takes |
    | anything else | every value, exactly, in its own type |

    What an expression comes to is the statement's own. Where the database would round it without a word when it stores
    it, the statement is refused, and a CAST around the expression says that it is wanted.
    """

  private static func sign(_ kind: CoercionKind) -> String {
    switch kind {
    case .identical: "="
    case .widening: "+"
    case .checked: "?"
    case .formatted: "F"
    case .parsed: "P"
    case .refused: "·"
    }
  }
}
