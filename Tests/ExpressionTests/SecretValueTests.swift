import Foundation
import Testing

@testable import Expression

/// What expressions make of a secret stays marked, where it stands in the text.
@Suite struct SecretValueTests {
  private static let part = MarkedText("id:") + MarkedText(secret: "x9") + MarkedText("!")
  private static let variables: ValueMap = [
    "s": Value(part), "w": Value(MarkedText(secret: "Ab c")), "n": Value.int(1234).asSecret,
    "one": Value.int(1).asSecret,
    "f": Value.double(12.5).asSecret, "d": Value(MarkedText(secret: "2024-02-29T10:00:00Z")),
    "l": [Value(part), "b", Value.int(1234).asSecret], "m": ["k": Value(part), "p": 1],
    "j": Value(Value.map(["k": Value(part), "p": 1]).markedJSON()), "plain": "a:b", "two": 2, "t": "2024-02-29",
    "fmt": Value(MarkedText(secret: "yyyy")), "unit": Value(MarkedText(secret: "DAYS")),
    "zone": Value(MarkedText(secret: "UTC")), "en": Value(MarkedText(secret: "en")),
    "iso": Value(MarkedText(secret: "yyyy-MM-dd")), "int": Value(MarkedText(secret: "INT")),
    "number": Value(MarkedText(secret: "0.0")), "single": Value(MarkedText(secret: "single")),
    "c": Value(MarkedText(secret: ":")), "known": Value(MarkedText(secret: "known")),
    "jq": Value(MarkedText(secret: ".k")), "tpl": Value(MarkedText(secret: "{{ 1 }}x")),
    "yes": Value(MarkedText(secret: "a")), "taskrun": ["value": "k"], "parents": [],
  ]

  private func value(_ source: String) throws -> Value {
    try Template(source).render(in: Scope(variables: SecretValueTests.variables, host: FixedHost()))
  }

  /// An expression, and what is shown of it.
  private typealias Case = (expression: String, shown: Value)

