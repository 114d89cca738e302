"""Runs statements: the flow of a batch, its errors, and queries."""

import contextlib
import sqlite3

from . import nodes as n
from . import running
from . import runtime_views  # noqa: F401 (it adds its views)
from . import sqltypes as t
from .changes import Changes
from .convert import convert
from .definitions import Definitions
from .errors import Cancelled, Disconnected, Level, SQLError
from .functions_of_time import now
from .messages import Messages
from .parse_statement import Parser
from .queries import QueryCompiler
from .response import COUNT, ERROR
from .session import Variable
from .system_views import refresh

PARSED = 500  # batches that a session remembers
DEPTH = 32
SELECT, INSERT, DELETE, UPDATE, MERGE = 0xC1, 0xC3, 0xC4, 0xC5, 0x117
COMMANDS = {n.Select: SELECT, n.Insert: INSERT, n.Delete: DELETE, n.Update: UPDATE, n.Merge: MERGE}
WORDS = {n.Insert: "INSERT", n.Delete: "DELETE", n.Update: "UPDATE", n.Merge: "MERGE"}
IMPLICIT = (n.Select, n.Insert, n.Update, n.Delete, n.Merge, n.CreateTable, n.AlterTable, n.Drop, n.Truncate)


class BatchEnded(Exception):
    """An error ended the batch; the client knows it already."""


class Return(Exception):
    def __init__(self, value=0):
        self.value = value


class Break(Exception):
    pass


class Continue(Exception):
    pass


