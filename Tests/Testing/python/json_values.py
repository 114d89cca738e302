"""Compares the rows that Ferry has read from JSON with what Python's json sees in the same bytes.

Reads lines of {"name", "input" (base64), "rows" (as Ferry writes them)}; prints a line for each that differs.
"""

import base64
import json
import sys
from decimal import Decimal, InvalidOperation


def number(text):
    """With every digit; as it is written where the exponent is beyond what Python has."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return text


def load(text):
    return json.loads(text, parse_float=number, parse_int=number)


def rows_of(document):
    """A table's rows: objects as they are, any other values in the column `value`."""
    values = document if isinstance(document, list) else [document]
    return values if values and isinstance(values[0], dict) else [{"value": value} for value in values]


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        for line in file:
            case = json.loads(line)
            wanted = rows_of(load(base64.b64decode(case["input"])))
            found = [load(row) for row in case["rows"].split("\n") if row]
            if found != wanted:
                print(f"{case['name']}: wanted {str(wanted)[:200]}, found {str(found)[:200]}")


main()
