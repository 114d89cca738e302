"""T-SQL's expressions and queries: a parser by recursive descent."""

from . import nodes as n
from . import sqltypes as t
from . import values as v
from .errors import SQLError
from .lexer import tokens

RESERVED = set("""ADD ALL ALTER AND ANY AS ASC AUTHORIZATION BEGIN BETWEEN BREAK BULK BY CASE CHECK COLLATE COMMIT
CONSTRAINT CONTINUE CONVERT CREATE CROSS CURRENT_TIMESTAMP CURRENT_USER DECLARE DEFAULT DELETE DENY DESC
DISTINCT DROP ELSE END ESCAPE EXCEPT EXEC EXECUTE EXISTS FETCH FOR FOREIGN FROM FULL FUNCTION GRANT GROUP HAVING
HOLDLOCK IDENTITY IDENTITY_INSERT IF IN INDEX INNER INSERT INTERSECT INTO IS JOIN KEY LEFT LIKE MERGE NOT NULL
NULLIF OF OFF ON OPTION OR ORDER OUTER OVER PERCENT PIVOT PRIMARY PRINT PROC PROCEDURE RAISERROR REFERENCES RETURN
REVOKE RIGHT ROLLBACK ROWCOUNT SAVE SELECT SESSION_USER SET SOME STATISTICS SYSTEM_USER TABLE TABLESAMPLE THEN TO TOP
TRAN TRANSACTION TRUNCATE TRY_CONVERT UNION UNIQUE UNPIVOT UPDATE USE USER VALUES VIEW WAITFOR WHEN WHERE WHILE
WITH COALESCE KILL""".split())
CALLABLE = {"CONVERT", "TRY_CONVERT", "LEFT", "RIGHT", "NULLIF", "COALESCE", "IDENTITY", "UPDATE", "USER"}
NILADIC = {"CURRENT_TIMESTAMP", "CURRENT_USER", "SESSION_USER", "SYSTEM_USER", "USER"}
COMPARISONS = {"=", "<>", "<", ">", "<=", ">="}
HINTS = {"NOLOCK", "HOLDLOCK", "TABLOCK", "TABLOCKX", "UPDLOCK", "ROWLOCK", "READPAST", "XLOCK", "SERIALIZABLE"}


