"""Servers that some tests need: where they are, and what becomes of a test when one is not there.

`@pytest.mark.server("rabbitmq")` on a test or module; the address comes from the environment, else the usual port here.
Some servers a test starts for itself: then their programs must be there.
"""

import os
import shutil
import socket
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ADDRESSES: Mapping[str, str] = {
    "rabbitmq": os.environ.get("TEST_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672//"),
    "redis": os.environ.get("TEST_REDIS", "redis://127.0.0.1:6379/0"),
    "postgresql": os.environ.get("TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432/test"),
}

PROGRAMS: Mapping[str, tuple[str, ...]] = {
    "postfix": ("postfix", "swaks"),
    "dovecot": ("dovecot",),
    "chromium": ("chromium",),
    "faketime": ("faketime",),
    "postgres": ("initdb", "pg_ctl"),
}
"""Of servers and tools that a test starts for itself …"""
AS_ROOT = frozenset({"postfix"})
"""… and which of them as root."""

BESIDE = "/usr/lib/postgresql"
"""Where Debian puts programs of which several versions may be there."""


def found(program: str) -> bool:
    return shutil.which(program) is not None or any(Path(BESIDE).glob(f"*/bin/{program}"))


@cache
def reachable(name: str) -> bool:
    if name in PROGRAMS:
        return (name not in AS_ROOT or os.geteuid() == 0) and all(map(found, PROGRAMS[name]))
    address = urlsplit(ADDRESSES[name])
    if name == "postgresql":
        return _opens(ADDRESSES[name])
    try:
        with socket.create_connection((address.hostname, address.port), timeout=2):
            return True
    except OSError:
        return False


def _opens(address: str) -> bool:
    """Whether a database there lets us in, and make others: one may be there that is not for tests."""
    import psycopg

    try:
        with psycopg.connect(address, connect_timeout=2) as connection:
            row = connection.execute(
                "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
    except psycopg.OperationalError:
        return False
    return bool(row and row[0])


def require(item: pytest.Item) -> None:
    """Skips the test, saying why; in continuous integration a missing server is a failure."""
    for marker in item.iter_markers("server"):
        for name in marker.args:
            if not reachable(name):
                reason = f"no {name} at {ADDRESSES[name]}" if name in ADDRESSES else f"no {name} to start"
                if os.environ.get("CI"):
                    pytest.fail(reason, pytrace=False)
                pytest.skip(reason)
