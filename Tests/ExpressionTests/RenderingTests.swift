import Expression
import Testing

struct RenderingTests {
  static let table: [(String, Value)] = [
    // Types of a single expression, texts of others.
    ("plain", "plain"), ("{{ list }}", ["a"]), ("{{ count }}", 4), ("{{ null }}", .null), ("{{ count }}\n", 4),
    ("{{ name }}\n", "ferry\n"), ("{{ count }}{{ count }}", "44"), ("a{{ null }}b", "ab"), ("{{ list }}!", "[\"a\"]!"),
    ("{{ {'a': {'b': 1}} }}", ["a": ["b": 1]]), ("{{ '}}' }}", "}}"), ("{ {", "{ {"),
    // White space, comments, raw text.
    ("a {{- 1 -}} b", "a1b"), ("a {#- x {{ -#} b", "ab"), ("{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
    ("a {%- verbatim -%} {% if %} {%- endverbatim -%} b", "a{% if %}b"), ("{# {{ #}x", "x"),
    // Strings.
    ("{{ 'it\\'s' }}", "it's"), (#"{{ "a\tb\u00e9\\" }}"#, "a\tbé\\"), (#"{{ '\d' }}"#, "\\d"),
    ("{{ 'é' ~ 'ü' }}", "éü"),
    ("{{ \"#{name} #{1 + 1}\" }}", "ferry 2"), ("{{ '#{name}' }}", "#{name}"),
    // Paths.
    ("{{ outputs.query.uri }}", "ferry:///q"), ("{{ outputs['my-task']['value'] }}", 1), ("{{ list[0] }}", "a"),
    ("{{ list.0 }}", "a"), ("{{ rows[1].name }}", "two"), ("{{ rows.1.name }}", "two"),
    ("{{ map[name ~ ''] ?? 'no' }}", "no"),
    // Precedence.
    ("{{ 1 + 2 * 3 }}", 7), ("{{ (1 + 2) * 3 }}", 9), ("{{ 10 - 3 - 2 }}", 5), ("{{ -2 * -3 }}", 6),
    ("{{ 'a' ~ 'b' | upper }}", "AB"), ("{{ 1 + nothing ?? 2 }}", 3), ("{{ not true and false }}", false),
    ("{{ not (true and false) }}", true), ("{{ not 1 == 2 }}", true), ("{{ true or false and false }}", true),
    ("{{ 1 == 2 ? 'a' : 1 == 1 ? 'b' : 'c' }}", "b"), ("{{ nothing.at.all ?? name | upper }}", "FERRY"),
    ("{{ inputs.none ?? 'x' }}", "x"), ("{{ inputs.none ??? 'x' }}", .null), ("{{ nothing ??? 'x' }}", "x"),
    ("{{ (nothing | upper) ?? 'x' }}", "x"), ("{{ false ?? true }}", false),
    // Numbers.
    ("{{ 9223372036854775807 + 1 }}", .decimal("9223372036854775808")), ("{{ 0.5 + 1 }}", 1.5), ("{{ 1e3 }}", 1000.0),
    ("{{ 9223372036854775808 - 1 }}", .int(.max)), ("{{ big + 0.25 }}", .decimal("12345678901234567890.75")),
    ("{{ big * 2 }}", .decimal("24691357802469135781")), ("{{ -7 / 2 }}", -3), ("{{ 7.0 / 2 }}", 3.5),
    ("{{ -7 % 4 }}", -3),
    ("{{ big > 1 and big == big }}", true), ("{{ 0.1 + 0.2 }}", .double(0.1 + 0.2)),
    ("{{ 0.1000000000000000055 }}", .decimal("0.1000000000000000055")), ("{{ 10L }}", 10),
    // Other operators.
    ("{{ 'a' + 1 }}", "a1"), ("{{ [1] + 2 + [3] }}", [1, 2, 3]), ("{{ 'a'..'c' }}", ["a", "b", "c"]),
    ("{{ 3..1 }}", []),
    ("{{ 1 in [1, 2] and 3 not in [1] and 'x' in map }}", true), ("{{ [1, 2, 3] contains [1, 3] }}", true),
    ("{{ 1 is odd and 2 is even and 1 is not null }}", true), ("{{ name equals 'ferry' }}", true),
    ("{{ {'a': 1, 'b': 2} == {'b': 2.0, 'a': 1} }}", true), ("{{ 'abc' matches 'b' }}", false),
    ("{{ '1' == 1 }}", false),
    ("{{ inputs.date is defined and inputs.dat is not defined }}", true), ("{{ '{' is json }}", false),
    ("{{ map is iterable and name is not iterable and list is not map }}", true),
    // Texts are the same when their bytes are.
    ("{{ 'é' == 'e\u{301}' }}", false), ("{{ 'é' != 'e\u{301}' and 'K' != '\u{212A}' }}", true),
    ("{{ 'é' in ['e\u{301}'] }}", false), ("{{ 'e\u{301}' contains 'e' }}", true),
    ("{{ {'é': 1, 'e\u{301}': 2}['e\u{301}'] }}", 2), ("{{ {'é': 1, 'e\u{301}': 2} | length }}", 2),
    ("{{ ['é', 'e\u{301}', 'é'] | distinct | length }}", 2), ("{{ 'é' < 'e\u{301}' }}", false),
    ("{% set é = 1 %}{{ e\u{301} ?? 'none' }}", "none"), ("{{ {'é': 1} == {'e\u{301}': 1} }}", false),
    // Tags.
    ("{% if count > 5 %}a{% elseif count > 3 %}b{% else %}c{% endif %}", "b"),
    ("{% if [] %}a{% else %}c{% endif %}", "c"),
    ("{% for r in rows %}{{ loop.index }}{{ r.name }}{% if not loop.last %},{% endif %}{% endfor %}", "0one,1two"),
    ("{% for x in [] %}x{% else %}none{% endfor %}", "none"),
    ("{% for e in map %}{{ e.key }}={{ e.value }};{% endfor %}", "a-b=1;x=2;"),
    ("{% for i in 1..3 %}{{ loop.first }}{{ loop.length }}{{ loop.revindex }} {% endfor %}", "true32 false31 false30 "),
    (
      "{% set n = 0 %}{% for i in 1..4 %}{% set n = n + i %}{% set own = i %}{% endfor %}{{ n }}{{ own ?? '-' }}", "10-"
    ),
    ("{% for a in 1..2 %}{% for b in 1..2 %}{{ a }}{{ b }} {% endfor %}{% endfor %}", "11 12 21 22 "),
    // Dates.
    ("{{ now() }}", "2024-02-29T23:30:00.123456Z"),
    ("{{ now(timeZone='America/New_York') }}", "2024-02-29T18:30:00.123456-05:00"),
    ("{{ '2024-03-31T02:30:00' | date('iso_sec', timeZone='Europe/Paris') }}", "2024-03-31T03:30:00+02:00"),
    ("{{ '2024-10-27T02:30:00' | date('iso_sec', 'Europe/Paris') }}", "2024-10-27T02:30:00+02:00"),
    ("{{ '2060-07-01T00:00:00Z' | date(\"HH:mm z VV\", 'Europe/Paris') }}", "02:00 CEST Europe/Paris"),
    ("{{ '2060-01-01T00:00:00Z' | date('HH xxx', 'Australia/Sydney') }}", "11 +11:00"),
    ("{{ '29/02/2024 01:05 PM' | date('yyyy-MM-dd HH:mm', existingFormat='dd/MM/yyyy hh:mm a') }}", "2024-02-29 13:05"),
    (
      "{{ 1709249400 | date(\"EEEE d MMMM yyyy, h:mm a; D 'day' Q YYYY-'W'ww-e\") }}",
      "Thursday 29 February 2024, 11:30 PM; 60 day 1 2024-W09-4"
    ),
    ("{{ '0001-01-01' | date('yyyy-MM-dd E') }}", "0001-01-01 Mon"),
    ("{{ '1969-12-31T23:59:59.5Z' | timestampMilli }}", -500),
    ("{{ '2024-03-30T12:00:00' | dateAdd(1, 'DAYS', 'iso_sec', 'Europe/Paris') }}", "2024-03-31T12:00:00+02:00"),
    ("{{ '2024-03-30T12:00:00' | dateAdd(24, 'HOURS', 'iso_sec', 'Europe/Paris') }}", "2024-03-31T13:00:00+02:00"),
    ("{{ '2024-02-29' | dateAdd(-1, 'YEARS', 'yyyy-MM-dd') }}", "2023-02-28"),
    ("{{ '2024-01-01' | dateAdd(-1, 'NANOS', \"ss.SSSSSSSSS\") }}", "59.999999999"),
    // Corners of filters.
    ("{{ null | upper }}", .null), ("{{ null | length }}", 0), ("{{ inputs.empty | default('d') }}", "d"),
    ("{{ 'x' | substringBefore('-') ~ '|' ~ ('x' | substringAfter('-')) }}", "x|"),
    ("{{ 'a,b,,' | split(',') }}", ["a", "b"]),
    ("{{ 'a1b2c' | split('\\d', 2) }}", ["a", "b2c"]), ("{{ 'abc' | split('') }}", ["a", "b", "c"]),
    ("{{ 2.5 | numberFormat('0') ~ ' ' ~ (-1234.5 | numberFormat('#,##0.###')) }}", "2 -1,234.5"),
    ("{{ 'abc' | slice(1) }}", "bc"), ("{{ ['b', 'a'] | sort | join }}", "ab"),
    ("{{ 'x' | regexExtract('y') }}", .null),
    ("{{ '123456789012345678901' | number }}", .decimal("123456789012345678901")),
    ("{{ '7' | number('DOUBLE') }}", 7.0),
    ("{{ 'AÖ' | slugify }}", "ao"), ("{{ 'Ärger  & Søn' | slugify }}", "arger-son"),
    ("{{ 'é' | urlencode | urldecode }}", "é"),
    ("{{ 'a' | base64encode }}", "YQ=="), ("{{ 'ab' | base64encode | base64decode }}", "ab"),
    ("{{ '' | md5 }}", "d41d8cd98f00b204e9800998ecf8427e"),
    ("{{ rows | jq('map(.id)') | first }}", [1, 2]), ("{{ rows | jq('.[0].name, .[-1].id') }}", ["one", 2]),
    ("{{ '{\"a\":{\"b\":[1,2]}}' | jq('.a.b[] | select(. > 1)') }}", [2]), ("{{ map | jq('keys | length') }}", [2]),
    ("{{ map | jq('.\"a-b\", .[\"x\"], .nope') }}", [1, 2, .null]),
    ("{{ rows | jq('[.[] | select(.name == \"one\" or .id == 2)] | length') }}", [2]),
    ("{{ ['yes', '1', 'a: b', ''] | yaml }}", "- \"yes\"\n- \"1\"\n- \"a: b\"\n- \"\"\n"),
    ("{{ [{'a': 1, 'b': [2]}] | yaml }}", "- a: 1\n  b:\n  - 2\n"),
    ("{{ render('{{ render(\"{{ name }}\") }}') }}", "ferry"), ("{{ render(5) }}", 5), ("{{ max(1, 2.5) }}", 2.5),
    ("{{ 1.5 | toIon ~ ({'a b': null} | toIon) }}", "1.5e0{'a b':null}"),
    ("{{ kv('no', errorOnMissing=false) }}", .null),
  ]

  @Test(arguments: table) func renders(source: String, expected: Value) throws {
    #expect(try render(source) == expected)
  }

  @Test func `text has no types`() throws {
    let scope = Scope(variables: variables, host: FixedHost())
    #expect(try Template("{{ list }}").renderText(in: scope) == "[\"a\"]")
    #expect(try Template("{{ 1.0 }}").renderText(in: scope) == "1.0")
    #expect(try Template("x").isLiteral && !Template("{{ 1 }}").isLiteral)
  }

  @Test func `an error of the host passes unchanged`() {
    #expect(throws: FixedHost.Missing.self) { try render("{{ secret('OTHER') ?? 'x' }}") }
  }

  @Test(
    arguments: [
      ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709"), (String(repeating: "a", count: 119), nil),
      (String(repeating: "a", count: 1000), "291e9a6c66994949b57ba5e650361e98fc36b1ba"),
    ] as [(String, String?)]) func `digests of several blocks`(text: String, sha1: String?) throws
  {
    if let sha1 { #expect(try render("{{ '\(text)' | sha1 }}") == .string(sha1)) }
    #expect(try render("{{ '\(text)' | sha512 | length }}") == 128)
  }
}
