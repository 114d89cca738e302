internal import Records

/// The types that a session has met: the built-in ones, and those that it asked the server for.
final class TypeCatalog {
  private var types = DatabaseType.builtin
  private let connection: NativeConnection
  private var moneyScaleIfKnown: Int?

  init(_ connection: NativeConnection) { self.connection = connection }

  /// Fetches what is not known yet, in one round trip for all (and another one for the elements of arrays and domains).
  func load(_ oids: some Sequence<UInt32>) throws {
    let missing = Set(oids.filter { types[$0] == nil && $0 != 0 })
    guard !missing.isEmpty else { return }
    let list = missing.map { "\($0)" }.joined(separator: ",")
    let doing = "asking PostgreSQL for its types"
    guard let rows = try connection.execute(TypeCatalog.query(list), doing) else { return }
    var found: [Row] = []
    for index in 0..<rows.rowCount { found.append(Row(rows, index)) }
    try load(found.flatMap { [$0.element, $0.base] })
    for row in found { types[row.oid] = type(row) }
    for oid in missing where types[oid] == nil {
      types[oid] = DatabaseType(oid: oid, name: "oid \(oid)", form: .opaque, output: "pg_catalog.textout")
    }
  }

  /// Only after `load` of it.
  func type(_ oid: UInt32) -> DatabaseType {
    types[oid] ?? DatabaseType(oid: oid, name: "oid \(oid)", form: .opaque, output: "pg_catalog.textout")
  }

  /// How many digits the server's currency has behind the point: a matter of its lc_monetary.
  func moneyScale() throws -> Int {
    if let moneyScaleIfKnown { return moneyScaleIfKnown }
    let result = try connection.execute(
      "SELECT pg_catalog.scale(0::pg_catalog.money::pg_catalog.numeric)", "asking PostgreSQL for its currency")
    let scale = result?.text(0, 0).flatMap { Int($0) } ?? 2
    moneyScaleIfKnown = scale
    return scale
  }

  private struct Row {
    var oid: UInt32
    var kind: String
    var element: UInt32
    var base: UInt32
    var modifier: Int32
    var name: String
    var output: String
    var send: String

    init(_ rows: ServerResult, _ index: Int) {
      func number(_ column: Int) -> UInt32 { rows.text(index, column).flatMap { UInt32($0) } ?? 0 }
      oid = number(0)
      kind = rows.text(index, 1) ?? "b"
      element = number(2)
      base = number(3)
      modifier = rows.text(index, 4).flatMap { Int32($0) } ?? -1
      name = rows.text(index, 5) ?? ""
      output = rows.text(index, 6) ?? "pg_catalog.textout"
      send = rows.text(index, 7) ?? ""
    }
  }

  private static func query(_ oids: String) -> String {
    """
    SELECT t.oid, t.typtype, CASE WHEN t.typcategory = 'A' AND t.typlen = -1 THEN t.typelem ELSE 0 END, t.typbasetype,
      t.typtypmod, pg_catalog.format_type(t.oid, NULL), \
    (SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname)
       FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE p.oid = t.typoutput), \
    (SELECT p.proname FROM pg_catalog.pg_proc p WHERE p.oid = t.typsend)
    FROM pg_catalog.pg_type t WHERE t.oid IN (\(oids))
    """
  }

  private func type(_ row: Row) -> DatabaseType {
    var type = DatabaseType(oid: row.oid, name: row.name, form: .opaque, output: row.output)
    switch row.kind {
    case "d":
      let base = self.type(row.base)
      type.form = base.form
      type.output = base.output
      type.domainModifier = row.modifier >= 0 ? row.modifier : base.domainModifier
    case "e": type.form = .text
    default:
      // int2vector and oidvector count as arrays with fixed bounds of their own: their text is what people know.
      if row.element != 0, !["int2vector", "oidvector"].contains(row.name) {
        let element = self.type(row.element)
        switch element.form {
        case .opaque, .array, .void, .money: break
        default: type.form = .array(element)
        }
      } else if ["textsend", "citextsend", "enum_send"].contains(row.send) {
        type.form = .text
      }
    }
    return type
  }
}
