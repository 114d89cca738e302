internal import Records

/// A record file that one task still writes and the next one reads already.
///
/// Its input ends when the writing task has succeeded, not when the file is complete: whoever has read it to its end
/// may rely on it.
final class GrowingFile: Sendable {
  let uri: String
  /// Where the rows come from: `host:port` of a server.
  let place: String
  private let open: @Sendable () throws -> any ByteInput
  private let state = Monitor(State())

  private struct State {
    /// Bytes that can be read.
    var written: Int64 = 0
    /// What became of the task that writes it; nil while it runs.
    var succeeded: Bool?
  }

  init(uri: String, place: String, open: @escaping @Sendable () throws -> any ByteInput) {
    self.uri = uri
    self.place = place
    self.open = open
  }

  func grew(by count: Int) { state.withLock { $0.written += Int64(count) } }

  /// The first call counts.
  func end(succeeded: Bool) { state.withLock { $0.succeeded = $0.succeeded ?? succeeded } }

  /// Reads it from the front. Throws once the file has its final name: then it can be opened as any other.
  func input() throws -> any ByteInput { GrowingInput(try open(), self) }

  /// Waits for bytes behind `position`; false when there will be none. Throws when the task that writes has failed.
  fileprivate func hasMore(behind position: Int64) throws -> Bool {
    try state.wait { state in
      switch state.succeeded {
      case false?: throw Failure(.cancelled, "the task that writes '\(uri)' failed")
      case true?: return position < state.written
      case nil: return position < state.written ? true : nil
      }
    }
  }

  /// Waits until the task that writes it has succeeded; throws when it fails.
  func waitForEnd() throws { _ = try hasMore(behind: .max) }
}

/// A file that grows while it is read: of unknown size, and in order only.
private final class GrowingInput: ByteInput {
  let name: String
  var size: Int64? { nil }
  private let input: any ByteInput
  private let file: GrowingFile
  private var position: Int64 = 0

  init(_ input: any ByteInput, _ file: GrowingFile) {
    name = input.name
    self.input = input
    self.file = file
  }

  func read(into room: inout OutputSpan<UInt8>) throws -> Int {
    if room.isFull { return 0 }
    while true {
      guard try file.hasMore(behind: position) else { return 0 }
      let count = try input.read(into: &room)
      position += Int64(count)
      if count > 0 { return count }
    }
  }
}
