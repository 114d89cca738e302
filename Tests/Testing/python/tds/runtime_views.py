"""The views of what runs: sessions, connections, and what procedures take."""

from . import sqltypes as t
from . import values as v
from .catalog import Procedure, Trigger
from .system_views import view


@view("sys.dm_exec_sessions", "session_id:s login_time:w program_name:n login_name:n host_name:n")
def _sessions(session):
    return [
        (s.spid, v.ticks_datetime(s.login_time), s.login.application, s.principal.name, s.login.host)
        for s in list(session.server.sessions.values())
    ]


@view(
    "sys.dm_exec_connections",
    "session_id:i encrypt_option:n net_transport:n auth_scheme:n net_packet_size:i",
)
def _connections(session):
    return [
        (s.spid, "TRUE" if s.channel.tls else "FALSE", "TCP", "SQL", s.login.packet_size)
        for s in list(session.server.sessions.values())
    ]


@view("sys.triggers", "name:n object_id:i parent_id:i is_disabled:b")
def _triggers(session):
    return [(each.name, each.object_id, each.table, 0) for each in session.catalog.all(Trigger)]


@view(
    "sys.parameters",
    "object_id:i name:n parameter_id:i system_type_id:t user_type_id:i max_length:s precision:t scale:t "
    "is_output:b has_default_value:b is_nullable:b",
)
def _parameters(session):
    for procedure in session.catalog.all(Procedure):
        for number, (name, kind, default, is_output) in enumerate(procedure.parameters):
            system, user = t.SYSTEM[kind.name][:2]
            size = kind.max_length, kind.catalog_precision, kind.catalog_scale
            yield (procedure.object_id, name, number + 1, system, user, *size, int(is_output), 0, 1)
