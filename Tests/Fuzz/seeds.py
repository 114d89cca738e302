"""Writes the files that the fuzzers begin with into the folder given: one folder and one dictionary for each reader.

A file is a line of options, a digit each in the order in which Tests/Fuzz/*.swift takes them, and what is to be read.
"""

import datetime
import decimal
import gzip
import io
import json
import pathlib
import sys
import uuid

import fastavro
import polars
import pyarrow as pa
import zstandard
from fastavro import _write

root = pathlib.Path(sys.argv[1])

AGAIN = ["packed", "format", "first", "second", "third"]
OPTIONS = {
    "csv": ["types", "type", "headless", "separator", "quote", "skip_empty", "fill", "extra", "empty_header"]
    + ["skip_lines", "skip_rows", "nulls", "bytes", "max_field", "charset", "policy", "limit", "read", "step"]
    + ["line_end", "threads"],
    "json": [
        "layout",
        "flatten",
        "duplicates",
        "invalid",
        "depth",
        "max_row",
        "bytes",
        "charset",
        "policy",
        "limit",
    ]
    + ["read", "step", "declared", "type", "threads"],
    "avro": ["block", "rows", "schema", "flatten", "policy", "limit", "step"],
    "json-messages": ["duplicates", "invalid", "depth", "max_row", "policy", "read", "step", "budget"],
    "avro-values": ["flatten"],
    "record-file": ["step"],
}


def seed(reader, name, content, **options):
    folder = root / reader
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(content, str):
        content = content.encode()
    head = b""
    if reader in OPTIONS:
        known = OPTIONS[reader] + AGAIN
        head = bytes((48 + options.pop(option, 0)) % 256 for option in known).rstrip(b"0") + b"\n"
    assert not options, options
    (folder / f"seed-{name}").write_bytes(head + content)


def dictionary(reader, *words):
    lines = []
    for word in words:
        word = word.encode() if isinstance(word, str) else word
        lines.append(
            '"' + "".join(chr(b) if 32 <= b < 127 and b not in b'"\\' else f"\\x{b:02X}" for b in word) + '"'
        )
    (root / f"{reader}.dict").write_text("\n".join(lines) + "\n")


CHARSETS = [
    "utf-8",
    "iso-8859-15",
    "cp1252",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "utf-7",
    "shift_jis",
]
CHARSETS += ["iso2022_jp", "gb18030", "euc_kr", "big5hkscs", "cp037"]
# As long as `declarable` in Tests/Fuzz/Text.swift, whose order they have.
VALUES = [
    "x",
    "-12",
    "12.50",
    "1.5e3",
    "2024-02-29",
    "2024-02-29T12:30:15.5",
    "true",
    '{"a":[1]}',
    "3q2+7w==",
    "1.10",
]
VALUES += ["12:30:15.25", "2024-02-29T12:30:15.123456789+02:00", "P1Y2M3DT4H5M6.789S"]
VALUES += [
    "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
    "[1,null]",
    '["a",null,""]',
    "-128",
    "18446744073709551615",
    "0.1",
]
VALUES += [
    "-1.00000000000000000001",
    "23:59:59.999999999",
    "-32768",
    "-2147483648",
    "255",
    "65535",
    "4294967295",
]
VALUES += ["[[1.5],[],null]", '[{"a":1},null]', '["2024-01-31","infinity"]']


def quoted(text):
    return '"' + text.replace('"', '""') + '"'


