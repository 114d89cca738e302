internal import CODBC
internal import Records
internal import SQL

/// How a result comes from the driver: which columns have room in a rowset of so many rows, and how a value is had that
/// is longer than its room.
struct RowsetPlan {
  enum Refetch {
    /// In any row of a rowset.
    case inBlock
    /// In the one row that was fetched.
    case ofRow
    /// Not at all: the sizes are the server's own.
    case never
  }

  struct Part {
    let codec: FieldCodec
    let width: Int
    /// Asked for by itself, row by row.
    let isUnbound: Bool
  }

  let parts: [Part]
  let rows: Int
  let refetch: Refetch

  init(_ fields: [ResultField], _ facts: DriverFactSheet, _ traits: DriverTraits, most: Int) {
    let hasVariable = fields.contains { $0.type.codec(traits).isVariable }
    let isOpen = traits.hasLooseSizes && hasVariable || fields.contains { $0.type.isLong }
    let canGoBack = facts.canRefetchInBlock && !traits.keepsNoRows
    refetch = canGoBack ? .inBlock : facts.canRefetch && isOpen ? .ofRow : .never
    let canGuess = refetch != .never
    // What comes behind the first long column is asked for as well: drivers give columns in their order only.
    let firstLong = canGuess ? nil : fields.firstIndex { $0.type.isLong }
    var parts: [Part] = []
    for (index, field) in fields.enumerated() {
      let codec = field.type.codec(traits)
      let guessed = canGuess && (traits.hasLooseSizes || field.type.isLong)
      parts.append(
        Part(
          codec: codec, width: field.type.width(codec, guessed: guessed),
          isUnbound: firstLong.map { index >= $0 } ?? false))
    }
    self.parts = parts
    let bytes = parts.reduce(0) { $0 + $1.width + MemoryLayout<SQLLEN>.size }
    let fitting = min(max(Limits.rowsetBytes / max(bytes, 1), 1), Limits.rowsetRows)
    rows = firstLong != nil || refetch == .ofRow ? 1 : min(fitting, max(most, 1))
  }
}
