"""The addresses a configuration names: where the hub is reached, listens, and keeps its store and files.

Each function gives the value back in its plain form, or raises ValueError with a sentence for the operator.
"""

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from connectors.kit.secret import Secret
from gateway.bus.addresses import brokers
from gateway.bus.contract import BusUnsupported

SQLITE = "sqlite:///"
POSTGRESQL = "postgresql://"
POSTGRESQL_TOO = ("postgres://", "postgresql+psycopg://")
"""How libpq's users and SQLAlchemy's write the same."""
EXAMPLE = "postgresql://onethread:${DATABASE_PASSWORD}@127.0.0.1/onethread"
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
    if is_shared(text(value)):
        return _database(POSTGRESQL + value.partition("://")[2])
    if not text(value).startswith(SQLITE):
        raise ValueError(f"expected {SQLITE} and a file name, or {POSTGRESQL} and where the database is")
    name = text(value).removeprefix(SQLITE)
    if not name or name == ":memory:" or "?" in name:
        raise ValueError(f"expected {SQLITE} and a file name, because what is acknowledged must be durable")
    return text(value)


def is_shared(url: str) -> bool:
    """Whether several processes may serve the store at this address."""
    return url.startswith((POSTGRESQL, *POSTGRESQL_TOO))


def _database(value: str) -> str:
    """The address of a database, as libpq takes it."""
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError as error:
        raise ValueError(f"expected an address such as {EXAMPLE}") from error
    if not parts.path.strip("/") or parts.fragment or "password" in parse_qs(parts.query):
        raise ValueError(f"expected an address with the name of a database, such as {EXAMPLE}")
    return value


def store_parts(url: str) -> tuple[str, Secret | None]:
    """The address for people, and its password."""
    parts = urlsplit(url)
    if url.startswith(SQLITE) or parts.password is None:
        return url, None
    plain = parts._replace(netloc=parts.netloc.replace(f":{parts.password}@", "@", 1))
    return plain.geturl(), Secret(parts.password)


def store_with(url: str, password: Secret | None) -> str:
    """What `store_parts` took apart."""
    if password is None:
        return url
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user}:{password.reveal()}@{host}").geturl()


def store_in(url: str, folder: Path) -> str:
    """The same store; a file with an absolute path."""
    if not url.startswith(SQLITE):
        return url
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
    return [form for password in written for form in forms(Secret(password))]


def forms(password: Secret | None) -> list[Secret]:
    """How a password of an address may be written."""
    written = password.reveal() if password else ""
    return [Secret(form) for form in {written, unquote(written)} if form]


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
