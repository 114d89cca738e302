"""What a client that is not ours sees of the rows that Ferry has loaded, and rows of its own for Ferry to read.

sqlserver_types.py CLIENT HOST PORT USER PASSWORD DATABASE CASES: each case of the file is a type with canonical texts
of values, whose tables b and c hold them; those that the client can write go into its own table, and a NULL.
"""

import datetime as d
import json
import struct
import sys
import uuid
from decimal import Decimal

# What a client cannot write, as the tests of the server say as well (tds_check/checks.py).
CANNOT_WRITE = {
    "python-tds": lambda case, value: value == b"",
    "mssql-python": lambda case, value: isinstance(value, (d.date, d.datetime)) and value.year < 1753,
}


def connect(client, host, port, user, password, database):
    if client == "python-tds":
        import pytds

        return pytds.connect(dsn=host, port=int(port), user=user, password=password, database=database, use_tz=None)
    import mssql_python

    quoted = "{" + password.replace("}", "}}") + "}"
    options = f"Server={host},{port};Database={database};UID={user};PWD={quoted};TrustServerCertificate=yes"
    return mssql_python.connect(options)


def kind(case):
    return case["record"].split("(")[0]


def value_of(text, case):
    """The value of a canonical text; None where Python has no such value."""
    name = kind(case)
    if name == "bool":
        return text == "true"
    if name in ("uint8", "int16", "int32", "int64"):
        return int(text)
    if name in ("float32", "float64"):
        return float(text)
    if name == "decimal":
        return Decimal(text)
    if name == "bytes":
        return bytes.fromhex(text)
    if name == "uuid":
        return uuid.UUID(text)
    if name == "date":
        return d.date.fromisoformat(text)
    if name == "text":
        return text
    head, fraction, zone = split(text)
    if int(fraction) % 1000:
        return None
    if name == "time":
        return d.time.fromisoformat(f"{head}.{fraction[:6]}")
    return d.datetime.fromisoformat(f"{head}.{fraction[:6]}{zone}")


def split(text):
    """What stands before the fraction, its nine digits, the zone."""
    clock, zone = (text[:-6], text[-6:]) if len(text) > 6 and text[-6] in "+-" and text[-3] == ":" else (text, "")
    head, _, fraction = clock.partition(".")
    return head, fraction.ljust(9, "0"), zone


def same(found, text, case):
    name = kind(case)
    if text is None or found is None:
        return text is None and found is None
    if name in ("float32", "float64"):
        form = "<f" if name == "float32" else "<d"
        return struct.pack(form, found) == struct.pack(form, float(text))
    if name == "bytes":
        return bytes(found) == bytes.fromhex(text)
    if name == "uuid":
        return uuid.UUID(str(found)) == uuid.UUID(text)
    if name in ("time", "timestamp"):
        # Python has microseconds: the server's own text is looked at beside.
        head, fraction, zone = split(text)
        near = f"{head}.{fraction[:6]}{zone}"
        near = d.time.fromisoformat(near) if name == "time" else d.datetime.fromisoformat(near)
        offset = found.utcoffset() if zone else None
        return found == near and (not zone or offset == near.utcoffset())
    return found == value_of(text, case)


def shown(text, case):
    """As CONVERT shows a time to a client without types."""
    head, fraction, zone = split(text)
    scale = int(case["type"][-2]) if case["type"].endswith(")") else 3
    digits = f".{fraction[:scale]}" if scale else ""
    return f"{head.replace('T', ' ')}{digits}" + (f" {zone}" if zone else "")


def is_fine(case):
    return case["type"].split("(")[0] in ("time", "datetime2", "datetimeoffset")


def read(run, case, table):
    extra = ", convert(nvarchar(60), v, 121)" if is_fine(case) else ""
    rows = run(f"SELECT v{extra} FROM {table} ORDER BY n")
    texts = case["texts"] + [None]
    if len(rows) != len(texts):
        yield f"{case['type']} in {table}: {len(rows)} rows for {len(texts)}"
        return
    for row, text in zip(rows, texts):
        if not same(row[0], text, case):
            yield f"{case['type']} in {table}: {str(row[0])[:80]!r} for {str(text)[:80]!r}"
        if extra and text is not None and row[1] != shown(text, case):
            yield f"{case['type']} in {table}: the server shows {row[1]!r} for {shown(text, case)!r}"


def write(cursor, client, case, table):
    """The places of the values that went in."""
    mark = "%s" if client == "python-tds" else "?"
    places = []
    for place, text in enumerate(case["texts"]):
        value = value_of(text, case)
        if value is None or CANNOT_WRITE[client](case, value):
            continue
        if isinstance(value, bytes) and client == "python-tds":
            import pytds

            value = pytds.Binary(value)
        cursor.execute(f"INSERT INTO {table} (n, v) VALUES ({mark}, {mark})", (place, value))
        places.append(place)
    cursor.execute(f"INSERT INTO {table} (n, v) VALUES (99, NULL)")
    return places


def main(client, *arguments):
    *login, path = arguments
    connection = connect(client, *login)
    cursor = connection.cursor()

    def run(sql):
        cursor.execute(sql)
        return cursor.fetchall()

    problems, written = [], []
    for case in json.load(open(path)):
        for name in "bc":
            problems += read(run, case, f"{name}{case['number']}")
        own = f"{'d' if client == 'python-tds' else 'e'}{case['number']}"
        try:
            written.append(write(cursor, client, case, own))
        except Exception as error:
            problems.append(f"{case['type']}: {error!r}"[:300])
            written.append([])
        connection.commit()
    print(json.dumps({"problems": problems, "written": written}))


main(*sys.argv[1:])
