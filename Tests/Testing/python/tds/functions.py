"""T-SQL's built-in functions of texts, numbers and general use; a table of names."""

import re
from functools import lru_cache

from . import nodes as n
from . import sqltypes as t
from . import values as v
from .errors import SQLError

TABLE = {}
AGGREGATES = {"COUNT", "COUNT_BIG", "SUM", "AVG", "MIN", "MAX", "STRING_AGG", "STDEV", "VAR", "STDEVP", "VARP"}
RANKS = {"ROW_NUMBER", "RANK", "DENSE_RANK", "NTILE", "LAG", "LEAD", "FIRST_VALUE", "LAST_VALUE"}


def function(*names, least=0, most=99):
    def note(build):
        for name in names:
            TABLE[name] = (build, least, most)
        return build

    return note


def call(compiler, node):
    """Compiles a call."""
    from . import functions_of_numbers, functions_of_system, functions_of_time  # noqa: F401 — they fill the table

    name = node.name
    if name in AGGREGATES:
        return aggregate(compiler, node)
    if name in RANKS:
        return rank(compiler, node)
    found = TABLE.get(name)
    if found is None:
        raise SQLError(195, node.name.lower() if "." not in node.name else node.name, line=node.line)
    build, least, most = found
    if not least <= len(node.arguments) <= most:
        raise SQLError(174, name.lower(), least if least == most else f"{least} to {most}", line=node.line)
    return build(compiler, node)


def global_variable(compiler, name, line):
    from .functions_of_system import GLOBALS

    if name not in GLOBALS:
        raise SQLError(137, name, line=line, state=2)
    kind, read = GLOBALS[name]
    return compiler.ask(("global", name), lambda session: read(session), [], kind, False)


def text(compiler, node):
    """An argument as a text."""
    expr = compiler.value(node)
    expr = compiler.typed(expr, t.nvarchar(4000))
    if expr.type is not None and expr.type.kind == "text":
        return expr
    return compiler.convert(expr, t.NVARCHAR_MAX if expr.type and expr.type.is_long else t.varchar(8000), explicit=True)


def integer(compiler, node):
    return compiler.convert(compiler.value(node), t.INT, explicit=True)


# --- aggregates and windows


def over_sql(compiler, over):
    parts = []
    if over.partition:
        parts.append("PARTITION BY " + ", ".join(compiler._sortable(compiler.value(e)) for e in over.partition))
    if over.order:
        parts.append(
            "ORDER BY "
            + ", ".join(compiler._sortable(compiler.value(e)) + (" DESC" if d else "") for e, d in over.order)
        )
    if over.frame:
        parts.append(over.frame)
    return f" OVER ({' '.join(parts)})"


def aggregate(compiler, node):
    name = node.name
    over = over_sql(compiler, node.over) if node.over else ""
    distinct = "DISTINCT " if node.is_distinct else ""
    from .expressions import Expr

    if name in ("COUNT", "COUNT_BIG"):
        inner = "*" if isinstance(node.arguments[0], n.Star) else distinct + compiler.value(node.arguments[0]).sql
        return Expr(f"count({inner}){over}", t.INT if name == "COUNT" else t.BIGINT, False)
    if name == "STRING_AGG":
        value, separator = text(compiler, node.arguments[0]), text(compiler, node.arguments[1])
        if node.within:
            pass
        return Expr(f"group_concat({value.sql}, {separator.sql})", value.type.but(name="nvarchar", length=t.MAX))
    value = compiler.value(node.arguments[0])
    kind = value.type or t.INT
    if name in ("MIN", "MAX"):
        if kind.name in ("bit", "text", "ntext", "image", "xml"):
            raise SQLError(8117, text=f"Operand data type {kind.name} is invalid for {name.lower()} operator.", level=1)
        return Expr(f"{name.lower()}({distinct}{compiler._sortable(value)}){over}", kind)
    if kind.kind not in ("int", "decimal", "money", "float"):
        raise SQLError(8117, text=f"Operand data type {kind.name} is invalid for {name.lower()} operator.", level=1)
    if name in ("STDEV", "VAR", "STDEVP", "VARP"):
        return Expr(f"tds_{name.lower()}({compiler.convert(value, t.FLOAT).sql})", t.FLOAT)
    if kind.kind == "decimal":
        result = t.decimal(38, kind.scale if name == "SUM" else max(kind.scale, 6))
        return Expr(f"tds_{name.lower()}_decimal({distinct}{value.sql}, {result.scale}){over}", result)
    if kind.kind == "int":
        result = kind if kind.name == "bigint" else t.INT
        inner = f"{distinct}{value.sql}"
        if name == "SUM":
            total = Expr(f"sum({inner}){over}", t.BIGINT)
            return total if result is not t.INT else compiler.convert(total, t.INT)
        return Expr(f"CAST(avg({inner}){over} AS INTEGER)", result)
    if kind.kind == "money":
        result = t.make("money")
        return Expr(f"CAST({name.lower()}({distinct}{value.sql}){over} AS INTEGER)", result)
    return Expr(f"{name.lower()}({distinct}{value.sql}){over}", t.FLOAT)


