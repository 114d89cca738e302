"""Arithmetic, comparison and the common type of two expressions."""

from functools import lru_cache

from . import sqltypes as t
from . import values as v
from .convert import convert
from .errors import SQLError

PRECEDENCE = [
    "geography",
    "geometry",
    "hierarchyid",
    "sql_variant",
    "xml",
    "datetimeoffset",
    "datetime2",
    "datetime",
    "smalldatetime",
    "date",
    "time",
    "float",
    "real",
    "decimal",
    "numeric",
    "money",
    "smallmoney",
    "bigint",
    "int",
    "smallint",
    "tinyint",
    "bit",
    "ntext",
    "text",
    "image",
    "timestamp",
    "uniqueidentifier",
    "nvarchar",
    "nchar",
    "varchar",
    "char",
    "varbinary",
    "binary",
]
RANK = {name: number for number, name in enumerate(PRECEDENCE)}
WORDS = {
    "=": "equal to",
    "<>": "not equal to",
    "<": "less than",
    ">": "greater than",
    "<=": "less than or equal to",
    ">=": "greater than or equal to",
    "+": "add",
    "-": "subtract",
    "*": "multiply",
    "/": "divide",
    "%": "modulo",
    "&": "'&'",
    "|": "'|'",
    "^": "'^'",
}
DIGITS = {"bit": 1, "tinyint": 3, "smallint": 5, "int": 10, "bigint": 19, "money": 19, "smallmoney": 10}


def as_decimal(type):
    """The decimal that holds an exact number."""
    if type.kind == "decimal":
        return type
    return t.decimal(DIGITS[type.name], 4 if type.kind == "money" else 0)


def common(a, b):
    """The type that both are brought to."""
    if a is None or b is None:
        return a or b
    if a == b:
        return a
    high, low = (a, b) if RANK[a.name] <= RANK[b.name] else (b, a)
    if high.kind == "decimal" and low.kind in ("decimal", "int", "money"):
        other = as_decimal(low)
        scale = max(high.scale, other.scale)
        whole = max(high.precision - high.scale, other.precision - other.scale)
        return high.but(precision=min(whole + scale, 38), scale=min(scale, max(38 - whole, 0)))
    if high.kind == "text" and low.kind == "text" and not high.is_long:
        length = t.MAX if low.is_max or low.is_long else max(_units(high, high), _units(low, high))
        name = (
            high.name
            if high.length == low.length and high.name == low.name
            else "nvarchar" if high.name in t.WIDE else "varchar"
        )
        return high.but(name=name, length=length if length <= (4000 if name[0] == "n" else 8000) else t.MAX)
    if high.kind == "bytes" and low.kind == "bytes" and not high.is_long:
        return high.but(name="varbinary", length=t.MAX if low.is_long else max(high.length, low.length))
    if high.name in ("time", "datetime2", "datetimeoffset"):
        scale = (
            low.scale
            if low.name in ("time", "datetime2", "datetimeoffset")
            else {"datetime": 3, "smalldatetime": 0}.get(low.name, high.scale)
        )
        return high.but(scale=max(high.scale, scale))
    return high


def _units(type, target):
    return type.length


def comparison_type(a, b, op):
    """The type that two values are compared as; None where they cannot be."""
    for first, second in ((a, b), (b, a)):
        if first.name in ("text", "ntext", "image", "xml", "geometry", "geography"):
            raise SQLError(402, a.name, b.name, WORDS.get(op, op))
    result = common(a, b)
    if result.kind == "decimal":
        return t.decimal(38, 0)  # kept values compare whatever their scale
    if {a.name, b.name} & {"datetime", "smalldatetime"} and result.kind == "datetime2":
        return result.but(scale=7)
    if result.kind == "text":
        return result.but(name="nvarchar" if result.name in t.WIDE else "varchar", length=t.MAX)
    if result.kind == "bytes":
        return result.but(name="varbinary", length=t.MAX)
    if result.name == "real":
        return result
    return result


def result_type(op, a, b):
    """The type of an arithmetic expression."""
    if a.kind == "text" and b.kind == "text":
        if op != "+":
            raise SQLError(402, a.name, b.name, WORDS[op])
        high = common(a, b)
        limit = 4000 if high.name in t.WIDE else 8000
        name = "nvarchar" if high.name in t.WIDE else "varchar"
        length = t.MAX if a.is_long or b.is_long else min(a.length + b.length, limit)
        return high.but(name=name, length=length)
    if a.kind == "bytes" and b.kind == "bytes" and op == "+":
        return t.SQLType("varbinary", t.MAX if a.is_long or b.is_long else min(a.length + b.length, 8000))
    high = common(a, b)
    if high.kind in ("datetime", "smalldatetime") and op in "+-":
        return high
    if high.kind in t.TEMPORAL or high.kind in ("uniqueidentifier", "xml", "sql_variant", "bytes", "text"):
        if high.kind in t.TEMPORAL and (a.kind in t.TEMPORAL) != (b.kind in t.TEMPORAL):
            raise SQLError(206, a.name, b.name)
        raise SQLError(402, a.name, b.name, WORDS[op])
    if high.name == "bit":
        raise SQLError(402, a.name, b.name, WORDS[op])
    if op in "&|^":
        if high.kind != "int":
            raise SQLError(402, a.name, b.name, WORDS[op])
        return high
    if high.kind == "decimal":
        return _decimal_type(op, as_decimal(a if a.kind != "text" else b), as_decimal(b if b.kind != "text" else a))
    if high.name == "real" and "float" in (a.name, b.name):
        return t.FLOAT
    return high


