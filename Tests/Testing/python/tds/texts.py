"""Values as texts, and texts as values of times."""

import re

from . import values as v
from .errors import SQLError

MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
DAY = r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})"
SLASHES = r"(?P<m2>\d{1,2})[/](?P<d2>\d{1,2})[/](?P<y2>\d{4})"
COMPACT = r"(?P<y3>\d{4})(?P<m3>\d{2})(?P<d3>\d{2})"
NAMED = r"(?P<mon>[A-Za-z]{3,9})\s+(?P<d4>\d{1,2}),?\s+(?P<y4>\d{4})"
CLOCK = r"(?P<h>\d{1,2}):(?P<min>\d{1,2})(?::(?P<s>\d{1,2})(?:[.:](?P<f>\d{1,9}))?)?\s*(?P<ap>[AaPp][Mm])?"
ZONE = r"\s*(?P<zone>[zZ]|[+-]\d{1,2}:\d{2})"
WHEN = re.compile(
    rf"\s*(?:(?:{DAY}|{SLASHES}|{COMPACT}|{NAMED})(?:[ T]\s*(?:{CLOCK}))?|(?:{CLOCK.replace('?P<', '?P<c')}))"
    rf"(?:{ZONE})?\s*"
)


class When:
    """A text's date, time and zone, each as far as it has them."""

    def __init__(self, days, ticks, minutes, digits, has_date, has_time):
        self.days, self.ticks, self.minutes, self.digits = days, ticks, minutes, digits
        self.has_date, self.has_time = has_date, has_time


def parse_when(text, name):
    """Reads a date, a time or both; an empty text is 1900-01-01."""
    if not text.strip():
        return When(v.DAYS_TO_1900, 0, None, 0, False, False)
    hit = WHEN.fullmatch(text)
    if hit is None:
        raise SQLError(295) if name == "smalldatetime" else SQLError(241)
    g = hit.groupdict()
    year, month, day = (
        g["y"] or g["y2"] or g["y3"] or g["y4"],
        g["m"] or g["m2"] or g["m3"],
        g["d"] or g["d2"] or g["d3"] or g["d4"],
    )
    if g["mon"]:
        names = [m.lower() for m in MONTHS]
        if g["mon"][:3].lower() not in names:
            raise SQLError(241)
        month = names.index(g["mon"][:3].lower()) + 1
    days, hour = v.DAYS_TO_1900, g["h"] or g["ch"]
    try:
        if year:
            days = v.day_number(int(year), int(month), int(day))
        ticks = _ticks(hour, g["min"] or g["cmin"], g["s"] or g["cs"], g["f"] or g["cf"], g["ap"] or g["cap"])
        minutes = _zone(g["zone"])
    except ValueError:
        if name in ("datetime", "smalldatetime"):
            raise SQLError(242, "varchar", name) from None
        raise SQLError(241) from None
    return When(days, ticks, minutes, len(g["f"] or g["cf"] or ""), bool(year), bool(hour))


def _ticks(hour, minute, second, fraction, half):
    if hour is None:
        return 0
    hour, minute, second = int(hour), int(minute or 0), int(second or 0)
    if half:
        if not 1 <= hour <= 12:
            raise ValueError
        hour = hour % 12 + (12 if half.lower() == "pm" else 0)
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError
    fraction = fraction or ""
    part = int((fraction + "0000000")[:7]) + (1 if len(fraction) > 7 and fraction[7] >= "5" else 0)
    return ((hour * 60 + minute) * 60 + second) * 10_000_000 + part


def _zone(text):
    if text is None:
        return None
    if text in "zZ":
        return 0
    hours, minutes = text[1:].split(":")
    total = int(hours) * 60 + int(minutes)
    if total > 840 or int(minutes) > 59:
        raise ValueError
    return -total if text[0] == "-" else total


