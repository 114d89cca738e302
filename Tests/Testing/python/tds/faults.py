"""Faults on demand: what a server does that does not behave.

`EXEC ferry_fault 'name' [, n]` sets one for the next session that meets it; `EXEC ferry_fault 'none'` takes all back.
The option --fault name=n sets one at the start.

    row           the connection is cut in the middle of row n of a result
    before_commit the connection is cut at the n-th COMMIT, before it takes effect
    after_commit  the connection is cut at the n-th COMMIT, after it took effect and before it is answered
    stall         the n-th message is answered nothing at all, until the client leaves
    count         statements that count rows say n more than there are
    token         row n of a result is followed by a byte that begins no token
    deadlock      the n-th statement is the victim of a deadlock (1205)
    bulk_count    a bulk load says n rows more than it stored
    bulk_lose     a bulk load stores none of its rows and counts them all
"""

import threading

from .errors import Disconnected, SQLError

NAMES = ("row", "before_commit", "after_commit", "stall", "count", "token", "deadlock", "bulk_count", "bulk_lose")


class Faults:
    def __init__(self, settings=()):
        self.lock = threading.Lock()
        self.armed = {}
        for setting in settings:
            name, _, number = setting.partition("=")
            self.arm(name, int(number or 1))

    def arm(self, name, number=1):
        with self.lock:
            if name == "none":
                self.armed.clear()
            elif name in NAMES:
                self.armed[name] = number
            else:
                raise SQLError(50000, text=f"There is no fault '{name}'; there are {', '.join(NAMES)}.")

    def _counts_down(self, name):
        """Whether the fault's turn has come."""
        if name not in self.armed:
            return False
        with self.lock:
            if name not in self.armed:
                return False
            self.armed[name] -= 1
            if self.armed[name] > 0:
                return False
            del self.armed[name]
            return True

    def _cut(self, session):
        session.response.out.clear()
        raise Disconnected("a fault that was asked for")

    def stall(self, session):
        if self._counts_down("stall"):
            while True:
                session.channel.is_readable(60)
                session.check()

    def statement(self, session):
        if self._counts_down("deadlock"):
            session.transaction.rollback()
            raise SQLError(1205, session.spid, state=51)

    def row(self, session, number):
        if not self.armed:
            return
        if self.armed.get("row") == number:
            del self.armed["row"]
            response = session.response
            del response.out[-1:]
            response.flush()
            session.channel.send(bytes(response.out[: max(len(response.out) - 1, 0)]))
            self._cut(session)
        if self.armed.get("token") == number:
            del self.armed["token"]
            session.response.add(b"\x00\x01\x02\x03")

    def count(self, count):
        return count + self.armed.get("count", 0)

    def commit(self, session, commit):
        if self._counts_down("before_commit"):
            self._cut(session)
        after = self._counts_down("after_commit")
        commit()
        if after:
            self._cut(session)

    def bulk(self, count):
        """(rows to tell, whether they are stored) of a bulk load."""
        lie = self.armed.pop("bulk_count", 0)
        return count + lie, self.armed.pop("bulk_lose", None) is None
