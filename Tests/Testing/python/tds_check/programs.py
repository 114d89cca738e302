"""Checks by programs, and by what single clients alone have."""

import datetime as d
import os
import pathlib
import shutil
import socket
import subprocess
import uuid
from decimal import Decimal as D

from .clients import MSSQLPython, PyMSSQL, PythonTDS

PROGRAMS = []
JAVA = pathlib.Path(__file__).with_name("JTDSCheck.java")


def check(function):
    PROGRAMS.append(function)
    return function


def run(server, command, text="", **environment):
    configuration = os.path.join(server.folder, "freetds.conf")
    with open(configuration, "w", encoding="utf-8") as file:
        file.write(
            "[global]\n tds version = 7.4\n client charset = UTF-8\n encryption = "
            f"{environment.pop('encryption', 'request')}\n[ferry]\n host = localhost\n port = {server.port}\n"
        )
    done = subprocess.run(
        command,
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "FREETDSCONF": configuration, "LC_ALL": "C.UTF-8", **environment},
    )
    return done.stdout + done.stderr


def login(server):
    return ["-S", "ferry", "-U", "sa", "-P", server.password]


@check
def tsql(server):
    """tsql: plain and over TLS, counts, messages"""
    for encryption in ("off", "request", "require"):
        found = run(
            server,
            ["tsql", *login(server), "-D", "ferry"],
            "select cast(1.50 as decimal(5,2)), N'ü漢'\nprint 'words'\nselec\ngo\nselect 1/0\ngo\nselect 7\ngo\n",
            encryption=encryption,
        )
        for word in ("Incorrect syntax near 'selec'", "Msg 8134", "7\n"):
            assert word in found, found
        found = run(
            server,
            ["tsql", *login(server), "-D", "ferry"],
            "select cast(1.50 as decimal(5,2)), N'ü漢'\ngo\n",
            encryption=encryption,
        )
        assert "1.50\tü漢" in found and "(1 row affected)" in found, found


@check
def bsqldb(server):
    """bsqldb: several results of a batch"""
    found = run(
        server, ["bsqldb", *login(server), "-D", "ferry", "-q"], "select 1 as a, N'ü漢' as b\nselect getdate() as c\n"
    )
    assert "ü漢" in found, found


BULK = [
    ("bit", "1"),
    ("tinyint", "255"),
    ("smallint", "-32768"),
    ("int", "2147483647"),
    ("bigint", "-9223372036854775808"),
    ("decimal(10,2)", "-99999999.99"),
    ("numeric(38,10)", "9999999999999999999999999999.9999999999"),
    ("money", "1.5000"),
    ("smallmoney", "-1.2500"),
    ("real", "0.5"),
    ("float", "0.10000000000000001"),
    ("char(5)", "äö"),
    ("varchar(10)", "äöüß€"),
    ("varchar(max)", "äöüß€" * 20),
    ("nchar(4)", "漢"),
    ("nvarchar(10)", "ü漢😀"),
    ("nvarchar(max)", "ü漢😀" * 30),
    ("text", "äöü"),
    ("ntext", "ü漢"),
    ("binary(2)", "01ff"),
    ("varbinary(8)", "00ff27"),
    ("varbinary(max)", "00ff"),
    ("image", "dead"),
    ("date", "2024-02-29"),
    ("time(7)", "23:59:59.1234567"),
    ("datetime", "2004-10-19 10:23:54.253"),
    ("smalldatetime", "2079-06-06 23:59"),
    ("datetime2(7)", "2024-02-29 12:00:01.1234567"),
    ("uniqueidentifier", "123E4567-E89B-12D3-A456-426614174000"),
]


@check
def freebcp(server):
    """freebcp: every type in and out again"""
    client = PyMSSQL(server)
    for number, (declaration, text) in enumerate(BULK):
        client.run(f"DROP TABLE IF EXISTS f{number}")
        client.run(f"CREATE TABLE f{number} (id int NOT NULL, v {declaration})")
        client.commit()
        path = os.path.join(server.folder, "rows")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"1\t{text}\n2\t\n")
        said = run(server, ["freebcp", f"ferry..f{number}", "in", path, *login(server), "-c"])
        assert "2 rows copied" in said, f"{declaration}: {said}"
        found = client.run(f"SELECT v FROM f{number} ORDER BY id")[0]
        assert len(found) == 2 and found[0][0] is not None and found[1][0] in (None, "", b""), f"{declaration}: {found}"
        out = os.path.join(server.folder, "out")
        said = run(server, ["freebcp", f"ferry..f{number}", "out", out, *login(server), "-c"])
        assert "2 rows copied" in said, f"{declaration}: {said}"
        with open(out, encoding="utf-8") as file:
            written = file.readline().rstrip("\n").split("\t")[1]
        if declaration.split("(")[0] not in (
            "datetime",
            "smalldatetime",
            "time",
            "datetime2",
            "float",
            "smallmoney",
            "money",
            "date",
        ):
            assert written.strip().lower() == text.lower(), f"{declaration}: {written!r} for {text!r}"
    client.close()