class Executor(Changes, Definitions, Messages):
    def __init__(self, session, response):
        self.session, self.response = session, response
        self.tries = 0
        self.has_failed = False

    # --- batches

    def batch(self, text):
        """A batch of a client; its variables are its own."""
        session = self.session
        session.variables, session.error = {}, None
        self.faults = session.faults
        try:
            self.statements(self.parsed(text))
        except (BatchEnded, Return):
            pass
        except SQLError as error:
            self.report(error)
        self.end_of_batch()

    def end_of_batch(self):
        transaction = self.session.transaction
        if transaction.is_doomed and transaction.count:
            self.response.message(SQLError(3998))
            transaction.rollback()
            self.response.done(ERROR)
        session = self.session
        for name in [x for x in session.catalog.temporary if x.startswith("@")]:
            session.connection.execute(f"DROP TABLE IF EXISTS {session.catalog.temporary.pop(name).sqlite}")

    def parsed(self, text):
        parsed = self.session.parsed
        if text not in parsed:
            statements = Parser(text).parse()
            if len(parsed) >= PARSED:
                parsed.clear()
            parsed[text] = statements
        return parsed[text]

    def statements(self, statements):
        for statement in statements:
            try:
                self.statement(statement)
            except SQLError as error:
                if self.tries:
                    raise
                if self.report(error, statement):
                    raise BatchEnded from None

    def report(self, error, statement=None):
        """Tells the client of an error, undoes what it undoes, and says whether the batch is over."""
        session = self.session
        if error.line is None and statement is not None:
            error.line = statement.line
        session.last_error = error.number
        self.has_failed = True
        self.response.message(error)
        undoes = error.level >= Level.TRANSACTION or (
            session.options["XACT_ABORT"] and error.severity > 10 and not isinstance(statement, n.RaiseError)
        )
        if undoes and session.transaction.count:
            session.transaction.rollback()
        if error.level == Level.STATEMENT and error.number not in (50000, 3701) and error.severity < 20:
            self.inform(3621, "The statement has been terminated.")
        self.response.done(ERROR, COMMANDS.get(type(statement), 0))
        if error.severity >= 20:
            self.response.finish()
            raise Disconnected(str(error))
        return undoes or error.level >= Level.BATCH

    def inform(self, number, text, severity=0, state=1, line=None):
        self.response.message(SQLError(number, text=text, severity=severity, state=state, line=line), is_error=False)

    # --- one statement

    def statement(self, node):
        session = self.session
        session.statement_time = now()
        method = getattr(self, "_" + type(node).__name__.lower())
        if isinstance(node, (n.If, n.While, n.Block, n.TryCatch)):
            method(node)
            return
        session.check()
        session.faults.statement(session)
        if (
            session.options["IMPLICIT_TRANSACTIONS"]
            and not session.transaction.count
            and isinstance(node, IMPLICIT)
            and not (isinstance(node, n.Select) and self._has_no_table(node.query))
        ):
            session.transaction.begin()
        session.verb, session.verb_table, session.duplicate, session.error = WORDS.get(type(node)), None, None, None
        try:
            method(node)
        except (sqlite3.Error, SQLError, OverflowError, UnicodeError) as error:
            found = session.sql_error(error)
            self._undo_statement()
            if isinstance(found, SQLError):
                if found.line is None:
                    found.line = node.line
                session.last_error = found.number
            raise found from (error if found is not error else None)
        except (Cancelled, Return, Break, Continue, BatchEnded):
            raise
        session.transaction.end_statement()
        if not isinstance(node, (n.Declare, n.SetVariable, n.Print, n.RaiseError, n.Execute)):
            session.last_error = 0

    def _undo_statement(self):
        transaction = self.session.transaction
        if not transaction.count:
            transaction.end_statement(failed=True)
        elif transaction.is_open and not self.session.connection.in_transaction:
            transaction.is_open = False

    def _has_no_table(self, query):
        return isinstance(query, n.Query) and not query.source

    def counted(self, node, count):
        """The end of a statement that counts rows."""
        self.session.row_count = count
        if self.session.options["NOCOUNT"]:
            self.response.done(0, COMMANDS[type(node)], 0)
        else:
            self.response.done(COUNT, COMMANDS[type(node)], self.session.faults.count(count))

    # --- compiling and running

    def compiled(self, node, make):
        """What `make` builds of a statement, kept as long as the catalog and the variables' types stay."""
        session = self.session
        key = (
            session.database,
            session.catalog.current_version(),
            session.identity_insert,
            tuple(x.object_id for x in session.catalog.temporary.values()),
        )
        kept = getattr(node, "_compiled", None)
        if (
            kept is not None
            and kept[0] == key
            and all(name in session.variables and session.variables[name].type == kind for name, kind in kept[2])
        ):
            for table in kept[3]:
                session.materialize(table)
            for view in kept[4]:
                refresh(session, view)
            return kept[1]
        session.compiling_tables, session.compiling_views = set(), set()
        compiler = QueryCompiler(session)
        result = make(compiler)
        kinds = [(name, session.variables[name].type) for name in compiler.used]
        tables = [session.catalog.by_id(number) for number in session.compiling_tables]
        node._compiled = (key, (result, compiler.used), kinds, [x for x in tables if x], list(session.compiling_views))
        return node._compiled[1]

    def values_of(self, used):
        variables = self.session.variables
        return {short: variables[name].value for name, short in used.items()}

    def execute(self, sql, used=None):
        """Runs SQL of SQLite."""
        try:
            return self.session.connection.execute(sql, self.values_of(used) if used else {})
        except (sqlite3.Error, OverflowError) as error:
            raise self.session.sql_error(error) from error

    def scalar(self, node):
        """(value, type) of an expression without columns."""
        if isinstance(node, n.Literal):
            return node.value, node.type or t.INT
        compiler = QueryCompiler(self.session)
        expr = compiler.value(node)
        row = self.execute(f"SELECT {expr.sql}", compiler.used).fetchone()
        return row[0], expr.type or t.INT

    def is_true(self, node):
        compiler = QueryCompiler(self.session)
        sql = compiler.condition(node)
        return bool(self.execute(f"SELECT {sql}", compiler.used).fetchone()[0])

    def as_text(self, node):
        value, kind = self.scalar(node)
        return convert(value, kind, t.NVARCHAR_MAX)

    def as_int(self, node):
        value, kind = self.scalar(node)
        return convert(value, kind, t.INT)

    # --- queries

    def _select(self, node):
        query = node.query
        if getattr(query, "into", None):
            self.counted(node, self.select_into(query))
            return
        if isinstance(query, n.Query) and any(item.variable for item in query.items):
            self._select_variables(node, query)
            return
        from . import raw_rows

        if raw_rows.select_raw(self, node):
            return
        plan, used = self.compiled(node, lambda compiler: compiler.query(query))
        limit = self.session.options["ROWCOUNT"]
        cursor = self.execute(plan.sql + (f" LIMIT {limit}" if limit and "LIMIT" not in plan.sql else ""), used)
        self.response.columns(plan.columns)
        if self.session.options["FMTONLY"]:
            self.counted(node, 0)
            return
        self.counted(node, self.send_rows(cursor, plan.columns))

    def send_rows(self, cursor, columns):
        """Sends a result's rows; gives their number."""
        response, session = self.response, self.session
        writers = response.writers(columns)
        count, add = 0, response.add
        try:
            while rows := cursor.fetchmany(200):
                for row in rows:
                    add(b"\xd1" + b"".join([write(value) for write, value in zip(writers, row)]))
                    count += 1
                    session.faults.row(session, count)
        except sqlite3.Error as error:
            raise session.sql_error(error) from error
        finally:
            cursor.close()
        return count

    def _select_variables(self, node, query):
        names = [item.variable for item in query.items]
        if None in names:
            raise SQLError(
                141,
                text="A SELECT statement that assigns a value to a variable must not be combined with "
                "data-retrieval operations.",
                severity=15,
                level=1,
            )
        for name in names:
            if name.lower() not in self.session.variables:
                raise SQLError(137, name, line=node.line)
        if running.is_running(query):
            self.session.row_count = running.run(self, query)
            return
        plan, used = self.compiled(node, lambda compiler: compiler.query(query))
        count = 0
        for row in self.execute(plan.sql, used):
            count += 1
            for name, value, column in zip(names, row, plan.columns):
                self.assign(name, value, column.type)
        self.session.row_count = count

    def assign(self, name, value, kind):
        variable = self.session.variables.get(name.lower())
        if variable is None:
            raise SQLError(137, name)
        variable.value = convert(value, kind, variable.type)

    # --- variables and flow

    def _declare(self, node):
        for name, kind, value, elements in node.items:
            if name.lower() in self.session.variables and name.lower() not in getattr(node, "seen", ()):
                raise SQLError(134, name, line=node.line)
            if elements is not None:
                self.create_table([name], elements)
                continue
            self.session.variables[name.lower()] = Variable(kind)
            if value is not None:
                self.assign(name, *self.scalar(value))

    def _setvariable(self, node):
        value = node.value if node.op == "=" else n.Binary(node.op[0], n.Variable(node.name), node.value)
        if node.name.lower() not in self.session.variables:
            raise SQLError(137, node.name, line=node.line)
        self.assign(node.name, *self.scalar(value))

    def _if(self, node):
        if self._test(node):
            self.statements([node.then])
        elif node.otherwise is not None:
            self.statements([node.otherwise])

    def _test(self, node):
        try:
            return self.is_true(node.test)
        except (sqlite3.Error, SQLError) as error:
            found = self.session.sql_error(error)
            if isinstance(found, SQLError) and found.line is None:
                found.line = node.line
            raise found from None

    def _while(self, node):
        while self._test(node):
            self.session.check()
            try:
                self.statements([node.body])
            except Break:
                break
            except Continue:
                continue

    def _block(self, node):
        self.statements(node.statements)

    def _trycatch(self, node):
        session = self.session
        self.tries += 1
        try:
            for statement in node.body:
                self.statement(statement)
            return
        except SQLError as error:
            if error.severity >= 20:
                raise
            caught = error
        finally:
            self.tries -= 1
        if session.transaction.count and (session.options["XACT_ABORT"] or caught.level == Level.TRANSACTION):
            if caught.number == 1205:
                session.transaction.rollback()
            else:
                session.transaction.is_doomed = True
        outer, session.caught = session.caught, caught
        try:
            self.statements(node.handler)
        finally:
            session.caught = outer

    def _simple(self, node):
        if node.what == "BREAK":
            raise Break
        if node.what == "CONTINUE":
            raise Continue
        if node.what == "RETURN":
            raise Return(self.as_int(node.value) if node.value is not None else 0)
        if node.what == "USE":
            self.session.change_database(node.value)
        elif node.what == "KILL":
            self._kill(self.as_int(node.value))
        self.response.done()

    def _kill(self, spid):
        other = self.session.server.sessions.get(spid)
        if other is None:
            raise SQLError(6106, text=f"Process ID {spid} is not an active process ID.")
        other.killed = True
        with contextlib.suppress(OSError):  # its own thread may have closed it since
            other.channel.sock.shutdown(2)

    def _transaction(self, node):
        transaction = self.session.transaction
        name = self.as_text(node.name) if isinstance(node.name, n.Variable) else node.name
        if node.what == "BEGIN":
            transaction.begin(name)
        elif node.what == "COMMIT":
            self.session.faults.commit(self.session, transaction.commit)
        elif node.what == "SAVE":
            transaction.save(name or "")
        elif name:
            transaction.rollback_to(name)
        else:
            transaction.rollback(asked=True)
        self.response.done(0, {"BEGIN": 0xD4, "COMMIT": 0xD5, "ROLLBACK": 0xD2, "SAVE": 0xD6}[node.what])

    def _setoption(self, node):
        session = self.session
        for name in node.names:
            if name == "IDENTITY_INSERT":
                parts, on = node.value
                table = session.find_object(parts)
                session.identity_insert = table.object_id if on else None
            elif name in session.options:
                session.options[name] = (
                    node.value if not isinstance(node.value, str) or name == "ISOLATION" else session.options[name]
                )
                if name == "IMPLICIT_TRANSACTIONS":
                    session.options[name] = bool(node.value)
            elif name == "ANSI_DEFAULTS":
                session.options["IMPLICIT_TRANSACTIONS"] = bool(node.value)
        self.response.done(0, 0xF9)

    def _insertbulk(self, node):
        from . import bulk

        bulk.announce(self.session, node)
        self.response.done(0, 0xF0)

    # --- procedures

    def _execute(self, node):
        from . import procedures

        if node.text is not None:
            self.nested(self.as_text(node.text), {})
            return
        status = procedures.execute(self, node)
        if node.result:
            self.assign(node.result, status, t.INT)

    def nested(self, text, variables):
        """Another batch inside of this one, with variables of its own; gives these."""
        session = self.session
        if session.depth >= DEPTH:
            raise SQLError(
                217, text="Maximum stored procedure, function, trigger, or view nesting level exceeded " "(limit 32)."
            )
        outer, session.variables = session.variables, variables
        session.depth += 1
        try:
            self.statements(self.parsed(text) if isinstance(text, str) else text)
        finally:
            session.depth -= 1
            inner, session.variables = session.variables, outer
        return inner
