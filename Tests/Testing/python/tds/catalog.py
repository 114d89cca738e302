"""Databases, tables and logins: what the server keeps beside the rows."""

import os
import pickle
import re
import sqlite3
import threading
from dataclasses import dataclass, field

from .errors import SQLError

PREPARATION = """
CREATE TABLE IF NOT EXISTS _objects (object_id INTEGER PRIMARY KEY AUTOINCREMENT, schema TEXT COLLATE NOCASE,
    name TEXT COLLATE NOCASE, type TEXT, definition BLOB, UNIQUE (schema, name));
CREATE TABLE IF NOT EXISTS _schemas (schema_id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE UNIQUE);
INSERT OR IGNORE INTO _schemas VALUES (1, 'dbo'), (2, 'guest'), (3, 'INFORMATION_SCHEMA'), (4, 'sys');
INSERT OR IGNORE INTO sqlite_sequence VALUES ('_objects', 1000000);
"""


@dataclass
class TableColumn:
    name: str
    type: object
    nullable: bool = True
    default: str = None
    default_name: str = None
    identity: tuple = None
    computed: str = None
    is_persisted: bool = False
    is_sparse: bool = False
    is_rowguid: bool = False
    number: int = 0


@dataclass
class Key:
    name: str
    kind: str  # PRIMARY KEY, UNIQUE, INDEX
    columns: list  # (name, descends)
    is_unique: bool = True


@dataclass
class ForeignKey:
    name: str
    columns: list
    table: tuple  # (schema, name)
    reference_columns: list
    on_delete: str = None
    on_update: str = None


@dataclass
class Check:
    name: str
    expression: str


@dataclass
class Table:
    schema: str
    name: str
    columns: list
    keys: list = field(default_factory=list)
    checks: list = field(default_factory=list)
    foreign_keys: list = field(default_factory=list)
    object_id: int = 0
    is_temporary: bool = False
    sqlite: str = ""  # the name in SQLite

    def column(self, name):
        lower = name.lower()
        for column in self.columns:
            if column.name.lower() == lower:
                return column
        return None

    @property
    def full_name(self):
        return f"{self.schema}.{self.name}"


@dataclass
class View:
    schema: str
    name: str
    columns: list
    text: str
    object_id: int = 0


@dataclass
class Procedure:
    schema: str
    name: str
    parameters: list
    text: str
    object_id: int = 0


@dataclass
class Trigger:
    """AFTER INSERT."""

    schema: str
    name: str
    table: int  # its object_id
    text: str
    object_id: int = 0


def quote(name):
    """A name for SQLite."""
    return '"' + name.replace('"', '""') + '"'


@dataclass
class Principal:
    name: str
    password: str
    database: str = "master"
    is_admin: bool = False
    grants: dict = field(default_factory=dict)  # (database, object or None) → {right: granted}


class Store:
    """All databases of a server: each a SQLite file in the folder, with what is counted outside of transactions."""

    def __init__(self, folder, options):
        self.folder = folder
        self.lock = threading.RLock()
        self.databases = {}  # lower-case name → name
        # One connection of each is never closed: SQLite's last one to close locks the database while it moves the log
        # into it, and whoever logs in meanwhile would have to wait.
        self.kept = {}
        self.created = {}
        self.identities = {}  # (database, object id) → last value
        self.raw = {}  # (database, object id) → rows in wire form; see bulk.py
        self.row_version = 2000
        self.principals = {options.user.lower(): Principal(options.user, options.password, options.database, True)}
        for name in ("master", "tempdb", "model", "msdb", options.database):
            if self.database_name(name) is None:
                self.create_database(name)

    # --- databases

    def path(self, name):
        return os.path.join(self.folder, re.sub(r"\W", lambda hit: f"%{ord(hit[0]):x}", name.lower()) + ".sqlite")

    def database_name(self, name):
        return self.databases.get(name.lower())

    def create_database(self, name):
        with self.lock:
            if name.lower() in self.databases:
                raise SQLError(1801, name)
            path = self.path(name)
            for suffix in ("", "-wal", "-shm"):
                if os.path.exists(path + suffix):
                    os.remove(path + suffix)
            connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(PREPARATION)
            self.kept[name.lower()] = connection
            self.databases[name.lower()] = name

    def drop_database(self, name):
        with self.lock:
            if name.lower() not in self.databases:
                raise SQLError(3701, "drop", "database", name)
            del self.databases[name.lower()]
            self.kept.pop(name.lower()).close()
            for suffix in ("", "-wal", "-shm"):
                if os.path.exists(self.path(name) + suffix):
                    os.remove(self.path(name) + suffix)

    def open(self, name):
        connection = sqlite3.connect(
            self.path(name), isolation_level=None, check_same_thread=False, timeout=60, cached_statements=512
        )
        for pragma in (
            "synchronous = OFF",
            "foreign_keys = ON",
            "temp_store = MEMORY",
            "cache_size = -65536",
            "recursive_triggers = OFF",
            "case_sensitive_like = ON",
            "busy_timeout = 0",  # from now on it is Transaction that waits
        ):
            connection.execute("PRAGMA " + pragma)
        return connection

    # --- counters

    def next_row_version(self):
        with self.lock:
            self.row_version += 1
            return self.row_version.to_bytes(8, "big")

    def next_identity(self, database, table):
        column = next(c for c in table.columns if c.identity)
        seed, step = column.identity
        key = (database.lower(), table.object_id)
        with self.lock:
            last = self.identities.get(key)
            value = seed if last is None else last + step
            self.identities[key] = value
            return value

    def note_identity(self, database, table, value):
        column = next(c for c in table.columns if c.identity)
        key = (database.lower(), table.object_id)
        with self.lock:
            last = self.identities.get(key)
            if last is None or (value > last) == (column.identity[1] > 0):
                self.identities[key] = value

    # --- logins

    def principal(self, user, password):
        found = self.principals.get(user.lower())
        return found if found is not None and found.password == password else None


