internal import CFreeTDS
internal import Glibc
internal import Records
internal import Synchronization

/// What the server and the library say beside results. The library calls one function for all connections: the words go
/// to the one that they are for, or to the one that this thread is opening.
final class ServerMessages: Sendable {
  private struct State {
    var errors: [DatabaseError] = []
    var notices: [String] = []
    var hasUnreadableText = false
  }

  private let state = Mutex(State())
  private static let opening = Mutex<[pthread_t: ServerMessages]>([:])
  /// By the library's handle.
  private static let open = Mutex<[UInt: ServerMessages]>([:])

  /// To be called before anything else of the library; safe to repeat.
  static let start: Bool = {
    guard dbinit() == SUCCEED else { return false }
    unsafe dberrhandle(libraryError)
    unsafe dbmsghandle(serverMessage)
    return true
  }()

  // MARK: whose words

  /// Runs `body`, which opens a connection on this thread.
  func opening<T>(_ body: () throws -> T) rethrows -> T {
    let thread = pthread_self()
    Self.opening.withLock { $0[thread] = self }
    defer { Self.opening.withLock { $0[thread] = nil } }
    return try body()
  }

  func belong(to handle: OpaquePointer) {
    let key = UInt(bitPattern: handle)
    Self.open.withLock { $0[key] = self }
  }

  static func forget(_ handle: OpaquePointer) {
    let key = UInt(bitPattern: handle)
    open.withLock { $0[key] = nil }
  }

  private static func of(_ handle: OpaquePointer?) -> ServerMessages? {
    let key = unsafe handle.map { UInt(bitPattern: $0) }
    return key.flatMap { key in open.withLock { $0[key] } } ?? opening.withLock { $0[pthread_self()] }
  }

  // MARK: what they say

  /// A new command begins.
  func forgetErrors() {
    state.withLock { state in
      state.errors = []
      state.hasUnreadableText = false
    }
  }

  /// The library has put a question mark in place of a character.
  var hasUnreadableText: Bool { state.withLock { $0.hasUnreadableText } }

  /// What the server said first, else the library: what follows are consequences.
  var error: DatabaseError? {
    state.withLock { $0.errors.first { $0.isServers } ?? $0.errors.first }
  }

  /// What PRINT and the like have said since the last time.
  func takeNotices() -> [String] {
    state.withLock { state in
      defer { state.notices = [] }
      return state.notices
    }
  }

  private func add(_ error: DatabaseError) {
    state.withLock { state in
      // A batch may go on behind each of its errors.
      if state.errors.count < ServerMessages.most { state.errors.append(error) }
    }
  }

  private static let most = 100
  /// TDSEICONVI, TDSEICONVO: "some characters could not be converted".
  private static let conversions: Set = [2_403, 2_402, 2_404]

  private func add(notice: String) { state.withLock { $0.notices.append(notice) } }

  private static let serverMessage: MHANDLEFUNC = { handle, number, state, severity, text, _, procedure, line in
    guard let messages = unsafe ServerMessages.of(handle) else { return 0 }
    let text = unsafe text.map { unsafe String(cString: $0) } ?? ""
    let procedure = unsafe procedure.map { unsafe String(cString: $0) } ?? ""
    // Up to 10 it is information; 5701 and 5703 tell each client its database and language.
    if severity > 10 {
      messages.add(
        DatabaseError(
          number: Int(number), state: Int(state), severity: Int(severity), text: text, line: Int(line),
          procedure: procedure.isEmpty ? nil : procedure))
    } else if number != 5_701, number != 5_703, !text.isEmpty {
      messages.add(notice: text)
    }
    return 0
  }

  /// SYBESMSG: "look at the server's messages".
  private static let lookAtMessages = 20_018

  private static let libraryError: EHANDLEFUNC = { handle, severity, number, systemError, text, systemText in
    guard let messages = unsafe ServerMessages.of(handle), Int(number) != ServerMessages.lookAtMessages else {
      return INT_CANCEL
    }
    if ServerMessages.conversions.contains(Int(number)) {
      messages.state.withLock { $0.hasUnreadableText = true }
      return INT_CANCEL
    }
    var text = unsafe text.map { unsafe String(cString: $0) } ?? "error \(number)"
    if systemError != 0, let system = unsafe systemText.map({ unsafe String(cString: $0) }) { text += " (\(system))" }
    messages.add(DatabaseError(number: Int(number), state: 0, severity: Int(severity), text: text))
    return INT_CANCEL
  }
}
