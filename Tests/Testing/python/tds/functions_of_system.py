"""T-SQL's functions and global variables of the session, the server and the catalog."""

from . import sqltypes as t
from .catalog import Table, View
from .errors import SQLError
from .functions import function, integer, text
from .response import SERVER_NAME
from .variants import pack

VERSION_TEXT = (
    "Microsoft SQL Server 2019 (RTM-CU30) (KB5049235) - 15.0.4435.7 (X64) \n\tFerry's test server, which is no "
    "SQL Server"
)
PROPERTIES = {
    "PRODUCTVERSION": "15.0.4435.7",
    "PRODUCTLEVEL": "RTM",
    "EDITION": "Developer Edition (64-bit)",
    "ENGINEEDITION": 3,
    "PRODUCTMAJORVERSION": "15",
    "PRODUCTMINORVERSION": "0",
    "SERVERNAME": SERVER_NAME,
    "MACHINENAME": SERVER_NAME,
    "COLLATION": t.DEFAULT.name,
    "ISINTEGRATEDSECURITYONLY": 0,
    "ISCLUSTERED": 0,
    "INSTANCENAME": None,
    "EDITIONID": -2117995310,
    "ISHADRENABLED": 0,
    "LCID": 1033,
    "ISSINGLEUSER": 0,
    "RESOURCEVERSION": "15.0.4435",
    "PROCESSID": 1,
    "SQLSORTORDERNAME": "nocase_iso",
    "ISXTPSUPPORTED": 1,
    "ISFULLTEXTINSTALLED": 0,
    "BUILDCLRVERSION": "v4.0.30319",
    "PRODUCTUPDATELEVEL": "CU30",
}
SYSNAME = t.nvarchar(128)
GLOBALS = {
    "@@version": (t.nvarchar(300), lambda s: VERSION_TEXT),
    "@@spid": (t.SMALLINT, lambda s: s.spid),
    "@@trancount": (t.INT, lambda s: s.transaction.count),
    "@@rowcount": (t.INT, lambda s: s.row_count),
    "@@error": (t.INT, lambda s: s.last_error),
    "@@servername": (SYSNAME, lambda s: SERVER_NAME),
    "@@identity": (t.decimal(38, 0), lambda s: s.identity_value()),
    "@@nestlevel": (t.INT, lambda s: s.depth),
    "@@options": (t.INT, lambda s: s.option_bits()),
    "@@max_precision": (t.TINYINT, lambda s: 38),
    "@@lock_timeout": (t.INT, lambda s: s.options["LOCK_TIMEOUT"]),
    "@@datefirst": (t.TINYINT, lambda s: 7),
    "@@language": (SYSNAME, lambda s: "us_english"),
    "@@langid": (t.SMALLINT, lambda s: 0),
    "@@textsize": (t.INT, lambda s: s.options["TEXTSIZE"]),
    "@@procid": (t.INT, lambda s: 0),
    "@@dbts": (t.make("varbinary", [8]), lambda s: s.store.row_version.to_bytes(8, "big")),
    "@@microsoftversion": (t.INT, lambda s: 0x0F001153),
    "@@fetch_status": (t.INT, lambda s: -1),
    "@@servicename": (SYSNAME, lambda s: "MSSQLSERVER"),
    "@@max_connections": (t.INT, lambda s: 32767),
    "@@connections": (t.INT, lambda s: s.spid),
}


def _of_session(names, kind, read, most=0):
    @function(*names, most=most)
    def build(c, node):
        return c.ask(names[0], lambda session, *a: read(session, *a), [text(c, a) for a in node.arguments], kind)


