"""Prints for each schema, one a line, its Parsing Canonical Form and its CRC-64-AVRO fingerprint, as fastavro has
them."""
import json
import sys

from fastavro.schema import fingerprint, to_parsing_canonical_form

for line in open(sys.argv[1], encoding="utf-8"):
    form = to_parsing_canonical_form(json.loads(line))
    print(form)
    print(format(int.from_bytes(bytes.fromhex(fingerprint(form, "CRC-64-AVRO")), "little"), "x"))
