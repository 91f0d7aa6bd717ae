"""The real binary in a folder of its own, on free ports of the loopback interface."""

import os
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from pathlib import Path

PATIENCE = 60


def free_port() -> int:
    """A port that is free right now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Server:
    """A running server; `stop` ends it and leaves nothing behind."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="roadstead-python-"))
        self.https, self.mqtt, self.http = free_port(), free_port(), free_port()
        self.claim: str | None = None
        doors = {"https": self.https, "mqtt": self.mqtt, "http": self.http}
        lines = (f'[door.{name}]\nlisten = ["127.0.0.1:{port}"]\n' for name, port in doors.items())
        (self.folder / "roadstead.toml").write_text("".join(lines))
        self._log = (self.folder / "server.log").open("ab")
        try:
            self._launch()
        except BaseException:
            self.stop()
            raise

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def ca(self) -> Path:
        """Where the PEM of the server's own authority lies."""
        return self.data / "tls" / "ca.pem"

    def stop(self) -> None:
        """Ends the server by its own process id."""
        self.child.terminate()
        self.child.wait()
        self.child.stdout.close()
        self._log.close()
        shutil.rmtree(self.folder)

    def command(self, *words: str) -> str:
        """Runs a command of the binary and returns what it printed."""
        home = {"HOME": str(self.folder), "XDG_CONFIG_HOME": str(self.folder / "config")}
        done = subprocess.run([binary(), *words], env=os.environ | home, check=True, capture_output=True, text=True)
        return done.stdout

    def _launch(self) -> None:
        words = ["serve", "--config", str(self.folder / "roadstead.toml"), "--data", str(self.data)]
        if os.getuid() == 0:
            words.append("--as-root-for-testing")
        self.child = subprocess.Popen([binary(), *words], stdout=subprocess.PIPE, stderr=self._log, text=True)
        threading.Thread(target=self._read, daemon=True).start()
        give_up = time.monotonic() + PATIENCE
        while not (self.claim and self._answers()):
            if self.child.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError("the server did not start: " + (self.folder / "server.log").read_text())
            time.sleep(0.02)

    def _read(self) -> None:
        for line in self.child.stdout:
            if found := re.search(r"https:\S+/claim#\S+", line):
                self.claim = found.group()

    def _answers(self) -> bool:
        try:
            context = ssl.create_default_context(cafile=self.ca)
            with socket.create_connection(("127.0.0.1", self.https)) as plain:
                context.wrap_socket(plain, server_hostname="localhost").close()
        except OSError:
            return False
        return True


def binary() -> str:
    """The server's binary. `make test` says where it is."""
    return os.environ["ROADSTEAD_BINARY"]
