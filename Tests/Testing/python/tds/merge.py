"""MERGE."""

from .catalog import quote
from .errors import SQLError
from .expressions import Expr
from .queries import QueryCompiler, Scope, Source


class Merging:
    """Mixed into the changes."""

    def _merge(self, node):
        """The rows that match are found first; then each clause changes those that are its own."""
        session = self.session
        if node.output:
            raise SQLError(50000, text="The test server knows no OUTPUT of MERGE.", level=1)
        table = self.target(node.table)
        self.begin_change(table, "INSERT")
        compiler = QueryCompiler(session)
        compiler.ctes = {name.lower(): (cs, q, {}) for name, cs, q in node.ctes or []}
        compiler.scope = Scope()
        source_sql = compiler.source(node.source)
        source = compiler.scope.sources[0]
        target_sql = compiler.table_source(table, node.table.alias or node.table.parts[-1])
        rowid = compiler.scope.sources[1].rowid
        on = compiler.condition(node.on)
        cells = ", ".join(f"{expr.sql} AS x{i + 1}" for i, (_, expr) in enumerate(source.columns))
        run = session.connection.execute
        run("DROP TABLE IF EXISTS temp.tds_merge")
        self.execute(
            f"CREATE TEMP TABLE tds_merge AS SELECT {rowid} AS rid, {cells} FROM {source_sql} "
            f"LEFT JOIN {target_sql} ON {on}",
            compiler.used,
        )
        if run(
            "SELECT 1 FROM temp.tds_merge WHERE rid IS NOT NULL GROUP BY rid HAVING count(*) > 1"
        ).fetchone() and any(c[0] == "yes" for c in node.clauses):
            raise SQLError(
                8672,
                text="The MERGE statement attempted to UPDATE or DELETE the same row more than once. "
                "This happens when a target row matches more than one source row. A MERGE "
                "statement cannot UPDATE/DELETE the same row of the target table multiple times. "
                "Refine the ON clause to ensure a target row matches at most one source row, or "
                "use the GROUP BY clause to group the source rows.",
            )
        run("ALTER TABLE temp.tds_merge ADD COLUMN done")
        count = 0
        for clause in node.clauses:
            count += self._merge_clause_runs(node, clause, table, source)
        run("DROP TABLE temp.tds_merge")
        self.counted(node, count)

    def _merge_clause_runs(self, node, clause, table, source):
        kind, condition, action, what, values = clause
        compiler = QueryCompiler(self.session)
        scope = compiler.scope = Scope()
        scope.sources.append(
            Source(
                source.names,
                [
                    (name, Expr(f"m.x{i + 1}", expr.type, expr.nullable))
                    for i, (name, expr) in enumerate(source.columns)
                ],
            )
        )
        target_sql = compiler.table_source(table, node.table.alias or node.table.parts[-1])
        inner = scope.sources[1].rowid
        if kind == "no":
            scope.sources.pop()
        test = f" AND {compiler.condition(condition)}" if condition is not None else ""
        if kind == "source":
            return self._merge_unmatched(compiler, table, target_sql, inner, test, action, what)
        if kind == "no":
            columns = self.insert_columns(table, what)
            if len(columns) != len(values):
                raise SQLError(109 if len(values) < len(columns) else 110)
            cells = [
                self.assigned(compiler, compiler.value(cell), column, table) for cell, column in zip(values, columns)
            ]
            extra = self.fillers(compiler, table, columns)
            names = ", ".join(quote(c.name) for c in columns + [c for c, _ in extra])
            listed = ", ".join(cells + [sql for _, sql in extra])
            return self.execute(
                f"INSERT INTO {table.sqlite} ({names}) SELECT {listed} FROM temp.tds_merge AS m "
                f"WHERE m.rid IS NULL{test}",
                compiler.used,
            ).rowcount
        rows = f"FROM temp.tds_merge AS m JOIN {target_sql} ON {inner} = m.rid WHERE m.done IS NULL{test}"
        if action == "DELETE":
            count = self.execute(
                f"DELETE FROM {table.sqlite} WHERE _rowid_ IN (SELECT m.rid {rows})", compiler.used
            ).rowcount
            return count
        sets = self._merge_sets(compiler, table, what)
        cells = ", ".join(f"{sql} AS c{i + 1}" for i, (_, sql) in enumerate(sets))
        assignments = ", ".join(f"{quote(c.name)} = y.c{i + 1}" for i, (c, _) in enumerate(sets))
        self.execute("DROP TABLE IF EXISTS temp.tds_found")
        self.execute(f"CREATE TEMP TABLE tds_found AS SELECT m.rid AS rid, {cells} {rows}", compiler.used)
        count = self.execute(
            f"UPDATE {table.sqlite} AS target SET {assignments} FROM temp.tds_found AS y "
            f"WHERE target._rowid_ = y.rid"
        ).rowcount
        self.execute("UPDATE temp.tds_merge SET done = 1 WHERE rid IN (SELECT rid FROM temp.tds_found)")
        self.execute("DROP TABLE temp.tds_found")
        return count

    def _merge_sets(self, compiler, table, what):
        sets = []
        for name, _, value, line in what:
            column = table.column(name)
            if column is None:
                raise SQLError(207, name, line=line)
            sets.append((column, compiler.assign(compiler.value(value), column, table)))
        return sets

    def _merge_unmatched(self, compiler, table, target_sql, inner, test, action, what):
        rows = f"FROM {target_sql} WHERE {inner} NOT IN (SELECT rid FROM temp.tds_merge WHERE rid IS NOT NULL){test}"
        if action == "DELETE":
            return self.execute(
                f"DELETE FROM {table.sqlite} WHERE _rowid_ IN (SELECT {inner} {rows})", compiler.used
            ).rowcount
        sets = self._merge_sets(compiler, table, what)
        cells = ", ".join(f"{sql} AS c{i + 1}" for i, (_, sql) in enumerate(sets))
        assignments = ", ".join(f"{quote(c.name)} = y.c{i + 1}" for i, (c, _) in enumerate(sets))
        return self.execute(
            f"UPDATE {table.sqlite} AS target SET {assignments} FROM (SELECT {inner} AS rid, {cells} "
            f"{rows}) AS y WHERE target._rowid_ = y.rid",
            compiler.used,
        ).rowcount
