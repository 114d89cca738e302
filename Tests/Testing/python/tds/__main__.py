"""python -m tds --port 0 --folder DIR …: starts the server and prints its port."""

import argparse
import os
import tempfile

from .catalog import Store
from .faults import Faults
from .server import serve


def main():
    parser = argparse.ArgumentParser(prog="tds", description="A TDS 7.4 server for tests.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 for a free one, which is printed: port N")
    parser.add_argument("--folder", help="for the databases; what lies there is overwritten (default: a temporary one)")
    parser.add_argument("--user", default="sa")
    parser.add_argument("--password", default="Ferry-2026!")
    parser.add_argument("--password-variable", help="the environment variable that has the password")
    parser.add_argument("--database", default="ferry", help="created at the start; the user's default")
    parser.add_argument("--certificate", help="PEM; without it the server knows no TLS")
    parser.add_argument("--key")
    parser.add_argument(
        "--encrypt",
        choices=("off", "on", "required", "none"),
        default="on",
        help="off and on: as the client wants, at least the login; required: all; none: no TLS",
    )
    parser.add_argument("--instance", default="FERRY")
    parser.add_argument("--browser-port", type=int, help="UDP port of the browser service; 0 for a free one")
    parser.add_argument("--fault", action="append", default=[], help="see faults.py")
    parser.add_argument(
        "--raw-bulk", action="store_true", help="keep bulk rows as they came, unchecked, until asked for"
    )
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    if options.password_variable:
        options.password = os.environ[options.password_variable]
    folder = options.folder or tempfile.mkdtemp(prefix="ferry-tds-")
    os.makedirs(folder, exist_ok=True)
    serve(options, Store(folder, options), Faults(options.fault))


main()
