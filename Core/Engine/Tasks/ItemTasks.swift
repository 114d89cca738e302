internal import Expression
internal import Records

/// Picks rows of a batch by a mask; shared by the tasks that leave rows out.
struct RowPicker {
  private let builder: BatchBuilder
  private let output: RecordOutput

  init(_ schema: Schema, _ output: RecordOutput) {
    builder = BatchBuilder(schema)
    self.output = output
  }

  /// A batch of which every row stays goes as it is, another one value by value.
  func write(_ batch: RecordBatch, keeping keep: [Bool]) throws {
    if keep.allSatisfy({ $0 }) { return try output.write(batch) }
    for row in 0..<batch.count where keep[row] {
      for (column, builder) in zip(batch.columns, builder.columns) { builder.appendValue(of: column, at: row) }
      builder.finishRows(1, bytes: 0)
    }
    if builder.count > 0 { try output.write(builder.finish()) }
  }
}

struct FilterItems: FerryTask {
  enum FilterType: String, PropertyChoice {
    case include = "INCLUDE"
    case exclude = "EXCLUDE"
  }
  enum OnError: String, PropertyChoice {
    case fail = "FAIL"
    case include = "INCLUDE"
    case exclude = "EXCLUDE"
  }

  static let info = TaskInfo(
    "core.storage.FilterItems", aliases: ["storage.FilterItems"],
    "Keeps the rows of a record file that meet a condition.",
    details: "The columns of the row are variables of the condition. What is left out counts as `filtered`.",
    outputs: [
      TaskOutput("uri", .uri, "The record file."),
      TaskOutput("processedItemsTotal", .integer, "Rows read."),
      TaskOutput("droppedItemsTotal", .integer, "Rows left out."),
    ],
    example: """
      id: large
      type: io.kestra.plugin.core.storage.FilterItems
      from: "file:///data/orders.arrow"
      filterCondition: "{{ amount > 100 }}"
      """)
  @Property("The record file.") var from: StorageReference
  @Property("The condition, rendered for each row.", .raw) var filterCondition: String
  @Property("Whether rows that meet it stay or go.") var filterType = FilterType.include
  @Property("What becomes of a row for which the condition fails or comes to null.") var errorOrNullBehavior = OnError
    .fail

  func run(_ context: TaskContext) throws -> ValueMap {
    var condition = try context.rowExpression(filterCondition)
    let reader = try context.openRecords(from)
    let output = try context.createRecords(schema: reader.schema)
    let picker = RowPicker(reader.schema, output)
    var row: Int64 = 0
    while let batch = try reader.next() {
      var keep = [Bool](repeating: false, count: batch.count)
      for index in 0..<batch.count {
        row += 1
        keep[index] = try decide(row) { try condition.value(batch, index) }
      }
      context.ledger.add(read: batch.count, filtered: keep.count { !$0 })
      try picker.write(batch, keeping: keep)
      try context.checkCancelled()
    }
    try output.finish()
    return [
      "uri": .string(output.uri), "processedItemsTotal": .int(row),
      "droppedItemsTotal": .int(context.ledger.counts.filtered),
    ]
  }

  private func decide(_ row: Int64, _ condition: () throws -> Value) throws -> Bool {
    do {
      let result = try condition()
      if !result.isNull { return result.isTruthy == (filterType == .include) }
    } catch  where errorOrNullBehavior != .fail {
      return errorOrNullBehavior == .include
    } catch {
      throw Failure(
        .data, "filterCondition on row \(row): \(error)", hint: "Set errorOrNullBehavior to keep or drop such rows")
    }
    guard errorOrNullBehavior != .fail else {
      throw Failure(
        .data, "filterCondition on row \(row) came to null", hint: "Set errorOrNullBehavior to keep or drop such rows")
    }
    return errorOrNullBehavior == .include
  }
}
