"""T-SQL's expressions as SQLite's, each with its type."""

import threading

from . import nodes as n
from . import sqltypes as t
from . import values as v
from .convert import Truncation, check, converter
from .errors import SQLError
from .operators import arithmetic, common, comparison_type, result_type, variant_key

# Functions that SQLite calls back by their number.
FUNCTIONS = []
_numbers = {}
_lock = threading.Lock()


def number_of(key, function):
    """The number of a function; two of the same key are the same."""
    with _lock:
        if key not in _numbers:
            _numbers[key] = len(FUNCTIONS)
            FUNCTIONS.append(function)
        return _numbers[key]


class Expr:
    """A compiled expression."""

    __slots__ = ("sql", "type", "nullable", "variable", "column", "table", "is_condition", "is_literal", "is_aggregate")

    def __init__(
        self, sql, type, nullable=True, variable=None, column=None, table=None, is_condition=False, is_literal=False
    ):
        self.sql, self.type, self.nullable, self.variable = sql, type, nullable, variable
        self.column, self.table, self.is_condition, self.is_literal = column, table, is_condition, is_literal
        self.is_aggregate = False


def text_literal(text):
    if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text):
        return f"CAST(x'{text.encode('utf-8', 'replace').hex()}' AS TEXT)"
    return "'" + text.replace("'", "''") + "'"


def literal_sql(value, type):
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return text_literal(value)
    if isinstance(value, bytes):
        return f"x'{value.hex()}'"
    return repr(value)


