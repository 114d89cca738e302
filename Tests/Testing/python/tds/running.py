"""SELECT @v = @v + …: a variable that every row of a query changes."""

import dataclasses

from . import nodes as n
from .convert import convert
from .expressions import Expr
from .queries import QueryCompiler


def parts_of(node, kind):
    """All nodes of a kind in an expression."""
    found = [node] if isinstance(node, kind) else []
    if dataclasses.is_dataclass(node):
        for each in dataclasses.fields(node):
            value = getattr(node, each.name)
            for inner in value if isinstance(value, (list, tuple)) else [value]:
                for part in inner if isinstance(inner, tuple) else [inner]:
                    found += parts_of(part, kind)
    return found


def is_running(query):
    """Whether an item reads a variable that the query assigns."""
    assigned = {item.variable.lower() for item in query.items}
    return bool(query.source) and any(
        variable.name.lower() in assigned for item in query.items for variable in parts_of(item.value, n.Variable)
    )


class Rows:
    """A scope of the columns that the inner query brings."""

    sources, parent = [], None

    def __init__(self, columns):
        self.columns = columns

    def resolve(self, parts, line):
        return self.columns.get(tuple(part.lower() for part in parts))


class RunningCompiler(QueryCompiler):
    """Reads the assigned variables at each row anew."""

    def __init__(self, session, assigned):
        super().__init__(session)
        self.assigned = assigned

    def _variable(self, node):
        name = node.name.lower()
        if name not in self.assigned:
            return super()._variable(node)
        kind = self.session.variables[name].type
        return self.ask(("running", name), lambda session: session.variables[name].value, [], kind)


def run(executor, query):
    """Runs such a query; gives the number of its rows."""
    session = executor.session
    columns = {
        tuple(part.lower() for part in each.parts): each
        for item in query.items
        for each in parts_of(item.value, n.ColumnName)
    }
    compiler = RunningCompiler(session, {item.variable.lower() for item in query.items})
    inner = compiler.query(
        dataclasses.replace(
            query,
            items=[n.Item(each) for each in columns.values()]
            or [n.Item(n.Literal(1, session.variables[query.items[0].variable.lower()].type))],
        )
    )
    compiler.scope = Rows(
        {name: Expr(f"x.c{i + 1}", column.type) for i, (name, column) in enumerate(zip(columns, inner.columns))}
    )
    cells = []
    for item in query.items:
        expr = compiler.value(item.value)
        cells.append(
            compiler.ask(
                ("assigns", item.variable.lower(), expr.type),
                _assign(item.variable.lower(), expr.type),
                [expr],
                expr.type,
            ).sql
        )
    limit = "" if " LIMIT " in inner.sql else " LIMIT -1"  # keeps the rows' order apart from their values
    sql = f"SELECT {', '.join(cells)} FROM ({inner.sql}{limit}) AS x"
    return len(executor.execute(sql, compiler.used).fetchall())


def _assign(name, kind):
    def assign(session, value):
        variable = session.variables[name]
        variable.value = convert(value, kind, variable.type) if kind is not None else value
        return None

    return assign
