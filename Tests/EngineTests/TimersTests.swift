import Foundation
import Records
import Testing

@testable import Engine

/// All that happens at a time happens on one thread.
@Suite struct TimersTests {
  private func threads() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count }

  @Test func whatIsEarlierComesFirst() async throws {
    let timers = Timers()
    let order = Locked<[Int]>([])
    let begin = ContinuousClock.now
    for number in [3, 1, 2, 0, 4] {
      _ = timers.schedule(at: begin + .milliseconds(40 * number + 20)) { order.withLock { $0.append(number) } }
    }
    while timers.count > 0 { try await Task.sleep(for: .milliseconds(5)) }
    #expect(order.withLock { $0 } == [0, 1, 2, 3, 4])
    #expect(ContinuousClock.now - begin >= .milliseconds(180))
  }

  /// One that comes later and is earlier does not wait for the one that the thread sleeps for.
  @Test func anEarlierOneWakesTheThread() async throws {
    let timers = Timers()
    let late = timers.schedule(at: .now + .seconds(60)) {}
    try await Task.sleep(for: .milliseconds(20))
    let done = Locked(false)
    _ = timers.schedule(at: .now + .milliseconds(20)) { done.withLock { $0 = true } }
    let begin = ContinuousClock.now
    while !done.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(5)) }
    #expect(ContinuousClock.now - begin < .milliseconds(500))
    timers.cancel(late)
    #expect(timers.count == 0)
  }

  @Test func whatIsTakenBackDoesNotHappen() async throws {
    let timers = Timers()
    let happened = Locked<Set<Int>>([])
    let alarms = (0..<2_000).map { number in
      timers.schedule(at: .now + .milliseconds(100)) { happened.withLock { _ = $0.insert(number) } }
    }
    for number in alarms.indices where number % 3 != 0 { timers.cancel(alarms[number]) }
    try await Task.sleep(for: .milliseconds(300))
    #expect(happened.withLock { $0 } == Set(stride(from: 0, to: 2_000, by: 3)))
  }

  @Test func thousandTimeOutsHaveOneThread() async throws {
    // The process's timers have their thread.
    TimeLimit(.milliseconds(1), inside: Cancellation()).end()
    let before = try threads()
    let limits = (0..<1_000).map { TimeLimit(.milliseconds(200 + $0 % 50), inside: Cancellation()) }
    #expect(try threads() <= before + 8)
    while limits.contains(where: { !$0.cancellation.isCancelled }) { try await Task.sleep(for: .milliseconds(5)) }
    #expect(limits.allSatisfy { $0.isOver })
    for limit in limits { limit.end() }
  }

  @Test func whatHasEndedIsNotStopped() async throws {
    let limit = TimeLimit(.milliseconds(50), inside: Cancellation())
    limit.end()
    try await Task.sleep(for: .milliseconds(150))
    #expect(!limit.cancellation.isCancelled)
  }

  @Test func aLimitThatIsOverStopsAtOnce() async throws {
    let limit = TimeLimit(.zero, inside: Cancellation())
    let begin = ContinuousClock.now
    while !limit.isOver { try await Task.sleep(for: .milliseconds(1)) }
    #expect(ContinuousClock.now - begin < .milliseconds(500))
    limit.end()
  }

  /// A limit inside of another one: which one it was is told.
  @Test func theOuterLimitIsToldFromTheInner() async throws {
    let outer = TimeLimit(.milliseconds(30), inside: Cancellation())
    let inner = TimeLimit(.seconds(60), inside: outer.cancellation)
    while !inner.cancellation.isCancelled { try await Task.sleep(for: .milliseconds(1)) }
    #expect(outer.isOver && !inner.isOver)
    #expect(inner.cancellation.reason == .outerTimeout(.milliseconds(30)))
    #expect(inner.cancellation.deadline == outer.cancellation.deadline)
    inner.end()
    outer.end()
  }

  @Test func aSleepEndsWithItsTimeOrACancellation() async throws {
    let cancellation = Cancellation()
    let begin = ContinuousClock.now
    await Timers.shared.sleep(.milliseconds(50), unless: cancellation)
    #expect(ContinuousClock.now - begin >= .milliseconds(50))
    _ = Timers.shared.schedule(at: .now + .milliseconds(20)) { cancellation.cancel(.signal(2)) }
    let again = ContinuousClock.now
    await Timers.shared.sleep(.seconds(60), unless: cancellation)
    // It is over already.
    await Timers.shared.sleep(.seconds(60), unless: cancellation)
    #expect(ContinuousClock.now - again < .seconds(5))
  }
}
