internal import Expression
internal import Records

/// Those of Kestra's own triggers that a flow may hold.
let coreTriggers: [any FerryTrigger.Type] = [
  Schedule.self, ScheduleOnDates.self, FlowTrigger.self, Webhook.self,
]

struct Schedule: ScheduledTrigger {
  static let info = TaskInfo(
    "core.trigger.Schedule", "Starts a flow by the clock.",
    example: """
      id: nightly
      type: io.kestra.plugin.core.trigger.Schedule
      cron: "0 2 * * 1-5"
      timezone: Europe/Paris
      """)
  @Property(
    """
    Minute, hour, day of the month, month and day of the week, each a number, `*`, a range, a step (`*/5`) or a list \
    of them; or `@hourly`, `@daily`, `@midnight`, `@weekly`, `@monthly`, `@yearly`, `@annually`.
    """) var cron: String
  @Property("An IANA name: whose clock it is.", .aliases("timeZone")) var timezone = "UTC"
  @Property("Whether seconds stand before the minute.") var withSeconds = false
  @Property("The longest that it may come late.") var lateMaximumDelay: Duration?
  @Property("Which times are made up for that went by unseen: ALL, LAST or NONE.") var recoverMissedSchedules: String?
  @Property("Times before now that it comes for.") var backfill: ValueMap?
  @Property("What must be true of its time.", .deprecated("conditions")) var scheduleConditions: [Value]?

  func next(after time: Instant) throws -> Instant? {
    guard let zone = ZoneRules(timezone) else { throw Schedule.unknown(timezone) }
    return try Cron(cron, withSeconds: withSeconds).next(after: time, in: zone)
  }

  static func unknown(_ zone: String) -> PropertyMismatch {
    PropertyMismatch("expected an IANA name such as Europe/Paris, or +02:00, found '\(zone)'")
  }

  static func problems(of literals: ValueMap) -> [(property: String, message: String)] {
    var problems: [(property: String, message: String)] = []
    if let text = literals["cron"]?.string {
      do { _ = try Cron(text, withSeconds: literals["withSeconds"]?.bool ?? false) } catch {
        problems.append(("cron", (error as? PropertyMismatch)?.message ?? "\(error)"))
      }
    }
    if let zone = literals["timezone"]?.string, ZoneRules(zone) == nil {
      problems.append(("timezone", unknown(zone).message))
    }
    return problems
  }
}

struct ScheduleOnDates: FerryTrigger {
  static let info = TaskInfo(
    "core.trigger.ScheduleOnDates", "Starts a flow at certain times.",
    example: """
      id: quarters
      type: io.kestra.plugin.core.trigger.ScheduleOnDates
      dates: ["2026-01-01T00:00:00Z", "2026-04-01T00:00:00Z"]
      """)
  @Property("When: dates with their time and zone.") var dates: [String]
  @Property("An IANA name: whose clock it is where a date says no zone.", .aliases("timeZone")) var timezone = "UTC"
  @Property("Which times are made up for that went by unseen: ALL, LAST or NONE.") var recoverMissedSchedules: String?

  static func problems(of literals: ValueMap) -> [(property: String, message: String)] {
    guard let zone = literals["timezone"]?.string, ZoneRules(zone) == nil else { return [] }
    return [("timezone", Schedule.unknown(zone).message)]
  }
}

struct FlowTrigger: FerryTrigger {
  static let info = TaskInfo(
    "core.trigger.Flow", "Starts a flow when executions of others end.",
    example: """
      id: after_orders
      type: io.kestra.plugin.core.trigger.Flow
      preconditions:
        id: orders
        flows: [{namespace: shop, flowId: orders, states: [SUCCESS]}]
      """)
  @Property("Which executions have to have ended, within what time.") var preconditions: Value?
  @Property("States in which they end.") var states: [String]?
}

struct Webhook: FerryTrigger {
  static let info = TaskInfo(
    "core.trigger.Webhook", "Starts a flow by a request over HTTP.",
    example: """
      id: order
      type: io.kestra.plugin.core.trigger.Webhook
      key: "{{ secret('WEBHOOK_KEY') }}"
      """)
  @Property("What the request has to know: a part of its URL.", .secret) var key: String
  @Property("Whether the request waits for the end of the execution.") var wait = false
  @Property("Whether the outputs of the flow are the answer.") var returnOutputs = false
  @Property("The content type of the answer.") var responseContentType: String?
  @Property("The status of the answer.") var responseCode: Int?
}
