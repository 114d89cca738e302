"""SQL Server's rows of the benchmark of databases. Beside the counterpart of the tests it says little about a server:
that one is slower than both clients, and is told to keep rows as they come (`--raw-bulk`)."""
import datetime
import filecmp
import hashlib
import os
import pathlib
import re

from databases import Road, flow, sh

url = os.environ.get("FERRY_TEST_SQLSERVER_URL", "")
name = "SQL Server"

TABLE = """(
  l_orderkey bigint NOT NULL, l_partkey int NOT NULL, l_suppkey int NOT NULL, l_linenumber int NOT NULL,
  l_quantity decimal(15,2) NOT NULL, l_extendedprice decimal(15,2) NOT NULL, l_discount decimal(15,2) NOT NULL,
  l_tax decimal(15,2) NOT NULL, l_returnflag char(1) NOT NULL, l_linestatus char(1) NOT NULL, l_shipdate date NOT NULL,
  l_commitdate date NOT NULL, l_receiptdate date NOT NULL, l_shipinstruct char(25) NOT NULL,
  l_shipmode char(10) NOT NULL, l_comment varchar(44) NOT NULL)"""


def available():
    return bool(url)


def parts():
    host, port = re.match(r"jdbc:sqlserver://([^:;]+):(\d+)", url).groups()
    user = re.search(r";user=([^;]*)", url).group(1)
    password = re.search(r";password=\{?((?:[^;}]|\}\})*)", url).group(1).replace("}}", "}")
    return f"{host}:{port}", user, password


def bcp(table, direction, file):
    """The yardstick: rows as characters, as they are without --raw-bulk too."""
    server, user, password = parts()
    return [
        "freebcp", f"ferry..{table}", direction, str(file), "-S", server, "-U", user, "-P", password, "-c",
        "-b", "100000000",
    ]  # fmt: skip


def tsql():
    server, user, password = parts()
    host, port = server.split(":")
    return ["tsql", "-H", host, "-p", port, "-U", user, "-P", password, "-D", "ferry"]


def run(*statements):
    text = "".join(f"{statement}\nGO\n" for statement in statements)
    said = sh(tsql(), input=text.encode())
    if "Msg " in said:
        raise SystemExit(said)
    return said


def connection():
    # freebcp encrypts the log-in alone; so does Ferry here.
    return {"url": re.sub(";encrypt=[^;]*", "", url) + ";encrypt=false"}


def query(sql="SELECT * FROM lineitem", **more):
    return {
        "id": "read", "type": "io.kestra.plugin.jdbc.sqlserver.Query", **connection(), "sql": sql, "fetchType": "STORE",
        **more,
    }  # fmt: skip


def batch(source, **more):
    return {"id": "load", "type": "io.kestra.plugin.jdbc.sqlserver.Batch", **connection(), "from": source, **more}


def line(i):
    """The same row as the other servers make."""

    def day(start, many):
        return (datetime.date.fromisoformat(start) + datetime.timedelta(many)).isoformat()

    def cents(value):
        return f"{value // 100}.{value % 100:02}"

    return "\t".join(
        [
            str((i // 4) * 32 + i % 4), str(1 + (i * 7919) % 200000), str(1 + (i * 104729) % 10000), str(1 + i % 7),
            f"{1 + (i * 31) % 50}.00", cents(90000 + (i * 7907) % 10000000), cents((i * 17) % 11), cents((i * 13) % 9),
            "ANR"[i % 3], "OF"[i % 2],
            day("1992-01-02", i * 37 % 2526), day("1992-01-31", i * 41 % 2466), day("1992-01-04", i * 43 % 2554),
            ("DELIVER IN PERSON", "COLLECT COD", "NONE", "TAKE BACK RETURN")[i % 4].ljust(25),
            ("REG AIR", "AIR", "RAIL", "SHIP", "TRUCK", "MAIL", "FOB")[i % 7].ljust(10),
            (hashlib.sha256(str(i).encode()).hexdigest()[:32] + " carefully final deposits")[: 10 + i % 34],
        ]
    )  # fmt: skip


def prepare(rows, folder: pathlib.Path):
    with open(folder / "lineitem-bcp.tsv", "w", encoding="ascii", newline="\n") as file:
        for i in range(rows):
            file.write(line(i) + "\n")
    for table in ("lineitem", "lineitem_copy"):
        run(f"DROP TABLE IF EXISTS {table}", f"CREATE TABLE {table} {TABLE}")
    sh(bcp("lineitem", "in", folder / "lineitem-bcp.tsv"))
    sh(bcp("lineitem", "out", folder / "original.tsv"))
    sh(flow(folder, "ready", query()))
    for path in (folder / "storage").rglob("*.arrow"):
        path.rename(folder / "lineitem-sqlserver.arrow")


def empty():
    run("TRUNCATE TABLE lineitem_copy")


def roads(folder: pathlib.Path):
    def check():
        sh(bcp("lineitem_copy", "out", folder / "copy.tsv"))
        if not filecmp.cmp(folder / "original.tsv", folder / "copy.tsv", shallow=False):
            raise SystemExit(f"the copy in {folder}/copy.tsv differs")

    arrow = f"file://{folder}/lineitem-sqlserver.arrow"
    ready = folder / "lineitem-bcp.tsv"
    read = flow(folder, "ss_read", query())
    text = "printf 'SELECT * FROM lineitem\\nGO\\n' | \"$@\" > /dev/null"
    return [
        Road(f"{name} → record file", 1.1, read, bcp("lineitem", "out", folder / "out.tsv"), "freebcp out of a file"),
        Road(f"{name} → record file", 1.1, read, ["bash", "-c", text, "-", *tsql()], "tsql > /dev/null"),
        Road(
            f"record file → {name}", 1.1, flow(folder, "ss_load", batch(arrow, table="lineitem_copy")),
            bcp("lineitem_copy", "in", ready), "freebcp in of a file", before=empty, after=check,
        ),
    ]  # fmt: skip
