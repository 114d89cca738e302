internal import Expression
internal import Glibc
internal import Records

struct DeduplicateItems: FerryTask {
  static let info = TaskInfo(
    "core.storage.DeduplicateItems", aliases: ["storage.DeduplicateItems"],
    "Keeps the last row of each key of a record file, in the order of the file.",
    details: """
      Memory stays flat: key hashes (128 bit) are spilled to temporary files and compared file by file; one bit a row \
      remains. Dropped rows count as `filtered`.
      """,
    outputs: [
      TaskOutput("uri", .uri, "The record file."), TaskOutput("numKeys", .integer, "Different keys."),
      TaskOutput("processedItemsTotal", .integer, "Rows read."),
      TaskOutput("droppedItemsTotal", .integer, "Rows dropped."),
    ],
    example: """
      id: latest
      type: io.kestra.plugin.core.storage.DeduplicateItems
      from: "file:///data/orders.arrow"
      expr: "{{ order_id }}"
      """)
  @Property("The record file.") var from: StorageReference
  @Property("The key, rendered for each row.", .raw) var expr: String

  func run(_ context: TaskContext) throws -> ValueMap {
    let rows = try findLast(context)
    let reader = try context.openRecords(from)
    let output = try context.createRecords(schema: reader.schema)
    let picker = RowPicker(reader.schema, output)
    var position = 0
    while let batch = try reader.next() {
      let keep = (position..<position + batch.count).map { rows.isKept($0) }
      position += batch.count
      context.ledger.add(read: batch.count, filtered: keep.count { !$0 })
      try picker.write(batch, keeping: keep)
      try context.checkCancelled()
    }
    try output.finish()
    return [
      "uri": .string(output.uri), "numKeys": .int(Int64(rows.kept)), "processedItemsTotal": .int(Int64(position)),
      "droppedItemsTotal": .int(Int64(position - rows.kept)),
    ]
  }

  /// First pass: which rows are the last of their key.
  private func findLast(_ context: TaskContext) throws -> KeptRows {
    var key = try context.rowExpression(expr)
    let reader = try context.openRecords(from)
    let spill = try KeySpill(folder: context.workingDirectory())
    var row: UInt64 = 0
    while let batch = try reader.next() {
      for index in 0..<batch.count {
        try spill.add(key.value(batch, index).text, row: row)
        row += 1
      }
      try context.checkCancelled()
    }
    return try spill.lastRows(of: Int(row))
  }
}

/// One bit a row.
struct KeptRows {
  fileprivate(set) var bits: [UInt64]
  fileprivate(set) var kept = 0

  func isKept(_ row: Int) -> Bool { bits[row >> 6] & (1 << UInt64(row & 63)) != 0 }
}

/// Key hashes in temporary files, so that memory does not grow with the number of keys.
final class KeySpill {
  private struct Entry {
    var high: UInt64
    var low: UInt64
    var row: UInt64

    var hash: UInt128 { UInt128(high) << 64 | UInt128(low) }
  }

  private static let partitions = 64
  /// 128 Ki entries: 3 MiB of memory before a flush.
  private static let bufferedEntries = 131_072
  /// 12 MiB of memory.
  static let comparedKeys = 262_144

  private let folder: String
  /// Which six bits of a hash choose the file.
  private let level: Int
  /// Different keys that are compared in memory: a file with more of them is spread over files of its own.
  private let comparedKeys: Int
  private var pending = [[Entry]](repeating: [], count: KeySpill.partitions)
  private var buffered = 0

  init(folder: String, level: Int = 0, comparedKeys: Int = KeySpill.comparedKeys) {
    self.folder = folder
    self.level = level
    self.comparedKeys = comparedKeys
  }

  func add(_ key: String, row: UInt64) throws {
    var first = Hasher()
    first.combine(ExactText(key))
    var second = Hasher()
    second.combine(UInt8(1))
    second.combine(ExactText(key))
    let high = UInt64(bitPattern: Int64(first.finalize()))
    let low = UInt64(bitPattern: Int64(second.finalize()))
    try add(Entry(high: high, low: low, row: row))
  }

  private func add(_ entry: Entry) throws {
    pending[Int(entry.high >> (58 - 6 * UInt64(level))) & 63].append(entry)
    buffered += 1
    if buffered >= KeySpill.bufferedEntries { try flush() }
  }

  func lastRows(of count: Int) throws -> KeptRows {
    var rows = KeptRows(bits: [UInt64](repeating: 0, count: (count + 63) / 64))
    try flush()
    try mark(&rows)
    return rows
  }

  private func mark(_ rows: inout KeptRows) throws {
    for partition in 0..<KeySpill.partitions {
      var last: [UInt128: UInt64] = [:]
      var deeper: KeySpill?
      try read(partition) { entry in
        if let deeper { return try deeper.add(entry) }
        last[entry.hash] = entry.row
        if last.count > comparedKeys, level < 9 { deeper = try spread(&last, partition) }
      }
      for row in last.values { rows.bits[Int(row >> 6)] |= 1 << (row & 63) }
      rows.kept += last.count
      unsafe unlink(path(partition))
      try deeper?.flush()
      try deeper?.mark(&rows)
    }
  }

  /// The keys that were compared so far go first: later rows of the same key come behind them.
  private func spread(_ last: inout [UInt128: UInt64], _ partition: Int) throws -> KeySpill {
    let folder = path(partition) + "-"
    try FileSystem.makeFolders(folder)
    let deeper = KeySpill(folder: folder, level: level + 1, comparedKeys: comparedKeys)
    for (hash, row) in last {
      let (high, low) = (UInt64(truncatingIfNeeded: hash >> 64), UInt64(truncatingIfNeeded: hash))
      try deeper.add(Entry(high: high, low: low, row: row))
    }
    last = [:]
    return deeper
  }

  private func path(_ partition: Int) -> String { "\(folder)/keys-\(partition)" }

  private func flush() throws {
    for partition in 0..<KeySpill.partitions where !pending[partition].isEmpty {
      guard let file = unsafe fopen(path(partition), "a") else { throw FileError.failure("spilling keys", errno) }
      defer { unsafe fclose(file) }
      let count = unsafe pending[partition].withUnsafeBytes { unsafe fwrite($0.baseAddress, 1, $0.count, file) }
      guard count == pending[partition].count * MemoryLayout<Entry>.stride, unsafe fflush(file) == 0 else {
        throw FileError.failure("spilling keys", errno)
      }
      pending[partition].removeAll(keepingCapacity: true)
    }
    buffered = 0
  }

  private func read(_ partition: Int, _ body: (Entry) throws -> Void) throws {
    guard unsafe access(path(partition), F_OK) == 0 else { return }
    let input = try FileInput(path: path(partition))
    let stride = MemoryLayout<Entry>.stride
    var block = ByteBuffer(capacity: 8_192 * stride)
    while true {
      block.removeAll()
      let count = try block.append(upTo: 8_192 * stride) { try input.readFully(into: &$0) } / stride
      if count == 0 { return }
      for index in 0..<count {
        let entry = unsafe block.span.bytes.unsafeLoadUnaligned(fromByteOffset: index * stride, as: Entry.self)
        try body(entry)
      }
    }
  }
}
