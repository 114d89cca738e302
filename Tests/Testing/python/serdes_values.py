"""Compares the values that pyarrow sees in a record file with those that Python finds in the same rows as CSV and JSON.

usage: serdes_values.py FOLDER TYPES: a folder with data.arrow, data.csv, data.jsonl; a file with the columns' types
"""

import base64
import csv
import datetime
import json
import re
import struct
import sys
import uuid
from decimal import Decimal

import orjson
import pyarrow as pa

EPOCH = datetime.date(1970, 1, 1)
CLOCK = re.compile(r"(\d\d):(\d\d):(\d\d)(?:\.(\d+))?")
INTERVAL = re.compile(
    r"P(?:(-?\d+)Y)?(?:(-?\d+)M)?(?:(-?\d+)D)?(?:T(?:(-?\d+)H)?(?:(-?\d+)M)?(?:(-?[\d.]+)S)?)?"
)


def seen(array):
    """A column's values, those of time as numbers."""
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        return seen(array.storage)
    if pa.types.is_list(kind):
        values = seen(array.values)
        offsets = array.offsets.to_pylist()
        valid = array.is_valid().to_pylist()
        return [values[offsets[n] : offsets[n + 1]] if valid[n] else None for n in range(len(array))]
    if pa.types.is_struct(kind):
        # A timestamp with offset.
        return [pair and tuple(pair.values()) for pair in whole_numbers(array)]
    if pa.types.is_date(kind):
        return array.cast(pa.int32()).to_pylist()
    if pa.types.is_time(kind) or pa.types.is_timestamp(kind):
        return array.cast(pa.int64()).to_pylist()
    if pa.types.is_float32(kind) or pa.types.is_float64(kind):
        return [None if value is None else bits(value) for value in array.to_pylist()]
    return array.to_pylist()


def whole_numbers(array):
    fields = pa.struct([("timestamp", pa.int64()), ("offset_minutes", pa.int16())])
    return array.cast(fields).to_pylist()


def bits(value):
    """All that a float is; any NaN is one."""
    return "NaN" if value != value else struct.pack("d", value)


def clock(text, digits):
    hours, minutes, seconds, fraction = CLOCK.fullmatch(text).groups()
    whole = int(hours) * 3600 + int(minutes) * 60 + int(seconds)
    return whole * 10**digits + int((fraction or "").ljust(digits, "0"))


def moment(text, digits, zoned):
    assert text.endswith("Z") == zoned, text
    day, time = text.removesuffix("Z").split("T")
    days = (datetime.date.fromisoformat(day) - EPOCH).days
    return days * 86400 * 10**digits + clock(time, digits)


def offset(text, digits):
    """An instant and the minutes that the clock was ahead of it."""
    wall, sign, hours, minutes = re.fullmatch(r"(.*?T[^Z+-]*)(?:Z|([+-])(\d\d):(\d\d))", text).groups()
    ahead = int(f"{sign or ''}{int(hours or 0) * 60 + int(minutes or 0)}")
    return moment(wall, digits, False) - ahead * 60 * 10**digits, ahead


def interval(text):
    years, months, days, hours, minutes, seconds = INTERVAL.fullmatch(text).groups()
    whole = (int(hours or 0) * 60 + int(minutes or 0)) * 60 + Decimal(seconds or 0)
    return pa.MonthDayNano([int(years or 0) * 12 + int(months or 0), int(days or 0), int(whole * 10**9)])


def float32(text):
    """The float that is nearest to the text itself, not to the double in between."""
    return bits(struct.unpack("f", struct.pack("f", float(text)))[0])


def decimal(text, scale):
    value = Decimal(text)
    assert -value.as_tuple().exponent == scale, text
    return value


def parser(kind):
    """What a text of this type means, in the values of `seen`."""
    digits = 9 if "(ns)" in kind else 6
    if kind.startswith(("int", "uint")) and kind != "interval":
        return int
    if kind.startswith("decimal"):
        scale = int(kind.rstrip(")").split(",")[1])
        return lambda text: decimal(text, scale)
    if kind.endswith("with offset"):
        return lambda text: offset(text, digits)
    if kind.startswith("timestamp"):
        return lambda text: moment(text, digits, "zone" in kind)
    if kind.startswith("time"):
        return lambda text: clock(text, digits)
    return {
        "bool": lambda text: {"true": True, "false": False}[text],
        "float32": float32,
        "float64": lambda text: bits(float(text)),
        "bytes": base64.b64decode,
        "date": lambda text: (datetime.date.fromisoformat(text) - EPOCH).days,
        "interval": interval,
        "uuid": lambda text: uuid.UUID(text).bytes,
    }.get(kind, str)


def element(kind, value):
    """What a JSON value of a column means; numbers and words come as their texts."""
    if value is None:
        return None
    if kind.startswith("list of "):
        return [element(kind.removeprefix("list of "), inner) for inner in value]
    if kind == "json":
        return value
    return parser(kind)(str(value).lower() if isinstance(value, bool) else value)


def loads(text):
    return json.loads(text, parse_float=str, parse_int=str)


def comparable(kind, value):
    """JSON in a record file is a text: what it means counts."""
    if value is None:
        return None
    if kind.startswith("list of "):
        return [comparable(kind.removeprefix("list of "), inner) for inner in value]
    return loads(value) if kind == "json" else value


def from_csv(kind, text):
    if text == "\\N":
        return None
    if kind.startswith("list of ") or kind == "json":
        return element(kind, loads(text))
    return parser(kind)(text)


def main():
    folder, types = sys.argv[1:]
    with open(types, encoding="utf-8") as file:
        kinds = file.read().splitlines()
    with pa.OSFile(f"{folder}/data.arrow") as file:
        table = pa.ipc.open_file(file).read_all().combine_chunks()
    with open(f"{folder}/data.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, strict=True))
    with open(f"{folder}/data.jsonl", encoding="utf-8", newline="\n") as file:
        lines = file.read().removesuffix("\n").split("\n")
    for line in lines:
        orjson.loads(line)
    objects = [loads(line) for line in lines]
    if rows[0] != table.column_names or any(list(row) != table.column_names for row in objects):
        print("the names differ")
    for number, (kind, name) in enumerate(zip(kinds, table.column_names)):
        chunk = table.column(number).chunk(0)
        wanted = [comparable(kind, value) for value in seen(chunk)]
        for what, found in [
            ("CSV", [from_csv(kind, row[number]) for row in rows[1:]]),
            ("JSON", [element(kind, row[name]) for row in objects]),
        ]:
            for row, (a, b) in enumerate(zip(found, wanted, strict=True)):
                if a != b:
                    print(f"{what}, column {name}, row {row}: {a!r}, not {b!r}"[:300])


main()
