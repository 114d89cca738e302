"""The types of SQL Server."""

from dataclasses import dataclass, replace

from .collations import DEFAULT, UTF8, Collation, collation, collation_of_wire

MAX = -1

# name → (system_type_id, user_type_id, bytes, precision, scale) as sys.types has them
SYSTEM = {
    "image": (34, 34, 16, 0, 0),
    "text": (35, 35, 16, 0, 0),
    "uniqueidentifier": (36, 36, 16, 0, 0),
    "date": (40, 40, 3, 10, 0),
    "time": (41, 41, 5, 16, 7),
    "datetime2": (42, 42, 8, 27, 7),
    "datetimeoffset": (43, 43, 10, 34, 7),
    "tinyint": (48, 48, 1, 3, 0),
    "smallint": (52, 52, 2, 5, 0),
    "int": (56, 56, 4, 10, 0),
    "smalldatetime": (58, 58, 4, 16, 0),
    "real": (59, 59, 4, 24, 0),
    "money": (60, 60, 8, 19, 4),
    "datetime": (61, 61, 8, 23, 3),
    "float": (62, 62, 8, 53, 0),
    "sql_variant": (98, 98, 8016, 0, 0),
    "ntext": (99, 99, 16, 0, 0),
    "bit": (104, 104, 1, 1, 0),
    "decimal": (106, 106, 17, 38, 38),
    "numeric": (108, 108, 17, 38, 38),
    "smallmoney": (122, 122, 4, 10, 4),
    "bigint": (127, 127, 8, 19, 0),
    "hierarchyid": (240, 128, 892, 0, 0),
    "geometry": (240, 129, -1, 0, 0),
    "geography": (240, 130, -1, 0, 0),
    "varbinary": (165, 165, 8000, 0, 0),
    "varchar": (167, 167, 8000, 0, 0),
    "binary": (173, 173, 8000, 0, 0),
    "char": (175, 175, 8000, 0, 0),
    "timestamp": (189, 189, 8, 0, 0),
    "nvarchar": (231, 231, 8000, 0, 0),
    "nchar": (239, 239, 8000, 0, 0),
    "xml": (241, 241, -1, 0, 0),
    "sysname": (231, 256, 256, 0, 0),
}
INTEGERS = {
    "tinyint": (0, 255),
    "smallint": (-(2**15), 2**15 - 1),
    "int": (-(2**31), 2**31 - 1),
    "bigint": (-(2**63), 2**63 - 1),
}
SYNONYMS = {
    "integer": "int",
    "dec": "decimal",
    "character": "char",
    "rowversion": "timestamp",
    "char varying": "varchar",
    "character varying": "varchar",
    "national char": "nchar",
    "national character": "nchar",
    "national text": "ntext",
    "national char varying": "nvarchar",
    "national character varying": "nvarchar",
    "double precision": "float",
    "binary varying": "varbinary",
}
UDTS = ("hierarchyid", "geometry", "geography")
CHARACTERS = ("char", "varchar", "text", "nchar", "nvarchar", "ntext", "sysname")
WIDE = ("nchar", "nvarchar", "ntext", "sysname")
BINARIES = ("binary", "varbinary", "image", "timestamp")
TEMPORAL = ("date", "time", "datetime", "smalldatetime", "datetime2", "datetimeoffset")


@dataclass(frozen=True)
class SQLType:
    name: str
    length: int = 0  # characters of n… types, bytes of the others; MAX
    precision: int = 0
    scale: int = 0
    collation: Collation = None

    @property
    def kind(self):
        """How values are kept; see values.py."""
        if self.name in CHARACTERS or self.name == "xml":
            return "text"
        if self.name in BINARIES or self.name in UDTS:
            return "bytes"
        if self.name in INTEGERS or self.name == "bit":
            return "int"
        return {"numeric": "decimal", "smallmoney": "money", "real": "float"}.get(self.name, self.name)

    @property
    def is_max(self):
        return self.length == MAX

    @property
    def is_long(self):
        """Kept outside of the row."""
        return self.length == MAX or self.name in ("text", "ntext", "image", "xml", "geometry", "geography")

    def __str__(self):
        """As in a declaration."""
        if self.name in ("char", "varchar", "nchar", "nvarchar", "binary", "varbinary"):
            return f"{self.name}({'max' if self.is_max else self.length})"
        if self.name in ("decimal", "numeric"):
            return f"{self.name}({self.precision},{self.scale})"
        if self.name in ("time", "datetime2", "datetimeoffset"):
            return f"{self.name}({self.scale})"
        return self.name

    @property
    def max_length(self):
        """In bytes, as the catalog says."""
        if self.name in ("char", "varchar", "binary", "varbinary"):
            return self.length
        if self.name in ("nchar", "nvarchar"):
            return MAX if self.is_max else 2 * self.length
        if self.name in ("decimal", "numeric"):
            return decimal_bytes(self.precision)
        if self.name in ("time", "datetime2", "datetimeoffset"):
            return time_bytes(self.scale) + {"time": 0, "datetime2": 3, "datetimeoffset": 5}[self.name]
        return SYSTEM[self.name][2]

    @property
    def catalog_precision(self):
        if self.name in ("decimal", "numeric"):
            return self.precision
        if self.name in ("time", "datetime2", "datetimeoffset"):
            return {"time": 8, "datetime2": 19, "datetimeoffset": 26}[self.name] + (self.scale + 1 if self.scale else 0)
        return SYSTEM[self.name][3]

    @property
    def catalog_scale(self):
        return (
            self.scale
            if self.name in ("decimal", "numeric", "time", "datetime2", "datetimeoffset")
            else SYSTEM[self.name][4]
        )

    def but(self, **changes):
        return replace(self, **changes)


def decimal_bytes(precision):
    return 5 if precision <= 9 else 9 if precision <= 19 else 13 if precision <= 28 else 17


def time_bytes(scale):
    return 3 if scale <= 2 else 4 if scale <= 4 else 5


def make(name, arguments=(), collate=None):
    """The type that a declaration names; None where there is no such type."""
    name = SYNONYMS.get(name.lower(), name.lower())
    if name not in SYSTEM:
        return None
    first = arguments[0] if arguments else None
    if name in CHARACTERS:
        order = collate or DEFAULT
        if name == "sysname":
            return SQLType("nvarchar", 128, collation=order)
        if name in ("text", "ntext"):
            return SQLType(name, 0, collation=order)
        return SQLType(name, 1 if first is None else MAX if first == "max" else first, collation=order)
    if name in ("binary", "varbinary"):
        return SQLType(name, 1 if first is None else MAX if first == "max" else first)
    if name in ("decimal", "numeric"):
        return SQLType(name, 0, 18 if first is None else first, arguments[1] if len(arguments) > 1 else 0)
    if name == "float" and first is not None and first <= 24:
        return SQLType("real")
    if name in ("time", "datetime2", "datetimeoffset"):
        return SQLType(name, 0, 0, 7 if first is None else first)
    return SQLType(name)


INT = make("int")
BIGINT = make("bigint")
BIT = make("bit")
FLOAT = make("float")
TINYINT = make("tinyint")
SMALLINT = make("smallint")
SYSNAME = make("nvarchar", [128])
NVARCHAR_MAX = make("nvarchar", ["max"])
VARCHAR_MAX = make("varchar", ["max"])
DATETIME = make("datetime")


def nvarchar(length):
    return make("nvarchar", [length])


def varchar(length):
    return make("varchar", [length])


def decimal(precision, scale):
    return SQLType("numeric", 0, precision, scale)
