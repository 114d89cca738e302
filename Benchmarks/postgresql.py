"""PostgreSQL's rows of the benchmark of databases."""
import glob
import os
import pathlib
import shlex
import urllib.parse

from databases import Road, flow, sh

name = "PostgreSQL"
url = os.environ.get("FERRY_TEST_POSTGRESQL_URL", "")

TABLE = """(
  l_orderkey bigint NOT NULL, l_partkey integer NOT NULL, l_suppkey integer NOT NULL, l_linenumber integer NOT NULL,
  l_quantity numeric(15,2) NOT NULL, l_extendedprice numeric(15,2) NOT NULL, l_discount numeric(15,2) NOT NULL,
  l_tax numeric(15,2) NOT NULL, l_returnflag char(1) NOT NULL, l_linestatus char(1) NOT NULL, l_shipdate date NOT NULL,
  l_commitdate date NOT NULL, l_receiptdate date NOT NULL, l_shipinstruct char(25) NOT NULL,
  l_shipmode char(10) NOT NULL,
  l_comment varchar(44) NOT NULL)"""

# The same rows on every server and in every run: everything follows from the number of the row.
ROWS = """
SELECT (i / 4) * 32 + i % 4, 1 + (i * 7919) % 200000, 1 + (i * 104729) % 10000, 1 + i % 7,
  1 + (i * 31) % 50, (90000 + (i * 7907) % 10000000) / 100.0, (i * 17) % 11 / 100.0, (i * 13) % 9 / 100.0,
  substr('ANR', (1 + i % 3)::integer, 1), substr('OF', (1 + i % 2)::integer, 1),
  date '1992-01-02' + (i * 37 % 2526)::integer, date '1992-01-31' + (i * 41 % 2466)::integer,
  date '1992-01-04' + (i * 43 % 2554)::integer,
  (ARRAY['DELIVER IN PERSON', 'COLLECT COD', 'NONE', 'TAKE BACK RETURN'])[1 + i % 4],
  (ARRAY['REG AIR', 'AIR', 'RAIL', 'SHIP', 'TRUCK', 'MAIL', 'FOB'])[1 + i % 7],
  substr(md5(i::text) || ' carefully final deposits', 1, (10 + i % 34)::integer)
FROM generate_series(0::bigint, {last}) AS i"""


def available():
    return bool(url)


def program(tool):
    """Debian keeps the newest beside the server, and another one on the path."""
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{tool}"))
    return found[-1] if found else tool


def psql(*commands):
    parts = [program("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-A", "-t", url]
    for command in commands:
        parts += ["-c", command]
    return parts


def connection():
    """The properties that a task takes, out of the url."""
    parts = urllib.parse.urlsplit(url)
    return {
        "url": f"jdbc:postgresql://{parts.hostname}:{parts.port or 5432}{parts.path}",
        "username": urllib.parse.unquote(parts.username or ""),
        "password": urllib.parse.unquote(parts.password or ""),
    }


def query(sql="SELECT * FROM lineitem", **more):
    return {
        "id": "read", "type": "io.kestra.plugin.jdbc.postgresql.Query", **connection(), "sql": sql,
        "fetchType": "STORE", **more,
    }  # fmt: skip


def batch(source, **more):
    return {"id": "load", "type": "io.kestra.plugin.jdbc.postgresql.Batch", **connection(), "from": source, **more}


def prepare(rows, folder: pathlib.Path):
    sh(
        psql(
            "DROP TABLE IF EXISTS lineitem, lineitem_copy",
            f"CREATE TABLE lineitem {TABLE}",
            f"CREATE TABLE lineitem_copy {TABLE}",
            "INSERT INTO lineitem" + ROWS.format(last=rows - 1),
        )
    )
    sh(psql("VACUUM ANALYZE lineitem", f"\\copy lineitem TO '{folder}/lineitem.bin' (FORMAT binary)"))
    sh(flow(folder, "ready", query()))
    for path in (folder / "storage").rglob("*.arrow"):
        path.rename(folder / "lineitem.arrow")


def empty():
    """Each load starts from the same state, with nothing left to write for the server."""
    sh(psql("TRUNCATE lineitem_copy", "CHECKPOINT"))


def check():
    different = "SELECT count(*) FROM (TABLE lineitem EXCEPT ALL TABLE lineitem_copy) AS x"
    same = sh(psql(different, "SELECT (SELECT count(*) FROM lineitem) = (SELECT count(*) FROM lineitem_copy)")).split()
    if same != ["0", "t"]:
        raise SystemExit(f"the copy differs: {same}")


def roads(folder: pathlib.Path):
    arrow = f"file://{folder}/lineitem.arrow"
    to_null = ["bash", "-c", shlex.join(psql("COPY lineitem TO STDOUT (FORMAT binary)")) + " > /dev/null"]
    ready = psql(f"\\copy lineitem_copy FROM '{folder}/lineitem.bin' (FORMAT binary)")
    pipe = [
        "bash", "-c", "set -o pipefail; " + shlex.join(psql("COPY lineitem TO STDOUT (FORMAT binary)"))
        + " | " + shlex.join(psql("COPY lineitem_copy FROM STDIN (FORMAT binary)")),
    ]  # fmt: skip
    both = (query(), batch("{{ outputs.read.uri }}", table="lineitem_copy"))
    return [
        Road("PostgreSQL → record file", 1.15, flow(folder, "read", query()), to_null, "psql COPY > /dev/null"),
        Road(
            "record file → PostgreSQL", 1.05, flow(folder, "load", batch(arrow, table="lineitem_copy")), ready,
            "psql COPY FROM file", before=empty, after=check,
        ),
        Road(
            "PostgreSQL → PostgreSQL, both tasks", 2.0, flow(folder, "both", *both), pipe, "psql | psql", before=empty,
            after=check,
        ),
        Road(
            "PostgreSQL, with parameters → record file", 1.5,
            flow(folder, "bound", query("SELECT * FROM lineitem WHERE l_orderkey >= :key", parameters={"key": 0})),
            to_null, "psql COPY > /dev/null",
        ),
    ]  # fmt: skip
