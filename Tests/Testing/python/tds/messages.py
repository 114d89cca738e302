"""RAISERROR's templates."""

import re

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
            shown = shown[:int(hit["precision"])] if hit["precision"] else shown
        else:
            shown = {"x": f"{value:x}", "X": f"{value:X}", "o": f"{value:o}"}.get(hit["kind"], str(value)) \
                if isinstance(value, int) else text_of(value, kind)
        width = int(hit["width"] or 0)
        return shown.ljust(width) if "-" in hit["flags"] else shown.rjust(width, "0" if "0" in hit["flags"] else " ")
    return MARK.sub(put, text)
