import Expression
import Testing

/// Regular expressions as Java has them.
struct RegexTests {
  /// A text, a regular expression, whether it matches the whole text, and what it finds first.
  static let table: [(String, String, Bool, String?)] = [
    ("abc-12", #"[a-z]+-\d+"#, true, "abc-12"), ("x=1", #"(?<=x=)\d"#, false, "1"),
    ("foobar", "foo(?!baz)", false, "foo"),
    ("foobaz", "foo(?!baz)", false, nil), ("abab", #"(ab)\1"#, true, "abab"),
    ("2024", #"(?<year>\d{4})"#, true, "2024"),
    ("aaab", "a++b", true, "aaab"), ("aaa", "a++a", false, nil), ("a.b", #"\Qa.b\E"#, true, "a.b"),
    // Classes.
    ("hello", "[a-z&&[^aeiou]]+", false, "h"), ("bcd", "[a-z&&[^aeiou]]+", true, "bcd"),
    ("ad1", "[a-c[x-z]1]", false, "a"),
    ("xyz", "[a-c[x-z]]+", true, "xyz"), ("m", "[^a-c[x-z]]", true, "m"), ("x", "[^a-c[x-z]]", false, nil),
    ("5", "[\\w&&\\d]", true, "5"), ("a", "[\\w&&\\d]", false, nil), ("e", "[a-f&&c-z&&[^d]]", true, "e"),
    ("d", "[a-f&&c-z&&[^d]]", false, nil), ("&", "[a&]", true, "&"), ("]", "[]a]", true, "]"),
    ("[", #"[\[]"#, true, "["),
    ("^", "[a^]", true, "^"), ("-", "[a-]", true, "-"),
    // Names of sets.
    ("aZ", #"\p{Lower}\p{Upper}"#, true, "aZ"), ("ä", #"\p{Lower}"#, false, nil), ("ä", #"\p{Ll}"#, true, "ä"),
    ("ä", #"\p{L}"#, true, "ä"), ("1", #"\P{Alpha}"#, true, "1"), ("ж", #"\p{IsCyrillic}"#, true, "ж"),
    ("é", #"\p{IsAlphabetic}"#, true, "é"), ("a!", #"[\p{Alnum}\p{Punct}]+"#, true, "a!"),
    ("ab", "[[:alpha:]]+", true, "ab"),
    // Characters.
    ("é", #"\u00e9"#, true, "é"), ("😀", #"\uD83D\uDE00"#, true, "😀"), ("é", ".", true, "é"),
    ("e\u{301}", ".", false, "e"),
    ("é", "e\u{301}", false, nil), ("٣", #"\d"#, false, nil), ("é", #"\w"#, false, nil),
    // Flags and lines.
    ("ABC", "(?i)abc", true, "ABC"), ("É", "(?iu)é", true, "É"), ("a\nb", "a.b", false, nil),
    ("a\nb", "(?s)a.b", true, "a\nb"),
    ("a\r\nb", "(?m)^b$", false, "b"), ("a\n", "a$", false, "a"), ("a b", "(?x)a \\  b # c", true, "a b"),
    ("ab", "(?i:A)b", true, "ab"),
  ]

  @Test(arguments: table) func `means what Java means`(text: String, regex: String, whole: Bool, first: String?) throws
  {
    let scope = Scope(variables: ["text": .string(text), "regex": .string(regex)], host: FixedHost())
    #expect(try Template("{{ text matches regex }}").render(in: scope) == .bool(whole))
    #expect(
      try Template("{{ text | regexExtract(regex) }}").render(in: scope) == (first.map { .string($0) } ?? .null))
  }

  static let filters: [(String, Value)] = [
    (#"{{ 'a1b22' | regexReplace('(?<l>[a-z])(\d+)', '$2$1') }}"#, "1a22b"),
    ("{{ 'aaa' | regexReplace('a*', 'x') }}", "xx"),
    ("{{ 'abc' | regexReplace('', '-') }}", "-a-b-c-"), ("{{ 'é' | regexReplace('', '-') }}", "-é-"),
    ("{{ 'a$b' | regexReplace('\\\\$', '\\\\$\\\\$') }}", "a$$b"),
    ("{{ 'k=v' | regexExtract('(\\w)=(\\w)(x)?', 2) }}", "v"),
    ("{{ 'k=v' | regexExtract('(\\w)=(\\w)(x)?', 3) }}", .null), ("{{ 'a1b2' | split('(?<=\\d)') }}", ["a1", "b2"]),
    ("{{ 'a,b,,' | split(',', -1) }}", ["a", "b", "", ""]), ("{{ '' | split(',') }}", [""]),
    ("{{ 'a.b' | replace({'.': '-'}) }}", "a-b"), ("{{ 'a.b' | replace({'.': '-'}, regexp=true) }}", "---"),
    ("{{ 'a\r\nb' | replace({'\n': ' '}) }}", "a\r b"), ("{{ null | regexMatch('a') }}", false),
  ]

  @Test(arguments: filters) func `filters replace, extract and split as Java does`(source: String, expected: Value)
    throws
  {
    #expect(try render(source) == expected)
  }

  /// Without rendering: a check of the flow finds it.
  @Test(arguments: [
    "{{ x matches '(' }}", "{{ x | regexMatch('[a') }}", "{{ x | regexReplace('a{2,1}', '') }}", "{{ x | split('(') }}",
    "{{ x | regexExtract('*') }}", #"{{ x matches '\p{InNowhere}' }}"#,
  ]) func `a constant that is no regular expression is found when the template is parsed`(source: String) throws {
    let error = #expect(throws: ExpressionError.self) { try Template(source) }
    #expect(
      error?.message.contains("the regular expression is not valid at character") == true, "\(error?.message ?? "")")
  }

  @Test func `too much backtracking is an error that says what to do`() throws {
    let error = try #require(failure("{{ ('a' | format) ~ ('%060d' | format(0)) | regexMatch('(0|00)+$x|(0|00)+c') }}"))
    #expect(error.message.contains("goes back more than 10000000 times"))
    #expect(error.hint == "Write it without repetitions within each other: a+b instead of (a+)+b")
  }
}
