"""Asks every client for every check; prints what failed and exits by it.

python -m tds_check [CLIENT-OR-CHECK …]    those whose names contain one of the words
"""

import sys
import tempfile
import traceback

from . import checks
from .clients import ALL
from .programs import PROGRAMS
from .start import Server


def main(words):
    failures = passed = 0
    with tempfile.TemporaryDirectory() as folder, Server(folder) as server:
        for client in ALL:
            for check in checks.ALL:
                title = f"{client.name}: {check.__name__.replace('_', ' ')}"
                if words and not all(word in title for word in words):
                    continue
                try:
                    opened = client(server)
                    try:
                        check(opened)
                    finally:
                        opened.close()
                    passed += 1
                    print(f"ok    {title}", flush=True)
                except Exception as error:
                    failures += 1
                    print(f"FAIL  {title}: {type(error).__name__}: {str(error)[:600]}", flush=True)
                    if "-v" in words:
                        traceback.print_exc()
        for check in PROGRAMS:
            title = check.__doc__.splitlines()[0]
            if words and not all(word in title for word in words):
                continue
            try:
                check(server)
                passed += 1
                print(f"ok    {title}", flush=True)
            except Exception as error:
                failures += 1
                print(f"FAIL  {title}: {type(error).__name__}: {str(error)[:1500]}", flush=True)
    print(f"{passed} passed, {failures} failed")
    return 1 if failures else 0


sys.exit(main(sys.argv[1:]))
