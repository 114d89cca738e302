"""An Avro encoder that uses what the format allows and fastavro does not write: arrays and maps in several runs, with
and without their size in bytes, blocks of no rows, no codec in the head."""

import bz2
import datetime
import io
import json
import lzma
import struct
import uuid
import zlib

import cramjam

EPOCH = datetime.datetime(1970, 1, 1)
UNITS = {"millis": 10**3, "micros": 10**6}


def zigzag(number):
    bits, taken = (number << 1) ^ (number >> 63), bytearray()
    bits &= 2**64 - 1
    while bits >= 0x80:
        taken.append(bits & 0x7F | 0x80)
        bits >>= 7
    return bytes(taken + bytearray([bits]))


def run(data):
    return zigzag(len(data)) + data


PACKERS = {
    "null": lambda data: data,
    "deflate": lambda data: zlib.compress(data, wbits=-15),
    "snappy": lambda data: bytes(cramjam.snappy.compress_raw(data)) + struct.pack(">I", zlib.crc32(data)),
    "zstandard": lambda data: bytes(cramjam.zstd.compress(data)),
    "bzip2": bz2.compress,
    "xz": lzma.compress,
}


class Encoder:
    def __init__(self, source, names):
        self.random = source
        self.names = names

    def runs(self, items):
        """The items of an array or a map, encoded, in some runs."""
        out = b""
        while items:
            count = self.random.randint(1, len(items))
            data = b"".join(items[:count])
            out += zigzag(-count) + zigzag(len(data)) + data if self.random.random() < 0.5 else zigzag(count) + data
            items = items[count:]
        return out + zigzag(0)

    def encode(self, schema, value):
        if isinstance(schema, str):
            schema = self.names.get(schema, schema)
        if isinstance(schema, list):
            index = next(n for n, part in enumerate(schema) if self.fits(part, value))
            return zigzag(index) + self.encode(schema[index], value)
        kind = schema if isinstance(schema, str) else schema["type"]
        value = self.physical(schema, value)
        match kind:
            case "null":
                return b""
            case "boolean":
                return b"\1" if value else b"\0"
            case "int" | "long":
                return zigzag(value)
            case "float":
                return struct.pack("<f", value)
            case "double":
                return struct.pack("<d", value)
            case "bytes":
                return run(value)
            case "string":
                return run(value.encode())
            case "fixed":
                return value
            case "enum":
                return zigzag(schema["symbols"].index(value))
            case "array":
                return self.runs([self.encode(schema["items"], item) for item in value])
            case "map":
                return self.runs(
                    [run(key.encode()) + self.encode(schema["values"], item) for key, item in value.items()]
                )
        return b"".join(self.encode(field["type"], value[field["name"]]) for field in schema["fields"])

    def physical(self, schema, value):
        if isinstance(schema, str):
            return value
        kind = schema.get("logicalType", "")
        if type(value).__name__ == "Decimal":
            unscaled = int(value.scaleb(schema.get("scale", 0)))
            size = schema.get("size") or (unscaled.bit_length() + 8) // 8 + self.random.choice([0, 0, 2])
            return unscaled.to_bytes(size, "big", signed=True)
        if isinstance(value, uuid.UUID):
            return value.bytes if schema["type"] == "fixed" else str(value)
        if isinstance(value, datetime.datetime):
            delta = value.replace(tzinfo=None) - EPOCH
            return (delta // datetime.timedelta(microseconds=1)) * UNITS[kind.rsplit("-", 1)[1]] // 10**6
        if isinstance(value, datetime.date):
            return (value - EPOCH.date()).days
        if isinstance(value, datetime.time):
            micros = ((value.hour * 60 + value.minute) * 60 + value.second) * 10**6 + value.microsecond
            return micros * UNITS[kind.rsplit("-", 1)[1]] // 10**6
        return value

    def fits(self, schema, value):
        if isinstance(schema, str):
            schema = self.names.get(schema, schema)
        kind = schema if isinstance(schema, str) else schema["type"]
        match kind:
            case "null":
                return value is None
            case "int":
                return (
                    type(value) is int
                    and -(2**31) <= value < 2**31
                    or isinstance(schema, dict)
                    and value is not None
                )
            case "record":
                return type(value) is dict and {field["name"] for field in schema["fields"]} == set(value)
        if isinstance(schema, dict) and kind not in ("array", "map", "record"):
            return value is not None
        kinds = {
            "boolean": bool,
            "long": int,
            "float": float,
            "double": float,
            "bytes": bytes,
            "string": str,
            "array": list,
            "map": dict,
        }
        return type(value) is kinds[kind]


def container(source, schema, names, rows):
    """A whole file."""
    encoder = Encoder(source, names)
    sync = source.randbytes(16)
    codec = source.choice(list(PACKERS))
    head = {"avro.schema": json.dumps(schema).encode(), "some.thing": b"some bytes"}
    if codec != "null" or source.random() < 0.5:
        head["avro.codec"] = codec.encode()
    pairs = [run(key.encode()) + run(value) for key, value in head.items()]
    out = io.BytesIO()
    out.write(b"Obj\1" + encoder.runs(pairs) + sync)
    data = [encoder.encode(schema, row) for row in rows]
    while True:
        count = source.randint(0, len(data))
        block = b"".join(data[:count])
        packed = PACKERS[codec](block)
        out.write(zigzag(count) + zigzag(len(packed)) + packed + sync)
        data = data[count:]
        if not data:
            return out.getvalue()
