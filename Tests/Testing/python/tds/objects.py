"""Views, procedures, schemas, databases, logins, rights; and DROP."""

from .catalog import Principal, Procedure, Table, Trigger, View, quote
from .constraints import index_name
from .errors import SQLError


class Objects:
    """Mixed into the definitions."""

    def _createview(self, node):
        self._change_schema()
        self._save_text(View(self._schema_of(node.name), node.name[-1], node.columns, node.text), node.replaces)

    def _createprocedure(self, node):
        if node.name[-1].startswith("#"):
            raise SQLError(102, node.name[-1])
        self._change_schema()
        self._save_text(Procedure(self._schema_of(node.name), node.name[-1], node.parameters, node.text), node.replaces)

    def _createtrigger(self, node):
        self._change_schema()
        table = self.session.find_object(node.table)
        name = self._schema_of(node.name), node.name[-1]
        self._save_text(Trigger(*name, table.object_id, node.text), node.replaces)

    def _schema_of(self, name):
        wanted = name[-2] if len(name) > 1 and name[-2] else "dbo"
        schema = self.session.catalog.schema(wanted)
        if schema is None:
            raise SQLError(2760, wanted)
        return schema

    def _save_text(self, item, replaces):
        there = self.session.catalog.find(item.schema, item.name)
        if there is not None and not (replaces and type(there) is type(item)):
            raise SQLError(2714, item.name, state=3)
        if there is not None:
            item.object_id = there.object_id
        self.session.catalog.save(item)
        self.session.parsed.clear()
        self.response.done()

    def _createother(self, node):
        session, store = self.session, self.session.store
        if node.what == "SCHEMA":
            self._change_schema()
            if session.catalog.schema(node.name) is not None:
                raise SQLError(2714, node.name, state=6)
            session.connection.execute("INSERT INTO main._schemas (name) VALUES (?)", (node.name,))
        elif node.what == "DATABASE":
            if session.transaction.count:
                raise SQLError(226, text="CREATE DATABASE statement not allowed within multi-statement transaction.")
            store.create_database(node.name)
        elif node.what == "LOGIN":
            if node.name.lower() in store.principals:
                raise SQLError(15025, node.name)
            store.principals[node.name.lower()] = Principal(
                node.name, node.options.get("PASSWORD", ""), node.options.get("DEFAULT_DATABASE", "master")
            )
        self.response.done()

    def _drop(self, node):
        for name in node.names:
            self._drop_one(node, name)
        self.response.done(0, 0xC7)

    def _drop_one(self, node, name):
        session, store, what = self.session, self.session.store, node.what
        if what == "DATABASE":
            if store.database_name(name[-1]) is None:
                if node.if_exists:
                    return
                raise SQLError(3701, "drop", "database", name[-1])
            connections = session.connections.pop(name[-1].lower(), None)
            if connections:
                connections[0].close()
            store.drop_database(name[-1])
        elif what in ("LOGIN", "USER", "ROLE"):
            if what == "LOGIN" and store.principals.pop(name[-1].lower(), None) is None and not node.if_exists:
                raise SQLError(15151, "drop", "login", name[-1])
        elif what == "SCHEMA":
            self._change_schema()
            cursor = session.connection.execute("DELETE FROM main._schemas WHERE name = ?", (name[-1],))
            if not cursor.rowcount and not node.if_exists:
                raise SQLError(15151, "drop", "schema", name[-1])
        elif what == "INDEX":
            self._drop_index(node, name)
        else:
            self._drop_object(node, name)

    def _drop_index(self, node, name):
        table = self.session.find_object(node.table or name[:-1])
        key = next((k for k in table.keys if k.name.lower() == name[-1].lower()), None)
        if key is None:
            if node.if_exists:
                return
            raise SQLError(3701, "drop", "index", f"{table.name}.{name[-1]}")
        self._change_schema()
        table.keys.remove(key)
        self.session.connection.execute(f"DROP INDEX {quote(index_name(table, key))}")
        self.session.catalog.save(table)

    def _drop_object(self, node, name):
        session = self.session
        found = session.find_object(name, missing_ok=True)
        kind = {"TABLE": Table, "VIEW": View, "PROCEDURE": Procedure}[node.what]
        if not isinstance(found, kind):
            if node.if_exists:
                return
            raise SQLError(3701, "drop", node.what.lower(), ".".join(name), state=5)
        if not getattr(found, "is_temporary", False):
            self._change_schema()
        elif session.transaction.count:
            session.transaction.write()
        if kind is Table:
            for other in session.catalog.all(Table):
                if other.object_id != found.object_id and any(
                    k.table[1].lower() == found.name.lower() for k in other.foreign_keys
                ):
                    raise SQLError(
                        3726,
                        text=f"Could not drop object '{'.'.join(name)}' because it is referenced by a "
                        "FOREIGN KEY constraint.",
                    )
            from . import raw_rows

            raw_rows.forget(session, found)
            session.connection.execute(f"DROP TABLE {found.sqlite}")
        session.catalog.remove(found)

    def _permission(self, node):
        """Rights by object, schema or database; what they mean is in session.check_right."""
        session = self.session
        scope = None
        if node.object is not None:
            if node.object[0] == "SCHEMA::":
                scope = node.object[1].lower()
            else:
                parts = node.object[1:] if node.object[0].endswith("::") else node.object
                found = session.find_object(parts, missing_ok=True)
                if found is None:
                    raise SQLError(15151, "find", "object", parts[-1])
                scope = f"{found.schema}.{found.name}".lower()
        for grantee in node.grantees:
            principal = session.store.principals.get(grantee.lower())
            if principal is None:
                continue
            grants = principal.grants.setdefault((session.database.lower(), scope), {})
            rights = " ".join(node.rights)
            names = [rights] if rights in ("CREATE TABLE", "ALTER ANY SCHEMA") else node.rights
            for right in names:
                if node.what == "REVOKE":
                    grants.pop(right, None)
                else:
                    grants[right] = node.what == "GRANT"
        self.response.done()
