"""sys.* and INFORMATION_SCHEMA.*: filled from the catalog when a statement asks for them."""

from . import sqltypes as t
from .catalog import Procedure, Table, Trigger, View, quote

INT, SMALL, TINY, BIT, NAME, TEXT = t.INT, t.SMALLINT, t.TINYINT, t.BIT, t.nvarchar(128), t.nvarchar(4000)
CHAR2, WHEN = t.make("char", [2]), t.DATETIME


class SystemView:
    def __init__(self, name, columns, rows):
        self.name, self.columns, self.rows = name, columns, rows
        self.sqlite = f"temp.{quote(name)}"


def _spec(text):
    kinds = {
        "i": INT,
        "s": SMALL,
        "t": TINY,
        "b": BIT,
        "n": NAME,
        "x": TEXT,
        "c": CHAR2,
        "w": WHEN,
        "g": t.BIGINT,
        "v": t.make("sql_variant"),
        "y": t.make("varbinary", [85]),
    }
    return [(part[:-2], kinds[part[-1]]) for part in text.split()]


VIEWS = {}


def view(name, columns):
    def note(rows):
        VIEWS[name.lower()] = SystemView(name, _spec(columns), rows)
        return rows

    return note


def system_view(session, parts):
    """The view of that name, freshly filled; None where it is none."""
    name = parts[-1].lower()
    schema = parts[-2].lower() if len(parts) > 1 else ""
    found = VIEWS.get(
        f"{schema}.{name}"
        if schema and schema != "dbo"
        else f"sys.{name}" if name in ("sysobjects", "syscolumns", "systypes", "sysdatabases") else ""
    )
    if found is not None:
        refresh(session, found)
        if hasattr(session, "compiling_views"):
            session.compiling_views.add(found)
    return found


def refresh(session, found):
    run = session.connection.execute
    names = [name for name, _ in found.columns]
    listed = ", ".join(quote(name) + (" COLLATE TDS_CI" if kind.kind == "text" else "") for name, kind in found.columns)
    run(f"CREATE TEMP TABLE IF NOT EXISTS {quote(found.name)} ({listed})")
    run(f"DELETE FROM {found.sqlite}")
    marks = ", ".join("?" for _ in names)
    session.connection.executemany(
        f"INSERT INTO {found.sqlite} VALUES ({marks})", [tuple(row) for row in found.rows(session)]
    )


def _schema_ids(session):
    return {name.lower(): number for number, name in session.catalog.schemas()}


def tables(session):
    return session.catalog.all(Table)


def _type_ids(kind):
    return t.SYSTEM[kind.name][:2]


@view("sys.schemas", "name:n schema_id:i principal_id:i")
def _schemas(session):
    return [(name, number, 1) for number, name in session.catalog.schemas()]


@view(
    "sys.databases",
    "name:n database_id:i create_date:w collation_name:n state:t state_desc:n is_read_only:b "
    "compatibility_level:t snapshot_isolation_state:t is_read_committed_snapshot_on:b",
)
def _databases(session):
    return [
        (name, i + 1, 0, t.DEFAULT.name, 0, "ONLINE", 0, 150, 0, 1)
        for i, name in enumerate(session.store.databases.values())
    ]


VIEWS["sys.sysdatabases"] = SystemView(
    "sys.sysdatabases",
    _spec("name:n dbid:s"),
    lambda session: [(name, i + 1) for i, name in enumerate(session.store.databases.values())],
)


KINDS = {
    Table: ("U ", "USER_TABLE"),
    View: ("V ", "VIEW"),
    Procedure: ("P ", "SQL_STORED_PROCEDURE"),
    Trigger: ("TR", "SQL_TRIGGER"),
}


def _object_rows(session):
    ids = _schema_ids(session)
    for item in session.catalog.all():
        schema = ids.get(item.schema.lower(), 1)
        kind, word = KINDS[type(item)]
        yield item.name, item.object_id, schema, getattr(item, "table", 0), kind, word
        if isinstance(item, Table):
            for number, key in enumerate(item.keys + item.checks + item.foreign_keys):
                letter = {"PRIMARY KEY": "PK", "UNIQUE": "UQ", "INDEX": None}.get(getattr(key, "kind", ""), "F ")
                letter = "C " if hasattr(key, "expression") else letter
                if letter:
                    yield key.name, item.object_id * 100 + number + 1, schema, item.object_id, letter, ""


