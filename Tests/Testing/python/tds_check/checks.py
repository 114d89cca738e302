"""What each client must be able to do."""

import time

from .clients import MSSQLPython, PyMSSQL, PyODBC, PyODBCMicrosoft, PythonTDS, later
from .values import TYPES, same


def log_in(client):
    """Plain and over TLS; a wrong password and a wrong database are refused."""
    assert client.run("SELECT 1 AS a") == [[(1,)]]
    assert client.run("SELECT DB_NAME(), @@TRANCOUNT")[0][0][0] == "ferry"
    over_tls = client.connect(tls=True)
    cursor = over_tls.cursor()
    cursor.execute("SELECT encrypt_option FROM sys.dm_exec_connections WHERE session_id = @@SPID")
    assert cursor.fetchall()[0][0] == "TRUE"
    over_tls.close()
    for wrong in wrong_logins(client):
        try:
            client.connect(**wrong)
        except Exception as error:
            assert (
                "18456" in str(error)
                or "4060" in str(error)
                or "ogin failed" in str(error)
                or "annot open database" in str(error)
            ), repr(error)
        else:
            raise AssertionError(f"{wrong} was let in")


def wrong_logins(client):
    if isinstance(client, (MSSQLPython, PyODBC)):
        return [{"PWD": "wrong"}, {"DATABASE" if isinstance(client, PyODBC) else "Database": "nowhere"}]
    return [{"password": "wrong"}, {"database": "nowhere"}]


def read_every_type(client):
    """From a table and as NULL."""
    problems = []
    for number, (declaration, values) in enumerate(TYPES):
        client.run(f"DROP TABLE IF EXISTS r{number}")
        client.run(f"CREATE TABLE r{number} (id int, v {declaration})")
        for place, (literal, _) in enumerate(values):
            client.run(f"INSERT INTO r{number} VALUES ({place}, {literal})".replace("%", "%%"))
        client.run(f"INSERT INTO r{number} VALUES (99, NULL)")
        try:
            rows = client.run(f"SELECT v FROM r{number} ORDER BY id")[0]
        except Exception as error:
            problems.append(f"{declaration}: {error!r}"[:300])
            continue
        for row, (_, expected) in zip(rows, values + [("", None)]):
            try:
                is_same = same(row[0], expected)
            except (ArithmeticError, ValueError):
                is_same = False
            if not is_same:
                problems.append(f"{declaration}: {str(row[0])[:60]!r} for {str(expected)[:60]!r}")
    client.commit()
    report(problems, READ.get(type(client), {}))


READ = {
    PyMSSQL: {"sql_variant": "db-lib has no types of single values"},
    PyODBC: {"datetimeoffset": "pyodbc does not know the type", "sql_variant": "nor does the driver"},
    PyODBCMicrosoft: {
        "datetimeoffset": "pyodbc does not know the type",
        "sql_variant": "likewise",
        "hierarchyid": "likewise",
        "geography": "likewise",
    },
}
EMPTY = {"varbinary(8) b''": "the client sends an empty text", "varbinary(max) b''": "likewise"}
WRITE = {
    PyMSSQL: {
        **EMPTY,
        "datetime2(7)": "the client writes literals of milliseconds",
        "time(": "likewise",
        "datetimeoffset": "the client loses the offset",
        "sql_variant": "literals have other types",
        "hierarchyid": "it sends bytes as a text",
        "geography": "likewise",
        "datetime2(4)": "as datetime2(7)",
    },
    PythonTDS: {**EMPTY, "sql_variant 'ü漢'": "the client declares nvarchar(max), which no variant takes"},
    PyODBCMicrosoft: {
        "time(": "pyodbc sends no fraction",
        "datetime2": "pyodbc sends three digits",
        "datetimeoffset": "pyodbc drops the offset",
    },
    PyODBC: {
        "varchar(max)": "the driver declares 4,000 characters",
        "nvarchar(max)": "likewise",
        "date datetime.date(1, 1, 1)": "the driver sends day -1",
        "datetime2": "pyodbc sends three digits",
        "time(": "pyodbc sends no fraction",
        "datetimeoffset": "pyodbc drops the offset",
    },
    MSSQLPython: {
        "date datetime.date(1, 1, 1)": "the client takes years from 1753 on",
        "datetime2(7) datetime.datetime(1, 1, 1": "likewise",
    },
}


