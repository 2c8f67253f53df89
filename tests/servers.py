"""Servers that some tests need: where they are, and what becomes of a test when one is not there.

`@pytest.mark.server("rabbitmq")` on a test or module; the address comes from the environment, else the usual port here.
Some servers a test starts for itself: then their programs must be there.
"""

import os
import shutil
import socket
from collections.abc import Mapping
from functools import cache
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
}
"""Of servers and tools that a test starts for itself …"""
AS_ROOT = frozenset({"postfix"})
"""… and which of them as root."""


@cache
def reachable(name: str) -> bool:
    if name in PROGRAMS:
        return (name not in AS_ROOT or os.geteuid() == 0) and all(map(shutil.which, PROGRAMS[name]))
    address = urlsplit(ADDRESSES[name])
    try:
        with socket.create_connection((address.hostname, address.port), timeout=2):
            return True
    except OSError:
        return False


def require(item: pytest.Item) -> None:
    """Skips the test, saying why; in continuous integration a missing server is a failure."""
    for marker in item.iter_markers("server"):
        for name in marker.args:
            if not reachable(name):
                reason = f"no {name} at {ADDRESSES[name]}" if name in ADDRESSES else f"no {name} to start"
                if os.environ.get("CI"):
                    pytest.fail(reason, pytrace=False)
                pytest.skip(reason)
