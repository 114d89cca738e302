"""T-SQL's tokens."""

import re
from typing import NamedTuple

from .errors import SQLError

TOKEN = re.compile(
    r"""
    (?P<space>\s+|--[^\r\n]*)
  | (?P<comment>/\*)
  | (?P<string>N?'(?:[^']|'')*')
  | (?P<quoted>\[(?:[^\]]|\]\])*\]|"(?:[^"]|"")*")
  | (?P<hex>0[xX][0-9a-fA-F]*)
  | (?P<float>(?:\d+\.?\d*|\.\d+)[eE][+-]?\d+)
  | (?P<decimal>\d+\.\d*|\.\d+)
  | (?P<integer>\d+)
  | (?P<variable>@@?[\w$\#@]+)
  | (?P<money>\$\d*\.?\d*)
  | (?P<parameter>\?)
  | (?P<name>[^\W\d][\w$\#@]*|\#\#?[\w$\#@]+)
  | (?P<op><>|!=|<=|>=|!<|!>|\+=|-=|\*=|/=|%=|&=|\|=|\^=|::|\|\||[-+*/%&|^~=<>(),.;:{}!])
""",
    re.VERBOSE,
)


class Token(NamedTuple):
    kind: str
    text: str
    key: str  # in capitals, of names and operators
    line: int
    start: int
    end: int


def tokens(text):
    """All tokens of a batch, and an `end`."""
    found, at, line = [], 0, 1
    match = TOKEN.match
    while at < len(text):
        hit = match(text, at)
        if hit is None:
            rest = text[at : at + 30]
            if text[at] in "'\"[" or text[at : at + 2].upper() == "N'":
                quote = text.find("'", at) if text[at] in "Nn" else at
                raise SQLError(105, text[quote + 1 :][:128], line=line)
            if text[at] == "\0":
                at += 1
                continue
            raise SQLError(102, rest[0], line=line)
        kind, end = hit.lastgroup, hit.end()
        part = hit.group()
        if kind == "comment":
            end = _comment_end(text, at, line)
            part = text[at:end]
        elif kind != "space":
            found.append(_token(kind, part, line, at, end))
        if "\n" in part:
            line += part.count("\n")
        at = end
    found.append(Token("end", "", "", line, at, at))
    return found


def _comment_end(text, at, line):
    depth, place = 0, at
    while True:
        hit = re.compile(r"/\*|\*/").search(text, place)
        if hit is None:
            raise SQLError(113, text="Missing end comment mark '*/'.", severity=15, line=line)
        depth += 1 if hit.group() == "/*" else -1
        place = hit.end()
        if depth == 0:
            return place


def _token(kind, part, line, start, end):
    if kind == "string":
        if part[0] in "Nn":
            return Token("nstring", part[2:-1].replace("''", "'"), "", line, start, end)
        return Token("string", part[1:-1].replace("''", "'"), "", line, start, end)
    if kind == "quoted":
        quote = part[-1]
        return Token("quoted", part[1:-1].replace(quote * 2, quote), "", line, start, end)
    if kind == "name":
        return Token("name", part, part.upper(), line, start, end)
    if kind == "op":
        return Token("op", part, {"!=": "<>", "!<": ">=", "!>": "<="}.get(part, part), line, start, end)
    return Token(kind, part, "", line, start, end)
