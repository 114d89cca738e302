"""The system's procedures: sp_columns and what else clients call."""

from . import sqltypes as t
from .catalog import Table, View, quote
from .convert import convert
from .errors import SQLError
from .response import COUNT, Column

TABLE = {}
NAME, TEXT = t.nvarchar(128), t.nvarchar(4000)


def procedure(*names):
    def note(run):
        for name in names:
            TABLE[name] = run
        return run

    return note


def texts(parameters, *names):
    """The arguments by name or place, as texts; None where one is missing."""
    found = []
    for number, name in enumerate(names):
        value = next((p for p in parameters if p.name.lower() == name), None)
        if value is None and number < len(parameters) and not parameters[number].name:
            value = parameters[number]
        found.append(convert(value.value, value.type, t.NVARCHAR_MAX) if value is not None else None)
    return found


def send(executor, columns, rows):
    """Sends a result of (name, type) columns."""
    response = executor.response
    found = [Column(name, kind) for name, kind in columns]
    response.columns(found)
    writers = response.writers(found)
    for row in rows:
        response.add(b"\xd1" + b"".join(write(value) for write, value in zip(writers, row)))
    response.done(COUNT, 0xC1, len(rows))


@procedure("sp_describe_undeclared_parameters")
def _undeclared(executor, parameters):
    from .describe import PARAMETERS, undeclared_parameters

    text, declarations = texts(parameters, "@tsql", "@params")
    send(executor, PARAMETERS, undeclared_parameters(executor.session, text, declarations))


@procedure("sp_describe_first_result_set")
def _first(executor, parameters):
    from .describe import COLUMNS, first_result_set

    text, declarations = texts(parameters, "@tsql", "@params")
    send(executor, COLUMNS, first_result_set(executor.session, text, declarations))


@procedure("ferry_fault")
def _fault(executor, parameters):
    name, number = texts(parameters, "@name", "@number")
    executor.session.faults.arm(name, int(number or 1))


@procedure("sp_reset_connection")
def _reset(executor, parameters):
    executor.session.reset()


@procedure(
    "sp_getapplock",
    "sp_releaseapplock",
    "sp_addrolemember",
    "sp_addsrvrolemember",
    "sp_setapprole",
    "sp_configure",
    "sp_updatestats",
    "sp_dboption",
    "sp_set_session_context",
    "sp_tableoption",
    "sp_recompile",
)
def _nothing(executor, parameters):
    return 0


@procedure("sp_rename")
def _rename(executor, parameters):
    from .functions_of_system import name_parts

    old, new, kind = texts(parameters, "@objname", "@newname", "@objtype")
    session = executor.session
    session.transaction.write()
    parts = name_parts(old)
    if (kind or "").upper() == "COLUMN":
        table = session.find_object(parts[:-1])
        column = table.column(parts[-1])
        session.connection.execute(f"ALTER TABLE {table.sqlite} RENAME COLUMN {quote(column.name)} TO {quote(new)}")
        column.name = new
    else:
        table = session.find_object(parts)
        renamed = quote(f"{table.schema}.{new}")
        session.connection.execute(f"ALTER TABLE {table.sqlite} RENAME TO {renamed}")
        table.name, table.sqlite = new, f"main.{renamed}"
        session.connection.execute("UPDATE main._objects SET name = ? WHERE object_id = ?", (new, table.object_id))
    session.catalog.save(table)
    executor.inform(15477, "Caution: Changing any part of an object name could break scripts and stored procedures.")


def _like(pattern, name):
    from .functions import like_function

    return pattern is None or like_function(name, pattern, "\\")


@procedure("sp_tables")
def _tables(executor, parameters):
    name, owner, _, kinds = texts(parameters, "@table_name", "@table_owner", "@table_qualifier", "@table_type")
    session, rows = executor.session, []
    for item in session.catalog.all():
        kind = "TABLE" if isinstance(item, Table) else "VIEW" if isinstance(item, View) else None
        if (
            kind
            and _like(name, item.name)
            and _like(owner, item.schema)
            and (not kinds or f"'{kind}'" in kinds.upper())
        ):
            rows.append((session.database, item.schema, item.name, kind, None))
    columns = [
        ("TABLE_QUALIFIER", NAME),
        ("TABLE_OWNER", NAME),
        ("TABLE_NAME", NAME),
        ("TABLE_TYPE", t.varchar(32)),
        ("REMARKS", t.varchar(254)),
    ]
    send(executor, columns, sorted(rows, key=lambda row: (row[3], row[1], row[2])))


