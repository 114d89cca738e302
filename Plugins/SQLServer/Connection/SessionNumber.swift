/// A session as another one can find it: its number, and since when it has it.
struct SessionNumber: Hashable {
  let number: String
  let since: String

  static let since = "CONVERT(varchar(33), login_time, 126)"
  static let table = "sys.dm_exec_sessions WHERE session_id"

  var text: String { "\(number) \(since)" }

  init(number: String, since: String) {
    self.number = number
    self.since = since
  }

  /// Nil for what is none.
  init?(_ text: String) {
    let parts = text.split(separator: " ")
    guard parts.count == 2, Int32(parts[0]) != nil else { return nil }
    self.init(number: String(parts[0]), since: String(parts[1]))
  }
}