_of_session(("SUSER_SNAME", "SUSER_NAME", "ORIGINAL_LOGIN", "SYSTEM_USER"), SYSNAME, lambda s, *a: s.principal.name, 1)
_of_session(
    ("USER_NAME", "CURRENT_USER", "SESSION_USER", "USER"),
    SYSNAME,
    lambda s, *a: "dbo" if s.principal.is_admin else s.principal.name,
    1,
)
_of_session(("HOST_NAME",), SYSNAME, lambda s: s.login.host)
_of_session(("APP_NAME", "PROGRAM_NAME"), SYSNAME, lambda s: s.login.application)
_of_session(("XACT_STATE",), t.SMALLINT, lambda s: s.transaction.state)
_of_session(("SCOPE_IDENTITY",), t.decimal(38, 0), lambda s: s.identity_value())
_of_session(("ERROR_NUMBER",), t.INT, lambda s: s.caught.number if s.caught else None)
_of_session(("ERROR_MESSAGE",), t.nvarchar(4000), lambda s: s.caught.text if s.caught else None)
_of_session(("ERROR_SEVERITY",), t.INT, lambda s: s.caught.severity if s.caught else None)
_of_session(("ERROR_STATE",), t.INT, lambda s: s.caught.state if s.caught else None)
_of_session(("ERROR_LINE",), t.INT, lambda s: (s.caught.line or 1) if s.caught else None)
_of_session(("ERROR_PROCEDURE",), SYSNAME, lambda s: (s.caught.procedure or None) if s.caught else None)
_of_session(("DB_NAME",), SYSNAME, lambda s, *a: _database_name(s, *a), 1)
_of_session(("DB_ID",), t.SMALLINT, lambda s, name=None: s.database_id(name), 1)
_of_session(("SCHEMA_NAME",), SYSNAME, lambda s, *a: _schema_name(s, *a), 1)
_of_session(("SCHEMA_ID",), t.INT, lambda s, name="dbo": _schema_id(s, name), 1)
_of_session(("OBJECT_ID",), t.INT, lambda s, name, kind=None: _object_id(s, name, kind), 2)
_of_session(
    ("OBJECT_NAME",),
    SYSNAME,
    lambda s, number, database=None: getattr(s.catalog.by_id(int(number)), "name", None) if number else None,
    2,
)
_of_session(
    ("OBJECT_SCHEMA_NAME",), SYSNAME, lambda s, number: getattr(s.catalog.by_id(int(number)), "schema", None), 1
)
_of_session(("TYPE_ID",), t.INT, lambda s, name: t.SYSTEM.get(name.lower().removeprefix("sys."), (0, None))[1], 1)
_of_session(
    ("TYPE_NAME",), SYSNAME, lambda s, number: next((n for n, x in t.SYSTEM.items() if x[1] == int(number)), None), 1
)
_of_session(
    ("COLLATIONPROPERTY",),
    t.make("sql_variant"),
    lambda s, name, wanted: _collation_property(name, wanted),
    2,
)
_of_session(
    ("COL_LENGTH",), t.SMALLINT, lambda s, table, column: _column(s, table, column, lambda c: c.type.max_length), 2
)
_of_session(("COL_NAME",), SYSNAME, lambda s, number, column: _column_name(s, int(number), int(column)), 2)
_of_session(("IDENT_CURRENT",), t.decimal(38, 0), lambda s, name: s.identity_of(name), 1)
_of_session(("IS_SRVROLEMEMBER", "IS_MEMBER", "IS_ROLEMEMBER"), t.INT, lambda s, *a: int(s.principal.is_admin), 2)
_of_session(("HAS_PERMS_BY_NAME", "HAS_DBACCESS"), t.INT, lambda s, *a: 1, 5)
_of_session(("CONTEXT_INFO",), t.make("varbinary", [128]), lambda s: None)
_of_session(("FULLTEXTSERVICEPROPERTY",), t.INT, lambda s, *a: 0, 1)
_of_session(("DATABASE_PRINCIPAL_ID", "USER_ID"), t.INT, lambda s, *a: 1, 1)
_of_session(("ISNULL_OBJECT",), t.INT, lambda s, *a: None, 1)


def _collation_property(name, wanted):
    if name is None or wanted.lower() != "codepage":
        return None
    return pack(t.collation(name).code_page, t.INT)


def _database_name(session, number=None):
    if number is None:
        return session.database
    names = list(session.store.databases.values())
    return names[int(number) - 1] if 0 < int(number) <= len(names) else None


def _schema_name(session, number=None):
    if number is None:
        return "dbo"
    return next((name for each, name in session.catalog.schemas() if each == int(number)), None)


def _schema_id(session, name):
    return next((each for each, other in session.catalog.schemas() if other.lower() == name.lower()), None)


def name_parts(name):
    """The parts of a name in a text."""
    from .parse_statement import Parser

    try:
        return Parser(name).dotted()
    except SQLError:
        return None


