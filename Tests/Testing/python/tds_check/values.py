"""Every type with values at its extremes: as SQL, and as Python has them."""

import datetime as d
import uuid
from decimal import Decimal as D

EAST = d.timezone(d.timedelta(hours=5, minutes=30))
WEST = d.timezone(-d.timedelta(hours=14))
LONG = "äöü漢😀" * 3000

# (declaration, [(SQL literal, Python value)])
TYPES = [
    ("bit", [("0", False), ("1", True)]),
    ("tinyint", [("0", 0), ("255", 255)]),
    ("smallint", [("-32768", -32768), ("32767", 32767)]),
    ("int", [("-2147483648", -2147483648), ("2147483647", 2147483647)]),
    ("bigint", [("-9223372036854775808", -(2**63)), ("9223372036854775807", 2**63 - 1)]),
    ("decimal(10,2)", [("-99999999.99", D("-99999999.99")), ("0.01", D("0.01"))]),
    (
        "numeric(38,10)",
        [
            ("9999999999999999999999999999.9999999999", D("9999999999999999999999999999.9999999999")),
            ("-0.0000000001", D("-0.0000000001")),
        ],
    ),
    ("decimal(38,0)", [("12345678901234567890123456789012345678", D("12345678901234567890123456789012345678"))]),
    ("decimal(5,5)", [("0.00001", D("0.00001")), ("-0.99999", D("-0.99999"))]),
    ("money", [("-922337203685477.5808", D("-922337203685477.5808")), ("1.5", D("1.5"))]),
    ("smallmoney", [("-214748.3648", D("-214748.3648")), ("214748.3647", D("214748.3647"))]),
    ("real", [("0.5", 0.5), ("-3.4028234663852886e38", -3.4028234663852886e38)]),
    ("float", [("0.1", 0.1), ("1.7976931348623157e308", 1.7976931348623157e308), ("-2.5e-300", -2.5e-300)]),
    ("char(5)", [("'ab'", "ab   "), ("'äöüß€'", "äöüß€")]),
    ("varchar(10)", [("''", ""), ("'äöüß€'", "äöüß€"), ("'trail  '", "trail  ")]),
    ("varchar(max)", [("'äöüß€'", "äöüß€"), ("replicate(cast('ab' as varchar(max)), 9000)", "ab" * 9000)]),
    ("varchar(20) collate Latin1_General_100_CI_AS_SC_UTF8", [("N'ü漢😀'", "ü漢😀")]),
    ("nchar(4)", [("N'漢'", "漢   ")]),
    ("nvarchar(10)", [("N'ü漢😀'", "ü漢😀"), ("N''", "")]),
    ("nvarchar(max)", [("N'ü漢😀'", "ü漢😀"), (f"N'{LONG}'", LONG), ("N''", "")]),
    ("text", [("'äöüß€'", "äöüß€")]),
    ("ntext", [("N'ü漢😀'", "ü漢😀")]),
    ("binary(4)", [("0x01ff", b"\x01\xff\0\0")]),
    ("varbinary(8)", [("0x", b""), ("0x00ff2700", b"\0\xff'\0")]),
    ("varbinary(max)", [("0x00ff", b"\0\xff"), ("0x", b"")]),
    ("image", [("0xdeadbeef", b"\xde\xad\xbe\xef")]),
    ("date", [("'0001-01-01'", d.date(1, 1, 1)), ("'9999-12-31'", d.date(9999, 12, 31))]),
    ("time(7)", [("'23:59:59.1234560'", d.time(23, 59, 59, 123456)), ("'00:00:00'", d.time(0))]),
    ("time(0)", [("'12:35:29'", d.time(12, 35, 29))]),
    ("time(3)", [("'12:35:29.123'", d.time(12, 35, 29, 123000))]),
    (
        "datetime",
        [
            ("'1753-01-01'", d.datetime(1753, 1, 1)),
            ("'9999-12-31 23:59:59.997'", d.datetime(9999, 12, 31, 23, 59, 59, 997000)),
            ("'2004-10-19 10:23:54.253'", d.datetime(2004, 10, 19, 10, 23, 54, 253000)),
        ],
    ),
    (
        "smalldatetime",
        [("'1900-01-01'", d.datetime(1900, 1, 1)), ("'2079-06-06 23:59'", d.datetime(2079, 6, 6, 23, 59))],
    ),
    (
        "datetime2(7)",
        [
            ("'0001-01-01'", d.datetime(1, 1, 1)),
            ("'9999-12-31 23:59:59.999999'", d.datetime(9999, 12, 31, 23, 59, 59, 999999)),
        ],
    ),
    ("datetime2(0)", [("'2024-02-29 12:00:01'", d.datetime(2024, 2, 29, 12, 0, 1))]),
    ("datetime2(4)", [("'2024-02-29 12:00:01.1234'", d.datetime(2024, 2, 29, 12, 0, 1, 123400))]),
    (
        "datetimeoffset(7)",
        [
            ("'2004-10-19 10:23:54.25 +05:30'", d.datetime(2004, 10, 19, 10, 23, 54, 250000, EAST)),
            ("'2037-12-31 23:59:59.999999 -14:00'", d.datetime(2037, 12, 31, 23, 59, 59, 999999, WEST)),
        ],
    ),
    ("datetimeoffset(0)", [("'2004-10-19 10:23:54 +05:30'", d.datetime(2004, 10, 19, 10, 23, 54, 0, EAST))]),
    (
        "uniqueidentifier",
        [("'123e4567-e89b-12d3-a456-426614174000'", uuid.UUID("123e4567-e89b-12d3-a456-426614174000"))],
    ),
    ("xml", [("N'<a>ü</a>'", "<a>ü</a>")]),
    (
        "sql_variant",
        [
            ("cast(5 as int)", 5),
            ("N'ü漢'", "ü漢"),
            ("cast(1.25 as decimal(10,2))", D("1.25")),
            ("cast('2024-02-29' as date)", d.date(2024, 2, 29)),
        ],
    ),
    ("hierarchyid", [("0x58", b"\x58")]),
    ("geography", [("0xe6100000010c000000000000f03f", bytes.fromhex("e6100000010c000000000000f03f"))]),
]


def same(found, expected):
    """Whether a client's value means the expected one."""
    if expected is None or found is None:
        return found is expected
    if isinstance(expected, bool):
        return bool(found) == expected
    if isinstance(expected, (int, D)):
        return D(str(found)) == expected
    if isinstance(expected, float):
        return float(found) == expected
    if isinstance(expected, bytes):
        return (bytes(found) if not isinstance(found, str) else bytes.fromhex(found)) == expected
    if isinstance(expected, uuid.UUID):
        return (
            uuid.UUID(str(found)) == expected if not isinstance(found, bytes) else uuid.UUID(bytes_le=found) == expected
        )
    if isinstance(expected, d.datetime):
        if not isinstance(found, d.datetime):
            return str(found).startswith(expected.isoformat(" ", "seconds"))
        if expected.tzinfo:
            return found == expected and found.utcoffset() == expected.utcoffset()
        return found == expected
    if isinstance(expected, d.date):
        return str(found)[:10] == expected.isoformat()
    return found == expected