def csv():
    plain = 'id,name,price,day\n1,Ann,1.50,2024-01-31\n2,"B, ""b""\nx",-2,2024-02-29\n,,,\n'
    for packed in 0, 1:
        for format in range(5):
            seed("csv", f"plain-{packed}{format}", plain, packed=packed, format=format, first=format)
    seed("csv", "bom", "\ufeffa,b\n1,2\n")
    seed("csv", "mark-in-name", '"\ufeffa",b\n1,2\n', types=1, format=1)
    seed("csv", "mark-in-value", '"\ufeffa",b\n1,2\n', types=1, headless=1, format=1, first=1)
    seed("csv", "line-ends", "a,b\r1,2\r\n3,4\n\n5,6\r\r\n", read=1)
    seed("csv", "empty-lines", "a,b\n\n1,2\n\n\n", skip_empty=1, types=1)
    seed("csv", "one-column", "a\n\n1\n\n", format=1, types=1)
    seed("csv", "ragged", "a,b,c\n1\n1,2\n1,2,3\n1,2,3,4\n", read=3)
    seed("csv", "ragged-filled", "a,b,c,,\n1\n1,2\n1,2,3,,\n1,2,3,4,5,6\n", fill=1)
    seed("csv", "empty-names", "a,,a,a_2,,\n1,2,3,4,5,6\n", empty_header=1, format=1)
    seed("csv", "no-header", "1,x\n2,y\n", headless=1, format=1, first=1)
    seed("csv", "preamble", 'written "today\nfor you\na,b\n1,2\n3,4\n5,6\n', skip_lines=2, skip_rows=1)
    seed("csv", "open-quote", 'a,b\n1,"x\n2,y\n3,z\n', read=4)
    seed("csv", "open-quotes", 'x","\n' * 6, types=1)
    seed("csv", "extra-bad", 'a,b\n1,"x"y\n"2"z,"y"\n', read=2)
    seed("csv", "extra-good", 'a,b\n1,"x"y\n"2"z,"y""w"v\n', extra=1, types=1)
    seed("csv", "quote-within", 'a,b\n1,x"y"\n2," "\n', types=1)
    seed("csv", "no-quotes", 'a,b\n"1,2"\n3,"\n', quote=2, types=1)
    seed("csv", "other-signs", "a;b\n'1;''2';3\n", separator=1, quote=1, format=1, second=80)
    seed("csv", "tabs", "a\tb\n1\t2\n", separator=2)
    seed("csv", "digits-between", "a1b\n213\n" * 3, separator=5, format=1, second=48)
    for number, (between, quote, end) in enumerate(
        [("||", "'", ";;\n"), ("é", "«", "¶"), ("-=", '"', "|"), ("\t", "", "\r\n")]
    ):
        rows = [["a", "b"], [f"{quote}1{between}{quote}", "2"], ["x" + end[:1], f"{quote}{quote}"]]
        text = end.join(between.join(row) for row in rows) + end
        marks = {
            "separator": [6, 7, 8, 2][number],
            "quote": [1, 3, 0, 2][number],
            "line_end": [3, 5, 4, 2][number],
        }
        seed("csv", f"any-{number}", text, types=1, read=number, format=1, second=number * 85, **marks)
        seed("csv", f"any-long-{number}", text * 9, types=1, read=number, max_field=3, threads=1, **marks)
    seed("csv", "nulls", 'a,b\n\\N,"\\N"\nNULL,\n-,0\n', nulls=2, types=1, format=1)
    seed("csv", "not-utf8", b"a,b\n1,\xff\n2,\xc3\xa9\n\xe2\x82,3\n", read=5)
    seed(
        "csv", "long-field", "a,b\n" + "x" * 90 + ",1\n" + '"' + "y\n" * 45 + '",2\n3,4\n', max_field=3, read=3
    )
    seed("csv", "tiny-fields", "a,b\n1,22\n3,4\n" + "5" * 20 + ",6\n", max_field=1, read=4)
    seed("csv", "policies", "a,b\n1\n2\n3,4\n", policy=1)
    seed("csv", "skipped", "a,b\n1\n2\n3,4\n", policy=2, limit=2)
    seed("csv", "warned", "a,b\n" + "1\n" * 25, policy=3)
    narrow = {"number": ["1", "2.5", "-0.125", "1e5"], "long": ["9" * 18, "9" * 19, "9" * 39, "9" * 77]}
    narrow |= {
        "zeros": ["0", "007", "-0", "1.10"],
        "late-text": ["1"] * 40 + ["x"],
        "words": ["true", "FALSE", "t"],
    }
    narrow |= {
        "days": ["2024-01-31", "2024-13-01"],
        "late-number": [""] * 40 + ["7"],
        "exact": ["0.1", "1e400", "1.0e-5"],
    }
    narrow |= {
        "walls": ["2024-01-31T10:00:00", "2024-01-31 10:00:00.123456789"],
        "clocks": ["10:00:00", "24:00:00.5"],
    }
    narrow |= {"instants": ["2024-01-31T10:00:00Z", "2024-01-31 10:00:00.5+05:30"]}
    for name, values in narrow.items():
        seed(
            "csv",
            f"infer-{name}",
            "a,b\n" + "".join(f"{value},{i}\n" for i, value in enumerate(values)),
            read=3,
            format=1,
        )
    columns = [f"c{index}" for index in range(len(VALUES))]
    for format in range(5):
        rows = [columns, VALUES, [""] * len(VALUES), VALUES[::-1]]
        text = "\n".join(",".join(map(quoted, row)) for row in rows) + "\n"
        seed("csv", f"declared-{format}", text, types=2, format=format, first=2 + format, second=format)
    for index, charset in enumerate(CHARSETS):
        text = 'a,b\n1,é\n"ü\nß",2\n' if index in (0, 1, 2, 3, 4, 5, 6, 7, 10, 13) else "a,b\n1,x\ny,ア\n"
        if charset in ("euc_kr", "big5hkscs"):
            text = "a,b\n1,\uac00\n" if charset == "euc_kr" else "a,b\n1,\u00ca\u0304\u00ea\n2,\u00ca"
        seed(
            "csv",
            f"charset-{charset}",
            text.encode(charset),
            charset=index,
            step=index % 4,
            read=index % 8,
            types=1,
        )
    for third in range(6):
        for format in 1, 2:
            seed("csv", f"written-{third}{format}", "a,b\né,😀\n+,~\n", format=format, third=third, types=1)
    seed("csv", "gzip", gzip.compress(plain.encode(), mtime=0) * 2)
    seed("csv", "zstd", zstandard.compress(plain.encode()) * 2, step=1)
    seed("csv", "zstd-cut", zstandard.compress(plain.encode() * 20)[:-3])
    seed("csv", "empty", "")
    dictionary(
        "csv",
        ",",
        ";",
        '"',
        '""',
        "\r\n",
        "\n",
        "\r",
        "\\N",
        "\ufeff",
        "é",
        b"\xff",
        b"\xf0\x9f\x98\x80",
        *VALUES,
    )