ODBC_TYPES = {
    "bit": -7,
    "tinyint": -6,
    "smallint": 5,
    "int": 4,
    "bigint": -5,
    "decimal": 3,
    "numeric": 2,
    "money": 3,
    "smallmoney": 3,
    "real": 7,
    "float": 6,
    "char": 1,
    "varchar": 12,
    "text": -1,
    "nchar": -8,
    "nvarchar": -9,
    "ntext": -10,
    "binary": -2,
    "varbinary": -3,
    "image": -4,
    "date": 91,
    "time": -154,
    "datetime": 93,
    "smalldatetime": 93,
    "datetime2": 93,
    "datetimeoffset": -155,
    "uniqueidentifier": -11,
    "xml": -152,
    "sql_variant": -150,
    "timestamp": -2,
    "hierarchyid": -151,
    "geometry": -151,
    "geography": -151,
}
COLUMN_RESULT = [
    ("TABLE_QUALIFIER", NAME),
    ("TABLE_OWNER", NAME),
    ("TABLE_NAME", NAME),
    ("COLUMN_NAME", NAME),
    ("DATA_TYPE", t.SMALLINT),
    ("TYPE_NAME", NAME),
    ("PRECISION", t.INT),
    ("LENGTH", t.INT),
    ("SCALE", t.SMALLINT),
    ("RADIX", t.SMALLINT),
    ("NULLABLE", t.SMALLINT),
    ("REMARKS", t.varchar(254)),
    ("COLUMN_DEF", TEXT),
    ("SQL_DATA_TYPE", t.SMALLINT),
    ("SQL_DATETIME_SUB", t.SMALLINT),
    ("CHAR_OCTET_LENGTH", t.INT),
    ("ORDINAL_POSITION", t.INT),
    ("IS_NULLABLE", t.varchar(254)),
    ("SS_DATA_TYPE", t.TINYINT),
]


@procedure("sp_columns", "sp_columns_90", "sp_columns_100")
def _columns(executor, parameters):
    name, owner, _, column_name = texts(parameters, "@table_name", "@table_owner", "@table_qualifier", "@column_name")
    session, rows = executor.session, []
    tables = session.catalog.all(Table) + list(session.catalog.temporary.values())
    for table in tables:
        if not (_like(name, table.name) and _like(owner, table.schema)):
            continue
        for number, c in enumerate(table.columns):
            if not _like(column_name, c.name):
                continue
            kind = c.type
            sized = kind.kind in ("text", "bytes")
            octets = kind.max_length if not kind.is_long else 2**31 - 1
            radix = 10 if kind.kind in ("int", "decimal", "money") else 2 if kind.kind == "float" else None
            shown = kind.name + (" identity" if c.identity else "")
            rows.append(
                (
                    session.database,
                    table.schema,
                    table.name,
                    c.name,
                    ODBC_TYPES[kind.name],
                    shown,
                    kind.length if sized and not kind.is_long else kind.catalog_precision if not sized else octets,
                    octets,
                    kind.catalog_scale if radix == 10 or kind.kind in t.TEMPORAL else None,
                    radix,
                    int(c.nullable),
                    None,
                    f"({c.default})" if c.default else None,
                    ODBC_TYPES[kind.name],
                    None,
                    octets if sized else None,
                    number + 1,
                    "YES" if c.nullable else "NO",
                    t.SYSTEM[kind.name][0],
                )
            )
    send(executor, COLUMN_RESULT, rows)


