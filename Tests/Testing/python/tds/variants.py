"""sql_variant: a value that carries its type."""

import struct

from . import sqltypes as t
from .wire import BY_NAME, DECIMAL, GUID, NUMERIC, decoder, encoder
from .wire import BINARY, CHAR, DATE, DATETIME2, FIXED, NCHAR, NVARCHAR, OFFSET, TIME, VARBINARY, VARCHAR
from .errors import SQLError


def pack(value, type):
    """The bytes of a sql_variant that holds that value."""
    name = type.name
    data = encoder(type)(value)
    if name in BY_NAME:
        return bytes([BY_NAME[name], 0]) + data
    if name == "uniqueidentifier":
        return bytes([GUID, 0]) + data
    if name == "date":
        return bytes([DATE, 0]) + data
    if name in ("time", "datetime2", "datetimeoffset"):
        return bytes([{"time": TIME, "datetime2": DATETIME2, "datetimeoffset": OFFSET}[name], 1, type.scale]) + data
    if name in ("decimal", "numeric"):
        return bytes([DECIMAL if name == "decimal" else NUMERIC, 2, type.precision, type.scale]) + data
    if type.is_long or name in t.UDTS or name == "timestamp" or len(data) > 8000:
        raise SQLError(206, name, "sql_variant")
    token = {
        "binary": BINARY,
        "varbinary": VARBINARY,
        "char": CHAR,
        "varchar": VARCHAR,
        "nchar": NCHAR,
        "nvarchar": NVARCHAR,
    }[name]
    size = struct.pack("<H", type.max_length)
    if name in ("binary", "varbinary"):
        return bytes([token, 2]) + size + data
    return bytes([token, 7]) + type.collation.wire + size + data


def unpack(variant):
    """(value, type) of a sql_variant."""
    token, count = variant[0], variant[1]
    properties, data = variant[2 : 2 + count], variant[2 + count :]
    type = _type(token, properties)
    if type is None:
        raise SQLError(8009, 0, "", token)
    return decoder(type)(data), type


def _type(token, properties):
    if token in FIXED:
        return t.make(FIXED[token][0])
    if token == GUID:
        return t.make("uniqueidentifier")
    if token == DATE:
        return t.make("date")
    if token in (TIME, DATETIME2, OFFSET):
        return t.make({TIME: "time", DATETIME2: "datetime2", OFFSET: "datetimeoffset"}[token], [properties[0]])
    if token in (DECIMAL, NUMERIC):
        return t.make("decimal" if token == DECIMAL else "numeric", list(properties[:2]))
    if token in (BINARY, VARBINARY):
        return t.make("binary" if token == BINARY else "varbinary", [int.from_bytes(properties[:2], "little")])
    name = {CHAR: "char", VARCHAR: "varchar", NCHAR: "nchar", NVARCHAR: "nvarchar"}.get(token)
    if name is None:
        return None
    size = int.from_bytes(properties[5:7], "little")
    return t.make(name, [size // 2 if name.startswith("n") else size], t.collation_of_wire(properties[:5]))
