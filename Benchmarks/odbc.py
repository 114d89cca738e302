"""PostgreSQL through ODBC: beside a loop in C that only fetches, beside Ferry's own driver, beside psql."""
import glob
import pathlib
import shutil
import urllib.parse

import postgresql
from databases import Road, flow, sh

name = "PostgreSQL through ODBC"
here = pathlib.Path(__file__).parent


def driver():
    found = glob.glob("/usr/lib/*/odbc/psqlodbcw.so")
    return found[0] if found else None


def available():
    return postgresql.available() and driver() is not None


def text():
    """The connection string; without a cursor the driver would keep all rows."""
    parts = urllib.parse.urlsplit(postgresql.url)
    password = urllib.parse.unquote(parts.password or "").replace("}", "}}")
    return (
        f"Driver={driver()};Server={parts.hostname};Port={parts.port or 5432};Database={parts.path[1:]};"
        f"UID={urllib.parse.unquote(parts.username or '')};PWD={{{password}}};UseDeclareFetch=1;Fetch=2000"
    )


def query(sql="SELECT * FROM lineitem", **more):
    return {"id": "read", "type": "jdbc.odbc.Query", "url": text(), "sql": sql, "fetchType": "STORE", **more}


def batch(source, **more):
    return {"id": "load", "type": "jdbc.odbc.Batch", "url": text(), "from": source, **more}


def prepare(rows, folder: pathlib.Path):
    """The rows are PostgreSQL's, which is measured before."""
    sh(postgresql.psql(f"\\copy lineitem TO '{folder}/lineitem.copy'"))
    compiler = shutil.which("cc") or shutil.which("clang")
    sh([compiler, "-O2", "-o", folder / "odbc-read", here / "ODBC/read.c", "-lodbc"])


def roads(folder: pathlib.Path):
    arrow = f"file://{folder}/lineitem.arrow"
    read = flow(folder, "odbc_read", query())
    to_null = ["bash", "-c", '"$@" > /dev/null', "-", *postgresql.psql("COPY lineitem TO STDOUT")]
    return [
        Road(
            "ODBC → record file", 1.25, read, [str(folder / "odbc-read"), text(), "SELECT * FROM lineitem"],
            "a bare loop in C",
        ),
        Road("ODBC → record file", 10, read, flow(folder, "native_read", postgresql.query()), "Ferry's own driver"),
        Road("ODBC → record file", 10, read, to_null, "psql COPY > /dev/null"),
        Road(
            "record file → ODBC", 20, flow(folder, "odbc_load", batch(arrow, table="lineitem_copy")),
            postgresql.psql(f"\\copy lineitem_copy FROM '{folder}/lineitem.copy'"), "psql \\copy of a file",
            before=postgresql.empty, after=postgresql.check,
        ),
    ]  # fmt: skip
