"""INSERT BULK: rows that come as tokens, checked and stored, or kept as they came until somebody asks for them."""

import sqlite3

from . import packets, raw_rows
from .catalog import Table, quote
from .constraints import shown_key
from .convert import Truncation, check, converter
from .errors import Cancelled, SQLError
from .expressions import Expr
from .queries import QueryCompiler
from .response import COUNT, ERROR, Response
from .triggers import fire, last_row, triggers_of
from .wire import FIXED, BadValue, Bytes, Incomplete, read_type

COLUMNS, ROW, COMPACT_ROW, DONE = 0x81, 0xD1, 0xD2, 0xFD
CHUNK_ROWS = 2_000
SCAN_BYTES = 1 << 20


class Announced:
    """An INSERT BULK that waits for its rows."""

    def __init__(self, table, columns, options):
        self.table, self.columns, self.options = table, columns, options


def announce(session, node):
    table = session.find_object(node.table)
    if not isinstance(table, Table):
        raise SQLError(4902, ".".join(node.table))
    session.check_right("INSERT", table)
    columns = []
    names = node.columns or [(c.name, c.type) for c in table.columns if c.computed is None]
    for name, kind in names:
        column = table.column(name)
        if column is None:
            raise SQLError(207, name)
        if column.computed is not None:
            raise SQLError(271, name)
        check(kind, column.type, False) if kind.name != column.type.name else None
        columns.append((column, kind))
    session.bulk = Announced(table, columns, node.options)


def receive(session):
    """Takes the rows of the load that was announced, and answers."""
    announced, session.bulk = session.bulk, None
    response = session.response = Response(session.channel, session.login.packet_size, session.login.tds, session.spid)
    response.in_transaction = lambda: session.transaction.count > 0
    load = Load(session, announced)
    failure = None
    status = 0
    try:
        while not status & packets.END_OF_MESSAGE:
            kind, status, data = session.channel.receive_packet()
            if kind == packets.ATTENTION:
                raise Cancelled
            if failure is None:
                try:
                    load.feed(data)
                except (SQLError, sqlite3.Error) as error:
                    failure = error
        if failure is None:
            try:
                load.finish()
                load.fire()
            except (SQLError, sqlite3.Error) as error:
                failure = error
        if failure is not None:
            _fail(session, load, failure)
        else:
            told, is_kept = session.faults.bulk(load.count)
            load.end() if is_kept else load.undo()
            session.transaction.end_statement()
            if not session.transaction.count:
                raw_rows.keep(session)
            session.row_count = told
            response.done(COUNT, 0xF0, told)
        response.finish()
    except Cancelled:
        load.undo()
        response.out.clear()
        session._acknowledge()


def _fail(session, load, failure):
    error = session.sql_error(failure)
    load.undo()
    transaction = session.transaction
    if transaction.count == 0:
        transaction.end_statement(failed=True)
    elif session.options["XACT_ABORT"] or error.level >= 2:
        transaction.rollback()
    session.response.message(error)
    session.response.message(SQLError(3621, text="The statement has been terminated.", severity=0), is_error=False)
    session.response.done(ERROR, 0xF0)


