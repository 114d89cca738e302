import Expression
import Testing

/// What a checker asks of a template without rendering it.
struct CheckingTests {
  static let table: [(String, [Reference])] = [
    ("x {{ outputs.query.uri }}", [Reference(path: ["outputs", "query", "uri"], offset: 5, guarded: false)]),
    (
      "{{ outputs['my-task'].a[b.c].d }}",
      [
        Reference(path: ["outputs", "my-task", "a"], offset: 3, guarded: false),
        Reference(path: ["b", "c"], offset: 24, guarded: false),
      ]
    ),
    ("{{ a.b[0].c }}", [Reference(path: ["a", "b"], offset: 3, guarded: false)]),
    (
      "{{ a ?? b }}",
      [
        Reference(path: ["a"], offset: 3, guarded: true),
        Reference(path: ["b"], offset: 8, guarded: false, conditional: true),
      ]
    ),
    (
      "{{ a ? b : c and d }}{% if e %}{{ f }}{% else %}{{ g }}{% endif %}{% for i in h %}{{ j }}{% endfor %}",
      [
        Reference(path: ["a"], offset: 3, guarded: false),
        Reference(path: ["b"], offset: 7, guarded: false, conditional: true),
        Reference(path: ["c"], offset: 11, guarded: false, conditional: true),
        Reference(path: ["d"], offset: 17, guarded: false, conditional: true),
        Reference(path: ["e"], offset: 27, guarded: false),
        Reference(path: ["f"], offset: 34, guarded: false, conditional: true),
        Reference(path: ["g"], offset: 51, guarded: false, conditional: true),
        Reference(path: ["h"], offset: 78, guarded: false),
        Reference(path: ["j"], offset: 85, guarded: false, conditional: true),
      ]
    ),
    (
      "{{ a | default(b) }}",
      [Reference(path: ["a"], offset: 3, guarded: true), Reference(path: ["b"], offset: 15, guarded: false)]
    ),
    (
      "{% if a.b is defined %}{{ a.b.c }}{% endif %}",
      [
        Reference(path: ["a", "b"], offset: 6, guarded: true),
        Reference(path: ["a", "b", "c"], offset: 26, guarded: true),
      ]
    ),
    (
      "{% for x in xs %}{{ x.y }}{{ loop.index }}{% endfor %}{{ x }}",
      [
        Reference(path: ["xs"], offset: 12, guarded: false), Reference(path: ["x"], offset: 57, guarded: false),
      ]
    ),
    ("{% set v = w %}{{ v }}", [Reference(path: ["w"], offset: 11, guarded: false)]),
    (
      "{{ max(a, [b, {'k': c}]) ~ \"#{d}\" }}",
      [
        Reference(path: ["a"], offset: 7, guarded: false), Reference(path: ["b"], offset: 11, guarded: false),
        Reference(path: ["c"], offset: 20, guarded: false), Reference(path: ["d"], offset: 30, guarded: false),
      ]
    ),
  ]

  @Test(arguments: table) func `finds the references`(source: String, expected: [Reference]) throws {
    #expect(try Template(source).references == expected)
  }

  @Test func `lists the calls`() throws {
    let calls = try Template("{{ now() | date('x') is empty }}").calls
    #expect(
      calls.map { "\($0.kind) \($0.name) \($0.offset)" } == ["function now 3", "filter date 11", "test empty 24"])
  }

  @Test func `suggests the nearest name`() {
    #expect(nearest("fetchsize", in: ["fetch", "fetchSize"]) == "fetchSize")
    #expect(nearest("ulr", in: ["url", "sql"]) == "url")
    #expect(nearest("zebra", in: ["url", "sql"]) == nil)
  }
}

struct JSONTests {
  static let exact: [String] = [
    "null", "true", "-5", "9223372036854775807", "9223372036854775808", "-0.1", "0.1", "1.5", "1e+300",
    "0.12345678901234567890123", "[]", "{}", "[1,[2,{\"a\":null}]]", #""\"\\\n\u0001é😀""#,
  ]

  @Test(arguments: exact) func `reads back what it writes`(text: String) throws {
    #expect(try Value.parseJSON(text).json() == text)
  }

  @Test func `reads all notations`() throws {
    #expect(
      try Value.parseJSON(#" [ 1.50 , 1E2, "\u00e9\ud83d\ude00\/", 123456789012345678901234567890 ] "#)
        == [1.5, 100.0, "é😀/", .decimal("123456789012345678901234567890")])
    #expect(try Value.parseJSON(#"{"b":1,"a":2}"#).json(pretty: true) == "{\n  \"b\": 1,\n  \"a\": 2\n}")
    #expect(Value.list([.double(.nan), .double(1)]).json() == "[\"NaN\",1.0]")
  }

  @Test(arguments: [
    "", "[", "[1,]", "{\"a\"}", "{a:1}", "01", "1.", "1e", "-", "nul", "\"a", "\"\\x\"", "\"\\u12\"", "\"\n\"", "1 2",
    "1e999999999",
  ]) func `refuses what is not JSON`(text: String) {
    #expect(throws: ExpressionError.self) { try Value.parseJSON(text) }
  }
}