def json_files():
    flat = '{"a":1,"b":"x"}\n{"b":null,"a":2.5}\n{"c":true}\n'
    for layout in 0, 1, 2:
        seed("json", f"lines-{layout}", flat, layout=layout, read=layout)
        seed(
            "json", f"array-{layout}", '[{"a":1},\n {"a":2 },{"b":[1,{"c":"]"}]}]\n', layout=layout, read=layout
        )
    for packed in 0, 1:
        for format in range(5):
            seed("json", f"plain-{packed}{format}", flat, packed=packed, format=format, first=format)
    seed("json", "documents", '{"a":\n1}{"a":2} {"a":"x,}"}\n\n[{"a":4}]', read=1)
    seed("json", "one", '{\n  "a": 1,\n  "b": [1,\n 2]\n}\n', format=2, first=1)
    nested = '{"a":{"b":{"c":1,"d":{}},"e":[]},"a.b":2}\n{"a":5}\n{"a":null}\n'
    for flatten in range(4):
        seed("json", f"nested-{flatten}", nested, flatten=flatten, duplicates=1, format=2)
    seed("json", "duplicates", '{"a":1,"a":2}\n{"a":null,"a":3}\n{"a":4,"\\u0061":5}\n')
    seed("json", "duplicates-last", '{"a":1,"a":null}\n{"a":[1],"a":3}\n', duplicates=1)
    texts = '{"a":"\\u00e9\\n\\"\\/\\\\","b":"\\ud83d\\ude00"}\n{"a":"\\ud800x"}\n{"a":["\\udc00"]}\n{"\\ud800":1}\n'
    seed("json", "escapes", texts, format=2)
    seed("json", "escapes-replaced", texts, invalid=1, format=4)
    seed("json", "bad-text", b'{"a":"\xff"}\n{"a":"\xed\xa0\x80"}\n{"a":"\x01"}\n{"a":1}\n')
    deep = '{"a":[[[[1]]]]}\n{"a":{"b":{"c":{"d":1}}}}\n{"a":1}\n'
    seed("json", "deep", deep, depth=2)
    seed("json", "deep-flat", deep, depth=1, flatten=3)
    seed("json", "very-deep", '{"a":' + "[" * 600 + "]" * 600 + "}\n", depth=3)
    seed("json", "long-rows", '{"a":1}\n{"a":"' + "x" * 90 + '"}\n{"a":2}\n', max_row=3, read=3)
    seed("json", "long-documents", '[{"a":1},\n{"a":"' + "x" * 90 + '"},\n{"a":2}]', max_row=2, read=3)
    seed("json", "late-type", '{"a":1}\n' * 20 + '{"a":"x"}\n{"b":{"c":1}}\n', read=4, format=1)
    seed(
        "json",
        "numbers",
        '{"a":1e5,"b":-0,"c":12345678901234567890,"d":0.10}\n{"a":1E400,"b":0.0,"c":1.5}\n',
        format=2,
    )
    seed(
        "json",
        "long-numbers",
        '{"a":%s}\n{"a":-%s.%s}\n{"a":1e-7}\n' % ("9" * 39, "9" * 40, "1" * 40),
        format=2,
    )
    seed("json", "bad-numbers", '{"a":01}\n{"a":+1}\n{"a":1.}\n{"a":.5}\n{"a":NaN}\n{"a":1e}\n{"a":-}\n')
    seed("json", "bad-rows", '{"a":1,}\n{"a" 1}\n{"a":tru}\n1\n"x"\n[1]\n{]\n{"a":1}}\n{"a":2}\n', layout=1)
    seed("json", "bad-documents", '[{"a":1},,{"a":2},]}{"a":3}', layout=2, read=1)
    seed("json", "open-array", '[{"a":1},{"a":2}', layout=2)
    seed("json", "open-value", '{"a":1}\n{"a":[1,', layout=2)
    seed("json", "line-end-in-text", '{"a":"x\ny"}\n{"a":1}\n', layout=1)
    seed("json", "spaces", ' \r\n\t{ "a" : [ 1 , 2 ] } \r\n\r\n', read=1)
    seed("json", "empty-names", '{"":1}\n{"":{"":2}}\n{}\n', flatten=1, format=2)
    for policy in range(4):
        seed("json", f"policy-{policy}", '{"a":1}\n{\n' * 23, policy=policy, limit=3, layout=1)
    for start in range(0, len(VALUES), 5):
        row = {f"c{i}": VALUES[(start + i // 2) % len(VALUES)] for i in range(0, 40, 3)}
        rows = (
            json.dumps(row)
            + "\n"
            + json.dumps(dict.fromkeys(row))
            + '\n{"c0":1,"c6":[1],"c12":true,"c18":{}}\n'
        )
        seed("json", f"declared-{start}", rows, declared=1, type=start, format=1 + start % 4, first=start)
    for index, charset in enumerate(CHARSETS):
        if charset not in ("shift_jis", "iso2022_jp", "euc_kr", "big5hkscs"):
            seed(
                "json",
                f"charset-{charset}",
                '{"a":"é"}\n{"ü":1}\n'.encode(charset),
                charset=index,
                step=index % 4,
            )
    seed("json", "bom", '\ufeff{"a":1}\n')
    seed("json", "gzip", gzip.compress(flat.encode(), mtime=0))
    seed("json", "zstd", zstandard.compress(flat.encode()))
    seed("json", "empty", "")
    words = [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        '"',
        "\\",
        "null",
        "true",
        "false",
        '{"a":',
        '"a":',
        "\\u00e9",
        "\\ud83d\\ude00",
    ]
    dictionary(
        "json",
        *words,
        "\\ud800",
        "\\n",
        "\n",
        "\r\n",
        "-0.5e3",
        "1E400",
        "\ufeff",
        b"\xff",
        b"\xed\xa0\x80",
        *VALUES,
    )


MOMENT = datetime.datetime(2024, 2, 29, 12, 30, 15, 123456)
UTC = datetime.timezone.utc


def logical(type, name, **more):
    return {"type": type, "logicalType": name, **more}


def fixed(size, **more):
    return {"type": "fixed", "name": f"F{size}", "size": size, **more}


NODE = {
    "type": "record",
    "name": "N",
    "fields": [{"name": "v", "type": "int"}, {"name": "next", "type": ["null", "N"]}],
}
ROW = {
    "type": "record",
    "name": "S",
    "fields": [{"name": "p", "type": "long"}, {"name": "q", "type": ["null", "string"]}],
}
AVRO = {
    "null": ("null", [None]),
    "boolean": ("boolean", [True, False]),
    "int": ("int", [0, -(2**31)]),
    "long": ("long", [1, -(2**63)]),
    "float": ("float", [1.5]),
    "double": ("double", [0.1, float("nan")]),
    "bytes": ("bytes", [b"", b"\0\xff"]),
    "string": ("string", ["", "é😀"]),
    "fixed": (fixed(3), [b"abc"]),
    "enum": ({"type": "enum", "name": "E", "symbols": ["A", "B"], "default": "A"}, ["A", "B"]),
    "optional": (["null", "long"], [None, 7]),
    "optional-last": (["string", "null"], ["x", None]),
    "union": (
        ["null", "int", "string", {"type": "array", "items": "long"}, ROW],
        [None, 1, "x", [1], {"p": 1, "q": None}],
    ),
    "array": ({"type": "array", "items": ["null", "int"]}, [[], [1, None, 3]]),
    "arrays": ({"type": "array", "items": {"type": "array", "items": "string"}}, [[["a"], []]]),
    "map": ({"type": "map", "values": "double"}, [{}, {"k": 1.5, "é": 0.0}]),
    "record": (ROW, [{"p": 1, "q": "x"}, {"p": 2, "q": None}]),
    "records": (["null", ROW], [None, {"p": 1, "q": "x"}]),
    "recursive": (NODE, [{"v": 1, "next": {"v": 2, "next": None}}]),
    "decimal": (logical("bytes", "decimal", precision=10, scale=2), [decimal.Decimal("-12.34")]),
    "decimal-fixed": (
        {**fixed(20), "logicalType": "decimal", "precision": 47, "scale": 4},
        [decimal.Decimal("-1.5")],
    ),
    "decimal-narrow": (
        {**fixed(5), "logicalType": "decimal", "precision": 11, "scale": 3},
        [decimal.Decimal("1.5")],
    ),
    "decimal-wide": (logical("bytes", "decimal", precision=60, scale=5), [decimal.Decimal(10) ** 50]),
    "decimal-huge": (logical("bytes", "decimal", precision=90, scale=5), [decimal.Decimal(10) ** 80]),
    "uuid": (logical("string", "uuid"), [str(uuid.UUID(int=7))]),
    "date": (logical("int", "date"), [MOMENT.date()]),
    "time-millis": (logical("int", "time-millis"), [datetime.time(12, 30)]),
    "time-micros": (logical("long", "time-micros"), [datetime.time(23, 59, 59, 999999)]),
    "timestamp-millis": (logical("long", "timestamp-millis"), [MOMENT.replace(tzinfo=UTC)]),
    "timestamp-micros": (logical("long", "timestamp-micros"), [MOMENT.replace(tzinfo=UTC)]),
    "timestamp-nanos": (logical("long", "timestamp-nanos"), [2**62]),
    "local-millis": (logical("long", "local-timestamp-millis"), [MOMENT]),
    "local-micros": (logical("long", "local-timestamp-micros"), [MOMENT]),
    "local-nanos": (logical("long", "local-timestamp-nanos"), [-1]),
    "duration": ({**fixed(12), "logicalType": "duration"}, [b"\1\0\0\0\2\0\0\0\3\0\0\0"]),
    "uuid-fixed": ({**fixed(16), "logicalType": "uuid"}, [b"\1" * 16]),
    "dates": ({"type": "array", "items": logical("int", "date")}, [[MOMENT.date()]]),
    "json": ({"type": "string", "ferry.type": "json"}, ['{"a":1}']),
    "int8": ({"type": "int", "ferry.type": "int8"}, [-128]),
    "uint16": ({"type": "int", "ferry.type": "uint16"}, [65535]),
    "uint32": ({"type": "long", "ferry.type": "uint32"}, [7]),
    "numeric": ({"type": "string", "ferry.type": "numeric"}, ["1.10"]),
    "uint64": ({"type": "bytes", "ferry.type": "uint64"}, [b"\7"]),
    "time-nanos": ({"type": "long", "ferry.type": "time(ns)"}, [5]),
    "interval": ({"type": "string", "ferry.type": "interval"}, ["P1Y"]),
}
CODECS = ["null", "deflate", "snappy", "zstandard", "bzip2", "xz"]
# What values are read as that were written as something else: promotions, aliases, defaults, branches of unions.
READ_AS = {
    "int": ["long", "float", "double", ["null", "double"], "string"],
    "long": ["double", ["float", "long"]],
    "float": ["double"],
    "bytes": ["string"],
    "string": ["bytes", ["null", "string"]],
    "optional": ["long"],
    "union": [["int", "string"], "string"],
    "fixed": [fixed(3), fixed(4)],
    "enum": [
        {"type": "enum", "name": "E", "symbols": ["A", "C"], "default": "C"},
        {"type": "enum", "name": "E", "symbols": ["B"]},
    ],
    "array": [{"type": "array", "items": ["null", "double"]}],
    "map": [{"type": "map", "values": ["null", "double"]}],
    "record": [
        {
            "type": "record",
            "name": "T",
            "aliases": ["S"],
            "fields": [
                {"name": "z", "type": "string", "default": "none"},
                {"name": "x", "type": "double", "aliases": ["p"]},
            ],
        }
    ],
    "date": [logical("int", "time-millis"), logical("long", "timestamp-millis")],
    "timestamp-millis": [logical("long", "timestamp-micros"), logical("long", "local-timestamp-nanos")],
    "decimal": [
        logical("bytes", "decimal", precision=20, scale=2),
        logical("bytes", "decimal", precision=5, scale=1),
    ],
}


def field(type):
    return {"type": "record", "name": "r", "fields": [{"name": "v", "type": type}]}


def doubling(depth, leaf):
    """A small type whose values are huge, or huge and of no bytes at all."""
    if depth == 0:
        return leaf
    fields = [
        {"name": "a", "type": doubling(depth - 1, leaf)},
        {"name": "b", "type": f"R{depth - 1}" if depth > 1 else leaf},
    ]
    return {"type": "record", "name": f"R{depth}", "fields": fields}


def body(schema, values):
    out = io.BytesIO()
    for value in values:
        fastavro.schemaless_writer(out, schema, value)
    return out.getvalue()


def write_zstandard(file, block, level):
    packed = zstandard.compress(block)
    fastavro.schemaless_writer(file, "bytes", packed)


# fastavro wants a package for this codec that the tests have no other use for.
_write.BLOCK_WRITERS["zstandard"] = write_zstandard


def container(schema, values, codec="null"):
    out = io.BytesIO()
    fastavro.writer(out, schema, values, codec=codec, sync_marker=b"7" * 16)
    return out.getvalue()


def text(schema):
    return json.dumps(schema, separators=(",", ":")).encode() + b"\n"


def avro():
    for number, (name, (type, values)) in enumerate(AVRO.items()):
        schema = field(type)
        parsed = fastavro.parse_schema(schema) if "ferry" not in str(schema) else schema
        values = [{"v": value} for value in values]
        codec = CODECS[number % len(CODECS)]
        how = {
            "format": number % 5,
            "first": number,
            "flatten": number % 4,
            "schema": number % 2 * 2,
            "step": number % 3,
        }
        seed("avro", f"{codec}-{name}", container(parsed, values, codec), **how)
        rows = {1: 0, 2: 1, 3: 2, 5: 3}[len(values)]
        seed(
            "avro",
            f"block-{name}",
            text(schema) + body(parsed, values),
            block=1,
            rows=rows,
            format=3,
            first=number,
        )
        for index, other in enumerate(READ_AS.get(name, [])):
            bytes = text(field(other)) + text(schema) + body(parsed, values)
            seed("avro", f"read-{name}-{index}", bytes, block=1, rows=rows, schema=1, policy=0, format=4)
    every = {
        "type": "record",
        "name": "all",
        "fields": [
            {"name": f"f{i}", "type": ["null", type] if not isinstance(type, list) and type != "null" else type}
            for i, type in enumerate(
                ["boolean", "int", "long", "float", "double", "bytes", "string", ROW, "null"]
            )
        ],
    }
    rows = [
        dict.fromkeys(f"f{i}" for i in range(9)),
        {
            "f0": True,
            "f1": 1,
            "f2": 2,
            "f3": 1.5,
            "f4": 2.5,
            "f5": b"x",
            "f6": "y",
            "f7": {"p": 1, "q": "z"},
            "f8": None,
        },
    ] * 3
    for codec in CODECS:
        seed(
            "avro",
            f"all-{codec}",
            container(fastavro.parse_schema(every), rows, codec),
            flatten=1,
            format=3,
            first=CODECS.index(codec),
        )
    for flatten in 0, 3:
        for leaf in "null", "int":
            seed(
                "avro",
                f"doubling-{leaf}-{flatten}",
                text(doubling(40, leaf)) + b"\0" * 99,
                block=1,
                flatten=flatten,
            )
        twins = {"type": "record", "name": "N", "fields": [{"name": n, "type": ["null", "N"]} for n in "ab"]}
        seed("avro", f"twins-{flatten}", text(twins) + b"\2\0\2\0\0", block=1, flatten=flatten)
    seed("avro", "empty-rows", text("null"), block=1, rows=5)
    seed("avro", "scalar", text("long") + b"\2", block=1)
    seed("avro", "two-runs", text({"type": "array", "items": "int"}) + b"\3\4\2\4\2\6\0", block=1)
    dictionary(
        "avro",
        "Obj\x01",
        "avro.schema",
        "avro.codec",
        *CODECS,
        *map(json.dumps, AVRO),
        '"type":',
        '"name":',
        '"fields":[',
        '"items":',
        '"values":',
        '"symbols":["A"]',
        '"default":',
        '"aliases":["a"]',
        '"namespace":"n"',
        '"logicalType":',
        '"precision":',
        '"scale":',
        '"size":',
        '"ferry.type":',
        '"ferry.name":',
        '{"type":"record","name":"r","fields":[]}',
        '["null",',
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        b"\x80\x80\x80\x80\x10",
        b"\xfe\xff\xff\xff\x0f",
    )


def arrow():
    day, clock = MOMENT.date(), MOMENT.time()
    cents = decimal.Decimal("-12.50")
    columns = {
        "bool": pa.array([True, None, False]),
        "int8": pa.array([1, None, -128], pa.int8()),
        "int32": pa.array([1, None, -3], pa.int32()),
        "uint64": pa.array([2**64 - 1, None, 0], pa.uint64()),
        "half": pa.array([1.5, None, float("inf")], pa.float16()),
        "float": pa.array([1.5, None, -0.0], pa.float32()),
        "double": pa.array([1.5, None, float("nan")]),
        "decimal32": pa.array([cents, None], pa.decimal32(7, 2)),
        "decimal64": pa.array([cents, None], pa.decimal64(15, 3)),
        "decimal": pa.array([cents, None], pa.decimal128(10, 2)),
        "negative-scale": pa.array([decimal.Decimal("1200"), None], pa.decimal128(10, -2)),
        "decimal256": pa.array([decimal.Decimal(10) ** 60, None], pa.decimal256(70, 2)),
        "text": pa.array(["é", None, ""]),
        "large-text": pa.array(["é", None, ""], pa.large_string()),
        "text-view": pa.array(["short", None, "longer than twelve bytes"], pa.string_view()),
        "bytes": pa.array([b"\0\1", None, b""]),
        "bytes-view": pa.array([b"\0" * 13, None], pa.binary_view()),
        "large-bytes": pa.array([b"x", None], pa.large_binary()),
        "fixed": pa.array([b"abc", None], pa.binary(3)),
        "date": pa.array([day, None]),
        "date64": pa.array([day, None], pa.date64()),
        "time32": pa.array([clock.replace(microsecond=0), None], pa.time32("s")),
        "time": pa.array([clock, None]),
        "time-ns": pa.array([5, None], pa.time64("ns")),
        "timestamp-s": pa.array([7, None], pa.timestamp("s")),
        "timestamp-ms": pa.array([7, None], pa.timestamp("ms", "Europe/Berlin")),
        "timestamp": pa.array([MOMENT, None], pa.timestamp("us")),
        "zoned": pa.array([MOMENT, None], pa.timestamp("ns", "UTC")),
        "duration": pa.array([7, None], pa.duration("ms")),
        "interval": pa.array([pa.MonthDayNano([1, 2, 3]), None]),
        "null": pa.nulls(3),
        "list": pa.array([[1, None], None, []], pa.list_(pa.int16())),
        "lists": pa.array([[["a"], None], None, []]),
        "large-list": pa.array([[1], None], pa.large_list(pa.int8())),
        "fixed-list": pa.array([[1, 2], None], pa.list_(pa.int8(), 2)),
        "list-view": pa.array([[1, 2], None, []], pa.list_view(pa.int8())),
        "map": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int8())),
        "struct": pa.array([{"a": 1, "b": ["x"]}, None, {"a": None, "b": None}]),
        "union": pa.UnionArray.from_dense(
            pa.array([0, 1], pa.int8()), pa.array([0, 0], pa.int32()), [pa.array([1]), pa.array(["x"])]
        ),
        "runs": pa.RunEndEncodedArray.from_arrays(pa.array([2, 3], pa.int32()), pa.array(["x", "y"])),
        "dictionary": pa.array(["x", None, "x"]).dictionary_encode(),
        "dictionary8": pa.DictionaryArray.from_arrays(pa.array([0, None, 1], pa.uint8()), pa.array([1.5, 2.5])),
        "uuid": pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"\1" * 16, None], pa.binary(16))),
        "json": pa.ExtensionArray.from_storage(pa.json_(), pa.array(['{"a":1}', None])),
    }
    for number, (name, column) in enumerate(columns.items()):
        how = {"step": number % 4, "format": 1 + number % 4, "first": number}
        seed("record-file", name, ipc(pa.table({"a": column}), None), **how)
        if name in ("int32", "text", "list", "dictionary", "struct", "bool"):
            for compression in "lz4", "zstd":
                seed(
                    "record-file",
                    f"{name}-{compression}",
                    ipc(pa.table({"a": pa.concat_arrays([column] * 20)}), compression),
                    **how,
                )
    # pyarrow has no class for this one: its struct, and what the field says of it.
    instants, minutes = pa.array([7, 8], pa.timestamp("s", "UTC")), pa.array([330, -840], pa.int16())
    for name, offsets in ("offset", minutes), ("offset-dictionary", minutes.dictionary_encode()):
        pair = pa.StructArray.from_arrays([instants, offsets], ["timestamp", "offset_minutes"])
        kind = {"ARROW:extension:name": "arrow.timestamp_with_offset", "ARROW:extension:metadata": ""}
        seed("record-file", name, ipc(pa.table([pair], pa.schema([pa.field("a", pair.type, metadata=kind)])), None))
    words = pa.array(["x", "y", "z", None] * 5)
    for format in range(5):
        table = pa.table({"n": pa.array([1, None] * 10), "": words, "n2": pa.array([[1], None] * 10)})
        seed(
            "record-file",
            f"several-{format}",
            ipc(table, None, rows=7),
            format=format,
            first=format,
            second=format,
        )
    seed("record-file", "no-rows", ipc(pa.table({"a": pa.array([], pa.int8())}), None))
    seed("record-file", "no-columns", ipc(pa.table({}), None))
    deltas = io.BytesIO()
    options = pa.ipc.IpcWriteOptions(emit_dictionary_deltas=True)
    with pa.ipc.new_file(
        deltas, pa.schema({"a": pa.dictionary(pa.int8(), pa.string())}), options=options
    ) as writer:
        for values in ["x", "y"], ["x", "y", "z"]:
            column = pa.DictionaryArray.from_arrays(
                pa.array([0, 1, len(values) - 1], pa.int8()), pa.array(values)
            )
            writer.write_batch(pa.record_batch({"a": column}))
    seed("record-file", "delta", deltas.getvalue())
    for compression in "uncompressed", "lz4", "zstd":
        out = io.BytesIO()
        frame = polars.DataFrame({"a": [1, None], "b": ["x", "long enough for a view"], "c": [["p"], []]})
        frame.with_columns(d=polars.col("b").cast(polars.Categorical)).write_ipc(out, compression=compression)
        seed("record-file", f"polars-{compression}", out.getvalue())
    stream = io.BytesIO()
    with pa.ipc.new_stream(stream, pa.schema({"a": pa.int8()})) as writer:
        writer.write_table(pa.table({"a": pa.array([1], pa.int8())}))
    seed("record-file", "stream", stream.getvalue())
    names = [
        "arrow.uuid",
        "arrow.json",
        "arrow.timestamp_with_offset",
        "ferry.numeric",
        "ferry.interval",
        "ARROW:extension:name",
        "ARROW:extension:metadata",
    ]
    numbers = [
        b"\xff\xff\xff\xff",
        b"\xff\xff\xff\x7f",
        b"\0\0\0\x80",
        b"\1\0\0\0\0\0\0\0",
        b"\xff" * 8,
        b"\xff" * 7 + b"\x7f",
    ]
    dictionary("record-file", "ARROW1\0\0", "ARROW1", *names, *numbers, b'\x04"M\x18', b"\x28\xb5\x2f\xfd")


