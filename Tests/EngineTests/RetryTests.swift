import Expression
import Foundation
import Records
import Testing

@testable import Engine

/// When a failure is tried again, and how soon.
@Suite struct RetryTests {
  /// What a failure says, and how often it is tried of three times.
  @Test(arguments: [
    ("transient", "undone", false, 3), ("transient", "undone", true, 3), ("quota", "undone", false, 3),
    // Only what is undone, or harmless.
    ("transient", "unknown", false, 1), ("transient", "unknown", true, 3),
    ("transient", "partial", false, 1), ("quota", "partial", true, 3),
    // What does not pass by itself is not tried again, however harmless that were.
    ("data", "undone", true, 1), ("auth", "undone", true, 1), ("configuration", "unknown", true, 1),
  ]) func `what may be tried again`(category: String, outcome: String, isSafe: Bool, calls: Int) async throws {
    let bench = try Bench()
    let key = UUID().uuidString
    let run = try await bench.run(
      """
      tasks:
        - id: work
          type: test.Limited
          key: \(key)
          failures: 9
          category: \(category)
          outcome: \(outcome)
          isSafe: \(isSafe)
          retry: {type: constant, interval: PT0.001S, maxAttempts: 3}
      """)
    #expect(run.state == .failed && run.run("work")?.attempts == calls)
    #expect(run.run("work")?.outcome.rawValue == (isSafe ? "undone" : outcome))
  }

  /// What was recorded of work that cannot be asked for is stronger than what one failure says.
  @Test func `what may be there is not harmless`() async throws {
    let bench = try Bench()
    let key = UUID().uuidString
    let run = try await bench.run(
      """
      tasks:
        - id: work
          type: test.Limited
          key: \(key)
          failures: 9
          isSafe: true
          records: true
          retry: {type: constant, interval: PT0.001S, maxAttempts: 3}
      """)
    #expect(run.run("work")?.attempts == 1 && run.run("work")?.outcome == .unknown)
  }

  /// Who finds that something is left speaks of more than the one statement that could be done again.
  @Test func `what is left is not safe by what a lower layer knew`() {
    var failure = Failure(.transient, "deadlock", retryIsSafe: true)
    failure.outcome = .partial
    #expect(!failure.retryIsSafe)
    #expect(Failure(.transient, "put twice", retryIsSafe: true, outcome: .unknown).retryIsSafe)
  }

  @Test func `the next attempt comes no sooner than asked for`() async throws {
    let bench = try Bench()
    let key = UUID().uuidString
    let run = try await bench.run(
      """
      tasks:
        - id: work
          type: test.Limited
          key: \(key)
          failures: 1
          category: quota
          after: 300
          retry: {type: constant, interval: PT0.001S, maxAttempts: 3}
      """)
    #expect(run.state == .success)
    let times = Limited.calls.withLock { $0[key] ?? [] }
    #expect(times.count == 2 && times[0].duration(to: times[1]) >= .milliseconds(300))
    #expect(bench.recorder.logs.contains { $0.message.hasSuffix("Next attempt in PT0.3S") })
  }

  /// The table of waits: the policy's, the counterpart's, and the end of all attempts.
  @Test(
    arguments: [
      (100, nil, nil, 100), (100, 50, nil, 100), (100, 500, nil, 500), (0, 20, nil, 20),
      (100, 500, 1_000, 500), (100, 5_000, 1_000, nil), (2_000, nil, 1_000, nil),
    ] as [(Int, Int?, Int?, Int?)]) func `the longer wait counts`(
      interval: Int, after: Int?, most: Int?, expected: Int?
    )
  {
    var policy = RetryPolicy(delay: .constant(.milliseconds(interval)))
    policy.maxDuration = most.map { .milliseconds($0) }
    let wait = policy.wait(after: 1, since: .now(), atLeast: after.map { .milliseconds($0) })
    #expect(wait == expected.map { .milliseconds($0) })
    policy.maxAttempts = 1
    #expect(policy.wait(after: 1, since: .now(), atLeast: .zero) == nil)
  }

  /// A stop ends the wait.
  @Test func `a stop does not wait for the next attempt`() async throws {
    let bench = try Bench()
    let began = ContinuousClock.now
    let run = try await bench.runStopped(
      """
      tasks:
        - id: work
          type: test.Limited
          key: \(UUID().uuidString)
          failures: 9
          after: 60000
          retry: {type: constant, interval: PT0.001S, maxAttempts: 3}
      """)
    #expect(run.state == .killed && ContinuousClock.now - began < .seconds(10))
  }
}

/// Fails as a counterpart that wants to be left alone.
struct Limited: FerryTask {
  static let info = TaskInfo("test.Limited", "Wants to be left alone.")
  static let calls = Locked<[String: [ContinuousClock.Instant]]>([:])
  @Property("Key of the counter.") var key: String
  @Property("How often it fails.") var failures = 0
  @Property("How.") var category = "transient"
  @Property("What is left.") var outcome = "undone"
  @Property("Whether doing it again is harmless.") var isSafe = false
  @Property("For how long, milliseconds.") var after: Int?
  @Property("Whether it records that something may be there.") var records = false

  func run(_ context: TaskContext) throws -> ValueMap {
    Limited.calls.withLock { $0[key, default: []].append(.now) }
    if records { try context.record(TaskProgress(["n": 1], canResume: false)) }
    guard Limited.calls.withLock({ $0[key]?.count ?? 0 }) > failures else {
      throw Failure(
        .init(rawValue: category) ?? .bug, "leave me alone", retryIsSafe: isSafe,
        outcome: .init(rawValue: outcome) ?? .undone, retryAfter: after.map { .milliseconds($0) })
    }
    return [:]
  }
}
