internal import Glibc

/// Threads that share a piece of work whose parts do not touch each other, such as the columns of a block of rows.
///
/// The calling thread is one of them; the others sleep between two pieces of work. Used from one thread at a time.
public final class ThreadTeam {
  private let board: Monitor<Work>?

  private struct Work {
    var body: ((Int) -> Void)?
    var count = 0
    var next = 0
    var running = 0
    var isClosed = false

    /// The next part nobody has begun.
    mutating func take() -> (part: Int, body: (Int) -> Void)? {
      guard next < count, let body else { return nil }
      next += 1
      running += 1
      return (next - 1, body)
    }
  }

  /// - Parameter threads: the caller's included. Those that cannot be started are done without.
  public init(threads: Int) {
    guard threads > 1 else {
      board = nil
      return
    }
    let board = Monitor(Work())
    for _ in 1..<threads { Threads.start { ThreadTeam.serve(board) } }
    self.board = board
  }

  deinit { board?.withLock { $0.isClosed = true } }

  /// Calls `body` once for each number below `count`, on several threads at a time; returns when all calls have.
  public func each(_ count: Int, _ body: (Int) -> Void) {
    guard let board, count > 1 else {
      for index in 0..<count { body(index) }
      return
    }
    withoutActuallyEscaping(body) { body in
      board.withLock { $0 = Work(body: body, count: count) }
      while ThreadTeam.runPart(board.withLock { $0.take() }) { board.withLock { $0.running -= 1 } }
      board.wait { $0.running == 0 ? () : nil }
      board.withLock { $0.body = nil }
    }
  }

  private static func serve(_ board: Monitor<Work>) {
    while runPart(board.wait { $0.isClosed ? .some(nil) : $0.take().map { .some($0) } }) {
      board.withLock { $0.running -= 1 }
    }
  }

  /// False when there is none. A function of its own, so that nobody holds the closure any more once a part counts as
  /// done: it lives no longer than the call of `each`.
  @inline(never)
  private static func runPart(_ job: consuming (part: Int, body: (Int) -> Void)?) -> Bool {
    guard let job else { return false }
    job.body(job.part)
    return true
  }
}
