"""Conversions between types: what CAST, CONVERT, parameters and assignments do, with SQL Server's errors."""

import re
import struct
from functools import lru_cache

from . import sqltypes as t
from . import values as v
from .errors import SQLError
from .texts import text_of

NUMBER = re.compile(r"\s*([+-]?)\s*(\d*)(?:\.(\d*))?\s*")
FLOAT = re.compile(r"\s*[+-]?\s*(\d+\.?\d*|\.\d+)([eEdD][+-]?\d+)?\s*")
GUID = re.compile(r"\{?([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})\}?.*", re.DOTALL)
PROLOGUE = re.compile(r"^\s*<[?]xml.*?[?]>", re.DOTALL)
NUMBERS = ("int", "decimal", "money", "float")


def check(source, target, explicit):
    """Refuses what SQL Server never converts, or not without CAST."""
    a, b = source.kind, target.kind
    if a == b or source.name == target.name:
        return
    clash = SQLError(529, source.name, target.name) if explicit else SQLError(206, source.name, target.name)
    needs_cast = SQLError(257, source.name, target.name)
    if target.name in t.UDTS and a not in ("text", "bytes") or source.name in t.UDTS and b not in ("text", "bytes"):
        raise clash
    if b == "sql_variant":
        if source.is_long:
            raise clash
        return
    if a == "sql_variant":
        if not explicit:
            raise needs_cast
        return
    new = ("date", "time", "datetime2", "datetimeoffset")
    if {a, b} == {"date", "time"} or a in NUMBERS and b in new or a in new and b in NUMBERS:
        raise clash
    if (
        a in ("datetime", "smalldatetime")
        and b in NUMBERS
        or a == "text"
        and b == "bytes"
        or a in t.TEMPORAL
        and b == "bytes"
    ):
        if not explicit:
            raise needs_cast
    if "uniqueidentifier" in (a, b) and not {a, b} & {"text", "bytes"}:
        raise clash
    if a == "bytes" and b == "float" or a == "float" and b == "bytes" and not explicit:
        raise clash
    if target.name == "timestamp" and a == "text" or target.name in ("text", "ntext", "image") and a in NUMBERS:
        raise clash
    if source.name in ("text", "ntext", "image") and b not in ("text", "bytes"):
        raise clash
    if source.name == "xml" and b == "text" and not explicit:
        raise needs_cast


@lru_cache(maxsize=4096)
def converter(source, target, style=None, assigns=False):
    """A function value → value that raises SQLError; None where the value stays as it is.

    `assigns`: into a column, which takes no text that is too long; elsewhere it is cut.
    """
    if target.kind == "sql_variant":
        if source.kind == "sql_variant":
            return None
        from .variants import pack

        return lambda value: pack(value, source)
    if source.kind == "sql_variant":
        return _from_variant(target, style)
    if target.kind == "text":
        return _to_text(source, target, style, assigns)
    from . import convert_when

    make = {
        "int": _to_integer,
        "decimal": _to_decimal,
        "money": _to_money,
        "float": _to_float,
        "bytes": _to_bytes,
        "uniqueidentifier": _to_guid,
    }.get(target.kind, convert_when.to_when)
    if source == target and target.kind != "bytes":
        return None
    return make(source, target, style, assigns)


def convert(value, source, target, style=None, assigns=False):
    if value is None:
        return None
    change = converter(source, target, style, assigns)
    return value if change is None else change(value)


def _from_variant(target, style):
    from .variants import unpack

    def change(value):
        inner, source = unpack(value)
        return convert(inner, source, target, style)

    return change


# --- numbers


def _number_of(source):
    """A function value → (integer, scale) for exact numbers."""
    scale = source.scale
    if source.kind == "int":
        return lambda value: (value, 0)
    if source.kind == "money":
        return lambda value: (value, 4)
    return lambda value: (v.unpack_decimal(value, scale), scale)


