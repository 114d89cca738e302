"""Writes and reads Avro files with independent libraries.

usage: avro_agree.py write CODEC FILE    a file of every type, by fastavro; prints its rows
       avro_agree.py read FILE           prints the rows that fastavro finds
       avro_agree.py c FILE              prints the rows that avro-c finds, as avro-c's JSON

A row is printed as a JSON list of texts in Ferry's canonical form, NULL as None.
"""

import base64
import datetime
import decimal
import json
import sys
import uuid

import avro_c
import avro_zstandard  # noqa: F401
import fastavro

UTC = datetime.timezone.utc


EPOCH = datetime.datetime(1970, 1, 1)
LEAP = datetime.datetime(2024, 2, 29, 12, 0, 0, 123456)
STRINGS = {"type": "array", "items": ["null", "string"]}


def logical(physical, name, **more):
    return {"type": physical, "logicalType": name, **more}


def instant(value):
    return value.replace(tzinfo=UTC)


def fixed(name, size, **more):
    return {"type": "fixed", "name": name, "size": size, **more}


NODE = {
    "type": "record",
    "name": "Node",
    "fields": [{"name": "label", "type": "string"}, {"name": "children", "type": {"type": "array", "items": "Node"}}],
}

# name, type, Python values, their canonical texts
COLUMNS = [
    ("nothing", "null", [None, None, None], [None, None, None]),
    ("flag", "boolean", [True, False, True], ["true", "false", "true"]),
    ("small", "int", [0, -(2**31), 2**31 - 1], ["0", "-2147483648", "2147483647"]),
    ("big", "long", [1, -(2**63), 2**63 - 1], ["1", "-9223372036854775808", "9223372036854775807"]),
    ("single", "float", [1.5, -0.25, float("inf")], ["1.5", "-0.25", "Infinity"]),
    ("double", "double", [0.1, -1e300, float("nan")], ["0.1", "-1e+300", "NaN"]),
    ("raw", "bytes", [b"", b"\x00\xff", b"abc"], ["", "AP8=", "YWJj"]),
    ("text", "string", ["", "grüße 🎈", "x" * 300], ["", "grüße 🎈", "x" * 300]),
    ("kind", {"type": "enum", "name": "Kind", "symbols": ["A", "B", "C"]}, ["A", "C", "B"], ["A", "C", "B"]),
    ("block", fixed("Block", 3), [b"abc", b"\x00\x00\x00", b"\xff\xfe\xfd"], ["YWJj", "AAAA", "//79"]),
    (
        "money",
        logical("bytes", "decimal", precision=10, scale=2),
        [decimal.Decimal("12.34"), decimal.Decimal("-0.01"), decimal.Decimal("99999999.99")],
        ["12.34", "-0.01", "99999999.99"],
    ),
    (
        "wide",
        logical("bytes", "decimal", precision=50, scale=5),
        [decimal.Decimal("1E+40"), decimal.Decimal("-123.45678"), decimal.Decimal(0)],
        ["1" + "0" * 40 + ".00000", "-123.45678", "0.00000"],
    ),
    (
        "packed",
        fixed("Packed", 8, logicalType="decimal", precision=18, scale=4),
        [decimal.Decimal("-99999999999999.9999"), decimal.Decimal("0.0001"), decimal.Decimal(7)],
        ["-99999999999999.9999", "0.0001", "7.0000"],
    ),
    (
        "id",
        logical("string", "uuid"),
        [uuid.UUID(int=0), uuid.UUID(int=2**128 - 1), uuid.UUID(int=2**64)],
        [str(uuid.UUID(int=0)), str(uuid.UUID(int=2**128 - 1)), str(uuid.UUID(int=2**64))],
    ),
    (
        "day",
        logical("int", "date"),
        [datetime.date(1970, 1, 1), datetime.date(1, 1, 1), datetime.date(9999, 12, 31)],
        ["1970-01-01", "0001-01-01", "9999-12-31"],
    ),
    (
        "clock_ms",
        logical("int", "time-millis"),
        [datetime.time(0), datetime.time(23, 59, 59, 999000), datetime.time(12, 30)],
        ["00:00:00", "23:59:59.999000", "12:30:00"],
    ),
    (
        "clock_us",
        logical("long", "time-micros"),
        [datetime.time(0), datetime.time(23, 59, 59, 999999), datetime.time(12, 30)],
        ["00:00:00", "23:59:59.999999", "12:30:00"],
    ),
    (
        "at_ms",
        logical("long", "timestamp-millis"),
        [instant(EPOCH), instant(LEAP.replace(microsecond=123000)), instant(EPOCH.replace(1900))],
        ["1970-01-01T00:00:00Z", "2024-02-29T12:00:00.123000Z", "1900-01-01T00:00:00Z"],
    ),
    (
        "at_us",
        logical("long", "timestamp-micros"),
        [instant(EPOCH), instant(LEAP), instant(EPOCH.replace(1900))],
        ["1970-01-01T00:00:00Z", "2024-02-29T12:00:00.123456Z", "1900-01-01T00:00:00Z"],
    ),
    ("at_ns", logical("long", "timestamp-nanos"), [0, 1, -1], [
        "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000001Z", "1969-12-31T23:59:59.999999999Z"]),
    (
        "wall_ms",
        logical("long", "local-timestamp-millis"),
        [EPOCH, datetime.datetime(2024, 2, 29, 12, 0, 0, 123000), EPOCH.replace(1900)],
        ["1970-01-01T00:00:00", "2024-02-29T12:00:00.123000", "1900-01-01T00:00:00"],
    ),
    (
        "wall_us",
        logical("long", "local-timestamp-micros"),
        [EPOCH, datetime.datetime(2024, 2, 29, 12, 0, 0, 123456), EPOCH.replace(1900)],
        ["1970-01-01T00:00:00", "2024-02-29T12:00:00.123456", "1900-01-01T00:00:00"],
    ),
    ("wall_ns", logical("long", "local-timestamp-nanos"), [0, 1, -1], [
        "1970-01-01T00:00:00", "1970-01-01T00:00:00.000000001", "1969-12-31T23:59:59.999999999"]),
    (
        "span",
        fixed("Span", 12, logicalType="duration"),
        [bytes(12), bytes([1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0]), bytes([255, 255, 255, 127] * 2 + [255] * 4)],
        ["PT0S", "P1M2DT0.003S", "P178956970Y7M2147483647DT1193H2M47.295S"],
    ),
    ("maybe", ["null", "long"], [None, 5, -5], [None, "5", "-5"]),
    ("maybe_last", ["string", "null"], ["a", None, ""], ["a", None, ""]),
    ("numbers", {"type": "array", "items": "int"}, [[], [1, 2, 3], list(range(200))], [
        "[]", "[1,2,3]", json.dumps(list(range(200)), separators=(",", ":"))]),
    ("maybes", STRINGS, [["a", None], [], [None]], ['["a",null]', "[]", "[null]"]),
    ("ages", {"type": "map", "values": "long"}, [{}, {"a": 1}, {"b": 2, 'c"': 3}], [
        "{}", '{"a":1}', '{"b":2,"c\\"":3}']),
    ("either", ["null", "long", "string", {"type": "array", "items": "int"}], [7, "seven", [7]], [
        "7", '"seven"', "[7]"]),
    ("width", ["int", "long"], [1, 2**40, -1], ["1", str(2**40), "-1"]),
    (
        "tree",
        NODE,
        [
            {"label": "a", "children": []},
            {"label": "b", "children": [{"label": "c", "children": []}]},
            {"label": "d", "children": [{"label": "e", "children": [{"label": "f", "children": []}]}]},
        ],
        [
            '{"label":"a","children":[]}',
            '{"label":"b","children":[{"label":"c","children":[]}]}',
            '{"label":"d","children":[{"label":"e","children":[{"label":"f","children":[]}]}]}',
        ],
    ),
    ("lists", {"type": "array", "items": {"type": "array", "items": "int"}}, [[], [[1], []], [[2, 3]]], [
        "[]", "[[1],[]]", "[[2,3]]"]),
]