def _decimal_type(op, a, b):
    p1, s1, p2, s2 = a.precision, a.scale, b.precision, b.scale
    if op in "+-":
        scale = max(s1, s2)
        precision = max(p1 - s1, p2 - s2) + scale + 1
    elif op == "*":
        scale, precision = s1 + s2, p1 + p2 + 1
    elif op == "/":
        scale = max(6, s1 + p2 + 1)
        precision = p1 - s1 + s2 + scale
    else:
        scale = max(s1, s2)
        precision = min(p1 - s1, p2 - s2) + scale
    if precision > 38:
        whole = precision - scale
        if op in "+-":
            scale = max(scale - (precision - 38), 0) if whole < 38 else 0
        else:
            scale = max(38 - whole, min(scale, 6)) if whole < 32 or scale >= 6 else scale
            scale = min(scale, 38)
        precision = 38
    return t.decimal(precision, scale)


@lru_cache(maxsize=1024)
def arithmetic(op, a, b, result):
    """A function of two values of these types."""
    kind = result.kind
    if kind == "text":
        return lambda x, y: x + y
    if kind == "bytes":
        return lambda x, y: x + y
    if kind == "int":
        return _integers(op, a, b, result)
    if kind == "decimal":
        return _decimals(op, a, b, result)
    if kind == "money":
        return _money(op, a, b, result)
    if kind == "float":
        return _floats(op, a, b, result)
    unit = v.DAY300 if kind == "datetime" else 1440
    days_a = None if a.kind in t.TEMPORAL else t.FLOAT
    days_b = None if b.kind in t.TEMPORAL else t.FLOAT

    def dates(x, y):
        x = x if days_a is None else round(convert(x, a, days_a) * unit)
        y = y if days_b is None else round(convert(y, b, days_b) * unit)
        return x + y if op == "+" else x - y

    return dates


def _quotient(x, y):
    if y == 0:
        raise SQLError(8134)
    return abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1)


def _integers(op, a, b, result):
    low, high = t.INTEGERS[result.name]

    def calculate(x, y):
        x, y = convert(x, a, result), convert(y, b, result)
        number = {
            "+": lambda: x + y,
            "-": lambda: x - y,
            "*": lambda: x * y,
            "/": lambda: _quotient(x, y),
            "%": lambda: x - y * _quotient(x, y),
            "&": lambda: x & y,
            "|": lambda: x | y,
            "^": lambda: x ^ y,
        }[op]()
        if low <= number <= high:
            return number
        raise SQLError(8115, "expression", result.name)

    return calculate


def _decimals(op, a, b, result):
    a_type, b_type = (as_decimal(x) if x.kind != "text" else result for x in (a, b))
    limit = 10**result.precision

    def calculate(x, y):
        x = int.from_bytes(convert(x, a, a_type), "big") - v.BIAS
        y = int.from_bytes(convert(y, b, b_type), "big") - v.BIAS
        if op in "+-":
            number, scale = (x + y if op == "+" else x - y), 38
        elif op == "*":
            number, scale = x * y, 76
        elif op == "/":
            number, scale = _quotient(x * v.POWERS[result.scale], y), result.scale
        else:
            number, scale = x - y * _quotient(x, y), 38
        number = v.round_decimal(number, scale - result.scale)
        if -limit < number < limit:
            return v.pack_decimal(number, result.scale)
        raise SQLError(8115, "numeric", "numeric")

    return calculate


def _money(op, a, b, result):
    def calculate(x, y):
        x, y = convert(x, a, result), convert(y, b, result)
        number = {
            "+": lambda: x + y,
            "-": lambda: x - y,
            "*": lambda: v.round_decimal(x * y, 4),
            "/": lambda: _quotient(x * 10000, y),
            "%": lambda: x - y * _quotient(x, y),
        }[op]()
        if not -(2**63) <= number < 2**63:
            raise SQLError(8115, "expression", result.name)
        return number

    return calculate


def _floats(op, a, b, result):
    def calculate(x, y):
        x, y = convert(x, a, result), convert(y, b, result)
        if op in "/%" and y == 0:
            raise SQLError(8134)
        try:
            number = {
                "+": lambda: x + y,
                "-": lambda: x - y,
                "*": lambda: x * y,
                "/": lambda: x / y,
                "%": lambda: x % y,
            }[op]()
        except OverflowError:
            raise SQLError(8115, "expression", result.name) from None
        if number - number != 0:
            raise SQLError(8115, "expression", result.name)
        return convert(number, t.FLOAT, result)

    return calculate


def variant_key(value):
    """What a sql_variant is compared by: numbers among themselves, texts among themselves."""
    from .variants import unpack

    inner, type = unpack(value)
    if type.kind in ("int", "decimal", "money"):
        return convert(inner, type, t.decimal(38, 18)) if type.kind != "decimal" else inner
    if type.kind == "text":
        return inner.rstrip(" ").casefold()
    return inner