def _overflow(source, target, value):
    if source.kind == "int" and target.name in ("smallint", "tinyint"):
        return SQLError(220, target.name, value)
    if source.kind == "float":
        if target.kind == "int":
            return SQLError(232, target.name, f"{value:f}")
    word = "expression" if source.kind == "int" or target.name == "bigint" else source.name
    return SQLError(8115, word, target.name)


def _to_integer(source, target, style, assigns):
    if target.name == "bit":
        return _to_bit(source)
    low, high = t.INTEGERS[target.name]

    def ranged(number, value):
        if low <= number <= high:
            return number
        raise _overflow(source, target, value)

    if source.kind == "int":
        inner_low, inner_high = t.INTEGERS.get(source.name, (0, 1))
        if low <= inner_low and inner_high <= high:
            return None
        return lambda value: ranged(value, value)
    if source.kind in ("decimal", "money"):
        exact = _number_of(source)

        def from_exact(value):
            number, scale = exact(value)
            whole = abs(number) // v.POWERS[scale] if source.kind == "decimal" else abs(v.round_decimal(number, scale))
            return ranged(-whole if number < 0 else whole, v.scaled_text(number, scale))

        return from_exact
    if source.kind == "float":
        return lambda value: ranged(int(value), value)
    if source.kind == "text":
        return lambda value: _integer_of_text(value, source, target, low, high)
    if source.kind == "bytes":
        size = {"tinyint": 1, "smallint": 2, "int": 4, "bigint": 8}[target.name]
        return lambda value: int.from_bytes(value[-size:], "big", signed=len(value) >= size and size > 1)
    if source.name in ("datetime", "smalldatetime"):
        unit = v.DAY300 if source.name == "datetime" else 1440
        return lambda value: ranged((value + unit // 2) // unit, value)
    raise SQLError(206, source.name, target.name)


def _integer_of_text(text, source, target, low, high):
    stripped = text.strip(" \t\r\n\0").replace("+ ", "+").replace("- ", "-")
    if not stripped:
        return 0
    digits = stripped[1:] if stripped[0] in "+-" else stripped
    if not (digits.isascii() and digits.isdigit()):
        if target.name == "bigint":
            raise SQLError(8114, source.name, "bigint")
        raise SQLError(245, source.name, text, target.name)
    number = int(stripped)
    if low <= number <= high:
        return number
    if target.name == "bigint":
        raise SQLError(8115, "expression", "bigint")
    if target.name == "int":
        raise SQLError(248, source.name, text)
    raise SQLError(244, source.name, text, "INT1" if target.name == "tinyint" else "INT2")


def _to_bit(source):
    if source.kind == "text":

        def change(text):
            word = text.strip().lower()
            if word in ("true", "false"):
                return int(word == "true")
            return 1 if _integer_of_text(text, source, t.BIT, -(10**40), 10**40) else 0

        return change
    if source.kind == "decimal":
        return lambda value: int(value != v.pack_decimal(0, 0))
    if source.kind == "bytes":
        return lambda value: int(any(value))
    return lambda value: int(value != 0)


def _to_decimal(source, target, style, assigns):
    scale, limit = target.scale, 10**target.precision

    def fit(number, from_scale):
        number = (
            number * v.POWERS[scale - from_scale]
            if from_scale <= scale
            else v.round_decimal(number, from_scale - scale)
        )
        if -limit < number < limit:
            return v.pack_decimal(number, scale)
        raise SQLError(8115, source.name, target.name)

    if source.kind in ("int", "decimal", "money"):
        exact = _number_of(source)
        if (
            source.kind == "decimal"
            and source.scale <= scale
            and source.precision - source.scale <= target.precision - scale
        ):
            return None
        return lambda value: fit(*exact(value))
    if source.kind == "float":

        def from_float(value):
            top, bottom = value.as_integer_ratio()
            number, rest = divmod(abs(top) * v.POWERS[scale], bottom)
            number += rest * 2 >= bottom
            if number >= limit:
                raise SQLError(8115, source.name, target.name)
            return v.pack_decimal(-number if value < 0 else number, scale)

        return from_float
    if source.kind == "text":

        def from_text(text):
            hit = NUMBER.fullmatch(text)
            if hit is None or not (hit[2] or hit[3]):
                raise SQLError(8114, source.name, target.name)
            digits = hit[3] or ""
            number = int((hit[2] or "") + digits)
            return (
                fit(-number if hit[1] == "-" else number, len(digits))
                if len(digits) < 79
                else fit(
                    -number // 10 ** (len(digits) - 70) if hit[1] == "-" else number // 10 ** (len(digits) - 70), 70
                )
            )

        return from_text
    if source.name in ("datetime", "smalldatetime"):
        unit = v.DAY300 if source.name == "datetime" else 1440
        return lambda value: fit(value * 10**12 // unit, 12)
    if source.kind == "bytes":
        return lambda value: fit(int.from_bytes(value, "big"), 0)
    raise SQLError(206, source.name, target.name)


def _to_money(source, target, style, assigns):
    bits = 31 if target.name == "smallmoney" else 63

    def fit(number):
        if -(2**bits) <= number < 2**bits:
            return number
        raise SQLError(8115, source.name if source.kind != "int" else "expression", target.name)

    if source.kind == "text":

        def from_text(text):
            hit = NUMBER.fullmatch(text.replace(",", "").replace("$", ""))
            if hit is None:
                raise SQLError(293 if bits == 31 else 235)
            digits = hit[3] or ""
            number = v.round_decimal(int((hit[2] or "0") + digits + "0000"), len(digits))
            return fit(-number if hit[1] == "-" else number)

        return from_text
    if source.kind in ("int", "decimal", "money"):
        exact = _number_of(source)

        def from_exact(value):
            number, scale = exact(value)
            return fit(number * v.POWERS[4 - scale] if scale <= 4 else v.round_decimal(number, scale - 4))

        return from_exact
    if source.kind == "float":
        return lambda value: fit(round(value * 10000))
    if source.kind == "bytes":
        return lambda value: fit(int.from_bytes(value[-8:], "big", signed=len(value) >= 8))
    raise SQLError(206, source.name, target.name)


def _to_float(source, target, style, assigns):
    def fit(number):
        if target.name == "real":
            try:
                return struct.unpack("<f", struct.pack("<f", number))[0]
            except OverflowError:
                raise SQLError(232, "real", f"{number:f}") from None
        return number

    if source.kind == "float":
        return None if target.name == "float" or source.name == "real" else fit
    if source.kind in ("int",):
        return lambda value: fit(float(value))
    if source.kind in ("decimal", "money"):
        exact = _number_of(source)

        def from_exact(value):
            number, scale = exact(value)
            return fit(number / v.POWERS[scale])

        return from_exact
    if source.kind == "text":

        def from_text(text):
            if not text.strip():
                return 0.0
            if not FLOAT.fullmatch(text):
                raise SQLError(8114, source.name, target.name)
            number = float(text.replace(" ", "").replace("d", "e").replace("D", "e"))
            if number - number != 0:
                raise SQLError(8115, source.name, target.name)
            return fit(number)

        return from_text
    if source.name in ("datetime", "smalldatetime"):
        unit = v.DAY300 if source.name == "datetime" else 1440
        return lambda value: value / unit
    raise SQLError(206, source.name, target.name)


# --- texts and bytes


def _to_text(source, target, style, assigns):
    if target.name == "xml":
        return _to_xml(source)
    limit = None if target.is_long else target.length
    pads = target.name in ("char", "nchar")
    wide = target.name in t.WIDE
    order = target.collation or t.DEFAULT
    same_code = (
        source.kind == "text"
        and source.collation is not None
        and source.collation.encoding == order.encoding
        and source.name not in t.WIDE
    )
    is_narrowing = not wide and not same_code

    def size(text):
        if wide:
            return v.utf16_length(text)
        return len(text) if text.isascii() or order.is_single_byte else len(order.encode(text))

    def change(value):
        text = value if source.kind == "text" else text_of(value, source, style)
        if is_narrowing and not text.isascii():
            text = order.decode(order.encode(text))
        if limit is None:
            return text
        length = size(text)
        if length > limit:
            text = _cut(text, source, target, limit, assigns, order, wide)
            length = size(text)
        return text + " " * (limit - length) if pads and length < limit else text

    if source.kind == "bytes":

        def from_bytes(value):
            if style in (1, 2):
                return change(value)
            text = value.decode("utf-16-le", "replace") if wide else order.decode(value)
            return text if limit is None else text[:limit].ljust(limit if pads else 0)

        return from_bytes
    if source.kind == "text" and not is_narrowing and limit is None:
        return None
    return change


def _cut(text, source, target, limit, assigns, order, wide):
    if source.kind == "int" and not target.name.startswith("n"):
        return "*"
    if source.kind in NUMBERS:
        raise SQLError(8115, "expression" if source.kind == "int" else source.name, target.name)
    if source.kind == "uniqueidentifier":
        raise SQLError(8170, text="Insufficient result space to convert uniqueidentifier value to char.")
    shown = v.utf16_prefix(text, limit) if wide else order.encode(text)[:limit].decode(order.encoding, "ignore")
    if assigns:
        rest = text[len(shown) :]
        if not rest.strip(" "):
            return shown
        raise Truncation(shown)
    return shown


class Truncation(SQLError):
    """Becomes 2628 once the column is known."""

    def __init__(self, shown):
        super().__init__(8152)
        self.shown = shown


def _to_xml(source):
    from xml.etree import ElementTree

    def change(value):
        text = value if source.kind == "text" else value.decode("utf-8", "replace")
        if text.strip():
            try:
                ElementTree.fromstring(f"<r>{PROLOGUE.sub('', text)}</r>")
            except ElementTree.ParseError as error:
                raise SQLError(9400, error.position[1], "illegal xml character") from None
        return text

    return change if source.name != "xml" else None


def _to_bytes(source, target, style, assigns):
    limit = None if target.is_long or target.name in t.UDTS else 8 if target.name == "timestamp" else target.length
    pads = target.name == "binary"

    def fit(data, from_left=False):
        if limit is None:
            return data
        if len(data) > limit:
            if from_left:
                return data[-limit:]
            if assigns:
                if any(data[limit:]):
                    raise Truncation("")
            return data[:limit]
        if pads and len(data) < limit:
            return bytes(limit - len(data)) + data if from_left else data + bytes(limit - len(data))
        return data

    if source.kind == "bytes":
        if limit is None or (source.length and not source.is_max and source.length <= limit and not pads):
            return None
        return fit
    if source.kind == "int":
        size = {"tinyint": 1, "bit": 1, "smallint": 2, "int": 4, "bigint": 8}[source.name]
        return lambda value: fit(value.to_bytes(size, "big", signed=size > 1), True)
    if source.kind == "text":

        def from_text(text):
            if style in (1, 2):
                digits = text[2:] if style == 1 else text
                try:
                    return fit(bytes.fromhex(digits))
                except ValueError:
                    raise SQLError(8114, source.name, target.name) from None
            return fit(text.encode("utf-16-le") if source.name in t.WIDE else source.collation.encode(text))

        return from_text
    from .wire import encoder

    encode = encoder(source)
    return lambda value: fit(encode(value)[::-1] if source.kind != "uniqueidentifier" else value)


def _to_guid(source, target, style, assigns):
    if source.kind == "bytes":
        return lambda value: (value + bytes(16))[:16]

    def from_text(text):
        hit = GUID.fullmatch(text)
        if hit is None:
            raise SQLError(8169)
        return v.guid_bytes(hit[1])

    return from_text