class Catalog:
    """The objects of one database, as one connection sees them."""

    def __init__(self, connection, database):
        self.connection, self.database = connection, database
        self.version, self.cache, self.temporary = None, {}, {}

    def forget(self):
        self.version, self.cache = None, {}

    def current_version(self):
        version = self.connection.execute("PRAGMA main.schema_version").fetchone()[0]
        if version != self.version:
            self.version, self.cache = version, {}
        return version

    def find(self, schema, name):
        """A Table, View or Procedure; None where there is none of that name."""
        if name.startswith("#") or name.startswith("@") or name.lower() in self.temporary:
            return self.temporary.get(name.lower())
        self.current_version()
        key = (schema.lower(), name.lower())
        if key not in self.cache:
            row = self.connection.execute(
                "SELECT object_id, definition FROM main._objects WHERE schema = ? AND name = ?", (schema, name)
            ).fetchone()
            self.cache[key] = self._load(row)
        return self.cache[key]

    def _load(self, row):
        if row is None:
            return None
        found = pickle.loads(row[1])
        found.object_id = row[0]
        return found

    def all(self, kind=None):
        rows = self.connection.execute("SELECT object_id, definition FROM main._objects ORDER BY object_id").fetchall()
        found = [self._load(row) for row in rows]
        return [each for each in found if kind is None or isinstance(each, kind)]

    def triggers(self):
        # Neither this connection nor another one has written: looked at for every INSERT, so not read for each.
        version = self.connection.execute("PRAGMA main.data_version").fetchone()[0]
        if self.cache.get("triggers", (None,))[0] != version:
            rows = self.connection.execute("SELECT object_id, definition FROM main._objects WHERE type = 'TR'")
            self.cache["triggers"] = version, [self._load(row) for row in rows]
        return self.cache["triggers"][1]

    def by_id(self, object_id):
        for table in self.temporary.values():
            if table.object_id == object_id:
                return table
        return self._load(
            self.connection.execute(
                "SELECT object_id, definition FROM main._objects WHERE object_id = ?", (object_id,)
            ).fetchone()
        )

    def save(self, item):
        """Adds or replaces an object."""
        kind = {Table: "U", View: "V", Procedure: "P", Trigger: "TR"}[type(item)]
        if getattr(item, "is_temporary", False):
            self.temporary[item.name.lower()] = item
            return
        data = pickle.dumps(item)
        if item.object_id:
            self.connection.execute(
                "UPDATE main._objects SET definition = ? WHERE object_id = ?", (data, item.object_id)
            )
        else:
            cursor = self.connection.execute(
                "INSERT INTO main._objects (schema, name, type, definition) " "VALUES (?, ?, ?, ?)",
                (item.schema, item.name, kind, data),
            )
            item.object_id = cursor.lastrowid
        self.cache.clear()

    def remove(self, item):
        if getattr(item, "is_temporary", False):
            self.temporary.pop(item.name.lower(), None)
            return
        self.connection.execute("DELETE FROM main._objects WHERE object_id = ?", (item.object_id,))
        self.cache.clear()

    def schemas(self):
        return self.connection.execute("SELECT schema_id, name FROM main._schemas").fetchall()

    def schema(self, name):
        row = self.connection.execute("SELECT name FROM main._schemas WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None
