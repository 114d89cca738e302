"""Compares rows of CSV with what Python's csv reads; prints a line for each case that differs.

Reads lines of {"name", "text", "columns", "rows", "bad", "options", "python"}. Cases with bad rows, and with options
that Python's csv does not have, are left out.
"""

import csv
import json
import re
import sys

KNOWN = {"header", "fieldSeparator", "textDelimiter"}


def read(case, options):
    quote = options.get("textDelimiter", '"')
    dialect = {"delimiter": options.get("fieldSeparator", ","), "strict": True}
    if quote:
        dialect["quotechar"] = quote
    else:
        dialect["quoting"] = csv.QUOTE_NONE
    text = case["text"].removeprefix("\ufeff")
    rows = list(csv.reader(cut(text), **dialect))
    # An empty line is a row of one empty field.
    return [row or [""] for row in rows]


def cut(text):
    """A row may come in any pieces; csv wants no line end within one."""
    return re.findall("[^\\r\\n]*(?:\\r\\n|\\r|\\n)|[^\\r\\n]+", text)


def main():
    csv.field_size_limit(1 << 30)
    compared = 0
    with open(sys.argv[1], encoding="utf-8") as file:
        for line in file:
            case = json.loads(line)
            options = case.get("options") or {}
            separator = options.get("fieldSeparator", ",")
            if case.get("bad") or case.get("python") is False or set(options) - KNOWN or len(separator) > 1:
                continue
            compared += 1
            rows = read(case, options)
            if options.get("header", True) and rows:
                names, rows = rows[0], rows[1:]
                width = len(case["columns"])
                rows = [row[:width] for row in rows]
                if len(set(names)) == len(names) and all(names) and names != case["columns"]:
                    print(f"{case['name']}: columns {names}")
            if rows != case["rows"]:
                print(f"{case['name']}: rows {str(rows)[:300]}")
    if compared == 0:
        print("no case was compared")


main()
