"""Functions that stand in FROM."""

from . import sqltypes as t
from .errors import SQLError
from .queries import Plan
from .response import Column


def table_function(compiler, node):
    name = node.parts[-1].lower()
    if name == "string_split":
        value, separator = (compiler.convert(compiler.value(a), t.NVARCHAR_MAX).sql for a in node.arguments[:2])
        sql = (
            f"WITH RECURSIVE parts(c1, rest) AS (SELECT NULL, {value} || {separator} UNION ALL SELECT "
            f"substr(rest, 1, instr(rest, {separator}) - 1), substr(rest, instr(rest, {separator}) + 1) FROM parts "
            f"WHERE rest <> '') SELECT c1 FROM parts WHERE c1 IS NOT NULL"
        )
        return compiler._derived(Plan(sql, [Column("value", t.NVARCHAR_MAX)]), node.alias or name, node.columns)
    if name == "generate_series":
        first, last = (compiler.convert(compiler.value(a), t.BIGINT).sql for a in node.arguments[:2])
        sql = (
            f"WITH RECURSIVE series(c1) AS (SELECT {first} WHERE {first} <= {last} UNION ALL SELECT c1 + 1 FROM series "
            f"WHERE c1 < {last}) SELECT c1 FROM series"
        )
        return compiler._derived(Plan(sql, [Column("value", t.INT)]), node.alias or name, node.columns)
    if name == "dm_exec_describe_first_result_set":
        from .describe import COLUMNS, first_result_set

        text = compiler.session.scalar_now(node.arguments[0])
        rows = first_result_set(compiler.session, text)
        from .expressions import literal_sql

        names = [column for column, _ in COLUMNS]
        body = (
            ", ".join("(" + ", ".join(literal_sql(v, k) for v, (_, k) in zip(row, COLUMNS)) + ")" for row in rows)
            or "(" + ", ".join("NULL" for _ in names) + ")"
        )
        listed = ", ".join(f"column{i + 1} AS c{i + 1}" for i in range(len(names)))
        end = "" if rows else " WHERE 0"
        plan = Plan(f"SELECT {listed} FROM (VALUES {body}){end}", [Column(x, kind) for x, kind in COLUMNS])
        return compiler._derived(plan, node.alias or name, node.columns)
    raise SQLError(208, ".".join(node.parts), line=node.line)