def float_text(number, digits=6):
    """As a CAST shows it: so many digits, an exponent of three."""
    text = f"{number:.{digits}g}"
    mantissa, e, exponent = text.partition("e")
    if not e:
        return text
    return f"{mantissa}e{exponent[0]}{int(exponent[1:]):03}"


def text_of(value, type, style=None):
    """The text that CONVERT makes."""
    style = 0 if style is None else style
    kind = type.kind
    if kind == "text":
        return value
    if kind == "int":
        return str(value)
    if kind == "decimal":
        return v.decimal_text(value, type.scale)
    if kind == "money":
        return v.scaled_text(value, 4) if style == 2 else v.scaled_text(v.round_decimal(value, 2), 2)
    if kind == "float":
        if style == 3 or style == 2:
            return repr(value) if style == 3 else f"{value:.15e}"
        return float_text(value, 6) if style == 0 else f"{value:.7e}"
    if kind == "uniqueidentifier":
        return v.guid_text(value)
    if kind == "bytes":
        return (
            {1: "0x", 2: ""}[style] + value.hex().upper() if style in (1, 2) else value.decode("cp1252", "tds_best_fit")
        )
    if kind == "sql_variant":
        from .variants import unpack

        inner, inner_type = unpack(value)
        return text_of(inner, inner_type, style)
    return when_text(value, type, style)


def when_text(value, type, style):
    name = type.name
    days, ticks, zone = parts(value, type)
    if name == "date":
        return _styled(days, 0, 0, style, name) if style in (1, 101, 3, 103, 104, 112) else v.date_text(days)
    if name == "time":
        return v.time_text(ticks, type.scale)
    if name in ("datetime2", "datetimeoffset") and style in (0, 121, 21, 25):
        text = f"{v.date_text(days)} {v.time_text(ticks, type.scale)}"
    elif name in ("datetime2", "datetimeoffset") and style in (126, 127):
        text = f"{v.date_text(days)}T{v.time_text(ticks, type.scale)}"
    else:
        return _styled(days, ticks, 3, style, name)
    return text if zone is None else f"{text} {offset_text(zone)}"


def offset_text(minutes):
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def _styled(days, ticks, scale, style, name):
    date = v.date_text(days)
    y, m, d = date.split("-")
    if style in (101, 1):
        return f"{m}/{d}/{y if style == 101 else y[2:]}"
    if style in (103, 3):
        return f"{d}/{m}/{y if style == 103 else y[2:]}"
    if style == 104:
        return f"{d}.{m}.{y}"
    if style in (112, 12):
        return f"{y if style == 112 else y[2:]}{m}{d}"
    if style in (108, 8):
        return v.time_text(ticks, 0)
    if style in (120, 20):
        return f"{date} {v.time_text(ticks, 0)}"
    if style in (121, 21, 25):
        return f"{date} {v.time_text(ticks, scale)}"
    if style in (126, 127):
        text = v.time_text(ticks, scale)
        return f"{date}T{text.removesuffix('.000')}"
    hour = ticks // 36_000_000_000
    clock = f"{hour % 12 or 12:>2}:{ticks // 600_000_000 % 60:02}{'PM' if hour >= 12 else 'AM'}"
    return f"{MONTHS[int(m) - 1]} {int(d):>2} {y} {clock}"


def parts(value, type):
    """(days, 100 ns, minutes of the zone or None) of a value of time; local time where it has a zone."""
    name = type.name
    if name == "date":
        return value, 0, None
    if name == "time":
        return v.DAYS_TO_1900, value, None
    if name == "datetime":
        return *divmod(v.datetime_ticks(value), v.DAY), None
    if name == "smalldatetime":
        days, minutes = divmod(value, 1440)
        return days + v.DAYS_TO_1900, minutes * 600_000_000, None
    if name == "datetime2":
        return *divmod(value, v.DAY), None
    ticks, minutes = v.unpack_offset(value)
    return *divmod(ticks + minutes * 600_000_000, v.DAY), minutes