OBJECT = (
    "name:n object_id:i schema_id:i parent_object_id:i type:c type_desc:n create_date:w modify_date:w "
    "is_ms_shipped:b principal_id:i"
)


def _objects(session):
    return [row + (0, 0, 0, None) for row in _object_rows(session)]


view("sys.objects", OBJECT)(_objects)
view("sys.all_objects", OBJECT)(_objects)
view("sys.tables", OBJECT + " temporal_type:t is_memory_optimized:b lob_data_space_id:i")(
    lambda session: [row + (0, 0, 0) for row in _objects(session) if row[4] == "U "]
)
view("sys.views", OBJECT)(lambda session: [row for row in _objects(session) if row[4] == "V "])
view("sys.procedures", OBJECT)(lambda session: [row for row in _objects(session) if row[4] == "P "])
view("sys.sysobjects", "name:n id:i xtype:c uid:s type:c")(
    lambda session: [(r[0], r[1], r[4], r[2], r[4]) for r in _object_rows(session)]
)


@view(
    "sys.columns",
    "object_id:i name:n column_id:i system_type_id:t user_type_id:i max_length:s precision:t scale:t "
    "collation_name:n is_nullable:b is_ansi_padded:b is_rowguidcol:b is_identity:b is_computed:b "
    "is_filestream:b is_replicated:b is_xml_document:b default_object_id:i is_sparse:b is_column_set:b "
    "generated_always_type:t is_hidden:b is_masked:b encryption_type:i",
)
def _columns(session):
    for table in tables(session) + list(session.catalog.temporary.values()):
        for c in table.columns:
            system, user = _type_ids(c.type)
            yield (
                table.object_id,
                c.name,
                c.number,
                system,
                user,
                c.type.max_length,
                c.type.catalog_precision,
                c.type.catalog_scale,
                c.type.collation.name if c.type.collation else None,
                int(c.nullable),
                1,
                int(c.is_rowguid),
                int(bool(c.identity)),
                int(c.computed is not None),
                0,
                0,
                0,
                table.object_id * 1000 + c.number if c.default else 0,
                int(c.is_sparse),
                0,
                0,
                0,
                0,
                None,
            )


VIEWS["sys.all_columns"] = SystemView("sys.all_columns", VIEWS["sys.columns"].columns, _columns)


@view("sys.syscolumns", "name:n id:i xtype:t colid:s length:s isnullable:i")
def _syscolumns(session):
    return [(r[1], r[0], r[3], r[2], r[5], r[9]) for r in _columns(session)]


@view(
    "sys.types",
    "name:n system_type_id:t user_type_id:i schema_id:i principal_id:i max_length:s precision:t scale:t "
    "collation_name:n is_nullable:b is_user_defined:b is_assembly_type:b default_object_id:i "
    "rule_object_id:i is_table_type:b",
)
def _types(session):
    for name, (system, user, size, precision, scale) in t.SYSTEM.items():
        order = t.DEFAULT.name if name in t.CHARACTERS else None
        yield name, system, user, 4, None, size, precision, scale, order, 1, 0, int(name in t.UDTS), 0, 0, 0


VIEWS["sys.systypes"] = SystemView(
    "sys.systypes",
    _spec("name:n xtype:t usertype:s xusertype:s length:s"),
    lambda session: [(name, x[0], x[1], x[1], x[2]) for name, x in t.SYSTEM.items()],
)


@view(
    "sys.identity_columns",
    "object_id:i name:n column_id:i system_type_id:t user_type_id:i max_length:s precision:t "
    "scale:t is_nullable:b is_identity:b seed_value:v increment_value:v last_value:v",
)
def _identity_columns(session):
    from .variants import pack

    for table in tables(session):
        for c in table.columns:
            if c.identity:
                system, user = _type_ids(c.type)
                last = session.store.identities.get((session.database.lower(), table.object_id))
                pair = [pack(x, t.BIGINT) if x is not None else None for x in (*c.identity, last)]
                yield (
                    table.object_id,
                    c.name,
                    c.number,
                    system,
                    user,
                    c.type.max_length,
                    c.type.catalog_precision,
                    c.type.catalog_scale,
                    0,
                    1,
                    *pair,
                )


