public import Records

/// Files in the task's own folder, for libraries that want paths.
extension TaskContext {
  /// Copies a file of internal storage into the working directory.
  /// - Returns: its path.
  public func copy(_ reference: StorageReference, as name: String) throws -> String {
    let path = try "\(workingDirectory())/\(name)"
    let output = try FileOutput(path: path, isPrivate: true)
    try copy(from: open(reference), to: output)
    try output.commit()
    return path
  }

  /// Copies all bytes; what becomes of the output is up to the caller.
  /// - Parameter counted: whether they are bytes that the task moves, for its ledger.
  public func copy(from input: any ByteInput, to output: any ByteOutput, counted: Bool = false) throws {
    try pieces(of: input) { piece in
      try output.write(piece)
      if counted { ledger.add(bytes: piece.count) }
      return true
    }
  }

  /// Reads an input piece by piece, until its end or until `take` wants no more.
  public func pieces(
    of input: any ByteInput, bytes: Int = 1 << 20, _ take: (Span<UInt8>) throws -> Bool
  ) throws {
    var block = ByteBuffer(capacity: bytes)
    while true {
      block.removeAll()
      let count = try block.append(upTo: bytes) { try input.read(into: &$0) }
      if try count == 0 || !take(block.span) { return }
      try checkCancelled()
    }
  }

  /// A certificate or a key as a file in the working directory that nobody else may read; a text that is no PEM is
  /// taken as a path already.
  public func certificateFile(_ name: String, _ text: String) throws -> String {
    guard text.contains("-----BEGIN") else { return text }
    let path = try "\(workingDirectory())/\(name)"
    let output = try FileOutput(path: path, name: name, isPrivate: true)
    let text = text.hasSuffix("\n") ? text : text + "\n"
    try output.write(Array(text.utf8).span)
    try output.commit()
    return path
  }
}
