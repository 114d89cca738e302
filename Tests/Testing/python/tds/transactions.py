"""Transactions: T-SQL's counting over SQLite's one writer.

Readers see what is committed, and what their own transaction wrote. A transaction takes the database's write lock with
its first change; others that want to write wait, as long as their LOCK_TIMEOUT says.
"""

import itertools
import sqlite3
import time

from .errors import SQLError
from .response import BEGIN, COMMIT, ROLLBACK

DESCRIPTORS = itertools.count(0x3500000001)


class Transaction:
    def __init__(self, session):
        self.session = session
        self.count = 0
        self.is_open = False  # SQLite has a transaction
        self.is_doomed = False
        self.name = None
        self.savepoints = []
        self.descriptor = bytes(8)

    @property
    def state(self):
        return 0 if not self.count else -1 if self.is_doomed else 1

    def _tell(self, kind, new=b"", old=b""):
        if self.session.response is not None:
            self.session.response.change(kind, new, old)

    def begin(self, name=None):
        self.count += 1
        if self.count == 1:
            self.name = name
            self.descriptor = next(DESCRIPTORS).to_bytes(8, "little")
            self._tell(BEGIN, self.descriptor)

    def write(self):
        """Before a change."""
        if self.is_doomed:
            raise SQLError(3930)
        if self.is_open:
            return
        patience = self.session.options["LOCK_TIMEOUT"]
        end = time.monotonic() + patience / 1000
        while True:
            try:
                self.session.connection.execute("BEGIN IMMEDIATE")
                break
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) and "busy" not in str(error):
                    raise
            if patience >= 0 and time.monotonic() >= end:
                raise SQLError(1222, state=51)
            self.session.sleep(0.005)
        self.is_open = True

    def end_statement(self, failed=False):
        """After a statement outside of a transaction: it is one by itself."""
        if self.count == 0 and self.is_open:
            self._finish("ROLLBACK" if failed else "COMMIT")

    def _finish(self, word):
        connection = self.session.connection
        try:
            if connection.in_transaction:
                connection.execute(word)
        except sqlite3.Error as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            self._reset()
            raise self.session.sql_error(error) from None
        self._reset()
        if word == "ROLLBACK":
            self._forget()

    def _reset(self):
        self.is_open = self.is_doomed = False
        self.savepoints = []

    def _forget(self):
        """The catalog's cache and temporary tables after a rollback."""
        catalog = self.session.catalog
        catalog.forget()
        names = {row[0].lower() for row in self.session.connection.execute("SELECT name FROM temp.sqlite_master")}
        for name, table in list(catalog.temporary.items()):
            if table.sqlite.split(".", 1)[1].strip('"').lower() not in names:
                del catalog.temporary[name]
        from . import raw_rows

        raw_rows.undo(self.session)

    def commit(self, name=None):
        if self.count == 0:
            raise SQLError(3902)
        if self.is_doomed:
            raise SQLError(3930)
        if self.count == 1:
            from . import raw_rows

            raw_rows.keep(self.session)
            self._finish("COMMIT")
            self._tell(COMMIT, b"", self.descriptor)
        self.count -= 1

    def rollback(self, tells=True, asked=False):
        if self.count == 0:
            if asked:
                raise SQLError(3903)
            self.end_statement(failed=True)
            return
        self._finish("ROLLBACK")
        self.count = 0
        if tells:
            self._tell(ROLLBACK, b"", self.descriptor)

    def save(self, name):
        if self.count == 0:
            raise SQLError(628, text="Cannot issue SAVE TRANSACTION when there is no active transaction.")
        self.write()
        self.savepoints.append(name.lower())
        self.session.connection.execute(f"SAVEPOINT sp{len(self.savepoints)}")

    def rollback_to(self, name):
        lower = name.lower()
        if self.count and lower == (self.name or "").lower() and lower not in self.savepoints:
            self.rollback()
            return
        if self.count == 0:
            raise SQLError(3903)
        if self.is_doomed:
            raise SQLError(
                3931,
                text="The current transaction cannot be committed and cannot be rolled back to a "
                "savepoint. Roll back the entire transaction.",
            )
        if lower not in self.savepoints:
            raise SQLError(6401, name)
        number = len(self.savepoints) - self.savepoints[::-1].index(lower)
        self.session.connection.execute(f"ROLLBACK TO sp{number}")
        del self.savepoints[number:]
        self._forget()
