"""A hub that collects mail from a Dovecot, and what lies between them."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from gateway.hub import Hub
from gateway.settings.loading import load
from gateway.wsgi import Running
from tests.stores import migrated


@contextmanager
def collecting(folder: Path, imap: str, **settings: Any) -> Iterator[Hub]:
    """The connector `mail`; with the same folder again, the same hub after a restart."""
    mail = {
        "plugin": "email",
        "address": "help@example.com",
        "smtp": "smtp://127.0.0.1:9",
        "imap": imap,
        "imap_tls": "none",
        "authserv_ids": ["mx.example.com"],
        **settings,
    }
    path = folder / "onethread.yaml"
    store = f"sqlite:///{migrated(folder / 'hub.db')}"
    path.write_text(json.dumps({"store": store, "files": "./files", "connectors": {"mail": mail}}))
    hub = Hub(load(path, {}))
    running = Running(hub)
    try:
        yield hub
    finally:
        running.stop()


def rows(hub: Hub, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
    with hub.engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(sql, parameters)]


def texts(hub: Hub) -> list[str]:
    """Of all messages, in their order."""
    return [msgspec.json.decode(body)["text"] for (body,) in rows(hub, "SELECT body FROM messages ORDER BY id")]


def cursor(hub: Hub) -> dict[str, Any]:
    found = rows(hub, "SELECT cursor FROM cursors WHERE connector_id = 'mail'")
    return json.loads(found[0][0]) if found else {}


def letter(text: str, message_id: str | None = None, filling: int = 0, **fields: str) -> bytes:
    """A mail, with a file of so many octets."""
    named = {"From": "Ann <ann@example.net>", "To": "help@example.com", "Subject": text, **fields}
    named["Message-ID"] = f"<{message_id or text.replace(' ', '-')}@example.net>"
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in named.items())
    if not filling:
        return f"{head}\r\n{text}\r\n".encode()
    head += "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n"
    parts = f"--b\r\n\r\n{text}\r\n--b\r\nContent-Type: image/png; name=a.png\r\n"
    parts += "Content-Transfer-Encoding: base64\r\n\r\n"
    return f"{head}\r\n{parts}".encode() + (b"QUFB" * 19 + b"\r\n") * (filling // 57) + b"--b--\r\n"


class Between:
    """A wire to a server on this machine, which is watched: `at` is called once so many octets came down it."""

    def __init__(self, port: int, octets: int, at: Callable[[], None]) -> None:
        self._target, self._left, self._at = port, octets, at
        self._server = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self.port = int(self._server.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        for one in (self._server, *self._open):
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                caller, _ = self._server.accept()
                try:
                    target = socket.create_connection(("127.0.0.1", self._target), timeout=20)
                except OSError:
                    caller.close()
                    continue
                self._open += [caller, target]
                threading.Thread(target=self._carry, args=(caller, target, False), daemon=True).start()
                threading.Thread(target=self._carry, args=(target, caller, True), daemon=True).start()

    def _carry(self, source: socket.socket, to: socket.socket, down: bool) -> None:
        with suppress(OSError):
            while octets := source.recv(1 << 16):
                if down:
                    self._count(len(octets))
                to.sendall(octets)
        for one in (source, to):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _count(self, octets: int) -> None:
        with self._lock:
            before, self._left = self._left, self._left - octets
            if before > 0 >= self._left:
                self._at()
