"""Starts the server for the checks."""

import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


class Server:
    password = "p@ss/w:o?r#d%&=+ '\"\\"

    def __init__(self, folder, *options):
        self.folder, self.options = folder, options

    def __enter__(self):
        tls = os.environ.get("FERRY_TEST_TLS_DIR")
        if not tls:
            tls = os.path.join(self.folder, "tls")
            subprocess.run([HERE.parent.parent / "certificates.sh", tls], check=True, capture_output=True)
        self.authority = os.path.join(tls, "ca.crt")
        self.tls = tls
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tds",
                "--port",
                "0",
                "--browser-port",
                "0",
                "--folder",
                os.path.join(self.folder, "data"),
                "--certificate",
                os.path.join(tls, "server.crt"),
                "--key",
                os.path.join(tls, "server.key"),
                "--password-variable",
                "TDS_PASSWORD",
                *self.options,
            ],
            cwd=HERE.parent,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "TDS_PASSWORD": self.password},
        )
        words = self.process.stdout.readline().split()
        self.port, self.browser = int(words[1]), int(words[3])
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
