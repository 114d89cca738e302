"""T-SQL's functions of dates and times."""

import datetime
import time

from . import nodes as n
from . import sqltypes as t
from . import values as v
from .convert import convert
from .errors import SQLError
from .functions import TABLE, function, integer, text
from .texts import parts

PARTS = {
    "YEAR": "year",
    "YY": "year",
    "YYYY": "year",
    "QUARTER": "quarter",
    "QQ": "quarter",
    "Q": "quarter",
    "MONTH": "month",
    "MM": "month",
    "M": "month",
    "DAYOFYEAR": "dayofyear",
    "DY": "dayofyear",
    "Y": "dayofyear",
    "DAY": "day",
    "DD": "day",
    "D": "day",
    "WEEK": "week",
    "WK": "week",
    "WW": "week",
    "WEEKDAY": "weekday",
    "DW": "weekday",
    "HOUR": "hour",
    "HH": "hour",
    "MINUTE": "minute",
    "MI": "minute",
    "N": "minute",
    "SECOND": "second",
    "SS": "second",
    "S": "second",
    "MILLISECOND": "millisecond",
    "MS": "millisecond",
    "MICROSECOND": "microsecond",
    "MCS": "microsecond",
    "NANOSECOND": "nanosecond",
    "NS": "nanosecond",
    "TZOFFSET": "tzoffset",
    "TZ": "tzoffset",
    "ISO_WEEK": "iso_week",
    "ISOWK": "iso_week",
}
TICKS = {
    "hour": 36_000_000_000,
    "minute": 600_000_000,
    "second": 10_000_000,
    "millisecond": 10_000,
    "microsecond": 10,
    "day": v.DAY,
    "week": 7 * v.DAY,
    "dayofyear": v.DAY,
    "weekday": v.DAY,
}
DATETIME2 = t.make("datetime2")
OFFSET = t.make("datetimeoffset")


def now():
    """100 ns since 0001-01-01, UTC."""
    return (datetime.date(1970, 1, 1).toordinal() - 1) * v.DAY + time.time_ns() // 100


def part_of(node, compiler):
    name = node.parts[0].upper() if isinstance(node, n.ColumnName) else ""
    if name not in PARTS:
        raise SQLError(155, text=f"'{name.lower()}' is not a recognized dateadd option.", severity=15, level=1)
    return PARTS[name]


def when(c, node):
    """An argument as a value of time."""
    expr = c.typed(c.value(node), DATETIME2)
    if expr.type is None or expr.type.kind not in t.TEMPORAL:
        expr = c.convert(expr, t.DATETIME if expr.type and expr.type.kind != "text" else DATETIME2, explicit=True)
    return expr


def _clock(names, kind, read):
    @function(*names, most=0)
    def build(c, node):
        return c.ask(names[0], lambda session: read(session.statement_time), [], kind, False)


_clock(("GETDATE", "GETUTCDATE", "CURRENT_TIMESTAMP"), t.DATETIME, v.ticks_datetime)
_clock(("SYSDATETIME", "SYSUTCDATETIME"), DATETIME2, lambda ticks: ticks)
_clock(("SYSDATETIMEOFFSET",), OFFSET, lambda ticks: v.pack_offset(ticks, 0))