class ExpressionCompiler:
    """Compiles against a scope. `session` gives variables and the catalog."""

    def __init__(self, session, undeclared=None):
        self.session = session
        self.undeclared = undeclared  # types found for parameters, when these are being asked for
        self.undeclared_uses = {}
        self.used = {}  # lower-case name of a variable → its name in SQLite
        self.scope = None
        self.line = 1

    # --- pieces

    def apply(self, key, function, arguments, type, nullable=True, on_null=False):
        """A call of a Python function. It sees no NULL unless `on_null`."""
        number = number_of((key, on_null), _strict(function) if not on_null else function)
        sqls = "".join(", " + a.sql for a in arguments)
        return Expr(f"tds_f({number}{sqls})", type, nullable)

    def ask(self, key, function, arguments, type, nullable=True):
        """A call of a Python function that is given the session too, and may answer otherwise each time."""
        number = number_of((key, "session"), function)
        sqls = "".join(", " + a.sql for a in arguments)
        return Expr(f"tds_s({number}{sqls})", type, nullable)

    def constant(self, value, type):
        return Expr(literal_sql(value, type), type, value is None, is_literal=True)

    def convert(self, expr, type, style=None, explicit=False, tries=False):
        """The expression as another type."""
        expr = self.typed(expr, type)
        if expr.type is None:
            return Expr(expr.sql, type, expr.nullable)
        check(expr.type, type, explicit)
        change = converter(expr.type, type, style)
        if change is None:
            return Expr(expr.sql, type, expr.nullable)
        if tries:

            def attempt(value):
                try:
                    return change(value)
                except SQLError:
                    return None

            return self.apply(("try", expr.type, type, style), attempt, [expr], type)
        return self.apply(("convert", expr.type, type, style), change, [expr], type, expr.nullable)

    def assign(self, expr, column, table):
        """The expression as it goes into a column."""
        expr = self.typed(expr, column.type)
        if expr.type is None:
            return expr.sql
        check(expr.type, column.type, False)
        change = converter(expr.type, column.type, None, True)
        if change is None:
            return expr.sql
        where = f"{self.session.database}.{table.schema}.{table.name}"

        def attempt(value):
            if value is None:
                return None
            try:
                return change(value)
            except Truncation as error:
                raise SQLError(2628, where, column.name, error.shown) from None

        number = number_of(("assign", expr.type, column.type, where, column.name), attempt)
        return f"tds_f({number}, {expr.sql})"

    def typed(self, expr, type):
        """Gives a parameter without declaration the type that its place asks for."""
        if expr.variable and expr.type is None and self.undeclared is not None and type is not None:
            if type.kind in ("text", "bytes") and type.name in ("text", "ntext", "image"):
                type = t.make(
                    {"text": "varchar", "ntext": "nvarchar", "image": "varbinary"}[type.name], ["max"], type.collation
                )
            self.undeclared[expr.variable] = type
            return Expr(expr.sql, type)
        return expr

    # --- expressions

    def compile(self, node):
        if isinstance(node, n.ColumnName):
            return self.column(node)
        return getattr(self, "_" + type(node).__name__.lower())(node)

    def value(self, node):
        """An expression that is no condition."""
        expr = self.compile(node)
        if expr.is_condition:
            raise SQLError(102, getattr(node, "op", "="), line=node.line if node.line > 1 else None)
        return expr

    def condition(self, node):
        expr = self.compile(node)
        if not expr.is_condition:
            raise SQLError(
                4145,
                text="An expression of non-boolean type specified in a context where a condition is "
                "expected, near ';'.",
                severity=15,
                line=node.line,
                level=1,
            )
        return expr.sql

    def column(self, node):
        expr = self.scope.resolve(node.parts, node.line) if self.scope else None
        if expr is None:
            if len(node.parts) > 1:
                raise SQLError(4104, ".".join(node.parts), line=node.line)
            if self.scope is None:
                raise SQLError(128, node.parts[0], line=node.line)
            raise SQLError(207, node.parts[-1], line=node.line)
        return expr

    def _literal(self, node):
        return Expr(literal_sql(node.value, node.type), node.type, node.value is None, is_literal=True)

    def _variable(self, node):
        if node.name.startswith("@@"):
            from .functions import global_variable

            return global_variable(self, node.name.lower(), node.line)
        lower = node.name.lower()
        found = self.session.variables.get(lower)
        if found is None:
            if self.undeclared is None:
                raise SQLError(137, node.name, line=node.line, state=2)
            self.undeclared_uses[lower] = self.undeclared_uses.get(lower, 0) + 1
            if self.undeclared_uses[lower] > 1:
                raise SQLError(11508, node.name, line=node.line)
            self.undeclared.setdefault(lower, None)
            self.used.setdefault(lower, f"v{len(self.used)}")
            return Expr("NULL", None, True, variable=lower)
        name = self.used.setdefault(lower, f"v{len(self.used)}")
        return Expr(":" + name, found.type, True, variable=lower)

    def _call(self, node):
        from .functions import call

        return call(self, node)

    def _unary(self, node):
        if node.op == "NOT":
            return Expr(f"(NOT {self.condition(node.value)})", t.BIT, is_condition=True)
        inner = self.value(node.value)
        if node.op == "+":
            return inner
        if node.op == "~":
            return (
                Expr(f"(~{inner.sql})", inner.type, inner.nullable)
                if inner.type.name != "bit"
                else Expr(f"(1 - {inner.sql})", inner.type, inner.nullable)
            )
        if isinstance(node.value, n.Literal) and node.value.type is not None:
            return self._negative(node.value)
        inner = self.typed(inner, t.INT)
        zero = Expr("0", t.INT, False, is_literal=True)
        if inner.type.kind == "decimal":
            kind = inner.type
            return self.apply(
                ("negative", kind),
                lambda x: (2 * v.BIAS - int.from_bytes(x, "big")).to_bytes(32, "big"),
                [inner],
                kind,
                inner.nullable,
            )
        return self.arithmetic("-", zero, inner)

    def _negative(self, literal):
        if literal.type.kind == "decimal":
            number = -v.unpack_decimal(literal.value, literal.type.scale)
            return self.constant(v.pack_decimal(number, literal.type.scale), literal.type)
        if literal.type.kind in ("int", "money", "float"):
            return Expr(f"({-literal.value!r})", literal.type, False, is_literal=True)
        raise SQLError(
            403,
            text=f"Invalid operator for data type. Operator equals minus, type equals " f"{literal.type.name}.",
            line=literal.line,
            level=1,
        )

    def _binary(self, node):
        if node.op in ("AND", "OR"):
            return Expr(
                f"({self.condition(node.left)} {node.op} {self.condition(node.right)})", t.BIT, is_condition=True
            )
        left, right = self.value(node.left), self.value(node.right)
        if node.op in ("=", "<>", "<", ">", "<=", ">="):
            return self.compare(node.op, left, right, node.line)
        if node.op == "||":
            return self.arithmetic("+", left, right)
        return self.arithmetic(node.op, left, right, node.line)

    def arithmetic(self, op, left, right, line=1):
        if left.type is None and right.type is None:
            if left.variable and right.variable and self.undeclared is not None:
                raise SQLError(11503, left.variable, line=line)
            return Expr("NULL", t.INT)
        left, right = self.typed(left, right.type), self.typed(right, left.type)
        if left.type is None or right.type is None:
            return Expr("NULL", left.type or right.type)
        kind = self._literal_decimal(left, right, op)
        result = kind or result_type(op, left.type, right.type)
        if result.kind == "text":
            return (
                Expr(f"({left.sql} || {right.sql})", result, left.nullable or right.nullable)
                if left.type.kind == right.type.kind == "text"
                else self.arithmetic(op, self.convert(left, result), self.convert(right, result))
            )
        function = arithmetic(op, left.type, right.type, result)
        return self.apply(
            ("arithmetic", op, left.type, right.type, result),
            function,
            [left, right],
            result,
            left.nullable or right.nullable,
        )

    def _literal_decimal(self, left, right, op):
        """An integer's digits count, not its type, where it is written beside a decimal."""
        for a, b in ((left, right), (right, left)):
            if a.is_literal and a.type.name == "int" and b.type.kind == "decimal" and a.sql.strip("(-)").isdigit():
                digits = t.decimal(len(a.sql.strip("(-)")), 0)
                return result_type(op, digits, b.type) if a is left else result_type(op, b.type, digits)
        return None

    def compare(self, op, left, right, line=1):
        if (
            left.type is None
            and right.type is None
            and left.variable
            and right.variable
            and self.undeclared is not None
        ):
            raise SQLError(11503, left.variable, line=line)
        left, right = self.typed(left, right.type), self.typed(right, left.type)
        a, b = self._alike(left, right, op)
        return Expr(f"({a} {op} {b})", t.BIT, is_condition=True)

    def _alike(self, left, right, op):
        """The SQL of both as values that SQLite can compare."""
        if left.type is None or right.type is None:
            return left.sql, right.sql
        kind = comparison_type(left.type, right.type, op)
        return self._comparable(left, kind), self._comparable(right, kind)

    def _comparable(self, expr, kind):
        if expr.type.kind == kind.kind and kind.kind in ("int", "decimal", "float", "bytes"):
            sql = expr.sql
        elif expr.type.kind == "text" and kind.kind == "text":
            order = expr.type.collation or t.DEFAULT
            return f"{expr.sql} COLLATE {order.sqlite}"
        elif kind.kind == "text":
            return self.convert(expr, kind, explicit=True).sql
        elif expr.type.kind == "int" and kind.kind == "decimal":
            sql = self.apply("int as decimal", lambda x: v.pack_decimal(x, 0), [expr], kind).sql
        elif kind.kind == "decimal":
            sql = self.convert(expr, t.decimal(38, 10) if expr.type.kind != "money" else t.decimal(19, 4)).sql
        else:
            sql = self.convert(expr, kind).sql
        if kind.kind == "datetimeoffset":
            return f"substr({sql}, 1, 8)"
        if kind.kind == "sql_variant":
            return self.apply("variant key", variant_key, [Expr(sql, kind)], kind).sql
        return sql

    def _case(self, node):
        tests, results = [], []
        operand = self.value(node.value) if node.value is not None else None
        for test, result in node.whens:
            if operand is not None:
                tests.append(self.compare("=", operand, self.value(test)).sql)
            else:
                tests.append(self.condition(test))
            results.append(self.value(result))
        otherwise = self.value(node.otherwise) if node.otherwise is not None else Expr("NULL", None)
        *results, otherwise = self.unified(results + [otherwise])
        sql = " ".join(f"WHEN {a} THEN {b.sql}" for a, b in zip(tests, results))
        return Expr(f"(CASE {sql} ELSE {otherwise.sql} END)", otherwise.type)

    def unified(self, exprs):
        """All as their common type."""
        kind = None
        for expr in exprs:
            kind = common(kind, expr.type)
        if kind is None:
            return exprs
        return [
            self.convert(expr, kind) if expr.type is not None or expr.variable else Expr(expr.sql, kind)
            for expr in exprs
        ]

    def _cast(self, node):
        style = None
        if node.style is not None:
            style = getattr(node.style, "value", None)
            if not isinstance(style, int):
                style = self.session.scalar_now(node.style)
        inner = self.value(node.value)
        if inner.type is None and inner.variable is None:
            return Expr("NULL", node.type)
        return self.convert(inner, node.type, style, explicit=True, tries=node.tries)

    def _isnull(self, node):
        inner = self.value(node.value)
        return Expr(f"({inner.sql} IS {'NOT ' if node.negated else ''}NULL)", t.BIT, is_condition=True)

    def _in(self, node):
        left = self.value(node.value)
        word = "NOT IN" if node.negated else "IN"
        if not isinstance(node.choices, list):
            plan = self.subquery(node.choices)
            left = self.typed(left, plan.columns[0].type)
            inner = Expr("c1", plan.columns[0].type)
            a, b = self._alike(left, inner, "=")
            return Expr(f"({a} {word} (SELECT {b} FROM ({plan.sql})))", t.BIT, is_condition=True)
        parts = [self.compare("=", left, self.value(choice)).sql for choice in node.choices]
        joined = " OR ".join(parts)
        return Expr(f"(NOT ({joined}))" if node.negated else f"({joined})", t.BIT, is_condition=True)

    def _between(self, node):
        value = self.value(node.value)
        low = self.compare(">=", value, self.value(node.low)).sql
        high = self.compare("<=", value, self.value(node.high)).sql
        return Expr(f"(NOT ({low} AND {high}))" if node.negated else f"({low} AND {high})", t.BIT, is_condition=True)

    def _like(self, node):
        from .functions import like_function

        value = self.convert(self.value(node.value), t.NVARCHAR_MAX, explicit=True)
        pattern = self.convert(self.value(node.pattern), t.NVARCHAR_MAX, explicit=True)
        arguments = [value, pattern]
        if node.escape is not None:
            arguments.append(self.convert(self.value(node.escape), t.NVARCHAR_MAX))
        found = self.apply("like", like_function, arguments, t.BIT)
        return Expr(f"({'NOT ' if node.negated else ''}{found.sql})", t.BIT, is_condition=True)

    def _exists(self, node):
        return Expr(f"EXISTS ({self.subquery(node.query).sql})", t.BIT, is_condition=True)

    def _subquery(self, node):
        plan = self.subquery(node.query)
        if len(plan.columns) != 1:
            raise SQLError(
                116,
                text="Only one expression can be specified in the select list when the subquery is not "
                "introduced with EXISTS.",
                level=1,
                line=node.line,
            )
        return Expr(f"({plan.sql})", plan.columns[0].type)

    def _quantified(self, node):
        left = self.value(node.left)
        plan = self.subquery(node.query)
        a, b = self._alike(left, Expr("c1", plan.columns[0].type), node.op)
        if node.quantifier == "ALL":
            return Expr(
                f"(NOT EXISTS (SELECT 1 FROM ({plan.sql}) WHERE NOT ({a} {node.op} {b})))", t.BIT, is_condition=True
            )
        return Expr(f"(EXISTS (SELECT 1 FROM ({plan.sql}) WHERE {a} {node.op} {b}))", t.BIT, is_condition=True)

    def _collate(self, node):
        inner = self.value(node.value)
        inner = self.typed(inner, t.NVARCHAR_MAX)
        if inner.type.kind != "text":
            raise SQLError(447, text=f"Expression type {inner.type.name} is invalid for COLLATE clause.", level=1)
        order = t.collation(node.name) if node.name.lower() != "database_default" else t.DEFAULT
        return Expr(inner.sql, inner.type.but(collation=order), inner.nullable, inner.variable)

    def _default(self, node):
        raise SQLError(156, "DEFAULT", line=node.line)

    def _star(self, node):
        raise SQLError(102, "*", line=node.line)


def _strict(function):
    def call(*values):
        for value in values:
            if value is None:
                return None
        return function(*values)

    return call
