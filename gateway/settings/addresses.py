"""The addresses a configuration names: where the hub is reached, listens, and keeps its store and files.

Each function gives the value back in its plain form, or raises ValueError with a sentence for the operator.
"""

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from connectors.kit.secret import Secret
from gateway.bus.addresses import brokers
from gateway.bus.contract import BusUnsupported

SQLITE = "sqlite:///"
LISTEN = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):(?P<port>[0-9]{1,5})")


def text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("expected text")
    return value


def public_url(value: Any) -> str:
    try:
        parts = urlsplit(text(value))
        _ = parts.port
    except ValueError as error:
        raise ValueError("expected a URL such as https://hub.example.com") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("expected an http or https URL such as https://hub.example.com")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("expected a URL without user, query and fragment")
    return text(value).rstrip("/")


def store(value: Any) -> str:
    if not text(value).startswith(SQLITE):
        raise ValueError(f"this release keeps its store in SQLite only: {SQLITE} and a file name")
    name = text(value).removeprefix(SQLITE)
    if not name or name == ":memory:" or "?" in name:
        raise ValueError(f"expected {SQLITE} and a file name, because what is acknowledged must be durable")
    return text(value)


def store_in(url: str, folder: Path) -> str:
    """The same store with an absolute path."""
    return SQLITE + str(folder / url.removeprefix(SQLITE))


def bus(value: Any) -> str:
    try:
        brokers(text(value))
    except BusUnsupported as error:
        raise ValueError(str(error)) from error
    return text(value)


def bus_shown(url: str) -> str:
    """The address for people: brokers without users and passwords."""
    return ";".join(map(str, brokers(url))) or url


def passwords(url: Secret) -> list[Secret]:
    """What of a bus address must not be shown, as it is written and as it is meant."""
    written = [part.password for one in url.reveal().split(";") if (part := urlsplit(one.strip())).password]
    return [Secret(form) for password in written for form in {password, unquote(password)}]


def folder(value: Any) -> str:
    if not text(value) or "://" in text(value) or "\0" in text(value):
        raise ValueError("this release keeps files in a folder only, such as ./files")
    return text(value)


def folder_in(name: str, beside: Path) -> Path:
    """The same folder with an absolute path; it may be still to be made. Raises ValueError where it cannot be."""
    path = beside / name
    there = next((each for each in (path, *path.parents) if os.path.lexists(each)), path)
    if not os.path.isdir(there):
        raise ValueError("expected a folder, and something else stands there")
    return path


def listen_text(value: Any) -> str:
    listen(value)
    return text(value)


def listen(value: Any) -> tuple[str, int]:
    """Host and port of `127.0.0.1:8080` or `[::1]:8080`."""
    match = LISTEN.fullmatch(text(value))
    if not match or int(match["port"]) > 65_535:
        raise ValueError("expected an address and port such as 127.0.0.1:8080")
    return match["host"].strip("[]"), int(match["port"])