def write_every_type(client):
    """As parameters; the server compares with what it stored from a literal."""
    problems = []
    for number, (declaration, values) in enumerate(TYPES):
        client.run(f"DROP TABLE IF EXISTS w{number}")
        client.run(f"CREATE TABLE w{number} (id int, v {declaration})")
        for place, (literal, value) in enumerate(values):
            try:
                client.run(f"INSERT INTO w{number} VALUES (?, ?)", place, value)
                client.run(f"INSERT INTO w{number} VALUES ({place + 100}, {literal})".replace("%", "%%"))
            except Exception as error:
                problems.append(f"{declaration} {value!r:.40}: {error!r}"[:300])
                client.rollback() if "roll" in str(error) else None
                continue
            value = "convert(varbinary(max), v)" if is_bytes(declaration) else "v"
            text = f"convert(nvarchar(max), {value}, {style(declaration)})"
            found = client.run(f"SELECT {text} FROM w{number} WHERE id IN ({place}, {place + 100})")[0]
            if len(found) != 2 or found[0] != found[1]:
                problems.append(f"{declaration}: {shown(found)}")
    client.commit()
    report(problems, WRITE.get(type(client), {}))


def shown(rows):
    return "; ".join(str(row[0])[:70] + (f" of {len(row[0])}" if row[0] else "") for row in rows)


def is_bytes(declaration):
    return declaration.split("(")[0] in ("hierarchyid", "geography", "varbinary", "binary", "image")


def style(declaration):
    return (
        1 if is_bytes(declaration) else 3 if declaration in ("real", "float") else 2 if "money" in declaration else 121
    )


def report(problems, known):
    left = [p for p in problems if not any(p.startswith(name) for name in known)]
    assert not left, f"{len(left)}: " + " | ".join(left)


def errors_have_their_numbers(client):
    client.run("DROP TABLE IF EXISTS e")
    client.run(
        "CREATE TABLE e (id int NOT NULL CONSTRAINT pk_e PRIMARY KEY, v varchar(3), n tinyint, "
        "CONSTRAINT ck_e CHECK (n < 200))"
    )
    client.run("INSERT INTO e VALUES (1, 'a', 1)")
    client.commit()
    cases = [
        ("SELECT * FROM nowhere", 208),
        ("SELECT nothing FROM e", 207),
        ("SELEC 1", 102),
        ("INSERT INTO e VALUES (1, 'b', 1)", 2627),
        ("INSERT INTO e VALUES (NULL, 'b', 1)", 515),
        ("INSERT INTO e VALUES (2, 'abcd', 1)", 2628),
        ("INSERT INTO e VALUES (2, 'a', 300)", 220),
        ("INSERT INTO e VALUES (2, 'a', 250)", 547),
        ("INSERT INTO e VALUES ('x', 'a', 1)", 245),
        ("SELECT 1 / 0", 8134),
        ("SELECT CAST('x' AS decimal(5,2))", 8114),
        ("SELECT CAST(99999 AS smallint)", 220),
        ("SELECT CAST(1e10 AS int)", 232),
        ("SELECT CAST(1000 AS decimal(3,1))", 8115),
        ("DROP TABLE nowhere", 3701),
        ("CREATE TABLE e (a int)", 2714),
        ("EXEC nowhere", 2812),
        ("RAISERROR('own words', 16, 1)", 50000),
        ("THROW 51000, 'thrown', 1", 51000),
    ]
    for sql, number in cases:
        try:
            client.run(sql)
        except Exception as error:
            found = client.number(error)
            words = {208: "nvalid object name", 2627: "Violation of PRIMARY KEY", 515: "Cannot insert the value NULL"}
            assert found == number or (
                isinstance(client, MSSQLPython) and words.get(number, "") in str(error)
            ), f"{sql}: {found} for {number}: {error}"
            roll_back(client)
        else:
            raise AssertionError(f"{sql} was taken")
    client.run("DROP TABLE e")
    try:
        client.commit()
    except Exception as error:
        assert "3902" in str(error), error


