"""Apache's interop schema and its kin, by Apache's own Python library.

usage: avro_interop.py FOLDER            writes files of the interop schema and others, one for each codec
       avro_interop.py FOLDER FILE …     takes any files

Prints a JSON object a file: where it is, the names of the columns, and the rows that fastavro reads, as avro_random.py
writes them.
"""

import datetime
import decimal
import io
import json
import os
import sys
import uuid
import warnings

import avro
import avro_zstandard  # noqa: F401
import fastavro
from avro import datafile, schema
from avro import io as avro_io
from avro_random import Texts
from avro_schemas import names_of

INTEROP = {
    "intField": 12,
    "longField": 15234324,
    "stringField": "hey",
    "boolField": True,
    "floatField": 1234.0,
    "doubleField": -1234.0,
    "bytesField": b"12312adf",
    "nullField": None,
    "arrayField": [5.0, 0.0, 12.0],
    "mapField": {"a": {"label": "a"}, "bee": {"label": "cee"}},
    "unionField": 12.0,
    "enumField": "C",
    "fixedField": b"1019181716151413",
    "recordField": {"label": "blah", "children": [{"label": "inner", "children": []}]},
}
UTC = datetime.timezone.utc
MOMENT = datetime.datetime(2024, 3, 1, 12, 30, 15, 123000)


def logical(physical, meaning, **more):
    return {"type": physical, "logicalType": meaning, **more}


LOGICAL = [
    (
        "decimal",
        logical("bytes", "decimal", precision=5, scale=4),
        [decimal.Decimal("-3.1415"), decimal.Decimal("9.9999")],
    ),
    (
        "packed",
        logical("fixed", "decimal", name="Packed", size=8, precision=18, scale=4),
        [decimal.Decimal("-99999999999999.9999"), decimal.Decimal("0.0001")],
    ),
    ("date", logical("int", "date"), [datetime.date(2000, 1, 1), datetime.date(1, 1, 1)]),
    ("millis", logical("int", "time-millis"), [datetime.time(23, 59, 59, 999000), datetime.time()]),
    ("micros", logical("long", "time-micros"), [datetime.time(23, 59, 59, 999999), datetime.time()]),
    ("at", logical("long", "timestamp-millis"), [MOMENT.replace(tzinfo=UTC), MOMENT.replace(year=1, tzinfo=UTC)]),
    (
        "at_us",
        logical("long", "timestamp-micros"),
        [MOMENT.replace(tzinfo=UTC), MOMENT.replace(year=9999, tzinfo=UTC)],
    ),
    ("id", logical("string", "uuid"), [str(uuid.UUID(int=5)), str(uuid.UUID(int=2**128 - 1))]),
    ("no_such", logical("string", "unknown-logical-type"), ["12345abcd", ""]),
    ("wrong", logical("string", "timestamp-millis"), ["12345abcd", ""]),
    ("optional", [logical("long", "timestamp-millis"), "null"], [MOMENT.replace(tzinfo=UTC), None]),
]


def write(path, described, rows, codec):
    with open(path, "wb") as file:
        writer = datafile.DataFileWriter(
            file, avro_io.DatumWriter(), schema.parse(json.dumps(described)), codec=codec
        )
        for number, row in enumerate(rows):
            writer.append(row)
            if number % 3 == 2:
                writer.sync()  # ends the block
        writer.close()


def write_all(folder):
    with open(os.path.join(os.path.dirname(avro.__file__), "interop.avsc"), encoding="utf-8") as file:
        interop = json.load(file)
    fields = [{"name": name, "type": kind} for name, kind, _ in LOGICAL]
    logicals = {"type": "record", "name": "Logical", "fields": fields}
    rows = [{name: values[row] for name, _, values in LOGICAL} for row in range(2)]
    for codec in ("null", "deflate", "snappy", "bzip2", "zstandard"):
        write(f"{folder}/interop-{codec}.avro", interop, [INTEROP] * 10, codec)
        write(f"{folder}/logical-{codec}.avro", logicals, rows * 5, codec)
        write(f"{folder}/empty-{codec}.avro", interop, [], codec)
    return sorted(f"{folder}/{name}" for name in os.listdir(folder))


def expected(path):
    with open(path, "rb") as file:
        reader = fastavro.reader(io.BytesIO(file.read()))
        described = json.loads(json.dumps(reader.writer_schema))
        rows = list(reader)
    texts = Texts(names_of(described))
    is_record = isinstance(described, dict) and described["type"] in ("record", "error")
    fields = described["fields"] if is_record else [{"name": "value", "type": described}]
    shown = [[texts.column(f["type"], row[f["name"]] if is_record else row) for f in fields] for row in rows]
    return {"path": path, "names": [f["name"] for f in fields], "rows": shown}


if __name__ == "__main__":
    decimal.getcontext().prec = 100
    warnings.simplefilter("ignore")
    for path in sys.argv[2:] or write_all(sys.argv[1]):
        print(json.dumps(expected(path)))
