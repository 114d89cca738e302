"""MySQL's and MariaDB's rows of the benchmark of databases, and the roads between them and PostgreSQL."""
import os
import pathlib
import shlex
import urllib.parse

from databases import Road, flow, sh

url = os.environ.get("FERRY_TEST_MYSQL_URL") or os.environ.get("FERRY_TEST_MARIADB_URL", "")
name = "MySQL" if os.environ.get("FERRY_TEST_MYSQL_URL") else "MariaDB"

TABLE = """(
  l_orderkey bigint NOT NULL, l_partkey int NOT NULL, l_suppkey int NOT NULL, l_linenumber int NOT NULL,
  l_quantity decimal(15,2) NOT NULL, l_extendedprice decimal(15,2) NOT NULL, l_discount decimal(15,2) NOT NULL,
  l_tax decimal(15,2) NOT NULL, l_returnflag char(1) NOT NULL, l_linestatus char(1) NOT NULL, l_shipdate date NOT NULL,
  l_commitdate date NOT NULL, l_receiptdate date NOT NULL, l_shipinstruct char(25) NOT NULL,
  l_shipmode char(10) NOT NULL,
  l_comment varchar(44) NOT NULL) ENGINE=InnoDB CHARACTER SET utf8mb4"""

# The same rows as PostgreSQL's: everything follows from the number of the row.
ROWS = """
SELECT (i DIV 4) * 32 + i % 4, 1 + (i * 7919) % 200000, 1 + (i * 104729) % 10000, 1 + i % 7,
  1 + (i * 31) % 50, (90000 + (i * 7907) % 10000000) / 100, (i * 17) % 11 / 100, (i * 13) % 9 / 100,
  substr('ANR', 1 + i % 3, 1), substr('OF', 1 + i % 2, 1),
  date '1992-01-02' + INTERVAL i * 37 % 2526 DAY, date '1992-01-31' + INTERVAL i * 41 % 2466 DAY,
  date '1992-01-04' + INTERVAL i * 43 % 2554 DAY,
  elt(1 + i % 4, 'DELIVER IN PERSON', 'COLLECT COD', 'NONE', 'TAKE BACK RETURN'),
  elt(1 + i % 7, 'REG AIR', 'AIR', 'RAIL', 'SHIP', 'TRUCK', 'MAIL', 'FOB'),
  substr(concat(left(sha2(i, 256), 32), ' carefully final deposits'), 1, 10 + i % 34)
FROM (WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {last}) SELECT i FROM n) AS n"""


def available():
    return bool(url)


def parts():
    found = urllib.parse.urlsplit(url)
    user, password = urllib.parse.unquote(found.username), urllib.parse.unquote(found.password)
    return found.hostname, found.port or 3306, user, password


def client(*options):
    host, port, user, password = parts()
    return [
        "mariadb", "--no-defaults", f"--host={host}", f"--port={port}", f"--user={user}", f"--password={password}",
        "--local-infile=1", "--default-character-set=utf8mb4", urllib.parse.urlsplit(url).path[1:], *options,
    ]  # fmt: skip


def run(*statements):
    return sh(client("-N", "-e", ";".join(statements)))


def connection():
    host, port, user, password = parts()
    return {
        "url": f"jdbc:mysql://{host}:{port}{urllib.parse.urlsplit(url).path}", "username": user, "password": password,
    }  # fmt: skip


def query(sql="SELECT * FROM lineitem", **more):
    return {
        "id": "read", "type": "io.kestra.plugin.jdbc.mysql.Query", **connection(), "sql": sql, "fetchType": "STORE",
        **more,
    }  # fmt: skip


def batch(source, **more):
    return {"id": "load", "type": "io.kestra.plugin.jdbc.mysql.Batch", **connection(), "from": source, **more}


def prepare(rows, folder: pathlib.Path):
    depth = "cte_max_recursion_depth" if name == "MySQL" else "max_recursive_iterations"
    run(
        f"SET SESSION {depth} = {rows + 1}", "DROP TABLE IF EXISTS lineitem, lineitem_copy",
        f"CREATE TABLE lineitem {TABLE}", f"CREATE TABLE lineitem_copy {TABLE}",
        "INSERT INTO lineitem" + ROWS.format(last=rows - 1),
    )  # fmt: skip
    ready = shlex.join(client("--quick", "-N", "-e", "SELECT * FROM lineitem"))
    sh(["bash", "-c", f"{ready} > {shlex.quote(str(folder / 'lineitem.tsv'))}"])
    sh(flow(folder, "ready", query()))
    for path in (folder / "storage").rglob("*.arrow"):
        path.rename(folder / "lineitem-mysql.arrow")


def empty():
    run("TRUNCATE lineitem_copy")


def check():
    sums = [line.split()[1] for line in run("CHECKSUM TABLE lineitem, lineitem_copy").splitlines()]
    if len(set(sums)) != 1:
        raise SystemExit(f"the copy differs: {sums}")


def roads(folder: pathlib.Path):
    arrow = f"file://{folder}/lineitem-mysql.arrow"
    to_null = ["bash", "-c", shlex.join(client("--quick", "-e", "SELECT * FROM lineitem")) + " > /dev/null"]
    ready = client("-e", f"LOAD DATA LOCAL INFILE '{folder}/lineitem.tsv' INTO TABLE lineitem_copy")
    own = [
        Road(f"{name} → record file", 1.0, flow(folder, "my_read", query()), to_null, "mariadb --quick > /dev/null"),
        Road(
            f"record file → {name}", 1.05, flow(folder, "my_load", batch(arrow, table="lineitem_copy")), ready,
            "LOAD DATA LOCAL of a file", before=empty, after=check,
        ),
    ]  # fmt: skip
    return own + between(folder)


def between(folder):
    """The roads to and from PostgreSQL, where that server runs too."""
    import postgresql

    if not postgresql.available():
        return []
    there = (query(), postgresql.batch("{{ outputs.read.uri }}", table="lineitem_copy"))
    back = (postgresql.query(), batch("{{ outputs.read.uri }}", table="lineitem_copy"))
    text_pipe = [
        "bash", "-c", "set -o pipefail; " + shlex.join(client("--quick", "-N", "-e", "SELECT * FROM lineitem")) + " | "
        + shlex.join(postgresql.psql("COPY lineitem_copy FROM STDIN")),
    ]  # fmt: skip
    load_pipe = [
        "bash", "-c", "set -o pipefail; " + shlex.join(postgresql.psql("COPY lineitem TO STDOUT")) + " | "
        + shlex.join(client("-e", "LOAD DATA LOCAL INFILE '/dev/stdin' INTO TABLE lineitem_copy")),
    ]  # fmt: skip
    return [
        Road(
            f"{name} → PostgreSQL, both tasks", 0.75, flow(folder, "my_there", *there), text_pipe,
            "mariadb --quick | psql COPY", before=postgresql.empty,
        ),
        Road(
            f"PostgreSQL → {name}, both tasks", 1.05, flow(folder, "my_back", *back), load_pipe,
            "psql COPY | LOAD DATA LOCAL", before=empty,
        ),
    ]  # fmt: skip
