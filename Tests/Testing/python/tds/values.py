"""How values are kept, in SQLite and on their way.

int, bit            int
decimal             32 bytes, big endian: the value times 10^38 plus 2^255, so that bytes sort as numbers do
money               int, in 1/10,000
float, real         float
text, xml           str
bytes               bytes
date                days since 0001-01-01
time                100 ns since midnight
datetime            1/300 s since 1900-01-01
smalldatetime       minutes since 1900-01-01
datetime2           100 ns since 0001-01-01
datetimeoffset      10 bytes, big endian: 100 ns since 0001-01-01 in UTC, and the offset in minutes plus 2^15
uniqueidentifier    its 16 bytes as they travel
sql_variant         as it travels: base type, length of the properties, properties, value
"""

import struct
from datetime import date, timedelta

UNIT = 10**38
BIAS = 1 << 255
DAY = 864_000_000_000  # of 100 ns
DAY300 = 86_400 * 300  # of 1/300 s
DAYS_TO_1900 = date(1900, 1, 1).toordinal() - 1
LAST_DAY = date(9999, 12, 31).toordinal() - 1
POWERS = [10**n for n in range(80)]


def pack_decimal(unscaled, scale):
    return (unscaled * POWERS[38 - scale] + BIAS).to_bytes(32, "big")


def unpack_decimal(value, scale):
    """The unscaled integer at that scale, cut towards zero where the value has more digits."""
    number = int.from_bytes(value, "big") - BIAS
    return number // POWERS[38 - scale] if number >= 0 else -(-number // POWERS[38 - scale])


def round_decimal(number, digits):
    """An integer without its last `digits` digits, rounded half away from zero."""
    if digits <= 0:
        return number
    unit = POWERS[digits]
    return (number + unit // 2) // unit if number >= 0 else -((-number + unit // 2) // unit)


def pack_offset(ticks, minutes):
    return struct.pack(">QH", ticks, minutes + 0x8000)


def unpack_offset(value):
    ticks, minutes = struct.unpack(">QH", value)
    return ticks, minutes - 0x8000


def day_number(year, month, day):
    return date(year, month, day).toordinal() - 1


def date_text(days):
    day = date.fromordinal(days + 1)
    return f"{day.year:04}-{day.month:02}-{day.day:02}"


def time_text(ticks, scale):
    seconds, part = divmod(ticks, 10_000_000)
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{text}.{part // 10 ** (7 - scale):0{scale}}" if scale else text


def round_ticks(ticks, scale):
    """100 ns rounded to that scale, half up."""
    unit = POWERS[7 - scale]
    return (ticks + unit // 2) // unit * unit if unit > 1 else ticks


def datetime_ticks(value):
    """1/300 s since 1900 as 100 ns since 0001, at the milliseconds that datetime shows."""
    days, part = divmod(value, DAY300)
    seconds, third = divmod(part, 300)
    return (days + DAYS_TO_1900) * DAY + seconds * 10_000_000 + (third * 10 + 1) // 3 * 10_000


def datetime_precise_ticks(value):
    """1/300 s since 1900 as 100 ns since 0001, as exactly as 100 ns can be."""
    days, part = divmod(value, DAY300)
    return (days + DAYS_TO_1900) * DAY + (part * 100_000 + 1) // 3


def ticks_datetime(ticks):
    days, part = divmod(ticks, DAY)
    return (days - DAYS_TO_1900) * DAY300 + (part * 3 + 50_000) // 100_000


def decimal_text(value, scale):
    number = unpack_decimal(value, scale)
    return scaled_text(number, scale)


def scaled_text(number, scale):
    sign, digits = "-" if number < 0 else "", str(abs(number))
    if not scale:
        return sign + digits
    digits = digits.rjust(scale + 1, "0")
    return f"{sign}{digits[:-scale]}.{digits[-scale:]}"


def guid_text(value):
    first, second, third = struct.unpack_from("<IHH", value)
    tail = value[8:].hex().upper()
    return f"{first:08X}-{second:04X}-{third:04X}-{tail[:4]}-{tail[4:]}"


def guid_bytes(text):
    hexes = text.replace("-", "")
    data = bytes.fromhex(hexes)
    return struct.pack("<IHH", *struct.unpack_from(">IHH", data)) + data[8:]


def utf16_length(text):
    return len(text) if text.isascii() else len(text) + sum(c > "\uffff" for c in text)


def utf16_prefix(text, units):
    return (
        text[:units]
        if text.isascii()
        else text.encode("utf-16-le", "surrogatepass")[: 2 * units].decode("utf-16-le", "ignore")
    )


def add_days(days, count):
    return (date.fromordinal(days + 1) + timedelta(days=count)).toordinal() - 1
