"""Ferry's roads into and out of databases beside the servers' own tools, in one run, taking turns.

    FERRY             the release build
    FERRY_BEFORE      another one, which then is the yardstick of every road
    FERRY_TEST_…_URL  the servers; those without one are left out
    FERRY_BENCH_ROWS  rows of `lineitem` (default 2,000,000)
    FERRY_BENCH_ROUNDS  rounds of which the median counts (default 5)

A server's module has `name`, `available()`, `prepare(rows, folder)`, which makes the table and the ready files, and
`roads(folder)`.
"""
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field, replace
from typing import Callable

import measure

ferry = os.environ.get("FERRY", str(pathlib.Path(__file__).parent.parent / ".build/release/ferry"))
before = os.environ.get("FERRY_BEFORE")


@dataclass
class Road:
    """One comparison. Commands are lists; `before` runs unmeasured in front of each."""

    name: str
    goal: float  # Ferry's wall time over the yardstick's
    ferry: list
    yardstick: list
    yardstick_name: str
    before: Callable[[], None] = field(default=lambda: None)
    after: Callable[[], None] = field(default=lambda: None)  # after Ferry's runs only: checks what it did


def flow(folder, name, *tasks):
    """Writes a flow and returns the command that runs it. A task is a dict of its properties."""
    import json

    path = folder / f"{name}.yaml"
    body = {"id": name, "namespace": "bench", "tasks": list(tasks)}
    path.write_text(json.dumps(body, indent=1, ensure_ascii=False))
    return [ferry, "run", str(path), "--storage", str(folder / "storage"), "--log-format", "json"]


def compare(road, rounds, folder):
    if before:
        road = replace(road, yardstick=[before, *road.ferry[1:]], yardstick_name="before", goal=1.03)
    results = {"ferry": [], "yardstick": []}
    for _ in range(rounds):
        for side in results:
            road.before()
            results[side].append(measure.once(getattr(road, side)))
            if side == "ferry" or before:
                road.after()
                shutil.rmtree(folder / "storage", ignore_errors=True)
    ours, theirs = (measure.middle(results[side]) for side in ("ferry", "yardstick"))
    pairs = [a.wall / b.wall for a, b in zip(results["ferry"], results["yardstick"])]
    report(road, ours, theirs, statistics.median(pairs))


def report(road, ours, theirs, ratio):
    mark = "met" if ratio <= road.goal and ours.memory <= 128 << 20 else "MISSED"
    print(
        f"{road.name:44} ferry {ours.wall:6.2f} s  cpu {ours.cpu:5.2f} s  peak {ours.memory / 2**20:5.0f} MiB   "
        f"{road.yardstick_name} {theirs.wall:6.2f} s  cpu {theirs.cpu:5.2f} s   "
        f"ratio {ratio:4.2f} (goal {road.goal:.2f}, {mark})",
        flush=True,
    )


def sh(command, **options):
    """Runs a command that is not measured."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    if done.returncode != 0:
        raise SystemExit(f"{command[0]} ended with {done.returncode}:\n{done.stdout.decode()[-2000:]}")
    return done.stdout.decode()


def main():
    import mysql
    import odbc
    import postgresql
    import sqlserver

    servers = [server for server in (postgresql, odbc, mysql, sqlserver) if server.available()]
    if not servers:
        raise SystemExit("no server: run it through Tests/Testing/servers.sh")
    rows = int(os.environ.get("FERRY_BENCH_ROWS", 2_000_000))
    rounds = int(os.environ.get("FERRY_BENCH_ROUNDS", 5))
    with tempfile.TemporaryDirectory(prefix="ferry-bench-") as name:
        folder = pathlib.Path(name)
        for server in servers:
            server.prepare(rows, folder)
            print(f"{server.name}, lineitem of {rows:,} rows, median of {rounds}", flush=True)
            for road in server.roads(folder):
                compare(road, rounds, folder)


if __name__ == "__main__":
    sys.modules["databases"] = sys.modules["__main__"]
    main()