def rank(compiler, node):
    from .expressions import Expr

    arguments = [compiler.value(a) for a in node.arguments]
    if node.over is None:
        raise SQLError(10753, text=f"The function '{node.name}' must have an OVER clause.", severity=15, level=1)
    kind = arguments[0].type if node.name in ("LAG", "LEAD", "FIRST_VALUE", "LAST_VALUE") else t.BIGINT
    sqls = ", ".join(a.sql for a in arguments)
    return Expr(f"{node.name.lower()}({sqls}){over_sql(compiler, node.over)}", kind)


# --- general


@function("ISNULL", least=2, most=2)
def _isnull(c, node):
    first, second = c.value(node.arguments[0]), c.value(node.arguments[1])
    first = c.typed(first, second.type)
    second = c.typed(second, first.type)
    if first.type is None:
        return second
    second = c.convert(second, first.type)
    from .expressions import Expr

    return Expr(f"ifnull({first.sql}, {second.sql})", first.type, second.nullable)


@function("COALESCE", least=1)
def _coalesce(c, node):
    from .expressions import Expr

    exprs = c.unified([c.value(a) for a in node.arguments])
    if len(exprs) == 1:
        return exprs[0]
    return Expr(f"coalesce({', '.join(e.sql for e in exprs)})", exprs[0].type, all(e.nullable for e in exprs))


@function("NULLIF", least=2, most=2)
def _nullif(c, node):
    from .expressions import Expr

    first, second = c.value(node.arguments[0]), c.value(node.arguments[1])
    test = c.compare("=", first, second)
    return Expr(f"(CASE WHEN {test.sql} THEN NULL ELSE {first.sql} END)", first.type)


@function("IIF", least=3, most=3)
def _iif(c, node):
    return c._case(n.Case(None, [(node.arguments[0], node.arguments[1])], node.arguments[2]))


@function("CHOOSE", least=2)
def _choose(c, node):
    whens = [(n.Literal(i + 1, t.INT), value) for i, value in enumerate(node.arguments[1:])]
    return c._case(n.Case(node.arguments[0], whens, None))


@function("DATALENGTH", least=1, most=1)
def _datalength(c, node):
    expr = c.value(node.arguments[0])
    from .wire import encoder

    kind = expr.type or t.INT
    encode = encoder(kind)
    result = t.BIGINT if kind.is_max else t.INT
    if kind.kind == "bytes" or kind.name == "sql_variant":
        head = 0 if kind.kind == "bytes" else None
        return c.apply(("datalength", kind), lambda x: len(x) if head == 0 else len(x) - 2 - x[1], [expr], result)
    return c.apply(("datalength", kind), lambda x: len(encode(x)), [expr], result)


@function("LEN", least=1, most=1)
def _len(c, node):
    expr = c.value(node.arguments[0])
    if expr.type is not None and expr.type.kind == "bytes":
        return c.apply("len bytes", len, [expr], t.INT)
    return c.apply("len", lambda x: v.utf16_length(x.rstrip(" ")), [text(c, node.arguments[0])], t.INT)


def _simple_text(names, change, least=1):
    @function(*names, least=least, most=least)
    def build(c, node):
        value = text(c, node.arguments[0])
        return c.apply(names[0], change, [value], value.type, value.nullable)


