import Records

/// A column type with its extreme values, what it becomes, and the canonical text of each value.
struct TypeCase: CustomStringConvertible, Sendable {
  /// As a declaration has it.
  var type: String
  var record: String
  var sourceType: String
  /// SQL literals.
  var values: [String]
  var texts: [String]
  var unit = TimeUnit.nanoseconds
  /// Whether a load into it takes the bulk road.
  var isBulk = true

  var description: String { unit == .microseconds ? "\(type) in microseconds" : type }

  init(
    _ type: String, _ record: String, source: String? = nil, _ values: [String], _ texts: [String]? = nil,
    unit: TimeUnit = .nanoseconds, isBulk: Bool = true
  ) {
    self.type = type
    self.record = record
    sourceType = source ?? type
    self.values = values
    self.texts = texts ?? values
    self.unit = unit
    self.isBulk = isBulk
  }

  static let all = integers + decimals + floats + narrow + foreign + wide + bytes + days + times + moments + others

  private static let integers = [
    TypeCase("bit", "bool", ["0", "1"], ["false", "true"]),
    TypeCase("tinyint", "uint8", ["0", "255"]),
    TypeCase("smallint", "int16", ["-32768", "32767"]),
    TypeCase("int", "int32", ["-2147483648", "0", "2147483647"]),
    TypeCase("bigint", "int64", ["-9223372036854775808", "9223372036854775807"]),
  ]

  private static let nines = String(repeating: "9", count: 38)
  private static let decimals = [
    TypeCase("decimal(10,2)", "decimal(10,2)", ["-99999999.99", "0.00", "0.01", "-0.01", "12345678.90"]),
    TypeCase("decimal(1,0)", "decimal(1,0)", ["9", "-9"]),
    TypeCase("decimal(9,9)", "decimal(9,9)", ["-0.999999999", "0.000000001"]),
    TypeCase("decimal(19,0)", "decimal(19,0)", ["-9999999999999999999", "9223372036854775808"]),
    TypeCase(
      "decimal(28,14)", "decimal(28,14)", ["99999999999999.99999999999999", "-99999999999999.99999999999999"]),
    TypeCase(
      "numeric(38,10)", "decimal(38,10)", source: "decimal(38,10)",
      ["9999999999999999999999999999.9999999999", "-9999999999999999999999999999.9999999999", "-0.0000000001"]),
    TypeCase("decimal(38,0)", "decimal(38,0)", [nines, "-\(nines)", "0", "-85070591730234615865843651857942052865"]),
    TypeCase(
      "decimal(38,38)", "decimal(38,38)", ["0.\(nines)", "-0.\(nines)", "0.\(String(repeating: "0", count: 37))1"]),
    TypeCase("money", "decimal(19,4)", ["-922337203685477.5808", "922337203685477.5807", "-0.0001", "0.0000"]),
    TypeCase("smallmoney", "decimal(10,4)", ["-214748.3648", "214748.3647", "-0.0001"]),
  ]

  private static let floats = [
    TypeCase(
      "real", "float32",
      ["3.4028234663852886e38", "-3.4028234663852886e38", "1.17549435e-38", "0.1", "16777216", "-1.4e-45"],
      ["3.4028235e+38", "-3.4028235e+38", "1.1754944e-38", "0.1", "16777216.0", "-1e-45"]),
    TypeCase(
      "float", "float64",
      [
        "1.7976931348623157e308", "-1.7976931348623157e308", "2.2250738585072014e-308", "4.9e-324", "0.1", "1e23",
        "9007199254740993e0",
      ],
      [
        "1.7976931348623157e+308", "-1.7976931348623157e+308", "2.2250738585072014e-308", "5e-324", "0.1", "1e+23",
        "9007199254740992.0",
      ]),
    TypeCase("float(24)", "float32", source: "real", ["0.5"]),
  ]

  private static let long = String(repeating: "äb", count: 4_500)
  private static let narrow = [
    TypeCase("char(5)", "text", ["'ab'", "''", "'äöüß€'"], ["ab   ", "     ", "äöüß€"]),
    TypeCase(
      "varchar(40)", "text", ["''", "' '", "'it''s \"q\" [b] \\ ' + char(10)", "'trailing  '", "'a' + char(0) + 'b'"],
      ["", " ", "it's \"q\" [b] \\ \n", "trailing  ", "a\0b"]),
    TypeCase("varchar(8000)", "text", ["replicate('x', 8000)"], [String(repeating: "x", count: 8_000)]),
    TypeCase(
      "varchar(max)", "text", ["''", "'äöüß€'", "replicate(cast('äb' as varchar(max)), 4500)"], ["", "äöüß€", long]),
    TypeCase("text", "text", ["''", "'äöüß€'", "replicate(cast('äb' as varchar(max)), 4500)"], ["", "äöüß€", long]),
  ]

