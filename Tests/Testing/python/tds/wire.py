"""Types and values as they travel: TYPE_INFO and the values of rows, parameters and bulk loads."""

import struct

from .coding import BadValue, decoder, encoder
from .errors import ProtocolError
from .sqltypes import DEFAULT, MAX, UDTS, SQLType, collation_of_wire, decimal_bytes

NULL = 0x1F
FIXED = {
    0x30: ("tinyint", 1),
    0x32: ("bit", 1),
    0x34: ("smallint", 2),
    0x38: ("int", 4),
    0x3A: ("smalldatetime", 4),
    0x3B: ("real", 4),
    0x3C: ("money", 8),
    0x3D: ("datetime", 8),
    0x3E: ("float", 8),
    0x7A: ("smallmoney", 4),
    0x7F: ("bigint", 8),
}
NULLABLE = {
    0x26: {1: "tinyint", 2: "smallint", 4: "int", 8: "bigint"},
    0x68: {1: "bit"},
    0x6D: {4: "real", 8: "float"},
    0x6E: {4: "smallmoney", 8: "money"},
    0x6F: {4: "smalldatetime", 8: "datetime"},
}
TEXT, IMAGE, NTEXT, VARIANT, UDT, XML = 0x23, 0x22, 0x63, 0x62, 0xF0, 0xF1
GUID, DATE, TIME, DATETIME2, OFFSET, DECIMAL, NUMERIC = 0x24, 0x28, 0x29, 0x2A, 0x2B, 0x6A, 0x6C
SHORT_CHAR, SHORT_VARCHAR, SHORT_BINARY, SHORT_VARBINARY, OLD_DECIMAL, OLD_NUMERIC = 0x2F, 0x27, 0x2D, 0x25, 0x37, 0x3F
VARBINARY, VARCHAR, BINARY, CHAR, NVARCHAR, NCHAR = 0xA5, 0xA7, 0xAD, 0xAF, 0xE7, 0xEF
BY_NAME = {name: token for token, (name, _) in FIXED.items()}
BY_NAME_NULLABLE = {name: (token, size) for token, sizes in NULLABLE.items() for size, name in sizes.items()}
# Bytes of a TYPE_INFO that has always as many. Those that came are kept: parameters bring theirs with each call.
SIZES = {**dict.fromkeys(FIXED, 1), **dict.fromkeys(NULLABLE, 2), GUID: 2, DATE: 1, TIME: 2, DATETIME2: 2, OFFSET: 2}
SIZES |= {DECIMAL: 4, NUMERIC: 4, VARBINARY: 3, BINARY: 3, VARCHAR: 8, CHAR: 8, NVARCHAR: 8, NCHAR: 8}
KNOWN_TYPES = {}
NO_LENGTH = 0xFFFFFFFFFFFFFFFF
UNKNOWN_LENGTH = 0xFFFFFFFFFFFFFFFE
TEXT_POINTER = bytes(16) + bytes(8)


class Incomplete(Exception):
    """The value goes on behind the end of the bytes."""


class Bytes:
    """Reads numbers and texts of a message."""

    def __init__(self, data, position=0):
        self.data, self.position = data, position

    @property
    def rest(self):
        return len(self.data) - self.position

    def take(self, count):
        end = self.position + count
        if end > len(self.data):
            raise Incomplete
        part = self.data[self.position : end]
        self.position = end
        return bytes(part)

    def _number(self, form, size):
        return struct.unpack(form, self.take(size))[0]

    def u8(self):
        return self.take(1)[0]

    def u16(self):
        return self._number("<H", 2)

    def u32(self):
        return self._number("<I", 4)

    def i32(self):
        return self._number("<i", 4)

    def u64(self):
        return self._number("<Q", 8)

    def text8(self):
        return self.take(2 * self.u8()).decode("utf-16-le", "surrogatepass")

    def text16(self):
        return self.take(2 * self.u16()).decode("utf-16-le", "surrogatepass")


# --- TYPE_INFO -------------------------------------------------------------------------------------------------------


class WireType:
    """A type as it was read: its token, what it means, and how its values are read."""

    def __init__(self, token, type, size=0):
        self.token, self.type, self.size = token, type, size
        self.read = _reader(token, type, size)