ROWS = [
    ("bit", True),
    ("tinyint", 255),
    ("smallint", -32768),
    ("int", 2147483647),
    ("bigint", -(2**63)),
    ("decimal(10,2)", D("-99999999.99")),
    ("numeric(38,10)", D("9999999999999999999999999999.9999999999")),
    ("money", D("1.5")),
    ("smallmoney", D("-1.25")),
    ("real", 0.5),
    ("float", 0.1),
    ("char(5)", "äö   "),
    ("varchar(10)", "äöüß€"),
    ("varchar(max)", "äöüß€" * 9000),
    ("nchar(4)", "漢   "),
    ("nvarchar(10)", "ü漢😀"),
    ("nvarchar(max)", "ü漢😀" * 9000),
    ("binary(2)", b"\x01\xff"),
    ("varbinary(8)", b"\0\xff'"),
    ("varbinary(max)", b"\0\xff" * 9000),
    ("date", d.date(2024, 2, 29)),
    ("time(6)", d.time(23, 59, 59, 123456)),
    ("datetime", d.datetime(2004, 10, 19, 10, 23, 54, 253000)),
    ("smalldatetime", d.datetime(2079, 6, 6, 23, 59)),
    ("datetime2(7)", d.datetime(2024, 2, 29, 12, 0, 1, 123456)),
    ("datetimeoffset(7)", d.datetime(2004, 10, 19, 10, 23, 54, 250000, d.timezone(d.timedelta(hours=5, minutes=30)))),
    ("uniqueidentifier", uuid.UUID("123e4567-e89b-12d3-a456-426614174000")),
    ("text", "äöü"),
    ("ntext", "ü漢"),
    ("image", b"\xde\xad"),
    ("xml", "<a>ü</a>"),
]


def bulk_types(client, load, known=()):
    from .values import same

    problems = []
    for number, (declaration, value) in enumerate(ROWS):
        if declaration in known:
            continue
        client.run(f"DROP TABLE IF EXISTS b{number}")
        client.run(f"CREATE TABLE b{number} (id int NOT NULL, v {declaration})")
        client.commit()
        try:
            load(client, f"b{number}", declaration, [(1, value), (2, None), (3, value)])
            client.commit()
        except Exception as error:
            problems.append(f"{declaration}: {error!r}"[:300])
            client.rollback()
            continue
        found = client.run(f"SELECT id, v FROM b{number} ORDER BY id")[0]
        if [row[0] for row in found] != [1, 2, 3] or not (same(found[0][1], value) and found[1][1] is None):
            problems.append(f"{declaration}: {str(found)[:100]}")
    assert not problems, f"{len(problems)}: " + " | ".join(problems)


@check
def mssql_python_bulk(server):
    """mssql-python (Microsoft's Rust core): bulk load of every type, its options, its errors"""
    client = MSSQLPython(server)

    def load(client, table, declaration, rows):
        result = client.connection.cursor().bulkcopy(table, rows, keep_nulls=True, table_lock=True)
        assert result["rows_copied"] == len(rows), result

    # It sends datetimeoffset's wall clock where UTC belongs, as its own ODBC driver and all others send it.
    bulk_types(client, load, known=("datetimeoffset(7)",))
    client.run("DROP TABLE IF EXISTS k")
    client.run(
        "CREATE TABLE k (id int NOT NULL PRIMARY KEY, n int CHECK (n < 10), c int DEFAULT 7, i int IDENTITY(5, 1))"
    )
    client.commit()
    cursor = client.connection.cursor()
    cursor.bulkcopy("k", [(1, 50, None)], column_mappings=["id", "n", "c"])
    for rows, options, word in (
        ([(2, 50, 1)], {"check_constraints": True}, "CHECK"),
        ([(1, 1, 1)], {}, "duplicate"),
        ([(None, 1, 1)], {}, "null"),
    ):
        try:
            cursor.bulkcopy("k", rows, column_mappings=["id", "n", "c"], **options)
        except Exception as error:
            assert word.lower() in str(error).lower(), error
        else:
            raise AssertionError(f"{rows} were taken")
    assert client.run("SELECT id, n, c, i FROM k") == [[(1, 50, 7, 5)]], client.run("SELECT * FROM k")
    client.close()


