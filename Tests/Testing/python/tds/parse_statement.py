"""T-SQL's statements."""

from . import nodes as n
from . import sqltypes as t
from .errors import SQLError
from .parse_query import QueryParser
from .parse_table import TableParser


class Parser(TableParser, QueryParser):
    """A batch. `parse` gives its statements."""

    def parse(self):
        statements = []
        while self.next.kind != "end":
            if self.take_op(";"):
                continue
            statements.append(self.statement(is_first=not statements))
        return statements

    def statement(self, is_first=False):
        token = self.next
        if token.kind == "op" and token.key == "(":
            result = n.Select(self.query())
        elif token.kind != "name":
            if is_first and token.kind == "quoted":
                result = self._execute_rest()
            else:
                self.fail()
        else:
            method = getattr(self, "_do_" + token.key.lower(), None)
            if method is not None:
                result = method()
            elif is_first and token.key not in ("SELEC",) and self._looks_like_procedure():
                result = self._execute_rest()
            else:
                self.fail()
        result.line = token.line
        self.take_op(";")
        return result

    def _looks_like_procedure(self):
        """A batch may begin with a procedure's name; what follows tells it from a misspelt keyword."""
        following = self.peek()
        if not self.is_name():
            return False
        if following.kind in ("end", "variable", "string", "nstring") or following.key in (".", ";"):
            return True
        if following.kind in ("integer", "decimal"):
            after = self.peek(2)
            return self.next.key.startswith(("SP_", "XP_", "FERRY_")) or (after.key == ",")
        return following.kind in ("quoted", "name") and self.next.key.startswith(("SP_", "XP_", "FERRY_"))

    # --- queries and changes

    def _do_select(self):
        return n.Select(self.query())

    def _do_with(self):
        start = self.at
        ctes = self._with()
        word = self.next.key
        if word in ("INSERT", "UPDATE", "DELETE", "MERGE"):
            result = getattr(self, "_do_" + word.lower())()
            result.ctes = ctes
            return result
        self.at = start
        return n.Select(self.query())

    def _target(self):
        """The table that a statement changes."""
        line = self.next.line
        parts = [self.advance().text] if self.next.kind == "variable" else self.table_parts()
        table = n.TableName(parts)
        table.line = line
        table.hints = self.hints()
        return table

    def _output(self):
        """OUTPUT items [INTO table]."""
        if not self.take_word("OUTPUT"):
            return None, None
        items = self.comma_list(self._item)
        into = None
        if self.take_word("INTO"):
            into = self._target()
            if self.is_op("("):
                self.names_in_parentheses()
        return items, into

    def _do_insert(self):
        self.expect_word("INSERT")
        if self.take_word("BULK"):
            return self._insert_bulk()
        top = self.top()[0] if self.is_word("TOP") else None
        self.take_word("INTO")
        result = n.Insert(self._target(), None, None, top=top)
        if self.is_op("(") and self.peek().key not in ("SELECT", "WITH", "("):
            result.columns = self._insert_columns()
        result.output, result.output_into = self._output()
        if self.take_words("DEFAULT", "VALUES"):
            return result
        if self.is_word("EXEC", "EXECUTE"):
            result.source = self._do_exec()
        else:
            result.source = self.query()
        return result

    def _insert_columns(self):
        self.expect_op("(")
        names = self.comma_list(lambda: self.dotted()[-1])
        self.expect_op(")")
        return names

    def _do_update(self):
        self.expect_word("UPDATE")
        top = self.top()[0] if self.is_word("TOP") else None
        result = n.Update(self._target(), [], top=top)
        self.expect_word("SET")
        result.sets = self.comma_list(self._assignment)
        result.output, result.output_into = self._output()
        if self.take_word("FROM"):
            result.source = self.comma_list(self._joined)
        if self.take_word("WHERE"):
            result.where = self.condition()
        self._option()
        return result

    def _assignment(self):
        variable = column = None
        token = self.next
        if token.kind == "variable":
            variable = self.advance().text
            self.expect_op("=")
            if self.is_name() and self.peek().key == "=":
                column = self.dotted()[-1]
                self.expect_op("=")
        else:
            parts = self.dotted()
            column = parts[-1]
            op = self.take_op("=", "+=", "-=", "*=", "/=", "%=")
            if op is None:
                self.fail()
            if op != "=":
                return column, None, n.Binary(op[0], n.ColumnName([column]), self.expression()), token.line
        return column, variable, self._value_or_default(), token.line

    def _do_delete(self):
        self.expect_word("DELETE")
        top = self.top()[0] if self.is_word("TOP") else None
        self.take_word("FROM")
        result = n.Delete(self._target(), top=top)
        result.output, result.output_into = self._output()
        if self.take_word("FROM"):
            result.source = self.comma_list(self._joined)
        if self.take_word("WHERE"):
            result.where = self.condition()
        self._option()
        return result

    def _do_merge(self):
        self.expect_word("MERGE")
        if self.is_word("TOP"):
            self.top()
        self.take_word("INTO")
        table = self._target()
        table.alias = self._alias()
        table.hints += self.hints()
        self.expect_word("USING")
        source = self._table()
        self.expect_word("ON")
        result = n.Merge(table, source, self.condition(), [])
        while self.take_word("WHEN"):
            result.clauses.append(self._merge_clause())
        result.output, _ = self._output()
        if not self.is_op(";"):
            raise SQLError(
                10713,
                text="A MERGE statement must be terminated by a semi-colon (;).",
                severity=15,
                line=self.next.line,
            )
        return result

    def _merge_clause(self):
        kind = "no" if self.take_word("NOT") else "yes"
        self.expect_word("MATCHED")
        if self.take_word("BY"):
            kind = "source" if self.expect_word("SOURCE", "TARGET") == "SOURCE" else "no"
        condition = self.condition() if self.take_word("AND") else None
        self.expect_word("THEN")
        action = self.expect_word("UPDATE", "DELETE", "INSERT")
        if action == "UPDATE":
            self.expect_word("SET")
            return kind, condition, action, self.comma_list(self._assignment), None
        if action == "DELETE":
            return kind, condition, action, None, None
        columns = self._insert_columns() if self.is_op("(") else None
        if self.take_words("DEFAULT", "VALUES"):
            return kind, condition, action, columns, []
        self.expect_word("VALUES")
        return kind, condition, action, columns, self._row()

    def _insert_bulk(self):
        name = self.table_parts()
        columns, options = [], {}
        if self.take_op("("):
            while True:
                column = self.name()
                columns.append((column, self.type()))
                while self.is_word("NULL", "NOT", "COLLATE"):
                    if self.advance().key == "COLLATE":
                        self.name()
                if not self.take_op(","):
                    break
            self.expect_op(")")
        if self.take_word("WITH"):
            self.expect_op("(")
            while not self.take_op(")"):
                option = self.advance()
                value = True
                if self.take_op("="):
                    value = int(self.advance().text)
                elif option.key == "ORDER":
                    self._skip_parentheses()
                options[option.key] = value
                self.take_op(",")
        return n.InsertBulk(name, columns, options)

    # --- flow

    def _do_declare(self):
        self.expect_word("DECLARE")
        return n.Declare(self.comma_list(self._declared))

    def _declared(self):
        if self.next.kind != "variable":
            self.fail()
        name = self.advance().text
        self.take_word("AS")
        if self.take_word("TABLE"):
            return name, None, None, self.table_elements()
        type = self.type()
        value = self.expression() if self.take_op("=") else None
        return name, type, value, None

    def _do_set(self):
        self.expect_word("SET")
        if self.next.kind == "variable":
            name = self.advance().text
            op = self.take_op("=", "+=", "-=", "*=", "/=")
            if op is None:
                self.fail()
            return n.SetVariable(name, op, self.expression())
        return self._set_option()

    def _set_option(self):
        if self.take_words("TRANSACTION", "ISOLATION", "LEVEL"):
            level = [self.advance().key]
            while self.is_word("COMMITTED", "UNCOMMITTED", "READ"):
                level.append(self.advance().key)
            return n.SetOption(["ISOLATION"], " ".join(level))
        if self.take_word("IDENTITY_INSERT"):
            table = self.dotted()
            return n.SetOption(["IDENTITY_INSERT"], (table, self.expect_word("ON", "OFF") == "ON"))
        if self.take_word("STATISTICS"):
            self.advance()
            self.expect_word("ON", "OFF")
            return n.SetOption([], True)
        names = self.comma_list(lambda: self.advance().key)
        sign = -1 if self.take_op("-") else 1
        token = self.advance()
        if token.kind == "end":
            self.fail(token)
        if token.kind == "integer":
            return n.SetOption(names, sign * int(token.text))
        if token.key in ("ON", "OFF"):
            return n.SetOption(names, token.key == "ON")
        return n.SetOption(names, token.text)

    def _do_if(self):
        self.expect_word("IF")
        test = self.condition()
        then = self.statement()
        otherwise = self.statement() if self.take_word("ELSE") else None
        return n.If(test, then, otherwise)

    def _do_while(self):
        self.expect_word("WHILE")
        return n.While(self.condition(), self.statement())

    def _do_begin(self):
        self.expect_word("BEGIN")
        if self.take_word("TRY"):
            body = self._until("END", "TRY")
            if not self.take_words("BEGIN", "CATCH"):
                self.fail()
            return n.TryCatch(body, self._until("END", "CATCH"))
        if self.take_word("DISTRIBUTED"):
            pass
        if self.take_word("TRAN", "TRANSACTION"):
            return n.Transaction("BEGIN", self._transaction_name())
        return n.Block(self._until("END"))

    def _until(self, *words):
        statements = []
        while not (self.is_word(words[0]) and (len(words) == 1 or self.peek().key == words[1])):
            if self.next.kind == "end":
                self.fail()
            if not self.take_op(";"):
                statements.append(self.statement())
        self.at += len(words)
        return statements

    def _transaction_name(self):
        if self.next.kind == "variable":
            return n.Variable(self.advance().text)
        if self.is_name() and not self.is_word("SELECT", "INSERT"):
            if self.next.key.lower() and hasattr(self, "_do_" + self.next.key.lower()):
                return None
            name = self.name()
            if self.take_words("WITH", "MARK"):
                self.take_op()
            return name
        return None

    def _do_commit(self):
        self.expect_word("COMMIT")
        self.take_word("TRAN", "TRANSACTION", "WORK")
        return n.Transaction("COMMIT", self._transaction_name())

    def _do_rollback(self):
        self.expect_word("ROLLBACK")
        self.take_word("TRAN", "TRANSACTION", "WORK")
        return n.Transaction("ROLLBACK", self._transaction_name())

    def _do_save(self):
        self.expect_word("SAVE")
        self.expect_word("TRAN", "TRANSACTION")
        return n.Transaction("SAVE", self._transaction_name())

    def _do_exec(self):
        self.expect_word("EXEC", "EXECUTE")
        return self._execute_rest()

    _do_execute = _do_exec

    def _execute_rest(self):
        result = None
        if self.take_op("("):
            text = self.expression()
            self.expect_op(")")
            return n.Execute([], [], text=text)
        if self.next.kind == "variable":
            result = self.advance().text
            self.expect_op("=")
        name = self.dotted()
        arguments = []
        if (
            self.next.kind in ("variable", "string", "nstring", "integer", "decimal", "float", "hex", "quoted")
            or self.is_op("-")
            or self.is_word("NULL", "DEFAULT")
            or (self.is_name() and not hasattr(self, "_do_" + self.next.key.lower()))
        ):
            arguments = self.comma_list(self._argument)
        if self.take_words("WITH", "RECOMPILE"):
            pass
        return n.Execute(name, arguments, result)

    def _argument(self):
        name = None
        if self.next.kind == "variable" and self.peek().key == "=":
            name = self.advance().text
            self.advance()
        if self.take_word("DEFAULT"):
            return name, n.Default(), False
        if self.next.kind in ("name", "quoted") and self.next.key != "NULL":
            token = self.advance()
            value = n.Literal(token.text, t.nvarchar(max(len(token.text), 1)))
        else:
            value = self.sum()
        return name, value, bool(self.take_word("OUTPUT", "OUT"))

    def _do_print(self):
        self.expect_word("PRINT")
        return n.Print(self.expression())

    def _do_raiserror(self):
        self.expect_word("RAISERROR")
        self.expect_op("(")
        values = self.comma_list(self.expression)
        self.expect_op(")")
        options = []
        if self.take_word("WITH"):
            options = self.comma_list(lambda: self.advance().key)
        if len(values) < 3:
            self.fail()
        return n.RaiseError(values[0], values[1], values[2], values[3:], options)

    def _do_throw(self):
        self.expect_word("THROW")
        if self.next.kind in ("integer", "variable"):
            number = self.expression()
            self.expect_op(",")
            message = self.expression()
            self.expect_op(",")
            return n.Throw(number, message, self.expression())
        return n.Throw()

    def _do_waitfor(self):
        self.expect_word("WAITFOR")
        kind = self.expect_word("DELAY", "TIME")
        return n.WaitFor(kind, self.expression())

    def _do_break(self):
        return n.Simple(self.advance().key)

    _do_continue = _do_checkpoint = _do_break

    def _do_return(self):
        self.advance()
        has_value = self.next.kind in ("integer", "variable") or self.is_op("-", "(")
        return n.Simple("RETURN", self.expression() if has_value else None)

    def _do_use(self):
        self.advance()
        return n.Simple("USE", self.name())

    def _do_dbcc(self):
        self.advance()
        self.name()
        if self.is_op("("):
            self._skip_parentheses()
        if self.take_words("WITH"):
            self.comma_list(self.name)
        return n.Simple("DBCC")

    def _do_kill(self):
        self.advance()
        return n.Simple("KILL", self.expression())