def write(codec, path):
    schema = {
        "type": "record",
        "name": "Everything",
        "namespace": "test.avro",
        "fields": [{"name": name, "type": kind} for name, kind, _, _ in COLUMNS],
    }
    rows = [{name: values[row] for name, _, values, _ in COLUMNS} for row in range(3)]
    with open(path, "wb") as file:
        fastavro.writer(file, schema, rows * 50, codec=codec, sync_interval=4000)
    for row in range(3):
        print(json.dumps([texts[row] for _, _, _, texts in COLUMNS]))


def number(value):
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return repr(value)


def stamp(value):
    text = value.replace(tzinfo=None).isoformat()
    return text + ("Z" if value.tzinfo else "")


def text(value):
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return number(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, datetime.datetime):
        return stamp(value)
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, list):
        return "[" + ",".join("null" if item is None else quoted(item) for item in value) + "]"
    return str(value)


def quoted(value):
    if isinstance(value, (bool, int, decimal.Decimal)) or isinstance(value, float) and value - value == 0:
        return text(value)
    return json.dumps(text(value), ensure_ascii=False)


def read(path):
    with open(path, "rb") as file:
        for row in fastavro.reader(file):
            print(json.dumps([text(value) for value in row.values()]))


if __name__ == "__main__":
    {"write": write, "read": read, "c": lambda path: print(*avro_c.lines(path), sep="\n")}[sys.argv[1]](*sys.argv[2:])
