internal import Engine
internal import Records

/// Database files between internal storage and the task's folder.
enum DatabaseFiles {
  static func copy(_ reference: StorageReference, as name: String, _ context: TaskContext) throws -> String {
    let path = try "\(context.workingDirectory())/\(name)"
    try copy(from: context.open(reference), to: FileOutput(path: path))
    return path
  }

  static func copy(from input: any ByteInput, to output: any ByteOutput) throws {
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
    defer { unsafe block.deallocate() }
    while true {
      let count = try unsafe input.read(into: block)
      if count == 0 { break }
      try unsafe output.write(UnsafeRawBufferPointer(rebasing: block[..<count]))
    }
    try output.commit()
  }
}
