internal import Engine
internal import Records
import SQL
internal import Testing

/// What is the same for all servers, and only called otherwise.
extension StalledConnections {
  /// A task that is stopped ends on every road.
  package func checkStops(_ table: String, answered: Bool) throws {
    for outcome in try stopEach(table, answered: answered) {
      let time = try #require(outcome.time, "\(outcome.road) goes on")
      #expect(time < .seconds(3), "\(outcome.road)")
      #expect(outcome.stopping < .milliseconds(500), "\(outcome.road)")
      // A rollback that finds the connection gone has nothing left to do.
      let isDone = outcome.road == "rolling back" && outcome.failure == nil
      #expect(isDone || outcome.failure?.category == .cancelled, "\(outcome.road): \(outcome.failure as Any)")
    }
  }

  package func checkConnectingStops() throws {
    for outcome in try stopConnecting() {
      let time = try #require(outcome.time, "\(outcome.road) goes on")
      #expect(time < .milliseconds(800), "\(outcome.road)")
      #expect(outcome.failure?.category == .cancelled, "\(outcome.road): \(outcome.failure as Any)")
    }
  }

  /// - Parameters:
  ///   - parameter: of the URL, which limits connecting to so long.
  ///   - said: how messages write it.
  package func checkConnectingHasALimit(
    _ parameter: String, _ limit: Duration, said: String, _ action: FaultyProxy.Action
  ) throws {
    let outcome = try connecting(parameter, action)
    let time = try #require(outcome.time)
    let failure = try #require(outcome.failure)
    #expect(time < limit + .milliseconds(800))
    #expect(failure.category == .transient && failure.retryIsSafe)
    #expect(failure.message.contains("no answer from '127.0.0.1:"), "\(failure)")
    #expect(failure.message.hasSuffix("within \(said)"), "\(failure)")
    #expect(!failure.message.contains("lost"))
    #expect(failure.hint?.contains("connectTimeout") == true)
  }

  /// - Parameter parameter: of the URL, which limits a server's silence to a second.
  package func checkSilence(_ parameter: String) throws {
    let slow = slowQuery
    let outcome = try failure(parameter) { connection, _ in _ = try connection.execute(slow) }
    let failure = try #require(outcome.failure)
    #expect(try #require(outcome.time) < .seconds(4))
    #expect(failure.category == .transient)
    #expect(failure.message.contains("has been silent for 1 s"), "\(failure)")
    #expect(failure.hint?.contains("socketTimeout") == true)
  }

  /// A machine without power: nothing is acknowledged any more.
  /// - Parameters:
  ///   - keepAlive: parameters of the URL: one probe after a second, another one after one more.
  ///   - sending: whether something is on its way, or the client only waits.
  ///   - codes: what the failure's code may be: it is the system or Ferry that notices first.
  package func checkDeadPeer(_ keepAlive: String, sending: Bool, codes: Set<String>) throws {
    let slow = slowQuery
    let outcome = try failure(keepAlive) { connection, proxy in
      if sending {
        // What came last has been acknowledged then, and the dead do not ask for that again.
        TestThread.pause(.milliseconds(300))
        proxy.act(.vanish)
      } else {
        TestThread.after(.milliseconds(300)) { proxy.act(.vanish) }
      }
      _ = try connection.execute(slow)
    }
    let time = try #require(outcome.time, "it was never noticed")
    let failure = try #require(outcome.failure)
    #expect(time < .seconds(5))
    #expect(failure.category == .transient && codes.contains(failure.code ?? ""), "\(failure)")
  }

  /// A server that takes no more for a while, as in a load that waits for a lock, acknowledges all the same.
  package func checkBusyPeer(_ keepAlive: String) throws {
    let outcome = try failure(keepAlive) { connection, proxy in
      TestThread.after(.milliseconds(3_500)) { proxy.release() }
      proxy.act(.stall)
      _ = try connection.execute("SELECT 1 /* \(String(repeating: "x", count: 8 << 20)) */")
    }
    #expect(outcome.failure == nil, "\(outcome.failure as Any)")
    #expect(try #require(outcome.time) > .seconds(3))
  }
}
