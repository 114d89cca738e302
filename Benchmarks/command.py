"""What Ferry costs without data: its start, flows of small tasks; and what the demo costs at two sizes."""
import os
import pathlib
import subprocess
import sys
import tempfile

from measure import medians, once

before = os.environ.get("FERRY_BEFORE")  # another build, to take turns with
ferry = os.path.abspath(os.environ["FERRY"])
root = pathlib.Path(__file__).parent.parent
large = int(os.environ.get("FERRY_BENCH_ROWS", 10_000_000))


def flow_of(count, folder):
    """A flow file with so many tasks that each put out a value."""
    path = pathlib.Path(folder) / f"returns-{count}.yaml"
    task = "  - id: t{}\n    type: core.debug.Return\n    format: '{{{{ task.id }}}}'\n"
    path.write_text(f"id: returns-{count}\ntasks:\n" + "".join(task.format(n) for n in range(count)))
    return [ferry, "run", str(path), "--storage", f"{folder}/storage"]


def small(folder):
    commands = {
        "python3 -S -c pass": [sys.executable, "-S", "-c", "pass"],
        "ferry --version": [ferry, "--version"],
        "3 tasks": flow_of(3, folder),
        "40 tasks": flow_of(40, folder),
    }
    if before:
        for name, command in list(commands.items())[1:]:
            commands[f"{name}, before"] = [before, *(word.replace("/storage", "/before") for word in command[1:])]
    for name, result in medians(commands, 25).items():
        wall, cpu = result.wall * 1000, result.cpu * 1000
        print(f"{name:24} {wall:8.1f} ms wall {cpu:8.1f} ms CPU {result.memory >> 20:6} MiB")


def demo(rows, folder):
    data = pathlib.Path(folder) / str(rows)
    data.mkdir(exist_ok=True)
    awk = ["awk", "-v", f"rows={rows}", "-v", f"folder={data}", "-f", str(root / "examples/orders.awk")]
    subprocess.run(awk, check=True, env=os.environ | {"LC_ALL": "C"})
    command = [ferry, "run", str(root / "examples/quickstart.yaml"), "--storage", f"{folder}/storage"]
    for name in "orders", "customers":
        command += ["-i", f"{name}=file://{data}/{name}.csv"]
    result = once(command + ["-i", f"database={data}/demo.db"])
    print(f"demo, {rows:>12,} rows {result.wall:8.2f} s wall  {result.cpu:8.2f} s CPU  {result.memory >> 20:6} MiB")
    return result


with tempfile.TemporaryDirectory() as folder:
    small(folder)
    grown = demo(large, folder).memory - demo(100_000, folder).memory
    print(f"more memory for more rows: {grown / 2**20:.1f} MiB (at most 32)")
