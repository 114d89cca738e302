public import Expression
internal import Records
internal import Synchronization

/// What became of a task's records. The engine fails a task whose ledger does not balance.
public final class Ledger: Sendable {
  /// Numbers of records, except `bytes`, `batches` and `retries`.
  public struct Counts: Codable, Sendable, Hashable {
    public var read: Int64 = 0
    public var written: Int64 = 0
    public var rejected: Int64 = 0
    public var filtered: Int64 = 0
    public var bytes: Int64 = 0
    public var batches: Int64 = 0
    public var retries: Int64 = 0

    public var isBalanced: Bool { read == written + rejected + filtered }
    public var isEmpty: Bool { self == Counts() }

    public var value: ValueMap {
      [
        "read": .int(read), "written": .int(written), "rejected": .int(rejected), "filtered": .int(filtered),
        "bytes": .int(bytes), "batches": .int(batches), "retries": .int(retries),
      ]
    }
  }

  private let state = Mutex(Counts())

  public init() {}

  public var counts: Counts { state.withLock { $0 } }

  /// Adds to the counts; call once per batch, not per row.
  public func add(
    read: Int = 0, written: Int = 0, rejected: Int = 0, filtered: Int = 0, bytes: Int = 0, batches: Int = 0,
    retries: Int = 0
  ) {
    state.withLock {
      $0.read += Int64(read)
      $0.written += Int64(written)
      $0.rejected += Int64(rejected)
      $0.filtered += Int64(filtered)
      $0.bytes += Int64(bytes)
      $0.batches += Int64(batches)
      $0.retries += Int64(retries)
    }
  }

  /// What was written has been taken back: the task failed and left nothing behind.
  func takeBack() {
    state.withLock {
      $0.written = 0
      $0.bytes = 0
      $0.batches = 0
    }
  }

  /// Forgets everything but the retries, when a task starts its work anew.
  public func restart() {
    state.withLock { $0 = Counts(retries: $0.retries) }
  }
}
