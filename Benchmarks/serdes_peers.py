"""The same work as Ferry's serdes by Polars, DuckDB and pyarrow; prints seconds and CPU seconds as JSON.

usage: serdes_peers.py WORK PEER FOLDER [THREADS]
WORK: one of serdes.py, or `make` for the files that it begins with; PEER: polars, duckdb, pyarrow
"""

import json
import os
import sys
import time

THREADS = int(sys.argv[4]) if len(sys.argv) > 4 else 1
os.environ["POLARS_MAX_THREADS"] = str(THREADS)
os.environ["OMP_NUM_THREADS"] = str(THREADS)

NAMES = (
    "l_orderkey l_partkey l_suppkey l_linenumber l_quantity l_extendedprice l_discount l_tax l_returnflag "
    "l_linestatus l_shipdate l_commitdate l_receiptdate l_shipinstruct l_shipmode l_comment"
).split()
INTEGERS, DECIMALS, DATES = NAMES[:4], NAMES[4:8], NAMES[10:13]


def polars_types(work):
    import polars as pl

    types = {name: pl.String for name in NAMES}
    if work != "csv-text":
        types |= {name: pl.Int64 for name in INTEGERS} | {name: pl.Decimal(15, 2) for name in DECIMALS}
        types |= {name: pl.Date for name in DATES}
    return types


def make(folder):
    """Record files and Avro files of lineitem.csv."""
    import polars as pl

    table = pl.read_csv(f"{folder}/lineitem.csv", schema=polars_types("make"))
    table.write_ipc(f"{folder}/typed.arrow", compat_level=pl.CompatLevel.oldest())
    table = table.with_columns(pl.col(DECIMALS).cast(pl.Float64)).rechunk()
    table.write_ipc(f"{folder}/floats.arrow", compat_level=pl.CompatLevel.oldest())
    table.write_avro(f"{folder}/null.avro", compression="uncompressed")
    table.write_avro(f"{folder}/deflate.avro", compression="deflate")


def with_polars(work, folder):
    import polars as pl

    types, out = polars_types(work), f"{folder}/peer"
    if work in ("csv-text", "csv-typed"):
        pl.scan_csv(f"{folder}/lineitem.csv", schema=types).sink_ipc(out)
    elif work == "csv-infer":
        pl.scan_csv(f"{folder}/lineitem.csv", try_parse_dates=True).sink_ipc(out)
    elif work == "json":
        pl.scan_ndjson(f"{folder}/lineitem.ndjson").sink_ipc(out)
    elif work in ("avro-null", "avro-deflate"):
        pl.read_avro(f"{folder}/{work.removeprefix('avro-')}.avro").write_ipc(out)
    elif work in ("to-avro-null", "to-avro-deflate"):
        codec = "deflate" if work.endswith("deflate") else "uncompressed"
        pl.read_ipc(f"{folder}/floats.arrow").write_avro(out, compression=codec)
    elif work == "to-csv":
        pl.scan_ipc(f"{folder}/typed.arrow").sink_csv(out)
    else:
        pl.scan_ipc(f"{folder}/typed.arrow").sink_ndjson(out)


def with_duckdb(work, folder):
    import duckdb
    import pyarrow as pa

    connection = duckdb.connect(config={"threads": THREADS})

    def to_ipc(query):
        reader = connection.execute(query).to_arrow_reader(65_536)
        with pa.ipc.new_file(f"{folder}/peer", reader.schema) as writer:
            for batch in reader:
                writer.write_batch(batch)

    if work == "csv-text":
        to_ipc(f"select * from read_csv('{folder}/lineitem.csv', all_varchar=true)")
    elif work in ("csv-typed", "csv-infer"):
        decimals = ", ".join(f"'{name}': 'DECIMAL(15,2)'" for name in DECIMALS)
        types = "" if work == "csv-infer" else ", types={" + decimals + "}"
        to_ipc(f"select * from read_csv('{folder}/lineitem.csv'{types})")
    elif work == "json":
        to_ipc(f"select * from read_json('{folder}/lineitem.ndjson', format='newline_delimited')")
    else:
        table = pa.ipc.open_file(f"{folder}/typed.arrow")
        reader = pa.RecordBatchReader.from_batches(
            table.schema, (table.get_batch(n) for n in range(table.num_record_batches))
        )
        connection.register("lineitem", reader)
        kind = "csv, header" if work == "to-csv" else "json"
        connection.execute(f"copy lineitem to '{folder}/peer' (format {kind})")


def with_pyarrow(work, folder):
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.json

    pa.set_cpu_count(THREADS)
    pa.set_io_thread_count(1)
    if work.startswith("csv"):
        types = {name: pa.string() for name in NAMES} if work == "csv-text" else {}
        if work == "csv-typed":
            types = {name: pa.decimal128(15, 2) for name in DECIMALS} | {name: pa.int64() for name in INTEGERS}
        reader = pa.csv.open_csv(
            f"{folder}/lineitem.csv",
            read_options=pa.csv.ReadOptions(use_threads=THREADS > 1),
            convert_options=pa.csv.ConvertOptions(column_types=types),
        )
    elif work == "json":
        reader = pa.json.open_json(
            f"{folder}/lineitem.ndjson", read_options=pa.json.ReadOptions(use_threads=THREADS > 1)
        )
    else:
        table = pa.ipc.open_file(f"{folder}/typed.arrow")
        if work == "to-json":
            raise SystemExit("pyarrow writes no JSON")
        with pa.csv.CSVWriter(f"{folder}/peer", table.schema) as writer:
            for number in range(table.num_record_batches):
                writer.write_batch(table.get_batch(number))
        return
    with pa.ipc.new_file(f"{folder}/peer", reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch)


def main():
    work, peer, folder = sys.argv[1:4]
    if work == "make":
        return make(folder)
    __import__(peer)
    start, before = time.perf_counter(), time.process_time()
    {"polars": with_polars, "duckdb": with_duckdb, "pyarrow": with_pyarrow}[peer](work, folder)
    print(json.dumps({"wall": time.perf_counter() - start, "cpu": time.process_time() - before}))


main()