def read_type(data, in_columns=False):
    """Reads a TYPE_INFO. `in_columns`: of a bulk load, where text types name their table and UDTs their assembly."""
    start = data.position
    size = SIZES.get(data.data[start]) if start < len(data.data) else None
    if size is None:
        return _read_type(data, in_columns)
    key = bytes(data.data[start : start + size])
    if key not in KNOWN_TYPES:
        KNOWN_TYPES[key] = _read_type(data, in_columns)
    data.position = start + size
    return KNOWN_TYPES[key]


def _read_type(data, in_columns):
    token = data.u8()
    if token == NULL:
        return WireType(token, SQLType("int"))
    if token in FIXED:
        return WireType(token, SQLType(FIXED[token][0]), FIXED[token][1])
    if token in NULLABLE:
        size = data.u8()
        if size not in NULLABLE[token]:
            raise ProtocolError(f"a type 0x{token:02X} of {size} bytes")
        return WireType(token, SQLType(NULLABLE[token][size]), size)
    if token == GUID:
        data.u8()
        return WireType(token, SQLType("uniqueidentifier"), 16)
    if token == DATE:
        return WireType(token, SQLType("date"))
    if token in (TIME, DATETIME2, OFFSET):
        scale = data.u8()
        if scale > 7:
            raise ProtocolError(f"a scale of {scale}")
        name = {TIME: "time", DATETIME2: "datetime2", OFFSET: "datetimeoffset"}[token]
        return WireType(token, SQLType(name, scale=scale))
    if token in (DECIMAL, NUMERIC, OLD_DECIMAL, OLD_NUMERIC):
        data.u8()
        precision, scale = data.u8(), data.u8()
        if not 1 <= precision <= 38 or scale > precision:
            raise ProtocolError(f"a decimal({precision},{scale})")
        return WireType(
            token, SQLType("decimal" if token in (DECIMAL, OLD_DECIMAL) else "numeric", 0, precision, scale)
        )
    return _read_long_type(token, data, in_columns)


