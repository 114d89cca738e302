"""Writes random tables with Python's csv in random dialects, each a line as in fixtures/suites/csv.jsonl.

usage: csv_corpus.py FILE, which holds the number of tables
"""

import csv
import io
import json
import random
import sys

PIECES = ["a", "b c", "1", "-2.5", "", '"', '""', "'", ",", ";", "|", "\t", "\n", "\r", "\r\n", "é", "日本", "😀", "¦"]
PIECES += ["\\", "\\N", "\x01", "\x1e", " ", "#", "x" * 70]


def table(number, dice):
    separator = dice.choice([",", ";", "\t", "|", "\x01", "\x1f", "¦", "，", "😀", " ", "a", "1"])
    quote = dice.choice([character for character in "\"'«»`" if character != separator])
    line_end = dice.choice(["\n", "\n", "\r\n", "\r", "\x1e", "|\n", "<>"])
    if separator in line_end:
        line_end = "\n"
    names = [f"c{column}" for column in range(dice.randint(1, 5))]
    rows = [
        ["".join(dice.choices(PIECES, k=dice.randint(0, 4))) for _ in names] for _ in range(dice.randint(0, 12))
    ]
    out = io.StringIO(newline="")
    quoting = dice.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
    writer = csv.writer(out, delimiter=separator, quotechar=quote, quoting=quoting, lineterminator=line_end)
    writer.writerows([names] + rows)
    text = out.getvalue()
    options = {"fieldSeparator": separator, "textDelimiter": quote, "nullValues": []}
    # Python puts no quotes around a CR where LF ends rows.
    if line_end != "\r\n" or dice.random() < 0.3:
        options["lineDelimiter"] = line_end
    if dice.random() < 0.3:
        text = text.removesuffix(line_end)
    return {"name": f"table {number}", "text": text, "columns": names, "rows": rows, "options": options}


def main():
    dice = random.Random(20_000)
    with open(sys.argv[1], encoding="utf-8") as file:
        count = int(file.read())
    for number in range(count):
        print(json.dumps(table(number, dice)))


main()
