"""Writes a table like TPC-H's lineitem (16 columns, deterministic) as CSV and newline-delimited JSON.

usage: lineitem.py ROWS FOLDER
"""

import os
import sys

import numpy as np
import polars as pl

WORDS = (
    "furiously carefully quickly slyly blithely final regular special express ironic pending bold even silent "
    "requests deposits accounts packages instructions theodolites pinto beans foxes ideas dependencies platelets "
    "sleep wake haggle nag cajole boost detect integrate among above across after along the according to"
).split()


def comments(random, rows):
    """Texts of two to six words, some with a comma inside."""
    picks = random.integers(0, len(WORDS), (rows, 6))
    counts = random.integers(2, 7, rows)
    commas = random.random(rows) < 0.1
    texts = []
    for pick, count, comma in zip(picks.tolist(), counts.tolist(), commas.tolist()):
        words = [WORDS[index] for index in pick[:count]]
        if comma:
            words[0] += ","
        texts.append(" ".join(words))
    return texts


def lineitem(rows):
    random = np.random.default_rng(1)
    order = np.sort(random.integers(1, rows * 4, rows))
    ship = random.integers(8036, 10562, rows).astype("int32")
    quantity = random.integers(1, 51, rows)
    price = random.integers(90000, 10500000, rows)

    def date(days):
        return pl.Series(days.astype("int32")).cast(pl.Date)

    def choice(texts):
        return pl.Series(np.array(texts)[random.integers(0, len(texts), rows)])

    return pl.DataFrame(
        {
            "l_orderkey": order,
            "l_partkey": random.integers(1, 200001, rows),
            "l_suppkey": random.integers(1, 10001, rows),
            "l_linenumber": random.integers(1, 8, rows),
            "l_quantity": [f"{value}.00" for value in quantity.tolist()],
            "l_extendedprice": [f"{value // 100}.{value % 100:02}" for value in price.tolist()],
            "l_discount": [f"0.{value:02}" for value in random.integers(0, 11, rows).tolist()],
            "l_tax": [f"0.{value:02}" for value in random.integers(0, 9, rows).tolist()],
            "l_returnflag": choice(["A", "N", "R"]),
            "l_linestatus": choice(["F", "O"]),
            "l_shipdate": date(ship),
            "l_commitdate": date(ship + random.integers(-60, 60, rows)),
            "l_receiptdate": date(ship + random.integers(1, 31, rows)),
            "l_shipinstruct": choice(["DELIVER IN PERSON", "COLLECT COD", "NONE", "TAKE BACK RETURN"]),
            "l_shipmode": choice(["REG AIR", "AIR", "RAIL", "SHIP", "TRUCK", "MAIL", "FOB"]),
            "l_comment": comments(random, rows),
        }
    )


def main():
    rows, folder = int(sys.argv[1]), sys.argv[2]
    os.makedirs(folder, exist_ok=True)
    table = lineitem(rows)
    table.write_csv(os.path.join(folder, "lineitem.csv"))
    numbers = ["l_quantity", "l_extendedprice", "l_discount", "l_tax"]
    with open(os.path.join(folder, "lineitem.ndjson"), "w", encoding="utf-8") as file:
        for start in range(0, rows, 100_000):
            part = table.slice(start, 100_000)
            text = part.with_columns(pl.col(pl.Date).cast(pl.String)).write_ndjson()
            # The decimals are texts in the table so that they keep their zeros; in JSON they are numbers.
            for name in numbers:
                text = text.replace(f'"{name}":"', f'"{name}":\0')
            pieces = text.split("\0")
            file.write(pieces[0] + "".join(piece.replace('"', "", 1) for piece in pieces[1:]))


main()
