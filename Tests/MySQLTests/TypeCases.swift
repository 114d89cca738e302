@testable import MySQL

/// A column type with its extreme values, what it becomes, and the canonical text of each value.
struct TypeCase: CustomStringConvertible {
  var type: String
  var record: String
  var sourceType: String?
  /// SQL literals.
  var values: [String]
  var texts: [String]
  /// MariaDB only.
  var isMariaDB = false

  var description: String { type }

  init(
    _ type: String, _ record: String, source: String? = nil, _ values: [String], _ texts: [String]? = nil,
    isMariaDB: Bool = false
  ) {
    self.type = type
    self.record = record
    sourceType = source
    self.values = values
    self.texts = texts ?? values
    self.isMariaDB = isMariaDB
  }

  static let all = integers + decimals + floats + texts + bytes + times + others

  private static let integers = [
    TypeCase("tinyint", "int8", ["-128", "0", "127"]),
    TypeCase("tinyint(1)", "int8", source: "tinyint(1)", ["-128", "0", "1", "127"]),
    TypeCase("boolean", "int8", source: "tinyint(1)", ["true", "false", "2"], ["1", "0", "2"]),
    TypeCase("tinyint unsigned", "uint8", ["0", "255"]),
    TypeCase("smallint", "int16", ["-32768", "32767"]),
    TypeCase("smallint unsigned", "uint16", ["0", "65535"]),
    TypeCase("mediumint", "int32", source: "mediumint", ["-8388608", "8388607"]),
    TypeCase("mediumint unsigned", "uint32", source: "mediumint unsigned", ["0", "16777215"]),
    TypeCase("int", "int32", ["-2147483648", "2147483647"]),
    TypeCase("int unsigned", "uint32", ["0", "4294967295"]),
    TypeCase("int(6) unsigned zerofill", "uint32", ["42", "4294967295"]),
    TypeCase("bigint", "int64", ["-9223372036854775808", "9223372036854775807"]),
    TypeCase("bigint unsigned", "uint64", ["0", "9223372036854775808", "18446744073709551615"]),
    TypeCase("bit(1)", "uint64", source: "bit(1)", ["b'0'", "b'1'"], ["0", "1"]),
    TypeCase("bit(9)", "uint64", source: "bit(9)", ["b'0'", "b'111111111'"], ["0", "511"]),
    TypeCase(
      "bit(64)", "uint64", source: "bit(64)", ["0", "0x8000000000000000", "0xFFFFFFFFFFFFFFFF"],
      ["0", "9223372036854775808", "18446744073709551615"]),
    TypeCase("year", "int16", source: "year", ["1901", "1970", "2155", "'0000'"], ["1901", "1970", "2155", "0"]),
  ]

  private static let nines35 = String(repeating: "9", count: 35)
  private static let decimals = [
    TypeCase("decimal(10,2)", "decimal(10,2)", ["-99999999.99", "0.00", "0.01", "-0.01", "12345678.90"]),
    TypeCase("decimal(5,5)", "decimal(5,5)", ["0.00001", "-0.99999"]),
    TypeCase("decimal(18,0)", "decimal(18,0)", ["999999999999999999", "-1"]),
    TypeCase("decimal(38,10)", "decimal(38,10)", ["9999999999999999999999999999.9999999999", "-0.0000000001"]),
    TypeCase("decimal(39,0)", "decimal(39,0)", ["999999999999999999999999999999999999999", "-1", "0"]),
    TypeCase(
      "decimal(65,30)", "decimal(65,30)",
      [
        "\(nines35).999999999999999999999999999999", "-\(nines35).999999999999999999999999999999",
        "0.000000000000000000000000000001",
      ]),
    TypeCase("decimal(65,0)", "decimal(65,0)", ["\(nines35)999999999999999999999999999999", "-7"]),
    TypeCase("decimal(8,3) unsigned zerofill", "decimal(8,3)", ["1.250", "99999.999"]),
  ]

  private static let floats = [
    TypeCase(
      "float", "float32", ["3.4028234663852886e38", "-1.17549435e-38", "0.1", "16777216", "123456.78", "8388609.5"],
      ["3.4028235e+38", "-1.1754944e-38", "0.1", "16777216.0", "123456.78", "8388610.0"]),
    TypeCase(
      "double", "float64", ["1.7976931348623157e308", "-2.2250738585072014e-308", "0.1", "9007199254740993e0", "1e23"],
      ["1.7976931348623157e+308", "-2.2250738585072014e-308", "0.1", "9007199254740992.0", "1e+23"]),
  ]

