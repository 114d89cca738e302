"""Reads values of Avro one by one with fastavro. The first line is their schema, the others are values in base64.

Prints the schema's fingerprint, then for each value the bytes that fastavro writes for it, and its texts as a JSON
list."""
import base64
import datetime
import io
import json
import sys

from fastavro import parse_schema, schemaless_reader, schemaless_writer
from fastavro.schema import fingerprint, to_parsing_canonical_form

lines = open(sys.argv[1], encoding="utf-8").read().split("\n")
schema = parse_schema(json.loads(lines[0]))
form = to_parsing_canonical_form(json.loads(lines[0]))
print(format(int.from_bytes(bytes.fromhex(fingerprint(form, "CRC-64-AVRO")), "little"), "x"))


def text(value):
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime.datetime):
        return value.replace(tzinfo=None).isoformat() + "Z"
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if isinstance(value, float):
        return repr(value)
    return str(value)


for line in lines[1:]:
    datum = io.BytesIO(base64.b64decode(line))
    row = schemaless_reader(datum, schema, None)
    assert datum.read() == b"", "fastavro leaves bytes"
    out = io.BytesIO()
    schemaless_writer(out, schema, row)
    print(base64.b64encode(out.getvalue()).decode())
    print(json.dumps([text(value) for value in row.values()], ensure_ascii=False))
