"""What independent readers make of a CSV or JSON file: one JSON list of texts a row; NULL is null."""

import csv
import json
import sys

import orjson
import pyarrow as pa
import pyarrow.csv


def text(value):
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def csv_rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file, strict=True))
    names = rows[0]
    table = pa.csv.read_csv(
        path,
        parse_options=pa.csv.ParseOptions(newlines_in_values=True),
        convert_options=pa.csv.ConvertOptions(
            column_types={name: pa.string() for name in names}, strings_can_be_null=False
        ),
    )
    again = [list(row.values()) for row in table.to_pylist()]
    if again != rows[1:]:
        raise SystemExit(f"Python's csv and pyarrow differ: {rows[1:]} and {again}")
    return rows[1:]


def json_rows(path):
    with open(path, "rb") as file:
        content = file.read()
    documents = [json.loads(line, parse_float=str, parse_int=str) for line in content.split(b"\n") if line]
    for line in content.split(b"\n"):
        # Python's floats and orjson's agree on every text that both read.
        if line:
            orjson.loads(line)
    return [[text(value) for value in row.values()] for row in documents]


def main():
    kind, path = sys.argv[1:]
    for row in (csv_rows if kind == "csv" else json_rows)(path):
        print(json.dumps(row))


main()
