"""A simulated mail, handed to the hub's own listener as a mail server would."""

import re
import smtplib
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from gateway.cli.output import Exit, Failure

if TYPE_CHECKING:
    from connectors.kit.fixtures import WireRequest
    from gateway.settings import Settings

SECONDS = 30.0
REFUSED = 400
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - an address to listen on is none to call
SPEAKS = {"smtp": smtplib.SMTP, "lmtp": smtplib.LMTP}
_NEWLINE = re.compile(rb"\r?\n")


class Heard(NamedTuple):
    """What the listener answered, to the mail or to what it refused before."""

    url: str
    status: int
    text: str
    milliseconds: float


def hand_over(wire: "WireRequest", settings: "Settings", url: str | None) -> Heard:
    """`url` is `smtp://host:port` or `lmtp://…`; otherwise the first listener configured. Raises Failure."""
    target = url or _own(settings)
    parts = urlsplit(target)
    if parts.scheme not in SPEAKS or not parts.hostname or not parts.port:
        raise Failure(f"{target} is no address of a listener, such as smtp://127.0.0.1:2525", Exit.USAGE)
    began = perf_counter()
    try:
        with SPEAKS[parts.scheme](parts.hostname, parts.port, timeout=SECONDS) as server:
            server.ehlo_or_helo_if_needed()
            status, text = _say(server, wire)
    except (OSError, smtplib.SMTPException) as error:
        raise Failure(f"no hub listens at {target}; `onethread serve` runs one", Exit.TEMPORARY) from error
    milliseconds = round((perf_counter() - began) * 1000, 1)
    return Heard(target, status, text.decode("utf-8", "replace"), milliseconds)


def _say(server: smtplib.SMTP, wire: "WireRequest") -> tuple[int, bytes]:
    for step, address in ((server.mail, wire.headers["mail-from"]), (server.rcpt, wire.headers["rcpt-to"])):
        status, text = step(address)
        if status >= REFUSED:
            return status, text
    return server.data(_NEWLINE.sub(b"\r\n", wire.body))


def _own(settings: "Settings") -> str:
    for name, listener in settings.listeners.items():
        host = ANYWHERE.get(listener.host, listener.host)
        return f"{name}://[{host}]:{listener.port}" if ":" in host else f"{name}://{host}:{listener.port}"
    raise Failure("no listener is configured; mail comes in by one: `listeners: {smtp: …}`", Exit.USAGE)
