internal import Foundation
internal import Glibc

/// A server that says what it was told to say, whatever it hears: for what no honest server does. Each connection goes
/// through the same script. It is gone with its owner.
package final class ScriptedServer: Sendable {
  package enum Step: Sendable {
    case send([UInt8])
    /// Waits for the client's next bytes.
    case receive
  }

  package let port: UInt16
  private let listener: Int32
  private let heard = Locked<[UInt8]>([])

  package init(_ script: [Step]) throws {
    let listener = try TestSocket.listening()
    self.listener = listener
    port = try TestSocket.port(of: listener)
    let heard = heard
    Thread.detachNewThread {
      while true {
        let client = accept(listener, nil, nil)
        if client < 0 { break }
        Thread.detachNewThread { ScriptedServer.serve(client, script, heard) }
      }
      close(listener)
    }
  }

  deinit { shutdown(listener, Int32(SHUT_RDWR)) }

  /// All that clients have sent so far.
  package var received: [UInt8] { heard.value }

  private static func serve(_ client: Int32, _ script: [Step], _ heard: Locked<[UInt8]>) {
    defer { close(client) }
    for step in script {
      switch step {
      case .send(let bytes): if send(client, bytes, bytes.count, Int32(MSG_NOSIGNAL)) < 0 { return }
      case .receive: if !receive(client, heard) { return }
      }
    }
    while receive(client, heard) {}
  }

  private static func receive(_ client: Int32, _ heard: Locked<[UInt8]>) -> Bool {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = read(client, &buffer, buffer.count)
    if count > 0 { heard.append(buffer[..<count]) }
    return count > 0
  }

  private final class Locked<Value: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private var kept: Value
    init(_ value: Value) { kept = value }
    var value: Value { lock.withLock { kept } }
    func append(_ bytes: ArraySlice<UInt8>) where Value == [UInt8] { lock.withLock { kept += bytes } }
  }
}
