import Foundation
import Records
import Testing

/// `ferry cat`: rows as a table, JSON and CSV.
@Suite struct CatTests {
  private func file(_ ferry: Ferry, _ name: String, batches: Int, rows: Int) throws -> String {
    let schema = Schema([
      Field("id", .int64, nullable: false), Field("te,xt", .text), Field("price", .decimal(precision: 9, scale: 2)),
    ])
    let path = ferry.folder.appending(path: name).path()
    let writer = try RecordFileWriter(FileOutput(path: path), schema: schema)
    let texts = ["plain", "", "a,\"b\"", "zwei\nZeilen", "日本"]
    for batch in 0..<batches {
      let builder = BatchBuilder(schema)
      for row in 0..<rows {
        builder.columns[0].append(Int64(batch * rows + row))
        if row % 6 == 5 { builder.columns[1].appendNull() } else { builder.columns[1].append(text: texts[row % 6]) }
        builder.columns[2].append(Int128(row * 100 + 5))
        _ = builder.finishRow(bytes: 8)
      }
      try writer.write(builder.finish())
    }
    try writer.finish()
    return name
  }

  @Test func timestampsAreShownWithTheirOffset() async throws {
    let ferry = try Ferry()
    let schema = Schema([Field("at", .offsetTimestamp(.nanoseconds))])
    let path = ferry.folder.appending(path: "offset.arrow").path()
    let writer = try RecordFileWriter(FileOutput(path: path), schema: schema)
    let builder = BatchBuilder(schema)
    builder.columns[0].append(OffsetTimestamp(instant: 1_795_235_400_123_456_700, minutes: 330))
    builder.columns[0].appendNull()
    for _ in 0..<2 { _ = builder.finishRow(bytes: 16) }
    try writer.write(builder.finish())
    try writer.finish()
    #expect(
      try await ferry.run("cat", "offset.arrow", "--format", "json").output
        == "{\"at\":\"2026-11-21T10:00:00.123456700+05:30\"}\n{\"at\":null}\n")
    #expect(try await ferry.run("cat", "offset.arrow").output.contains("2026-11-21T10:00:00.123456700+05:30"))
    #expect(try await ferry.run("cat", "offset.arrow", "--schema").output.contains("timestamp(ns) with offset"))
  }

  @Test func rowsAreShownInEveryForm() async throws {
    let ferry = try Ferry()
    let name = try file(ferry, "rows.arrow", batches: 1, rows: 6)
    #expect(
      try await ferry.run("cat", name).output == """
        id  te,xt        price
        ──  ───────────  ─────
         0  plain         0.05
         1                1.05
         2  a,"b"         2.05
         3  zwei Zeilen   3.05
         4  日本          4.05
         5  NULL          5.05

        """)
    #expect(
      try await ferry.run("cat", name, "--format", "json", "--limit", "4").output == """
        {"id":0,"te,xt":"plain","price":0.05}
        {"id":1,"te,xt":"","price":1.05}
        {"id":2,"te,xt":"a,\\"b\\"","price":2.05}
        {"id":3,"te,xt":"zwei\\nZeilen","price":3.05}

        """)
    #expect(
      try await ferry.run("cat", "file://" + ferry.folder.appending(path: name).path(), "--format", "csv").output
        == "id,\"te,xt\",price\n0,plain,0.05\n1,\"\",1.05\n"
        + "2,\"a,\"\"b\"\"\",2.05\n3,\"zwei\nZeilen\",3.05\n4,日本,4.05\n5,,5.05\n"
    )
    let schema = try await ferry.run("cat", name, "--schema").output
    #expect(schema.contains("id      int64         not null") && schema.contains("decimal(9,2)"))
    #expect(try await ferry.run("cat", name, "--limit", "-1").status == 2)
  }

  @Test func emptyFilesAndManyBatchesAreShown() async throws {
    let ferry = try Ferry()
    let empty = try file(ferry, "empty.arrow", batches: 0, rows: 0)
    #expect(try await ferry.run("cat", empty).output.hasPrefix("id  te,xt  price\n"))
    #expect(try await ferry.run("cat", empty, "--format", "csv").output == "id,\"te,xt\",price\n")
    #expect(try await ferry.run("cat", empty, "--format", "json").output == "")
    let many = try file(ferry, "many.arrow", batches: 3, rows: 40)
    #expect(try await ferry.run("cat", many, "--format", "json").lines.count == 120)
    #expect(try await ferry.run("cat", many, "--format", "json", "--limit", "41").lines.count == 41)
    let outputs = try await ferry.flow(
      "tasks: [{id: c, type: core.storage.Concat, files: ['file://\(ferry.folder.path())/many.arrow']}]")
    let uri = try #require((outputs.tasks()["c"]?["outputs"] as? [String: Any])?["uri"] as? String)
    #expect(try await ferry.run("cat", uri, "--limit", "0", "--format", "json").lines.count == 120)
    #expect(
      try await ferry.run("cat", uri.replacingOccurrences(of: "ferry:", with: "kestra:"), "--format", "json").lines
        .count == 120)
    // The file lies where the record says, whole, with nothing beside it.
    let stored = try ferry.stored().map(\.path).filter { $0.hasPrefix("files/") }
    #expect(stored.count == 1 && stored[0].hasSuffix("/records.arrow"))
  }

  /// Every digit, every member and every column is there: JSON is not read into values and written again.
  @Test func jsonIsShownAsItIs() async throws {
    let ferry = try Ferry()
    let text = #"{"a":{"x":2.50,"y":1e400,"b":1,"b":2},"n":1.10}"#
    try (text + "\n").write(to: ferry.folder.appending(path: "f.jsonl"), atomically: true, encoding: .utf8)
    #expect(try await ferry.run("cat", "f.jsonl", "--format", "json").output == text + "\n")
    let files = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "fixtures/files").path()
    let twins = try await ferry.run("cat", "\(files)/columns-of-one-name.arrow", "--format", "json", "--limit", "1")
    #expect(twins.output.hasPrefix("{\"ints\":") && twins.output.contains(",\"ints_2\":"), "\(twins.output)")
    let map = try await ferry.run("cat", "\(files)/map-key-twice.arrow", "--format", "json", "--limit", "1")
    #expect(map.output.contains("\"a\":1") && map.output.contains("\"a\":2"), "\(map.output)")
  }

  @Test func filesOfOtherKindsAreToldApart() async throws {
    let ferry = try Ferry()
    for (name, text) in [("f.tsv", "a\tb\n1\tx,y\n"), ("f.data", "a,b\n1,2\n")] {
      try text.write(to: ferry.folder.appending(path: name), atomically: true, encoding: .utf8)
    }
    #expect(try await ferry.run("cat", "f.tsv", "--format", "json").output == "{\"a\":\"1\",\"b\":\"x,y\"}\n")
    let csv = try await ferry.run("cat", "f.data")
    #expect(csv.status != 0 && csv.error.contains("extension: .arrow, .avro, .csv, "), "\(csv.error)")
  }

  @Test func aReaderThatLeavesEndsIt() async throws {
    let ferry = try Ferry()
    _ = try file(ferry, "many.arrow", batches: 20, rows: 5_000)
    let result = try await ferry.start(
      ["-c", "'\(Ferry.executable.path())' cat many.arrow --format json | head -n 2; echo ${PIPESTATUS[0]}"],
      program: URL(filePath: "/bin/bash")
    ).wait()
    #expect(result.lines.count == 3 && result.lines.last == "0" && result.error == "", "\(result.error)")
  }
}