def add_months(days, count):
    day = datetime.date.fromordinal(days + 1)
    month = day.year * 12 + day.month - 1 + count
    if not 12 <= month < 120_000:
        raise SQLError(517, text="Adding a value to a 'datetime2' column caused an overflow.", level=1)
    first = datetime.date(month // 12, month % 12 + 1, 1)
    following = (
        datetime.date(first.year + first.month // 12, first.month % 12 + 1, 1)
        if first.year < 9999 or first.month < 12
        else datetime.date.max
    )
    last = (following - first).days if following != datetime.date.max else 31
    return first.toordinal() - 1 + min(day.day, last) - 1


@function("DATEADD", least=3, most=3)
def _dateadd(c, node):
    part = part_of(node.arguments[0], c)
    count = c.convert(c.value(node.arguments[1]), t.BIGINT, explicit=True)
    value = when(c, node.arguments[2])
    kind = value.type
    if c.value(node.arguments[2]).type is not None and c.value(node.arguments[2]).type.kind == "text":
        value, kind = c.convert(value, t.DATETIME), t.DATETIME

    def add(k, x):
        days, ticks, zone = parts(x, kind)
        if part in ("year", "quarter", "month"):
            days = add_months(days, k * {"year": 12, "quarter": 3, "month": 1}[part])
        elif part == "nanosecond":
            ticks += (k + 50) // 100
        else:
            ticks += k * TICKS[part]
        total = days * v.DAY + ticks
        if not 0 <= total < (v.LAST_DAY + 1) * v.DAY and kind.name != "time":
            raise SQLError(517, text=f"Adding a value to a '{kind.name}' column caused an overflow.", level=1)
        if zone is not None:
            return v.pack_offset(total - zone * 600_000_000, zone)
        return convert(
            total % v.DAY if kind.name == "time" else total, t.make("time") if kind.name == "time" else DATETIME2, kind
        )

    return c.apply(("dateadd", part, kind), add, [count, value], kind)


def _boundary(part, ticks):
    """The number of the part's unit that a moment lies in."""
    days = ticks // v.DAY
    if part in ("year", "quarter", "month"):
        day = datetime.date.fromordinal(days + 1)
        return {"year": day.year, "quarter": day.year * 4 + (day.month - 1) // 3, "month": day.year * 12 + day.month}[
            part
        ]
    if part == "week":
        return (days + 1) // 7
    if part == "nanosecond":
        return ticks * 100
    return ticks // TICKS[part]


@function("DATEDIFF", "DATEDIFF_BIG", least=3, most=3)
def _datediff(c, node):
    part = part_of(node.arguments[0], c)
    first, second = when(c, node.arguments[1]), when(c, node.arguments[2])
    a, b = first.type, second.type
    result = t.INT if node.name == "DATEDIFF" else t.BIGINT
    low, high = t.INTEGERS[result.name]

    def ticks(x, kind):
        days, part_ticks, zone = parts(x, kind)
        return days * v.DAY + part_ticks - (zone or 0) * 600_000_000

    def difference(x, y):
        number = _boundary(part, ticks(y, b)) - _boundary(part, ticks(x, a))
        if not low <= number <= high:
            raise SQLError(
                535,
                text="The datediff function resulted in an overflow. The number of dateparts separating "
                "two date/time instances is too large. Try to use datediff with a less precise "
                "datepart.",
                level=1,
            )
        return number

    return c.apply(("datediff", part, a, b, result), difference, [first, second], result)


def read_part(part, days, ticks, zone):
    day = datetime.date.fromordinal(days + 1)
    return {
        "year": day.year,
        "quarter": (day.month + 2) // 3,
        "month": day.month,
        "day": day.day,
        "dayofyear": day.timetuple().tm_yday,
        "weekday": day.isoweekday() % 7 + 1,
        "iso_week": day.isocalendar()[1],
        "week": (day.timetuple().tm_yday + datetime.date(day.year, 1, 1).isoweekday() % 7 - 1) // 7 + 1,
        "hour": ticks // TICKS["hour"],
        "minute": ticks // TICKS["minute"] % 60,
        "second": ticks // TICKS["second"] % 60,
        "millisecond": ticks // 10_000 % 1000,
        "microsecond": ticks // 10 % 1_000_000,
        "nanosecond": ticks % 10_000_000 * 100,
        "tzoffset": zone or 0,
    }[part]


@function("DATEPART", least=2, most=2)
def _datepart(c, node):
    part = part_of(node.arguments[0], c)
    value = when(c, node.arguments[1])
    kind = value.type
    return c.apply(("datepart", part, kind), lambda x: read_part(part, *parts(x, kind)), [value], t.INT)


@function("DATENAME", least=2, most=2)
def _datename(c, node):
    part = part_of(node.arguments[0], c)
    value = when(c, node.arguments[1])
    kind = value.type

    def name(x):
        day = datetime.date.fromordinal(parts(x, kind)[0] + 1)
        return {"month": day.strftime("%B"), "weekday": day.strftime("%A")}.get(part) or str(
            read_part(part, *parts(x, kind))
        )

    return c.apply(("datename", part, kind), name, [value], t.nvarchar(30))


@function("YEAR", "MONTH", "DAY", least=1, most=1)
def _year(c, node):
    return TABLE["DATEPART"][0](c, n.Call("DATEPART", [n.ColumnName([node.name]), node.arguments[0]]))


@function("EOMONTH", least=1, most=2)
def _eomonth(c, node):
    value = c.convert(when(c, node.arguments[0]), t.make("date"))
    arguments = [value] + [integer(c, a) for a in node.arguments[1:]]

    def last(x, k=0):
        day = datetime.date.fromordinal(add_months(x, k) + 1)
        return add_months(day.replace(day=1).toordinal() - 1, 1) - 1

    return c.apply("eomonth", last, arguments, t.make("date"))


@function("DATEFROMPARTS", least=3, most=3)
def _datefromparts(c, node):
    def build(y, m, d):
        try:
            return v.day_number(y, m, d)
        except ValueError:
            raise SQLError(
                289,
                text="Cannot construct data type date, some of the arguments have values which are not " "valid.",
                level=1,
            ) from None

    return c.apply("datefromparts", build, [integer(c, a) for a in node.arguments], t.make("date"))


@function("ISDATE", least=1, most=1)
def _isdate(c, node):
    def check(x):
        try:
            convert(x, t.VARCHAR_MAX, t.DATETIME)
            return 1
        except SQLError:
            return 0

    return c.apply("isdate", check, [text(c, node.arguments[0])], t.INT)


@function("SWITCHOFFSET", "TODATETIMEOFFSET", "AT TIME ZONE", least=2, most=2)
def _switchoffset(c, node):
    from .texts import _zone

    switches = node.name == "SWITCHOFFSET" or node.name == "AT TIME ZONE" and when(c, node.arguments[0]).type == OFFSET
    value = c.convert(when(c, node.arguments[0]), OFFSET if switches else DATETIME2)
    zone = c.convert(c.value(node.arguments[1]), t.nvarchar(40), explicit=True)

    def change(x, text):
        minutes = 0 if text.upper() == "UTC" else _zone(text) if ":" in text else int(text)
        if switches:
            return v.pack_offset(v.unpack_offset(x)[0], minutes)
        return v.pack_offset(x - minutes * 600_000_000, minutes)

    return c.apply((node.name, switches), change, [value, zone], OFFSET)
