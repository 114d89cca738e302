"""Prelogin and LOGIN7."""

import struct
from dataclasses import dataclass, field

from .errors import ProtocolError
from .wire import Bytes

VERSION, ENCRYPTION, INSTANCE, THREAD, MARS, TRACE, FEDERATED, NONCE = range(8)
END = 0xFF
OFF, ON, NOT_SUPPORTED, REQUIRED = range(4)
SERVER_VERSION = bytes([15, 0]) + struct.pack(">H", 4435)  # as SQL Server 2019 CU 30 says it
UTF8_SUPPORT = 0x0A


def read_prelogin(data):
    """The options that a prelogin carries."""
    options, at = {}, 0
    while True:
        if at >= len(data):
            raise ProtocolError("a prelogin without end")
        if data[at] == END:
            return options
        option, start, size = struct.unpack_from(">BHH", data, at)
        if start + size > len(data):
            raise ProtocolError("a prelogin option beyond its message")
        options[option] = data[start : start + size]
        at += 5


def write_prelogin(options):
    start, head, body = 5 * len(options) + 1, b"", b""
    for option, data in options:
        head += struct.pack(">BHH", option, start + len(body), len(data))
        body += data
    return head + bytes([END]) + body


def agree(client, policy, has_tls):
    """What a server of that policy answers to a client's wish for encryption; None to refuse.

    off: the login alone is encrypted unless the client wants more; on: as off; required: everything; none: nothing.
    """
    if policy == "none" or not has_tls:
        return NOT_SUPPORTED
    if policy == "required":
        return REQUIRED if client in (OFF, NOT_SUPPORTED) else ON
    if client in (ON, REQUIRED):
        return ON
    return OFF if client == OFF else NOT_SUPPORTED


@dataclass
class Login:
    tds: int = 0
    packet_size: int = 4096
    host: str = ""
    user: str = ""
    password: str = ""
    application: str = ""
    server: str = ""
    library: str = ""
    language: str = ""
    database: str = ""
    new_password: str = ""
    is_odbc: bool = False
    wants_integrated: bool = False
    features: dict = field(default_factory=dict)


def _plain(data):
    return bytes(((b ^ 0xA5) >> 4 | (b ^ 0xA5) << 4) & 255 for b in data)


def read_login(data):
    if len(data) < 86:
        raise ProtocolError("a LOGIN7 that is too short")
    head = Bytes(data)
    head.u32()
    login = Login(tds=head.u32(), packet_size=head.u32())
    head.take(12)
    _, flags2, _, flags3 = head.take(4)
    login.is_odbc = bool(flags2 & 2)
    login.wants_integrated = bool(flags2 & 0x80)
    head.take(8)

    def field(decode=lambda part: part):
        start, count = head.u16(), head.u16()
        if start + 2 * count > len(data):
            raise ProtocolError("a field of LOGIN7 beyond its message")
        return decode(data[start : start + 2 * count]).decode("utf-16-le", "replace")

    login.host, login.user, login.password = field(), field(), field(_plain)
    login.application, login.server = field(), field()
    extension_at, extension_size = head.u16(), head.u16()
    login.library, login.language, login.database = field(), field(), field()
    head.take(6)
    head.u16(), head.u16()
    field()
    if login.tds >= 0x72000000:
        login.new_password = field(_plain)
    if flags3 & 0x10 and extension_size >= 4:
        start = struct.unpack_from("<I", data, extension_at)[0]
        login.features = _features(data, start)
    return login


def _features(data, at):
    found = {}
    while at < len(data) and data[at] != END:
        feature, size = struct.unpack_from("<BI", data, at)
        found[feature] = data[at + 5 : at + 5 + size]
        at += 5 + size
    return found


def feature_acknowledgement(features):
    """FEATUREEXTACK: of all that a client may ask for, UTF-8 alone."""
    body = struct.pack("<BI", UTF8_SUPPORT, 1) + b"\x01" if UTF8_SUPPORT in features else b""
    return b"\xae" + body + b"\xff"
