"""Avro files of lineitem to record files and back: Ferry beside Polars on one thread, and fastavro.

usage: avro.py [ROWS] [FOLDER]

FERRY names the release build. Ferry runs a flow as a user would; the others are timed without the start of Python.
"""

import os
import subprocess
import sys
import tempfile

import polars as pl

from measure import medians

FERRY = os.environ.get("FERRY", ".build/release/ferry")
HERE = os.path.dirname(os.path.abspath(__file__))
NUMBERS = ["l_quantity", "l_extendedprice", "l_discount", "l_tax"]

READ = """
id: read
namespace: bench
tasks:
  - id: read
    type: serdes.avro.AvroReader
    from: "file://{source}"
"""
WRITE = """
id: write
namespace: bench
tasks:
  - id: write
    type: serdes.avro.AvroWriter
    from: "file://{source}"
    codec: {codec}
"""
POLARS_READ = "import sys, polars as pl; pl.read_avro(sys.argv[1]).write_ipc(sys.argv[2])"
POLARS_WRITE = (
    "import sys, polars as pl; "
    "pl.read_ipc(sys.argv[1]).write_avro(sys.argv[2], compression=sys.argv[3])"
)


def make(rows, folder):
    """lineitem with its numbers as doubles, which is what Polars writes to Avro."""
    subprocess.run([sys.executable, os.path.join(HERE, "lineitem.py"), str(rows), folder], check=True)
    table = pl.read_csv(os.path.join(folder, "lineitem.csv"), try_parse_dates=True)
    table = table.with_columns(pl.col(NUMBERS).cast(pl.Float64)).rechunk()
    for codec in ("uncompressed", "deflate"):
        path = os.path.join(folder, f"{codec}.avro")
        if not os.path.exists(path):
            table.write_avro(path, compression=codec)
    table.write_ipc(os.path.join(folder, "lineitem.arrow"), compat_level=pl.CompatLevel.oldest())


def flow(folder, name, text):
    path = os.path.join(folder, f"{name}.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return [FERRY, "run", path, "--storage", os.path.join(folder, "storage")]


def main():
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else int(os.environ.get("FERRY_BENCH_ROWS", 2_000_000))
    folder = sys.argv[2] if len(sys.argv) > 2 else tempfile.mkdtemp()
    make(rows, folder)
    os.environ["POLARS_MAX_THREADS"] = "1"
    for codec, polars in (("null", "uncompressed"), ("deflate", "deflate")):
        source, target = os.path.join(folder, f"{polars}.avro"), os.path.join(folder, "out")
        arrow = os.path.join(folder, "lineitem.arrow")
        show(f"avro ({codec}) to record file", medians({
            "ferry": flow(folder, f"read-{codec}", READ.format(source=source)),
            "polars": [sys.executable, "-c", POLARS_READ, source, target],
        }, 3))
        show(f"record file to avro ({codec})", medians({
            "ferry": flow(folder, f"write-{codec}", WRITE.format(source=arrow, codec=codec)),
            "polars": [sys.executable, "-c", POLARS_WRITE, arrow, target, polars],
        }, 3 if codec == "null" else 1))


def show(title, measured):
    best = measured["polars"]
    for name, value in measured.items():
        print(
            f"{title:32} {name:8} {value.wall:7.2f} s {value.cpu:7.2f} s CPU {value.memory >> 20:6} MiB "
            f"{value.wall / best.wall:6.2f} ×")


main()