  /// Of another code page than the database's.
  private static let foreign = [
    ("Cyrillic_General_CI_AS", "Жёлтый Ю"), ("Greek_CI_AS", "Ωμέγα ς"), ("Turkish_100_CI_AS", "İıŞş"),
    ("Polish_CI_AS", "Zażółć gęślą"), ("Hebrew_CI_AS", "שלום"), ("Thai_CI_AS", "ภาษา"),
    ("Japanese_CI_AS", "日本語ｱ①"), ("Chinese_PRC_CI_AS", "汉字"), ("Korean_Wansung_CI_AS", "한국어"),
    ("Latin1_General_100_CI_AS_SC_UTF8", "ü漢😀"),
  ].map { collation, text in
    TypeCase(
      "varchar(20) collate \(collation)", "text", source: "varchar(20)", ["N'\(text)'", "''", "'plain'"],
      [text, "", "plain"], isBulk: false)
  }

  private static let everything = "ℤ𝄞漢字😀👩‍👩‍👧 e\u{301} \u{FEFF}\u{FFFD}\u{10FFFF}"
  private static let wide = [
    TypeCase("nchar(5)", "text", ["N'ab'", "N'漢😀ü'"], ["ab   ", "漢😀ü "]),
    TypeCase("nvarchar(60)", "text", ["N''", "N' '", "N'\(everything)'"], ["", " ", everything]),
    TypeCase("nvarchar(4000)", "text", ["replicate(N'漢', 4000)"], [String(repeating: "漢", count: 4_000)]),
    TypeCase(
      "nvarchar(max)", "text", ["N''", "N'\(everything)'", "replicate(cast(N'😀' as nvarchar(max)), 4001)"],
      ["", everything, String(repeating: "😀", count: 4_001)]),
    TypeCase("ntext", "text", ["N''", "N'\(everything)'"], ["", everything]),
    TypeCase("sysname", "text", source: "nvarchar(128)", ["N'a name'"], ["a name"]),
    TypeCase("xml", "text", ["N'<a b=\"1\">ü漢😀</a>'", "N''"], ["<a b=\"1\">ü漢😀</a>", ""], isBulk: false),
  ]

  private static let bytes = [
    TypeCase("binary(4)", "bytes", ["0x00ff2700", "0x01"], ["00ff2700", "01000000"]),
    TypeCase("varbinary(8)", "bytes", ["0x", "0x00ff275c0a", "0x20"], ["", "00ff275c0a", "20"]),
    TypeCase(
      "varbinary(8000)", "bytes", ["cast(replicate('a', 8000) as varbinary(8000))"],
      [String(repeating: "61", count: 8_000)]),
    TypeCase(
      "varbinary(max)", "bytes",
      ["0x", "0x00ff", "cast(replicate(cast('ab' as varchar(max)), 4001) as varbinary(max))"],
      ["", "00ff", String(repeating: "6162", count: 4_001)]),
    TypeCase("image", "bytes", ["0x", "0xdeadbeef"], ["", "deadbeef"]),
    TypeCase("hierarchyid", "bytes", source: "udt", ["0x58", "0x"], ["58", ""], isBulk: false),
    TypeCase(
      "geography", "bytes", source: "udt", ["0xe6100000010c000000000000f03f0000000000000040"],
      ["e6100000010c000000000000f03f0000000000000040"], isBulk: false),
    TypeCase(
      "geometry", "bytes", source: "udt", ["0x00000000010c000000000000f03f0000000000000040"],
      ["00000000010c000000000000f03f0000000000000040"], isBulk: false),
  ]