_simple_text(("UPPER",), str.upper)
_simple_text(("LOWER",), str.lower)
_simple_text(("LTRIM",), lambda x: x.lstrip(" "))
_simple_text(("RTRIM",), lambda x: x.rstrip(" "))
_simple_text(("TRIM",), lambda x: x.strip(" "))
_simple_text(("REVERSE",), lambda x: x[::-1])


def units(text):
    """A text as one character per UTF-16 unit."""
    return (
        text
        if not any(c > "\uffff" for c in text)
        else "".join(map(chr, memoryview(text.encode("utf-16-le", "surrogatepass")).cast("H")))
    )


def joined(text):
    return (
        text
        if not any("\ud800" <= c <= "\udfff" for c in text)
        else text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    )


@function("SUBSTRING", least=3, most=3)
def _substring(c, node):
    value = c.value(node.arguments[0])
    start, length = integer(c, node.arguments[1]), integer(c, node.arguments[2])
    if value.type is not None and value.type.kind == "bytes":
        return c.apply(
            "substring bytes",
            lambda x, a, b: x[max(a - 1, 0) : max(a - 1 + b, 0)],
            [value, start, length],
            value.type.but(name="varbinary"),
        )

    def cut(x, a, b):
        if b < 0:
            raise SQLError(537, text="Invalid length parameter passed to the LEFT or SUBSTRING function.", level=1)
        x = units(x)
        return joined(x[max(a - 1, 0) : max(a - 1 + b, 0)])

    value = text(c, node.arguments[0])
    return c.apply("substring", cut, [value, start, length], _variable_length(value.type))


def _variable_length(kind):
    return kind.but(
        name={"char": "varchar", "nchar": "nvarchar", "ntext": "nvarchar", "text": "varchar"}.get(kind.name, kind.name),
        length=kind.length or t.MAX,
    )


@function("LEFT", least=2, most=2)
def _left(c, node):
    value = text(c, node.arguments[0])
    return c.apply(
        "left",
        lambda x, k: joined(units(x)[: max(k, 0)]),
        [value, integer(c, node.arguments[1])],
        _variable_length(value.type),
    )


@function("RIGHT", least=2, most=2)
def _right(c, node):
    value = text(c, node.arguments[0])
    return c.apply(
        "right",
        lambda x, k: joined(units(x)[-k:]) if k > 0 else "",
        [value, integer(c, node.arguments[1])],
        _variable_length(value.type),
    )


@function("REPLACE", least=3, most=3)
def _replace(c, node):
    values = [text(c, a) for a in node.arguments]

    def replace(x, a, b):
        return re.sub(re.escape(a), lambda _: b, x, flags=re.IGNORECASE) if a else x

    wide = any(e.type.name in t.WIDE for e in values)
    kind = (
        t.NVARCHAR_MAX
        if wide and values[0].type.is_long
        else t.nvarchar(4000) if wide else t.VARCHAR_MAX if values[0].type.is_long else t.varchar(8000)
    )
    return c.apply("replace", replace, values, kind)


@function("REPLICATE", least=2, most=2)
def _replicate(c, node):
    value = text(c, node.arguments[0])
    limit = None if value.type.is_long else 4000 if value.type.name in t.WIDE else 8000
    kind = value.type if limit is None else _variable_length(value.type).but(length=limit)
    return c.apply(
        ("replicate", limit),
        lambda x, k: (x * max(k, 0))[:limit] if k >= 0 else None,
        [value, integer(c, node.arguments[1])],
        kind,
    )


@function("SPACE", least=1, most=1)
def _space(c, node):
    return c.apply("space", lambda k: " " * min(k, 8000), [integer(c, node.arguments[0])], t.varchar(8000))


@function("CHARINDEX", least=2, most=3)
def _charindex(c, node):
    arguments = [text(c, node.arguments[0]), text(c, node.arguments[1])]
    arguments += [integer(c, node.arguments[2])] if len(node.arguments) > 2 else []
    return c.apply(
        "charindex",
        lambda a, x, k=1: units(x).casefold().find(units(a).casefold(), max(k - 1, 0)) + 1,
        arguments,
        t.INT,
    )


