"""T-SQL's definitions: CREATE, ALTER, DROP, GRANT."""

from . import nodes as n


class TableParser:
    """Mixed into the parser of statements."""

    def _do_create(self):
        self.expect_word("CREATE")
        replaces = self.take_words("OR", "ALTER")
        if self.take_word("TABLE"):
            return n.CreateTable(self.table_parts(), self.table_elements(with_options=True))
        if self.take_word("VIEW"):
            return self._view(replaces)
        if self.take_word("PROC", "PROCEDURE"):
            return self._procedure(replaces)
        if self.take_word("TRIGGER"):
            return self._trigger(replaces)
        unique = bool(self.take_word("UNIQUE"))
        self.take_word("CLUSTERED", "NONCLUSTERED")
        self.take_word("COLUMNSTORE")
        if self.take_word("INDEX"):
            return self._index(unique)
        what = self.expect_word("SCHEMA", "DATABASE", "LOGIN", "USER", "ROLE")
        return self._other(what)

    def _other(self, what):
        if what == "SCHEMA" and self.take_word("AUTHORIZATION"):
            return n.CreateOther(what, self.name())
        result = n.CreateOther(what, self.name())
        while True:
            if self.take_word("WITH"):
                while True:
                    option = self.advance().key
                    self.take_op("=")
                    result.options[option] = self.advance().text
                    self.take_word("MUST_CHANGE")
                    if not self.take_op(","):
                        break
            elif self.take_word("FOR", "FROM"):
                self.expect_word("LOGIN")
                result.options["LOGIN"] = self.name()
            elif self.take_word("WITHOUT"):
                self.expect_word("LOGIN")
            elif self.take_word("COLLATE"):
                result.options["COLLATE"] = self.name()
            elif self.take_word("AUTHORIZATION"):
                self.name()
            else:
                return result

    def _view(self, replaces):
        name = self.table_parts()
        columns = self.names_in_parentheses() if self.is_op("(") else None
        if self.take_word("WITH"):
            self.comma_list(self.name)
        self.expect_word("AS")
        start = self.at
        query = self.query()
        return n.CreateView(name, columns, self.since(start), query, replaces)

    def _procedure(self, replaces):
        name = self.table_parts()
        parameters = []
        in_parentheses = bool(self.take_op("("))
        if self.next.kind == "variable":
            parameters = self.comma_list(self._parameter)
        if in_parentheses:
            self.expect_op(")")
        if self.take_word("WITH"):
            self.comma_list(self.name)
        self.expect_word("AS")
        return n.CreateProcedure(name, *self._body(), parameters=parameters, replaces=replaces)

    def _trigger(self, replaces):
        """AFTER INSERT, which is all that there is."""
        name = self.table_parts()
        self.expect_word("ON")
        table = self.table_parts()
        self.expect_word("AFTER", "FOR")
        self.expect_word("INSERT")
        self.expect_word("AS")
        return n.CreateTrigger(name, table, *self._body(), replaces=replaces)

    def _body(self):
        """All that is left, as text and as statements."""
        start = self.at
        body = []
        while self.next.kind != "end":
            if not self.take_op(";"):
                body.append(self.statement())
        return self.since(start) if self.at > start else "", body

    def _parameter(self):
        name = self.advance().text
        self.take_word("AS")
        type = self.type()
        default = self.expression() if self.take_op("=") else None
        return name, type, default, bool(self.take_word("OUTPUT", "OUT"))

    def _index(self, unique):
        name = self.name()
        self.expect_word("ON")
        table = self.table_parts()
        result = n.CreateIndex(name, table, self._key_columns(), unique)
        if self.take_word("INCLUDE"):
            self.names_in_parentheses()
        if self.take_word("WHERE"):
            start = self.at
            self.condition()
            result.where = self.since(start)
        self._skip_options()
        return result

    def _skip_options(self):
        while self.is_word("WITH", "ON", "TEXTIMAGE_ON"):
            word = self.advance().key
            if word == "WITH":
                self._skip_parentheses()
            else:
                self.name()
                if self.is_op("("):
                    self._skip_parentheses()

    # --- tables

    def table_elements(self, with_options=False):
        self.expect_op("(")
        elements = [self._element()]
        while self.take_op(","):
            if self.is_op(")"):
                break
            elements.append(self._element())
        self.expect_op(")")
        if with_options:
            self._skip_options()
        return elements

    def _element(self):
        if self.is_word("CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "DEFAULT"):
            return self._constraint(None)
        return self._column_definition()

    def _column_definition(self):
        column = n.ColumnDefinition(self.name())
        column.line = self.next.line
        if self.take_word("AS"):
            start = self.at
            self.expression()
            column.computed = self.since(start)
            column.is_persisted = bool(self.take_word("PERSISTED"))
        elif self.is_word("TIMESTAMP", "ROWVERSION") or self.next.kind in ("name", "quoted"):
            column.type = self.type()
        else:
            self.fail()
        while True:
            if self.take_word("NULL"):
                column.nullable = True
            elif self.is_word("NOT") and self.peek().key == "NULL":
                self.at += 2
                column.nullable = False
            elif self.is_word("NOT"):
                self.at += 3  # NOT FOR REPLICATION
            elif self.take_word("IDENTITY"):
                column.identity = self._identity()
            elif self.take_word("SPARSE"):
                column.is_sparse = True
            elif self.take_word("ROWGUIDCOL"):
                column.is_rowguid = True
            elif self.take_word("HIDDEN"):
                pass
            elif self.take_word("COLLATE"):
                from .sqltypes import collation

                column.type = column.type.but(collation=collation(self.name()))
            elif self.is_word("CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "REFERENCES", "FOREIGN", "DEFAULT"):
                constraint = self._constraint(column.name)
                if constraint.kind == "DEFAULT":
                    column.default, column.default_name = constraint.expression, constraint.name
                else:
                    column.constraints.append(constraint)
            else:
                return column

    def _identity(self):
        if not self.take_op("("):
            return 1, 1
        numbers = []
        while not self.take_op(")"):
            sign = -1 if self.take_op("-") else 1
            numbers.append(sign * int(self.advance().text))
            self.take_op(",")
        return tuple(numbers)

    def _constraint(self, column):
        name = self.name() if self.take_word("CONSTRAINT") else None
        if self.take_word("PRIMARY"):
            self.expect_word("KEY")
            result = n.Constraint("PRIMARY KEY", name)
        elif self.take_word("UNIQUE"):
            result = n.Constraint("UNIQUE", name)
        elif self.take_word("CHECK"):
            self.take_words("NOT", "FOR", "REPLICATION")
            self.expect_op("(")
            start = self.at
            self.condition()
            result = n.Constraint("CHECK", name, expression=self.since(start))
            self.expect_op(")")
            return result
        elif self.take_word("DEFAULT"):
            start = self.at
            self.sum()
            result = n.Constraint("DEFAULT", name, expression=self.since(start))
            if self.take_word("FOR"):
                result.columns = [self.name()]
            self.take_words("WITH", "VALUES")
            return result
        else:
            return self._foreign_key(name, column)
        self.take_word("CLUSTERED", "NONCLUSTERED")
        result.columns = self._key_columns() if self.is_op("(") else [(column, False)] if column else self.fail()
        self._skip_options()
        return result

    def _foreign_key(self, name, column):
        result = n.Constraint("FOREIGN KEY", name, [column] if column else [])
        if self.take_word("FOREIGN"):
            self.expect_word("KEY")
            if self.is_op("("):
                result.columns = self.names_in_parentheses()
        self.expect_word("REFERENCES")
        result.references = self.table_parts()
        result.reference_columns = self.names_in_parentheses() if self.is_op("(") else []
        while self.take_word("ON"):
            what = self.expect_word("DELETE", "UPDATE")
            action = self.expect_word("CASCADE", "NO", "SET")
            if action != "CASCADE":
                action += " " + self.advance().key
            if what == "DELETE":
                result.on_delete = action
            else:
                result.on_update = action
        return result

    def _key_columns(self):
        self.expect_op("(")

        def column():
            name = self.name()
            return name, self.take_word("ASC", "DESC") == "DESC"

        columns = self.comma_list(column)
        self.expect_op(")")
        return columns

    # --- ALTER, DROP, TRUNCATE, GRANT

    def _do_alter(self):
        self.expect_word("ALTER")
        if self.take_word("TABLE"):
            return self._alter_table()
        if self.is_word("VIEW", "PROCEDURE", "PROC"):
            if self.take_word("VIEW"):
                return self._view(True)
            self.advance()
            return self._procedure(True)
        self.expect_word("DATABASE", "LOGIN", "USER", "ROLE", "SERVER", "INDEX", "AUTHORIZATION")
        while self.next.kind != "end" and not self.is_op(";"):
            self.advance()
        return n.Simple("ALTER")

    def _alter_table(self):
        name = self.table_parts()
        if self.take_words("ALTER", "COLUMN"):
            return n.AlterTable(name, "ALTER", [self._column_definition()])
        if self.take_words("WITH", "CHECK") or self.take_words("WITH", "NOCHECK"):
            pass
        if self.take_word("ADD"):
            return n.AlterTable(name, "ADD", self.comma_list(self._element))
        if self.take_word("DROP"):
            if self.take_word("COLUMN"):
                self.take_words("IF", "EXISTS")
                return n.AlterTable(name, "DROP COLUMN", self.comma_list(self.name))
            self.take_word("CONSTRAINT")
            self.take_words("IF", "EXISTS")
            return n.AlterTable(name, "DROP CONSTRAINT", self.comma_list(self.name))
        word = self.expect_word("CHECK", "NOCHECK", "REBUILD", "SET", "ENABLE", "DISABLE")
        while self.next.kind != "end" and not self.is_op(";"):
            self.advance()
        return n.AlterTable(name, word, [])

    def _do_drop(self):
        self.expect_word("DROP")
        what = self.expect_word(
            "TABLE", "VIEW", "INDEX", "SCHEMA", "DATABASE", "LOGIN", "USER", "PROC", "PROCEDURE", "ROLE"
        )
        if_exists = self.take_words("IF", "EXISTS")
        names = self.comma_list(self.table_parts)
        table = self.table_parts() if what == "INDEX" and self.take_word("ON") else None
        return n.Drop("PROCEDURE" if what == "PROC" else what, names, if_exists, table)

    def _do_truncate(self):
        self.expect_word("TRUNCATE")
        self.expect_word("TABLE")
        return n.Truncate(self.table_parts())

    def _do_grant(self):
        what = self.advance().key
        rights = []
        while not self.is_word("ON", "TO", "FROM"):
            token = self.advance()
            if token.kind == "end":
                self.fail(token)
            if token.kind == "name":
                rights.append(token.key)
        target = None
        if self.take_word("ON"):
            if self.peek().key == "::":
                kind = self.advance().key
                self.advance()
                target = [kind + "::"] + self.dotted()
            else:
                target = self.table_parts()
        self.expect_word("TO", "FROM")
        grantees = self.comma_list(lambda: self.advance().text)
        if self.take_words("WITH", "GRANT"):
            self.expect_word("OPTION")
        self.take_word("CASCADE")
        return n.Permission(what, rights, target, grantees)

    _do_deny = _do_revoke = _do_grant
