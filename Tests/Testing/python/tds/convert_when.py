"""Conversions to dates and times."""

import struct

from . import sqltypes as t
from . import values as v
from .coding import BadValue
from .errors import SQLError
from .texts import parse_when, parts

NUMBERS = ("int", "decimal", "money", "float")


def to_when(source, target, style, assigns):
    build = _builder(source, target)
    if source.kind == "text":

        def from_text(text):
            when = parse_when(text, target.name)
            if target.name == "datetime" and when.digits > 3:
                raise SQLError(241)
            return build(when.days, when.ticks, when.minutes)

        return from_text
    if source.kind in t.TEMPORAL:
        if source.name == "datetime" and target.name in ("datetime2", "datetimeoffset", "time"):
            return lambda value: build(*divmod(v.datetime_precise_ticks(value), v.DAY), None)
        return lambda value: build(*parts(value, source))
    if source.kind in NUMBERS and target.name in ("datetime", "smalldatetime"):
        from .convert import converter

        number = converter(source, t.FLOAT) or float
        return lambda value: build(v.DAYS_TO_1900 + int(number(value) // 1), round(number(value) % 1 * v.DAY), None)
    if source.kind == "bytes":
        from .wire import decoder

        decode = decoder(target)

        def from_bytes(value):
            try:
                return decode(value[::-1] if target.name not in ("datetime", "smalldatetime") else value)
            except (BadValue, struct.error):
                raise SQLError(241) from None

        return from_bytes
    raise SQLError(206, source.name, target.name)


def _builder(source, target):
    """A function (days, 100 ns, zone) → value."""
    name, scale = target.name, target.scale

    def out_of_range():
        return SQLError(242, source.name, name)

    if name == "date":
        return lambda days, ticks, zone: days
    if name == "time":
        return lambda days, ticks, zone: min(v.round_ticks(ticks, scale), v.DAY - v.POWERS[7 - scale])
    if name == "datetime":

        def datetime(days, ticks, zone):
            value = v.ticks_datetime(days * v.DAY + ticks)
            if not -53690 * v.DAY300 <= value < 2958464 * v.DAY300:
                raise out_of_range()
            return value

        return datetime
    if name == "smalldatetime":

        def smalldatetime(days, ticks, zone):
            value = (days - v.DAYS_TO_1900) * 1440 + (ticks + 300_019_999) // 600_000_000
            if not 0 <= value < 65536 * 1440:
                raise out_of_range()
            return value

        return smalldatetime
    if name == "datetime2":

        def datetime2(days, ticks, zone):
            value = v.round_ticks(days * v.DAY + ticks, scale)
            return value if value < (v.LAST_DAY + 1) * v.DAY else value - v.POWERS[7 - scale]

        return datetime2

    def datetimeoffset(days, ticks, zone):
        value = v.round_ticks(days * v.DAY + ticks, scale) - (zone or 0) * 600_000_000
        if not 0 <= value < (v.LAST_DAY + 1) * v.DAY:
            raise SQLError(241) if source.kind == "text" else out_of_range()
        return v.pack_offset(value, zone or 0)

    return datetimeoffset
