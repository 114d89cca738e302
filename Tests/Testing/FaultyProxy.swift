internal import Foundation
internal import Glibc

/// A TCP proxy in front of a real server, which does to its connections what networks do: cuts them, lets them fall
/// silent, loses an answer, changes a byte. It is gone with its owner.
///
///     let proxy = try FaultyProxy(to: "127.0.0.1", 5432, [.loseAnswer(to: "COMMIT")])
///     … the client connects to 127.0.0.1:proxy.port …
package final class FaultyProxy: Sendable {
  package enum Side: Sendable, Hashable { case client, server }

  /// What a fault waits for, on each connection by itself.
  package enum Trigger: Sendable {
    /// So many bytes have come from this side. Exactly these are moved when the fault's actions forward them.
    case bytes(Int, from: Side)
    /// This text has come from this side, in one piece or in two. The whole piece that ends it is moved.
    case text(String, from: Side)
  }

  package enum Action: Sendable {
    /// Moves the bytes that triggered the fault. Without it they are moved after the last action.
    case forward
    case wait(Duration)
    /// Ends the connection: both sides read its end.
    case cut
    /// Ends the connection with a RST towards the client.
    case reset
    /// What the client sends goes on; what the server answers on this connection is kept until `release`.
    case holdAnswers
    /// Nothing moves any more on any connection; bytes are still acknowledged, as they are by a stuck middleman.
    case stall
    /// The client's packets, on all connections, are dropped: not even acknowledged, as by a machine without power.
    case vanish
    /// New connections are accepted, and nothing answers.
    case ignoreNew
    /// Packets that ask for a new connection are dropped.
    case dropNew
    /// Changes the last byte that triggered the fault.
    case flip(UInt8)
  }

  /// Happens once, on the first connection that meets the trigger.
  package struct Fault: Sendable {
    var trigger: Trigger
    var actions: [Action]

    package init(_ trigger: Trigger, _ actions: Action...) {
      self.trigger = trigger
      self.actions = actions
    }

    /// The server gets the text and has some time to act on it, the client never hears of it.
    package static func loseAnswer(to text: String, after wait: Duration = .milliseconds(200)) -> Fault {
      Fault(.text(text, from: .client), .holdAnswers, .forward, .wait(wait), .cut)
    }

    /// The connection ends behind so many bytes.
    package static func cut(after bytes: Int, from side: Side) -> Fault {
      Fault(.bytes(bytes, from: side), .forward, .cut)
    }

    /// All connections fall silent behind so many bytes of one.
    package static func stall(after bytes: Int, from side: Side) -> Fault {
      Fault(.bytes(bytes, from: side), .forward, .stall)
    }

    /// The connection ends before the text gets to the server.
    package static func cutBefore(_ text: String) -> Fault { Fault(.text(text, from: .client), .cut) }
  }

  package let port: UInt16
  private let exchange: Exchange

  package init(to host: String, _ port: UInt16, _ faults: [Fault] = []) throws {
    let listener = try TestSocket.listening()
    self.port = try TestSocket.port(of: listener)
    exchange = Exchange(listener, target: (host, port), faults)
    exchange.start()
  }

  deinit { exchange.stop() }

  /// Does something now, to all connections that are open.
  package func act(_ actions: Action...) { exchange.act(actions) }

  /// Moves again what was held or stalled, and what comes from now on.
  package func release() { exchange.release() }

  /// Connections so far.
  package var connections: Int { exchange.accepted }

  /// How many faults have happened.
  package var faultsHappened: Int { exchange.happened }

  /// Waits until so many faults have happened, five seconds at most.
  /// - Returns: whether they have.
  package func waitForFaults(_ count: Int = 1) -> Bool {
    for _ in 0..<500 where exchange.happened < count { usleep(10_000) }
    return exchange.happened >= count
  }
}

/// All connections of a proxy, and what is true of all of them.
private final class Exchange: @unchecked Sendable {
  private let listener: Int32
  private let target: (host: String, port: UInt16)
  private let state = NSCondition()
  private var faults: [FaultyProxy.Fault]
  private var links: [Link] = []
  private var isStalled = false
  private var isIgnoringNew = false
  private var isStopped = false
  private(set) var accepted = 0
  private(set) var happened = 0

  init(_ listener: Int32, target: (host: String, port: UInt16), _ faults: [FaultyProxy.Fault]) {
    self.listener = listener
    self.target = target
    self.faults = faults
  }

  func start() {
    Thread.detachNewThread { [self] in
      while true {
        let client = accept(listener, nil, nil)
        if client < 0 { break }
        serve(client)
      }
      close(listener)
    }
  }

  func stop() {
    let open = state.withLock {
      isStopped = true
      state.broadcast()
      return links
    }
    // Wakes the thread that accepts, which closes it.
    shutdown(listener, Int32(SHUT_RDWR))
    for link in open { link.cut() }
  }

  private func serve(_ client: Int32) {
    let ignored = state.withLock {
      accepted += 1
      return isIgnoringNew
    }
    let server = ignored ? nil : TestSocket.connected(to: target)
    let link = Link(client, server ?? -1)
    state.withLock { links.append(link) }
    guard let server else {
      if !ignored { link.cut() }
      return
    }
    Thread.detachNewThread { [self] in pump(link, .client, client, server) }
    Thread.detachNewThread { [self] in pump(link, .server, server, client) }
  }