def ipc(table, compression, rows=None):
    out = io.BytesIO()
    with pa.ipc.new_file(out, table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as writer:
        writer.write_table(table, max_chunksize=rows)
    return out.getvalue()


FILTERS = """
abs: d | abbreviate(3): b | json: b | capitalize: b | chunk(2): list | className: a | contains: list
date('yyyy-MM-dd'): time
dateAdd(1, 'DAYS'): time | default('x'): no | endsWith('t'): b | escapeChar('double'): b | first: list
flatten: list | indent(2): b
join('-'): list | jq('.key'): map | keys: map | last: list | length: list | lower: b | md5: b | merge([1]): list
nindent(2): b
number: d | numberFormat('#,##0.00'): d | replace({'t': 'x'}): b | reverse: list | rsort: list | sha1: b
sha256: b | sha512: b
slice(0, 1): list | slugify: b | sort: list | split('e'): b | startsWith('t'): b | string: a | raw: b
format('%s %5d'): b | regexMatch('^(t|x)+[a-z]*$'): b | uniq: list | substringAfter('t'): b
substringAfterLast('t'): b
substringBefore('t'): b | substringBeforeLast('t'): b | timestamp: time | timestampMicro: time
timestampNano: time | title: b | toIon: map
toJson: map | trim: b | upper: b | urldecode: b | urlencode: b | values: map | yaml: map | base64encode: b
base64decode: b | distinct: list
"""


def expressions():
    for call in FILTERS.replace("\n", " | ").split(" | "):
        if ": " in call:
            name, value = call.rsplit(": ", 1)
            seed("expressions", "filter-" + name.split("(")[0], "{{ %s | %s }}" % (value, name))
    for number, text in enumerate(
        [
            "{{ a + 2 * 3 - 4 / 5 % 2 }}",
            "{{ (a == 1 and not (b != 'x')) or d > 1.5 }}",
            "{{ no ?? map.key.deep }}",
            "{{ 1..3 }}",
            "{{ a is odd }}{{ b is empty }}{{ list is iterable }}{{ no is defined }}{{ a is not null }}",
            "{{ b ~ '-' ~ f }}",
            "{% for x in list %}{{ loop.index }}:{{ x }},{% else %}none{% endfor %}",
            "{% if a > 0 %}y{% elseif b %}z{% else %}n{% endif %}",
            "{% set x = [1, 'two', {'k': null}] %}{{ x[2].k }}{{ x | json }}",
            "{# comment #}{{ map['key']['deep'] ? 1 : 2 }}",
            "{% raw %}{{ a }}{% endraw %}",
            "{{- a -}} {%- if a -%} x {%- endif -%}",
            "{{ range(0, 10, 3) }}",
            "{{ max(1, 2.5) }}",
            "{{ now() | date('EEEE d MMMM yyyy HH:mm:ss.SSSSSS XXX', timeZone='Europe/Berlin') }}",
            "{{ uuid() }}",
            "{{ randomInt(1, 9) }}",
            "{{ fromJson('{\"a\":[1,2.5,null]}').a[1] }}",
            "{{ time | dateAdd(-1, 'MONTHS') | date('iso') }}",
            "{{ a b }",
            "{{ 'open",
            "{{ list | map(x => x) }}",
            "{{ currentEachOutput(outputs.x) }}",
            "{{ 9223372036854775807 + 1 }}",
            "{{ -a ** 2 }}",
            "{{ '\\u00e9\\n' }}{{ \"x #{a} y\" }}",
            "{% filter upper %}x{% endfilter %}",
            "{% macro m(x=1) %}{{ x }}{% endmacro %}{{ m(2) }}",
            "{% block x %}y{% endblock %}",
            "{{ [1, [2, [3]]] | flatten | sum }}",
            "{{ map.keys() }}{{ b.length }}",
            "{{ a === 1 }}",
            "{{ 'a' in list }}{{ list contains 1 }}{{ b matches '^t.*' }}",
            "{{ 0.1 + 0.2 }}{{ 1 / 0 }}{{ d * d }}",
            "x {{ a }} y {{ b }}",
            "{{ list | jq('.[] | select(. != null)') }}",
            "{{ map | jq('.key.deep, (.key | keys)') | first }}",
            "{{ b[0:2] }}{{ list[-1] }}",
        ]
    ):
        seed("expressions", f"syntax-{number}", text)
    for number, text in enumerate(
        [
            '{"a":[1,-2.5e3,"\\u00e9\\ud83d\\ude00",null,true,{}]}',
            "[[[[]]]]",
            "1e400",
            "12345678901234567890.10",
            '"\\ud800"',
            "-0",
        ]
    ):
        seed("expressions", f"json-{number}", text)
    names = {call.split("(")[0].split(":")[0] for call in FILTERS.split() if call[0].isalpha()}
    words = [
        "{{",
        "}}",
        "{%",
        "%}",
        "{#",
        "#}",
        " | ",
        " ?? ",
        " ~ ",
        " is ",
        " not ",
        " and ",
        " or ",
        " in ",
        "..",
        "[",
        "]",
        "{'a': ",
        "}",
    ]
    words += [
        "{% for x in ",
        "{% endfor %}",
        "{% if ",
        "{% else %}",
        "{% endif %}",
        "{% set x = ",
        "{% raw %}",
        "{% endraw %}",
        "'yyyy-MM-dd'",
    ]
    dictionary(
        "expressions",
        *words,
        *sorted(names),
        "list",
        "map.key",
        "time",
        "loop.index",
        "9223372036854775807",
        "-1",
        "1e308",
        "0.1",
    )


def avro_values():
    """Two schemas, and values behind a byte for the writer (its lowest bit) and the length."""
    wide = '{"type":"record","name":"r","fields":[{"name":"id","type":"long"},{"name":"t","type":["null","string"]}]}'
    narrow = '{"type":"record","name":"r","fields":[{"name":"id","type":"int"},{"name":"d","type":"double"}]}'
    nested = """{"type":"record","name":"n","fields":[{"name":"a","type":{"type":"array","items":"int"}},\
{"name":"m","type":{"type":"map","values":"string"}},{"name":"e","type":{"type":"enum","name":"e","symbols":["x"]}},\
{"name":"f","type":{"type":"fixed","name":"f","size":2}},{"name":"b","type":"bytes"}]}""".replace("\\\n", "")
    logical = """{"type":"record","name":"l","fields":[\
{"name":"d","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}},\
{"name":"t","type":{"type":"long","logicalType":"timestamp-micros"}},\
{"name":"u","type":{"type":"string","logicalType":"uuid"}}]}""".replace("\\\n", "")

    def values(*pairs):
        return b"".join(bytes([len(value) << 1 | writer]) + value for writer, value in pairs)

    def one(name, first, second, *pairs, **options):
        seed("avro-values", name, f"{first}\n{second}\n".encode() + values(*pairs), **options)

    row = b"\x02\x02\x02a"
    one("two-writers", wide, narrow, (0, row), (1, b"\x04" + bytes(8)), (0, b"\x06\x00"), (1, b"\x04" + bytes(8)))
    one("nested", nested, "", (0, b"\x04\x02\x04\x00\x02\x02k\x02v\x00\x00ab\x04xy"), (0, b"\x00\x00\x00ab\x00"))
    uuid_text = b"\x48" + str(uuid.UUID(int=7)).encode()
    one("logical", logical, wide, (0, b"\x04\x01\x02" + b"\x80\x01" + uuid_text), (1, row))
    one("short", wide, narrow, (0, b"\x02\x02"), (0, row), (0, row + b"\x00"))
    one("number", '"long"', '"string"', (0, b"\x02"), (1, b"\x02a"))
    dictionary("avro-values", '"null"', '"boolean"', '"int"', '"long"', '"float"', '"double"', '"bytes"', '"string"')


def json_messages():
    lines = [
        '{"type":"SCHEMA","stream":"orders","schema":{"properties":{"id":{"type":"integer"}}}}',
        '{"type":"RECORD","stream":"orders","record":{"id":1,"note":"a\\nb"},"time_extracted":"2024-01-01"}',
        '{"stream":"users","record":{"name":"x {\\"type\\":1}"},"type":"RECORD"}',
        "",
        '{"type":"RECORD","stream":"orders","record":{"id":2.5}}',
        '{"type":"STATE","value":{"bookmarks":{"orders":2}}}',
        '{"type":"RECORD","stream":"\\u006frders","record":{"id":"x","n":null}}',
    ]
    seed("json-messages", "tap", "\n".join(lines))
    seed("json-messages", "little-memory", "\n".join(lines), budget=1, read=2, step=1)
    bad = ['{"type":"RECORD"}']
    bad += ['{"type":"RECORD","stream":1,"record":{}}', '{"type":"RECORD","stream":"a","record":[]}']
    for policy in range(4):
        seed("json-messages", f"bad-{policy}", "\n".join([lines[1], *bad, "[1]", "{", lines[4]]), policy=policy, read=3)
    seed("json-messages", "twice", '{"type":"RECORD","stream":"a","record":{"x":1,"x":2}}', duplicates=1)
    dictionary(
        "json-messages",
        *['{"type":"RECORD","stream":"a","record":{', "}}", '"STATE"', '"a":1', '"a":"x"', "null", "1e400"],
    )


for write in csv, json_files, json_messages, avro, avro_values, arrow, expressions:
    write()
