"""A session: what one login has open, and the loop that answers its messages."""

import sqlite3
import time

from . import packets
from .aggregates import register
from .catalog import Catalog
from .errors import Cancelled, Disconnected, ProtocolError, SQLError
from .expressions import FUNCTIONS
from .functions_of_time import now
from .login import UTF8_SUPPORT
from .response import ATTENTION, DATABASE, ERROR, RESET, Response
from .transactions import Transaction
from .wire import Bytes

PROGRESS_STEPS = 50_000  # of SQLite's machine between two looks at the client
LOOK_SECONDS = 0.005  # at least, between two looks at the client before statements: each is a system call
DEFAULTS = {
    "NOCOUNT": False,
    "XACT_ABORT": False,
    "IMPLICIT_TRANSACTIONS": False,
    "LOCK_TIMEOUT": -1,
    "TEXTSIZE": 2147483647,
    "ROWCOUNT": 0,
    "QUOTED_IDENTIFIER": True,
    "ANSI_NULLS": True,
    "ANSI_PADDING": True,
    "ANSI_WARNINGS": True,
    "ANSI_NULL_DFLT_ON": True,
    "CONCAT_NULL_YIELDS_NULL": True,
    "ARITHABORT": False,
    "CURSOR_CLOSE_ON_COMMIT": False,
    "FMTONLY": False,
    "NOEXEC": False,
    "PARSEONLY": False,
    "ISOLATION": "READ COMMITTED",
    "ANSI_DEFAULTS": False,
    "NUMERIC_ROUNDABORT": False,
}
BITS = {
    "IMPLICIT_TRANSACTIONS": 2,
    "CURSOR_CLOSE_ON_COMMIT": 4,
    "ANSI_WARNINGS": 8,
    "ANSI_PADDING": 16,
    "ANSI_NULLS": 32,
    "ARITHABORT": 64,
    "QUOTED_IDENTIFIER": 256,
    "NOCOUNT": 512,
    "ANSI_NULL_DFLT_ON": 1024,
    "CONCAT_NULL_YIELDS_NULL": 4096,
    "XACT_ABORT": 16384,
}


class Variable:
    __slots__ = ("type", "value")

    def __init__(self, type, value=None):
        self.type, self.value = type, value


