"""Remote procedure calls, EXEC, and the system's procedures."""

from . import nodes as n
from . import sqltypes as t
from . import system_procedures
from .catalog import Procedure
from .convert import convert
from .errors import ProtocolError, SQLError
from .execute import BatchEnded, Executor, Return
from .parse_statement import Parser
from .response import ERROR
from .session import Variable
from .wire import BadValue, Incomplete, read_type

BY_NUMBER = {
    1: "sp_cursor",
    2: "sp_cursoropen",
    3: "sp_cursorprepare",
    4: "sp_cursorexecute",
    5: "sp_cursorprepexec",
    6: "sp_cursorunprepare",
    7: "sp_cursorfetch",
    8: "sp_cursoroption",
    9: "sp_cursorclose",
    10: "sp_executesql",
    11: "sp_prepare",
    12: "sp_execute",
    13: "sp_prepexec",
    14: "sp_prepexecrpc",
    15: "sp_unprepare",
}
MAX_PARAMETERS = 2100
ANOTHER, ANOTHER_OLD, NOT_EXECUTED = 0xFF, 0x80, 0xFE


class Parameter:
    __slots__ = ("name", "type", "value", "is_output", "is_default")

    def __init__(self, name, type, value, is_output=False, is_default=False):
        self.name, self.type, self.value, self.is_output, self.is_default = name, type, value, is_output, is_default


class Request:
    """The calls of an RPC message."""

    def __init__(self, session, body):
        self.session, self.body = session, body
        self.executor = Executor(session, session.response)

    def run(self):
        while self.body.rest:
            name, parameters = self._read()
            self.executor.has_failed = False
            self._call(name, parameters)
        self.executor.end_of_batch()

    def _read(self):
        body = self.body
        size = body.u16()
        name = BY_NUMBER.get(body.u16(), "?") if size == 0xFFFF else body.take(2 * size).decode("utf-16-le")
        body.u16()
        parameters = []
        while body.rest:
            mark = body.data[body.position]
            if mark in (ANOTHER, NOT_EXECUTED) or (mark == ANOTHER_OLD and self.session.login.tds < 0x72000000):
                body.u8()
                break
            parameters.append(self._read_parameter(len(parameters) + 1))
        if len(parameters) > MAX_PARAMETERS + 2:
            raise SQLError(8003)
        return name, parameters

    def _read_parameter(self, number):
        body = self.body
        name = body.text8()
        status = body.u8()
        kind = read_type(body)
        try:
            value, body.position = kind.read(body.data, body.position)
        except BadValue:
            raise SQLError(8023, number, name, kind.type.name, level=1) from None
        except Incomplete:
            raise ProtocolError(f"parameter {number} goes beyond its message") from None
        return Parameter(name, kind.type, value, bool(status & 1), bool(status & 2))

    def _call(self, name, parameters):
        session, response = self.session, self.session.response
        response.is_in_procedure = True
        session.error = None
        results = None
        try:
            results = self._dispatch(name, parameters)
        except BatchEnded:
            pass
        except SQLError as error:
            self.executor.report(error)
        finally:
            response.is_in_procedure = False
        if results is not None or not self.executor.has_failed:
            status, values = results or (0, [])
            response.return_status(status)
            for ordinal, (label, kind, value) in enumerate(values):
                response.return_value(ordinal, label, kind, value)
        response.done_procedure(ERROR if self.executor.has_failed else 0)

    def _dispatch(self, name, parameters):
        short = name.rpartition(".")[2].strip("[]").lower()
        method = getattr(self, "_" + short, None) if short.startswith("sp_") else None
        if method is not None:
            return method(parameters)
        return call(self.executor, Parser(name).dotted() if name else [""], parameters)

    # --- statements with parameters

    def _bind(self, declarations, parameters):
        """The variables of declarations, with the values that came."""
        session = self.session
        if len(parameters) > MAX_PARAMETERS:
            raise SQLError(8003)
        variables = {}
        if not (declarations or "").strip():
            return variables, []
        key = ("declarations", declarations)
        if key not in session.parsed:
            parser = Parser(declarations)
            session.parsed[key] = parser.comma_list(parser._parameter)
            if parser.next.kind != "end":
                parser.fail()
        items = session.parsed[key]
        outputs = []
        for number, (label, kind, default, _) in enumerate(items):
            found = None
            if number < len(parameters) and parameters[number].name.lower() in ("", label.lower()):
                found = parameters[number]
            else:
                found = next((p for p in parameters if p.name.lower() == label.lower()), None)
            if found is None:
                raise SQLError(8178, declarations[:100], label, level=1)
            variables[label.lower()] = Variable(kind, convert(found.value, found.type, kind))
            if found.is_output:
                outputs.append((label, kind))
        return variables, outputs

    def _run_text(self, text, variables, outputs):
        try:
            after = self.executor.nested(text, variables)
        except Return as end:
            return end.value, []
        return 0, [(label, kind, after[label.lower()].value) for label, kind in outputs]

    def _text(self, parameters, number, name):
        if number >= len(parameters):
            raise SQLError(201, name, "@stmt")
        found = parameters[number]
        return convert(found.value, found.type, t.NVARCHAR_MAX)

    def _sp_executesql(self, parameters):
        text = self._text(parameters, 0, "sp_executesql")
        declarations = self._text(parameters, 1, "sp_executesql") if len(parameters) > 1 else None
        variables, outputs = self._bind(declarations, parameters[2:])
        return self._run_text(text or "", variables, outputs)

    def _prepare(self, declarations, text):
        session = self.session
        Parser(text).parse()
        handle, session.next_handle = session.next_handle, session.next_handle + 1
        session.prepared[handle] = (declarations, text)
        return handle

    def _sp_prepare(self, parameters):
        declarations, text = self._text(parameters, 1, "sp_prepare"), self._text(parameters, 2, "sp_prepare")
        handle = self._prepare(declarations, text)
        self._send_columns(declarations, text)
        return 0, [("@handle", t.INT, handle)]

    def _send_columns(self, declarations, text):
        """The columns of a prepared query, as the client may want to know them now."""
        from .describe import compile_statements, declared

        try:
            plan, _ = compile_statements(self.session, text, declared(self.session, declarations), None)
        except SQLError as error:
            self.executor.report(error)
            raise SQLError(8180, level=1) from None
        if plan is not None:
            self.session.response.columns(plan.columns)
            self.session.response.done()

    def _sp_execute(self, parameters):
        handle = convert(parameters[0].value, parameters[0].type, t.INT)
        if handle not in self.session.prepared:
            raise SQLError(8179, handle)
        declarations, text = self.session.prepared[handle]
        variables, outputs = self._bind(declarations, parameters[1:])
        return self._run_text(text, variables, outputs)

    def _sp_prepexec(self, parameters):
        declarations, text = self._text(parameters, 1, "sp_prepexec"), self._text(parameters, 2, "sp_prepexec")
        old = parameters[0].value
        if old is not None:
            self.session.prepared.pop(old, None)
        handle = self._prepare(declarations, text)
        variables, outputs = self._bind(declarations, parameters[3:])
        status, values = self._run_text(text, variables, outputs)
        return status, [("@handle", t.INT, handle)] + values

    def _sp_unprepare(self, parameters):
        handle = convert(parameters[0].value, parameters[0].type, t.INT)
        if self.session.prepared.pop(handle, None) is None:
            raise SQLError(8179, handle)
        return 0, []