  private static let days = [
    TypeCase(
      "date", "date", ["'0001-01-01'", "'1582-10-10'", "'1900-02-28'", "'2024-02-29'", "'9999-12-31'"],
      ["0001-01-01", "1582-10-10", "1900-02-28", "2024-02-29", "9999-12-31"]),
    TypeCase(
      "datetime", "timestamp",
      [
        "'1753-01-01'", "'9999-12-31 23:59:59.997'", "'2004-10-19 10:23:54.000'", "'2004-10-19 10:23:54.003'",
        "'2004-10-19 10:23:54.007'", "'1899-12-31 23:59:59.993'",
      ],
      [
        "1753-01-01T00:00:00", "9999-12-31T23:59:59.997000", "2004-10-19T10:23:54", "2004-10-19T10:23:54.003000",
        "2004-10-19T10:23:54.007000", "1899-12-31T23:59:59.993000",
      ]),
    TypeCase(
      "smalldatetime", "timestamp", ["'1900-01-01'", "'2079-06-06 23:59'"],
      ["1900-01-01T00:00:00", "2079-06-06T23:59:00"]),
  ]

  private static let times = (0...7).map { digits in
    let fraction = digits == 0 ? "" : "." + "1234567".prefix(digits)
    let last = digits == 0 ? "" : "." + String(repeating: "9", count: digits)
    func shown(_ text: String) -> String {
      digits == 0 ? "" : text + String(repeating: "0", count: (digits == 7 ? 9 : 6) - digits)
    }
    return TypeCase(
      "time(\(digits))", digits == 7 ? "time(ns)" : "time",
      ["'00:00:00'", "'12:35:29\(fraction)'", "'23:59:59\(last)'"],
      ["00:00:00", "12:35:29\(shown(fraction))", "23:59:59\(shown(last))"])
  }

  private static let moments =
    (0...7).flatMap { digits in
      let fraction = digits == 0 ? "" : "." + "1234567".prefix(digits)
      let shown = digits == 0 ? "" : fraction + String(repeating: "0", count: (digits == 7 ? 9 : 6) - digits)
      let unit = digits == 7 ? "(ns)" : ""
      let (first, last) =
        digits == 7
        ? ("1677-09-21 00:12:43.1452242", "2262-04-11 23:47:16.8547758")
        : ("0001-01-01 00:00:00", "9999-12-31 23:59:59\(fraction)")
      func text(_ moment: String) -> String {
        moment.replacing(" ", with: "T")
          + (digits == 7 ? "00" : moment.contains(".") ? String(shown.dropFirst(digits + 1)) : "")
      }
      return [
        TypeCase(
          "datetime2(\(digits))", "timestamp\(unit)", ["'\(first)'", "'2004-10-19 10:23:54\(fraction)'", "'\(last)'"],
          [text(first), "2004-10-19T10:23:54\(shown)", text(last)]),
        TypeCase(
          "datetimeoffset(\(digits))", "timestamp\(unit) with offset",
          ["'2004-10-19 10:23:54\(fraction) +14:00'", "'2004-10-19 10:23:54\(fraction) -14:00'", "'\(first) +00:00'"],
          ["2004-10-19T10:23:54\(shown)+14:00", "2004-10-19T10:23:54\(shown)-14:00", text(first) + "+00:00"]),
      ]
    } + [
      TypeCase(
        "datetime2(7)", "timestamp", ["'0001-01-01'", "'9999-12-31 23:59:59.999999'"],
        ["0001-01-01T00:00:00", "9999-12-31T23:59:59.999999"], unit: .microseconds),
      TypeCase(
        "datetimeoffset(7)", "timestamp with offset",
        ["'0001-01-01 00:00:00 -14:00'", "'9999-12-31 23:59:59.999999 +14:00'", "'2004-10-19 10:23:54 +05:30'"],
        [
          "0001-01-01T00:00:00-14:00", "9999-12-31T23:59:59.999999+14:00", "2004-10-19T10:23:54+05:30",
        ], unit: .microseconds),
      TypeCase("time(7)", "time", ["'23:59:59.999999'"], ["23:59:59.999999"], unit: .microseconds),
    ]

  private static let others = [
    TypeCase(
      "uniqueidentifier", "uuid",
      [
        "'123e4567-e89b-12d3-a456-426655440000'", "'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF'",
        "'00000000-0000-0000-0000-000000000000'",
      ],
      [
        "123e4567-e89b-12d3-a456-426655440000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "00000000-0000-0000-0000-000000000000",
      ]),
    TypeCase("int sparse", "int32", source: "int", ["7"]),
    TypeCase("nvarchar(9) sparse", "text", source: "nvarchar(9)", ["N'ü'", "N''"], ["ü", ""]),
  ]
}
