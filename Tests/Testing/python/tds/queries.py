"""T-SQL's queries as SQLite's."""

import itertools

from . import nodes as n
from . import sqltypes as t
from .catalog import Procedure, View, quote
from .errors import SQLError
from .expressions import Expr, ExpressionCompiler
from .operators import common
from .response import Column


class Source:
    """What a FROM brings: its names and columns."""

    def __init__(self, names, columns, table=None, rowid=None):
        self.names = [name.lower() for name in names if name]
        self.columns = columns  # (name, Expr)
        self.table = table
        self.rowid = rowid
        self.by_name = {}
        for name, expr in columns:
            self.by_name.setdefault(name.lower(), expr)


class Scope:
    def __init__(self, parent=None):
        self.sources, self.parent = [], parent

    def resolve(self, parts, line):
        lower = parts[-1].lower()
        found = []
        for source in self.sources:
            if len(parts) > 1 and parts[-2].lower() not in source.names:
                continue
            if lower in source.by_name:
                found.append(source.by_name[lower])
        if len(found) > 1:
            raise SQLError(209, parts[-1], line=line)
        if found:
            return found[0]
        if len(parts) > 1 and any(parts[-2].lower() in s.names for s in self.sources):
            raise SQLError(207, parts[-1], line=line)
        return self.parent.resolve(parts, line) if self.parent else None


class Plan:
    """A compiled query: its columns are c1, c2, … in SQLite."""

    def __init__(self, sql, columns, variables=()):
        self.sql, self.columns, self.variables = sql, columns, variables


