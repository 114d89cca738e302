/// Each type of the server with values at its extremes, as SQL literals.
struct TypeCase: Sendable, CustomStringConvertible {
  var type: String
  var values: [String]
  /// The type in a record, by name.
  var record: String
  var sourceType: String?
  /// The canonical texts of the values in a record; nil where they are the server's own.
  var texts: [String]?

  var description: String { type }

  init(_ type: String, _ record: String, source: String? = nil, _ values: [String], texts: [String]? = nil) {
    self.type = type
    self.record = record
    sourceType = source
    self.values = values
    self.texts = texts
  }

  static let digits1000 = String(repeating: "1234567890", count: 100)

  static let all: [TypeCase] = [
    .init("boolean", "bool", ["true", "false"], texts: ["true", "false"]),
    .init("smallint", "int16", ["-32768", "0", "32767"]),
    .init("integer", "int32", ["-2147483648", "0", "2147483647"]),
    .init("bigint", "int64", ["-9223372036854775808", "0", "9223372036854775807"]),
    .init("oid", "uint32", source: "oid", ["0", "4294967295"]),
    .init(
      "real", "float32",
      ["'NaN'", "'Infinity'", "'-Infinity'", "'-0'", "1e-45", "3.4028235e38", "0.1", "16777217"],
      texts: ["NaN", "Infinity", "-Infinity", "-0.0", "1e-45", "3.4028235e+38", "0.1", "16777216.0"]),
    .init(
      "double precision", "float64",
      ["'NaN'", "'Infinity'", "'-Infinity'", "'-0'", "5e-324", "1.7976931348623157e308", "0.1", "123456789012345680"],
      texts: [
        "NaN", "Infinity", "-Infinity", "-0.0", "5e-324", "1.7976931348623157e+308", "0.1", "1.2345678901234568e+17",
      ]),
    .init(
      "numeric", "numeric",
      [
        "'NaN'", "'Infinity'", "'-Infinity'", "0", "0.00", "-1", "0.000000000000000000000000000001", "1e1000",
        "1e-16383",
        "10000", "100000000.0001", "-0.0001", "12345.678900", digits1000 + "." + digits1000,
      ]),
    .init(
      "numeric(15,2)", "decimal(15,2)",
      ["0", "0.01", "-0.01", "100000", "9999999999999.99", "-9999999999999.99", "12345.6", "10000.05", "0.5"]),
    .init(
      "numeric(38,10)", "decimal(38,10)",
      ["9999999999999999999999999999.9999999999", "-9999999999999999999999999999.9999999999", "0.0000000001", "1e27"]),
    .init(
      "numeric(38,0)", "decimal(38,0)",
      ["99999999999999999999999999999999999999", "-99999999999999999999999999999999999999", "0", "10000000000"]),
    .init("numeric(38,38)", "decimal(38,38)", ["0.99999999999999999999999999999999999999", "-1e-38", "0"]),
    .init(
      "numeric(76,30)", "decimal(76,30)",
      [String(repeating: "9", count: 46) + "." + String(repeating: "9", count: 30), "-1e-30", "0", "123456789.5"]),
    .init("numeric(100,20)", "numeric", source: "numeric(100,20)", [String(repeating: "8", count: 80) + ".5", "-1"]),
    .init("numeric(3,-2)", "numeric", source: "numeric(3,-2)", ["12300", "-99900"]),
    .init("char(5)", "text", source: "character(5)", ["'ab'", "''", "'äöüßx'"], texts: ["ab   ", "     ", "äöüßx"]),
    .init("varchar(10)", "text", source: "character varying(10)", ["''", "'abcdefghij'", "'𝄞😀'"]),
    .init("varchar", "text", source: "character varying", ["''", "'x'"]),
    .init(
      "text", "text",
      [
        "''", "'a'", "E'tab\\t nl\\n cr\\r back\\\\ quote'' \"'", "U&'\\+01F600\\+10FFFF\\FFFF'", "'NULL'", "E'\\\\N'",
        "E'\\\\.'",
      ]),
    .init("name", "text", source: "name", ["'pg_class'", "''"]),
    .init("\"char\"", "text", source: "\"char\"", ["'a'", "''", "E'\\\\303'"]),
    .init(
      "bytea", "bytes", ["''", "'\\x00ff10'", "decode(repeat('00ff', 5000), 'hex')"],
      texts: ["", "00ff10", String(repeating: "00ff", count: 5000)]),
    .init(
      "date", "date",
      [
        "'0001-01-01'", "'9999-12-31'", "'2000-02-29'", "'4713-01-01 BC'", "'5874897-12-31'", "'infinity'",
        "'-infinity'",
      ],
      texts: ["0001-01-01", "9999-12-31", "2000-02-29", "-4712-01-01", "5874897-12-31", "infinity", "-infinity"]),
    .init(
      "time", "time", ["'00:00'", "'23:59:59.999999'", "'24:00'", "'12:34:56.5'"],
      texts: ["00:00:00", "23:59:59.999999", "24:00:00", "12:34:56.500000"]),
    .init("time(2)", "time", ["'12:34:56.55'"], texts: ["12:34:56.550000"]),
    .init("timetz", "text", source: "time with time zone", ["'04:05:06.789-08'", "'24:00:00+15:59'"]),
    .init(
      "timestamp", "timestamp",
      [
        "'2004-10-19 10:23:54.123456'", "'0001-01-01'", "'9999-12-31 23:59:59.999999'", "'0044-03-15 12:00 BC'",
        "'infinity'", "'-infinity'", "'1969-12-31 23:59:59.999999'", "'4713-01-01 00:00 BC'",
      ],
      texts: [
        "2004-10-19 10:23:54.123456", "0001-01-01 00:00:00", "9999-12-31 23:59:59.999999", "-0043-03-15 12:00:00",
        "infinity", "-infinity", "1969-12-31 23:59:59.999999", "-4712-01-01 00:00:00",
      ]),
    .init(
      "timestamptz", "timestamp with zone",
      [
        "'2004-10-19 10:23:54.25+04'", "'2021-03-28 00:59:59.999999Z'", "'2021-03-28 01:00:00Z'", "'infinity'",
        "'-infinity'",
      ],
      texts: [
        "2004-10-19 06:23:54.250000Z", "2021-03-28 00:59:59.999999Z", "2021-03-28 01:00:00Z", "infinity", "-infinity",
      ]),
    .init(
      "interval", "interval",
      [
        "'10 years 4 months 5 days 10 seconds'", "'-1 mons +2 days -00:00:00.000001'", "'0'", "'-178000000 years'",
        "'1000000 hours'",
      ],
      texts: ["P10Y4M5DT10S", "P-1M2DT-0.000001S", "PT0S", "P-178000000Y", "PT1000000H"]),
    .init("uuid", "uuid", ["'00000000-0000-0000-0000-000000000000'", "'123e4567-e89b-12d3-a456-426614174000'"]),
    .init("json", "json", ["'{\"a\" :  [1, null, \"é\"]}'", "'\"x\"'", "'null'", "'[]'"]),
    .init("jsonb", "json", source: "jsonb", ["'{\"b\": 1, \"a\": [1.10, null]}'", "'1e400'"]),
    .init("xml", "text", source: "xml", ["'<a b=\"1\">é</a>'", "'<?xml version=\"1.0\"?><x/>'"]),
    .init(
      "money", "decimal(19,2)", source: "money",
      ["'-92233720368547758.08'", "'92233720368547758.07'", "'0'", "'12.34'"],
      texts: ["-92233720368547758.08", "92233720368547758.07", "0.00", "12.34"]),
    .init("inet", "text", source: "inet", ["'10.0.0.1'", "'10.0.0.0/8'", "'::1'", "'2001:db8::ff00:42:8329/64'"]),
    .init("cidr", "text", source: "cidr", ["'10.0.0.0/8'", "'2001:db8::/32'"]),
    .init("macaddr", "text", source: "macaddr", ["'08:00:2b:01:02:03'"]),
    .init("macaddr8", "text", source: "macaddr8", ["'08:00:2b:01:02:03:04:05'"]),
    .init("bit(5)", "text", source: "bit(5)", ["B'10101'"]),
    .init("bit varying(70)", "text", source: "bit varying(70)", ["B''", "B'101'", "repeat('10', 35)::varbit"]),
    .init("tsvector", "text", source: "tsvector", ["'a fat cat:3A,5B ''quo te'''", "''"]),
    .init("tsquery", "text", source: "tsquery", ["'fat & (rat | !cat:*)'"]),
    .init("int4range", "text", source: "int4range", ["'[1,5)'", "'empty'", "'(,)'"]),
    .init("tstzrange", "text", source: "tstzrange", ["'[2020-01-01 00:00+00,2021-01-01 00:00+00)'"]),
    .init("int8multirange", "text", source: "int8multirange", ["'{[1,3),[7,9)}'"]),
    .init("point", "text", source: "point", ["'(1.5,-2)'", "'(NaN,Infinity)'"]),
    .init("box", "text", source: "box", ["'(2,2),(0,0)'"]),
    .init("polygon", "text", source: "polygon", ["'((0,0),(1,1),(2,0))'"]),
    .init("circle", "text", source: "circle", ["'<(1,2),3>'"]),
    .init("pg_lsn", "text", source: "pg_lsn", ["'16/B374D848'"]),
    .init("jsonpath", "text", source: "jsonpath", ["'$.a[*] ? (@ > 1)'"]),
    .init("regclass", "text", source: "regclass", ["'pg_class'"]),
    .init("t_mood", "text", source: "t_mood", ["'happy'", "'so, \"so\"'"]),
    .init("t_item", "text", source: "t_item", ["ROW('fuzzy \"dice\"', 42, 1.99)", "ROW(NULL, NULL, NULL)"]),
    .init("t_price", "decimal(10,2)", ["1.50", "-99999999.99"]),
    .init("t_names", "list of text", ["'{a,b}'"], texts: ["[\"a\",\"b\"]"]),
    .init("hstore", "text", source: "hstore", ["'a=>1, \"b c\"=>NULL'", "''"]),
    .init("citext", "text", source: "citext", ["'MiXed'"]),
    .init("ltree", "text", source: "ltree", ["'Top.Science.Astronomy'"]),
    .init("int2vector", "text", source: "int2vector", ["'1 2 3'"]),
    .init(
      "integer[]", "list of int32", ["'{1,NULL,-2147483648}'", "'{}'", "'{7}'"],
      texts: ["[1,null,-2147483648]", "[]", "[7]"]),
    .init(
      "text[][]", "list of list of text", ["'{{a,NULL},{\"NULL\",\"q\\\"\\\\\"}}'", "'{}'"],
      texts: ["[[\"a\",null],[\"NULL\",\"q\\\"\\\\\"]]", "[]"]),
    .init("numeric(10,2)[]", "list of decimal(10,2)", ["'{1.5,-0.01,NULL}'"], texts: ["[1.50,-0.01,null]"]),
    .init(
      "timestamptz[]", "list of timestamp with zone", ["'{2020-01-01 00:00+00,infinity}'"],
      texts: ["[\"2020-01-01 00:00:00Z\",\"infinity\"]"]),
    .init(
      "t_mood[]", "list of text", source: "t_mood[]", ["'{happy,\"so, \\\"so\\\"\"}'"],
      texts: ["[\"happy\",\"so, \\\"so\\\"\"]"]),
    .init("inet[]", "text", source: "inet[]", ["'{10.0.0.1,NULL}'"]),
    .init(
      "uuid[]", "list of uuid", ["'{123e4567-e89b-12d3-a456-426614174000}'"],
      texts: ["[\"123e4567-e89b-12d3-a456-426614174000\"]"]),
  ]

  /// The types that the cases need.
  static let setup = """
    DROP TYPE IF EXISTS t_mood CASCADE; CREATE TYPE t_mood AS ENUM ('sad', 'happy', 'so, "so"');
    DROP TYPE IF EXISTS t_item CASCADE; CREATE TYPE t_item AS (name text, supplier_id integer, price numeric);
    DROP DOMAIN IF EXISTS t_price CASCADE; CREATE DOMAIN t_price AS numeric(10,2) CHECK (value < 1e9);
    DROP DOMAIN IF EXISTS t_names CASCADE; CREATE DOMAIN t_names AS text[];

    """
  /// What only the main server has: extensions, and libxml.
  static let contributed: Set = ["hstore", "citext", "ltree", "xml"]
  static let extensions = """
    CREATE EXTENSION IF NOT EXISTS hstore; CREATE EXTENSION IF NOT EXISTS citext; CREATE EXTENSION IF NOT EXISTS ltree;
    """
}
