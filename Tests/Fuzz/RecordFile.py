"""Writes small record files of every type for the fuzzer to begin with, into the folder given."""
import datetime
import decimal
import sys

import pyarrow as pa

moment = datetime.datetime(2026, 11, 21, 14, 30, 0, 123456)
columns = {
    "bool": pa.array([True, None, False]),
    "int": pa.array([1, None, -3], pa.int32()),
    "unsigned": pa.array([2**64 - 1, None, 0], pa.uint64()),
    "float": pa.array([1.5, None, float("nan")]),
    "decimal": pa.array([decimal.Decimal("12.50"), None, decimal.Decimal("-0.01")], pa.decimal128(10, 2)),
    "wide": pa.array([decimal.Decimal(10) ** 60, None, decimal.Decimal(0)], pa.decimal256(70, 2)),
    "text": pa.array(["é", None, ""]),
    "bytes": pa.array([b"\0\1", None, b""]),
    "date": pa.array([moment.date(), None, None]),
    "time": pa.array([moment.time(), None, None]),
    "timestamp": pa.array([moment, None, None], pa.timestamp("us")),
    "zoned": pa.array([moment, None, None], pa.timestamp("ns", "UTC")),
    "list": pa.array([[1, None], None, []], pa.list_(pa.int16())),
    "nested": pa.array([[["a"], None], None, []]),
    "struct": pa.array([{"a": 1}, None, {"a": None}]),
    "dictionary": pa.array(["x", "y", "x"]).dictionary_encode(),
    "null": pa.nulls(3),
}
for name, column in columns.items():
    table = pa.table({name: column})
    for compression in None, "lz4", "zstd":
        options = pa.ipc.IpcWriteOptions(compression=compression)
        with pa.OSFile(f"{sys.argv[1]}/{name}-{compression}.arrow", "wb") as file:
            with pa.ipc.new_file(file, table.schema, options=options) as writer:
                writer.write_table(table)