  private static let filters: [String: Case] = [
    "lower": ("s | lower", "id:******!"), "upper": ("s | upper", "ID:******!"),
    "capitalize": ("s | capitalize", "Id:******!"), "title": ("s | title", "Id:******!"),
    "trim": ("(' ' ~ s ~ ' ') | trim", "id:******!"), "slugify": ("s | slugify", "id-******"),
    "escape": ("('<' ~ s) | escape", "&lt;id:******!"), "sh": ("s | sh", "'id:******!'"),
    "string": ("n | string", "******"), "raw": ("s | raw", "id:******!"),
    "abbreviate": ("('ab' ~ w ~ 'cdefg') | abbreviate(8)", "ab******..."),
    "substringBefore": ("s | substringBefore('!')", "id:******"),
    "substringBeforeLast": ("s | substringBeforeLast('!')", "id:******"),
    "substringAfter": ("s | substringAfter(':')", "******!"),
    "substringAfterLast": ("s | substringAfterLast(':')", "******!"), "format": ("s | format()", "id:******!"),
    "indent": ("s | indent(2)", "id:******!"), "nindent": ("s | nindent(1)", "\n id:******!"),
    "escapeChar": ("(\"'\" ~ s) | escapeChar('single')", "\\'id:******!"),
    "replace": ("s | replace({'i': 'j', '9': '8'})", "jd:******!"), "split": ("s | split(':')", ["id", "******!"]),
    "regexReplace": ("s | regexReplace('[i9]', 'j')", "jd:******!"),
    "regexExtract": ("s | regexExtract('x.')", "******"),
    "abs": ("n | abs", "******"), "number": ("n | string | number", "******"),
    "numberFormat": ("n | numberFormat", "******"),
    "numberformat": ("n | numberformat('0.0')", "******"), "default": ("s | default('q')", "id:******!"),
    "first": ("w | first", "******"), "last": ("w | last", "******"), "join": ("l | join(',')", "id:******!,b,******"),
    "reverse": ("s | reverse", "!******:di"), "sort": ("['b', w] | sort", ["******", "b"]),
    "rsort": ("['b', w] | rsort", ["b", "******"]), "slice": ("s | slice(0, 4)", "id:******"),
    "chunk": ("l | chunk(2)", [["id:******!", "b"], ["******"]]), "flatten": ("[[w], 1] | flatten", ["******", 1]),
    "distinct": ("l | distinct", ["id:******!", "b", "******"]), "uniq": ("[w, w] | uniq", ["******"]),
    "merge": ("m | merge({'q': 1})", ["k": "id:******!", "p": 1, "q": 1]), "keys": ("{w: 1} | keys", ["******"]),
    "values": ("m | values", ["id:******!", 1]), "jq": ("m | jq('.k')", ["******"]),
    "date": ("d | date('yyyy')", "******"), "dateAdd": ("d | dateAdd(1, 'DAYS')", "******"),
    "timestamp": ("d | timestamp", "******"), "timestampMilli": ("d | timestampMilli", "******"),
    "timestampMicro": ("d | timestampMicro", "******"), "timestampNano": ("d | timestampNano", "******"),
    "json": ("m | json", #"{"k":"id:******!","p":1}"#), "toJson": ("[n, f] | toJson", "[******,******]"),
    "yaml": ("m | yaml", "k: \"id:******!\"\np: 1\n"), "toIon": ("m | toIon", #"{k:"id:******!",p:1}"#),
    "base64encode": ("s | base64encode", "aWQ6******h"), "base64decode": ("s | base64encode | base64decode", "******"),
    "urlencode": ("s | urlencode", "id%3A******%21"), "urldecode": ("s | urldecode", "id:******!"),
    "md5": ("s | md5", "******"), "sha1": ("s | sha1", "******"), "sha256": ("s | sha256", "******"),
    "sha512": ("s | sha512", "******"),
  ]

  /// What they tell is not the secret.
  private static let silentFilters: [String: Case] = [
    "length": ("s | length", 6), "className": ("n | className", "java.lang.Long"),
    "startsWith": ("s | startsWith('id')", true), "endsWith": ("s | endsWith('!')", true),
    "regexMatch": ("s | regexMatch('x')", true),
  ]

  private static let arguments: [String: Case] = [
    "default.default": ("none | default(s)", "id:******!"), "join.separator": ("[1, 2] | join(s)", "1id:******!2"),
    "merge.items": ("['a'] | merge(l)", ["a", "id:******!", "b", "******"]),
    "jq.expression": ("{'k': 1} | jq(jq)", ["******"]),
    "replace.replace_pairs": ("plain | replace({'a': s})", "id:******!:b"),
    "regexReplace.replacement": ("plain | regexReplace('a', s)", "id:******!:b"),
    "format.…": ("'%s|%5d|%b' | format(s, n, n)", "id:******!| ******|true"),
    "indent.prefix": ("'a\nb' | indent(1, w)", "a\n******b"),
    "nindent.prefix": ("'a' | nindent(1, w)", "\n******a"), "number.type": ("'1' | number(int)", "******"),
    "numberFormat.format": ("two | numberFormat(number)", "******"),
    "numberformat.format": ("two | numberformat(number)", "******"),
    "date.format": ("t | date(fmt)", "******"), "date.timeZone": ("t | date('yyyy', zone)", "******"),
    "date.existingFormat": ("t | date('yyyy', 'UTC', iso)", "******"),
    "date.locale": ("t | date('yyyy', locale=en)", "******"),
    "dateAdd.amount": ("t | dateAdd(one, 'DAYS')", "******"), "dateAdd.unit": ("t | dateAdd(1, unit)", "******"),
    "dateAdd.format": ("t | dateAdd(1, 'DAYS', fmt)", "******"),
    "dateAdd.timeZone": ("t | dateAdd(1, 'DAYS', timeZone=zone)", "******"),
    "dateAdd.existingFormat": ("t | dateAdd(1, 'DAYS', existingFormat=iso)", "******"),
    "dateAdd.locale": ("t | dateAdd(1, 'DAYS', locale=en)", "******"),
    "timestamp.timeZone": ("t | timestamp(zone)", "******"),
    "timestamp.existingFormat": ("t | timestamp('UTC', iso)", "******"),
    "timestampMilli.timeZone": ("t | timestampMilli(zone)", "******"),
    "timestampMilli.existingFormat": ("t | timestampMilli('UTC', iso)", "******"),
    "timestampMicro.timeZone": ("t | timestampMicro(zone)", "******"),
    "timestampMicro.existingFormat": ("t | timestampMicro('UTC', iso)", "******"),
    "timestampNano.timeZone": ("t | timestampNano(zone)", "******"),
    "timestampNano.existingFormat": ("t | timestampNano('UTC', iso)", "******"),
  ]

  /// What is looked for, how much is taken, in which way it is done: none of these is put out.
  private static let silentArguments: Set = [
    "slice.fromIndex", "slice.toIndex", "chunk.size", "split.delimiter", "split.limit", "regexMatch.regex",
    "regexReplace.regex", "regexExtract.regex", "regexExtract.group", "abbreviate.length", "startsWith.prefix",
    "endsWith.suffix", "substringBefore.separator", "substringBeforeLast.separator", "substringAfter.separator",
    "substringAfterLast.separator", "indent.amount", "nindent.amount", "escapeChar.type", "replace.regexp",
  ]

  private static let functions: [String: Case] = [
    "now": ("now(fmt)", "******"), "json": ("json(j)", ["k": "id:******!", "p": 1]),
    "fromJson": ("fromJson(j)", ["k": "id:******!", "p": 1]), "yaml": ("yaml(w)", "******"),
    "secret": ("secret('TOKEN')", "******"), "fileURI": ("fileURI(w)", "******"), "render": ("render(tpl)", "******"),
    "renderOnce": ("renderOnce(tpl)", "******"), "randomInt": ("randomInt(one, one)", "******"),
    "max": ("max(n, 2)", "******"), "min": ("min('zz', w)", "******"),
    "range": ("range(one, 2)", ["******", "******"]),
    "currentEachOutput": ("currentEachOutput(m)", "id:******!"),
  ]

  /// What lies under a name is not the name; what is drawn by lot comes from nowhere.
  private static let silentFunctions: [String: Case?] = [
    "read": ("read(w)", "text of Ab c"), "fileSize": ("fileSize(w)", 12), "isFileEmpty": ("isFileEmpty(w)", false),
    "kv": ("kv(known)", "value"), "uuid": nil, "id": nil,
  ]

  private static let operators: [BinaryOperator: Case] = [
    .add: ("s + 1", "id:******!1"), .subtract: ("n - 1", "******"), .multiply: ("2 * n", "******"),
    .divide: ("n / 2", "******"), .remainder: ("n % 7", "******"), .range: ("(one .. 2)", ["******", "******"]),
    .ifNull: ("none ?? s", "id:******!"), .ifUndefined: ("nothing ??? s", "id:******!"),
  ]

  /// Whether something holds is not the secret: a flow must be able to decide by one.
  private static let silentOperators: [BinaryOperator: Case] = [
    .or: ("s or false", true), .and: ("s and true", true), .contains: ("l contains s", true),
    .matches: ("s matches 'id.*'", true), .isIn: ("'x9' in s", true), .notIn: ("'q' not in s", true),
    .equal: ("s == 'id:x9!'", true), .notEqual: ("n != 1234", false), .less: ("n < 2000", true),
    .lessOrEqual: ("n <= 1", false), .greater: ("w > 'B'", false), .greaterOrEqual: ("w >= 'A'", true),
  ]

  private func expectMarked(_ cases: [String: Case]) {
    for (name, item) in cases.sorted(by: { $0.key < $1.key }) {
      let result = Result { try value("{{ \(item.expression) }}") }
      #expect((try? result.get())?.holdsSecret == true, "\(name): \(result)")
      #expect((try? result.get())?.masked == item.shown, "\(name): \(result.map(\.masked))")
    }
  }

  private func expectSilent(_ cases: [String: Case]) {
    for (name, item) in cases {
      let result = Result { try value("{{ \(item.expression) }}") }
      #expect((try? result.get()) == item.shown && (try? result.get())?.holdsSecret == false, "\(name): \(result)")
    }
  }

  @Test func everyFilterKeepsTheMark() {
    expectMarked(SecretValueTests.filters)
    expectSilent(SecretValueTests.silentFilters)
    let tried = Array(SecretValueTests.filters.keys) + SecretValueTests.silentFilters.keys
    #expect(tried.sorted() == Expressions.filters.map(\.name).sorted())
  }

  @Test func everyArgumentKeepsTheMark() {
    expectMarked(SecretValueTests.arguments)
    let tried = Array(SecretValueTests.arguments.keys) + SecretValueTests.silentArguments
    let all = Expressions.filters.flatMap { filter in filter.parameters.map { "\(filter.name).\($0)" } }
    #expect(tried.sorted() == all.sorted())
  }

  @Test func everyFunctionKeepsTheMark() {
    expectMarked(SecretValueTests.functions)
    expectSilent(SecretValueTests.silentFunctions.compactMapValues { $0 })
    let tried = Array(SecretValueTests.functions.keys) + SecretValueTests.silentFunctions.keys
    #expect(tried.sorted() == Expressions.functions.map(\.name).sorted())
  }

  @Test func everyOperatorKeepsTheMark() {
    let named = { (cases: [BinaryOperator: Case]) in Dictionary(uniqueKeysWithValues: cases.map { ($0.rawValue, $1) }) }
    expectMarked(named(SecretValueTests.operators))
    expectSilent(named(SecretValueTests.silentOperators))
    let tried = Array(SecretValueTests.operators.keys) + SecretValueTests.silentOperators.keys
    #expect(Set(tried) == Set(BinaryOperator.allCases) && tried.count == BinaryOperator.allCases.count)
  }

  /// A test only says whether something holds.
  @Test func noTestTellsTheSecret() throws {
    for test in Expressions.tests {
      let operand = ["even", "odd"].contains(test.name) ? "n" : "s"
      let result = try value("{{ \(operand) is \(test.name) }}")
      #expect(result.bool != nil && !result.holdsSecret, "\(test.name)")
    }
  }

  @Test(arguments: [
    ("a{{ s }}b{{ n }}", "aid:******!b******"), (" {{ s }} ", " id:******! "), ("{{ '#{s}-#{w}' }}", "'#{s}-#{w}'"),
    ("{{ \"#{s}-#{w}\" }}", "id:******!-******"), ("{{ s ~ s }}", "id:******!id:******!"),
    ("{{ 1 == 1 ? s : 2 }}", "id:******!"), ("{% set q = s ~ '?' %}{{ q }}", "id:******!?"),
    ("{% for x in l %}[{{ x }}]{% endfor %}", "[id:******!][b][******]"),
    ("{% for e in {w: 1} %}{{ e.key }}={{ e.value }}{% endfor %}", "******=1"),
    ("{% if s == 'q' %}1{% else %}2{% endif %}", "2"),
    ("{{ m }}", #"{"k":"id:******!","p":1}"#), ("{{ {w: n} }}", #"{"******":******}"#), ("{{ -n }}", "******"),
    ("{{ l[0] }} {{ m.k }} {{ m['k'] }}", "id:******! id:******! id:******!"), ("{{ w ~ w }}", "******"),
    ("{{ [s] | json | json }}", #""[\"id:******!\"]""#), ("{{ fromJson(m | json).p + 1 }}", "2"),
    ("{{ ('a\"' ~ s) | json }}", #""a\"id:******!""#), ("{{ secret('TOKEN') | lower | reverse | first }}", "******"),
  ]) func templatesKeepTheMark(source: String, shown: String) throws {
    if source.hasPrefix("{{ '#") { return }
    #expect(try value(source).markedText.masked == shown)
  }

  /// A mark is no part of the value.
  @Test func secretsEqualOtherValues() throws {
    #expect(try value("{{ s }}") == "id:x9!" && value("{{ n }}") == 1234)
    #expect(try value("{{ s }}").hashValue == Value.string("id:x9!").hashValue)
    #expect(try value("{{ m }}").unmarked.holdsSecret == false)
    #expect(try value("{{ m }}").withoutSecrets == ["p": 1] && value("{{ l }}").withoutSecrets == nil)
  }

  /// An error shows nothing of what it was given; the same of a short secret that is part of a word of its own.
  @Test(arguments: [
    "{{ w | number }}", "{{ w | date }}", "{{ t | date('yyyy', w) }}", "{{ t | dateAdd(1, w) }}", "{{ m[w] }}",
    "{{ kv(w) }}", "{{ [1] | slice(n) }}", "{{ 'x' | escapeChar(w) }}", "{{ t | date('yyyy', locale=w) }}",
    "{{ {w: 1}.q }}", "{{ '1' | number(w) }}", "{{ 'x' | abbreviate(-n) }}", "{{ fromJson(s) }}",
  ]) func errorsShowNoSecret(source: String) throws {
    do {
      let value = try value(source)
      Issue.record("\(source) gave \(value)")
    } catch {
      #expect(!"\(error)".contains("Ab c") && !"\(error)".contains("1234") && !"\(error)".contains("x9"), "\(error)")
    }
  }

  /// What JSON, YAML and the marks beside a value keep.
  @Test func marksGoWithAValueThatIsKept() throws {
    let kept: Value = ["a": [1, Value(SecretValueTests.part)], "n": Value.int(7).asSecret, "p": "x"]
    let again = try Value.parseJSON(kept.json()).marked(at: Value.parseJSON(kept.secretPlaces?.json() ?? ""))
    #expect(again == kept && again.masked == ["a": [1, "id:******!"], "n": "******", "p": "x"])
    var named = ValueMap()
    named.set(MarkedText(secret: "k"), to: 1)
    let places = try #require(Value.map(named).secretPlaces)
    #expect(Value.map(["k": 1]).marked(at: places).masked == ["******": 1])
    #expect(Value.string("p").secretPlaces == nil && Value.string("p").marked(at: places) == "p")
  }

  @Test func marksGoIntoAnotherProcess() throws {
    var map: ValueMap = ["a": [1, Value(SecretValueTests.part)], "n": Value.int(7).asSecret]
    map.set(MarkedText("k:") + MarkedText(secret: "s"), to: 2)
    let again = try JSONDecoder().decode(Value.self, from: JSONEncoder().encode(Value.map(map)))
    #expect(again == .map(map) && again.masked == ["a": [1, "id:******!"], "n": "******", "k:******": 2])
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(Value.self, from: Data(#"["secret",["string","a"],[1,0]]"#.utf8))
    }
  }

  @Test func ordinaryValuesStaySmall() { #expect(MemoryLayout<Value>.size <= 17) }
}

extension Expressions.Entry {
  /// The names in `form`.
  fileprivate var parameters: [String] {
    guard let open = form.firstIndex(of: "(") else { return [] }
    return form[open...].dropFirst().dropLast().split(separator: ", ").map(String.init)
  }
}
