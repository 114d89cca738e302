internal import Engine
internal import Expression
internal import Records

/// How far a load has come for good, as it is recorded before each commit.
struct LoadRecord: Hashable {
  /// A transaction whose commit has been sent, or is about to be.
  struct Pending: Hashable {
    var token: CommitToken
    /// What is in once it is committed.
    var rows: Int64
    var updates: Int64
    /// Whether the load is done then.
    var isLast: Bool
  }

  /// The table, its database and server: a load that goes on elsewhere would leave rows out.
  var target: String
  var input: Input
  /// Rows of the input that are committed, and how many rows of the table that changed.
  var rows: Int64 = 0
  var updates: Int64 = 0
  var pending: Pending?

  /// What was read, to tell it from another input of the same name.
  struct Input: Hashable {
    var uri: String
    /// Nil where it is not known (yet).
    var size: Int64?

    func mayBe(_ other: Input) -> Bool {
      uri == other.uri && (size == other.size || size == nil || other.size == nil)
    }
  }

  var state: ValueMap {
    var state: ValueMap = ["target": .string(target), "input": .string(input.uri)]
    state["size"] = input.size.map { .int($0) }
    state["rows"] = .int(rows)
    state["updates"] = .int(updates)
    guard let pending else { return state }
    state["pending"] = .map([
      "token": .string(pending.token.text), "rows": .int(pending.rows),
      "updates": .int(pending.updates),
      "last": .bool(pending.isLast),
    ])
    return state
  }

  init(target: String, input: Input) {
    self.target = target
    self.input = input
  }

  /// Nil for what is none.
  init?(_ state: ValueMap) {
    guard let target = state["target"]?.string, let uri = state["input"]?.string else { return nil }
    self.init(target: target, input: Input(uri: uri, size: state["size"]?.int))
    rows = state["rows"]?.int ?? 0
    updates = state["updates"]?.int ?? 0
    guard let map = state["pending"]?.map else { return }
    pending = Pending(
      token: CommitToken(map["token"]?.string ?? ""), rows: map["rows"]?.int ?? 0,
      updates: map["updates"]?.int ?? 0,
      isLast: map["last"] == .bool(true))
  }
}

/// A text that says nothing of what it was made from, and is the same for the same: FNV-1a.
func fingerprint(_ texts: String...) -> String {
  var hash: UInt64 = 0xcbf2_9ce4_8422_2325
  for text in texts {
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    hash = (hash ^ 0xFF) &* 0x100_0000_01b3
  }
  return String(hash, radix: 16)
}
