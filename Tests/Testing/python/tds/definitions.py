"""CREATE, ALTER, DROP, and rights."""

import random

from . import nodes as n
from . import sqltypes as t
from .catalog import Check, ForeignKey, Key, Table, TableColumn, quote
from .constraints import index_name
from .errors import SQLError
from .objects import Objects
from .parse_statement import Parser
from .queries import QueryCompiler, Scope, Source
from .expressions import Expr

ROW_BYTES = 8060
MAX_COLUMNS = 1024


def generated_name(prefix, table, column=""):
    """As the server names a constraint that nobody named."""
    return f"{prefix}__{table[:9]}__{(column[:5] + '__') if column else ''}{random.getrandbits(32):08X}"


class Definitions(Objects):
    """Mixed into the executor."""

    def _change_schema(self):
        session = self.session
        if not session.principal.is_admin and not any(
            grants.get("CREATE TABLE") or grants.get("CONTROL") for grants in session.principal.grants.values()
        ):
            raise SQLError(
                262, text=f"CREATE TABLE permission denied in database '{session.database}'.", severity=14, level=1
            )
        session.transaction.write()

    # --- tables

    def _createtable(self, node):
        self.create_table(node.name, node.elements)
        self.response.done(0, 0xC6)

    def create_table(self, name, elements):
        session = self.session
        is_temporary = name[-1][0] in "#@"
        if is_temporary:
            table = Table("dbo", name[-1], [], is_temporary=True)
            table.object_id, session.next_temporary = session.next_temporary, session.next_temporary - 1
            if table.name.lower() in session.catalog.temporary:
                raise SQLError(2714, table.name, state=6)
            table.sqlite = f"temp.{quote(table.name)}"
            if session.transaction.count:
                session.transaction.write()
        else:
            self._change_schema()
            schema = session.catalog.schema(name[-2] if len(name) > 1 and name[-2] else "dbo")
            if schema is None:
                raise SQLError(2760, name[-2])
            if session.catalog.find(schema, name[-1]) is not None:
                raise SQLError(2714, name[-1], state=6)
            table = Table(schema, name[-1], [])
            table.sqlite = f"main.{quote(schema + '.' + name[-1])}"
        self._fill_table(table, elements)
        if not is_temporary:
            session.catalog.save(table)
        self._build(table)
        session.catalog.save(table)
        return table

    def _fill_table(self, table, elements):
        constraints = []
        for element in elements:
            if isinstance(element, n.ColumnDefinition):
                self._add_column(table, element)
                constraints += element.constraints
            else:
                constraints.append(element)
        for constraint in constraints:
            self._add_constraint(table, constraint)
        self._check_size(table)

    def _add_column(self, table, definition):
        if table.column(definition.name) is not None:
            raise SQLError(2705, definition.name, table.name)
        column = TableColumn(definition.name, definition.type, definition.nullable is not False)
        column.number = max((c.number for c in table.columns), default=0) + 1
        column.default, column.default_name = definition.default, definition.default_name
        if column.default is not None and column.default_name is None:
            column.default_name = generated_name("DF", table.name, column.name)
        column.identity, column.is_sparse = definition.identity, definition.is_sparse
        column.is_rowguid = definition.is_rowguid
        if column.identity or (
            column.type is not None and column.type.name == "timestamp" and definition.nullable is None
        ):
            column.nullable = False
        if any(c.kind == "PRIMARY KEY" for c in definition.constraints):
            if definition.nullable:
                raise SQLError(8111, table.name)
            column.nullable = False
        if definition.computed is not None:
            column.computed, column.is_persisted = definition.computed, definition.is_persisted
            expr = self._table_expression(table, definition.computed)
            column.type, column.nullable = expr.type or t.INT, expr.nullable
        table.columns.append(column)

    def _add_constraint(self, table, constraint):
        kind = constraint.kind
        if kind in ("PRIMARY KEY", "UNIQUE"):
            for name, _ in constraint.columns:
                column = table.column(name)
                if column is None:
                    raise SQLError(
                        1911, text=f"Column name '{name}' does not exist in the target table or view.", level=1
                    )
                if kind == "PRIMARY KEY":
                    column.nullable = False
            prefix = "PK" if kind == "PRIMARY KEY" else "UQ"
            table.keys.append(
                Key(
                    constraint.name or generated_name(prefix, table.name),
                    kind,
                    [(table.column(name).name, d) for name, d in constraint.columns],
                )
            )
        elif kind == "CHECK":
            table.checks.append(Check(constraint.name or generated_name("CK", table.name), constraint.expression))
        elif kind == "DEFAULT":
            column = table.column(constraint.columns[0])
            column.default = constraint.expression
            column.default_name = constraint.name or generated_name("DF", table.name, column.name)
        else:
            other = self.session.find_object(constraint.references, missing_ok=True)
            name = constraint.name or generated_name("FK", table.name)
            if constraint.references[-1].lower() == table.name.lower() and other is None:
                other = table
            if not isinstance(other, Table):
                raise SQLError(1767, name, ".".join(constraint.references), level=1)
            columns = constraint.reference_columns or [
                c for k in other.keys if k.kind == "PRIMARY KEY" for c, _ in k.columns
            ]
            table.foreign_keys.append(
                ForeignKey(
                    name,
                    constraint.columns,
                    (other.schema, other.name),
                    columns,
                    constraint.on_delete,
                    constraint.on_update,
                )
            )

    def _check_size(self, table):
        if len(table.columns) > MAX_COLUMNS:
            raise SQLError(
                1702,
                text=f"CREATE TABLE failed because column '{table.columns[-1].name}' in table "
                f"'{table.name}' exceeds the maximum of 1024 columns.",
                level=1,
            )
        size, overhead = self.fixed_bytes(table)
        if size > ROW_BYTES:
            raise SQLError(
                1701,
                text=f"Creating or altering table '{table.name}' failed because the minimum row size "
                f"would be {size}, including {overhead} bytes of internal overhead. This exceeds "
                f"the maximum allowable table row size of 8060 bytes.",
                level=1,
            )

    def fixed_bytes(self, table):
        """The bytes that every row takes, and those of them that are no values."""
        stored = [c for c in table.columns if c.computed is None or c.is_persisted]
        fixed = sum(1 if c.type.name == "bit" else c.type.max_length for c in stored if not self._varies(c))
        varying = sum(self._varies(c) for c in stored)
        overhead = 4 + 2 + (len(stored) + 7) // 8 + (1 if len(stored) else 0) * 0
        return fixed + overhead, overhead + (2 + 2 * varying if varying else 0)

    def _varies(self, column):
        return column.type.kind in ("text", "bytes", "sql_variant") and column.type.name not in (
            "char",
            "nchar",
            "binary",
            "timestamp",
        )

    def _table_expression(self, table, text, condition=False):
        """An expression over a table's own columns."""
        compiler = QueryCompiler(self.session)
        compiler.scope = Scope()
        compiler.scope.sources.append(
            Source([table.name], [(c.name, Expr(quote(c.name), c.type, c.nullable)) for c in table.columns])
        )
        node = Parser(text).expression()
        return compiler.condition(node) if condition else compiler.value(node)

    def _build(self, table):
        """Makes the table in SQLite."""
        run = self.session.connection.execute
        parts = []
        for column in table.columns:
            part = quote(column.name)
            if column.type.kind == "text":
                part += f" COLLATE {(column.type.collation or t.DEFAULT).sqlite}"
            if column.computed is not None:
                expr = self._table_expression(table, column.computed)
                part += f" GENERATED ALWAYS AS ({expr.sql}) VIRTUAL"
            elif not column.nullable:
                part += " NOT NULL"
            parts.append(part)
        for check in table.checks:
            sql = self._table_expression(table, check.expression, condition=True)
            parts.append(f"CONSTRAINT {quote(check.name)} CHECK ({sql})")
        for key in table.foreign_keys:
            parts.append(self._foreign_key(key))
        parts += self._size_check(table)
        run(f"CREATE TABLE {table.sqlite} ({', '.join(parts)})")
        for key in table.keys:
            self.build_key(table, key)

    def _foreign_key(self, key):
        columns = ", ".join(map(quote, key.columns))
        referenced = ", ".join(map(quote, key.reference_columns))
        actions = "".join(
            f" ON {word} {action}" for word, action in (("DELETE", key.on_delete), ("UPDATE", key.on_update)) if action
        )
        return (
            f"CONSTRAINT {quote(key.name)} FOREIGN KEY ({columns}) REFERENCES "
            f"{quote('.'.join(key.table))} ({referenced}){actions}"
        )

    def _size_check(self, table):
        varying = [c for c in table.columns if self._varies(c) and c.computed is None]
        most = sum(min(24, c.type.max_length if c.type.max_length > 0 else 24) for c in varying)
        fixed, _ = self.fixed_bytes(table)
        fixed += 2 + 2 * len(varying) if varying else 0
        if fixed + most <= ROW_BYTES:
            return []
        kinds = "".join("n" if c.type.name in t.WIDE else "b" for c in varying)
        columns = "".join(", " + quote(c.name) for c in varying)
        return [f"CONSTRAINT row_size CHECK (tds_row_size({fixed}, '{kinds}'{columns}))"]

    def build_key(self, table, key):
        """A unique constraint or an index. NULL is one value, as SQL Server sees it."""
        schema, name = table.sqlite.split(".", 1)
        columns, has_null = [], False
        for column_name, descends in key.columns:
            column = table.column(column_name)
            sql = quote(column.name)
            if key.is_unique and column.nullable:
                has_null = True
                sql = f"coalesce({sql}, x'00ff4e554c4c')"
            columns.append(sql + (" DESC" if descends else ""))
        word = "UNIQUE INDEX" if key.is_unique else "INDEX"
        run = self.session.connection.execute
        run(f"CREATE {word} {schema}.{quote(index_name(table, key))} ON {name} ({', '.join(columns)})")
        if has_null:
            plain = ", ".join(quote(c) for c, _ in key.columns)
            run(f"CREATE INDEX {schema}.{quote(index_name(table, key) + ':search')} ON {name} ({plain})")

    # --- ALTER TABLE

    def _altertable(self, node):
        session = self.session
        table = session.find_object(node.name, missing_ok=True)
        if not isinstance(table, Table):
            raise SQLError(4902, ".".join(node.name), level=1)
        self._change_schema()
        session.materialize(table)
        import copy

        new = copy.deepcopy(table)
        if node.action == "ADD":
            constraints = []
            for element in node.elements:
                if isinstance(element, n.ColumnDefinition):
                    self._add_column(new, element)
                    constraints += element.constraints
                else:
                    constraints.append(element)
            for constraint in constraints:
                self._add_constraint(new, constraint)
        elif node.action == "DROP COLUMN":
            for name in node.elements:
                column = new.column(name)
                if column is None:
                    raise SQLError(
                        4924,
                        text=f"ALTER TABLE DROP COLUMN failed because column '{name}' does not exist in "
                        f"table '{table.name}'.",
                        level=1,
                    )
                new.columns.remove(column)
        elif node.action == "DROP CONSTRAINT":
            for name in node.elements:
                self._drop_constraint(new, name)
        elif node.action == "ALTER":
            definition = node.elements[0]
            column = new.column(definition.name)
            if column is None:
                raise SQLError(
                    4924,
                    text=f"ALTER TABLE ALTER COLUMN failed because column '{definition.name}' does not "
                    f"exist in table '{table.name}'.",
                    level=1,
                )
            column.type, column.nullable = definition.type, definition.nullable is not False
        self._check_size(new)
        self._rebuild(table, new)
        self.response.done(0, 0xD8)

    def _drop_constraint(self, table, name):
        lower = name.lower()
        for group in (table.keys, table.checks, table.foreign_keys):
            for each in group:
                if each.name.lower() == lower:
                    group.remove(each)
                    return
        for column in table.columns:
            if (column.default_name or "").lower() == lower:
                column.default = column.default_name = None
                return
        raise SQLError(3728, text=f"'{name}' is not a constraint.", level=1)

    def _rebuild(self, old, new):
        """A new table with the old one's rows."""
        session, run = self.session, self.session.connection.execute
        schema, name = old.sqlite.split(".", 1)
        compiler = QueryCompiler(session)
        cells = []
        for column in new.columns:
            if column.computed is not None:
                continue
            before = next((c for c in old.columns if c.number == column.number), None)
            if before is not None:
                sql = compiler.assign(Expr(quote(before.name), before.type), column, new)
            elif column.identity:
                sql = self.fillers(compiler, new, [c for c in new.columns if c is not column])[0][1]
            else:
                sql = self.default_sql(compiler, column, new) if column.default and not column.nullable else "NULL"
                if column.type.name == "timestamp":
                    sql = "x'0000000000000001'"
            cells.append((quote(column.name), sql))
        run("PRAGMA defer_foreign_keys = ON")
        run("PRAGMA legacy_alter_table = ON")
        session.verb = "ALTER TABLE"
        run(f"ALTER TABLE {old.sqlite} RENAME TO {quote('old:' + str(old.object_id))}")
        for row in run(
            f"SELECT name FROM {schema}.sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND name LIKE ?",
            (f"{old.object_id}:%",),
        ).fetchall():
            run(f"DROP INDEX {schema}.{quote(row[0])}")
        session.catalog.save(new)
        self._build(new)
        names, values = ", ".join(a for a, _ in cells), ", ".join(b for _, b in cells)
        run(f"INSERT INTO {new.sqlite} ({names}) SELECT {values} FROM {schema}.{quote('old:' + str(old.object_id))}")
        run(f"DROP TABLE {schema}.{quote('old:' + str(old.object_id))}")
        session.catalog.save(new)

    def _createindex(self, node):
        session = self.session
        table = session.find_object(node.table)
        if not table.is_temporary:
            self._change_schema()
        session.materialize(table)
        if any(k.name.lower() == node.name.lower() for k in table.keys):
            raise SQLError(1913, node.name, table.full_name)
        for name, _ in node.columns:
            if table.column(name) is None:
                raise SQLError(1911, text=f"Column name '{name}' does not exist in the target table or view.", level=1)
        key = Key(node.name, "INDEX", node.columns, node.is_unique)
        table.keys.append(key)
        self.build_key(table, key)
        session.catalog.save(table)
        self.response.done()

    # --- SELECT INTO

    def select_into(self, query):
        name, query.into = query.into, None
        try:
            compiler = QueryCompiler(self.session)
            plan = compiler.query(query)
        finally:
            query.into = name
        elements = []
        for column in plan.columns:
            kind = column.type if column.type.name != "timestamp" else t.make("binary", [8])
            elements.append(n.ColumnDefinition(column.name, kind, nullable=column.nullable))
        table = self.create_table(name, elements)
        self.session.transaction.write()
        return self.execute(f"INSERT INTO {table.sqlite} SELECT * FROM ({plan.sql})", compiler.used).rowcount
