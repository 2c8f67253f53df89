"""A hub with listeners and postmen, and plain sockets to speak with it."""

import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import msgspec

from connectors.kit.base import Tools
from connectors.kit.http import Http
from gateway.arrival import Place
from gateway.hub import Hub
from gateway.listening.apart import Apart
from gateway.listening.listening import Listening
from gateway.listening.pace import Pace
from gateway.live import LiveConnector
from gateway.settings.loading import load
from gateway.settings.model import Connector, Settings
from gateway.wsgi import Running
from normalizer.model import Inbox
from tests.listening.postman import Config, Postman
from tests.stores import migrated

ANN, BEN = "ann@example.com", "ben@example.com"
ANYWHERE = {"smtp": "127.0.0.1:0", "lmtp": "127.0.0.1:0"}


def settings_in(folder: Path, listeners: Any = ANYWHERE, **limits: Any) -> Settings:
    path = folder / "onethread.yaml"
    values = {
        "store": f"sqlite:///{migrated(folder / 'hub.db')}",
        "files": "./files",
        "listeners": listeners,
        "limits": limits,
    }
    path.write_bytes(msgspec.json.encode(values))
    return load(path, {})


def postman(hub: Hub, name: str, *addresses: str) -> LiveConnector:
    config, http = Config(addresses=addresses), Http(name)
    return LiveConnector(
        Connector(name=name, plugin="postman", inbox="main", config=config),
        Place(connector_id=name, channel="mail", scheme="mailto", inbox=Inbox(id="main")),
        Postman(config, Tools(connector=name, http=http, raw=hub.raws.find)),
        http,
        f"https://hub.example.com/in/{name}",
    )


@contextmanager
def office(settings: Settings, seconds: float = 30.0, **pace: float) -> Iterator[Hub]:
    """Mail to Ann is for the connector `a`, to Ben for `b`. `seconds` a large message may take to be read."""
    hub = Hub(settings)
    hub.apart = Apart(seconds)
    hub.listening = Listening(hub, Pace(**{"again": 0.05, **pace}))
    hub.connectors = {one.id: one for one in (postman(hub, "a", ANN), postman(hub, "b", BEN))}
    running = Running(hub)
    try:
        yield hub
    finally:
        running.stop()


class Caller:
    """A bare socket, a line at a time."""

    def __init__(self, hub: Hub, listener: str, *, greet: bool = True) -> None:
        port = hub.listening.port(listener)
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self._file = self.socket.makefile("rb")
        self.banner = self.line()
        if greet:
            self.say({"smtp": "EHLO", "lmtp": "LHLO"}[listener] + " there")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self.socket.close()

    def secure(self, context: ssl.SSLContext) -> None:
        """After STARTTLS."""
        self._file.close()
        self.socket = context.wrap_socket(self.socket)
        self._file = self.socket.makefile("rb")

    def line(self) -> str:
        """The next line; nothing where the other side hung up."""
        return self._file.readline().decode().rstrip("\r\n")

    def reply(self) -> list[str]:
        lines = [self.line()]
        while lines[-1][3:4] == "-":
            lines.append(self.line())
        return lines

    def write(self, octets: bytes) -> None:
        self.socket.sendall(octets)

    def say(self, command: str) -> str:
        """The last line of the reply."""
        self.write(command.encode() + b"\r\n")
        return self.reply()[-1]

    def begin(self, *recipients: str, sender: str = "customer@example.org") -> None:
        """Up to the message itself."""
        assert self.say(f"MAIL FROM:<{sender}>").startswith("250")
        for recipient in recipients:
            assert self.say(f"RCPT TO:<{recipient}>").startswith("250")
        assert self.say("DATA").startswith("354")


def message(text: str = "hello", size: int = 0, **headers: str) -> bytes:
    """Of about so many octets, which comes after its text."""
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    filling = (b"x" * 76 + b"\r\n") * (size // 78)
    return f"Subject: a test\r\n{head}\r\n{text}\r\n".encode() + filling


def mail(hub: Hub, content: bytes, *recipients: str, sender: str = "customer@example.org") -> dict[str, Any]:
    """Sends by SMTP; the recipients that were refused. Raises smtplib.SMTPResponseException."""
    with smtplib.SMTP("127.0.0.1", hub.listening.port("smtp") or 0, timeout=60) as client:
        return client.sendmail(sender, recipients or (ANN,), content)


def rows(hub: Hub, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
    with hub.engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(sql, parameters)]


def texts(hub: Hub) -> list[str]:
    return [msgspec.json.decode(body)["text"] for (body,) in rows(hub, "SELECT body FROM messages ORDER BY id")]


def eventually(true: Callable[[], Any], seconds: float = 10.0) -> Any:
    ends = time.monotonic() + seconds
    while not (result := true()):
        assert time.monotonic() < ends, "it never came to be"
        time.sleep(0.01)
    return result
