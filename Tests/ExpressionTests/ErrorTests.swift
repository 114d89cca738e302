import Expression
import Testing

struct ErrorTests {
  /// Source, message, offset, hint.
  static let table: [(String, String, Int, String?)] = [
    ("a {{ nam }}", "undefined variable 'nam'", 5, "Did you mean 'name'?"),
    ("{{ outputs.qurey.uri }}", "undefined variable 'outputs.qurey'", 11, "Did you mean 'outputs.query'?"),
    (
      "{{ outputs.my-task.value }}", "undefined variable 'outputs.my'", 11,
      "Write outputs['my-task'] for a name with a dash"
    ),
    ("{{ outputs.query.zzzzzz }}", "undefined variable 'outputs.query.zzzzzz'", 17, "Known here: size, uri"),
    ("{{ count.x }}", "undefined property 'x': 'count' is an integer", 9, nil),
    ("{{ list[3] }}", "index 3 is outside the list of 1 elements", 7, nil),
    ("{{ name | uper }}", "unknown filter 'uper'", 10, "Did you mean 'upper'?"),
    ("{{ nwo() }}", "unknown function 'nwo'", 3, "Did you mean 'now'?"),
    ("{{ upper(name) }}", "unknown function 'upper'", 3, "Write value | upper"),
    (
      "{{ encrypt('a') }}", "the function 'encrypt' exists in Kestra but not in Ferry", 3,
      "Pass a secret with secret('NAME')"
    ),
    ("{{ name is emty }}", "unknown test 'emty'", 11, "Did you mean 'empty'?"),
    ("{{ name | date(fromat='x') }}", "'date' has no argument 'fromat'", 15, "Did you mean 'format'?"),
    ("{{ name | chunk }}", "'chunk' needs the argument 'size'", 10, "Its form is chunk(size)"),
    ("{{ name | lower(1) }}", "'lower' takes at most 0 arguments", 16, "Its form is lower"),
    (
      "{{ name.length() }}", "'length' is called like a method; values have properties only", 8,
      "Use the filter: {{ value | length }}"
    ),
    (
      "ab {{ name", "'{{' is not closed", 3,
      "Add '}}', or write {% raw %}…{% endraw %} around text that is no expression"
    ),
    ("{% if 1 %}x", "'{% if %}' is not closed", 0, "Add '{% endif %}'"),
    (
      "{% for x in y %}{% endif %}", "'{% endif %}' does not fit the open '{% for %}'", 19,
      "Expected '{% else %}', '{% endfor %}'"
    ),
    ("{% fro x in y %}", "unknown tag 'fro'", 3, "Did you mean 'for'?"),
    ("{# x", "this comment is not closed", 0, "Add '#}'"),
    ("{% raw %}x", "'{% raw %}' is not closed", 0, "Add '{% endraw %}'"),
    ("{{ 'a }}", "this string is not closed", 3, nil),
    ("{{ 1 + }}", "expected a value, found the end of the tag", 7, nil),
    ("{{ }}", "expected a value, found the end of the tag", 3, nil),
    ("{{ a && b }}", "expected an operator or the end of the tag, found '&&'", 5, "Write 'and'"),
    ("{{ !a }}", "expected a value, found '!'", 3, "Write 'not'"), ("{{ a ; }}", "unexpected character ';'", 5, nil),
    ("{{ 1 / 0 }}", "'/': division by zero", 5, nil),
    ("{{ 1 - 'a' }}", "'-': expected two numbers, found an integer and a string", 5, nil),
    ("{{ 1 < 'a' }}", "'<': cannot compare an integer with a string", 5, nil),
    (
      "{{ 'x' | date }}", "filter 'date': the text is not a date: expected a year of 4 digits at character 1", 9,
      "Dates are ISO 8601, or as the argument 'existingFormat' says"
    ),
    (
      "{{ '2023-02-29' | timestamp }}",
      "filter 'timestamp': the text is not a date: expected a day that this month has, before here, at character 11",
      18,
      "Dates are ISO 8601, or as the argument 'existingFormat' says"
    ),
    (
      "{{ now(timeZone='Mars/Base') }}", "function 'now': unknown time zone 'Mars/Base'", 3,
      "Write an IANA name such as Europe/Paris, or an offset such as +02:00"
    ),
    ("{{ 1..9999999 }}", "'..': the range has more than 1000000 elements", 4, nil),
    ("{{ json('{\"a\":}') }}", "function 'json': invalid JSON at byte 5: expected a value", 3, nil),
    ("{{ kv('no') }}", "function 'kv': no key 'no' in the store", 3, nil),
    ("é{{ nam ?? }}", "expected a value, found the end of the tag", 12, nil),
  ]

  @Test(arguments: table) func `says what and where`(source: String, message: String, offset: Int, hint: String?) throws
  {
    let error = try #require(failure(source))
    #expect(error.message == message)
    #expect(error.offset == offset)
    #expect(error.hint == hint)
  }

  static let hostile: [String] = [
    "{{ " + String(repeating: "(", count: 100_000) + " }}", "{{ " + String(repeating: "[", count: 100_000) + " }}",
    "{{ " + String(repeating: "-", count: 100_000) + "1 }}", "{{ " + String(repeating: "not ", count: 100_000) + "1 }}",
    "{{ 1" + String(repeating: " + 1", count: 100_000) + " }}",
    "{{ a" + String(repeating: ".a", count: 100_000) + " }}",
    "{{ 1" + String(repeating: " | upper", count: 100_000) + " }}",
    "{{ 1" + String(repeating: " ? 1 : 1", count: 100_000) + " }}",
    String(repeating: "{% if 1 %}", count: 100_000), "{{ x" + String(repeating: "[x", count: 1000) + " }}",
    "{{ rows | jq('" + String(repeating: "(", count: 900) + "') }}",
    "{{ json('" + String(repeating: "[", count: 100_000) + "') }}",
    "{{ 'a' | indent(99999999999) }}", "{{ render(\"{{ render('{{ 1 + }}') }}\") }}",
    "{{ 9223372036854775807..1 }}{{ x }}",
    "{{ '2024-01-01' | dateAdd(9223372036854775807, 'YEARS') }}", "{{ (-9223372036854775807 - 1) | date }}",
    "{{ range(0, -9223372036854775807 - 1, -1) }}",
    "{{ '(' | regexMatch('(') }}", "{{ 1 | date('b') }}", "{{ 'a' | date(\"'\") }}", "{{ '%q' | format(1) }}",
  ]

  /// By index, so that a report does not quote 100,000 brackets.
  @Test(arguments: hostile.indices) func `hostile input is an error, not a crash`(index: Int) {
    #expect(failure(Self.hostile[index]) != nil)
  }

  @Test func `every prefix of a template parses or errs`() {
    let source =
      "a{% for x in [1, {'a': \"#{b}\\u0041\"}] %}{{- x.y['z'] | date('a', timeZone=\"b\") ?? 1..2 -}}"
      + "{% endfor %}{# c #}"
    for end in source.indices { _ = try? Template(String(source[..<end])).references }
    #expect((try? Template(source)) != nil)
  }
}
