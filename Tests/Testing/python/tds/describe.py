"""What a statement asks for and gives, without running it."""

from . import nodes as n
from . import sqltypes as t
from .errors import SQLError
from .parse_statement import Parser
from .queries import QueryCompiler, Scope
from .wire import type_info

NAME, TEXT, FLAG = t.nvarchar(128), t.nvarchar(4000), t.BIT
PARAMETERS = [
    ("parameter_ordinal", t.INT),
    ("name", NAME),
    ("suggested_system_type_id", t.INT),
    ("suggested_system_type_name", t.nvarchar(256)),
    ("suggested_max_length", t.SMALLINT),
    ("suggested_precision", t.TINYINT),
    ("suggested_scale", t.TINYINT),
    ("suggested_user_type_id", t.INT),
    ("suggested_user_type_database", NAME),
    ("suggested_user_type_schema", NAME),
    ("suggested_user_type_name", NAME),
    ("suggested_assembly_qualified_type_name", TEXT),
    ("suggested_xml_collection_id", t.INT),
    ("suggested_xml_collection_database", NAME),
    ("suggested_xml_collection_schema", NAME),
    ("suggested_xml_collection_name", NAME),
    ("suggested_is_xml_document", FLAG),
    ("suggested_is_case_sensitive", FLAG),
    ("suggested_is_fixed_length_clr_type", FLAG),
    ("suggested_is_input", FLAG),
    ("suggested_is_output", FLAG),
    ("formal_parameter_name", NAME),
    ("suggested_tds_type_id", t.INT),
    ("suggested_tds_length", t.INT),
]
COLUMNS = [
    ("is_hidden", FLAG),
    ("column_ordinal", t.INT),
    ("name", NAME),
    ("is_nullable", FLAG),
    ("system_type_id", t.INT),
    ("system_type_name", t.nvarchar(256)),
    ("max_length", t.SMALLINT),
    ("precision", t.TINYINT),
    ("scale", t.TINYINT),
    ("collation_name", NAME),
    ("user_type_id", t.INT),
    ("user_type_database", NAME),
    ("user_type_schema", NAME),
    ("user_type_name", NAME),
    ("assembly_qualified_type_name", TEXT),
    ("xml_collection_id", t.INT),
    ("xml_collection_database", NAME),
    ("xml_collection_schema", NAME),
    ("xml_collection_name", NAME),
    ("is_xml_document", FLAG),
    ("is_case_sensitive", FLAG),
    ("is_fixed_length_clr_type", FLAG),
    ("source_server", NAME),
    ("source_database", NAME),
    ("source_schema", NAME),
    ("source_table", NAME),
    ("source_column", NAME),
    ("is_identity_column", FLAG),
    ("is_part_of_unique_key", FLAG),
    ("is_updateable", FLAG),
    ("is_computed_column", FLAG),
    ("is_sparse_column_set", FLAG),
    ("ordinal_in_order_by_list", t.SMALLINT),
    ("order_by_is_descending", FLAG),
    ("order_by_list_length", t.SMALLINT),
    ("tds_type_id", t.INT),
    ("tds_length", t.INT),
    ("tds_collation_id", t.INT),
    ("tds_collation_sort_id", t.TINYINT),
]


def declared(session, text):
    """The variables that a list of declarations like `@a int, @b nvarchar(10)` brings."""
    from .session import Variable

    if not (text or "").strip():
        return {}
    parser = Parser(text)
    items = parser.comma_list(parser._parameter)
    if parser.next.kind != "end":
        parser.fail()
    return {name.lower(): Variable(kind) for name, kind, _, _ in items}


def compile_statements(session, text, variables, undeclared):
    """Compiles all statements of a batch; gives the first query's plan."""
    from .execute import Executor

    outer, session.variables = session.variables, dict(variables)
    executor = Executor(session, session.response)
    first = None
    session.is_describing = True
    try:
        parser = Parser(text)
        for statement in parser.parse():
            plan = _compile(session, executor, statement, undeclared)
            first = first or plan
    finally:
        session.variables = outer
        session.is_describing = False
    return first, parser.marks