class QueryCompiler(ExpressionCompiler):
    def __init__(self, session, undeclared=None):
        super().__init__(session, undeclared)
        self.aliases = itertools.count(1)
        self.ctes = {}
        self.views = []

    # --- queries

    def subquery(self, query):
        outer = self.scope
        try:
            return self.query(query, outer)
        finally:
            self.scope = outer

    def query(self, query, outer=None, targets=None):
        """Compiles a query. `targets`: the types of the columns that its items go to, for parameters."""
        if query.ctes:
            saved = dict(self.ctes)
            for name, columns, inner in query.ctes:
                self.ctes[name.lower()] = (columns, inner, dict(self.ctes))
            try:
                return self._query(query, outer, targets)
            finally:
                self.ctes = saved
        return self._query(query, outer, targets)

    def _query(self, query, outer, targets):
        if isinstance(query, n.SetQuery):
            return self._set_query(query, outer, targets)
        if isinstance(query, n.Values):
            return self._values(query, outer, targets)
        return self._select(query, outer, targets)

    def _select(self, query, outer, targets):
        self.scope = Scope(outer)
        sources = [self.source(each) for each in query.source] if query.source else []
        items = self._items(query.items, targets)
        where = self.condition(query.where) if query.where is not None else None
        sql = "SELECT " + ("DISTINCT " if query.is_distinct else "")
        sql += ", ".join(f"{expr.sql} AS c{i + 1}" for i, (_, expr) in enumerate(items))
        if sources:
            sql += " FROM " + ", ".join(sources)
        if where:
            sql += f" WHERE {where}"
        if query.group is not None:
            sql += " GROUP BY " + ", ".join(self._sortable(self.value(each)) for each in query.group)
            self._check_grouping(query)
        if query.having is not None:
            sql += f" HAVING {self.condition(query.having)}"
        sql += self._order(query, items)
        sql += self._limit(query)
        return Plan(sql, [self._result_column(name, expr) for name, expr in items])

    def _check_grouping(self, query):
        pass

    def _result_column(self, name, expr):
        kind = expr.type or t.INT
        column = Column(name or "", kind, expr.nullable)
        if expr.column is not None:
            column.identity = bool(expr.column.identity)
            column.computed = expr.column.computed is not None
            column.table = expr.table
            column.sparse = expr.column.is_sparse
        elif not isinstance(expr, Expr):
            column.computed = False
        return column

    def _items(self, items, targets):
        found = []
        for item in items:
            if isinstance(item.value, n.Star):
                found += self._star_columns(item.value)
                continue
            expr = self.value(item.value)
            if targets is not None and len(found) < len(targets):
                expr = self.typed(expr, targets[len(found)])
            if expr.type is None and expr.variable and self.undeclared is not None:
                raise SQLError(
                    11502,
                    text=f"The type for parameter '{expr.variable}' cannot be deduced in this " "context.",
                    level=1,
                )
            name = item.alias
            if name is None and isinstance(item.value, n.ColumnName):
                name = item.value.parts[-1] if expr.column is None else expr.column.name
            found.append((name, expr))
        return found

    def _star_columns(self, star):
        found = []
        for source in self.scope.sources:
            if star.table is None or star.table[-1].lower() in source.names:
                found += source.columns
        if not found:
            if star.table:
                raise SQLError(4104, ".".join(star.table) + ".*", line=star.line)
            raise SQLError(263, text="Must specify table to select from.", line=star.line, level=1)
        return found

    def _sortable(self, expr):
        if expr.type is not None and expr.type.kind == "text":
            return f"{expr.sql} COLLATE {(expr.type.collation or t.DEFAULT).sqlite}"
        return expr.sql

    def _order(self, query, items):
        if not query.order:
            return ""
        parts = []
        for value, descends in query.order:
            parts.append(self._order_key(value, items) + (" DESC" if descends else ""))
        return " ORDER BY " + ", ".join(parts)

    def _order_key(self, value, items):
        if isinstance(value, n.Literal) and isinstance(value.value, int) and value.type.name == "int":
            if not 1 <= value.value <= len(items):
                raise SQLError(
                    108,
                    text=f"The ORDER BY position number {value.value} is out of range of the number of "
                    "items in the select list.",
                    severity=15,
                    level=1,
                )
            expr = items[value.value - 1][1]
            if expr.type is not None and expr.type.kind == "text":
                return f"c{value.value} COLLATE {(expr.type.collation or t.DEFAULT).sqlite}"
            return f"c{value.value}"
        if isinstance(value, n.ColumnName) and len(value.parts) == 1:
            lower = value.parts[0].lower()
            for number, (name, expr) in enumerate(items):
                if name and name.lower() == lower:
                    return f"c{number + 1}" + (
                        f" COLLATE {(expr.type.collation or t.DEFAULT).sqlite}"
                        if expr.type and expr.type.kind == "text"
                        else ""
                    )
        expr = self.compile(value)
        return self._sortable(expr)

    def _limit(self, query):
        if getattr(query, "top", None) is not None:
            count = self.convert(self.value(query.top), t.BIGINT).sql
            if query.top_percent:
                raise SQLError(102, "PERCENT")
            return f" LIMIT {count}"
        if query.offset is not None:
            offset = self.convert(self.value(query.offset), t.BIGINT).sql
            count = self.convert(self.value(query.fetch), t.BIGINT).sql if query.fetch is not None else "-1"
            return f" LIMIT {count} OFFSET {offset}"
        return ""

    def _set_query(self, query, outer, targets):
        left, right = self.query(query.left, outer, targets), self.query(query.right, outer, targets)
        if len(left.columns) != len(right.columns):
            raise SQLError(205)
        columns, sides = [], ([], [])
        for number, (a, b) in enumerate(zip(left.columns, right.columns)):
            kind = common(a.type, b.type)
            columns.append(Column(a.name, kind, a.nullable or b.nullable))
            for side, column in zip(sides, (a, b)):
                side.append(self.convert(Expr(f"c{number + 1}", column.type), kind).sql + f" AS c{number + 1}")
        parts = [f"SELECT {', '.join(side)} FROM ({plan.sql})" for side, plan in zip(sides, (left, right))]
        sql = f"{parts[0]} {query.op} {parts[1]}"
        items = [(column.name, Expr(f"c{i + 1}", column.type)) for i, column in enumerate(columns)]
        if query.order or query.offset is not None:
            self.scope = Scope(outer)
            self.scope.sources.append(Source([], items))
            sql = f"SELECT * FROM ({sql})" + self._order(query, items) + self._limit(query)
        return Plan(sql, columns)

    def _values(self, query, outer, targets):
        width = len(query.rows[0])
        rows = []
        self.scope = Scope(outer)
        for row in query.rows:
            if len(row) != width:
                raise SQLError(10709, line=query.line)
            cells = [self.value(cell) for cell in row]
            rows.append([self.typed(cell, targets[i]) if targets else cell for i, cell in enumerate(cells)])
        columns = []
        for number in range(width):
            exprs = [row[number] for row in rows]
            unified = self.unified(exprs)
            for row, expr in zip(rows, unified):
                row[number] = expr
            columns.append(Column("", unified[0].type or t.INT, any(e.nullable for e in unified)))
        names = ", ".join(f"column{i + 1} AS c{i + 1}" for i in range(width))
        body = ", ".join("(" + ", ".join(cell.sql for cell in row) + ")" for row in rows)
        return Plan(f"SELECT {names} FROM (VALUES {body})", columns)

    # --- FROM

    def source(self, node):
        """The SQL of what stands in FROM; its columns join the scope."""
        if isinstance(node, n.Join):
            return self._join(node)
        if isinstance(node, n.TableName):
            return self._table(node)
        if isinstance(node, n.Derived):
            return self._derived(self.subquery(node.query), node.alias, node.columns)
        if isinstance(node, n.TableCall):
            from .table_functions import table_function

            return table_function(self, node)
        raise SQLError(102, "FROM")

    def _join(self, node):
        left = self.source(node.left)
        before = len(self.scope.sources)
        right = self.source(node.right)
        if node.kind == "CROSS":
            return f"{left} CROSS JOIN {right}"
        if node.kind in ("CROSS APPLY", "OUTER APPLY"):
            return f"{left} {'JOIN' if node.kind[0] == 'C' else 'LEFT JOIN'} {right} ON 1"
        changed = {
            "LEFT": self.scope.sources[before:],
            "RIGHT": self.scope.sources[:before],
            "FULL": self.scope.sources,
        }.get(node.kind, [])
        on = self.condition(node.on)
        for source in changed:
            for _, expr in source.columns:
                expr.nullable = True
        return f"({left} {node.kind} JOIN {right} ON {on})" if node.kind != "INNER" else f"{left} JOIN {right} ON {on}"

    def _derived(self, plan, alias, names=None):
        inner = f"s{next(self.aliases)}"
        names = names or [column.name for column in plan.columns]
        if len(names) != len(plan.columns):
            raise SQLError(8158, text=f"'{alias}' has more columns than were specified in the column list.", level=1)
        columns = []
        for number, (name, column) in enumerate(zip(names, plan.columns)):
            if not name:
                raise SQLError(
                    8155, text=f"No column name was specified for column {number + 1} of '{alias}'.", level=1
                )
            columns.append((name, Expr(f"{inner}.c{number + 1}", column.type, column.nullable)))
        self.scope.sources.append(Source([alias], columns))
        return f"({plan.sql}) AS {inner}"

    def _table(self, node):
        name = node.parts[-1]
        if len(node.parts) == 1 and name.lower() in self.ctes:
            return self._cte(node, name)
        from .system_views import system_view

        view = system_view(self.session, node.parts)
        if view is not None:
            columns = [Column(column, kind, True) for column, kind in view.columns]
            names = ", ".join(f"{quote(column)} AS c{i + 1}" for i, (column, _) in enumerate(view.columns))
            return self._derived(Plan(f"SELECT {names} FROM {view.sqlite}", columns), node.alias or name)
        table = self.session.find_object(node.parts, node.line)
        if isinstance(table, View):
            return self._view(table, node)
        if isinstance(table, Procedure):
            raise SQLError(208, ".".join(node.parts), line=node.line)
        self.session.check_right("SELECT", table)
        return self.table_source(table, node.alias or name)

    def table_source(self, table, alias):
        """A table of the database as a source."""
        self.session.materialize(table)
        inner = f"s{next(self.aliases)}"
        columns = [
            (
                column.name,
                Expr(
                    f"{inner}.{quote(column.name)}", column.type, column.nullable, column=column, table=table.full_name
                ),
            )
            for column in table.columns
        ]
        self.scope.sources.append(Source([alias], columns, table, f"{inner}._rowid_"))
        return f"{table.sqlite} AS {inner}"

    def _cte(self, node, name):
        columns, query, visible = self.ctes[name.lower()]
        saved, self.ctes = self.ctes, visible
        outer = self.scope
        try:
            plan = self.query(query, None)
        finally:
            self.ctes, self.scope = saved, outer
        return self._derived(plan, node.alias or name, columns)

    def _view(self, view, node):
        from .parse_statement import Parser

        if view.name.lower() in self.views:
            raise SQLError(208, view.name)
        self.views.append(view.name.lower())
        outer, self.scope = self.scope, None
        try:
            plan = self.query(Parser(view.text).query(), None)
        finally:
            self.scope = outer
            self.views.pop()
        return self._derived(plan, node.alias or view.name, view.columns)
