import Expression
import Testing

/// Corners in which Kestra's and Pebble's own tests and documentation tell what is meant.
struct KestraTests {
  static let table: [(String, Value)] = [
    // Lines end as the text's do; of several kinds the first of CRLF, LFCR, LF and CR that is there counts.
    (#"{{ "a\r\nb\rc" | indent(2) }}"#, "a\r\n  b\rc"), (#"{{ "a\rb" | nindent(1) }}"#, "\r a\r b"),
    (#"{{ "a\nb" | indent(1, prefix='-') }}"#, "a\n-b"), ("{{ '' | nindent(2) }}", ""),
    ("{{ null | indent(2) }}", .null),
    ("{{ null | toIon }}", "null"),
    // Blank is empty.
    ("{{ '  ' is empty }}", true), (#"{{ " \t" | default('x') }}"#, "x"),
    ("{{ nothing | default(default='ONE') }}", "ONE"),
    ("{{ nothing | default(fallback='ONE') }}", "ONE"), ("{{ 0 | default('x') }}", 0), ("{{ [] | default('x') }}", "x"),
    // JSON that is none any more.
    ("{{ fromJson({'a': 1}).a }}", 1), ("{{ json([1, 2]) }}", [1, 2]), ("{{ fromJson(null) }}", .null),
    ("{{ fromJson('5') }}", 5), ("{{ fromJson(json='[1]') }}", [1]),
    // RFC 1123, both ways.
    (
      "{{ 'Tue, 08 Feb 2022 19:38:26 GMT' | date('iso_sec', existingFormat='rfc_1123_date_time') }}",
      "2022-02-08T19:38:26Z"
    ),
    (
      "{{ 'Tue, 8 Feb 2022 19:38:26 +0100' | date('iso_sec', existingFormat='rfc_1123_date_time') }}",
      "2022-02-08T18:38:26Z"
    ),
    ("{{ '2022-02-08T19:38:26Z' | date('rfc_1123_date_time') }}", "Tue, 8 Feb 2022 19:38:26 GMT"),
    (
      "{{ '2022-02-08T19:38:26Z' | date('rfc_1123_date_time', 'Europe/Paris') }}", "Tue, 8 Feb 2022 20:38:26 +0100"
    ),
    // Keys and interpolations are expressions.
    ("{{ {'key' + 1: 2, 'a' ~ 'b': 3} }}", ["key1": 2, "ab": 3]), (##"{{ "#{ "nested" }" }}"##, "nested"),
    (##"{{ "#{ {'a': '}'}['a'] }x" }}"##, "}x"), ("{{ randomInt(10, 10) }}", 10),
  ]

  @Test(arguments: table) func `means what it means in Kestra`(source: String, expected: Value) throws {
    #expect(try render(source) == expected)
  }

  /// Decimals come from databases and YAML in notations that JSON lacks.
  @Test(arguments: [("1.", "1"), ("+1.5", "1.5"), ("007.50", "7.5"), ("1.10", "1.10"), ("NaN", "\"NaN\"")])
  func `a decimal is a number of JSON`(digits: String, json: String) {
    #expect(Value.decimal(digits).json() == json)
  }
}