def _compile(session, executor, node, undeclared):
    from .session import Variable

    compiler = QueryCompiler(session, undeclared)
    if isinstance(node, n.Select):
        return compiler.query(node.query)
    if isinstance(node, n.Insert):
        table = executor.target(node.table)
        outputs = executor._insert_sql(compiler, node, table)[1]
        return _output_plan(outputs)
    if isinstance(node, n.Update):
        return _output_plan(executor._update_sql(compiler, node)[1])
    if isinstance(node, n.Delete):
        return _output_plan(executor._delete_sql(compiler, node)[1])
    if isinstance(node, n.Merge):
        _compile_merge(session, executor, compiler, node)
    elif isinstance(node, n.Declare):
        for name, kind, value, elements in node.items:
            if elements is None:
                session.variables[name.lower()] = Variable(kind)
                if value is not None:
                    compiler.convert(compiler.value(value), kind)
    elif isinstance(node, n.SetVariable):
        compiler.convert(compiler.value(node.value), session.variables[node.name.lower()].type)
    elif isinstance(node, n.Block):
        for each in node.statements:
            _compile(session, executor, each, undeclared)
    elif isinstance(node, n.If):
        compiler.condition(node.test)
        for each in (node.then, node.otherwise):
            if each is not None:
                _compile(session, executor, each, undeclared)
    elif isinstance(node, n.Execute) and node.name:
        _compile_execute(session, compiler, node)
    return None


def _output_plan(outputs):
    from .queries import Plan

    if not outputs:
        return None
    return Plan("", [QueryCompiler._result_column(None, name, expr) for name, expr in outputs])


def _compile_merge(session, executor, compiler, node):
    table = executor.target(node.table)
    compiler.scope = Scope()
    compiler.source(node.source)
    compiler.table_source(table, node.table.alias or node.table.parts[-1])
    compiler.condition(node.on)
    for kind, condition, action, what, values in node.clauses:
        if condition is not None:
            compiler.condition(condition)
        if action == "INSERT":
            for cell, column in zip(values, executor.insert_columns(table, what)):
                if not isinstance(cell, n.Default):
                    compiler.assign(compiler.value(cell), column, table)
        elif action == "UPDATE":
            executor._merge_sets(compiler, table, what)


def _compile_execute(session, compiler, node):
    from .catalog import Procedure

    found = session.find_object(node.name, missing_ok=True)
    if isinstance(found, Procedure):
        for (name, value, _), (_, kind, _, _) in zip(node.arguments, found.parameters):
            compiler.typed(compiler.value(value), kind)


def undeclared_parameters(session, text, declarations=None):
    """Rows of sp_describe_undeclared_parameters."""
    found = {}
    variables = declared(session, declarations)
    compile_statements(session, text, variables, found)
    rows = []
    for number, (name, kind) in enumerate(found.items()):
        if kind is None:
            raise SQLError(11502, text=f"The type for parameter '{name}' cannot be deduced in this context.", level=1)
        system = t.SYSTEM[kind.name]
        token = type_info(kind)[0]
        original = next((token_.text for token_ in Parser(text).tokens if token_.text.lower() == name), name)
        rows.append(
            (
                number + 1,
                original,
                system[0],
                str(kind),
                kind.max_length,
                kind.catalog_precision,
                kind.catalog_scale,
                system[1] if kind.name in t.UDTS else None,
                None,
                None,
                None,
                None,
                None,
                None,
                None,
                None,
                0,
                0,
                0,
                1,
                0,
                None,
                token,
                tds_length(kind),
            )
        )
    return rows


def tds_length(kind):
    return (
        65535
        if kind.is_max or kind.name in ("geometry", "geography")
        else kind.max_length if kind.max_length > 0 else 65535
    )


def first_result_set(session, text, declarations=None):
    """Rows of sp_describe_first_result_set."""
    plan, _ = compile_statements(session, text, declared(session, declarations), None)
    rows = []
    for number, column in enumerate(plan.columns if plan else []):
        kind = column.type
        system = t.SYSTEM[kind.name]
        schema, _, table = (column.table or "").partition(".")
        order = kind.collation
        rows.append(
            (
                0,
                number + 1,
                column.name or None,
                int(bool(column.nullable)),
                system[0],
                str(kind),
                kind.max_length,
                kind.catalog_precision,
                kind.catalog_scale,
                order.name if order else None,
                system[1] if kind.name in t.UDTS else None,
                None,
                None,
                None,
                None,
                None,
                None,
                None,
                None,
                0,
                0,
                0,
                None,
                session.database if table else None,
                schema or None,
                table or None,
                column.name if table else None,
                int(column.identity),
                0,
                int(bool(table) and not column.computed),
                int(column.computed),
                0,
                None,
                None,
                None,
                type_info(kind)[0],
                tds_length(kind),
                int.from_bytes(order.wire[:4], "little", signed=True) if order else None,
                order.wire[4] if order else None,
            )
        )
    return rows