class Session:
    def __init__(self, server, channel, spid, login):
        self.server, self.channel, self.spid, self.login = server, channel, spid, login
        self.store, self.principal = server.store, login.principal
        self.faults = server.faults
        self.response = None
        self.connections = {}
        self.statement_time = self.login_time = now()
        self.next_look = 0
        self.is_cancelled = self.is_gone = False
        self.error = None  # raised inside of SQLite
        self.killed = False
        self.is_describing = False  # compiles without running
        self.is_loading = False  # what comes meanwhile are rows
        self._start(login.database)

    def _start(self, database):
        """As a new login finds itself."""
        self.options = dict(DEFAULTS)
        if self.login.is_odbc:
            self.options["IMPLICIT_TRANSACTIONS"] = False
        self.variables, self.row_count, self.last_error, self.caught, self.depth = {}, 0, 0, None, 0
        self.last_identity = None
        self.identity_insert = None
        self.verb = self.verb_table = self.duplicate = None  # for the words of refusals
        self.prepared, self.next_handle = {}, 1
        self.parsed = {}
        self.bulk = None
        self.next_temporary = -1
        self.transaction = Transaction(self)
        self.use(database)

    # --- the database

    def use(self, database):
        self.database = database
        if database.lower() not in self.connections:
            connection = self.store.open(database)
            self._prepare(connection)
            self.connections[database.lower()] = connection, Catalog(connection, database)
        self.connection, self.catalog = self.connections[database.lower()]

    def change_database(self, name):
        found = self.store.database_name(name)
        if found is None:
            raise SQLError(911, name)
        if self.transaction.is_open and found.lower() != self.database.lower():
            raise SQLError(226, text="USE statement not allowed within a transaction that has written.")
        old = self.database
        temporary = self.catalog.temporary
        self.use(found)
        for name, table in temporary.items():
            self.catalog.temporary.setdefault(name, table)
        self.response.change(DATABASE, found, old)
        self.response.message(
            SQLError(5701, text=f"Changed database context to '{found}'.", severity=0, state=2), False
        )

    def _prepare(self, connection):
        def call(number, *arguments):
            try:
                return FUNCTIONS[number](*arguments)
            except SQLError as error:
                self.error = error
                raise

        def call_session(number, *arguments):
            try:
                return FUNCTIONS[number](self, *arguments)
            except SQLError as error:
                self.error = error
                raise

        connection.create_function("tds_f", -1, call, deterministic=True)
        connection.create_function("tds_s", -1, call_session)
        register(connection, self)
        connection.set_progress_handler(self._look, PROGRESS_STEPS)

    def run(self):
        """Answers messages until the client leaves."""
        from . import bulk

        while not self.killed:
            if self.channel.peek() == packets.BULK and self.bulk is not None:
                self.is_loading, self.is_cancelled = True, False
                try:
                    bulk.receive(self)
                finally:
                    self.is_loading = False
                continue
            kind, status, data = self.channel.receive_message()
            self.bulk = None
            self.response = Response(self.channel, self.login.packet_size, self.login.tds, self.spid)
            self.response.in_transaction = lambda: self.transaction.count > 0
            self.response.on_flush = self.check
            self.response.knows_utf8 = UTF8_SUPPORT in self.login.features
            self.is_cancelled = False
            self._answer(kind, status, data)

    def _answer(self, kind, status, data):
        if kind == packets.ATTENTION:
            self._acknowledge()
            return
        try:
            self.faults.stall(self)
            if status & (packets.RESET_CONNECTION | packets.RESET_KEEPING_TRANSACTION):
                self.reset(keeps_transaction=bool(status & packets.RESET_KEEPING_TRANSACTION))
            self._dispatch(kind, data)
            if self.is_cancelled:
                raise Cancelled
            self.response.finish()
        except Cancelled:
            self.response.out.clear()
            self.response.pending = None
            self._acknowledge()
        except SQLError as error:
            self.response.message(error)
            self.response.done(ERROR)
            self.response.finish()
            if error.severity >= 20:
                raise Disconnected(str(error)) from None

    def _acknowledge(self):
        """The answer to an attention. A transaction stays open, unless XACT_ABORT says otherwise."""
        if self.options["XACT_ABORT"] and self.transaction.count:
            self.transaction.rollback()
        elif not self.transaction.count:
            self.transaction.end_statement(failed=True)
        self.response.done(ATTENTION)
        self.response.pending = (0xFD, ATTENTION, 0, 0)
        self.response.finish()

    def _dispatch(self, kind, data):
        from . import procedures
        from .execute import Executor

        if kind == packets.BULK:
            raise ProtocolError("a bulk load that nobody announced")
        body = Bytes(data)
        if self.login.tds >= 0x72000000:
            size = body.u32()
            if size < 4 or size > len(data):
                raise ProtocolError("headers beyond their message")
            body.take(size - 4)
        if kind == packets.BATCH:
            text = data[body.position :].decode("utf-16-le", "surrogatepass")
            executor = Executor(self, self.response)
            executor.batch(text)
        elif kind == packets.RPC:
            procedures.Request(self, body).run()
        elif kind == packets.TRANSACTION:
            self._transaction_request(body)
        else:
            raise ProtocolError(f"a packet of type {kind}")

    def _transaction_request(self, body):
        """BEGIN, COMMIT, ROLLBACK and SAVE without SQL."""
        what = body.u16()
        levels = {1: "READ UNCOMMITTED", 2: "READ COMMITTED", 3: "REPEATABLE READ", 4: "SERIALIZABLE", 5: "SNAPSHOT"}
        if what == 5:
            level = body.u8()
            self.options["ISOLATION"] = levels.get(level, self.options["ISOLATION"])
            self.transaction.begin(self._short_text(body))
        elif what in (7, 8):
            name = self._short_text(body)
            flags = body.u8() if body.rest else 0
            if what == 7:
                self.faults.commit(self, self.transaction.commit)
            else:
                self.transaction.rollback_to(name) if name else self.transaction.rollback(asked=True)
            if flags & 1:
                level = body.u8()
                self.options["ISOLATION"] = levels.get(level, self.options["ISOLATION"])
                self.transaction.begin(self._short_text(body))
        elif what == 9:
            self.transaction.save(self._short_text(body))
        else:
            raise ProtocolError(f"a transaction request {what}")
        self.response.done()

    def _short_text(self, body):
        return body.take(body.u8()).decode("utf-16-le") if body.rest else ""

    def reset(self, keeps_transaction=False):
        if self.transaction.count and not keeps_transaction:
            self.transaction.rollback(tells=False)
        transaction = self.transaction
        self.drop_temporary()
        self._start(self.login.database)
        if keeps_transaction:
            self.transaction = transaction
        self.response.change(RESET, b"", b"")

    def drop_temporary(self):
        for table in list(self.catalog.temporary.values()):
            self.connection.execute(f"DROP TABLE IF EXISTS {table.sqlite}")
        self.catalog.temporary.clear()

    def close(self):
        for connection, _ in self.connections.values():
            try:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                connection.close()
            except sqlite3.Error:
                pass

    # --- attention

    def _look(self):
        """SQLite's progress handler: 1 interrupts."""
        return 1 if self._has_been_told() else 0

    def _has_been_told(self):
        if self.is_cancelled or self.is_gone or self.killed:
            return True
        if self.is_loading:
            return False
        try:
            if self.channel.is_readable():
                kind, _, _ = self.channel.receive_packet()
                self.is_cancelled = kind == packets.ATTENTION
                self.is_gone = not self.is_cancelled
        except Disconnected:
            self.is_gone = True
        return self.is_cancelled or self.is_gone

    def check(self):
        """Raises when the client wants no more."""
        now = time.monotonic()
        if now < self.next_look and not self.killed:
            return
        self.next_look = now + LOOK_SECONDS
        if self._has_been_told():
            if self.is_gone or self.killed:
                raise Disconnected("the client left in the middle")
            raise Cancelled

    def sleep(self, seconds):
        end = time.monotonic() + seconds
        while True:
            self.check()
            rest = end - time.monotonic()
            if rest <= 0:
                return
            self.channel.is_readable(min(rest, 0.05))

    # --- objects

    def find_object(self, parts, line=1, missing_ok=False):
        """The table, view or procedure of a name of one to four parts."""
        name = parts[-1]
        schema = parts[-2] if len(parts) > 1 and parts[-2] else "dbo"
        database = parts[-3] if len(parts) > 2 and parts[-3] else self.database
        if database.lower() not in (self.database.lower(), "tempdb"):
            raise SQLError(208, ".".join(parts), line=line) if not missing_ok else SQLError(911, database)
        found = self.catalog.find(schema, name)
        if found is None and not missing_ok:
            raise SQLError(208, ".".join(parts), line=line)
        return found

    def check_right(self, right, table):
        """Whether the login may: an administrator may all, others what they were granted."""
        if self.principal.is_admin or getattr(table, "is_temporary", False):
            return
        key = table.full_name.lower() if hasattr(table, "full_name") else ""
        grants = self.principal.grants
        found = None
        for scope in (
            (self.database.lower(), None),
            (self.database.lower(), table.schema.lower()),
            (self.database.lower(), key),
        ):
            said = grants.get(scope, {}).get(right)
            found = said if said is not None and found is not False else found
        if not found:
            raise SQLError(229, right, table.name, self.database, table.schema, level=1, state=5)

    def materialize(self, table):
        """Rows that were kept in wire form become rows of SQLite."""
        from . import raw_rows

        raw_rows.materialize(self, table)

    # --- what functions ask for

    def identity_value(self):
        from . import values as v

        return None if self.last_identity is None else v.pack_decimal(self.last_identity, 0)

    def identity_of(self, name):
        from . import values as v
        from .functions_of_system import name_parts

        table = self.find_object(name_parts(name), missing_ok=True)
        column = next((c for c in table.columns if c.identity), None) if table else None
        if column is None:
            return None
        last = self.store.identities.get((self.database.lower(), table.object_id), column.identity[0])
        return v.pack_decimal(last, 0)

    def database_id(self, name=None):
        names = list(self.store.databases)
        name = (name or self.database).lower()
        return names.index(name) + 1 if name in names else None

    def option_bits(self):
        return sum(bit for name, bit in BITS.items() if self.options[name])

    def scalar_now(self, node):
        """The value of an expression without columns, at once."""
        from .execute import Executor

        return Executor(self, self.response).scalar(node)[0]

    def sql_error(self, error):
        """What an exception of SQLite means."""
        if self.error is not None:
            found, self.error = self.error, None
            return found
        if isinstance(error, SQLError):
            return error
        if self.is_cancelled:
            return Cancelled()
        if self.is_gone or self.killed:
            return Disconnected("the client left in the middle")
        from .constraints import explain

        return explain(self, error)
