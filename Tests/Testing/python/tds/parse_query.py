"""T-SQL's queries: SELECT with all its clauses, and what stands in FROM."""

from . import nodes as n
from .parser import HINTS, RESERVED, ExpressionParser


class QueryParser(ExpressionParser):
    def query(self):
        """A query with its WITH, set operators, ORDER BY and OFFSET."""
        ctes = self._with() if self.is_word("WITH") else None
        line = self.next.line
        result = self._union()
        if self.take_words("ORDER", "BY"):
            result.order = self.comma_list(self._order_item)
            if self.take_word("OFFSET"):
                result.offset = self.expression()
                self.expect_word("ROW", "ROWS")
                if self.take_word("FETCH"):
                    self.expect_word("NEXT", "FIRST")
                    result.fetch = self.expression()
                    self.expect_word("ROW", "ROWS")
                    self.expect_word("ONLY")
        if self.is_word("FOR") and self.peek().key in ("BROWSE", "READ"):
            self.at += 2
            self.take_word("ONLY")
        self._option()
        result.ctes = ctes
        result.line = line
        return result

    def _option(self):
        if self.is_word("OPTION") and self.peek().key == "(":
            self.advance()
            self._skip_parentheses()

    def _skip_parentheses(self):
        self.expect_op("(")
        depth = 1
        while depth:
            token = self.advance()
            if token.kind == "end":
                self.fail(token)
            depth += (token.key == "(") - (token.key == ")")

    def _with(self):
        self.expect_word("WITH")
        ctes = []
        while True:
            name = self.name()
            columns = self.names_in_parentheses() if self.is_op("(") else None
            self.expect_word("AS")
            self.expect_op("(")
            ctes.append((name, columns, self.query()))
            self.expect_op(")")
            if not self.take_op(","):
                return ctes

    def _union(self):
        left = self._intersect()
        while self.is_word("UNION", "EXCEPT"):
            op = self.advance().key
            if op == "UNION" and self.take_word("ALL"):
                op = "UNION ALL"
            left = n.SetQuery(op, left, self._intersect())
        return left

    def _intersect(self):
        left = self._term()
        while self.take_word("INTERSECT"):
            left = n.SetQuery("INTERSECT", left, self._term())
        return left

    def _term(self):
        if self.take_op("("):
            query = self.query()
            self.expect_op(")")
            return query
        if self.is_word("VALUES"):
            return self.values()
        return self._select()

    def values(self):
        self.expect_word("VALUES")
        return n.Values(self.comma_list(self._row))

    def _row(self):
        self.expect_op("(")
        row = self.comma_list(self._value_or_default)
        self.expect_op(")")
        return row

    def _value_or_default(self):
        return n.Default() if self.take_word("DEFAULT") else self.expression()

    def _select(self):
        line = self.next.line
        self.expect_word("SELECT")
        query = n.Query([])
        query.line = line
        if self.take_word("DISTINCT"):
            query.is_distinct = True
        else:
            self.take_word("ALL")
        if self.is_word("TOP"):
            query.top, query.top_percent = self.top()
        query.items = self.comma_list(self._item)
        if self.take_word("INTO"):
            query.into = self.dotted()
        if self.take_word("FROM"):
            query.source = self.comma_list(self._joined)
        if self.take_word("WHERE"):
            query.where = self.condition()
        if self.take_words("GROUP", "BY"):
            query.group = self.comma_list(self.expression)
        if self.take_word("HAVING"):
            query.having = self.condition()
        return query

    def top(self):
        """TOP (n) [PERCENT] [WITH TIES]: the number, and whether it is a percentage."""
        self.expect_word("TOP")
        if self.take_op("("):
            value = self.expression()
            self.expect_op(")")
        else:
            value = self._primary()
        percent = bool(self.take_word("PERCENT"))
        self.take_words("WITH", "TIES")
        return value, percent

    def _item(self):
        if self.take_op("*"):
            return n.Item(n.Star())
        token = self.next
        if token.kind == "variable" and self.peek().kind == "op" and self.peek().key in ("=", "+=", "-="):
            self.advance()
            op = self.advance().key
            value = self.expression()
            if op != "=":
                value = n.Binary(op[0], n.Variable(token.text), value)
            return n.Item(value, variable=token.text)
        if (self.is_name() or token.kind == "string") and self.peek().kind == "op" and self.peek().key == "=":
            self.at += 2
            return n.Item(self.expression(), token.text)
        star = self._qualified_star()
        if star:
            return n.Item(star)
        value = self.expression()
        return n.Item(value, self._alias(strings=True))

    def _qualified_star(self):
        start, parts = self.at, []
        while self.next.kind in ("name", "quoted") and self.peek().key == ".":
            parts.append(self.next.text)
            self.at += 2
            if self.take_op("*"):
                return n.Star(parts)
        self.at = start
        return None

    def _alias(self, strings=False):
        if self.take_word("AS"):
            if strings and self.next.kind in ("string", "nstring"):
                return self.advance().text
            return self.name() if self.is_name() or self.next.kind != "name" else self.fail()
        if strings and self.next.kind == "string":
            return self.advance().text
        if self.is_name() and not (self.next.kind == "name" and self.next.key in ("OFFSET", "WITHIN", "GO")):
            return self.advance().text
        return None

    # --- FROM

    def _joined(self):
        left = self._table()
        while True:
            kind = self._join_kind()
            if kind is None:
                return left
            right = self._table() if not (kind != "CROSS" and self._is_nested()) else self._joined()
            on = None
            if kind not in ("CROSS", "CROSS APPLY", "OUTER APPLY"):
                self.expect_word("ON")
                on = self.condition()
            left = n.Join(kind, left, right, on)

    def _is_nested(self):
        return False

    def _join_kind(self):
        if self.take_words("CROSS", "JOIN"):
            return "CROSS"
        if self.take_words("CROSS", "APPLY"):
            return "CROSS APPLY"
        if self.take_words("OUTER", "APPLY"):
            return "OUTER APPLY"
        for kind in ("LEFT", "RIGHT", "FULL"):
            if self.is_word(kind) and self.peek().key in ("OUTER", "JOIN", "HASH", "LOOP", "MERGE"):
                self.advance()
                self.take_word("OUTER")
                self.take_word("HASH", "LOOP", "MERGE")
                self.expect_word("JOIN")
                return kind
        if self.is_word("INNER"):
            self.advance()
            self.take_word("HASH", "LOOP", "MERGE")
            self.expect_word("JOIN")
            return "INNER"
        return "INNER" if self.take_word("JOIN") else None

    def _table(self):
        line = self.next.line
        if self.take_op("("):
            if self.is_word("SELECT", "WITH", "VALUES") or self.is_op("("):
                query = self.query()
                self.expect_op(")")
                alias = self._alias()
                if alias is None:
                    self.fail()
                return n.Derived(query, alias, self.names_in_parentheses() if self.is_op("(") else None)
            inner = self._joined()
            self.expect_op(")")
            return inner
        if self.next.kind == "variable":
            table = n.TableName([self.advance().text])
            table.alias = self._alias()
            table.line = line
            return table
        parts = self.table_parts()
        if self.is_op("(") and not self._is_hint_list():
            self.advance()
            arguments = [] if self.is_op(")") else self.comma_list(self._value_or_default)
            self.expect_op(")")
            call = n.TableCall(parts, arguments, self._alias())
            call.columns = self.names_in_parentheses() if self.is_op("(") else None
            call.line = line
            return call
        table = n.TableName(parts)
        table.line = line
        table.hints = self.hints()
        table.alias = self._alias()
        table.hints += self.hints()
        return table

    def table_parts(self):
        if self.next.kind == "name" and self.next.key in RESERVED:
            self.fail()
        return self.dotted()

    def _is_hint_list(self):
        return self.is_op("(") and self.peek().key in HINTS

    def hints(self):
        """Table hints, with or without WITH."""
        if self.is_word("WITH") and self.peek().key == "(":
            self.advance()
        elif not self._is_hint_list():
            return []
        start = self.at
        self._skip_parentheses()
        return [token.key for token in self.tokens[start + 1 : self.at - 1] if token.kind == "name"]