def roll_back(client):
    """What the error has rolled back already is no error."""
    try:
        client.rollback()
    except Exception as error:
        assert "3903" in str(error), error


def transactions(client):
    client.run("DROP TABLE IF EXISTS x")
    client.run("CREATE TABLE x (id int)")
    client.commit()
    other = type(client)(client.server)
    client.run("INSERT INTO x VALUES (1), (2)")
    assert other.run("SELECT COUNT(*) FROM x")[0][0][0] == 0
    other.rollback()
    client.rollback()
    assert client.run("SELECT COUNT(*) FROM x")[0][0][0] == 0
    client.run("INSERT INTO x VALUES (1)")
    client.commit()
    assert other.run("SELECT COUNT(*) FROM x")[0][0][0] == 1
    client.run("INSERT INTO x VALUES (2)")
    try:
        other.run("SET LOCK_TIMEOUT 100 INSERT INTO x VALUES (3)")
        raise AssertionError("no wait")
    except Exception as error:
        assert "1222" in str(error) or "ock request time" in str(error), repr(error)
    other.close()
    client.run("SAVE TRANSACTION s INSERT INTO x VALUES (9) ROLLBACK TRANSACTION s")
    client.commit()
    assert [r[0] for r in client.run("SELECT id FROM x ORDER BY id")[0]] == [1, 2]
    client.run("DROP TABLE x")
    client.commit()


def several_results_and_messages(client):
    found = client.run(
        "SELECT 1 AS a PRINT 'words' SELECT 2 AS b, 'x' AS c UNION ALL SELECT 3, 'y' ORDER BY 1 "
        "RAISERROR('low', 5, 1) SELECT 4"
    )
    assert found == [[(1,)], [(2, "x"), (3, "y")], [(4,)]], found


def cancel(client):
    """A statement that runs is stopped, and the connection goes on."""
    if isinstance(client, (PyMSSQL, MSSQLPython)):
        return  # they have no call for it
    cursor = client.connection.cursor()
    if isinstance(client, PythonTDS):  # one thread alone may use its connection
        cursor.execute("SELECT value FROM GENERATE_SERIES(1, 2000000)")
        cursor.fetchone()
        cursor.cancel()
        assert client.run("SELECT 7")[0][0][0] == 7
        return
    began = time.monotonic()
    timer = later(0.5, cursor.cancel)
    try:
        cursor.execute("WAITFOR DELAY '00:00:20' SELECT 1")
    except Exception:
        pass
    timer.join()
    assert time.monotonic() - began < 10
    cursor.close()
    client.rollback()
    assert client.run("SELECT 7")[0][0][0] == 7


def describe(client):
    client.run("DROP TABLE IF EXISTS d")
    client.run("CREATE TABLE d (id int NOT NULL, v nvarchar(20), m decimal(10,2))")
    rows = client.run("EXEC sp_describe_undeclared_parameters N'INSERT INTO d (id, v, m) VALUES (@P1, @P2, @P3)'")[0]
    assert [(r[1], r[3]) for r in rows] == [("@P1", "int"), ("@P2", "nvarchar(20)"), ("@P3", "decimal(10,2)")], rows
    rows = client.run("EXEC sp_describe_first_result_set N'SELECT id, v AS w FROM d'")[0]
    assert [(r[2], r[5]) for r in rows] == [("id", "int"), ("w", "nvarchar(20)")], rows
    client.run("DROP TABLE d")
    client.commit()


ALL = [
    log_in,
    read_every_type,
    write_every_type,
    errors_have_their_numbers,
    transactions,
    several_results_and_messages,
    cancel,
    describe,
]