@function("PATINDEX", least=2, most=2)
def _patindex(c, node):
    def find(pattern, x):
        inner = pattern[1:] if pattern.startswith("%") else pattern
        inner = inner[:-1] if inner.endswith("%") else inner + "\0end"
        hit = re.search(like_regex(inner.removesuffix("\0end"), ""), x, re.IGNORECASE | re.DOTALL)
        return hit.start() + 1 if hit else 0

    return c.apply("patindex", find, [text(c, node.arguments[0]), text(c, node.arguments[1])], t.INT)


@function("STUFF", least=4, most=4)
def _stuff(c, node):
    arguments = [
        text(c, node.arguments[0]),
        integer(c, node.arguments[1]),
        integer(c, node.arguments[2]),
        text(c, node.arguments[3]),
    ]
    return c.apply(
        "stuff",
        lambda x, a, k, y: x[: a - 1] + y + x[a - 1 + k :] if 0 < a <= len(x) else None,
        arguments,
        t.nvarchar(4000),
    )


@function("CONCAT", least=2)
def _concat(c, node):
    values = [text(c, a) for a in node.arguments]
    wide = any(e.type.name in t.WIDE for e in values)
    long = any(e.type.is_long for e in values)
    kind = (t.NVARCHAR_MAX if long else t.nvarchar(4000)) if wide else (t.VARCHAR_MAX if long else t.varchar(8000))
    return c.apply("concat", lambda *parts: "".join(p or "" for p in parts), values, kind, False, on_null=True)


@function("CONCAT_WS", least=3)
def _concat_ws(c, node):
    values = [text(c, a) for a in node.arguments]
    return c.apply(
        "concat_ws",
        lambda s, *parts: (s or "").join(p for p in parts if p is not None),
        values,
        t.nvarchar(4000),
        False,
        on_null=True,
    )


@function("QUOTENAME", least=1, most=2)
def _quotename(c, node):
    def quote(x, mark="["):
        close = {"[": "]", "(": ")", "{": "}"}.get(mark[0], mark[0])
        return mark[0].replace("]", "[") + x.replace(close, close * 2) + close

    return c.apply("quotename", quote, [text(c, a) for a in node.arguments], t.nvarchar(258))


@function("CHAR", "NCHAR", least=1, most=1)
def _char(c, node):
    if node.name == "CHAR":
        return c.apply(
            "char",
            lambda k: t.DEFAULT.decode(bytes([k])) if 0 <= k < 256 else None,
            [integer(c, node.arguments[0])],
            t.make("char", [1]),
        )
    return c.apply(
        "nchar", lambda k: chr(k) if 0 <= k < 0x110000 else None, [integer(c, node.arguments[0])], t.make("nchar", [2])
    )


@function("ASCII", "UNICODE", least=1, most=1)
def _ascii(c, node):
    name = node.name
    return c.apply(
        name,
        lambda x: (ord(x[0]) if name == "UNICODE" else t.DEFAULT.encode(x[0])[0]) if x else None,
        [text(c, node.arguments[0])],
        t.INT,
    )


@lru_cache(maxsize=512)
def like_regex(pattern, escape):
    out, at = "", 0
    while at < len(pattern):
        mark = pattern[at]
        if escape and mark == escape and at + 1 < len(pattern):
            at += 1
            out += re.escape(pattern[at])
        elif mark == "%":
            out += ".*"
        elif mark == "_":
            out += "."
        elif mark == "[" and "]" in pattern[at + 1 :]:
            end = pattern.index("]", at + 2) if at + 2 < len(pattern) else at + 1
            inner = pattern[at + 1 : end].replace("\\", "\\\\").replace("[", "\\[")
            out += f"[{inner}]"
            at = end
        else:
            out += re.escape(mark)
        at += 1
    return out


def like_function(value, pattern, escape=""):
    return int(
        re.fullmatch(like_regex(pattern, escape), value, re.IGNORECASE | re.DOTALL) is not None
        or re.fullmatch(like_regex(pattern, escape), value.rstrip(" "), re.IGNORECASE | re.DOTALL) is not None
    )
