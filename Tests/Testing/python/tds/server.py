"""The listener: a thread per client, and the SQL Server Browser's answers on UDP."""

import itertools
import os
import signal
import socket
import ssl
import struct
import threading
import traceback

from . import login as l
from . import packets, response
from .errors import Disconnected, ProtocolError, SQLError
from .packets import Channel
from .sqltypes import DEFAULT
from .wire import Incomplete

SPIDS = itertools.count(51)


class Server:
    """What all sessions share: options, databases, logins, faults."""

    def __init__(self, options, store, faults):
        self.options, self.store, self.faults = options, store, faults
        self.sessions = {}
        self.tls, self.strict_tls = _contexts(options)
        self.listener = socket.create_server((options.host, options.port), backlog=128)
        self.port = self.listener.getsockname()[1]
        self.browser = None
        if options.browser_port is not None:
            self.browser = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.browser.bind((options.host, options.browser_port))

    @property
    def browser_port(self):
        return self.browser.getsockname()[1] if self.browser else None

    def run(self):
        if self.browser:
            threading.Thread(target=self._browse, daemon=True).start()
        while True:
            sock, _ = self.listener.accept()
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=Client(self, sock).run, daemon=True).start()

    def _browse(self):
        """Answers the browser's requests: 2 and 3 for all instances, 4 and a name for one."""
        name = self.options.instance
        entry = (
            f"ServerName;{response.SERVER_NAME};InstanceName;{name};IsClustered;No;Version;15.0.4435.7;"
            f"tcp;{self.port};;"
        ).encode()
        while True:
            data, address = self.browser.recvfrom(1024)
            asked = data[1:].split(b"\0")[0].decode("latin-1")
            if data[:1] in (b"\x02", b"\x03") or (data[:1] == b"\x04" and asked.upper() == name.upper()):
                self.browser.sendto(b"\x05" + struct.pack("<H", len(entry)) + entry, address)


def _contexts(options):
    if not options.certificate:
        return None, None
    contexts = []
    for highest in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.certificate, options.key)
        context.maximum_version = highest
        contexts.append(context)
    contexts[1].set_alpn_protocols(["tds/8.0"])
    return contexts


class Client:
    """One connection from its first byte to its end."""

    def __init__(self, server, sock):
        self.server = server
        self.channel = Channel(sock)
        self.spid = next(SPIDS)
        self.session = None

    def run(self):
        try:
            login = self._log_in()
            if login is not None:
                from .session import Session

                self.session = Session(self.server, self.channel, self.spid, login)
                self.server.sessions[self.spid] = self.session
                self.session.run()
        except Disconnected as end:
            self._say(f"{end}")
        except (ProtocolError, Incomplete, struct.error) as error:
            self._say(f"ended by the server: {error!r}")
            if self.server.options.verbose:
                traceback.print_exc()
        except Exception:
            traceback.print_exc()
        finally:
            self.server.sessions.pop(self.spid, None)
            if self.session:
                self.session.close()
            self.channel.close()

    def _say(self, text):
        if self.server.options.verbose:
            print(f"{self.spid}: {text}", flush=True)

    # --- login

    def _log_in(self):
        """The login, answered unless it failed."""
        options = self.server.options
        if self.channel.peek() == 0x16:
            if not self.server.strict_tls:
                raise Disconnected("TLS, and no certificate")
            self.channel.start_tls(self.server.strict_tls, inside_packets=False)
            encryption = None
        else:
            encryption = True
        kind, _, data = self.channel.receive_message()
        login_only = False
        if kind == packets.PRELOGIN:
            asked = l.read_prelogin(data)
            wish = asked.get(l.ENCRYPTION, b"\x02")[0]
            answer = l.agree(wish, options.encrypt, self.server.tls is not None)
            self._say(f"prelogin: encryption {wish} wished, {answer} answered")
            self._answer_prelogin(asked, answer)
            if encryption and answer != l.NOT_SUPPORTED:
                self.channel.start_tls(self.server.tls, inside_packets=True)
                login_only = answer == l.OFF
            kind, _, data = self.channel.receive_message()
        elif options.encrypt == "required":
            raise Disconnected("a login without prelogin")
        if kind != packets.LOGIN:
            raise ProtocolError(f"a packet of type {kind} instead of a login")
        login = l.read_login(data)
        self._say(
            f"login: TDS 0x{login.tds:08X}, packets of {login.packet_size}, user {login.user!r}, "
            f"application {login.application!r}, library {login.library!r}, features {sorted(login.features)}"
        )
        if login_only:
            self.channel.stop_tls()
        return self._answer(login)

    def _answer_prelogin(self, asked, encryption):
        answer = [
            (l.VERSION, l.SERVER_VERSION + b"\0\0"),
            (l.ENCRYPTION, bytes([encryption])),
            (l.INSTANCE, b"\0"),
            (l.THREAD, b""),
            (l.MARS, b"\0"),
        ]
        if l.FEDERATED in asked:
            answer.append((l.FEDERATED, b"\0"))
        data = l.write_prelogin(answer)
        self.channel.send(b"".join(packets.packets(packets.RESPONSE, data, 4096, self.spid)))

    def _answer(self, login):
        store = self.server.store
        login.packet_size = min(max(login.packet_size or 4096, 512), 32767)
        tds = login.tds if login.tds <= 0x74000004 else 0x74000004
        if tds < 0x70000000:
            raise ProtocolError(f"TDS version 0x{tds:08X}")
        login.tds = tds
        answer = response.Response(self.channel, 4096 if login.packet_size < 512 else login.packet_size, tds, self.spid)
        try:
            principal = store.principal(login.user, login.password)
            if login.wants_integrated or principal is None:
                raise SQLError(18456, login.user)
            wanted = login.database or principal.database
            database = store.database_name(wanted)
            if database is None:
                answer.message(SQLError(4060, wanted))
                raise SQLError(18456, login.user)
        except SQLError as error:
            answer.message(error)
            answer.done(response.ERROR)
            answer.finish()
            return None
        login.database = database
        login.principal = principal
        answer.change(response.DATABASE, database, "master")
        answer.message(SQLError(5701, text=f"Changed database context to '{database}'.", severity=0, state=2), False)
        answer.change(response.COLLATION, DEFAULT.wire)
        answer.change(response.LANGUAGE, "us_english")
        answer.message(SQLError(5703, text="Changed language setting to us_english.", severity=0), False)
        answer.login_acknowledged(bytes([15, 0]) + struct.pack(">H", 4435))
        answer.change(response.PACKET_SIZE, str(login.packet_size), "4096")
        if login.features:
            answer.add(l.feature_acknowledgement(login.features))
        answer.done()
        answer.finish()
        return login


def serve(options, store, faults):
    # Whoever stops the test servers sends SIGQUIT: a quiet end, which no shell needs to report.
    signal.signal(signal.SIGQUIT, lambda *_: os._exit(0))
    server = Server(options, store, faults)
    line = f"port {server.port}"
    if server.browser_port:
        line += f" browser {server.browser_port}"
    print(line, flush=True)
    try:
        server.run()
    except KeyboardInterrupt:
        os._exit(0)