class Load:
    """One message of rows."""

    def __init__(self, session, announced):
        self.session, self.table, self.options = session, announced.table, announced.options
        self.announced = announced.columns
        self.buffer = bytearray()
        self.readers = None
        self.scan_at = SCAN_BYTES
        self.rows, self.count = [], 0
        self.raw, self.raw_rows = [], 0
        self.is_raw = False
        self.is_begun = self.is_done = False
        self.connection = session.connection

    # --- bytes

    def feed(self, data):
        self.buffer += data
        if self.readers is None:
            self._begin()
        if self.readers is not None and len(self.buffer) >= self.scan_at:
            self._take()
            self.scan_at = max(SCAN_BYTES, 2 * len(self.buffer))  # a long value is not read again and again

    def finish(self):
        if self.readers is None:
            self._begin()
            if self.readers is None:
                raise SQLError(4804)
        self._take()
        if self.buffer:  # a row that goes on; the DONE at the end is left out by some clients
            raise SQLError(4804)
        self._flush()

    def _begin(self):
        """COLMETADATA, as soon as it is there."""
        data = Bytes(bytes(self.buffer[: 1 << 20]))
        try:
            if data.u8() != COLUMNS:
                raise SQLError(4804)
            wires = []
            for _ in range(data.u16()):
                data.take(6 if self.session.login.tds >= 0x72000000 else 4)
                wire = read_type(data, in_columns=True)
                data.text8()
                wires.append(wire)
        except Incomplete:
            return
        del self.buffer[: data.position]
        if len(wires) != len(self.announced):
            raise SQLError(4816, len(wires))
        self.wires = wires
        self._plan()

    def _plan(self):
        session, table = self.session, self.table
        session.transaction.write()
        connection = self.connection
        self.triggers = triggers_of(session, table) if self.options.get("FIRE_TRIGGERS") else []
        self.last_row = last_row(session, table)
        if not self.options.get("CHECK_CONSTRAINTS"):
            connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("SAVEPOINT bulk")
        self.is_begun = True
        session.verb, session.verb_table, session.duplicate = "INSERT", table, None
        where = f"{session.database}.{table.schema}.{table.name}"
        self.readers, self.changes = [], []
        for number, ((column, kind), wire) in enumerate(zip(self.announced, self.wires)):
            if wire.type.kind != kind.kind and wire.token != 0x1F:
                raise SQLError(4816, number + 1)
            self.readers.append(wire.read)
            self.changes.append(_change(wire.type, column, where))
        self.has_changes = any(self.changes)
        self._plan_insert()
        self.is_raw = session.server.options.raw_bulk and self._can_be_raw()
        self.scan = raw_rows.scanner(self.wires) if self.is_raw else None

    def _plan_insert(self):
        session, table = self.session, self.table
        named = [column for column, _ in self.announced]
        compiler = QueryCompiler(session)
        from .changes import Changes, note_identity

        helper = Changes()
        helper.session = session
        given, cells = [], []
        for number, column in enumerate(named):
            mark = f"?{number + 1}"
            if column.type.name == "timestamp":
                continue
            if column.identity:  # clients that want it counted leave it out
                mark = compiler.ask(
                    ("note", session.database, table.object_id),
                    note_identity(table.object_id),
                    [Expr(mark, column.type)],
                    column.type,
                ).sql
            if column.default is not None and not self.options.get("KEEP_NULLS"):
                mark = f"coalesce({mark}, {helper.default_sql(compiler, column, table)})"
            given.append(column)
            cells.append(mark)
        for column, sql in helper.fillers(compiler, table, given):
            given.append(column)
            cells.append(sql)
        names = ", ".join(quote(c.name) for c in given)
        unused = [
            f"?{i + 1}" for i in range(len(named)) if f"?{i + 1}" not in " ".join(cells).replace(",", " ").split()
        ]
        extra = f" WHERE coalesce({', '.join(unused)}, 1, 1) IS NOT NULL" if unused else ""
        self.sql = f"INSERT INTO {table.sqlite} ({names}) SELECT {', '.join(cells)}{extra}"
        self.is_plain = all(cell.startswith("?") for cell in cells) and len(cells) == len(named)
        if self.is_plain:
            self.sql = f"INSERT INTO {table.sqlite} ({names}) VALUES ({', '.join('?' for _ in cells)})"

    def _take(self):
        """Reads all rows that are complete."""
        if self.is_raw:
            self._take_raw()
            return
        data, at, end = bytes(self.buffer), 0, len(self.buffer)
        readers, changes, rows = self.readers, self.changes, self.rows
        try:
            while at < end:
                token = data[at]
                if token == DONE:
                    if at + 9 > end:
                        break
                    self.is_done = True
                    at = end
                    break
                place = at + 1
                row = []
                if token == ROW:
                    for read in readers:
                        value, place = read(data, place)
                        row.append(value)
                elif token == COMPACT_ROW:
                    size = (len(readers) + 7) // 8
                    bits = int.from_bytes(data[place : place + size], "little")
                    place += size
                    for number, read in enumerate(readers):
                        if bits >> number & 1:
                            row.append(None)
                        else:
                            value, place = read(data, place)
                            row.append(value)
                else:
                    raise SQLError(4804)
                at = place
                if self.has_changes:
                    row = [
                        value if change is None or value is None else change(value)
                        for value, change in zip(row, changes)
                    ]
                rows.append(row)
                if len(rows) >= CHUNK_ROWS:
                    self._flush()
                    rows = self.rows
        except Incomplete:
            pass
        except BadValue:
            raise SQLError(4815, len(row) + 1) from None
        del self.buffer[:at]

    def _flush(self):
        rows, self.rows = self.rows, []
        if not rows:
            return
        connection = self.connection
        connection.execute("SAVEPOINT chunk")
        try:
            connection.executemany(self.sql, rows)
        except (sqlite3.Error, SQLError) as error:
            self._explain(rows, error)
            raise
        connection.execute("RELEASE chunk")
        self.count += len(rows)

    def _explain(self, rows, error):
        """Finds the row that was refused, for the words of the error."""
        connection, session = self.connection, self.session
        found, session.error = session.error, None
        connection.execute("ROLLBACK TO chunk")
        for row in rows:
            try:
                connection.execute(self.sql, row)
            except (sqlite3.Error, SQLError):
                places = {column.name: i for i, (column, _) in enumerate(self.announced)}
                session.duplicate = lambda table, key: shown_key(
                    [row[places[name]] if name in places else None for name, _ in key.columns],
                    [table.column(name).type for name, _ in key.columns],
                )
                break
        connection.execute("RELEASE chunk")
        session.error = found

    def fire(self):
        if self.is_begun and self.triggers:
            from .execute import Executor

            executor = Executor(self.session, self.session.response)
            fire(executor, self.table, self.triggers, self.last_row)

    # --- rows in wire form

    def _can_be_raw(self):
        table = self.table
        if any(k.is_unique for k in table.keys) or table.foreign_keys or table.is_temporary:
            return False
        if self.options.get("CHECK_CONSTRAINTS") and table.checks or len(self.announced) != len(table.columns):
            return False
        return all(
            column is own
            and wire.type.but(collation=None) == column.type.but(collation=None)
            and not (wire.type.is_long and not wire.type.is_max)
            and not column.identity
            and not column.default
            and (column.nullable or wire.token in FIXED or True)
            for (column, _), own, wire in zip(self.announced, table.columns, self.wires)
        )

    def _take_raw(self):
        data = bytes(self.buffer)
        at, count = self.scan(data)
        if at:
            self.raw.append(data[:at])
            self.raw_rows += count
            self.count += count
        if at < len(data) and data[at] == DONE:
            self.is_done = True
            at = len(data)
        elif at < len(data) and data[at] != ROW:
            raise SQLError(4804)
        del self.buffer[:at]

    # --- the end

    def end(self):
        if self.is_begun:
            self.connection.execute("RELEASE bulk")
            self.connection.execute("PRAGMA ignore_check_constraints = OFF")
            if self.raw:
                raw_rows.pending(self.session).setdefault(self.table.object_id, []).append(
                    (self.wires, self.raw, self.raw_rows)
                )

    def undo(self):
        if self.is_begun and self.connection.in_transaction:
            self.connection.execute("ROLLBACK TO bulk")
            self.connection.execute("RELEASE bulk")
            self.connection.execute("PRAGMA ignore_check_constraints = OFF")
            self.is_begun = False


def _change(source, column, where):
    """A function that brings a value to its column; None where it is there already."""
    change = converter(source, column.type, None, True)
    if change is None:
        return None

    def attempt(value):
        try:
            return change(value)
        except Truncation as error:
            raise SQLError(2628, where, column.name, error.shown) from None

    return attempt