@view(
    "sys.computed_columns",
    "object_id:i name:n column_id:i system_type_id:t user_type_id:i is_nullable:b definition:x "
    "is_persisted:b is_computed:b",
)
def _computed_columns(session):
    for table in tables(session):
        for c in table.columns:
            if c.computed is not None:
                system, user = _type_ids(c.type)
                yield (
                    table.object_id,
                    c.name,
                    c.number,
                    system,
                    user,
                    int(c.nullable),
                    f"({c.computed})",
                    int(c.is_persisted),
                    1,
                )


@view(
    "sys.default_constraints",
    "name:n object_id:i schema_id:i parent_object_id:i parent_column_id:i definition:x type:c",
)
def _default_constraints(session):
    for table in tables(session):
        for c in table.columns:
            if c.default is not None:
                yield (
                    c.default_name,
                    table.object_id * 1000 + c.number,
                    1,
                    table.object_id,
                    c.number,
                    f"({c.default})",
                    "D ",
                )


@view("sys.check_constraints", "name:n object_id:i schema_id:i parent_object_id:i definition:x is_disabled:b type:c")
def _check_constraints(session):
    for table in tables(session):
        for number, check in enumerate(table.checks):
            yield (
                check.name,
                table.object_id * 100 + len(table.keys) + number + 1,
                1,
                table.object_id,
                f"({check.expression})",
                0,
                "C ",
            )


def _keys(session):
    for table in tables(session):
        for number, key in enumerate(table.keys):
            yield table, number, key


@view(
    "sys.indexes",
    "object_id:i name:n index_id:i type:t type_desc:n is_unique:b is_primary_key:b "
    "is_unique_constraint:b has_filter:b filter_definition:x is_disabled:b is_hypothetical:b data_space_id:i "
    "ignore_dup_key:b",
)
def _indexes(session):
    for table in tables(session):
        if not any(k.kind == "PRIMARY KEY" for k in table.keys):
            yield table.object_id, None, 0, 0, "HEAP", 0, 0, 0, 0, None, 0, 0, 1, 0
    for table, number, key in _keys(session):
        primary = key.kind == "PRIMARY KEY"
        yield (
            table.object_id,
            key.name,
            1 if primary else number + 2,
            1 if primary else 2,
            "CLUSTERED" if primary else "NONCLUSTERED",
            int(key.is_unique),
            int(primary),
            int(key.kind == "UNIQUE"),
            0,
            None,
            0,
            0,
            1,
            0,
        )


@view(
    "sys.index_columns",
    "object_id:i index_id:i index_column_id:i column_id:i key_ordinal:t partition_ordinal:t "
    "is_descending_key:b is_included_column:b",
)
def _index_columns(session):
    for table, number, key in _keys(session):
        for place, (name, descends) in enumerate(key.columns):
            yield (
                table.object_id,
                1 if key.kind == "PRIMARY KEY" else number + 2,
                place + 1,
                table.column(name).number,
                place + 1,
                0,
                int(descends),
                0,
            )


@view("sys.key_constraints", "name:n object_id:i schema_id:i parent_object_id:i type:c unique_index_id:i")
def _key_constraints(session):
    for table, number, key in _keys(session):
        if key.kind != "INDEX":
            primary = key.kind == "PRIMARY KEY"
            yield (
                key.name,
                table.object_id * 100 + number + 1,
                1,
                table.object_id,
                "PK" if primary else "UQ",
                1 if primary else number + 2,
            )


@view(
    "sys.foreign_keys", "name:n object_id:i schema_id:i parent_object_id:i referenced_object_id:i is_disabled:b type:c"
)
def _foreign_keys(session):
    for table in tables(session):
        for number, key in enumerate(table.foreign_keys):
            other = session.catalog.find(*key.table)
            yield (
                key.name,
                table.object_id * 100 + len(table.keys) + len(table.checks) + number + 1,
                1,
                table.object_id,
                other.object_id if other else 0,
                0,
                "F ",
            )


for _name, _columns_of in (
    ("sys.partitions", "object_id:i index_id:i partition_number:i rows:g"),
    ("sys.extended_properties", "class:t major_id:i minor_id:i name:n value:v"),
    ("sys.sequences", "name:n object_id:i schema_id:i"),
    ("sys.synonyms", "name:n object_id:i schema_id:i base_object_name:x"),
    ("sys.configurations", "configuration_id:i name:n value_in_use:v"),
):
    view(_name, _columns_of)(lambda session: [])


