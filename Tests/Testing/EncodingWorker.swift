package import Engine
import Foundation
import Testing

/// Hands every run of a task over as bytes, as another process would get it, and what becomes of it back the same way.
package struct EncodingWorker: TaskWorker {
  private let worker: any TaskWorker
  private let types = Locked<Set<String>>([])

  package init(_ worker: any TaskWorker) { self.worker = worker }

  /// The types of tasks that have been handed over.
  package var seen: Set<String> { types.withLock { $0 } }

  package func run(_ message: TaskMessage, _ line: TaskLine) async -> TaskResult {
    do {
      let copy = try sent(message)
      #expect(copy == message)
      types.withLock { _ = $0.insert(message.type) }
      return try sent(await worker.run(copy, line))
    } catch {
      Issue.record("\(message.type) cannot be handed over: \(error)")
      return await worker.run(message, line)
    }
  }

  private func sent<T: Codable>(_ value: T) throws -> T {
    try JSONDecoder().decode(T.self, from: JSONEncoder().encode(value))
  }
}
