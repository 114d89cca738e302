"""Runs commands and measures them: wall time, CPU time and peak memory, alternating, median of several."""
import os
import statistics
import subprocess
import time
from dataclasses import dataclass


@dataclass
class Measured:
    wall: float  # seconds
    cpu: float  # seconds, user and system
    memory: int  # bytes, the peak of the process itself
    output: str = ""  # what it has printed


def once(command, **options):
    """Runs a command (a list) to its end; a failure of it ends the benchmark with its words."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}:\n{output.decode()[-2000:]}")
    return Measured(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, output.decode())


def medians(commands, rounds):
    """The median of each value per name, the commands (name to list) taking turns: machines have moods."""
    results = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            results[name].append(once(command))
    return {name: middle(all) for name, all in results.items()}


def middle(all):
    fields = ("wall", "cpu", "memory")
    return Measured(*(statistics.median(getattr(each, field) for each in all) for field in fields))
