"""Aggregates and collations that SQLite calls back."""

from . import values as v
from .errors import SQLError


class SumDecimal:
    divides = False

    def __init__(self):
        self.total, self.count, self.scale = 0, 0, 0

    def step(self, value, scale):
        if value is not None:
            self.total += int.from_bytes(value, "big") - v.BIAS
            self.count += 1
            self.scale = scale

    def inverse(self, value, scale):
        if value is not None:
            self.total -= int.from_bytes(value, "big") - v.BIAS
            self.count -= 1

    def value(self):
        return self.finalize()

    def finalize(self):
        if not self.count:
            return None
        total = self.total
        if self.divides:
            total = abs(total) // self.count * (1 if total >= 0 else -1)
            total = (
                total // v.POWERS[38 - self.scale] * v.POWERS[38 - self.scale]
                if total >= 0
                else -(-total // v.POWERS[38 - self.scale]) * v.POWERS[38 - self.scale]
            )
        if abs(total) >= v.POWERS[76 - self.scale]:
            raise SQLError(8115, "expression", "numeric")
        return (total + v.BIAS).to_bytes(32, "big")


class AverageDecimal(SumDecimal):
    divides = True


def _spread(power, sample):
    class Spread:
        def __init__(self):
            self.values = []

        def step(self, value):
            if value is not None:
                self.values.append(value)

        def finalize(self):
            count = len(self.values) - (1 if sample else 0)
            if count < 1:
                return None
            mean = sum(self.values) / len(self.values)
            return (sum((x - mean) ** 2 for x in self.values) / count) ** power

    return Spread


def _folded(text):
    return text.rstrip(" ").casefold() if not text.isascii() else text.rstrip(" ").lower()


def compare_insensitive(a, b):
    a, b = _folded(a), _folded(b)
    return (a > b) - (a < b)


def compare_sensitive(a, b):
    a, b = a.rstrip(" "), b.rstrip(" ")
    if a == b:
        return 0
    x, y = (_folded(a), a.swapcase()), (_folded(b), b.swapcase())
    return (x > y) - (x < y)


def compare_binary(a, b):
    a, b = a.rstrip(" ").encode("utf-16-be", "replace"), b.rstrip(" ").encode("utf-16-be", "replace")
    return (a > b) - (a < b)


def row_size(session):
    """A function of CHECK constraints: the row's bytes against what a page takes."""

    def check(fixed, kinds, *values):
        size = fixed
        for kind, value in zip(kinds, values):
            if value is not None:
                length = len(value) * (2 if kind == "n" else 1)
                size += min(length, 24) if length > 24 else length
        if size > 8060:
            session.error = SQLError(511, size)
            raise session.error
        return 1

    return check


def register(connection, session):
    connection.create_window_function("tds_sum_decimal", 2, SumDecimal)
    connection.create_window_function("tds_avg_decimal", 2, AverageDecimal)
    for name, power, sample in (("stdev", 0.5, True), ("var", 1, True), ("stdevp", 0.5, False), ("varp", 1, False)):
        connection.create_aggregate(f"tds_{name}", 1, _spread(power, sample))
    connection.create_function("tds_row_size", -1, row_size(session), deterministic=True)
    connection.create_collation("TDS_CI", compare_insensitive)
    connection.create_collation("TDS_CS", compare_sensitive)
    connection.create_collation("TDS_BIN", compare_binary)