def _object_id(session, name, kind=None):
    if name is None:
        return None
    parts = name_parts(name)
    if parts is None:
        return None
    from .system_views import system_view

    view = system_view(session, parts)
    if view is not None:
        return -abs(hash(view.name)) % 10**9 * -1
    found = session.find_object(parts, missing_ok=True)
    if found is None:
        return _constraint_id(session, parts[-1], kind)
    letter = "U" if isinstance(found, Table) else "V" if isinstance(found, View) else "P"
    return found.object_id if kind is None or kind.strip().upper() == letter else None


def _constraint_id(session, name, kind):
    for table in session.catalog.all(Table):
        for number, key in enumerate(table.keys + table.checks + table.foreign_keys):
            if key.name.lower() == name.lower():
                return table.object_id * 100 + number + 1
    return None


def _column(session, table, column, read):
    parts = name_parts(table) if table else None
    found = session.find_object(parts, missing_ok=True) if parts else None
    found = found.column(column) if isinstance(found, Table) else None
    return read(found) if found else None


def _column_name(session, number, column):
    table = session.catalog.by_id(number)
    return table.columns[column - 1].name if isinstance(table, Table) and column <= len(table.columns) else None


@function("COLUMNPROPERTY", least=3, most=3)
def _columnproperty(c, node):
    def read(session, number, name, what):
        table = session.catalog.by_id(number) if number is not None else None
        column = table.column(name) if isinstance(table, Table) else None
        if column is None:
            return None
        return {
            "allowsnull": int(column.nullable),
            "isidentity": int(bool(column.identity)),
            "iscomputed": int(column.computed is not None),
            "ordinal": column.number,
            "columnid": column.number,
            "precision": column.type.catalog_precision,
            "scale": column.type.catalog_scale,
            "ishidden": 0,
            "issparse": int(column.is_sparse),
            "isrowguidcol": int(column.is_rowguid),
            "charmaxlen": column.type.length or None,
            "isdeterministic": 1,
        }.get(what.lower())

    return c.ask(
        "columnproperty", read, [integer(c, node.arguments[0])] + [text(c, a) for a in node.arguments[1:]], t.INT
    )


@function("OBJECTPROPERTY", "OBJECTPROPERTYEX", least=2, most=2)
def _objectproperty(c, node):
    def read(session, number, what):
        found = session.catalog.by_id(number) if number is not None else None
        if found is None:
            return None
        is_table = isinstance(found, Table)
        return {
            "istable": int(is_table),
            "isusertable": int(is_table),
            "isview": int(isinstance(found, View)),
            "tablehasidentity": int(is_table and any(x.identity for x in found.columns)),
            "tablehasprimarykey": int(is_table and any(k.kind == "PRIMARY KEY" for k in found.keys)),
            "ismsshipped": 0,
        }.get(what.lower())

    return c.ask("objectproperty", read, [integer(c, node.arguments[0]), text(c, node.arguments[1])], t.INT)


@function("SERVERPROPERTY", least=1, most=1)
def _serverproperty(c, node):
    def read(session, name):
        value = PROPERTIES.get((name or "").upper())
        return None if value is None else pack(value, t.INT if isinstance(value, int) else t.nvarchar(128))

    return c.ask("serverproperty", read, [text(c, node.arguments[0])], t.make("sql_variant"))


@function("DATABASEPROPERTYEX", "CONNECTIONPROPERTY", least=1, most=2)
def _databasepropertyex(c, node):
    values = {
        "collation": t.DEFAULT.name,
        "status": "ONLINE",
        "updateability": "READ_WRITE",
        "recovery": "SIMPLE",
        "net_transport": "TCP",
        "protocol_type": "TSQL",
        "auth_scheme": "SQL",
        "local_tcp_port": "1433",
        "useraccess": "MULTI_USER",
    }

    def read(session, *arguments):
        value = values.get((arguments[-1] or "").lower())
        return None if value is None else pack(value, t.nvarchar(128))

    return c.ask("databasepropertyex", read, [text(c, a) for a in node.arguments], t.make("sql_variant"))


@function("PARSENAME", least=2, most=2)
def _parsename(c, node):
    def read(name, number):
        parts = (name_parts(name) or [])[::-1]
        return parts[number - 1] if 0 < number <= len(parts) else None

    return c.apply("parsename", read, [text(c, node.arguments[0]), integer(c, node.arguments[1])], SYSNAME)
