public import Expression
public import Records

/// An expression over the rows of a record file, parsed once: the columns are variables by their names.
///
///     var condition = try context.rowExpression(filterCondition)
///     while let batch = try reader.next() {
///       for row in 0..<batch.count { … try condition.value(batch, row) … }
///     }
public struct RowExpression {
  private let template: Template
  /// Nil when all columns may be asked for.
  private let names: Set<ExactText>?
  /// Whether the flow's variables have to be rendered for each row: they may name columns themselves.
  private let usesVariables: Bool
  /// Used for all rows: to copy its variables for each would cost more than most expressions.
  private var scope: Scope

  init(_ text: String, _ scope: Scope) throws {
    template = try Template(text)
    self.scope = scope
    let roots = Set(template.references.compactMap(\.path.first).map(\.exact))
    usesVariables = roots.contains("vars")
    let reachesOut = template.calls.contains { ["render", "renderOnce", "currentEachOutput"].contains($0.name) }
    names = reachesOut || usesVariables ? nil : roots
  }

  /// What it comes to for one row of a batch.
  public mutating func value(_ batch: RecordBatch, _ row: Int) throws -> Value {
    set(names, batch, row)
    do { return try render() } catch {
      // With all columns, so that an unknown name is told what it is near to.
      set(nil, batch, row)
      return try render()
    }
  }

  private func render() throws -> Value {
    try template.render(in: usesVariables ? scope.withVariables(of: template) : scope)
  }

  private mutating func set(_ names: Set<ExactText>?, _ batch: RecordBatch, _ row: Int) {
    for (field, column) in zip(batch.schema.fields, batch.columns) where names?.contains(ExactText(field.name)) ?? true
    {
      scope.variables[field.name] = column.value(at: row)
    }
  }
}

extension TaskContext {
  /// A `.raw` property that is rendered for each row.
  public func rowExpression(_ text: String) throws -> RowExpression { try RowExpression(text, scope) }
}
