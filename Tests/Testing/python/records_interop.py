"""Reads and writes record files with pyarrow, Polars and DuckDB, and renders their values in the one exact form that
Canonical.swift has.

    records_interop.py render pyarrow|polars|scan|duckdb FILE    prints the types and rows of a file
    records_interop.py bad CASE FILE                             writes a file that Ferry must refuse
    records_interop.py write CASE FILE                           writes a file, prints what Ferry must read
"""

import base64
import datetime
import decimal
import json
import struct
import sys
import uuid

import pyarrow as pa
import pyarrow.ipc as ipc

decimal.getcontext().prec = 100


class TimestampWithOffset(pa.ExtensionType):
    """Arrow's canonical type, which pyarrow itself has no class for."""

    def __init__(self, storage):
        super().__init__(storage, "arrow.timestamp_with_offset")

    def __arrow_ext_serialize__(self):
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage, serialized):
        return cls(storage)

    @staticmethod
    def array(unit, instants, offsets, mask=None):
        """`offsets` is an array of 16 bits in any encoding."""
        instants = pa.array(instants, pa.int64()).cast(pa.timestamp(unit, "UTC"))
        fields = [
            pa.field("timestamp", instants.type, nullable=False),
            pa.field("offset_minutes", offsets.type, nullable=False),
        ]
        storage = pa.StructArray.from_arrays([instants, offsets], fields=fields, mask=mask)
        return pa.ExtensionArray.from_storage(TimestampWithOffset(storage.type), storage)


pa.register_extension_type(TimestampWithOffset(pa.struct([])))


def unscaled(value, scale, width):
    number = int(value.scaleb(scale))
    return (number & ((1 << (8 * width)) - 1)).to_bytes(width, "big").hex()


def is_text(t):
    return pa.types.is_string(t) or pa.types.is_large_string(t) or pa.types.is_string_view(t)


def is_bytes(t):
    return pa.types.is_binary(t) or pa.types.is_large_binary(t) or pa.types.is_binary_view(t)


PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def scaled(value, unit):
    """Seconds and milliseconds become microseconds."""
    return value * (10**6 // PER_SECOND[unit]) if unit in ("s", "ms") else value


def nested(scalar, t):
    """Values inside of structs and maps, as JSON text."""
    if not scalar.is_valid:
        return "null"
    if pa.types.is_struct(t):
        pairs = ((field.name, nested(value, field.type)) for value, field in zip(scalar.values(), t))
        return "{" + ",".join(f"{json.dumps(key, ensure_ascii=False)}:{value}" for key, value in pairs) + "}"
    if pa.types.is_map(t):
        pairs = [(entry["key"], entry["value"]) for entry in scalar.values]
        keys = (json.dumps(str(key.as_py()), ensure_ascii=False) for key, _ in pairs)
        return "{" + ",".join(f"{key}:{nested(value, t.item_type)}" for key, (_, value) in zip(keys, pairs)) + "}"
    if pa.types.is_list(t) or pa.types.is_large_list(t):
        return "[" + ",".join(nested(item, t.value_type) for item in scalar.values) + "]"
    if pa.types.is_boolean(t):
        return "true" if scalar.as_py() else "false"
    if pa.types.is_integer(t) or pa.types.is_decimal(t):
        return str(scalar.as_py())
    if is_text(t):
        return json.dumps(scalar.as_py(), ensure_ascii=False)
    if is_bytes(t):
        return json.dumps(base64.b64encode(scalar.as_py()).decode())
    if pa.types.is_date(t):
        return json.dumps(scalar.as_py().isoformat())
    raise ValueError(f"no JSON form of {t}")


def render(scalar, t):
    """A pyarrow scalar in the canonical form of the type that Ferry has for it."""
    if isinstance(t, pa.ExtensionType) or isinstance(t, pa.BaseExtensionType):
        if not scalar.is_valid:
            return "null"
        return render(scalar.value, t.storage_type)
    if pa.types.is_dictionary(t):
        if not scalar.is_valid:
            return "null"
        return render(scalar.value, t.value_type)
    if not scalar.is_valid:
        return "null"
    if pa.types.is_boolean(t):
        return "true" if scalar.as_py() else "false"
    if pa.types.is_integer(t):
        return str(scalar.as_py())
    if pa.types.is_float16(t) or pa.types.is_float32(t):
        return struct.pack(">f", float(scalar.as_py())).hex()
    if pa.types.is_float64(t):
        return struct.pack(">d", scalar.as_py()).hex()
    if pa.types.is_decimal(t):
        return unscaled(scalar.as_py(), t.scale, 16 if t.precision <= 38 else 32)
    if is_text(t):
        return "x" + scalar.as_py().encode().hex()
    if is_bytes(t):
        return "x" + scalar.as_py().hex()
    if pa.types.is_fixed_size_binary(t):
        return ("" if t.byte_width == 16 else "x") + scalar.as_py().hex()
    if pa.types.is_date32(t):
        return str(scalar.value)
    if pa.types.is_date64(t):
        return str(scalar.value // 86_400_000)
    if pa.types.is_time(t) or pa.types.is_timestamp(t):
        return str(scaled(scalar.value, t.unit))
    if pa.types.is_duration(t):
        return f"0,0,{scalar.value * (10**9 // PER_SECOND[t.unit])}"
    if pa.types.is_interval(t):
        value = scalar.as_py()
        return f"{value.months},{value.days},{value.nanoseconds}"
    if pa.types.is_struct(t) and [field.name for field in t] == ["timestamp", "offset_minutes"]:
        return "@".join(render(part, field.type) for part, field in zip(scalar.values(), t))
    if pa.types.is_struct(t) or pa.types.is_map(t):
        return "x" + nested(scalar, t).encode().hex()
    if pa.types.is_list(t) or pa.types.is_large_list(t) or pa.types.is_fixed_size_list(t):
        return "[" + " ".join(render(item, t.value_type) for item in scalar.values) + "]"
    raise ValueError(f"no canonical form of {t}")


def name(field):
    """Ferry's name of the type that it must read the field as."""
    t = field.type if isinstance(field, pa.Field) else field
    metadata = (field.metadata or {}) if isinstance(field, pa.Field) else {}
    if isinstance(t, TimestampWithOffset):
        return name(t.storage_type.field("timestamp")).replace(" with zone", " with offset")
    if isinstance(t, pa.BaseExtensionType):
        return {"arrow.uuid": "uuid", "arrow.json": "json"}.get(t.extension_name) or name(t.storage_type)
    if metadata.get(b"ARROW:extension:name") == b"ferry.numeric":
        return "numeric"
    if pa.types.is_dictionary(t):
        return name(t.value_type)
    if pa.types.is_boolean(t):
        return "bool"
    if pa.types.is_integer(t):
        return str(t)
    if pa.types.is_floating(t):
        return "float64" if t.bit_width == 64 else "float32"
    if pa.types.is_decimal(t):
        return f"decimal({t.precision},{t.scale})"
    if pa.types.is_struct(t) or pa.types.is_map(t):
        return "json"
    if is_text(t) or pa.types.is_null(t):
        return "text"
    if is_bytes(t) or pa.types.is_fixed_size_binary(t):
        return "bytes"
    if pa.types.is_date(t):
        return "date"
    if pa.types.is_time(t):
        return "time(ns)" if t.unit == "ns" else "time"
    if pa.types.is_timestamp(t):
        return "timestamp" + ("(ns)" if t.unit == "ns" else "") + (" with zone" if t.tz else "")
    if pa.types.is_duration(t) or pa.types.is_interval(t):
        return "interval"
    if pa.types.is_list(t) or pa.types.is_large_list(t) or pa.types.is_fixed_size_list(t):
        return f"list of {name(t.value_field)}"
    raise ValueError(f"no name of {t}")


def print_table(table):
    for field in table.schema:
        print(f"{field.name}: {name(field)}")
    print("--")
    columns = [[render(value, field.type) for value in column] for field, column in zip(table.schema, table.columns)]
    for row in range(table.num_rows):
        print("\t".join(column[row] for column in columns))


# ---- files that others write


def sample_arrays():
    """Every type of Ferry's as pyarrow writes it, and the layouts that others use for the same logical types."""
    d = decimal.Decimal
    big = 2**63 - 1
    long = "long enough for a buffer: Grüße 🚢"
    texts = ["", "a\0b", "Grüße", long, None, "x" * 12, "y" * 13]
    blobs = [None if t is None else t.encode() for t in texts]
    numbers = [0, 1, -1, 5, None, 100, -100]
    yield "bool", pa.array([True, False, None, True, False, True, None])
    for t in (pa.int8(), pa.int16(), pa.int32(), pa.int64()):
        top = 2 ** (t.bit_width - 1)
        yield str(t), pa.array([-top, top - 1, None, 0, -1, 1, 2], t)
    for t in (pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()):
        yield str(t), pa.array([0, 2**t.bit_width - 1, None, 1, 2, 3, 4], t)
    floats = [0.0, -0.0, float("inf"), float("-inf"), None, 0.5, 2**-14]
    yield "half", pa.array(floats, pa.float16())
    yield "half small", pa.array([2**-24, 2**-15, 65504.0, None, -(2**-24), 1.0009765625, 0.333251953125], pa.float16())
    yield "float", pa.array(floats, pa.float32())
    yield "double", pa.array(floats[:-1] + [1e308], pa.float64())
    decimals = [d("0"), d("1.23"), d("-1.23"), d("9999999.99"), None, d("-9999999.99"), d("0.01")]
    yield "decimal32", pa.array(decimals, pa.decimal32(9, 2))
    yield "decimal64", pa.array(decimals, pa.decimal64(18, 2))
    yield "decimal128", pa.array(decimals, pa.decimal128(38, 2))
    yield "decimal256 narrow", pa.array(decimals, pa.decimal256(20, 2))
    yield "decimal256", pa.array([v if v is None else v * d(10) ** 66 for v in decimals], pa.decimal256(76, 2))
    for t in (pa.utf8(), pa.large_utf8(), pa.string_view()):
        yield str(t), pa.array(texts, t)
    for t in (pa.binary(), pa.large_binary(), pa.binary_view()):
        yield str(t), pa.array(blobs, t)
    yield "fixed", pa.array([None if b is None else (b + b"\0" * 5)[:5] for b in blobs], pa.binary(5))
    yield "date32", pa.array([0, -719162, 2932896, None, 1, -1, 2], pa.int32()).cast(pa.date32())
    yield "date64", pa.array([None if n is None else n * 86_400_000 for n in numbers], pa.int64()).cast(pa.date64())
    times = [0, 1, 86_399, None, 2, 3, 4]
    yield "time s", pa.array(times, pa.int32()).cast(pa.time32("s"))
    milliseconds = [t if t is None else t * 1000 + t % 1000 for t in times]
    yield "time ms", pa.array(milliseconds, pa.int32()).cast(pa.time32("ms"))
    yield "time us", pa.array([t if t is None else t * 10**6 for t in times], pa.int64()).cast(pa.time64("us"))
    yield "time ns", pa.array([t if t is None else t * 10**9 for t in times], pa.int64()).cast(pa.time64("ns"))
    for unit in ("s", "ms", "us", "ns"):
        stamps = pa.array([0, -1, 253_402_300_799, None, 1, 2, 3], pa.int64())
        yield f"timestamp {unit}", stamps.cast(pa.timestamp(unit))
        for zone in ("UTC", "Europe/Berlin", "+02:00"):
            yield f"timestamp {unit} {zone}", stamps.cast(pa.timestamp(unit, zone))
        yield f"duration {unit}", pa.array(numbers, pa.int64()).cast(pa.duration(unit))
    intervals = [pa.MonthDayNano([1, -2, 3]), None, pa.MonthDayNano([-(2**31), 2**31 - 1, -(2**63)])]
    yield "interval", pa.array(intervals + [pa.MonthDayNano([0, 0, big])] * 4, pa.month_day_nano_interval())
    minutes = pa.array([0, 840, -840, 330, -(2**15), 2**15 - 1, -1], pa.int16())
    # What lies under a NULL may be anything.
    mask = pa.array([n == 3 for n in range(7)])
    for unit in ("s", "ms", "us", "ns"):
        instants = [0, -1, 2**31, 2**63 - 1 if unit in ("us", "ns") else 9, 1, 2, -(2**33)]
        yield f"offset {unit}", TimestampWithOffset.array(unit, instants, minutes, mask)
        yield f"offset dictionary {unit}", TimestampWithOffset.array(unit, instants, minutes.dictionary_encode(), mask)
    dictionary = TimestampWithOffset.array("us", [5, 6], pa.array([60, -60], pa.int16()))
    keys = pa.array([0, 1, None, 1, 1, 0, 0], pa.int8())
    yield "dictionary of offsets", pa.DictionaryArray.from_arrays(keys, dictionary)
    offsets = pa.array([0, 2, 2, 4, 7, 7, 7, 7], pa.int32())
    yield "list of offsets", pa.ListArray.from_arrays(
        offsets, TimestampWithOffset.array("ms", [0, 1, 2, 3, 4, 5, -6], minutes, mask)
    )
    uuids = [uuid.UUID(int=n).bytes for n in (0, 1, 2**128 - 1)] + [None] + [uuid.UUID(int=7).bytes] * 3
    yield "uuid", pa.ExtensionArray.from_storage(pa.uuid(), pa.array(uuids, pa.binary(16)))
    jsons = ["{}", None, "[1]", "null", '{"a":"ü"}', "1.50", '""']
    yield "json", pa.ExtensionArray.from_storage(pa.json_(), pa.array(jsons, pa.utf8()))
    yield "large json", pa.ExtensionArray.from_storage(pa.json_(pa.large_utf8()), pa.array(jsons, pa.large_utf8()))
    yield "null", pa.nulls(7)
    lists = [[1, 2], [], None, [None], [3], [4, 5, 6], []]
    for t in (pa.list_(pa.int32()), pa.large_list(pa.int32()), pa.list_(pa.timestamp("ms"))):
        yield str(t), pa.array(lists, t)
    lists = [["a", None], [long], None, [], [""], ["x"], ["y", long]]
    yield "list of texts", pa.array(lists, pa.list_(pa.string_view()))
    lists = [[[1], []], None, [], [None], [[2, 3]], [[4]], [[5]]]
    yield "list of lists", pa.array(lists, pa.large_list(pa.list_(pa.int16())))
    pairs = [[1, 2], None, [3, None], [5, 6], [7, 8], [9, 10], [11, 12]]
    yield "fixed list", pa.array(pairs, pa.list_(pa.int64(), 2))
    yield "fixed list of texts", pa.array([p and [str(p[0]), None] for p in pairs], pa.list_(pa.utf8(), 2))
    words = ["red", "green", None, "red", "", "green", long]
    for index in (pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32()):
        yield f"dictionary {index}", pa.array(words).dictionary_encode().cast(pa.dictionary(index, pa.utf8()))
    for t in (pa.large_utf8(), pa.binary(), pa.bool_(), pa.int64(), pa.timestamp("ms"), pa.decimal128(5, 1)):
        values = ["1", "2", None]
        if pa.types.is_boolean(t):
            values = [True, False, None]
        if pa.types.is_integer(t) or pa.types.is_timestamp(t):
            values = [1, 2, None]
        if pa.types.is_binary(t):
            values = [b"1", b"2", None]
        if pa.types.is_decimal(t):
            values = [d("1.5"), d("-2"), None]
        keys = pa.array([0, 1, 2, None, 1, 0, 2], pa.int8())
        yield f"dictionary of {t}", pa.DictionaryArray.from_arrays(keys, pa.array(values, t))
    keys = pa.array([0, 1, 2, None, 1, 0, 1], pa.int8())
    lists = pa.array([[1, 2], [], None], pa.list_(pa.int32()))
    yield "dictionary of lists", pa.DictionaryArray.from_arrays(keys, lists)
    inner = pa.DictionaryArray.from_arrays(pa.array([0, 1, None, 1, 0], pa.int8()), ["a", "b"])
    offsets = pa.array([0, 2, 2, 3, 5, 5, 5, 5], pa.int32())
    yield "list of dictionary", pa.ListArray.from_arrays(offsets, inner)
    quoted = 'name "x"'
    leap_day = datetime.date(2024, 2, 29)
    person = pa.struct([
        (quoted, pa.string_view()), ("id", pa.uint64()), ("amount", pa.decimal128(20, 3)),
        ("tags", pa.list_(pa.utf8())),
        ("at", pa.struct([("day", pa.date32()), ("raw", pa.binary()), ("ok", pa.bool_())])),
    ])
    people = [
        {quoted: 'a"b\\\n', "id": 2**64 - 1, "amount": d("1.500"), "tags": ["x", None], "at": None},
        None,
        {quoted: None, "id": 0, "amount": d("-0.001"), "tags": [], "at": {"day": None, "raw": b"\xff", "ok": True}},
        {quoted: "ü", "at": {"day": leap_day, "raw": b"", "ok": None}},
    ]
    yield "struct", pa.array(people + people[:3], person)
    yield "list of structs", pa.array([people, [], None, people[:1], [None], people[2:], []], pa.large_list(person))
    maps = [[("a", 1), ("b", None)], None, [], [("ü", 3)], [("a", 1), ("a", 2)], [("", 5)], [("z", 6)]]
    yield "map", pa.array(maps, pa.map_(pa.utf8(), pa.int64()))
    yield "map of numbers", pa.array([[(7, people[0])], None, [], [(8, None)], [], [], []], pa.map_(pa.int32(), person))


def sample_table():
    columns = list(sample_arrays())
    return pa.table([column for _, column in columns], names=[label for label, _ in columns])


def case_batches(case):
    """The batches of a case, the options of the writer."""
    table = sample_table()
    options = {}
    if case in ("lz4", "zstd"):
        options = {"compression": case}
    if case == "sliced":
        parts = ((3, 4), (1, 2), (5, 0))
        batches = [batch.slice(start, length) for batch in table.to_batches() for start, length in parts]
        return table.schema, batches, options
    if case == "empty":
        return table.schema, [batch.slice(0, 0) for batch in table.to_batches()] + table.to_batches(), options
    if case == "no rows":
        return table.schema, [], options
    if case == "no columns":
        return pa.schema([]), [], options
    if case == "many":
        return table.schema, table.to_batches() * 50, options
    if case == "large":
        rows = 200_003
        numbers = pa.array(range(rows), pa.int64())
        table = pa.table({
            "n": numbers,
            "t": pa.array([None if n % 7 == 0 else f"text {n}" for n in range(rows)], pa.large_utf8()),
            "v": pa.array([f"view {n % 1000} that is long" for n in range(rows)], pa.string_view()),
            "d": pa.array([f"word {n % 3000}" for n in range(rows)]).dictionary_encode(),
            "b": pa.array([n % 3 == 0 for n in range(rows)]),
            "l": pa.array([list(range(n % 4)) for n in range(rows)], pa.large_list(pa.int32())),
            "s": numbers.cast(pa.timestamp("s")),
        })
        return table.schema, table.to_batches(), options
    if case in ("delta", "replaced"):
        options = {"emit_dictionary_deltas": case == "delta"}
        schema = pa.schema([("d", pa.dictionary(pa.int8(), pa.utf8())), ("n", pa.int64())])
        words = []
        batches = []
        for step in range(20):
            words = ([f"other {step}"] if case == "replaced" else words) + [f"word {step}"] + [None] * (step % 5 == 4)
            keys = pa.array([step % len(words), 0, None, len(words) - 1], pa.int8())
            column = pa.DictionaryArray.from_arrays(keys, pa.array(words, pa.utf8()))
            batches.append(pa.record_batch([column, pa.array([step] * 4)], schema=schema))
        return schema, batches, options
    return table.schema, table.to_batches(), options


def write(case, path):
    schema, batches, options = case_batches(case)
    if case.startswith("polars"):
        import polars

        table = sample_table()
        keep = [f.name for f in table.schema if polars_can(f.type)]
        frame = polars.from_arrow(table.select(keep))
        frame = frame.with_columns(polars.Series("category", ["a", "b", None, "a", "c", "b", "a"], polars.Categorical))
        compression = case.split(" ")[1]
        frame.write_ipc(path, compression=compression)
        print_table(ipc.open_file(path).read_all())
        return
    if case == "replaced":
        # pyarrow replaces dictionaries in streams only. A file is a stream between the magic and a footer.
        stream = pa.BufferOutputStream()
        with ipc.new_stream(stream, schema) as writer:
            for batch in batches:
                writer.write_batch(batch)
        with open(path, "wb") as file:
            file.write(b"ARROW1\0\0" + stream.getvalue().to_pybytes() + struct.pack("<I", 0) + b"ARROW1")
        print_table(pa.Table.from_batches(batches, schema))
        return
    with ipc.new_file(path, schema, options=ipc.IpcWriteOptions(**options)) as writer:
        for batch in batches:
            writer.write_batch(batch)
    print_table(pa.Table.from_batches(batches, schema))


def bad(case, path):
    """One column `c` that Ferry has no form for, or a value of it that does not fit."""
    big = 2**62
    wide = pa.array([decimal.Decimal(n) for n in (0, 1, 10**60)], pa.decimal256(76, 2))
    columns = {
        "timestamp": lambda: pa.array([1, None, big], pa.int64()).cast(pa.timestamp("s")),
        "duration": lambda: pa.array([1, None, big], pa.int64()).cast(pa.duration("s")),
        "date64": lambda: pa.Array.from_buffers(pa.date64(), 3, pa.array([0, 86_400_000, 5], pa.int64()).buffers()),
        "decimal256": lambda: pa.Array.from_buffers(pa.decimal256(20, 2), 3, wide.buffers()),
        "union": lambda: pa.UnionArray.from_sparse(pa.array([0, 0, 0], pa.int8()), [pa.array([1, 2, 3])]),
        "run_end_encoded": lambda: pa.RunEndEncodedArray.from_arrays([3], ["x"]),
        "list_view": lambda: pa.array([[1], [2], [3]], pa.list_view(pa.int8())),
        "offset": lambda: TimestampWithOffset.array("s", [1, 2, big], pa.array([1, 2, 3], pa.int16())),
        "offset NULL": lambda: TimestampWithOffset.array("us", [1, 2, 3], pa.array([1, 2, None], pa.int16())),
        "offset runs": lambda: TimestampWithOffset.array(
            "us", [1, 2, 3], pa.RunEndEncodedArray.from_arrays([3], pa.array([60], pa.int16()))
        ),
        "negative scale": lambda: pa.array([decimal.Decimal("1e2")] * 3, pa.decimal128(5, -2)),
        "json": lambda: pa.StructArray.from_arrays(
            [pa.ExtensionArray.from_storage(pa.json_(), pa.array(["1", "2", "{oops"]))], names=["j"]
        ),
    }
    table = pa.table({"c": columns[case]()})
    with ipc.new_file(path, table.schema) as writer:
        writer.write_table(table)
    print("--")


def polars_can(t):
    import polars

    if "offset_minutes" in str(t) or "timestamp_with_offset" in str(t):
        return False  # It takes the struct and drops what it means.

    try:
        polars.from_arrow(pa.table({"x": pa.nulls(1, t)}))
        return True
    except BaseException:
        return False


# ---- files that Ferry writes


def storage(t):
    return t.storage_type if isinstance(t, pa.BaseExtensionType) else t


def as_written(column, t):
    """Undoes what Polars and DuckDB do to types on the way: 64-bit offsets, nanoseconds, UUIDs as texts or bytes.
    Casts are checked, so that no value may change."""
    t = storage(t)
    if isinstance(column.type, pa.BaseExtensionType):
        column = pa.chunked_array([chunk.storage for chunk in column.chunks], storage(column.type))
    if pa.types.is_list(t):
        return pa.chunked_array([list_as_written(chunk, t) for chunk in column.chunks], bare(t))
    if pa.types.is_fixed_size_binary(t) and is_text(column.type):
        return pa.chunked_array([[None if v is None else uuid.UUID(v).bytes for v in column.to_pylist()]], t)
    if pa.types.is_fixed_size_binary(t) and is_bytes(column.type):
        return pa.chunked_array([column.to_pylist()], t)
    return column.cast(bare(t))


def bare(t):
    """A type without extensions, whose parts may be NULL as other libraries have them."""
    if pa.types.is_struct(storage(t)):
        return pa.struct([(field.name, field.type) for field in storage(t)])
    return pa.list_(bare(t.value_type)) if pa.types.is_list(t) else storage(t)


def list_as_written(array, t):
    offsets = array.offsets.cast(pa.int32())
    first, last = offsets[0].as_py(), offsets[-1].as_py()
    values = as_written(pa.chunked_array([array.values.slice(first, last - first)]), t.value_type).combine_chunks()
    offsets = pa.array([offset - first for offset in offsets.to_pylist()], pa.int32())
    return pa.ListArray.from_arrays(offsets, values, mask=array.is_null())


def read(reader, path):
    if reader == "stream":
        source = open(path, "rb")
        source.read(8)
        return ipc.open_stream(source).read_all()
    table = ipc.open_file(path).read_all()
    if reader == "pyarrow":
        return table
    if reader == "polars":
        import polars

        found = polars.read_ipc(path).to_arrow()
    elif reader == "scan":
        import polars

        found = polars.scan_ipc(path).collect().to_arrow()
    elif reader == "duckdb":
        import duckdb

        written = table

        duckdb.sql("SET TimeZone = 'UTC'")
        found = duckdb.sql("SELECT * FROM written").to_arrow_table()
    else:
        raise ValueError(reader)
    columns = [as_written(column, field.type) for column, field in zip(found.columns, table.schema)]
    return pa.table(columns, names=found.schema.names)


if __name__ == "__main__":
    if sys.argv[1] == "render":
        print_table(read(sys.argv[2], sys.argv[3]))
    elif sys.argv[1] == "bad":
        bad(sys.argv[2], sys.argv[3])
    else:
        write(sys.argv[2], sys.argv[3])
