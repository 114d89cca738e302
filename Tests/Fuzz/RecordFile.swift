// sources: Core/Records
// libraries: lz4 zstd

/// Any bytes as a record file: each ends in rows or in an error, never in a crash, a hang or a huge allocation.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  // Once as a file, whose footer is read, and once as a stream.
  for sizeIsKnown in [true, false] {
    do {
      let input = MemoryInput(Array(UnsafeBufferPointer(start: bytes, count: count)), sizeIsKnown: sizeIsKnown)
      let reader = try RecordFileReader(input)
      while let batch = try reader.next() {
        for column in batch.columns {
          let formatter = TextFormatter(column)
          var text = TextBuffer()
          for row in 0..<min(batch.count, 16) where !formatter.isNull(row) { formatter.append(row, to: &text) }
        }
      }
    } catch {}
  }
  return 0
}
