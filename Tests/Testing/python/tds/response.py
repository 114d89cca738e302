"""A response: its tokens, sent in packets as they fill."""

import struct

from . import packets
from .wire import type_info, writer

SERVER_NAME = "FERRYTEST"
MORE, ERROR, IN_TRANSACTION, COUNT, ATTENTION, SERVER_ERROR = 1, 2, 4, 0x10, 0x20, 0x100
DONE, DONE_PROCEDURE, DONE_IN_PROCEDURE = 0xFD, 0xFE, 0xFF
DATABASE, LANGUAGE, PACKET_SIZE, COLLATION, BEGIN, COMMIT, ROLLBACK, RESET = 1, 2, 4, 7, 8, 9, 10, 18
FLUSH_BYTES = 1 << 17


class Column:
    """A column of a result."""

    __slots__ = ("name", "type", "nullable", "identity", "computed", "hidden", "key", "table", "sparse", "writable")

    def __init__(self, name, type, nullable=True, identity=False, computed=False, table=None, writable=False):
        self.name, self.type, self.nullable = name, type, nullable
        self.identity, self.computed, self.table, self.writable = identity, computed, table, writable
        self.hidden = self.key = self.sparse = False

    @property
    def flags(self):
        return (
            bool(self.nullable)
            | (0 if self.computed or self.type.name == "timestamp" else 8 if self.table else 0)
            | 0x10 * bool(self.identity)
            | 0x20 * bool(self.computed)
        )


class Response:
    def __init__(self, channel, packet_size, tds, spid):
        self.channel, self.packet_size, self.tds, self.spid = channel, packet_size, tds, spid
        self.out = bytearray()
        self.pending = None  # a DONE that does not know yet whether more comes
        self.is_in_procedure = False
        self.in_transaction = lambda: False
        self.on_flush = lambda: None
        self.packet_number = 0
        self.knows_utf8 = True

    @property
    def is_new(self):
        return self.tds >= 0x72000000

    # --- packets

    def flush(self, last=False):
        """Sends what fills whole packets; everything when it is the last."""
        room = self.packet_size - 8
        count = -(-len(self.out) // room) if last else (len(self.out) - 1) // room if self.out else 0
        if last and not count:
            count = 1
        view, parts = bytes(self.out), []
        for number in range(count):
            part = view[number * room : (number + 1) * room]
            self.packet_number += 1
            status = packets.END_OF_MESSAGE if last and number == count - 1 else 0
            parts.append(
                struct.pack(">BBHHBB", packets.RESPONSE, status, len(part) + 8, self.spid, self.packet_number & 255, 0)
            )
            parts.append(part)
        del self.out[: count * room]
        if parts:
            self.channel.send(b"".join(parts))

    def add(self, data):
        """Appends the bytes of a token; a DONE that waits goes before it."""
        if self.pending:
            self._done(*self.pending, more=True)
            self.pending = None
        self.out += data
        if len(self.out) > FLUSH_BYTES:
            self.flush()
            self.on_flush()

    def finish(self):
        """The end of the response."""
        if self.pending is None:
            self.pending = (DONE, 0, 0, 0)
        self._done(*self.pending, more=False)
        self.pending = None
        self.flush(last=True)

    # --- tokens

    def _done(self, token, status, command, count, more):
        status |= MORE if more else 0
        status |= IN_TRANSACTION if self.in_transaction() else 0
        self.out += struct.pack("<BHHQ" if self.is_new else "<BHHI", token, status, command, count)

    def done(self, status=0, command=0, count=0):
        """The end of a statement."""
        self.add(b"")
        self.pending = (DONE_IN_PROCEDURE if self.is_in_procedure else DONE, status, command, count)

    def done_procedure(self, status=0, command=0xE0, count=0):
        self.add(b"")
        self.pending = (DONE_PROCEDURE, status, command, count)

    def message(self, error, is_error=True):
        """An ERROR or an INFO."""
        text = error.text.encode("utf-16-le", "replace")[:8000]
        body = struct.pack("<iBBH", error.number, error.state, error.severity, len(text) // 2) + text
        body += _text8(SERVER_NAME) + _text8(error.procedure)
        body += struct.pack("<I" if self.is_new else "<H", error.line or 1)
        self.add(struct.pack("<BH", 0xAA if is_error else 0xAB, len(body)) + body)

    def change(self, kind, new, old=b""):
        """An ENVCHANGE; texts are for names, bytes for the rest."""
        body = bytes([kind])
        for value in (new, old):
            body += _text8(value) if isinstance(value, str) else bytes([len(value)]) + value
        self.add(struct.pack("<BH", 0xE3, len(body)) + body)

    def login_acknowledged(self, version):
        body = bytes([1]) + struct.pack(">I", self.tds) + _text8("Microsoft SQL Server") + version
        self.add(struct.pack("<BH", 0xAD, len(body)) + body)

    def columns(self, columns):
        """COLMETADATA. Who did not ask for UTF-8 is sent nvarchar instead."""
        if not self.knows_utf8:
            for column in columns:
                if column.type.collation is not None and column.type.collation.encoding == "utf-8":
                    wide = {"char": "nchar", "text": "ntext"}.get(column.type.name, "nvarchar")
                    if column.type.name in ("char", "varchar", "text"):
                        column.type = column.type.but(
                            name=wide if column.type.length <= 4000 else "nvarchar",
                            length=column.type.length if column.type.length <= 4000 else -1,
                        )
        data = bytearray(struct.pack("<BH", 0x81, len(columns)))
        for column in columns:
            user_type = 80 if column.type.name == "timestamp" else 0
            data += struct.pack("<IH" if self.is_new else "<HH", user_type, column.flags)
            info = type_info(column.type, column.nullable, True, self.tds)
            data += info
            if info[0] in (0x22, 0x23, 0x63):
                data += self._table_name(column.table)
            data += _text8(column.name)
        self.add(bytes(data))

    def _table_name(self, table):
        parts = (table or "").split(".") if table else [""]
        if not self.is_new:
            return _text16(".".join(parts))
        return bytes([len(parts)]) + b"".join(_text16(part) for part in parts)

    def writers(self, columns):
        return [writer(c.type, c.nullable, tds=self.tds) for c in columns]

    def return_status(self, value):
        self.add(struct.pack("<Bi", 0x79, value))

    def return_value(self, ordinal, name, type, value):
        data = struct.pack("<BH", 0xAC, ordinal) + _text8(name) + b"\x01"
        data += struct.pack("<IH" if self.is_new else "<HH", 0, 1) + type_info(type, tds=self.tds)
        self.add(data + writer(type, in_rows=False, tds=self.tds)(value))


def _text8(text):
    data = text.encode("utf-16-le", "surrogatepass")[:510]
    return bytes([len(data) // 2]) + data


def _text16(text):
    data = text.encode("utf-16-le", "surrogatepass")
    return struct.pack("<H", len(data) // 2) + data
