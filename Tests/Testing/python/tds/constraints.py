"""SQLite's refusals in SQL Server's words."""

import re
import sqlite3

from .catalog import Table
from .errors import SQLError
from .texts import text_of


def explain(session, error):
    """The SQLError of an exception of SQLite."""
    text = str(error)
    if text.startswith("NOT NULL constraint failed: "):
        table, column = _column(session, text.partition(": ")[2])
        word = session.verb or "INSERT"
        where = f"{session.database}.{table.full_name}" if table else text.rpartition(".")[0]
        return SQLError(515, column, where, word, state=2)
    if text.startswith("UNIQUE constraint failed: "):
        return _duplicate(session, text.partition(": ")[2])
    if text.startswith("CHECK constraint failed: "):
        return _check(session, text.partition(": ")[2])
    if text == "FOREIGN KEY constraint failed":
        return _foreign(session)
    if "integer overflow" in text:
        return SQLError(8115, "expression", "int")
    if "locked" in text or "busy" in text:
        return SQLError(1222, state=51)
    if isinstance(error, sqlite3.Error):
        return SQLError(8601, text, level=1)
    raise error


def _tables(session):
    return session.catalog.all(Table) + list(session.catalog.temporary.values())


def sqlite_name(table):
    """The name within its SQLite database."""
    return table.sqlite.split(".", 1)[1][1:-1].replace('""', '"')


def _column(session, place):
    for table in _tables(session):
        for column in table.columns:
            if place == f"{sqlite_name(table)}.{column.name}":
                return table, column.name
    return None, place.rpartition(".")[2]


def _duplicate(session, place):
    hit = re.fullmatch(r"index '(.*)'", place, re.DOTALL)
    for table in _tables(session):
        for key in table.keys:
            if not key.is_unique:
                continue
            columns = ", ".join(f"{sqlite_name(table)}.{name}" for name, _ in key.columns)
            if place == columns or (hit and hit[1].replace("''", "'") == index_name(table, key)):
                shown = session.duplicate(table, key) if session.duplicate else "(<unknown>)"
                if key.kind == "INDEX":
                    return SQLError(2601, table.full_name, key.name, shown)
                return SQLError(
                    2627, "PRIMARY KEY" if key.kind == "PRIMARY KEY" else "UNIQUE KEY", key.name, table.full_name, shown
                )
    return SQLError(2627, "UNIQUE KEY", place, place, "(<unknown>)")


def index_name(table, key):
    return f"{table.object_id}:{key.name}"


def shown_key(values, types):
    """The duplicate key as messages show it."""
    texts = [
        "<NULL>" if value is None else text_of(value, kind, 121) if kind.kind != "bytes" else "0x" + value.hex()
        for value, kind in zip(values, types)
    ]
    return f"({', '.join(texts)})"


def _check(session, name):
    for table in _tables(session):
        for check in table.checks:
            if check.name == name:
                columns = [c.name for c in table.columns if re.search(rf"\b{re.escape(c.name)}\b", check.expression)]
                column = f", column '{columns[0]}'" if len(columns) == 1 else ""
                return SQLError(
                    547, session.verb or "INSERT", "CHECK", name, session.database, table.full_name, column, state=0
                )
    return SQLError(547, session.verb or "INSERT", "CHECK", name, session.database, "", "", state=0)


def _foreign(session):
    verb, target = session.verb or "INSERT", session.verb_table
    if target is not None and verb in ("INSERT", "UPDATE", "MERGE") and target.foreign_keys:
        key = target.foreign_keys[0]
        column = f", column '{key.reference_columns[0]}'" if len(key.reference_columns) == 1 else ""
        return SQLError(547, verb, "FOREIGN KEY", key.name, session.database, ".".join(key.table), column, state=0)
    for table in _tables(session):
        for key in table.foreign_keys:
            if target is None or (key.table[1].lower() == target.name.lower()):
                column = f", column '{key.columns[0]}'" if len(key.columns) == 1 else ""
                return SQLError(547, verb, "REFERENCE", key.name, session.database, table.full_name, column, state=0)
    return SQLError(547, verb, "FOREIGN KEY", "", session.database, "", "", state=0)
