"""Random Avro schemas, values and files, and what fastavro reads in them.

usage: avro_random.py SEED COUNT FOLDER

Writes FOLDER/0.avro … and beside each a FOLDER/0.json: the names of the columns, the rows that fastavro reads as texts
in Ferry's canonical form, and, where the file is to be read with another schema than its own, that schema. A line of
standard output says which codec, writer and schema each file has, for whoever looks for the reason of a difference.
"""

import base64
import datetime
import decimal
import io
import json
import math
import random
import struct
import sys
import uuid

import avro_evolve
import avro_zstandard  # noqa: F401
import fastavro
from avro_encode import container
from avro_schemas import Schemas, is_ambiguous, logical_type, names_of, resolve

CODECS = ["null", "deflate", "snappy", "zstandard", "bzip2", "xz"]
UTC = datetime.timezone.utc
TEXTS = ["", "a", "grüße 🎈", 'quote " back \\ slash', "tab\tline\nnul\0", "x" * 70, "٣", "null", "\u2028\x7f\x01"]
WHOLE = {"int": 31, "long": 63}
FLOATS = [0.0, -0.0, 1.5, 0.1, -2.5e-3, 1e10, 123456789.0, 1e16, 1e-7, 3.4028234663852886e38]
FLOATS += [math.inf, -math.inf, math.nan]
DOUBLES = FLOATS + [1e300, 5e-324, 1.7976931348623157e308, 9007199254740993.0, 0.30000000000000004]
EPOCH = datetime.datetime(1970, 1, 1)
LEAST, MOST = (datetime.datetime(1, 1, 2) - EPOCH).days, (datetime.datetime(9999, 12, 30) - EPOCH).days


