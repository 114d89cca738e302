"""CSV, JSON and Avro to record files and back: Ferry beside Polars, DuckDB and pyarrow, taking turns.

usage: serdes.py [--rows N] [--runs N] [--folder FOLDER] [WORK …]

    FERRY               the release build
    FERRY_BEFORE        another one, which then is the yardstick of every work
    FERRY_BENCH_ROWS    rows of `lineitem` (default 2,000,000)
    FERRY_BENCH_ROUNDS  runs of which the median counts (default 5)

All use one thread, or two where it says so. Ferry runs a flow as a user would, its start and its bookkeeping
included. The others run in a process of their own; their times are without the start of Python, their peak
memory is that of the process. All files are in one folder, in memory (/dev/shm) where there is room for them.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace

import measure

HERE = pathlib.Path(__file__).resolve().parent
FERRY = os.path.abspath(os.environ.get("FERRY", HERE.parent / ".build/release/ferry"))
BEFORE = os.environ.get("FERRY_BEFORE")
PEERS = HERE / "serdes_peers.py"
MIB = 1 << 20

INTEGERS = "l_orderkey l_partkey l_suppkey l_linenumber".split()
DECIMALS = "l_quantity l_extendedprice l_discount l_tax".split()
DATES = "l_shipdate l_commitdate l_receiptdate".split()
TYPES = {name: "int64" for name in INTEGERS} | {name: "decimal(15,2)" for name in DECIMALS}
TYPES |= {name: "date" for name in DATES}


@dataclass
class Work:
    title: str
    file: str  # what is read
    task: dict  # Ferry's, without `from`
    peers: tuple  # those that can do it
    yardstick: str  # the peer that the goal names; "" for the fastest
    goal: float  # Ferry's wall time over the yardstick's
    memory: int = 0  # MiB, 0 for no goal
    threads: int = 1


def reader(kind, **properties):
    return {"type": f"serdes.{kind.lower()}.{kind}Reader"} | properties


def writer(kind, **properties):
    return {"type": f"serdes.{kind.lower()}.{kind}Writer"} | properties


ALL = ("polars", "duckdb", "pyarrow")
WORKS = {
    "csv-text": Work("CSV, all text", "lineitem.csv", reader("Csv"), ALL, "polars", 1.0, 96),
    "csv-text-2": Work("CSV, text, 2 thr.", "lineitem.csv", reader("Csv"), ALL, "polars", 1.0, 96, 2),
    "csv-typed": Work("CSV, typed", "lineitem.csv", reader("Csv", columns=TYPES), ALL, "polars", 1.0, 96),
    "csv-typed-2": Work("CSV, typed, 2 thr.", "lineitem.csv", reader("Csv", columns=TYPES), ALL, "polars", 1.0, 96, 2),
    "csv-infer": Work("CSV, types found", "lineitem.csv", reader("Csv", types="infer"), ALL, "polars", 1.0, 96),
    "json": Work("NDJSON", "lineitem.ndjson", reader("Json"), ALL, "duckdb", 0.8, 128),
    "avro-null": Work("Avro, null", "null.avro", reader("Avro"), ("polars",), "polars", 1.0, 96),
    "avro-deflate": Work("Avro, deflate", "deflate.avro", reader("Avro"), ("polars",), "polars", 1.0, 96),
    "to-csv": Work("to CSV", "typed.arrow", writer("Csv"), ALL, "", 1.0),
    "to-json": Work("to NDJSON", "typed.arrow", writer("Json"), ("polars", "duckdb"), "", 1.0),
    "to-avro-null": Work("to Avro, null", "floats.arrow", writer("Avro", codec="null"), ("polars",), "", 1.0),
    "to-avro-deflate": Work(
        "to Avro, deflate", "floats.arrow", writer("Avro", codec="deflate"), ("polars",), "", 1.0
    ),
}


def make(rows, folder):
    """The files that are read, made once a folder. Polars writes no decimals to Avro: there they are doubles."""
    done = folder / f"{rows}.made"
    if done.exists():
        return
    subprocess.run([sys.executable, HERE / "lineitem.py", str(rows), folder], check=True)
    # In a process of its own: what it needs is not to weigh on this one, from which all others are forked.
    subprocess.run([sys.executable, PEERS, "make", "polars", folder], check=True, stdout=subprocess.DEVNULL)
    done.touch()


def flow(name, work, folder):
    path = folder / f"{name}.yaml"
    task = {"id": "task"} | work.task | {"from": f"file://{folder / work.file}"}
    path.write_text(json.dumps({"id": name, "namespace": "bench", "tasks": [task]}, indent=1))
    options = ["--threads", str(work.threads), "--storage", str(folder / "storage"), "--log-format", "json"]
    return [FERRY, "run", str(path)] + options


def run_ferry(command, folder):
    try:
        return measure.once(command)
    finally:
        shutil.rmtree(folder / "storage", ignore_errors=True)


def run_peer(name, peer, folder, threads):
    work = name.removesuffix(f"-{threads}")
    result = measure.once([sys.executable, str(PEERS), work, peer, str(folder), str(threads)])
    (folder / "peer").unlink(missing_ok=True)
    times = json.loads(result.output.splitlines()[-1])
    return measure.Measured(times["wall"], times["cpu"], result.memory)


def run_side(side, name, work, command, folder):
    if side == "ferry":
        return run_ferry(command, folder)
    if side == "before":
        return run_ferry([BEFORE, *command[1:]], folder)
    return run_peer(name, side, folder, work.threads)


def compare(name, work, runs, folder):
    if BEFORE:
        work = replace(work, peers=("before",), yardstick="before", goal=1.03)
    command = flow(name, work, folder)
    results = {side: [] for side in ("ferry",) + work.peers}
    for _ in range(runs):
        for side, measured in results.items():
            measured.append(run_side(side, name, work, command, folder))
    medians = {side: measure.middle(measured) for side, measured in results.items()}
    yardstick = work.yardstick or min(work.peers, key=lambda peer: medians[peer].wall)
    # Of the pairs that ran one after the other, so that the machine's moods fall on both.
    ratio = statistics.median(a.wall / b.wall for a, b in zip(results["ferry"], results[yardstick]))
    report(work, medians, yardstick, ratio)


def report(work, medians, yardstick, ratio):
    for side, result in medians.items():
        print(
            f"{work.title:18} {side:8} {result.wall:7.2f} s  {result.cpu:7.2f} s CPU  {result.memory // MIB:6} MiB"
            f"  {result.wall / medians[yardstick].wall:6.2f} ×"
        )
    ours = medians["ferry"].memory / MIB
    goals = [f"{ratio:.2f} × {yardstick}, goal {work.goal:.2f}: {'met' if ratio <= work.goal else 'MISSED'}"]
    if work.memory:
        goals.append(f"{ours:.0f} MiB, goal {work.memory}: {'met' if ours <= work.memory else 'MISSED'}")
    print(f"{work.title:18} = {'; '.join(goals)}", flush=True)


def place(rows):
    """Where the files lie: in memory when it has room for all of them, about 2 kB a row."""
    memory = pathlib.Path("/dev/shm")
    if memory.is_dir() and shutil.disk_usage(memory).free > rows * 2_500:
        return memory
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=int(os.environ.get("FERRY_BENCH_ROWS", 2_000_000)))
    parser.add_argument("--runs", type=int, default=int(os.environ.get("FERRY_BENCH_ROUNDS", 5)))
    parser.add_argument("--folder", type=pathlib.Path, help="keeps the files that are made, for the next time")
    parser.add_argument("works", nargs="*", metavar="WORK", help=", ".join(WORKS))
    options = parser.parse_args()
    if unknown := set(options.works) - set(WORKS):
        raise SystemExit(f"there is no work {', '.join(sorted(unknown))}; there are {', '.join(WORKS)}")
    with tempfile.TemporaryDirectory(prefix="ferry-serdes-", dir=place(options.rows)) as made:
        folder = (options.folder or pathlib.Path(made)).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        make(options.rows, folder)
        print(f"lineitem of {options.rows:,} rows in {folder}, median of {options.runs}", flush=True)
        for name in options.works or WORKS:
            compare(name, WORKS[name], options.runs, folder)


main()
