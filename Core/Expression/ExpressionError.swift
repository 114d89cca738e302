/// Why a template cannot be parsed or rendered, and where. Holds names and types, never a value of a variable.
public struct ExpressionError: Error, Sendable, CustomStringConvertible {
  public let message: String
  /// UTF-8 offset in the template's source.
  public let offset: Int
  /// What to do about it, one sentence without the full stop.
  public let hint: String?
  /// Whether an undefined variable is the reason: what `??`, `???`, `is defined` and `default` forgive.
  public let isUndefined: Bool

  public init(_ message: String, offset: Int, hint: String? = nil, isUndefined: Bool = false) {
    self.message = message
    self.offset = offset
    self.hint = hint
    self.isUndefined = isUndefined
  }

  public var description: String { message + (hint.map { ". \($0)" } ?? "") }
}

/// What a filter or function throws: the evaluator adds who threw it and where.
struct Problem: Error {
  let message: String
  let hint: String?
  let isUndefined: Bool

  init(_ message: String, hint: String? = nil, isUndefined: Bool = false) {
    self.message = message
    self.hint = hint
    self.isUndefined = isUndefined
  }
}

/// The candidate that the user may have meant by `name`: the nearest by edit distance (Damerau: a swap of neighbours
/// is one edit), if it is near enough to be worth saying; nil otherwise.
public func nearest(_ name: String, in candidates: some Sequence<String>) -> String? {
  var best: (distance: Int, name: String)?
  for candidate in candidates {
    if let distance = distance(from: name, to: candidate), distance < best?.distance ?? .max {
      best = (distance, candidate)
    }
  }
  return best?.name
}

/// How far a name is from what may be meant by it, nil when it is too far to be worth saying. The beginning of a name
/// (`user` of `username`) is just near enough.
public func distance(from name: String, to candidate: String) -> Int? {
  let wanted = Array(name.lowercased().utf8)
  let other = Array(candidate.lowercased().utf8)
  // One letter says nothing, one of two that is another says little: `if` is no `id`.
  let isShort = wanted.count < 2 || (wanted.count == 2 && other.count == 2)
  let limit = isShort ? 0 : max(1, wanted.count / 3)
  let distance = editDistance(wanted, other, limit: limit)
  if distance <= limit { return distance }
  return wanted.count > 2 && other.starts(with: wanted) ? limit + other.count - wanted.count : nil
}

/// "Did you mean 'x'?" for the nearest candidate, nil when none is near.
func suggestion(for name: String, in candidates: some Sequence<String>) -> String? {
  nearest(name, in: candidates).map { "Did you mean '\($0)'?" }
}

/// The optimal string alignment distance; anything beyond `limit` is reported as `limit + 1`.
private func editDistance(_ a: [UInt8], _ b: [UInt8], limit: Int) -> Int {
  if abs(a.count - b.count) > limit { return limit + 1 }
  var beforeLast = [Int](repeating: 0, count: b.count + 1)
  var last = Array(0...b.count)
  for i in 0..<a.count {
    var row = [Int](repeating: i + 1, count: b.count + 1)
    for j in 0..<b.count {
      var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
      row[j + 1] = cost
    }
    beforeLast = last
    last = row
  }
  return last[b.count]
}
