import Expression
import Synchronization
import Testing

/// What has no end, or none that anybody lives to see, ends when it is told to; what grows without end is an error.
struct LimitTests {
  struct Stopped: Error {}

  /// Lets an evaluation go on for a while.
  private func stopped(_ source: String, after limit: Duration = .milliseconds(150)) throws -> (any Error)? {
    let clock = ContinuousClock()
    let end = clock.now + limit
    let scope = Scope(variables: variables, host: FixedHost(), check: { if clock.now > end { throw Stopped() } })
    var error: (any Error)?
    let took = clock.measure {
      do { _ = try Template(source).render(in: scope) } catch let thrown { error = thrown }
    }
    #expect(took < .seconds(2), "\(source) took \(took)")
    return error
  }

  static let endless: [String] = [
    "{% for a in 1..10000 %}{% for b in 1..10000 %}{% for c in 1..1000 %}{% endfor %}{% endfor %}{% endfor %}",
    "{% for a in 1..1000000 %}{% for b in 1..1000000 %}{% set x = a %}{% endfor %}{% endfor %}",
    "{% set s = '' %}{% for a in 1..1000000 %}{% set s = s ~ '0123456789' %}{% endfor %}",
    "{{ ('%060d' | format(0)) matches '(0|00)+(?:1|x)' }}",
    "{{ ('%060d' | format(0)) | regexMatch('(0|00)+(?:1|x)') }}",
    "{% for a in 1..100 %}{{ ('%060d' | format(0)) | regexReplace('(0|00)+(?:1|x)', '') }}{% endfor %}",
    "{{ (1..1000000) - (1..1000000) }}",
    "{{ (1..1000000) contains (500000..1000000) }}",
    "{{ null | default({}) | jq('def f: f; f') }}", "{{ {} | jq('[range(1e12)] | length') }}",
    "{{ {} | jq('last(range(1e12))') }}", "{{ {} | jq('[limit(1e12; repeat(1))] | length') }}",
    "{{ {} | jq('until(false; .)') }}",
    "{% for a in 1..1000000 %}{% set x = render('{{ 1..1000 | length }}') %}{% endfor %}",
  ]

  @Test(arguments: endless) func `stops when it is told to`(source: String) throws {
    let error = try stopped(source)
    #expect(error is Stopped, "\(source): \(error.map { "\($0)" } ?? "it came to an end")")
  }

  static let growing: [(String, String)] = [
    ("{% set s = 'x' %}{% for a in 1..40 %}{% set s = s ~ s %}{% endfor %}", "the text is longer than 64 MiB"),
    ("{% set s = 'x' %}{% for a in 1..40 %}{% set s = s + s %}{% endfor %}", "the text is longer than 64 MiB"),
    ("{% set s = 'x' %}{% for a in 1..40 %}{% set s = \"#{s}#{s}\" %}{% endfor %}", "the text is longer than 64 MiB"),
    (
      "{% set s = 'x' %}{% for a in 1..40 %}{% set s = s | replace({s: s ~ 'x' ~ s}) %}{% endfor %}",
      "the text is longer than 64 MiB"
    ),
    (
      "{% set s = 'x' %}{% for a in 1..40 %}{% set s = s | regexReplace('x+', '$0$0') %}{% endfor %}",
      "the text is longer than 64 MiB"
    ),
    ("{% set s = 'x' %}{% for a in 1..40 %}{% set s = [s, s] | join %}{% endfor %}", "the text is longer than 64 MiB"),
    (
      "{% set s = 'x' %}{% for a in 1..40 %}{% set s = '%s%s' | format(s, s) %}{% endfor %}",
      "the text is longer than 64 MiB"
    ),
    ("{{ (1..1000000 | join('\n')) | indent(1000) }}", "the text is longer than 64 MiB"),
    ("{% for a in 1..1000000 %}{{ '%1000d' | format(a) }}{% endfor %}", "the text is longer than 64 MiB"),
    (
      "{% set l = [1] %}{% for a in 1..40 %}{% set l = l + l %}{% endfor %}",
      "the list has more than 10000000 elements"
    ),
    ("{% set l = [1] %}{% for a in 1..40 %}{% set l = l | merge(l) %}{% endfor %}", "10000000"),
    (
      "{% set l = [1] %}{% for a in 1..100 %}{% set l = [l, l] %}{% endfor %}{{ l }}",
      "the value holds more than 10000000 values"
    ),
    (
      "{% set l = {} %}{% for a in 1..100 %}{% set l = {'a': l, 'b': l} %}{% endfor %}{{ l == l }}",
      "the value holds more than 10000000 values"
    ),
    (
      "{% set l = [] %}{% for a in 1..100000 %}{% set l = [l] %}{% endfor %}",
      "the value holds more than 500 lists and maps within each other"
    ),
    (
      "{% set l = [] %}{% for a in 1..100000 %}{% set l = a > 0 ? [l] : l %}{% endfor %}",
      "the value holds more than 500 lists and maps within each other"
    ),
    (
      "{% set l = [] %}{% for a in 1..100000 %}{% set l = [] | merge([l]) %}{% endfor %}",
      "the value holds more than 500 lists and maps within each other"
    ),
    (
      "{{ {} | jq('reduce range(1e6) as $i (null; [.])') }}",
      "the jq program gives more than 500 levels within each other"
    ),
    ("{{ {} | jq('reduce range(100) as $i (\"aa\"; . + .)') }}", "it takes more than 1 GiB of memory"),
  ]

  @Test(arguments: growing) func `does not grow without end`(source: String, message: String) throws {
    let error = try #require(failure(source))
    #expect(error.message.contains(message), "\(error.message)")
  }

  /// The bounds are no bother for what is large and honest.
  @Test func `what is large and honest is rendered`() throws {
    #expect(
      try render("{% set s = '' %}{% for a in 1..20000 %}{% set s = s ~ a ~ ';' %}{% endfor %}{{ s | length }}")
        == "108894")
    #expect(
      try render(
        "{% set l = [] %}{% for a in 1..3000 %}{% set l = l + [{'a': a, 'b': [a]}] %}{% endfor %}{{ l | length }}")
        == "3000")
    #expect(try render("{{ (1..1000000) | join(',') | length }}") == 6_888_895)
    #expect(try render("{% set n = 0 %}{% for a in 1..50000 %}{% set n = n + a %}{% endfor %}{{ n }}") == "1250025000")
  }
}
