"""Record files of fixed-width columns: Ferry beside pyarrow and memcpy, in alternation, median of some runs.

    swift build -c release --package-path Benchmarks --product records-bench
    python Benchmarks/records.py [--batches 200] [--rows 65536] [--runs 5] [--folder /dev/shm] [--threads 1]

Every file is written anew and read back whole into memory. The size counts the values only.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

import pyarrow as pa
import pyarrow.ipc as ipc

HERE = pathlib.Path(__file__).parent
BYTES_PER_ROW = 80


def ferry(binary, *arguments):
    result = subprocess.run([binary, *map(str, arguments)], check=True, capture_output=True, text=True)
    return [float(line) for line in result.stdout.split()]


def pyarrow_write(path, batch, batches, compression):
    start = time.perf_counter()
    options = ipc.IpcWriteOptions(compression=None if compression == "none" else compression)
    with pa.OSFile(path, "wb") as sink, ipc.new_file(sink, batch.schema, options=options) as writer:
        for _ in range(batches):
            writer.write_batch(batch)
    return time.perf_counter() - start


def pyarrow_read(path, rows):
    start = time.perf_counter()
    with pa.OSFile(path, "rb") as source:
        reader = ipc.open_file(source)
        count = sum(reader.get_batch(index).num_rows for index in range(reader.num_record_batches))
    seconds = time.perf_counter() - start
    assert count == rows, (count, rows)
    return seconds


def measure(binary, folder, batches, rows, runs, compression):
    mine, theirs = os.path.join(folder, "ferry.arrow"), os.path.join(folder, "pyarrow.arrow")
    ferry(binary, "write", mine, 1, rows)
    with ipc.open_file(mine) as reader:
        batch = reader.get_batch(0)
    seconds = {}

    def note(name, value):
        seconds.setdefault(name, []).append(value)

    for _ in range(runs):
        for path in (mine, theirs):
            if os.path.exists(path):
                os.remove(path)
        note("Ferry writes", ferry(binary, "write", mine, batches, rows, compression)[0])
        note("pyarrow writes", pyarrow_write(theirs, batch, batches, compression))
        note("Ferry reads", ferry(binary, "read", mine, batches, rows)[0])
        note("pyarrow reads", pyarrow_read(theirs, batches * rows))
        new, warm = ferry(binary, "copy", "-", batches, rows)
        note("memcpy to new memory", new)
        note("memcpy to warm memory", warm)
    size = batches * rows * BYTES_PER_ROW / 1e9
    print(f"{compression}: {size:.2f} GB of values in {batches} batches, files of {os.path.getsize(mine) / 1e9:.2f} GB")
    for name, values in seconds.items():
        print(f"  {name:22} {size / statistics.median(values):6.2f} GB/s   best {size / min(values):6.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, default=200)
    parser.add_argument("--rows", type=int, default=65_536)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--folder", default="/dev/shm")
    parser.add_argument("--compression", default="none,lz4,zstd")
    parser.add_argument("--threads", type=int, default=1, help="of pyarrow, for compression")
    parser.add_argument("--binary", default=str(HERE / ".build/release/records-bench"))
    options = parser.parse_args()
    pa.set_cpu_count(options.threads)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for compression in options.compression.split(","):
            measure(options.binary, folder, options.batches, options.rows, options.runs, compression)


if __name__ == "__main__":
    main()