def _read_long_type(token, data, in_columns):
    if token in (VARBINARY, BINARY, VARCHAR, CHAR, NVARCHAR, NCHAR):
        size = data.u16()
        name = {
            VARBINARY: "varbinary",
            BINARY: "binary",
            VARCHAR: "varchar",
            CHAR: "char",
            NVARCHAR: "nvarchar",
            NCHAR: "nchar",
        }[token]
        order = None if name.endswith("binary") else collation_of_wire(data.take(5))
        unit = 2 if name.startswith("n") else 1
        return WireType(token, SQLType(name, MAX if size == 0xFFFF else size // unit, collation=order), size)
    if token in (SHORT_CHAR, SHORT_VARCHAR, SHORT_BINARY, SHORT_VARBINARY):
        name = {SHORT_CHAR: "char", SHORT_VARCHAR: "varchar", SHORT_BINARY: "binary", SHORT_VARBINARY: "varbinary"}
        size = data.u8()
        return WireType(token, SQLType(name[token], size, collation=DEFAULT), size)
    if token in (TEXT, NTEXT, IMAGE):
        size = data.u32()
        order = None if token == IMAGE else collation_of_wire(data.take(5))
        if in_columns:
            data.text16()
        name = {TEXT: "text", NTEXT: "ntext", IMAGE: "image"}[token]
        result = WireType(token, SQLType(name, 0, collation=order), size)
        if in_columns:
            result.read = _read_pointed(result.type)
        return result
    if token == VARIANT:
        return WireType(token, SQLType("sql_variant"), data.u32())
    if token == XML:
        if data.u8():
            data.text8(), data.text8(), data.text16()
        return WireType(token, SQLType("xml", MAX, collation=DEFAULT))
    if token == UDT:
        if in_columns:
            data.u16()
        data.text8(), data.text8()
        name = data.text8().lower()
        if in_columns:
            data.text16()
        return WireType(token, SQLType(name if name in UDTS else "varbinary", MAX))
    raise ProtocolError(f"a type 0x{token:02X}")


def type_info(type, nullable=True, in_columns=False, tds=0x74000004):
    """TYPE_INFO of a column or a return value."""
    name = type.name
    if tds < 0x73000000 and name in ("date", "time", "datetime2", "datetimeoffset"):
        return type_info(
            SQLType(
                "nvarchar", {"date": 10, "time": 16, "datetime2": 27, "datetimeoffset": 34}[name], collation=DEFAULT
            )
        )
    if tds < 0x72000000 and type.is_long and name not in ("text", "ntext", "image"):
        old = {"varchar": "text", "nvarchar": "ntext", "xml": "ntext"}.get(name, "image")
        return type_info(SQLType(old, collation=type.collation or DEFAULT), True, in_columns, tds)
    if name in BY_NAME:
        if not nullable:
            return bytes([BY_NAME[name]])
        return bytes(BY_NAME_NULLABLE[name])
    if name == "uniqueidentifier":
        return bytes([GUID, 16])
    if name == "date":
        return bytes([DATE])
    if name in ("time", "datetime2", "datetimeoffset"):
        return bytes([{"time": TIME, "datetime2": DATETIME2, "datetimeoffset": OFFSET}[name], type.scale])
    if name in ("decimal", "numeric"):
        token = DECIMAL if name == "decimal" else NUMERIC
        return bytes([token, decimal_bytes(type.precision), type.precision, type.scale])
    if name == "sql_variant":
        return struct.pack("<BI", VARIANT, 8009)
    if name == "timestamp":
        return struct.pack("<BH", BINARY if not nullable else VARBINARY, 8)
    if name == "xml":
        return bytes([XML, 0])
    if name in UDTS:
        names = _text8("master") + _text8("sys") + _text8(name)
        if not in_columns:
            return bytes([UDT]) + names
        assembly = {"hierarchyid": "SqlHierarchyId", "geometry": "SqlGeometry", "geography": "SqlGeography"}[name]
        full = (
            f"Microsoft.SqlServer.Types.{assembly}, Microsoft.SqlServer.Types, Version=11.0.0.0, "
            "Culture=neutral, PublicKeyToken=89845dcd8080cc91"
        )
        return struct.pack("<BH", UDT, 892 if name == "hierarchyid" else 0xFFFF) + names + _text16(full)
    return _long_type_info(type)


def _long_type_info(type):
    name = type.name
    order = type.collation.wire if type.collation else b""
    if name in ("text", "ntext", "image"):
        token, size = {"text": (TEXT, 0x7FFFFFFF), "ntext": (NTEXT, 0x7FFFFFFE), "image": (IMAGE, 0x7FFFFFFF)}[name]
        return struct.pack("<BI", token, size) + order
    token = {
        "varbinary": VARBINARY,
        "binary": BINARY,
        "varchar": VARCHAR,
        "char": CHAR,
        "nvarchar": NVARCHAR,
        "nchar": NCHAR,
    }[name]
    size = 0xFFFF if type.is_max else type.max_length
    return struct.pack("<BH", token, size) + order


def _text8(text):
    data = text.encode("utf-16-le", "surrogatepass")
    return bytes([len(data) // 2]) + data


def _text16(text):
    data = text.encode("utf-16-le", "surrogatepass")
    return struct.pack("<H", len(data) // 2) + data


# --- reading values --------------------------------------------------------------------------------------------------


def _reader(token, type, size):
    """A function (bytes, position) → (value, next position)."""
    if token == NULL:
        return lambda data, at: (None, at)
    if token in FIXED:
        return _read_fixed(size, decoder(type))
    if token in (VARBINARY, BINARY, VARCHAR, CHAR, NVARCHAR, NCHAR) and size != 0xFFFF:
        return _read_u16(decoder(type), size, type.name.startswith("n"))
    if token in (VARBINARY, VARCHAR, NVARCHAR, XML, UDT):
        return _read_plp(decoder(type))
    if token in (TEXT, NTEXT, IMAGE):
        return _read_u32(decoder(type), 0xFFFFFFFF)
    if token == VARIANT:
        return _read_u32(_check_variant, 0)
    return _read_u8(decoder(type))


def _read_fixed(size, decode):
    def read(data, at):
        end = at + size
        if end > len(data):
            raise Incomplete
        return decode(data[at:end]), end

    return read


def _read_u8(decode):
    def read(data, at):
        if at >= len(data):
            raise Incomplete
        size = data[at]
        end = at + 1 + size
        if end > len(data):
            raise Incomplete
        return (decode(data[at + 1 : end]) if size else None), end

    return read


def _read_u16(decode, limit, is_wide):
    def read(data, at):
        if at + 2 > len(data):
            raise Incomplete
        size = data[at] | data[at + 1] << 8
        if size == 0xFFFF:
            return None, at + 2
        if size > limit or (is_wide and size & 1):
            raise BadValue(f"{size} bytes in a column of {limit}")
        end = at + 2 + size
        if end > len(data):
            raise Incomplete
        return decode(data[at + 2 : end]), end

    return read


def _read_u32(decode, null):
    def read(data, at):
        if at + 4 > len(data):
            raise Incomplete
        size = int.from_bytes(data[at : at + 4], "little")
        if size == null:
            return None, at + 4
        end = at + 4 + size
        if end > len(data):
            raise Incomplete
        return decode(data[at + 4 : end]), end

    return read


def _read_pointed(type):
    """Of text, ntext and image in rows: a text pointer stands before the value."""
    inner = _read_u32(decoder(type), 0xFFFFFFFF)

    def read(data, at):
        if at >= len(data):
            raise Incomplete
        size = data[at]
        if size == 0:
            return None, at + 1
        return inner(data, at + 1 + size + 8)

    return read


def _read_plp(decode):
    def read(data, at):
        if at + 8 > len(data):
            raise Incomplete
        total = int.from_bytes(data[at : at + 8], "little")
        at += 8
        if total == NO_LENGTH:
            return None, at
        parts, found = [], 0
        while True:
            if at + 4 > len(data):
                raise Incomplete
            size = int.from_bytes(data[at : at + 4], "little")
            at += 4
            if size == 0:
                break
            if at + size > len(data):
                raise Incomplete
            parts.append(bytes(data[at : at + size]))
            found += size
            at += size
        if total not in (UNKNOWN_LENGTH, found):
            raise BadValue(f"{found} bytes where {total} were announced")
        return decode(parts[0] if len(parts) == 1 else b"".join(parts)), at

    return read


def _check_variant(data):
    if len(data) < 2 + data[1]:
        raise BadValue("a sql_variant without its properties")
    return bytes(data)


# --- writing values -------------------------------------------------------------------------------------------------


def writer(type, nullable=True, in_rows=True, tds=0x74000004):
    """A function value → bytes as a ROW or a RETURNVALUE has them."""
    name, encode = type.name, encoder(type)
    if tds < 0x73000000 and name in ("date", "time", "datetime2", "datetimeoffset"):
        from .convert import text_of

        return lambda value: b"\xff\xff" if value is None else _with_u16(text_of(value, type).encode("utf-16-le"))
    if name in BY_NAME:
        if not nullable:
            return encode
        prefix = bytes([BY_NAME_NULLABLE[name][1]])
        return lambda value: b"\x00" if value is None else prefix + encode(value)
    if name in ("uniqueidentifier", "date", "time", "datetime2", "datetimeoffset", "decimal", "numeric"):

        def short(value):
            if value is None:
                return b"\x00"
            data = encode(value)
            return bytes([len(data)]) + data

        return short
    if name == "sql_variant":
        return lambda value: bytes(4) if value is None else struct.pack("<I", len(value)) + value
    if name in ("text", "ntext", "image") or (tds < 0x72000000 and type.is_long):
        if not in_rows:
            return lambda value: b"\xff\xff\xff\xff" if value is None else _with_u32(encode(value))
        return lambda value: b"\x00" if value is None else b"\x10" + TEXT_POINTER + _with_u32(encode(value))
    if type.is_max or name in UDTS or name == "xml":
        return lambda value: b"\xff" * 8 if value is None else _plp(encode(value))
    return lambda value: b"\xff\xff" if value is None else _with_u16(encode(value))


def _with_u16(data):
    return struct.pack("<H", len(data)) + data


def _with_u32(data):
    return struct.pack("<I", len(data)) + data


def _plp(data):
    if not data:
        return struct.pack("<QI", 0, 0)
    return struct.pack("<QI", len(data), len(data)) + data + bytes(4)
