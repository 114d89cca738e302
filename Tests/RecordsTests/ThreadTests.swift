import Records
import Synchronization
import Testing

/// What shares work among threads: everything is done once, nothing is lost, failures arrive.
struct ThreadTests {
  @Test(arguments: [1, 2, 5])
  func `a team does each part once, piece after piece`(threads: Int) {
    let team = ThreadTeam(threads: threads)
    for count in [0, 1, 2, 3, 100] {
      let done = Mutex<[Int]>([])
      team.each(count) { part in done.withLock { $0.append(part) } }
      #expect(done.withLock { $0.sorted() } == Array(0..<count))
    }
  }

  @Test func `a team works on several parts at a time`() {
    let team = ThreadTeam(threads: 3)
    let meeting = Monitor(0)
    // Ends only when all three are there.
    team.each(3) { _ in
      meeting.withLock { $0 += 1 }
      meeting.wait { $0 == 3 ? () : nil }
    }
    #expect(meeting.withLock { $0 } == 3)
  }

  /// Keeps what it is given and fails where it should; notes when it is gone.
  private final class Sink: RecordSink {
    let log: Monitor<[String]>
    let failing: Int?

    init(_ log: Monitor<[String]>, failing: Int? = nil) {
      self.log = log
      self.failing = failing
    }

    deinit { log.withLock { $0.append("dropped") } }

    func write(_ batch: RecordBatch) throws {
      if batch.count == failing { throw Failure(.quota, "the disk is full") }
      log.withLock { $0.append("\(batch.count)") }
    }

    func finish() throws { log.withLock { $0.append("finished") } }
  }

  private func batch(_ rows: Int) -> RecordBatch {
    let builder = BatchBuilder(Schema([Field("a", .int64)]))
    for row in 0..<rows {
      builder.columns[0].append(Int64(row))
      _ = builder.finishRow(bytes: 8)
    }
    return builder.finish()
  }

  @Test func `a background sink keeps the order and finishes last`() throws {
    let log = Monitor<[String]>([])
    do {
      let sink = BackgroundSink(Sink(log))
      for rows in 0..<50 { try sink.write(batch(rows)) }
      try sink.finish()
    }
    #expect(log.withLock { $0 } == (0..<50).map { "\($0)" } + ["finished", "dropped"])
  }

  @Test func `a background sink that is dropped has dropped its own`() throws {
    let log = Monitor<[String]>([])
    do { try BackgroundSink(Sink(log)).write(batch(1)) }
    #expect(log.withLock { $0.last } == "dropped")
    #expect(log.withLock { !$0.contains("finished") })
  }

  @Test func `a failure in the background comes to the caller and stays`() throws {
    let log = Monitor<[String]>([])
    let sink = BackgroundSink(Sink(log, failing: 2))
    #expect(throws: Failure(.quota, "the disk is full")) {
      for rows in [1, 2, 3, 4, 5, 6] { try sink.write(batch(rows)) }
    }
    #expect(throws: Failure(.quota, "the disk is full")) { try sink.finish() }
    #expect(log.withLock { !$0.contains("finished") })
  }
}
