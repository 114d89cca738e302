"""T-SQL's functions of numbers, and what is of no other kind."""

import hashlib
import math
import re
import uuid

from . import sqltypes as t
from . import values as v
from .errors import SQLError
from .functions import function, integer, text
from .operators import as_decimal


def number(c, node):
    expr = c.typed(c.value(node), t.FLOAT)
    return expr if expr.type is not None else c.constant(None, t.INT)


@function("ABS", "SIGN", "CEILING", "FLOOR", least=1, most=1)
def _round_off(c, node):
    name, value = node.name, number(c, node.arguments[0])
    kind = value.type if value.type.kind in ("int", "decimal", "money", "float") else t.FLOAT
    value = c.convert(value, kind)
    simple = {"ABS": abs, "SIGN": lambda x: (x > 0) - (x < 0), "CEILING": math.ceil, "FLOOR": math.floor}[name]
    if kind.kind == "int":
        return c.apply((name, "int"), simple if name in ("ABS", "SIGN") else lambda x: x, [value], kind)
    if kind.kind == "float":
        return c.apply((name, "float"), lambda x: float(simple(x)), [value], t.FLOAT)
    scale = 4 if kind.kind == "money" else kind.scale

    def exact(x):
        x = x if kind.kind == "money" else v.unpack_decimal(x, scale)
        unit = v.POWERS[scale]
        x = {
            "ABS": lambda: abs(x),
            "SIGN": lambda: ((x > 0) - (x < 0)) * unit,
            "CEILING": lambda: -(-x // unit) * unit,
            "FLOOR": lambda: x // unit * unit,
        }[name]()
        return x if kind.kind == "money" else v.pack_decimal(x, scale)

    return c.apply((name, kind), exact, [value], kind)


@function("ROUND", least=2, most=3)
def _round(c, node):
    value, digits = number(c, node.arguments[0]), integer(c, node.arguments[1])
    kind = value.type
    if kind.kind == "float":
        return c.apply(
            "round float",
            lambda x, k: math.floor(abs(x) * 10**k + 0.5) / 10**k * (1 if x >= 0 else -1),
            [value, digits],
            t.FLOAT,
        )
    if kind.kind == "int":
        return c.apply(
            "round int", lambda x, k: x if k >= 0 else v.round_decimal(x, -k) * 10**-k, [value, digits], kind
        )
    exact = as_decimal(kind)
    value = c.convert(value, exact)

    def rounded(x, k):
        drop = exact.scale - k
        return v.pack_decimal(v.round_decimal(v.unpack_decimal(x, exact.scale), drop) * 10 ** max(drop, 0), exact.scale)

    return c.apply(("round", exact), rounded, [value, digits], exact)


def _float_function(name, change, count=1):
    @function(name, least=count, most=count)
    def build(c, node):
        def guarded(*x):
            try:
                return float(change(*x))
            except (ValueError, OverflowError, ZeroDivisionError):
                raise SQLError(3623, text="An invalid floating point operation occurred.", level=1) from None

        return c.apply(name, guarded, [c.convert(number(c, a), t.FLOAT) for a in node.arguments], t.FLOAT)


for _name, _change, _count in (
    ("SQRT", math.sqrt, 1),
    ("EXP", math.exp, 1),
    ("LOG10", math.log10, 1),
    ("SIN", math.sin, 1),
    ("COS", math.cos, 1),
    ("TAN", math.tan, 1),
    ("LOG", math.log, 1),
    ("PI", lambda: math.pi, 0),
    ("SQUARE", lambda x: x * x, 1),
):
    _float_function(_name, _change, _count)


@function("POWER", least=2, most=2)
def _power(c, node):
    base = number(c, node.arguments[0])
    kind = base.type if base.type.kind in ("int", "decimal") else t.FLOAT
    result = c.apply(
        "power",
        lambda x, y: float(x) ** y,
        [c.convert(base, t.FLOAT), c.convert(number(c, node.arguments[1]), t.FLOAT)],
        t.FLOAT,
    )
    return c.convert(result, kind)


@function("RAND", most=1)
def _rand(c, node):
    import random

    return c.ask("rand", lambda session, *seed: random.random(), [], t.FLOAT, False)


@function("NEWID", "NEWSEQUENTIALID", most=0)
def _newid(c, node):
    return c.ask("newid", lambda session: uuid.uuid4().bytes_le, [], t.make("uniqueidentifier"), False)


@function("ISNUMERIC", least=1, most=1)
def _isnumeric(c, node):
    return c.apply(
        "isnumeric",
        lambda x: int(re.fullmatch(r"\s*[+-]?[$]?(\d[\d,]*\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", x or "") is not None),
        [text(c, node.arguments[0])],
        t.INT,
        False,
        on_null=True,
    )


@function("STR", least=1, most=3)
def _str(c, node):
    values = [c.convert(number(c, node.arguments[0]), t.FLOAT)] + [integer(c, a) for a in node.arguments[1:]]
    return c.apply("str", lambda x, w=10, d=0: f"{x:.{d}f}".rjust(w)[:w], values, t.varchar(8000))


@function("HASHBYTES", least=2, most=2)
def _hashbytes(c, node):
    value = c.convert(c.value(node.arguments[1]), t.make("varbinary", ["max"]), explicit=True)

    def digest(name, data):
        return hashlib.new(name.lower().replace("sha2_", "sha"), data).digest()

    return c.apply("hashbytes", digest, [text(c, node.arguments[0]), value], t.make("varbinary", [8000]))


@function("CHECKSUM", "BINARY_CHECKSUM", least=1)
def _checksum(c, node):
    import zlib

    return c.apply(
        "checksum",
        lambda *x: zlib.crc32(repr(x).encode()) - 2**31,
        [c.value(a) for a in node.arguments],
        t.INT,
        False,
        on_null=True,
    )


@function("ISJSON", least=1, most=1)
def _isjson(c, node):
    import json

    def check(x):
        try:
            return int(isinstance(json.loads(x), (dict, list)))
        except ValueError:
            return 0

    return c.apply("isjson", check, [text(c, node.arguments[0])], t.INT)


@function("SQL_VARIANT_PROPERTY", least=2, most=2)
def _variant_property(c, node):
    from .variants import pack, unpack

    value = c.convert(c.value(node.arguments[0]), t.make("sql_variant"))

    def read(x, name):
        kind = unpack(x)[1]
        name = name.lower()
        if name == "basetype":
            return pack(kind.name, t.nvarchar(128))
        if name == "collation":
            return pack(kind.collation.name, t.nvarchar(128)) if kind.collation else None
        number = {
            "precision": kind.catalog_precision,
            "scale": kind.catalog_scale,
            "maxlength": kind.max_length,
            "totalbytes": len(x),
        }.get(name)
        return None if number is None else pack(number, t.INT)

    return c.apply("variant property", read, [value, text(c, node.arguments[1])], t.make("sql_variant"))