  private static let texts = [
    TypeCase("char(5)", "text", ["'ab'", "''", "'äöü漢😀'"], ["ab", "", "äöü漢😀"]),
    TypeCase(
      "varchar(40)", "text", ["''", "'it''s \"q\" `b` \\\\ \\n \\t'", "'\\0a\\0'", "'ℤ𝄞漢字😀👩‍👩‍👧'", "'trailing  '"],
      ["", "it's \"q\" `b` \\ \n \t", "\0a\0", "ℤ𝄞漢字😀👩‍👩‍👧", "trailing  "]),
    TypeCase("varchar(10) character set latin1", "text", ["'äöüß€'"], ["äöüß€"]),
    TypeCase("tinytext", "text", ["'x'", "repeat('y', 255)"], ["x", String(repeating: "y", count: 255)]),
    TypeCase("text", "text", ["repeat('ä', 32767)"], [String(repeating: "ä", count: 32_767)]),
    TypeCase("mediumtext", "text", ["repeat('z', 70000)"], [String(repeating: "z", count: 70_000)]),
    TypeCase("longtext", "text", ["'x'"], ["x"]),
    TypeCase("enum('a','b','1','it''s')", "text", source: "enum", ["'a'", "'1'", "'it''s'"], ["a", "1", "it's"]),
    TypeCase("set('a','b','c')", "text", source: "set", ["''", "'a,c'", "'a,b,c'"], ["", "a,c", "a,b,c"]),
  ]

  private static let bytes = [
    TypeCase("binary(4)", "bytes", ["x'00ff2700'", "x'01'"], ["00ff2700", "01000000"]),
    TypeCase("varbinary(8)", "bytes", ["x''", "x'00ff275c0a'", "x'20'"], ["", "00ff275c0a", "20"]),
    TypeCase("tinyblob", "bytes", ["x'deadbeef'"], ["deadbeef"]),
    TypeCase("blob", "bytes", ["x'00'"], ["00"]),
    TypeCase("longblob", "bytes", ["repeat(x'fe', 300)"], [String(repeating: "fe", count: 300)]),
    TypeCase("varchar(5) character set binary", "bytes", ["x'fffe'"], ["fffe"]),
    TypeCase(
      "geometry", "bytes", source: "geometry", ["ST_GeomFromText('POINT(1 2)', 0)"],
      ["000000000101000000000000000000f03f0000000000000040"]),
  ]

  private static let times = [
    TypeCase(
      "date", "date", ["'0001-01-01'", "'1582-10-10'", "'2024-02-29'", "'9999-12-31'"],
      ["0001-01-01", "1582-10-10", "2024-02-29", "9999-12-31"]),
    TypeCase(
      "datetime", "timestamp", source: "datetime", ["'1000-01-01 00:00:00'", "'9999-12-31 23:59:59'"],
      ["1000-01-01 00:00:00", "9999-12-31 23:59:59"]),
    TypeCase(
      "datetime(3)", "timestamp", source: "datetime", ["'2050-12-31 22:59:57.150'"], ["2050-12-31 22:59:57.150000"]),
    TypeCase(
      "datetime(6)", "timestamp", source: "datetime", ["'0001-01-01 00:00:00.000001'", "'9999-12-31 23:59:59.999999'"],
      ["0001-01-01 00:00:00.000001", "9999-12-31 23:59:59.999999"]),
    TypeCase(
      "timestamp(6) null", "timestamp with zone", source: "timestamp",
      ["'1970-01-01 00:00:01.000000'", "'2038-01-19 03:14:07.999999'"],
      ["1970-01-01 00:00:01Z", "2038-01-19 03:14:07.999999Z"]),
    TypeCase(
      "time(6)", "interval", source: "time",
      ["'-838:59:58.999999'", "'838:59:58.999999'", "'00:00:00'", "'-00:00:00.000001'", "'24:00:00'"],
      ["PT-838H-59M-58.999999S", "PT838H59M58.999999S", "PT0S", "PT-0.000001S", "PT24H"]),
    TypeCase("time", "interval", source: "time", ["'04:05:30'"], ["PT4H5M30S"]),
  ]

  private static let others = [
    TypeCase("json", "json", ["'{\"a\": [1, null, \"ü😀\"]}'"], ["{\"a\": [1, null, \"ü😀\"]}"]),
    TypeCase(
      "uuid", "uuid", ["'123e4567-e89b-12d3-a456-426655440000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'"],
      ["123e4567-e89b-12d3-a456-426655440000", "ffffffff-ffff-ffff-ffff-ffffffffffff"], isMariaDB: true),
    TypeCase(
      "inet6", "text", source: "inet6", ["'::1'", "'2001:db8::ff00:42:8329'"], ["::1", "2001:db8::ff00:42:8329"],
      isMariaDB: true),
    TypeCase(
      "inet4", "text", source: "inet4", ["'0.0.0.0'", "'255.255.255.255'"], ["0.0.0.0", "255.255.255.255"],
      isMariaDB: true),
    TypeCase(
      "point", "bytes", source: "point", ["ST_GeomFromText('POINT(-1 0.5)', 4326)"],
      ["e61000000101000000000000000000f0bf000000000000e03f"], isMariaDB: true),
  ]
}
