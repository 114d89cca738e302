"""INSERT, UPDATE, DELETE and MERGE."""

import sqlite3

from . import nodes as n
from . import sqltypes as t
from .catalog import Table, quote
from .constraints import shown_key
from .errors import SQLError
from .expressions import Expr
from .merge import Merging
from .parse_statement import Parser
from .queries import QueryCompiler, Scope, Source
from .triggers import fire, last_row, triggers_of

VALUES_LIMIT = 1000


def stamp(session):
    return session.store.next_row_version()


def next_identity(object_id):
    def take(session):
        table = session.catalog.by_id(object_id)
        session.last_identity = session.store.next_identity(session.database, table)
        return session.last_identity

    return take


def note_identity(object_id):
    def note(session, value):
        if value is not None:
            session.store.note_identity(session.database, session.catalog.by_id(object_id), value)
            session.last_identity = value
        return value

    return note


class Changes(Merging):
    """Mixed into the executor."""

    def target(self, name):
        """The table that a statement changes."""
        table = self.session.find_object(name.parts, name.line)
        if not isinstance(table, Table):
            raise SQLError(4406, ".".join(name.parts))
        return table

    def begin_change(self, table, right):
        session = self.session
        session.check_right(right, table)
        session.transaction.write()
        session.materialize(table)
        session.verb_table = table
        session.duplicate = None

    def run_change(self, sql, used):
        cursor = self.execute(sql, used)
        return cursor

    # --- INSERT

    def _insert(self, node):
        table = self.target(node.table)
        self.begin_change(table, "INSERT")
        if isinstance(node.source, n.Execute):
            raise SQLError(102, "EXEC", line=node.line)
        (sql, outputs, explain), used = self.compiled(node, lambda c: self._insert_sql(c, node, table))
        self.session.duplicate = lambda t_, key: self._explain_duplicate(explain, used, t_, key)
        triggers = triggers_of(self.session, table)
        last = last_row(self.session, table) if triggers else 0
        cursor = self.run_change(sql, used)
        rows = cursor.fetchall() if outputs else []
        count = len(rows) if outputs else max(cursor.rowcount, 0)
        if triggers:
            fire(self, table, triggers, last)
        if outputs:
            self.output(node, outputs, rows)
        self.counted(node, count)

    def insert_columns(self, table, names):
        """The columns that an INSERT names, or all that it can fill."""
        session = self.session
        if names is None:
            return [
                c
                for c in table.columns
                if c.computed is None
                and c.type.name != "timestamp"
                and not (c.identity and session.identity_insert != table.object_id)
            ]
        found, seen = [], set()
        for name in names:
            column = table.column(name)
            if column is None:
                raise SQLError(207, name)
            if name.lower() in seen:
                raise SQLError(264, name)
            seen.add(name.lower())
            if column.computed is not None:
                raise SQLError(271, name)
            if column.type.name == "timestamp":
                raise SQLError(273)
            if column.identity and session.identity_insert != table.object_id:
                raise SQLError(544, table.name)
            found.append(column)
        if session.identity_insert == table.object_id and not any(c.identity for c in found):
            raise SQLError(545, table.name)
        return found

    def fillers(self, compiler, table, columns):
        """(column, SQL) of the columns that an INSERT does not name."""
        found = []
        for column in table.columns:
            if column in columns or column.computed is not None:
                continue
            if column.identity:
                expr = compiler.ask(
                    ("identity", self.session.database, table.object_id),
                    next_identity(table.object_id),
                    [],
                    column.type,
                )
                found.append((column, expr.sql))
            elif column.type.name == "timestamp":
                found.append((column, compiler.ask("stamp", stamp, [], column.type).sql))
            elif column.default is not None:
                found.append((column, self.default_sql(compiler, column, table)))
        return found

    def default_sql(self, compiler, column, table):
        outer, compiler.scope = compiler.scope, None
        try:
            return compiler.assign(compiler.value(Parser(column.default).expression()), column, table)
        finally:
            compiler.scope = outer

    def assigned(self, compiler, expr, column, table):
        sql = compiler.assign(expr, column, table)
        if column.identity:
            sql = compiler.ask(
                ("note", self.session.database, table.object_id),
                note_identity(table.object_id),
                [Expr(sql, column.type)],
                column.type,
            ).sql
        return sql

    def _insert_sql(self, compiler, node, table):
        columns = self.insert_columns(table, node.columns)
        compiler.ctes = {name.lower(): (cs, q, {}) for name, cs, q in node.ctes or []}
        outputs = self._outputs(compiler, node.output, table, "INSERTED") if node.output else None
        if node.source is None:
            columns, explain = [], None
            body = None
        elif isinstance(node.source, n.Values):
            body, explain = self._insert_values(compiler, node, columns, table)
        else:
            plan = compiler.query(node.source, None, [c.type for c in columns])
            if len(plan.columns) != len(columns):
                if node.columns is None:
                    raise SQLError(213)
                raise SQLError(120 if len(plan.columns) < len(columns) else 121)
            cells = [
                self.assigned(compiler, Expr(f"c{i + 1}", found.type), column, table)
                for i, (column, found) in enumerate(zip(columns, plan.columns))
            ]
            top = f" LIMIT {compiler.value(node.top).sql}" if node.top is not None else ""
            body, explain = (cells, f" FROM ({plan.sql}{top})"), None
        extra = self.fillers(compiler, table, columns)
        names = ", ".join(quote(c.name) for c in columns + [c for c, _ in extra])
        fill = [sql for _, sql in extra]
        if body is None and not fill:
            sql = f"INSERT INTO {table.sqlite} DEFAULT VALUES"
        elif body is None:
            sql = f"INSERT INTO {table.sqlite} ({names}) VALUES ({', '.join(fill)})"
        elif isinstance(body, list):
            rows = ", ".join("(" + ", ".join(row + fill) + ")" for row in body)
            sql = f"INSERT INTO {table.sqlite} ({names}) VALUES {rows}"
        else:
            cells, source = body
            explain = (columns, f"SELECT {', '.join(cells)}{source}")
            sql = f"INSERT INTO {table.sqlite} ({names}) SELECT {', '.join(cells + fill)}{source}"
        if outputs:
            sql += " RETURNING " + ", ".join(expr.sql for _, expr in outputs)
        return sql, outputs, explain

    def _insert_values(self, compiler, node, columns, table):
        rows = []
        if len(node.source.rows) > VALUES_LIMIT:
            raise SQLError(
                10738,
                text="The number of row value expressions in the INSERT statement exceeds the maximum "
                "allowed number of 1000 row values.",
                severity=15,
                level=1,
            )
        for row in node.source.rows:
            if len(row) != len(columns):
                if node.columns is None:
                    raise SQLError(213)
                raise SQLError(109 if len(row) < len(columns) else 110)
            cells = []
            for cell, column in zip(row, columns):
                if isinstance(cell, n.Default):
                    cells.append(self.default_sql(compiler, column, table) if column.default else "NULL")
                else:
                    cells.append(self.assigned(compiler, compiler.value(cell), column, table))
            rows.append(cells)
        explain = (columns, "VALUES " + ", ".join("(" + ", ".join(row) + ")" for row in rows))
        return rows, explain

    def _explain_duplicate(self, explain, used, table, key):
        """Which key is there twice: looks for the first of the rows that is."""
        if explain is None:
            return "(<unknown>)"
        columns, sql = explain
        places = [
            next((i for i, c in enumerate(columns) if c.name.lower() == name.lower()), None) for name, _ in key.columns
        ]
        if None in places:
            return "(<unknown>)"
        kinds = [columns[i].type for i in places]
        tests = " AND ".join(f"{quote(name)} IS ?" for name, _ in key.columns)
        seen = set()
        try:
            for row in self.session.connection.execute(sql, self.values_of(used)).fetchall():
                values = tuple(row[i] for i in places)
                if (
                    values in seen
                    or self.session.connection.execute(f"SELECT 1 FROM {table.sqlite} WHERE {tests}", values).fetchone()
                ):
                    return shown_key(values, kinds)
                seen.add(values)
        except (sqlite3.Error, SQLError):
            pass
        return "(<unknown>)"

    # --- OUTPUT

    def _outputs(self, compiler, items, table, prefix):
        """(name, Expr) of OUTPUT's items, as RETURNING has them."""
        scope = Scope()
        columns = [
            (c.name, Expr(quote(c.name), c.type, c.nullable, column=c, table=table.full_name)) for c in table.columns
        ]
        scope.sources.append(Source([prefix.lower()], columns, table))
        outer, compiler.scope = compiler.scope, scope
        try:
            return compiler._items(items, None)
        finally:
            compiler.scope = outer

    def output(self, node, outputs, rows):
        """Sends what OUTPUT asks for, or puts it into a table."""
        if node.output_into is not None:
            table = self.target(node.output_into)
            marks = ", ".join("?" for _ in outputs)
            names = [c for c in table.columns if c.computed is None and not c.identity]
            listed = ", ".join(quote(c.name) for c in names[: len(outputs)])
            self.session.connection.executemany(f"INSERT INTO {table.sqlite} ({listed}) VALUES ({marks})", rows)
            return
        columns = [QueryCompiler._result_column(None, name, expr) for name, expr in outputs]
        self.response.columns(columns)
        writers = self.response.writers(columns)
        for row in rows:
            self.response.add(b"\xd1" + b"".join(write(value) for write, value in zip(writers, row)))

    # --- UPDATE and DELETE

    def _locate(self, compiler, node):
        """The table of an UPDATE or DELETE, the FROM that finds its rows, and the row's id in it."""
        compiler.scope = Scope()
        compiler.ctes = {name.lower(): (cs, q, {}) for name, cs, q in node.ctes or []}
        name = node.table.parts[-1].lower()
        if node.source:
            sql = ", ".join(compiler.source(each) for each in node.source)
            for source in compiler.scope.sources:
                if name in source.names and source.table is not None and len(node.table.parts) == 1:
                    return source.table, sql, source.rowid
            table = self.target(node.table)
            for source in compiler.scope.sources:
                if source.table is not None and source.table.object_id == table.object_id:
                    return table, sql, source.rowid
            raise SQLError(208, ".".join(node.table.parts), line=node.table.line)
        table = self.target(node.table)
        sql = compiler.table_source(table, node.table.parts[-1])
        return table, sql, compiler.scope.sources[0].rowid

    def _changed_table(self, node):
        compiler = QueryCompiler(self.session)
        return self._locate(compiler, node)[0]

    def _update(self, node):
        table = self._changed_table(node)
        self.begin_change(table, "UPDATE")
        (sql, outputs, olds, variables), used = self.compiled(node, lambda c: self._update_sql(c, node))
        if variables:
            row = self.execute(variables[0], used).fetchone()
            for (name, kind), value in zip(variables[1], row or ()):
                self.assign(name, value, kind)
        if outputs:
            before = self.execute(olds, used).fetchall()
            self.run_change(sql, used)
            names = ", ".join(quote(c.name) for c in table.columns)
            rows = []
            for row in before:
                after = self.session.connection.execute(
                    f"SELECT {names} FROM {table.sqlite} WHERE _rowid_ = ?", row[:1]
                ).fetchone()
                rows.append(self._output_row(outputs, table, row[1:], after))
            self.output(node, outputs, rows)
            self.counted(node, len(rows))
            return
        self.counted(node, max(self.run_change(sql, used).rowcount, 0))

    def _output_row(self, outputs, table, old, new):
        """OUTPUT's items over the old and the new row, which stand in a subquery as literals."""
        from .expressions import literal_sql

        cells = [f"{literal_sql(value, c.type)} AS {quote('d' + c.name)}" for c, value in zip(table.columns, old)]
        cells += [f"{literal_sql(value, c.type)} AS {quote('i' + c.name)}" for c, value in zip(table.columns, new)]
        items = ", ".join(expr.sql for _, expr in outputs)
        return self.session.connection.execute(f"SELECT {items} FROM (SELECT {', '.join(cells)})").fetchone()

    def _update_sql(self, compiler, node):
        table, source, rowid = self._locate(compiler, node)
        sets, variables, names = [], [], []
        for name, variable, value, line in node.sets:
            column = table.column(name) if name is not None else None
            if name is not None and column is None:
                raise SQLError(207, name, line=line)
            if column is None:
                expr = compiler.value(value)
                variables.append((variable, expr))
                continue
            if column.computed is not None or column.type.name == "timestamp":
                raise (
                    SQLError(271, column.name)
                    if column.computed is not None
                    else SQLError(272, text="Cannot update a timestamp column.", level=1)
                )
            if column.identity:
                raise SQLError(8102, text=f"Cannot update identity column '{column.name}'.", level=1)
            if column.name in names:
                raise SQLError(264, column.name)
            names.append(column.name)
            if isinstance(value, n.Default):
                sets.append((column, self.default_sql(compiler, column, table) if column.default else "NULL"))
            else:
                expr = compiler.value(value)
                sets.append((column, compiler.assign(expr, column, table)))
                if variable:
                    variables.append((variable, Expr(sets[-1][1], column.type)))
        for column in table.columns:
            if column.type.name == "timestamp":
                sets.append((column, compiler.ask("stamp", stamp, [], column.type).sql))
        where = f" WHERE {compiler.condition(node.where)}" if node.where is not None else ""
        top = f" LIMIT {compiler.value(node.top).sql}" if node.top is not None else ""
        cells = ", ".join(f"{sql} AS c{i + 1}" for i, (_, sql) in enumerate(sets))
        found = f"SELECT {rowid} AS rid{', ' if cells else ''}{cells} FROM {source}{where}{top}"
        asked = None
        if variables:
            listed = ", ".join(expr.sql for _, expr in variables)
            asked = (f"SELECT {listed} FROM {source}{where}", [(name, expr.type or t.INT) for name, expr in variables])
        outputs = olds = None
        if node.output:
            outputs = self._update_outputs(compiler, node, table)
            inner = rowid.split(".")[0]
            all_columns = ", ".join(f"{inner}.{quote(c.name)}" for c in table.columns)
            olds = f"SELECT DISTINCT {rowid}, {all_columns} FROM {source}{where}{top}"
        assignments = ", ".join(f"{quote(c.name)} = x.c{i + 1}" for i, (c, _) in enumerate(sets))
        sql = f"UPDATE {table.sqlite} AS target SET {assignments} FROM ({found}) AS x WHERE target._rowid_ = x.rid"
        return sql, outputs, olds, asked

    def _update_outputs(self, compiler, node, table):
        scope = Scope()
        for prefix, letter in (("deleted", "d"), ("inserted", "i")):
            scope.sources.append(
                Source(
                    [prefix],
                    [
                        (c.name, Expr(quote(letter + c.name), c.type, c.nullable, column=c, table=table.full_name))
                        for c in table.columns
                    ],
                )
            )
        outer, compiler.scope = compiler.scope, scope
        try:
            return compiler._items(node.output, None)
        finally:
            compiler.scope = outer

    def _delete(self, node):
        table = self._changed_table(node)
        from . import raw_rows

        if node.where is None and not node.source and not node.output and node.top is None:
            self.session.check_right("DELETE", table)
            count = raw_rows.forget(self.session, table)
            if count:
                self.session.transaction.write()
                self.counted(node, count + self.session.connection.execute(f"DELETE FROM {table.sqlite}").rowcount)
                return
        self.begin_change(table, "DELETE")
        (sql, outputs), used = self.compiled(node, lambda c: self._delete_sql(c, node))
        cursor = self.run_change(sql, used)
        if outputs:
            rows = cursor.fetchall()
            self.output(node, outputs, rows)
            self.counted(node, len(rows))
            return
        self.counted(node, max(cursor.rowcount, 0))

    def _delete_sql(self, compiler, node):
        table, source, rowid = self._locate(compiler, node)
        where = f" WHERE {compiler.condition(node.where)}" if node.where is not None else ""
        top = f" LIMIT {compiler.value(node.top).sql}" if node.top is not None else ""
        sql = f"DELETE FROM {table.sqlite}"
        if where or top or node.source:
            sql += f" WHERE _rowid_ IN (SELECT {rowid} FROM {source}{where}{top})"
        outputs = self._outputs(compiler, node.output, table, "DELETED") if node.output else None
        if outputs:
            sql += " RETURNING " + ", ".join(expr.sql for _, expr in outputs)
        return sql, outputs

    def _truncate(self, node):
        from . import raw_rows

        table = self.target(n.TableName(node.name))
        for other in self.session.catalog.all(Table):
            if any(
                key.table[1].lower() == table.name.lower() and other.object_id != table.object_id
                for key in other.foreign_keys
            ):
                raise SQLError(4712, table.name)
        self.session.check_right("ALTER", table)
        raw_rows.forget(self.session, table)
        self.session.transaction.write()
        self.session.connection.execute(f"DELETE FROM {table.sqlite}")
        self.session.store.identities.pop((self.session.database.lower(), table.object_id), None)
        self.response.done()
