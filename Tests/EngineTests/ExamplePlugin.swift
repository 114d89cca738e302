public import Engine
internal import Expression
internal import Records

/// A plugin is a value: its name, a sentence, its tasks.
public let helloPlugin = Plugin("hello", "Greetings as record files.", tasks: [HelloRows.self])

/// A task is a struct of plain values. `ferry check`, the help, the JSON Schema and the reference page all come from
/// its properties and its `info`.
struct HelloRows: FerryTask {
  static let info = TaskInfo(
    "hello.Rows", "Writes one greeting for each name as a record file.",
    outputs: [
      TaskOutput("uri", .uri, "The record file."), TaskOutput("count", .integer, "How many greetings."),
    ],
    example: """
      id: greet
      type: hello.Rows
      names: [Ada, Grace]
      """)
  @Property("Whom to greet; an empty name is left out.") var names: [String]
  @Property("How many greetings each one gets.", .range(1...1_000_000)) var times = 1

  func run(_ context: TaskContext) throws -> ValueMap {
    let schema = Schema([Field("name", .text, nullable: false), Field("turn", .int32), Field("greeting", .text)])
    let output = try context.createRecords(schema: schema)
    let rows = BatchBuilder(schema)
    for name in names {
      context.ledger.add(read: times)
      guard !name.isEmpty else {
        context.ledger.add(filtered: times)
        continue
      }
      for turn in 1...times {
        rows.columns[0].append(text: name)
        rows.columns[1].append(Int32(turn))
        if turn == 1 { rows.columns[2].append(text: "Hello, \(name)") } else { rows.columns[2].appendNull() }
        if rows.finishRow(bytes: 2 * name.utf8.count + 12) {
          try output.write(rows.finish())
          try context.checkCancelled()
        }
      }
    }
    if rows.count > 0 { try output.write(rows.finish()) }
    try output.finish()
    context.log(.debug, "greeted \(names.count) people")
    return ["uri": .string(output.uri), "count": .int(context.ledger.counts.written)]
  }
}