@procedure("sp_pkeys")
def _pkeys(executor, parameters):
    name, owner = texts(parameters, "@table_name", "@table_owner")
    session, rows = executor.session, []
    for table in session.catalog.all(Table):
        if _like(name, table.name) and _like(owner, table.schema):
            for key in table.keys:
                if key.kind == "PRIMARY KEY":
                    rows += [
                        (session.database, table.schema, table.name, column, place + 1, key.name)
                        for place, (column, _) in enumerate(key.columns)
                    ]
    send(
        executor,
        [
            ("TABLE_QUALIFIER", NAME),
            ("TABLE_OWNER", NAME),
            ("TABLE_NAME", NAME),
            ("COLUMN_NAME", NAME),
            ("KEY_SEQ", t.SMALLINT),
            ("PK_NAME", NAME),
        ],
        rows,
    )


@procedure("sp_tablecollations", "sp_tablecollations_90", "sp_tablecollations_100")
def _table_collations(executor, parameters):
    from .functions_of_system import name_parts

    (name,) = texts(parameters, "@object")
    table = executor.session.find_object(name_parts(name.lstrip(".")))
    rows = [
        (
            c.number,
            c.name,
            c.type.collation.wire if c.type.collation else None,
            c.type.collation.name if c.type.collation else None,
        )
        for c in table.columns
    ]
    send(
        executor,
        [("colid", t.INT), ("name", NAME), ("tds_collation", t.make("binary", [5])), ("collation", NAME)],
        rows,
    )


@procedure("sp_databases")
def _databases(executor, parameters):
    send(
        executor,
        [("DATABASE_NAME", NAME), ("DATABASE_SIZE", t.INT), ("REMARKS", t.varchar(254))],
        [(name, 1024, None) for name in executor.session.store.databases.values()],
    )


@procedure("sp_datatype_info", "sp_datatype_info_90", "sp_datatype_info_100")
def _datatype_info(executor, parameters):
    columns = [
        ("TYPE_NAME", NAME),
        ("DATA_TYPE", t.SMALLINT),
        ("PRECISION", t.INT),
        ("LITERAL_PREFIX", t.varchar(32)),
        ("LITERAL_SUFFIX", t.varchar(32)),
        ("CREATE_PARAMS", t.varchar(32)),
        ("NULLABLE", t.SMALLINT),
        ("CASE_SENSITIVE", t.SMALLINT),
        ("SEARCHABLE", t.SMALLINT),
        ("UNSIGNED_ATTRIBUTE", t.SMALLINT),
        ("MONEY", t.SMALLINT),
        ("AUTO_INCREMENT", t.SMALLINT),
        ("LOCAL_TYPE_NAME", NAME),
        ("MINIMUM_SCALE", t.SMALLINT),
        ("MAXIMUM_SCALE", t.SMALLINT),
        ("SQL_DATA_TYPE", t.SMALLINT),
        ("SQL_DATETIME_SUB", t.SMALLINT),
        ("NUM_PREC_RADIX", t.INT),
        ("INTERVAL_PRECISION", t.SMALLINT),
        ("USERTYPE", t.SMALLINT),
    ]
    wanted = convert(parameters[0].value, parameters[0].type, t.INT) if parameters else 0
    rows = []
    for name, number in ODBC_TYPES.items():
        if wanted in (0, number):
            size, precision = t.SYSTEM[name][2], t.SYSTEM[name][3]
            rows.append(
                (
                    name,
                    number,
                    precision or size,
                    None,
                    None,
                    None,
                    1,
                    0,
                    3,
                    None,
                    0,
                    0,
                    name,
                    None,
                    None,
                    number,
                    None,
                    10,
                    None,
                    t.SYSTEM[name][1],
                )
            )
    send(executor, columns, sorted(rows, key=lambda row: row[1]))


@procedure("sp_who", "sp_who2")
def _who(executor, parameters):
    send(
        executor,
        [("spid", t.SMALLINT), ("loginame", NAME)],
        [(s.spid, s.principal.name) for s in list(executor.session.server.sessions.values())],
    )


@procedure("sp_help", "sp_helptext", "sp_helpindex", "xp_cmdshell")
def _refused(executor, parameters):
    raise SQLError(2812, "sp_help")
