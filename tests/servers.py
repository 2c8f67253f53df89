"""Servers that some tests need: where they are, and what becomes of a test when one is not there.

`@pytest.mark.server("rabbitmq")` on a test or module; the address comes from the environment, else the usual port here.
"""

import os
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


@cache
def reachable(name: str) -> bool:
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
                reason = f"no {name} at {ADDRESSES[name]}"
                if os.environ.get("CI"):
                    pytest.fail(reason, pytrace=False)
                pytest.skip(reason)