  // MARK: moving bytes

  private func pump(_ link: Link, _ side: FaultyProxy.Side, _ from: Int32, _ to: Int32) {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    var seen = Seen()
    while true {
      let count = read(from, &buffer, buffer.count)
      if count <= 0 { break }
      var rest = buffer[..<count]
      while let (fault, length) = take(side, rest, &seen) {
        var piece = rest.prefix(length)
        rest = rest.dropFirst(length)
        if !perform(fault.actions, &piece, link, side, to) { return }
      }
      if !forward(rest, link, side, to) { return }
    }
    _ = waitForTurn(link, side)
    shutdown(to, Int32(SHUT_RDWR))
  }

  /// What has come from one side of one connection.
  private struct Seen {
    var bytes = 0
    /// The last bytes: a text may come in two pieces.
    var tail: [UInt8] = []
  }

  /// The next fault that these bytes trigger, and how many of them belong to it.
  private func take(
    _ side: FaultyProxy.Side, _ bytes: ArraySlice<UInt8>, _ seen: inout Seen
  ) -> (FaultyProxy.Fault, Int)? {
    state.withLock {
      for (index, fault) in faults.enumerated() {
        guard let length = Exchange.match(fault.trigger, side, bytes, seen) else { continue }
        faults.remove(at: index)
        happened += 1
        seen.bytes += length
        seen.tail = []
        return (fault, length)
      }
      seen.bytes += bytes.count
      seen.tail = Array((seen.tail + bytes).suffix(64))
      return nil
    }
  }

  private static func match(
    _ trigger: FaultyProxy.Trigger, _ side: FaultyProxy.Side, _ bytes: ArraySlice<UInt8>, _ seen: Seen
  ) -> Int? {
    switch trigger {
    case .bytes(let limit, side): seen.bytes + bytes.count >= limit ? max(0, limit - seen.bytes) : nil
    case .text(let text, side): (seen.tail + bytes).ranges(of: Array(text.utf8)).isEmpty ? nil : bytes.count
    default: nil
    }
  }

  /// - Returns: false when the connection has ended.
  private func forward(
    _ bytes: ArraySlice<UInt8>, _ link: Link, _ side: FaultyProxy.Side, _ to: Int32
  ) -> Bool {
    guard waitForTurn(link, side) else { return false }
    var rest = bytes
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { send(to, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      if count <= 0 { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  private func waitForTurn(_ link: Link, _ side: FaultyProxy.Side) -> Bool {
    state.withLock {
      while !isStopped && !link.isCut && (isStalled || side == .server && link.holdsAnswers) { state.wait() }
      return !isStopped && !link.isCut
    }
  }

  // MARK: faults

  func act(_ actions: [FaultyProxy.Action]) {
    for action in actions {
      for link in state.withLock({ links }) { apply(action, to: link) }
      applyToAll(action)
    }
  }

  private func perform(
    _ actions: [FaultyProxy.Action], _ piece: inout ArraySlice<UInt8>, _ link: Link, _ side: FaultyProxy.Side,
    _ to: Int32
  ) -> Bool {
    var isForwarded = false
    for action in actions {
      switch action {
      case .forward:
        isForwarded = true
        if !forward(piece, link, side, to) { return false }
      case .flip(let mask): if let last = piece.indices.last { piece[last] ^= mask }
      default:
        apply(action, to: link)
        applyToAll(action)
      }
    }
    return isForwarded ? waitForTurn(link, side) : forward(piece, link, side, to)
  }

  private func apply(_ action: FaultyProxy.Action, to link: Link) {
    switch action {
    case .wait(let time): usleep(UInt32(time / .microseconds(1)))
    case .cut: state.withLock { link.cut() }
    case .reset: state.withLock { link.reset() }
    case .holdAnswers: state.withLock { link.holdsAnswers = true }
    default: break
    }
    state.withLock { state.broadcast() }
  }

  private func applyToAll(_ action: FaultyProxy.Action) {
    state.withLock {
      switch action {
      case .stall: isStalled = true
      case .vanish:
        isStalled = true
        for link in links { TestSocket.dropPackets(to: link.client) }
      case .ignoreNew: isIgnoringNew = true
      case .dropNew: TestSocket.dropPackets(to: listener)
      default: break
      }
    }
  }

  func release() {
    state.withLock {
      isStalled = false
      isIgnoringNew = false
      for link in links { link.holdsAnswers = false }
      state.broadcast()
    }
  }
}

/// One client with its connection to the server.
private final class Link: @unchecked Sendable {
  let client: Int32
  private let server: Int32
  var holdsAnswers = false
  private(set) var isCut = false

  init(_ client: Int32, _ server: Int32) {
    self.client = client
    self.server = server
  }

  deinit { for each in [client, server] where each >= 0 { close(each) } }

  func cut() {
    isCut = true
    for each in [client, server] where each >= 0 { shutdown(each, Int32(SHUT_RDWR)) }
  }

  func reset() {
    // Disconnecting a socket sends a RST, whoever else still holds it.
    var nowhere = sockaddr()
    nowhere.sa_family = sa_family_t(AF_UNSPEC)
    connect(client, &nowhere, socklen_t(MemoryLayout<sockaddr>.size))
    cut()
  }
}
