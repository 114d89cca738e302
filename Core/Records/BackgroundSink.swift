/// Hands batches to a sink on a thread of its own, so that making the next one and writing this one go on side by side.
/// One batch at a time is in its hands: memory is that of two. A failure shows in a later call of `write`, or in
/// `finish`.
public final class BackgroundSink: RecordSink {
  private let writer: Writer

  public init(_ sink: any RecordSink) {
    let writer = Writer(sink)
    self.writer = writer
    if Threads.start({ writer.serve() }) != 0 { writer.endThread() }
  }

  /// Waits for the batch that is being written: what the sink undoes when it is dropped is undone here.
  deinit { writer.drop() }

  public func write(_ batch: RecordBatch) throws { try writer.take(batch) }

  public func finish() throws { try writer.finish() }
}

/// What both threads know.
private final class Writer: @unchecked Sendable {
  private struct State {
    var waiting: RecordBatch?
    var isWriting = false
    var failure: (any Error)?
    /// There is no thread, or there need be none any more.
    var isStopped = false
  }

  private let state = Monitor(State())
  /// Used by the thread while it writes, else by the caller.
  private var sink: (any RecordSink)?

  init(_ sink: any RecordSink) { self.sink = sink }

  func take(_ batch: RecordBatch) throws {
    let isTaken = try state.wait { state in
      if let failure = state.failure { throw failure }
      if state.isStopped { return false }
      guard state.waiting == nil, !state.isWriting else { return nil as Bool? }
      state.waiting = batch
      return true
    }
    if !isTaken { try sink?.write(batch) }
  }

  func finish() throws {
    try state.wait { state in
      if let failure = state.failure { throw failure }
      return state.waiting == nil && !state.isWriting ? () : nil
    }
    try sink?.finish()
  }

  func endThread() {
    state.withLock { $0.isStopped = true }
    state.wait { $0.isWriting ? nil : () }
  }

  func drop() {
    endThread()
    sink = nil
  }

  func serve() {
    while let batch = nextBatch() {
      let result = Result { try sink?.write(batch) }
      state.withLock { state in
        state.isWriting = false
        if case .failure(let error) = result { state.failure = error }
      }
    }
  }

  private func nextBatch() -> RecordBatch? {
    state.wait { state in
      if state.isStopped { return .some(nil) }
      guard let batch = state.waiting else { return nil }
      state.waiting = nil
      state.isWriting = true
      return batch
    }
  }
}
