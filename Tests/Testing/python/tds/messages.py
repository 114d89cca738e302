"""PRINT, RAISERROR, THROW and WAITFOR."""

import re

from . import sqltypes as t
from . import values as v
from .convert import convert
from .errors import Level, SQLError
from .functions_of_time import now
from .texts import text_of

MARK = re.compile(r"%(?P<flags>[-+0# ]*)(?P<width>\d*)(?:\.(?P<precision>\d+))?(?:[hl]|I64)?(?P<kind>[diuoxXs%])")


def formatted(text, arguments):
    """The text with its arguments, (value, type) each, put in."""
    left = iter(arguments)

    def put(hit):
        if hit["kind"] == "%":
            return "%"
        value, kind = next(left, (None, None))
        if value is None:
            return "(null)"
        if hit["kind"] == "s":
            shown = text_of(value, kind)
            shown = shown[: int(hit["precision"])] if hit["precision"] else shown
        else:
            shown = (
                {"x": f"{value:x}", "X": f"{value:X}", "o": f"{value:o}"}.get(hit["kind"], str(value))
                if isinstance(value, int)
                else text_of(value, kind)
            )
        width = int(hit["width"] or 0)
        return shown.ljust(width) if "-" in hit["flags"] else shown.rjust(width, "0" if "0" in hit["flags"] else " ")

    return MARK.sub(put, text)


class Messages:
    """Mixed into the executor."""

    def _print(self, node):
        self.inform(0, (self.as_text(node.value) or " ")[:4000], line=node.line)

    def _raiseerror(self, node):
        severity, state = self.as_int(node.severity), self.as_int(node.state)
        value, kind = self.scalar(node.message)
        number, text = (50000, str(value)) if kind.kind == "text" else (value, f"Error {value}")
        arguments = [self.scalar(a) for a in node.arguments]
        text = formatted(text, arguments)
        if severity <= 10:
            self.inform(number if severity else 50000 if number == 50000 else number, text, severity, state, node.line)
            if "NOWAIT" in node.options:
                self.response.flush()
            return
        raise SQLError(number, text=text, severity=severity, state=max(state, 1), line=node.line)

    def _throw(self, node):
        if node.number is None:
            if self.session.caught is None:
                raise SQLError(
                    10704,
                    text="To rethrow an error, a THROW statement must be used inside a CATCH block. "
                    "Insert the THROW statement inside a CATCH block, or add error parameters to "
                    "the THROW statement.",
                    severity=15,
                    level=Level.BATCH,
                )
            caught = self.session.caught
            raise SQLError(
                caught.number,
                text=caught.text,
                severity=caught.severity,
                state=caught.state,
                line=caught.line,
                level=Level.BATCH,
            )
        raise SQLError(
            self.as_int(node.number),
            text=self.as_text(node.message),
            severity=16,
            state=self.as_int(node.state),
            line=node.line,
            level=Level.BATCH,
        )

    def _waitfor(self, node):
        value, kind = self.scalar(node.value)
        ticks = convert(value, kind, t.make("time"))
        seconds = ticks / 10_000_000
        if node.kind == "TIME":
            seconds = (ticks - now() % v.DAY) % v.DAY / 10_000_000
        self.response.flush()
        self.session.sleep(seconds)
        self.response.done()
