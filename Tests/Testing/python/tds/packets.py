"""Packets of TDS, and TLS inside of them."""

import select
import ssl
import struct

from .errors import Disconnected, ProtocolError

BATCH, RPC, RESPONSE, ATTENTION, BULK, TRANSACTION, LOGIN, PRELOGIN = 1, 3, 4, 6, 7, 14, 16, 18
END_OF_MESSAGE = 1
RESET_CONNECTION, RESET_KEEPING_TRANSACTION = 8, 16
RECEIVE_BYTES = 1 << 18


class Channel:
    """A client's connection: bytes in and out, plain, under TLS, or with the handshake inside of prelogin packets."""

    def __init__(self, sock):
        self.sock = sock
        self.tls = None
        self.incoming = None
        self.outgoing = None
        self.buffer = bytearray()

    # --- bytes

    def _receive_raw(self):
        try:
            data = self.sock.recv(RECEIVE_BYTES)
        except OSError as error:
            raise Disconnected(str(error)) from None
        if not data:
            raise Disconnected("the client closed the connection")
        return data

    def _send_raw(self, data):
        try:
            self.sock.sendall(data)
        except OSError as error:
            raise Disconnected(str(error)) from None

    def _fill(self):
        """Waits for more bytes."""
        if self.tls is None:
            self.buffer += self._receive_raw()
            return
        while True:
            try:
                data = self.tls.read(RECEIVE_BYTES)
                if not data:
                    raise Disconnected("the client ended TLS")
                self.buffer += data
                return
            except ssl.SSLWantReadError:
                self.incoming.write(self._receive_raw())
            except ssl.SSLError as error:
                raise Disconnected(f"TLS: {error}") from None

    def peek(self):
        while not self.buffer:
            self._fill()
        return self.buffer[0]

    def send(self, data):
        if self.tls is None:
            self._send_raw(data)
            return
        view = memoryview(data)
        for start in range(0, len(view), 1 << 20):
            self.tls.write(view[start : start + (1 << 20)])
            self._send_raw(self.outgoing.read())

    def is_readable(self, seconds=0):
        """Whether bytes have come."""
        if self.buffer or (self.tls is not None and (self.tls.pending() or self.incoming.pending)):
            return True
        return bool(select.select([self.sock], [], [], seconds)[0])

    # --- packets

    def receive_packet(self):
        """(type, status, data) of the next packet."""
        while len(self.buffer) < 8:
            self._fill()
        kind, status, length = struct.unpack_from(">BBH", self.buffer)
        if length < 8:
            raise ProtocolError(f"a packet of {length} bytes")
        while len(self.buffer) < length:
            self._fill()
        data = bytes(self.buffer[8:length])
        del self.buffer[:length]
        return kind, status, data

    def receive_message(self):
        """(type, status of the first packet, data) of the next message."""
        kind, first, data = self.receive_packet()
        parts, status = [data], first
        while not status & END_OF_MESSAGE:
            other, status, data = self.receive_packet()
            if other != kind:
                if other == ATTENTION:
                    return ATTENTION, status, b""
                raise ProtocolError(f"a packet of type {other} in a message of type {kind}")
            parts.append(data)
        return kind, first, b"".join(parts)

    # --- TLS

    def start_tls(self, context, inside_packets):
        """Does the handshake as the server, wrapped in prelogin packets (TDS 7) or plainly (TDS 8)."""
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(self.incoming, self.outgoing, server_side=True)
        if not inside_packets:
            self.incoming.write(bytes(self.buffer))
            self.buffer.clear()
        while True:
            try:
                tls.do_handshake()
                done = True
            except ssl.SSLWantReadError:
                done = False
            except ssl.SSLError as error:
                self._send_handshake(inside_packets)
                raise Disconnected(f"TLS: {error}") from None
            self._send_handshake(inside_packets)
            if done:
                break
            if inside_packets:
                kind, _, data = self.receive_packet()
                if kind != PRELOGIN:
                    raise ProtocolError(f"a packet of type {kind} in the TLS handshake")
                self.incoming.write(data)
            else:
                self.incoming.write(self._receive_raw())
        if self.buffer:
            self.incoming.write(bytes(self.buffer))
            self.buffer.clear()
        self.tls = tls

    def _send_handshake(self, inside_packets):
        data = self.outgoing.read()
        if not data:
            return
        self._send_raw(b"".join(packets(PRELOGIN, data, 4096, 0)) if inside_packets else data)

    def stop_tls(self):
        """Back to plain bytes, after a login that alone was encrypted."""
        self.tls = None

    def close(self):
        try:
            self.sock.close()
        except OSError:
            pass


def packets(kind, data, size, spid, last=True):
    """The packets of a message, or of a part of it. Without `last` the data must fill whole packets."""
    room = size - 8
    count = max(1, -(-len(data) // room))
    for number in range(count):
        part = data[number * room : (number + 1) * room]
        status = END_OF_MESSAGE if last and number == count - 1 else 0
        yield struct.pack(">BBHHBB", kind, status, len(part) + 8, spid, (number + 1) & 255, 0) + part