def single(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


class Values:
    def __init__(self, source, names):
        self.random = source
        self.names = names

    def whole(self, bits):
        least, most = -(2**bits), 2**bits - 1
        near = self.random.choice([least, most, 0, 63, -64, 64, 8191, self.random.randint(least, most)])
        return max(least, min(most, near + self.random.randint(-2, 2)))

    def digits(self, schema):
        unscaled = self.random.randint(-(10 ** schema["precision"]) + 1, 10 ** schema["precision"] - 1)
        unscaled = self.random.choice(
            [unscaled, unscaled // 10 ** (schema["precision"] // 2), 0, 10 ** schema["precision"] - 1]
        )
        return decimal.Decimal(unscaled).scaleb(-schema.get("scale", 0))

    def moment(self, unit):
        day = self.random.choice([0, -1, LEAST, MOST, self.random.randint(LEAST, MOST)])
        micros = self.random.randrange(86_400_000_000)
        if unit == "millis":
            micros -= micros % 1000
        return EPOCH + datetime.timedelta(days=day, microseconds=micros)

    def logical(self, schema, kind):
        match kind:
            case "decimal":
                return self.digits(schema)
            case "date":
                return (EPOCH + datetime.timedelta(days=self.random.choice([0, LEAST, MOST, -1, 19782]))).date()
            case "time-millis" | "time-micros":
                return self.moment(kind[5:]).time()
            case "uuid":
                # fastavro leaves those of 16 bytes as they are.
                number = uuid.UUID(int=self.random.getrandbits(128))
                return number if schema["type"] == "string" else number.bytes
            case "duration":
                return struct.pack("<III", *(self.random.choice([0, 1, 12, 2**31 - 1]) for _ in range(3)))
            case "timestamp-nanos" | "local-timestamp-nanos":
                return self.whole(62)
        moment = self.moment(kind.rsplit("-", 1)[1])
        return moment if kind.startswith("local") else moment.replace(tzinfo=UTC)

    def value(self, schema, depth=4):
        schema = resolve(schema, self.names)
        if isinstance(schema, list):
            branch = self.random.choice(schema)
            if depth <= 0 and "null" in schema:
                branch = "null"
            return self.value(branch, depth - 1)
        kind = schema if isinstance(schema, str) else schema["type"]
        if logical := logical_type(schema):
            return self.logical(schema, logical)
        match kind:
            case "null":
                return None
            case "boolean":
                return self.random.random() < 0.5
            case "int" | "long":
                return self.whole(WHOLE[kind])
            case "float":
                return single(self.random.choice(FLOATS + [self.random.uniform(-1e6, 1e6)]))
            case "double":
                return self.random.choice(DOUBLES + [self.random.uniform(-1e6, 1e6)])
            case "bytes":
                return self.random.randbytes(self.random.choice([0, 1, 3, 17, 200]))
            case "fixed":
                return self.random.randbytes(schema["size"])
            case "string":
                return self.random.choice(TEXTS)
            case "enum":
                return self.random.choice(schema["symbols"])
            case "array":
                length = 0 if depth <= 0 else self.random.choice([0, 1, 2, 5, 70 if depth > 3 else 3])
                return [self.value(schema["items"], depth - 1) for _ in range(length)]
            case "map":
                length = 0 if depth <= 0 else self.random.choice([0, 1, 4])
                return {
                    self.random.choice(TEXTS) + str(n): self.value(schema["values"], depth - 1)
                    for n in range(length)
                }
            case "record":
                return {field["name"]: self.value(field["type"], depth - 1) for field in schema["fields"]}
        raise ValueError(kind)


# MARK: canonical texts


class Texts:
    """Values as Ferry writes them."""

    def __init__(self, names):
        self.names = names

    def column(self, schema, value):
        """The text of a column's value; None for NULL."""
        if value is None:
            return None
        schema = resolve(schema, self.names)
        if isinstance(schema, list):
            parts = [resolve(part, self.names) for part in schema if part != "null"]
            if len(parts) == 1:
                return self.column(parts[0], value)
            if set(map(str, parts)) != {"int", "long"}:
                return self.json(schema, value)
            schema = "long"
        if isinstance(value, str):
            return value
        return self.json(schema, value).strip('"')

    def json(self, schema, value):
        schema = resolve(schema, self.names)
        if isinstance(schema, list):
            schema = self.branch(schema, value)
        kind = schema if isinstance(schema, str) else schema["type"]
        if value is None:
            return "null"
        if isinstance(schema, dict) and schema.get("ferry.type") in ("numeric", "json"):
            return value
        if logical := logical_type(schema):
            return self.logical(schema, logical, value)
        match kind:
            case "boolean":
                return "true" if value else "false"
            case "int" | "long":
                return str(value)
            case "float" | "double":
                return number(value, kind == "float")
            case "bytes" | "fixed":
                return f'"{base64.b64encode(value).decode()}"'
            case "string" | "enum":
                return quoted(value)
            case "array":
                return "[" + ",".join(self.json(schema["items"], item) for item in value) + "]"
            case "map":
                return (
                    "{"
                    + ",".join(f"{quoted(key)}:{self.json(schema['values'], item)}" for key, item in value.items())
                    + "}"
                )
            case "record" | "error":
                pairs = (
                    f'{quoted(field["name"])}:{self.json(field["type"], value[field["name"]])}'
                    for field in schema["fields"]
                )
                return "{" + ",".join(pairs) + "}"
        raise ValueError(kind)

    def branch(self, union, value):
        for part in union:
            part = resolve(part, self.names)
            kind = part if isinstance(part, str) else part["type"]
            python = {
                "null": type(None),
                "boolean": bool,
                "int": int,
                "long": int,
                "float": float,
                "double": float,
                "bytes": bytes,
                "string": str,
                "array": list,
                "record": dict,
                "map": dict,
            }
            if (
                kind == "record"
                and type(value) is dict
                and {field["name"] for field in part["fields"]} != set(value)
            ):
                continue
            if logical_type(part) or kind in ("enum", "fixed") or type(value) is python[kind]:
                return part
        raise ValueError(f"{value!r} is of no branch of {union}")

    def logical(self, schema, kind, value):
        match kind:
            case "decimal":
                return f"{value:f}"
            case "date" | "time-millis" | "time-micros":
                return f'"{value.isoformat()}"'
            case "uuid":
                return f'"{value if schema["type"] == "string" else uuid.UUID(bytes=value)}"'
            case "duration":
                return f'"{duration(*struct.unpack("<III", value))}"'
            case "timestamp-nanos" | "local-timestamp-nanos":
                seconds, nanos = divmod(value, 10**9)
                fraction = f".{nanos:09}" if nanos else ""
                stamp = (EPOCH + datetime.timedelta(seconds=seconds)).isoformat() + fraction
                return f'"{stamp}{"" if kind.startswith("local") else "Z"}"'
        return f'"{value.replace(tzinfo=None).isoformat()}{"" if kind.startswith("local") else "Z"}"'


def quoted(text):
    return json.dumps(text, ensure_ascii=False)


def number(value, is_single):
    if value != value:
        return '"NaN"'
    if math.isinf(value):
        return '"Infinity"' if value > 0 else '"-Infinity"'
    if not is_single:
        return repr(value)
    value = single(value)
    # Tried as single ones; the largest of them has no larger neighbour that fewer digits could name.
    tried = (d for d in range(1, 10) if abs(float(f"{value:.{d}g}")) < 3.4028235e38 + 1e30)
    digits = next((d for d in tried if single(float(f"{value:.{d}g}")) == value), 8)
    text = repr(float(f"{value:.{digits}g}"))
    # Single ones get an exponent from 2^24 on.
    if abs(value) < 2**24 or "e" in text:
        return text
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    return f"{mantissa if '.' in mantissa else mantissa}e+{int(exponent):02}"


def duration(months, days, millis):
    text = "P"
    for amount, unit in ((months // 12, "Y"), (months % 12, "M"), (days, "D")):
        text += f"{amount}{unit}" if amount else ""
    hours, rest = divmod(millis, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    clock = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    clock += f"{decimal.Decimal(rest).scaleb(-3).normalize():f}S" if rest else ""
    return text + "T" + clock if clock else text if text != "P" else "PT0S"


# MARK: files


def write(source, schema, names, rows):
    """A file by fastavro, or by an encoder that uses what the format allows beyond what fastavro does."""
    codec = source.choice(CODECS)
    if source.random() < 0.5:
        file = io.BytesIO()
        extra = {"note": "ünused"} if source.random() < 0.5 else None
        fastavro.writer(
            file, schema, rows, codec=codec, sync_interval=source.choice([1, 100, 16000]), metadata=extra
        )
        return f"fastavro {codec}", file.getvalue()
    return "encoder", container(source, schema, names, rows)


def case(source, path):
    schemas = Schemas(source)
    schema = schemas.record(3, least=1) if source.random() < 0.9 else schemas.any(3)
    names = names_of(schema)
    values = Values(source, names)
    rows = [values.value(schema) for _ in range(source.choice([0, 1, 3, 40]))]
    how, data = write(source, schema, names, rows)
    # fastavro rounds to the precision of the context.
    decimal.getcontext().prec = 100
    reader = avro_evolve.evolved(source, schema, names) if source.random() < 0.5 else None
    try:
        found = list(fastavro.reader(io.BytesIO(data), reader))
    except (TypeError, UnicodeDecodeError):
        # It does not know all named types that a reader's schema refers to; bytes that become a string may be none.
        found, reader = list(fastavro.reader(io.BytesIO(data))), None
    shown = schema if reader is None else reader
    texts = Texts(names_of(shown))
    is_record = isinstance(shown, dict) and shown["type"] == "record"
    fields = shown["fields"] if is_record else [{"name": "value", "type": shown}]
    expected = {
        "names": [field["name"] for field in fields],
        "how": how,
        "reader": reader and json.dumps(reader),
        # What Ferry can write again from the texts.
        "schema": None if reader or is_ambiguous(schema, names) else json.dumps(schema),
        "rows": [[texts.column(f["type"], row[f["name"]] if is_record else row) for f in fields] for row in found],
    }
    with open(f"{path}.avro", "wb") as file:
        file.write(data)
    with open(f"{path}.json", "w", encoding="utf-8") as file:
        json.dump(expected, file)
    print(
        f"{path.rsplit('/', 1)[1]}: {how} {len(rows)} rows {json.dumps(schema)}"
        + (f" as {json.dumps(reader)}" if reader else "")
    )


if __name__ == "__main__":
    seed, count, folder = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    for number_of_case in range(count):
        case(random.Random(f"{seed}/{number_of_case}"), f"{folder}/{number_of_case}")
