"""Compares what Ferry has written of random files with these files.

usage: avro_reread.py FOLDER     where avro_random.py has put its files

N.given.avro has the schema of N.avro: fastavro and avro-c find the same values in both. N.inferred.avro has a schema of
Ferry's: fastavro finds the same texts in it. Prints a line a difference, and how many files it has compared.
"""

import decimal
import json
import math
import os
import sys

import avro_c
import avro_zstandard  # noqa: F401
import fastavro
from avro_random import Texts
from avro_schemas import names_of


def read(path):
    with open(path, "rb") as file:
        reader = fastavro.reader(file)
        return json.loads(json.dumps(reader.writer_schema)), list(reader)


def same(a, b):
    if isinstance(a, float) and isinstance(b, float) and math.isnan(a):
        return math.isnan(b)
    if type(a) is not type(b):
        return False
    if isinstance(a, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(value, b[key]) for key, value in a.items())
    return a == b


def in_c(path):
    """The rows as avro-c sees them; none where it does not read such a file."""
    try:
        return list(avro_c.lines(path))
    except ValueError:
        return []


def compare_given(base, other):
    path = f"{base}.avro"
    (schema, rows), (found_schema, found) = read(path), read(other)
    if schema != found_schema:
        return "another schema"
    if len(rows) != len(found):
        return f"{len(found)} rows instead of {len(rows)}"
    for number, (a, b) in enumerate(zip(rows, found)):
        if not same(a, b):
            return f"row {number} is {b} instead of {a}"
    with open(f"{base}.json", encoding="utf-8") as file:
        is_usual = json.load(file)["how"].startswith("fastavro")
    # avro-c stumbles over blocks of no rows.
    for number, (a, b) in enumerate(zip(in_c(path), in_c(other))) if is_usual else ():
        if a != b:
            return f"row {number} is {b} instead of {a}, says avro-c"
    return None


def compare_inferred(path, other):
    with open(path, encoding="utf-8") as file:
        expected = json.load(file)["rows"]
    schema, rows = read(other)
    texts = Texts(names_of(schema))
    found = [[texts.column(field["type"], row[field["name"]]) for field in schema["fields"]] for row in rows]
    for number, (a, b) in enumerate(zip(expected, found)):
        if a != b:
            return f"row {number} is {b} instead of {a}"
    return None if len(expected) == len(found) else f"{len(found)} rows instead of {len(expected)}"


if __name__ == "__main__":
    decimal.getcontext().prec = 100
    folder, compared = sys.argv[1], 0
    for name in sorted(os.listdir(folder)):
        kind = name.split(".")[1]
        base = f"{folder}/{name.split('.')[0]}"
        if kind not in ("given", "inferred"):
            continue
        compared += 1
        if kind == "given":
            problem = compare_given(base, f"{folder}/{name}")
        else:
            problem = compare_inferred(f"{base}.json", f"{folder}/{name}")
        if problem:
            print(f"{name}: {problem}")
    print(compared)
