import Expression
import Foundation
import Records
import Testing

@testable import Engine

/// Triggers are checked as tasks are; schedules know their next time.
@Suite struct TriggerTests {
  private func check(_ trigger: String) -> [String] {
    let yaml = "tasks: [{id: a, type: core.debug.Return}]\ntriggers:\n  - \(trigger)\n"
    return FlowParser.parse(yaml, file: "f", registry: Registry([])).diagnostics.filter { $0.severity == .error }
      .map(\.line)
  }

  @Test(
    arguments: [
      ("{id: t, type: io.kestra.plugin.core.trigger.Schedule, cron: '0 2 * * 1-5', timezone: Europe/Paris}", nil),
      ("{id: t, type: io.kestra.core.models.triggers.types.Schedule, cron: '@daily'}", nil),
      ("{id: t, type: core.trigger.Schedule, cron: '*/10 0 2 * * *', withSeconds: true, inputs: {a: 1}}", nil),
      ("{id: t, type: core.trigger.Schedule, cron: '{{ vars.x }}', when: '{{ 1 }}', stopAfter: [FAILED]}", nil),
      ("{id: t, type: io.kestra.plugin.core.trigger.Webhook, key: abc}", nil),
      ("{id: t, type: io.kestra.plugin.core.trigger.Flow, preconditions: {id: p}}", nil),
      ("{id: t, type: core.trigger.ScheduleOnDates, dates: ['2026-01-01T00:00:00Z']}", nil),
      (
        "{id: t, type: core.trigger.Schedule}",
        "f:3:5: error: missing property 'cron' in core.trigger.Schedule: Minute, hour, day of the month"
      ),
      (
        "{id: t, type: core.trigger.Schedule, cron: '@daily', timezon: UTC}",
        "f:3:58: error: unknown property 'timezon' in core.trigger.Schedule. Did you mean 'timezone'?"
      ),
      (
        "{id: t, type: core.trigger.Schedule, cron: '@dayly'}",
        "f:3:48: error: cron: '@dayly' is no schedule. Did you mean '@daily'?"
      ),
      (
        "{id: t, type: core.trigger.Schedule, cron: '0 2 * *'}",
        "f:3:48: error: cron: expected five fields, found 4"
      ),
      (
        "{id: t, type: core.trigger.Schedule, cron: '0 24 * * *'}",
        "f:3:48: error: cron: '24' is no hour: expected 0 to 23, '*', a range"
      ),
      (
        "{id: t, type: core.trigger.Schedule, cron: '@daily', timezone: Europe/Pari}",
        "f:3:68: error: timezone: expected an IANA name such as Europe/Paris, or +02:00, found 'Europe/Pari'"
      ),
      (
        "{id: t, type: core.trigger.Schedule, cron: '@daily', withSeconds: yess}",
        "f:3:71: error: withSeconds: expected boolean, found \"yess\""
      ),
      (
        "{id: t, type: core.trigger.Webhok, key: a}",
        "f:3:19: error: unknown type 'core.trigger.Webhok' of a trigger. Did you mean 'core.trigger.Webhook'?"
      ),
      (
        "{id: t, type: core.debug.Return}", "f:3:19: error: unknown type 'core.debug.Return' of a trigger: it is a task"
      ),
      ("{type: core.trigger.Webhook, key: a}", "f:3:5: error: missing property 'id' of a trigger"),
      ("{id: t, type: core.trigger.Webhook, key: '{{ 1 + }}'}", "f:3:"),
    ] as [(String, String?)]) func `a trigger is checked`(trigger: String, expected: String?)
  {
    let found = check(trigger)
    #expect(found.count == (expected == nil ? 0 : 1), "\(found)")
    if let expected { #expect(found.first?.hasPrefix(expected) == true, "\(found)") }
  }

  private func instant(_ text: String) throws -> Instant {
    let date = try #require(ISO8601DateFormatter().date(from: text))
    return Instant(microseconds: Int64(date.timeIntervalSince1970) * 1_000_000)
  }

  @Test(arguments: [
    ("* * * * *", "UTC", "2026-11-21T10:00:00Z", "2026-11-21T10:01:00Z"),
    ("0 2 * * *", "UTC", "2026-11-21T02:00:00Z", "2026-11-22T02:00:00Z"),
    ("0 2 * * *", "Europe/Paris", "2026-11-21T00:59:00Z", "2026-11-21T01:00:00Z"),
    ("30 9 * * MON-FRI", "UTC", "2026-11-20T09:30:00Z", "2026-11-23T09:30:00Z"),
    ("0 0 1,15 * *", "UTC", "2026-11-15T00:00:00Z", "2026-12-01T00:00:00Z"),
    ("0 0 29 2 *", "UTC", "2026-11-21T00:00:00Z", "2028-02-29T00:00:00Z"),
    // Either the day or the weekday.
    ("0 0 13 * 5", "UTC", "2026-11-21T00:00:00Z", "2026-11-27T00:00:00Z"),
    ("0 0 13 * 7", "UTC", "2026-11-21T12:00:00Z", "2026-11-22T00:00:00Z"),
    ("*/20 8-9 * JAN ?", "UTC", "2026-01-31T09:30:00Z", "2026-01-31T09:40:00Z"),
    ("5/20 * * * *", "UTC", "2026-11-21T10:26:00Z", "2026-11-21T10:45:00Z"),
    ("@yearly", "UTC", "2026-11-21T10:00:00Z", "2027-01-01T00:00:00Z"),
    // Clocks go forward over 02:30 on 2026-03-29, and show 02:30 twice on 2026-10-25.
    ("30 2 * * *", "Europe/Berlin", "2026-03-28T01:30:00Z", "2026-03-30T00:30:00Z"),
    ("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"),
    ("30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"),
  ]) func `a schedule knows its next time`(cron: String, zone: String, time: String, next: String) throws {
    let schedule = try Schedule.decode(from: ["cron": .string(cron), "timezone": .string(zone)])
    #expect(try schedule.next(after: instant(time)) == instant(next))
  }

  @Test func `some times never come`() throws {
    #expect(try Cron("0 0 31 2 *").next(after: .now(), in: try #require(ZoneRules("UTC"))) == nil)
    for text in ["", "x * * * *", "1-0 * * * *", "*/0 * * * *", "1,, * * * *", "* * 0 * *", "* * * 13 *", "* * * * 8"] {
      #expect(throws: PropertyMismatch.self, "\(text)") { try Cron(text) }
    }
  }
}