class ExpressionParser:
    """The part that statements build on."""

    def __init__(self, text):
        self.text = text
        self.tokens = tokens(text)
        self.at = 0
        self.marks = 0

    # --- tokens

    @property
    def next(self):
        return self.tokens[self.at]

    def peek(self, offset=1):
        return self.tokens[min(self.at + offset, len(self.tokens) - 1)]

    def advance(self):
        token = self.tokens[self.at]
        if token.kind != "end":
            self.at += 1
        return token

    def is_word(self, *words):
        token = self.next
        return token.kind == "name" and token.key in words

    def is_op(self, *ops):
        token = self.next
        return token.kind == "op" and token.key in ops

    def take_word(self, *words):
        """The word, if the next token is one of these."""
        if self.is_word(*words):
            return self.advance().key
        return None

    def take_words(self, *words):
        """Whether all these follow; takes them if so."""
        for number, word in enumerate(words):
            token = self.peek(number)
            if token.kind != "name" or token.key != word:
                return False
        self.at += len(words)
        return True

    def take_op(self, *ops):
        if self.is_op(*ops):
            return self.advance().key
        return None

    def expect_word(self, *words):
        word = self.take_word(*words)
        if word is None:
            self.fail()
        return word

    def expect_op(self, op):
        if not self.take_op(op):
            self.fail()

    def fail(self, token=None):
        token = token or self.next
        if token.kind == "end":
            previous = self.tokens[max(self.at - 1, 0)]
            raise SQLError(102, self._shown(previous), line=previous.line)
        if token.kind == "name" and token.key in RESERVED:
            raise SQLError(156, token.text, line=token.line)
        raise SQLError(102, self._shown(token), line=token.line)

    def _shown(self, token):
        return token.text[:128]

    def since(self, start):
        """The text of the tokens from that one on up to the next."""
        return self.text[self.tokens[start].start : self.tokens[self.at - 1].end]

    # --- names

    def is_name(self):
        token = self.next
        return token.kind == "quoted" or (token.kind == "name" and token.key not in RESERVED)

    def name(self):
        if not self.is_name():
            self.fail()
        return self.advance().text

    def dotted(self):
        """A name of up to four parts; an empty part is an empty string."""
        parts = [self.name()]
        while self.is_op("."):
            self.advance()
            parts.append("" if self.is_op(".") else self._part())
        return parts

    def _part(self):
        token = self.next
        if token.kind not in ("name", "quoted"):
            self.fail()
        return self.advance().text

    def names_in_parentheses(self):
        self.expect_op("(")
        names = [self.name()]
        while self.take_op(","):
            names.append(self.name())
        self.expect_op(")")
        return names

    def comma_list(self, parse):
        items = [parse()]
        while self.take_op(","):
            items.append(parse())
        return items

    # --- types

    def type(self):
        """A type of a declaration, with its COLLATE."""
        start = self.next
        parts = self.dotted()
        name = parts[-1]
        while self.is_word("VARYING", "PRECISION") or (
            name.lower() == "national" and self.is_word("CHAR", "CHARACTER", "TEXT")
        ):
            name += " " + self.advance().text
        arguments = []
        if self.take_op("("):
            while not self.take_op(")"):
                token = self.advance()
                if token.kind == "integer":
                    arguments.append(int(token.text))
                elif token.key == "MAX":
                    arguments.append("max")
                elif not (token.key == "," or token.kind in ("name", "quoted")):
                    self.fail(token)
        order = t.collation(self.name()) if self.take_word("COLLATE") else None
        found = t.make(name, arguments, order)
        if found is None:
            raise SQLError(2715, 1, ".".join(parts), line=start.line)
        if found.precision > 38 or found.scale > found.precision > 0:
            raise SQLError(2750, 1, found.precision, line=start.line)
        if found.name in ("time", "datetime2", "datetimeoffset") and found.scale > 7:
            raise SQLError(
                1002, text=f"Line {start.line}: Specified scale {found.scale} is invalid.", severity=15, line=start.line
            )
        limit = 4000 if found.name in ("nchar", "nvarchar") else 8000
        if found.length > limit or (found.length == 0 and found.kind in ("text", "bytes") and arguments == [0]):
            raise SQLError(
                131,
                text=f"The size ({found.length}) given to the column exceeds the maximum allowed for "
                f"any data type ({limit}).",
                severity=15,
                line=start.line,
            )
        return found

    # --- expressions

    def expression(self):
        left = self._and()
        while self.take_word("OR"):
            left = self._binary("OR", left, self._and())
        return left

    condition = expression

    def _binary(self, op, left, right):
        result = n.Binary(op, left, right)
        result.line = left.line
        return result

    def _and(self):
        left = self._not()
        while self.take_word("AND"):
            left = self._binary("AND", left, self._not())
        return left

    def _not(self):
        if self.take_word("NOT"):
            return n.Unary("NOT", self._not())
        return self._comparison()

    def _comparison(self):
        left = self.sum()
        while True:
            if self.is_op(*COMPARISONS):
                op = self.advance().key
                if self.is_word("ALL", "ANY", "SOME") and self.peek().key == "(":
                    quantifier = self.advance().key
                    self.expect_op("(")
                    left = n.Quantified(left, op, quantifier, self.query())
                    self.expect_op(")")
                else:
                    left = self._binary(op, left, self.sum())
                continue
            if self.take_word("IS"):
                negated = bool(self.take_word("NOT"))
                self.expect_word("NULL")
                left = n.IsNull(left, negated)
                continue
            negated = self.is_word("NOT") and self.peek().key in ("IN", "LIKE", "BETWEEN")
            if negated:
                self.advance()
            if self.take_word("IN"):
                left = self._in(left, negated)
            elif self.take_word("BETWEEN"):
                low = self.sum()
                self.expect_word("AND")
                left = n.Between(left, low, self.sum(), negated)
            elif self.take_word("LIKE"):
                pattern = self.sum()
                left = n.Like(left, pattern, self.sum() if self.take_word("ESCAPE") else None, negated)
            else:
                return left

    def _in(self, left, negated):
        self.expect_op("(")
        choices = self.query() if self.is_word("SELECT", "WITH") else self.comma_list(self.expression)
        self.expect_op(")")
        return n.In(left, choices, negated)

    def sum(self):
        left = self._product()
        while self.is_op("+", "-", "&", "|", "^", "||"):
            op = self.advance().key
            left = self._binary(op, left, self._product())
        return left

    def _product(self):
        left = self._unary()
        while self.is_op("*", "/", "%"):
            op = self.advance().key
            left = self._binary(op, left, self._unary())
        return left

    def _unary(self):
        op = self.take_op("-", "+", "~")
        if op:
            return n.Unary(op, self._unary())
        value = self._primary()
        while True:
            if self.take_word("COLLATE"):
                value = n.Collate(value, self.name())
            elif self.is_word("AT") and self.peek().key == "TIME":
                self.at += 2
                self.expect_word("ZONE")
                value = n.Call("AT TIME ZONE", [value, self._primary()])
            else:
                return value

    def _primary(self):
        token = self.next
        found = self._primary_of(token)
        if found.line == 1:
            found.line = token.line
        return found

    def _primary_of(self, token):
        if token.kind in ("string", "nstring", "integer", "decimal", "float", "hex", "money"):
            self.advance()
            return literal(token)
        if token.kind == "variable":
            self.advance()
            return n.Variable(token.text)
        if token.kind == "parameter":
            self.advance()
            self.marks += 1
            return n.Variable(f"@P{self.marks}")
        if self.take_op("("):
            if self.is_word("SELECT", "WITH"):
                query = self.query()
                self.expect_op(")")
                return n.Subquery(query)
            inner = self.expression()
            self.expect_op(")")
            return inner
        if self.is_op("{"):
            return self._escape()
        if token.kind == "name":
            if token.key in ("CASE", "CAST", "TRY_CAST", "CONVERT", "TRY_CONVERT", "EXISTS", "NULL", "PARSE"):
                return self._special(token)
            if token.key in NILADIC and self.peek().key != "(":
                self.advance()
                return n.Call(token.key, [])
            if self.peek().key == "(" and (token.key not in RESERVED or token.key in CALLABLE):
                self.advance()
                return self._call(token.text)
        return self._column()

    def _column(self):
        parts = self.dotted()
        if self.is_op("(") and len(parts) > 1:
            return self._call(".".join(parts))
        return n.ColumnName(parts)

    def _escape(self):
        """ODBC's {d '…'}, {t '…'}, {ts '…'}, {guid '…'} and {fn …}."""
        self.expect_op("{")
        kind = self.name().lower()
        if kind == "fn":
            value = self.expression()
        else:
            text = literal(self.advance())
            name = {"d": "date", "t": "time", "ts": "datetime", "guid": "uniqueidentifier"}.get(kind)
            value = n.Cast(text, t.make("datetime" if kind in ("d", "t", "ts") else name))
        self.expect_op("}")
        return value

    def _special(self, token):
        word = token.key
        if word in ("CAST", "TRY_CAST", "CONVERT", "TRY_CONVERT", "PARSE") and self.peek().key != "(":
            return self._column()
        self.advance()
        if word == "NULL":
            return n.Literal(None, None)
        if word == "CASE":
            return self._case()
        self.expect_op("(")
        if word == "EXISTS":
            result = n.Exists(self.query())
        elif word in ("CAST", "TRY_CAST", "PARSE"):
            value = self.expression()
            self.expect_word("AS")
            result = n.Cast(value, self.type(), word == "TRY_CAST")
        else:
            type = self.type()
            if type.kind in ("text", "bytes") and type.length == 1 and self.tokens[self.at - 1].key != ")":
                type = type.but(length=30)
            self.expect_op(",")
            value = self.expression()
            style = self.expression() if self.take_op(",") else None
            result = n.Cast(value, type, word == "TRY_CONVERT", style)
        if (
            word in ("CAST", "TRY_CAST")
            and result.type.kind in ("text", "bytes")
            and result.type.length == 1
            and self.tokens[self.at - 1].key != ")"
        ):
            result.type = result.type.but(length=30)
        self.expect_op(")")
        return result

    def _case(self):
        value = None if self.is_word("WHEN") else self.expression()
        whens = []
        while self.take_word("WHEN"):
            test = self.expression()
            self.expect_word("THEN")
            whens.append((test, self.expression()))
        otherwise = self.expression() if self.take_word("ELSE") else None
        self.expect_word("END")
        if not whens:
            self.fail()
        return n.Case(value, whens, otherwise)

    def _call(self, name):
        self.expect_op("(")
        result = n.Call(name.upper(), [])
        if self.take_op("*"):
            result.arguments = [n.Star()]
        elif not self.is_op(")"):
            result.is_distinct = bool(self.take_word("DISTINCT"))
            self.take_word("ALL")
            result.arguments = self.comma_list(self.expression)
        self.expect_op(")")
        if self.take_words("WITHIN", "GROUP"):
            self.expect_op("(")
            self.expect_word("ORDER")
            self.expect_word("BY")
            result.within = self.comma_list(self._order_item)
            self.expect_op(")")
        if self.take_word("OVER"):
            result.over = self._over()
        return result

    def _over(self):
        self.expect_op("(")
        over = n.Over([], [])
        if self.take_words("PARTITION", "BY"):
            over.partition = self.comma_list(self.expression)
        if self.take_words("ORDER", "BY"):
            over.order = self.comma_list(self._order_item)
        start = self.at
        while not self.is_op(")"):
            if self.advance().kind == "end":
                self.fail()
        over.frame = self.since(start) if self.at > start else ""
        self.expect_op(")")
        return over

    def _order_item(self):
        value = self.expression()
        word = self.take_word("ASC", "DESC")
        return value, word == "DESC"