@check
def python_tds_bulk(server):
    """python-tds: bulk load of every type"""
    import pytds
    from pytds import tds_types

    client = PythonTDS(server)
    kinds = {
        "bit": tds_types.BitType(),
        "tinyint": tds_types.TinyIntType(),
        "smallint": tds_types.SmallIntType(),
        "int": tds_types.IntType(),
        "bigint": tds_types.BigIntType(),
        "decimal(10,2)": tds_types.DecimalType(10, 2),
        "numeric(38,10)": tds_types.DecimalType(38, 10),
        "money": tds_types.MoneyType(),
        "smallmoney": tds_types.SmallMoneyType(),
        "real": tds_types.RealType(),
        "float": tds_types.FloatType(),
        "char(5)": tds_types.CharType(5),
        "varchar(10)": tds_types.VarCharType(10),
        "varchar(max)": tds_types.VarCharMaxType(),
        "nchar(4)": tds_types.NCharType(4),
        "nvarchar(10)": tds_types.NVarCharType(10),
        "nvarchar(max)": tds_types.NVarCharMaxType(),
        "binary(2)": tds_types.VarBinaryType(2),
        "varbinary(8)": tds_types.VarBinaryType(8),
        "varbinary(max)": tds_types.VarBinaryMaxType(),
        "date": tds_types.DateType(),
        "time(6)": tds_types.TimeType(6),
        "datetime": tds_types.DateTimeType(),
        "smalldatetime": tds_types.SmallDateTimeType(),
        "datetime2(7)": tds_types.DateTime2Type(7),
        "datetimeoffset(7)": tds_types.DateTimeOffsetType(7),
        "uniqueidentifier": tds_types.UniqueIdentifierType(),
        "text": tds_types.TextType(),
        "ntext": tds_types.NTextType(),
        "image": tds_types.ImageType(),
        "xml": tds_types.XmlType(),
    }

    def load(client, table, declaration, rows):
        columns = [
            pytds.Column("id", type=tds_types.IntType(), flags=0),
            pytds.Column("v", type=kinds[declaration], flags=1),
        ]
        with client.connection.cursor() as cursor:
            cursor.copy_to(data=rows, table_or_view=table, columns=columns)

    bulk_types(client, load, known=("text", "ntext", "image"))
    client.close()


@check
def jtds(server):
    """jTDS (Java): TDS 7.1, types, parameters, errors"""
    assert shutil.which("javac"), "no Java compiler"
    jar = "/usr/share/java/jtds.jar"
    subprocess.run(["javac", "-cp", jar, "-d", server.folder, str(JAVA)], check=True, capture_output=True)
    found = run(server, ["java", "-cp", f"{jar}:{server.folder}", "JTDSCheck", str(server.port), server.password])
    assert found.strip().endswith("all well"), found


@check
def browser(server):
    """the browser service names the instance's port"""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.sendto(b"\x04FERRY\0", ("127.0.0.1", server.browser))
        assert f"tcp;{server.port};".encode() in sock.recv(4096)


@check
def tls_of_every_kind(server):
    """certificates: a wrong authority and a wrong host name are refused, TDS 8 begins with TLS"""
    import mssql_python
    import pytds
    import pytds.tls

    other = os.path.join(server.tls, "other-ca.crt")
    for options in ({"cafile": other, "dsn": "localhost"}, {"cafile": server.authority, "dsn": "127.1"}):
        try:  # an AttributeError: python-tds looks at the host name by a call that pyOpenSSL has no more
            pytds.connect(
                port=server.port, user="sa", password=server.password, database="ferry", validate_host=True, **options
            )
        except Exception as error:
            assert (
                isinstance(error, AttributeError)
                or "certif" in str(error).lower()
                or "host" in str(error).lower()
                or "verify" in str(error).lower()
            ), error
        else:
            raise AssertionError(f"{options} was trusted")
    secret = "{" + server.password.replace("}", "}}") + "}"
    strict = mssql_python.connect(
        f"Server=localhost,{server.port};Database=ferry;UID=sa;PWD={secret};Encrypt=strict;"
        f"ServerCertificate={server.tls}/server.crt"
    )
    strict.cursor().execute("SELECT 1").fetchall()
    strict.close()


@check
def faults(server):
    """faults on demand: cut rows, cut commits, deadlock, wrong counts"""
    client = PythonTDS(server)
    client.run("DROP TABLE IF EXISTS q")
    client.run("CREATE TABLE q (id int)")
    client.commit()
    client.run("EXEC ferry_fault 'deadlock', 2")
    client.run("INSERT INTO q VALUES (1)")
    try:
        client.run("INSERT INTO q VALUES (2)")
        raise AssertionError("no deadlock")
    except Exception as error:
        assert client.number(error) == 1205, error
    assert client.run("SELECT COUNT(*) FROM q")[0][0][0] == 0
    for fault, kept in (("before_commit", 0), ("after_commit", 1)):
        client.run("INSERT INTO q VALUES (1)")
        client.run(f"EXEC ferry_fault '{fault}'")
        try:
            client.commit()
            raise AssertionError(f"{fault} did nothing")
        except Exception as error:
            assert "losed" in str(error) or "onnection" in str(error) or "EOF" in repr(error), repr(error)
        client = PythonTDS(server)
        assert client.run("SELECT COUNT(*) FROM q")[0][0][0] == kept, fault
    client.run("EXEC ferry_fault 'row', 50")
    try:
        client.run("SELECT value FROM GENERATE_SERIES(1, 100)")
        raise AssertionError("all rows came")
    except Exception as error:
        assert not isinstance(error, AssertionError), error
