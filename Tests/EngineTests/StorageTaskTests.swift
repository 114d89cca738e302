import Expression
import FerryTesting
import Foundation
import Records
import Testing

@testable import Engine

/// Concat, Split, Size, Delete, FilterItems, DeduplicateItems on record files.
@Suite struct StorageTaskTests {
  private let schema = Schema([Field("id", .int64), Field("name", .text), Field("at", .date)])

  /// Rows `from..<to` with keys that repeat every seventh row.
  private func batch(_ range: Range<Int>) -> RecordBatch {
    let rows = BatchBuilder(schema)
    for row in range {
      rows.columns[0].append(Int64(row))
      if row % 5 == 4 { rows.columns[1].appendNull() } else { rows.columns[1].append(text: "n\(row % 7)") }
      rows.columns[2].append(Int32(row))
      _ = rows.finishRow(bytes: 1)
    }
    return rows.finish()
  }

  private func ids(_ bench: Bench, _ uri: Value?) throws -> [Int64] {
    let reader = try RecordFileReader(bench.engine.open(try #require(uri?.string)))
    #expect(reader.schema.fields == schema.fields)
    var ids: [Int64] = []
    while let batch = try reader.next() {
      for row in 0..<batch.count { ids.append(batch.columns[0].value(at: row).int ?? -1) }
      // All columns of a row stay together.
      for row in 0..<batch.count where batch.columns[2].isNull(row) { Issue.record("a date was lost") }
    }
    return ids
  }

  private func task(_ bench: Bench, _ type: String, _ properties: String) async throws -> TaskRun {
    let execution = try await bench.run("tasks:\n  - id: t\n    type: core.storage.\(type)\n    \(properties)\n")
    #expect(execution.state == .success, "\(execution.error ?? "")")
    return try #require(execution.run("t"))
  }

  @Test func concatKeepsEveryRow() async throws {
    let bench = try Bench()
    let one = try bench.records("1.arrow", schema, [batch(0..<3), batch(3..<3), batch(3..<10)])
    let two = try bench.records("2.arrow", schema, [batch(10..<12)])
    for files in ["files: ['\(one)', '\(two)']", "files: '[\"\(one)\", \"\(two)\"]'"] {
      let run = try await task(bench, "Concat", files)
      #expect(try ids(bench, run.outputs["uri"]) == Array(0..<12))
      #expect(run.ledger.read == 12 && run.ledger.written == 12)
    }
    let other = try bench.records("3.arrow", Schema([Field("id", .int32)]), [])
    let execution = try await bench.run(
      "tasks: [{id: t, type: core.storage.Concat, files: ['\(one)', '\(other)']}]")
    #expect(
      execution.run("t")?.category == .schema && execution.error?.contains("id int32 instead of id int64") == true)
    let text = "file://" + (try bench.folder.write("a.txt", "a"))
    let joined = try await task(
      bench, "Concat", "files: ['\(text)', '\(text)']\n    separator: '--'\n    extension: .txt")
    let uri = try #require(joined.outputs["uri"]?.string)
    #expect(uri.hasSuffix(".txt"))
    #expect(try String.contents(of: bench.engine.open(uri)) == "a--a")
  }

  @Test func splitCutsByRowsBytesAndParts() async throws {
    let bench = try Bench()
    let file = try bench.records("1.arrow", schema, [batch(0..<10), batch(10..<25)])
    func parts(_ properties: String) async throws -> [[Int64]] {
      let run = try await task(bench, "Split", "from: '\(file)'\n    " + properties)
      #expect(run.ledger.read == 25 && run.ledger.written == 25)
      return try (run.outputs["uris"]?.list ?? []).map { try ids(bench, $0) }
    }
    #expect(try await parts("rows: 10") == [Array(0..<10), Array(10..<20), Array(20..<25)])
    #expect(try await parts("rows: 25") == [Array(0..<25)])
    #expect(try await parts("rows: 7").map(\.count) == [7, 7, 7, 4])
    let thirds = try await parts("partitions: 3")
    #expect(thirds.count == 3 && thirds.flatMap { $0 }.sorted() == Array(0..<25))
    #expect(thirds.allSatisfy { (7...10).contains($0.count) && $0 == $0.sorted() })
    let small = try await parts("bytes: 100")
    #expect(small.count > 3 && small.flatMap { $0 } == Array(0..<25))
    #expect(try await parts("bytes: 1GB") == [Array(0..<25)])
    let empty = try bench.records("0.arrow", schema, [])
    let run = try await task(bench, "Split", "from: '\(empty)'\n    rows: 3")
    #expect(try (run.outputs["uris"]?.list ?? []).map { try ids(bench, $0) } == [[]])
    let none = try await bench.run("tasks: [{id: t, type: core.storage.Split, from: '\(file)'}]")
    #expect(none.error == "task 't': none of rows, bytes and partitions is set. Set one of them")
  }

  /// Only one of them is open at a time.
  @Test func splitMakesMorePartsThanFilesMayBeOpen() async throws {
    let bench = try Bench()
    let file = try bench.records("1.arrow", schema, [batch(0..<600)])
    var limit = rlimit()
    #expect(getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
    let before = limit
    // The other tests of this process have some open, too.
    let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap { Int($0) }.max() ?? 0
    limit.rlim_cur = rlim_t(open + 100)
    #expect(setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
    defer {
      limit = before
      setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
    let run = try await task(bench, "Split", "from: '\(file)'\n    rows: 1")
    #expect(try (run.outputs["uris"]?.list ?? []).map { try ids(bench, $0) } == (0..<600).map { [Int64($0)] })
  }

  @Test func aSplitThatFailsLeavesNoPart() async throws {
    let bench = try Bench()
    let file = try bench.records("1.arrow", schema, [batch(0..<10), batch(10..<20), batch(20..<30)])
    let path = String(file.dropFirst("file://".count))
    // The third batch says that it is longer than it is.
    var bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
    let heads = bytes.indices.dropLast(8).filter { Array(bytes[$0..<$0 + 4]) == [255, 255, 255, 255] }
    for index in heads[3] + 8..<heads[3] + 40 { bytes[index] = 255 }
    try Data(bytes).write(to: URL(filePath: path))
    let execution = try await bench.run(
      "tasks: [{id: t, type: core.storage.Split, from: '\(file)', rows: 5}]")
    #expect(execution.state == .failed && execution.run("t")?.category == .data, "\(execution.error ?? "")")
    #expect((execution.run("t")?.ledger.read ?? 0) >= 10)
    let left = FileManager.default.enumerator(atPath: bench.folder.path + "/storage/files")?
      .compactMap { $0 as? String }.filter { $0.hasSuffix(".arrow") || $0.hasSuffix(".part") }
    #expect(left == [])
  }

  @Test func sizeAndDeleteTellTheTruth() async throws {
    let bench = try Bench()
    let uri = "file://" + (try bench.folder.write("a.txt", "12345"))
    #expect(try await task(bench, "Size", "uri: '\(uri)'").outputs["size"] == 5)
    #expect(try await task(bench, "Delete", "uri: '\(uri)'").outputs["deleted"] == true)
    #expect(try await task(bench, "Delete", "uri: '\(uri)'").outputs["deleted"] == false)
    let missing = try await bench.run(
      "tasks: [{id: t, type: core.storage.Delete, uri: '\(uri)', errorOnMissing: true}]")
    #expect(missing.error?.contains("there is no such file") == true)
  }

  @Test func filterItemsKeepsWhatMeetsTheCondition() async throws {
    let bench = try Bench()
    let file = try bench.records("1.arrow", schema, [batch(0..<10), batch(10..<25)])
    func filter(_ condition: String, _ more: String = "") async throws -> TaskRun {
      try await task(bench, "FilterItems", "from: '\(file)'\n    filterCondition: \"\(condition)\"\(more)")
    }
    let even = try await filter("{{ id % 2 == 0 }}")
    #expect(try ids(bench, even.outputs["uri"]) == Array(stride(from: 0, to: 25, by: 2)))
    #expect(even.outputs["processedItemsTotal"] == 25 && even.outputs["droppedItemsTotal"] == 12)
    #expect(even.ledger.read == 25 && even.ledger.written == 13 && even.ledger.filtered == 12)
    let odd = try await filter("{{ id % 2 == 0 }}", "\n    filterType: EXCLUDE")
    #expect(try ids(bench, odd.outputs["uri"]) == Array(stride(from: 1, to: 25, by: 2)))
    let dates = try await filter("{{ at < '1970-01-04' }}")
    #expect(try ids(bench, dates.outputs["uri"]) == [0, 1, 2])
    let none = try await filter("{{ id > 100 }}")
    #expect(try ids(bench, none.outputs["uri"]) == [])
    // A NULL: fails, or stays, or goes.
    let failed = try await bench.run(
      "tasks: [{id: t, type: core.storage.FilterItems, from: '\(file)', filterCondition: '{{ name }}'}]")
    #expect(failed.state == .failed && failed.error?.contains("on row 5") == true, "\(failed.error ?? "")")
    for (behavior, expected) in [("INCLUDE", Array(0..<25)), ("EXCLUDE", (0..<25).filter { $0 % 5 != 4 })] {
      let run = try await filter("{{ name }}", "\n    errorOrNullBehavior: \(behavior)")
      #expect(try ids(bench, run.outputs["uri"]) == expected.map(Int64.init), "\(behavior)")
    }
  }

  /// Names that the expression does not show itself are found as well, and a wrong one is told what it is near to.
  @Test func expressionsSeeAllColumns() async throws {
    let bench = try Bench()
    let file = try bench.records("1.arrow", schema, [batch(0..<25)])
    for condition in ["{{ vars.big }}", #"{{ render("{{ id > vars.limit }}") }}"#, "{{ id > vars.limit }}"] {
      let execution = try await bench.run(
        """
        variables: {limit: 20, big: "{{ id > 20 }}"}
        tasks:
          - id: t
            type: core.storage.FilterItems
            from: '\(file)'
            filterCondition: '\(condition)'
        """)
      #expect(try ids(bench, execution.output("t", "uri")) == [21, 22, 23, 24], "\(condition)")
    }
    let wrong = try await bench.run(
      "tasks: [{id: t, type: core.storage.FilterItems, from: '\(file)', filterCondition: '{{ nmae == 1 }}'}]")
    #expect(wrong.error?.contains("Did you mean 'name'?") == true, "\(wrong.error ?? "")")
  }

  @Test func deduplicateKeepsTheLastOfEachKey() async throws {
    let bench = try Bench()
    let file = try bench.records("1.arrow", schema, [batch(0..<10), batch(10..<25)])
    let run = try await task(bench, "DeduplicateItems", "from: '\(file)'\n    expr: \"{{ id % 7 }}\"")
    #expect(try ids(bench, run.outputs["uri"]) == Array(18..<25))
    #expect(run.outputs["numKeys"] == 7 && run.outputs["droppedItemsTotal"] == 18)
    #expect(run.ledger.read == 25 && run.ledger.filtered == 18)
    let pairs = try await task(
      bench, "DeduplicateItems", "from: '\(file)'\n    expr: \"{{ id }}-{{ name ?? 'none' }}\"")
    #expect(try ids(bench, pairs.outputs["uri"]) == Array(0..<25))
  }

  /// é as one code point and as two: Kestra and databases tell them apart.
  @Test func keysAreComparedByTheirBytes() async throws {
    let bench = try Bench()
    let rows = BatchBuilder(schema)
    for (row, name) in ["é", "e\u{301}", "x", "é"].enumerated() {
      rows.columns[0].append(Int64(row))
      rows.columns[1].append(text: name)
      rows.columns[2].append(Int32(row))
      _ = rows.finishRow(bytes: 1)
    }
    let file = try bench.records("1.arrow", schema, [rows.finish()])
    let last = try await task(bench, "DeduplicateItems", "from: '\(file)'\n    expr: \"{{ name }}\"")
    #expect(try ids(bench, last.outputs["uri"]) == [1, 2, 3] && last.outputs["numKeys"] == 3)
    let found = try await task(
      bench, "FilterItems", "from: '\(file)'\n    filterCondition: \"{{ name == 'é' }}\"")
    #expect(try ids(bench, found.outputs["uri"]) == [0, 3])
  }

  /// More keys than fit in the buffer: they go through the temporary files.
  @Test func deduplicateSpills() throws {
    let folder = try Folder()
    let spill = KeySpill(folder: folder.path)
    let count = 300_000
    for row in 0..<count { try spill.add("key \(row % 100_000)", row: UInt64(row)) }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 64)
    let rows = try spill.lastRows(of: count)
    #expect(rows.kept == 100_000)
    #expect((0..<count).allSatisfy { rows.isKept($0) == ($0 >= 200_000) })
  }

  /// Files with more keys than are compared in memory are spread over files of their own, and so are those.
  @Test func deduplicateSpillsInTurn() throws {
    let folder = try Folder()
    let spill = KeySpill(folder: folder.path, comparedKeys: 5)
    let count = 20_000
    for row in 0..<count { try spill.add("key \(row < 10_000 ? row : row % 7)", row: UInt64(row)) }
    #expect(try spill.lastRows(of: count).bits == bits(count) { (7..<10_000).contains($0) || $0 >= 19_993 })
  }

  private func bits(_ count: Int, _ isKept: (Int) -> Bool) -> [UInt64] {
    var bits = [UInt64](repeating: 0, count: (count + 63) / 64)
    for row in 0..<count where isKept(row) { bits[row >> 6] |= 1 << UInt64(row & 63) }
    return bits
  }

  /// Five million different keys, of which nothing but one bit a row stays in memory.
  @Test func deduplicateStaysFlat() throws {
    let folder = try Folder()
    let watch = MemoryWatch()
    let spill = KeySpill(folder: folder.path)
    let count = 5_000_000
    for row in 0..<count { try spill.add("customer \(row)", row: UInt64(row)) }
    let rows = try spill.lastRows(of: count)
    let growth = watch.stop()
    #expect(rows.kept == count && rows.bits.allSatisfy { $0 == .max })
    #expect(growth < 32 << 20, "memory grew by \(growth >> 20) MiB")
  }
}