# --- INFORMATION_SCHEMA


@view("INFORMATION_SCHEMA.TABLES", "TABLE_CATALOG:n TABLE_SCHEMA:n TABLE_NAME:n TABLE_TYPE:n")
def _information_tables(session):
    for item in session.catalog.all():
        if not isinstance(item, Procedure):
            yield session.database, item.schema, item.name, "BASE TABLE" if isinstance(item, Table) else "VIEW"


@view("INFORMATION_SCHEMA.SCHEMATA", "CATALOG_NAME:n SCHEMA_NAME:n SCHEMA_OWNER:n")
def _information_schemata(session):
    return [(session.database, name, "dbo") for _, name in session.catalog.schemas()]


@view(
    "INFORMATION_SCHEMA.COLUMNS",
    "TABLE_CATALOG:n TABLE_SCHEMA:n TABLE_NAME:n COLUMN_NAME:n ORDINAL_POSITION:i "
    "COLUMN_DEFAULT:x IS_NULLABLE:n DATA_TYPE:n CHARACTER_MAXIMUM_LENGTH:i CHARACTER_OCTET_LENGTH:i "
    "NUMERIC_PRECISION:t "
    "NUMERIC_PRECISION_RADIX:s NUMERIC_SCALE:i DATETIME_PRECISION:s CHARACTER_SET_NAME:n COLLATION_NAME:n",
)
def _information_columns(session):
    for table in tables(session):
        for number, c in enumerate(table.columns):
            kind = c.type
            sized = kind.kind in ("text", "bytes") and kind.name != "timestamp"
            length = {"text": 2**31 - 1, "ntext": 2**30 - 1, "image": 2**31 - 1}.get(kind.name, kind.length or -1)
            numeric = kind.kind in ("int", "decimal", "money", "float") and kind.name != "bit"
            yield (
                session.database,
                table.schema,
                table.name,
                c.name,
                number + 1,
                f"({c.default})" if c.default else None,
                "YES" if c.nullable else "NO",
                kind.name,
                length if sized else None,
                (kind.max_length if length > 0 else -1) if sized else None,
                kind.catalog_precision if numeric else None,
                (2 if kind.kind == "float" else 10) if numeric else None,
                kind.catalog_scale if numeric and kind.kind != "float" else None,
                (
                    {"date": 0, "datetime": 3, "smalldatetime": 0}.get(kind.name, kind.scale)
                    if kind.kind in t.TEMPORAL
                    else None
                ),
                None if kind.collation is None else "UNICODE" if kind.name in t.WIDE else "iso_1",
                kind.collation.name if kind.collation else None,
            )


@view(
    "INFORMATION_SCHEMA.TABLE_CONSTRAINTS",
    "CONSTRAINT_CATALOG:n CONSTRAINT_SCHEMA:n CONSTRAINT_NAME:n "
    "TABLE_CATALOG:n TABLE_SCHEMA:n TABLE_NAME:n CONSTRAINT_TYPE:n",
)
def _information_constraints(session):
    for table in tables(session):
        pairs = [(k.name, k.kind) for k in table.keys if k.kind != "INDEX"]
        pairs += [(c.name, "CHECK") for c in table.checks] + [(f.name, "FOREIGN KEY") for f in table.foreign_keys]
        for name, kind in pairs:
            yield session.database, table.schema, name, session.database, table.schema, table.name, kind


@view(
    "INFORMATION_SCHEMA.KEY_COLUMN_USAGE",
    "CONSTRAINT_CATALOG:n CONSTRAINT_SCHEMA:n CONSTRAINT_NAME:n TABLE_CATALOG:n "
    "TABLE_SCHEMA:n TABLE_NAME:n COLUMN_NAME:n ORDINAL_POSITION:i",
)
def _information_keys(session):
    for table, _, key in _keys(session):
        if key.kind != "INDEX":
            for place, (name, _) in enumerate(key.columns):
                yield (
                    session.database,
                    table.schema,
                    key.name,
                    session.database,
                    table.schema,
                    table.name,
                    name,
                    place + 1,
                )
