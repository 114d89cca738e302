"""Values from and to the bytes that they travel as, without their lengths."""

import struct

from . import values as v
from .sqltypes import decimal_bytes, time_bytes


class BadValue(Exception):
    """The bytes are no value of their type."""


def _whole(form):
    size = struct.calcsize(form)

    def decode(data):
        if len(data) != size:
            raise BadValue(f"{len(data)} bytes instead of {size}")
        return struct.unpack(form, data)[0]

    return decode


def _finite(form):
    size = struct.calcsize(form)

    def decode(data):
        if len(data) != size:
            raise BadValue(f"{len(data)} bytes instead of {size}")
        number = struct.unpack(form, data)[0]
        if number - number != 0:
            raise BadValue("a float that is no number")
        return number

    return decode


def _decimal_decoder(type):
    limit, factor = 10**type.precision, 10 ** (38 - type.scale)

    def decode(data):
        number = int.from_bytes(data[1:], "little")
        if number >= limit or data[0] > 1 or len(data) > 17:
            raise BadValue("a decimal beyond its precision")
        return ((number if data[0] else -number) * factor + v.BIAS).to_bytes(32, "big")

    return decode


def _money(data):
    if len(data) == 4:
        return struct.unpack("<i", data)[0]
    high, low = struct.unpack("<iI", data)
    return (high << 32) | low


def _datetime(data):
    days, ticks = struct.unpack("<iI", data)
    if not -53690 <= days <= 2958463 or ticks >= v.DAY300:
        raise BadValue("a datetime out of its range")
    return days * v.DAY300 + ticks


def _smalldatetime(data):
    days, minutes = struct.unpack("<HH", data)
    if minutes >= 1440:
        raise BadValue("a smalldatetime out of its range")
    return days * 1440 + minutes


def _day(data):
    days = int.from_bytes(data, "little")
    if days > v.LAST_DAY or len(data) != 3:
        raise BadValue("a date out of its range")
    return days


def _clock(data, scale):
    if len(data) != time_bytes(scale):
        raise BadValue("a time of another scale")
    ticks = int.from_bytes(data, "little") * 10 ** (7 - scale)
    if ticks >= v.DAY:
        raise BadValue("a time out of its range")
    return ticks


def _offset(data, scale):
    size = time_bytes(scale)
    minutes = struct.unpack("<h", data[size + 3 :])[0]
    if not -840 <= minutes <= 840:
        raise BadValue("an offset of more than 14 hours")
    return v.pack_offset(_day(data[size : size + 3]) * v.DAY + _clock(data[:size], scale), minutes)


def decoder(type):
    """A function bytes → value."""
    name, scale = type.name, type.scale
    if name in ("tinyint", "smallint", "int", "bigint"):
        return _whole({"tinyint": "<B", "smallint": "<h", "int": "<i", "bigint": "<q"}[name])
    if name == "bit":
        return lambda data: 1 if data[0] else 0
    if name in ("real", "float"):
        return _finite("<f" if name == "real" else "<d")
    if name in ("decimal", "numeric"):
        return _decimal_decoder(type)
    if name in ("money", "smallmoney"):
        return _money
    if name == "datetime":
        return _datetime
    if name == "smalldatetime":
        return _smalldatetime
    if name == "date":
        return _day
    if name == "time":
        return lambda data: _clock(data, scale)
    if name == "datetime2":
        return lambda data: _day(data[-3:]) * v.DAY + _clock(data[:-3], scale)
    if name == "datetimeoffset":
        return lambda data: _offset(data, scale)
    if name in ("nchar", "nvarchar", "ntext"):
        return lambda data: bytes(data).decode("utf-16-le", "replace")
    if name == "xml":
        return lambda data: bytes(data).decode("utf-16-le", "replace").removeprefix("\ufeff")
    if type.collation is not None:
        return type.collation.decode
    return bytes


def encoder(type):
    """A function value → bytes, without their length."""
    name, scale = type.name, type.scale
    if name in ("tinyint", "smallint", "int", "bigint", "bit", "real", "float"):
        return struct.Struct(
            {"tinyint": "<B", "smallint": "<h", "int": "<i", "bigint": "<q", "bit": "<B", "real": "<f", "float": "<d"}[
                name
            ]
        ).pack
    if name in ("decimal", "numeric"):
        size, factor = decimal_bytes(type.precision) - 1, 10 ** (38 - scale)

        def decimal(value):
            number = (int.from_bytes(value, "big") - v.BIAS) // factor
            return (
                b"\x01" + number.to_bytes(size, "little")
                if number >= 0
                else b"\x00" + (-number).to_bytes(size, "little")
            )

        return decimal
    if name == "money":
        return lambda value: struct.pack("<iI", value >> 32, value & 0xFFFFFFFF)
    if name == "smallmoney":
        return struct.Struct("<i").pack
    if name == "datetime":
        return lambda value: struct.pack("<iI", *divmod(value, v.DAY300))
    if name == "smalldatetime":
        return lambda value: struct.pack("<HH", *divmod(value, 1440))
    if name == "date":
        return lambda value: value.to_bytes(3, "little")
    unit, size = 10 ** (7 - scale), time_bytes(scale)
    if name == "time":
        return lambda value: (value // unit).to_bytes(size, "little")
    if name == "datetime2":

        def datetime2(value):
            days, ticks = divmod(value, v.DAY)
            return (ticks // unit).to_bytes(size, "little") + days.to_bytes(3, "little")

        return datetime2
    if name == "datetimeoffset":

        def datetimeoffset(value):
            ticks, minutes = v.unpack_offset(value)
            days, ticks = divmod(ticks, v.DAY)
            return (ticks // unit).to_bytes(size, "little") + days.to_bytes(3, "little") + struct.pack("<h", minutes)

        return datetimeoffset
    if name in ("nchar", "nvarchar", "ntext", "xml"):
        return lambda value: value.encode("utf-16-le", "surrogatepass")
    if type.collation is not None:
        return type.collation.encode
    return bytes
