internal import Expression
internal import Records

/// Which column becomes which field of the schema.
struct AvroBinding {
  private(set) var ops: [AvroEncodeOp] = []
  private(set) var defaults: [[UInt8]] = []

  /// Fields take the column of their name (as Avro has it or as it was), else of one of their aliases. Columns that are
  /// all called `col1`, `col2` … are taken in their order. Throws where a field has neither a column nor a default.
  init(_ columns: Schema, _ schema: AvroSchema, _ conversion: AvroConversion) throws {
    let root = schema[schema.root]
    let planner = AvroEncodePlanner(schema: schema, coercesWords: conversion.coercesWords)
    guard root.kind == .record else {
      guard columns.fields.count == 1 else {
        throw Failure(
          .schema, "the Avro schema is a \(root.label), which takes one column, not \(columns.fields.count)",
          hint: "Write a schema of the type record with a field for each column")
      }
      ops = [planner.op(columns.fields[0].type, column: 0, schema.root)]
      return
    }
    let names = Dictionary(grouping: columns.fields.indices) { ExactText(columns.fields[$0].name) }
    let isPositional = AvroBinding.isPositional(columns)
    var used: Set<Int> = []
    for (place, member) in root.members.enumerated() {
      // Of columns with one name each field takes the next.
      let named = ([member.columnName, member.name] + member.aliases).lazy.compactMap { names[ExactText($0)] }.first
        .flatMap { $0.first { !used.contains($0) } ?? $0.first }
      let column = named ?? (isPositional && place < columns.fields.count ? place : nil)
      if let column {
        used.insert(column)
        ops.append(planner.op(columns.fields[column].type, column: column, member.type))
      } else {
        try addDefault(member, schema, columns)
      }
    }
    if conversion.strictSchema, let extra = columns.fields.indices.first(where: { !used.contains($0) }) {
      throw Failure(
        .schema, "the column '\(columns.fields[extra].name)' has no field in the Avro schema '\(root.name)'",
        hint: "Add the field, or set 'strictSchema' to false")
    }
  }

  private static func isPositional(_ columns: Schema) -> Bool {
    columns.fields.allSatisfy { field in
      field.name.hasPrefix("col") && field.name.count > 3 && field.name.dropFirst(3).utf8.allSatisfy { $0 &- 48 < 10 }
    }
  }

  private mutating func addDefault(_ member: AvroSchema.Member, _ schema: AvroSchema, _ columns: Schema) throws {
    var encoder = AvroDefault(schema: schema)
    let value: Value? = member.fallback ?? (schema.isNullable(member.type) ? Value.null : nil)
    guard let value, encoder.encode(value, member.type, depth: 0) else {
      let known = columns.fields.map(\.name).joined(separator: ", ")
      throw Failure(
        .schema, "the field '\(member.name)' of the Avro schema has no column and no default",
        hint: "The columns are: \(known)")
    }
    var op = AvroEncodeOp(.constant, column: -1, node: member.type)
    op.size = defaults.count
    defaults.append(encoder.bytes)
    ops.append(op)
  }
}
