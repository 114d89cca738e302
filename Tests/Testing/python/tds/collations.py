"""Collations: the code page of char and varchar, the order, and the five bytes that stand for both."""

import codecs
from dataclasses import dataclass, replace

# The first words of a name → (number of the locale, code page); others are Latin1_General's.
LOCALES = {
    "albanian": (0x041C, 1250),
    "arabic": (0x0401, 1256),
    "chinese_prc": (0x0804, 936),
    "chinese_simplified": (0x0804, 936),
    "chinese_taiwan": (0x0404, 950),
    "chinese_traditional": (0x0404, 950),
    "croatian": (0x041A, 1250),
    "cyrillic_general": (0x0419, 1251),
    "czech": (0x0405, 1250),
    "estonian": (0x0425, 1257),
    "greek": (0x0408, 1253),
    "hebrew": (0x040D, 1255),
    "hungarian": (0x040E, 1250),
    "japanese": (0x0411, 932),
    "korean": (0x0412, 949),
    "latvian": (0x0426, 1257),
    "lithuanian": (0x0427, 1257),
    "polish": (0x0415, 1250),
    "romanian": (0x0418, 1250),
    "slovak": (0x041B, 1250),
    "slovenian": (0x0424, 1250),
    "thai": (0x041E, 874),
    "turkish": (0x041F, 1254),
    "ukrainian": (0x0422, 1251),
    "vietnamese": (0x042A, 1258),
}
LATIN = (0x0409, 1252)
UTF8_PAGE = 65001


def _question_mark(character):
    return b"?" * (1 + (character > "\uffff"))


def _question_marks(error):
    """For what a code page lacks."""
    return b"".join(map(_question_mark, error.object[error.start : error.end])), error.end


def _best_fit(error):
    """Windows takes the five bytes that code page 1252 leaves open as control characters."""
    part = error.object[error.start : error.end]
    if isinstance(error, UnicodeDecodeError):
        return "".join(map(chr, part)), error.end
    return b"".join(bytes([ord(c)]) if c in "\x81\x8d\x8f\x90\x9d" else _question_mark(c) for c in part), error.end


codecs.register_error("tds_question_marks", _question_marks)
codecs.register_error("tds_best_fit", _best_fit)


@dataclass(frozen=True)
class Collation:
    name: str
    wire: bytes
    code_page: int
    sqlite: str

    @property
    def encoding(self):
        return "utf-8" if self.code_page == UTF8_PAGE else f"cp{self.code_page}"

    @property
    def is_single_byte(self):
        return self.code_page not in (UTF8_PAGE, 932, 936, 949, 950)

    def encode(self, text):
        if self.code_page == UTF8_PAGE:
            return text.encode("utf-8", "surrogatepass")
        return text.encode(self.encoding, "tds_best_fit" if self.code_page == 1252 else "tds_question_marks")

    def decode(self, data):
        return data.decode(self.encoding, "tds_best_fit" if self.code_page == 1252 else "replace")


def collation(name):
    """The collation of that name: its language's code page, or UTF-8; case, accents and order by its suffixes."""
    upper = name.upper()
    locale, page = next((v for k, v in LOCALES.items() if name.lower().startswith(k)), LATIN)
    flags = locale
    binary = "_BIN" in upper
    if "_BIN2" in upper:
        flags |= 1 << 25
    elif binary:
        flags |= 1 << 24
    else:
        flags |= (1 << 20 if "_CI" in upper else 0) | (1 << 21 if "_AI" in upper else 0)
        flags |= (0 if "_KS" in upper else 1 << 22) | (0 if "_WS" in upper else 1 << 23)
    utf8 = upper.endswith("_UTF8")
    flags |= 1 << 26 if utf8 else 0
    flags |= 2 << 28 if "_100_" in upper else 3 << 28 if "_140_" in upper else 0
    sort = 0x34 if upper == "SQL_LATIN1_GENERAL_CP1_CI_AS" else 0x33 if upper == "SQL_LATIN1_GENERAL_CP1_CS_AS" else 0
    order = "TDS_BIN" if binary else "TDS_CI" if "_CI" in upper else "TDS_CS"
    return Collation(name, flags.to_bytes(4, "little") + bytes([sort]), UTF8_PAGE if utf8 else page, order)


DEFAULT = collation("SQL_Latin1_General_CP1_CI_AS")
UTF8 = collation("Latin1_General_100_CI_AS_SC_UTF8")
PAGES = {locale: page for locale, page in LOCALES.values()}


def collation_of_wire(data):
    """The collation that a client named by its five bytes."""
    flags = int.from_bytes(data[:4], "little")
    if flags >> 26 & 1:
        return UTF8
    return replace(DEFAULT, wire=bytes(data), code_page=PAGES.get(flags & 0xFFFF, 1252)) if any(data) else DEFAULT
