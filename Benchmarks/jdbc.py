"""Both tasks one after the other, between MySQL and PostgreSQL, beside a JDBC program that does the same.

The program is jdbc/Transfer.java; it needs javac and Debian's libpostgresql-jdbc-java and
libmariadb-java. One round by default: the program takes a minute.
"""
import os
import pathlib
import sys
import tempfile

import databases
from databases import Road, compare, flow, sh

sys.modules.setdefault("databases", databases)
import mysql  # noqa: E402
import postgresql  # noqa: E402

JARS = ["/usr/share/java/postgresql.jar", "/usr/share/java/mariadb-java-client.jar"]
# "At least seven times faster".
GOAL = 1 / 7


def jdbc_url(scheme, connection):
    os.environ["TRANSFER_USER"], os.environ["TRANSFER_PASSWORD"] = connection["username"], connection["password"]
    return f"jdbc:{scheme}://{connection['url'].split('://', 1)[1]}"


def main():
    rows = int(os.environ.get("FERRY_BENCH_ROWS", 2_000_000))
    rounds = int(os.environ.get("FERRY_BENCH_ROUNDS", 1))
    here = pathlib.Path(__file__).parent
    with tempfile.TemporaryDirectory(prefix="ferry-bench-") as name:
        folder = pathlib.Path(name)
        sh(["javac", "-d", str(folder), str(here / "jdbc/Transfer.java")])
        for server in (postgresql, mysql):
            server.prepare(rows, folder)
        one = jdbc_url("mariadb", mysql.connection())
        other = jdbc_url("postgresql", postgresql.connection())
        insert = f"INSERT INTO lineitem_copy VALUES ({', '.join('?' * 16)})"

        def program(source, target):
            return [
                "java", "-cp", ":".join([str(folder), *JARS]), "Transfer", source, "SELECT * FROM lineitem", target,
                insert, str(folder / "rows.txt"),
            ]  # fmt: skip

        there = (mysql.query(), postgresql.batch("{{ outputs.read.uri }}", table="lineitem_copy"))
        back = (postgresql.query(), mysql.batch("{{ outputs.read.uri }}", table="lineitem_copy"))
        print(f"lineitem of {rows:,} rows, median of {rounds}", flush=True)
        for road in (
            Road(
                f"{mysql.name} → PostgreSQL, both tasks", GOAL, flow(folder, "there", *there), program(one, other),
                "JDBC program", before=postgresql.empty,
            ),
            Road(
                f"PostgreSQL → {mysql.name}, both tasks", GOAL, flow(folder, "back", *back), program(other, one),
                "JDBC program", before=mysql.empty,
            ),
        ):  # fmt: skip
            compare(road, rounds, folder)


if __name__ == "__main__":
    main()
