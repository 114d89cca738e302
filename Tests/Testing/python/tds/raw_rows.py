"""Rows of a bulk load that are kept as they came, until a statement asks for their values."""

from . import nodes as n
from .catalog import Table, quote
from .response import Column
from .wire import FIXED

ROW = 0xD1


def scanner(wires):
    """A function bytes → (end of the last complete row, rows): written for these columns, since it must be fast."""
    lines = [
        "def scan(data):",
        "    at = count = 0",
        "    size = len(data)",
        "    try:",
        f"        while data[at] == {ROW}:",
        "            place = at + 1",
    ]
    for wire in wires:
        if wire.token in FIXED:
            lines.append(f"            place += {wire.size}")
        elif wire.type.is_max:
            lines += [
                "            if data[place:place + 8] == b'\\xff' * 8: place += 8",
                "            else:",
                "                place += 8",
                "                while True:",
                "                    part = int.from_bytes(data[place:place + 4], 'little')",
                "                    data[place + 3]",
                "                    place += 4 + part",
                "                    if not part: break",
            ]
        elif wire.token in (0xA5, 0xA7, 0xAD, 0xAF, 0xE7, 0xEF):
            lines += [
                "            part = data[place] | data[place + 1] << 8",
                "            place += 2 + (part if part != 65535 else 0)",
            ]
        else:
            lines.append("            place += 1 + data[place]")
    lines += [
        "            if place > size: break",
        "            at = place",
        "            count += 1",
        "    except IndexError:",
        "        pass",
        "    return at, count",
    ]
    space = {}
    exec("\n".join(lines), space)
    return space["scan"]


def pending(session):
    if not hasattr(session, "raw_pending"):
        session.raw_pending, session.raw_taken = {}, []
    return session.raw_pending


def keep(session):
    """At a commit: what a transaction loaded is everybody's."""
    for number, loads in getattr(session, "raw_pending", {}).items():
        with session.store.lock:
            session.store.raw.setdefault((session.database.lower(), number), []).extend(loads)
    session.raw_pending, session.raw_taken = {}, []


def undo(session):
    """At a rollback."""
    for key, loads in getattr(session, "raw_taken", []):
        with session.store.lock:
            session.store.raw.setdefault(key, []).extend(loads)
    session.raw_pending, session.raw_taken = {}, []


def _loads(session, table):
    """What is in wire form of a table, as this session sees it."""
    shared = session.store.raw.get((session.database.lower(), table.object_id), [])
    return shared + getattr(session, "raw_pending", {}).get(table.object_id, [])


def forget(session, table):
    """Takes all raw rows of a table away; gives their number."""
    loads = _loads(session, table)
    _take_away(session, table)
    return sum(count for _, _, count in loads)


def _take_away(session, table):
    key = (session.database.lower(), table.object_id)
    with session.store.lock:
        shared = session.store.raw.pop(key, None)
    pending(session).pop(table.object_id, None)
    if shared and session.transaction.count:
        session.raw_taken.append((key, shared))


def materialize(session, table):
    if hasattr(session, "compiling_tables"):
        session.compiling_tables.add(table.object_id)
    if not session.store.raw and not getattr(session, "raw_pending", None):
        return
    if session.options["FMTONLY"] or session.is_describing:
        return
    loads = _loads(session, table)
    if not loads:
        return
    session.transaction.write()
    _take_away(session, table)
    names = ", ".join(quote(c.name) for c in table.columns)
    marks = ", ".join("?" for _ in table.columns)
    for wires, parts, _ in loads:
        for data in parts:
            session.connection.executemany(
                f"INSERT INTO {table.sqlite} ({names}) VALUES ({marks})", _decode(wires, data)
            )


def _decode(wires, data):
    readers, at = [wire.read for wire in wires], 0
    while at < len(data):
        at += 1
        row = []
        for read in readers:
            value, at = read(data, at)
            row.append(value)
        yield row


def select_raw(executor, node):
    """Answers SELECT * and SELECT COUNT(*) of a table in wire form from its bytes; says whether it could."""
    session, query = executor.session, node.query
    if session.options["FMTONLY"]:
        return False
    if not session.store.raw and not getattr(session, "raw_pending", None):
        return False
    if (
        not isinstance(query, n.Query)
        or not query.source
        or len(query.source) != 1
        or query.where
        or query.group
        or query.order
        or query.top
        or query.is_distinct
        or query.ctes
        or query.having
    ):
        return False
    source = query.source[0]
    if not isinstance(source, n.TableName) or len(query.items) < 1:
        return False
    table = session.find_object(source.parts, missing_ok=True)
    if not isinstance(table, Table) or not (loads := _loads(session, table)):
        return False
    first = query.items[0].value
    if (
        len(query.items) == 1
        and isinstance(first, n.Call)
        and first.name in ("COUNT", "COUNT_BIG")
        and isinstance(first.arguments[0], n.Star)
    ):
        return _send_count(executor, node, table, loads, query.items[0].alias, first.name)
    names = [
        item.value.parts[-1].lower() if isinstance(item.value, n.ColumnName) and item.alias is None else None
        for item in query.items
    ]
    if not (len(query.items) == 1 and isinstance(first, n.Star)) and names != [c.name.lower() for c in table.columns]:
        return False
    if (
        len({tuple(w.token for w in wires) for wires, _, _ in loads}) > 1
        or session.connection.execute(f"SELECT 1 FROM {table.sqlite} LIMIT 1").fetchone()
    ):
        return False
    session.check_right("SELECT", table)
    response = executor.response
    columns = [
        Column(c.name, c.type.but(collation=w.type.collation), w.token not in FIXED, table=table.full_name)
        for c, w in zip(table.columns, loads[0][0])
    ]
    response.columns(columns)
    count = 0
    for _, parts, rows in loads:
        for data in parts:
            response.add(data)
        count += rows
    executor.counted(node, count)
    return True


def _send_count(executor, node, table, loads, alias, name):
    from . import sqltypes as t

    stored = executor.session.connection.execute(f"SELECT count(*) FROM {table.sqlite}").fetchone()[0]
    columns = [Column(alias or "", t.BIGINT if name == "COUNT_BIG" else t.INT)]
    executor.response.columns(columns)
    count = stored + sum(rows for _, _, rows in loads)
    executor.response.add(b"\xd1" + executor.response.writers(columns)[0](count))
    executor.counted(node, 1)
    return True