def call(executor, name, parameters):
    """Calls a procedure with parameters; gives its status and its output values."""
    session = executor.session
    short = name[-1].lower()
    found = system_procedures.TABLE.get(short)
    if found is not None:
        return found(executor, parameters) or 0, []
    procedure = session.find_object(name, missing_ok=True)
    if not isinstance(procedure, Procedure):
        raise SQLError(2812, ".".join(name), state=62)
    session.check_right("EXECUTE", procedure)
    variables, outputs = _arguments(executor, procedure, parameters)
    status = 0
    saved = session.variables
    was_inside, session.response.is_in_procedure = session.response.is_in_procedure, True
    try:
        variables = executor.nested(procedure.text, variables)
    except Return as end:
        status = end.value
    except SQLError as error:
        error.procedure = error.procedure or procedure.name
        raise
    finally:
        session.response.is_in_procedure = was_inside
        session.variables = saved
    return status, [(label, kind, variables[label.lower()].value) for label, kind in outputs]


def _arguments(executor, procedure, parameters):
    if len(parameters) > len(procedure.parameters):
        raise SQLError(8144, procedure.name)
    variables, outputs = {}, []
    for number, (label, kind, default, is_output) in enumerate(procedure.parameters):
        found = next((p for p in parameters if p.name.lower() == label.lower()), None)
        if found is None and number < len(parameters) and not parameters[number].name:
            found = parameters[number]
        if found is None or found.is_default:
            if default is None:
                raise SQLError(201, procedure.name, label)
            value = convert(*executor.scalar(default), kind)
        else:
            value = convert(found.value, found.type, kind)
        variables[label.lower()] = Variable(kind, value)
        if is_output and found is not None and found.is_output:
            outputs.append((label, kind))
    return variables, outputs


def execute(executor, node):
    """EXEC in a batch; gives the status."""
    session = executor.session
    short = node.name[-1].lower()
    parameters, targets = [], []
    for label, value, is_output in node.arguments:
        if isinstance(value, n.Default):
            parameters.append(Parameter(label or "", t.INT, None, is_default=True))
        else:
            found, kind = executor.scalar(value)
            parameters.append(Parameter(label or "", kind, found, is_output))
        targets.append(value.name if is_output and isinstance(value, n.Variable) else None)
    if short in ("sp_executesql",):
        request = Request(session, None)
        request.executor = executor
        was_inside, session.response.is_in_procedure = session.response.is_in_procedure, True
        try:
            status, values = request._sp_executesql(parameters)
        finally:
            session.response.is_in_procedure = was_inside
    else:
        status, values = call(executor, node.name, parameters)
    remaining = [target for target in targets if target]
    for target, (_, kind, value) in zip(remaining, values):
        executor.assign(target, value, kind)
    return status
