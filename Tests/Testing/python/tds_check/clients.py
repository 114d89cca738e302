"""The clients behind one face."""

import re
import threading


class Client:
    """connect, run, bind; `marks` are the places of parameters."""

    name = ""
    cannot_read = {}  # type → why
    cannot_write = {}
    has_tls = True

    def __init__(self, server):
        self.server = server
        self.connection = self.connect()

    def run(self, sql, *parameters):
        """All results of a statement: lists of rows."""
        cursor = self.connection.cursor()
        try:
            if parameters:
                cursor.execute(self.marked(sql), parameters)
            else:
                cursor.execute(sql)
            found = []
            while True:
                if cursor.description:
                    found.append([tuple(row) for row in cursor.fetchall()])
                if not cursor.nextset():
                    return found
        finally:
            cursor.close()

    def marked(self, sql):
        return sql

    def number(self, error):
        """SQL Server's number of an error."""
        hit = (
            re.search(r"\((\d+)\) \(SQL", str(error))
            or re.search(r"\((\d+)[,)]", str(error))
            or re.search(r"\b(\d{3,5})\b", str(error))
        )
        return int(hit[1]) if hit else None

    def commit(self):
        self.connection.commit()

    def rollback(self):
        self.connection.rollback()

    def close(self):
        self.connection.close()


class PyMSSQL(Client):
    name = "pymssql (FreeTDS, db-lib)"
    cannot_write = {"text outside of Latin 1": "as literals, so it is written as N'…'"}

    def connect(self, tls=False, **more):
        import pymssql

        options = dict(
            server="127.0.0.1",
            port=self.server.port,
            user="sa",
            password=self.server.password,
            database="ferry",
            tds_version="7.4",
            encryption="require" if tls else "request",
        )
        options.update(more)
        return pymssql.connect(**options)

    def marked(self, sql):
        return sql.replace("?", "%s")

    def number(self, error):
        return error.args[0] if isinstance(error.args[0], int) else error.args[0][0]


class PythonTDS(Client):
    name = "python-tds"

    def connect(self, tls=False, **more):
        import pytds

        options = dict(
            dsn="localhost",
            port=self.server.port,
            user="sa",
            password=self.server.password,
            database="ferry",
            autocommit=False,
            use_tz=None,
        )
        if tls:
            options.update(cafile=self.server.authority, validate_host=True)
        options.update(more)
        return pytds.connect(**options)

    def marked(self, sql):
        return sql.replace("?", "%s")

    def run(self, sql, *parameters):
        import pytds

        return super().run(sql, *[pytds.Binary(p) if isinstance(p, bytes) else p for p in parameters])

    def number(self, error):
        return getattr(error, "number", None) or getattr(error, "msg_no", None)


class MSSQLPython(Client):
    name = "mssql-python (Microsoft's ODBC driver 18)"

    def connect(self, tls=False, **more):
        import mssql_python

        options = {
            "Server": f"localhost,{self.server.port}",
            "Database": "ferry",
            "UID": "sa",
            "PWD": "{" + self.server.password.replace("}", "}}") + "}",
            "Encrypt": "no",
        }
        if tls:
            options.update(Encrypt="yes", TrustServerCertificate="yes")
        options.update(more)
        return mssql_python.connect(";".join(f"{a}={b}" for a, b in options.items()))

    def number(self, error):
        return None


class PyODBC(Client):
    name = "pyodbc (FreeTDS's ODBC driver)"
    driver = "FreeTDS"

    def connect(self, tls=False, **more):
        import pyodbc

        options = {
            "DRIVER": self.driver,
            "SERVER": "127.0.0.1",
            "PORT": self.server.port,
            "UID": "sa",
            "PWD": "{" + self.server.password + "}",
            "DATABASE": "ferry",
            "TDS_Version": "7.4",
            "ClientCharset": "UTF-8",
            "Encryption": "require" if tls else "off",
        }
        options.update(more)
        return pyodbc.connect(";".join(f"{a}={b}" for a, b in options.items()))


class PyODBCMicrosoft(PyODBC):
    name = "pyodbc (Microsoft's ODBC driver 18)"

    def connect(self, tls=False, **more):
        import glob
        import os
        import mssql_python_odbc
        import pyodbc

        folder = os.path.dirname(mssql_python_odbc.__file__)
        library = sorted(glob.glob(f"{folder}/**/debian_ubuntu/x86_64/lib/libmsodbcsql*", recursive=True))[0]
        options = {
            "DRIVER": library,
            "SERVER": f"localhost,{self.server.port}",
            "UID": "sa",
            "PWD": "{" + self.server.password + "}",
            "DATABASE": "ferry",
            "Encrypt": "no",
        }
        if tls:
            options.update(Encrypt="yes", TrustServerCertificate="yes")
        options.update(more)
        return pyodbc.connect(";".join(f"{a}={b}" for a, b in options.items()))


ALL = [PyMSSQL, PythonTDS, MSSQLPython, PyODBC, PyODBCMicrosoft]


def later(seconds, action):
    timer = threading.Timer(seconds, action)
    timer.start()
    return timer