def literal(token):
    """The value and type of a literal."""
    text = token.text
    if token.kind == "string":
        return n.Literal(text, t.varchar(max(len(text), 1) if len(text) <= 8000 else "max"))
    if token.kind == "nstring":
        units = v.utf16_length(text)
        return n.Literal(text, t.nvarchar(max(units, 1) if units <= 4000 else "max"))
    if token.kind == "integer":
        number = int(text)
        if number < 2**31:
            return n.Literal(number, t.INT)
        return n.Literal(v.pack_decimal(number, 0), t.decimal(len(str(number)), 0))
    if token.kind == "decimal":
        whole, _, fraction = text.partition(".")
        digits = (whole + fraction).lstrip("0")
        precision = max(len(digits), len(fraction), 1)
        if precision > 38:
            raise SQLError(
                1007,
                text=f"The number '{text}' is out of the range for numeric representation " "(maximum precision 38).",
                severity=15,
                line=token.line,
            )
        return n.Literal(v.pack_decimal(int(digits or "0"), len(fraction)), t.decimal(precision, len(fraction)))
    if token.kind == "float":
        return n.Literal(float(text), t.FLOAT)
    if token.kind == "hex":
        digits = text[2:]
        data = bytes.fromhex(digits if len(digits) % 2 == 0 else "0" + digits)
        return n.Literal(data, t.make("varbinary", [max(len(data), 1) if len(data) <= 8000 else "max"]))
    if token.kind == "money":
        whole, _, fraction = text[1:].partition(".")
        return n.Literal(int((whole or "0") + (fraction + "0000")[:4]), t.make("money"))
    raise SQLError(102, text, line=token.line)
