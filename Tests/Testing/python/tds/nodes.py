"""What the parser makes of T-SQL."""

from dataclasses import dataclass, field


class Node:
    line = 1


def node(cls):
    return dataclass(eq=False)(cls)


# --- expressions


@node
class Literal(Node):
    value: object  # as the values of its type are kept; a str in a `string`
    type: object


@node
class Variable(Node):
    name: str


@node
class ColumnName(Node):
    parts: list


@node
class Star(Node):
    table: list = None


@node
class Call(Node):
    name: str
    arguments: list
    is_distinct: bool = False
    over: object = None
    within: list = None  # ORDER BY of WITHIN GROUP


@node
class Over(Node):
    partition: list
    order: list
    frame: str = ""


@node
class Binary(Node):
    op: str
    left: Node
    right: Node


@node
class Unary(Node):
    op: str
    value: Node


@node
class Case(Node):
    value: Node
    whens: list
    otherwise: Node


@node
class Cast(Node):
    value: Node
    type: object
    tries: bool = False
    style: Node = None


@node
class IsNull(Node):
    value: Node
    negated: bool


@node
class In(Node):
    value: Node
    choices: object  # list of expressions, or a query
    negated: bool


@node
class Between(Node):
    value: Node
    low: Node
    high: Node
    negated: bool


@node
class Like(Node):
    value: Node
    pattern: Node
    escape: Node
    negated: bool


@node
class Exists(Node):
    query: Node


@node
class Subquery(Node):
    query: Node


@node
class Quantified(Node):
    left: Node
    op: str
    quantifier: str
    query: Node


@node
class Collate(Node):
    value: Node
    name: str


# --- queries


@node
class Item(Node):
    value: Node
    alias: str = None
    variable: str = None


@node
class Query(Node):
    items: list
    source: list = None
    where: Node = None
    group: list = None
    having: Node = None
    is_distinct: bool = False
    top: Node = None
    top_percent: bool = False
    into: list = None
    order: list = None
    offset: Node = None
    fetch: Node = None
    ctes: list = None


@node
class SetQuery(Node):
    op: str
    left: Node
    right: Node
    order: list = None
    offset: Node = None
    fetch: Node = None
    ctes: list = None
    into: list = None


@node
class Values(Node):
    rows: list
    ctes: list = None


@node
class TableName(Node):
    parts: list
    alias: str = None
    hints: list = field(default_factory=list)


@node
class Derived(Node):
    query: Node
    alias: str
    columns: list = None


@node
class TableCall(Node):
    parts: list
    arguments: list
    alias: str = None
    columns: list = None


@node
class Join(Node):
    kind: str
    left: Node
    right: Node
    on: Node


# --- statements


@node
class Select(Node):
    query: Node


@node
class Insert(Node):
    table: TableName
    columns: list
    source: Node  # a query, an Execute, or None for DEFAULT VALUES
    output: list = None
    output_into: TableName = None
    ctes: list = None
    top: Node = None


@node
class Update(Node):
    table: TableName
    sets: list  # (column name or None, variable or None, value)
    source: list = None
    where: Node = None
    output: list = None
    output_into: TableName = None
    top: Node = None
    ctes: list = None


@node
class Delete(Node):
    table: TableName
    source: list = None
    where: Node = None
    output: list = None
    output_into: TableName = None
    top: Node = None
    ctes: list = None


@node
class Merge(Node):
    table: TableName
    source: Node
    on: Node
    clauses: list  # (matched: yes, no, source; condition; action; sets or columns; values)
    output: list = None
    ctes: list = None


@node
class Default(Node):
    pass


@node
class ColumnDefinition(Node):
    name: str
    type: object = None
    nullable: object = None
    default: str = None
    default_name: str = None
    identity: tuple = None
    computed: str = None
    is_persisted: bool = False
    is_sparse: bool = False
    is_rowguid: bool = False
    constraints: list = field(default_factory=list)


@node
class Constraint(Node):
    kind: str  # PRIMARY KEY, UNIQUE, CHECK, FOREIGN KEY, DEFAULT
    name: str = None
    columns: list = field(default_factory=list)
    expression: str = None
    references: list = None
    reference_columns: list = None
    on_delete: str = None
    on_update: str = None


@node
class CreateTable(Node):
    name: list
    elements: list
    exists_ok: bool = False


@node
class AlterTable(Node):
    name: list
    action: str
    elements: list


@node
class CreateIndex(Node):
    name: str
    table: list
    columns: list
    is_unique: bool = False
    where: str = None


@node
class CreateView(Node):
    name: list
    columns: list
    text: str
    query: Node
    replaces: bool = False


@node
class CreateTrigger(Node):
    name: list
    table: list
    text: str
    body: list
    replaces: bool = False


@node
class CreateProcedure(Node):
    name: list
    text: str
    body: list
    parameters: list
    replaces: bool = False


@node
class CreateOther(Node):
    what: str  # SCHEMA, DATABASE, LOGIN, USER, ROLE
    name: str
    options: dict = field(default_factory=dict)


@node
class Drop(Node):
    what: str
    names: list
    if_exists: bool
    table: list = None


@node
class Truncate(Node):
    name: list


@node
class Declare(Node):
    items: list  # (name, type, value, columns of a table variable)


@node
class SetVariable(Node):
    name: str
    op: str
    value: Node


@node
class SetOption(Node):
    names: list
    value: object


@node
class If(Node):
    test: Node
    then: Node
    otherwise: Node = None


@node
class While(Node):
    test: Node
    body: Node


@node
class Block(Node):
    statements: list


@node
class TryCatch(Node):
    body: list
    handler: list


@node
class Simple(Node):
    """BREAK, CONTINUE, RETURN, USE, and what is taken without effect."""

    what: str
    value: object = None


@node
class Transaction(Node):
    what: str  # BEGIN, COMMIT, ROLLBACK, SAVE
    name: object = None


@node
class Execute(Node):
    name: list
    arguments: list  # (name or None, value, is_output)
    result: str = None
    text: Node = None


@node
class Print(Node):
    value: Node


@node
class RaiseError(Node):
    message: Node
    severity: Node
    state: Node
    arguments: list
    options: list


@node
class Throw(Node):
    number: Node = None
    message: Node = None
    state: Node = None


@node
class WaitFor(Node):
    kind: str
    value: Node


@node
class Permission(Node):
    what: str  # GRANT, DENY, REVOKE
    rights: list
    object: list
    grantees: list


@node
class InsertBulk(Node):
    table: list
    columns: list  # (name, type)
    options: dict
