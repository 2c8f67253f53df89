"""How hard the attacks are, where the store is, and a hub that takes four channels."""

import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attack.channels import Channels
from tests.end_to_end.hub_process import HubProcess

LONG = bool(os.environ.get("TEST_ATTACK"))
"""`make attack` sets it: the sizes are then those one waits for."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.attack)
            if LONG:
                item.add_marker(pytest.mark.timeout(3600))


@pytest.fixture(scope="session")
def store() -> str:
    """The address of the store under attack, from the folder of the hub's configuration."""
    return "sqlite:///onethread.db"


@pytest.fixture
def seed() -> int:
    """Of what is drawn by lot; printed when the test fails, and set by TEST_SEED."""
    drawn = int(os.environ.get("TEST_SEED") or (0 if os.environ.get("CI") else random.randrange(1_000_000)))
    sys.stderr.write(f"TEST_SEED={drawn}\n")
    return drawn


@pytest.fixture
def channels(tmp_path: Path, store: str) -> Iterator[Channels]:
    """Four channels and a hub that is not started yet; what a test that failed leaves of it is killed."""
    made = Channels(HubProcess(tmp_path), store)
    yield made
    if made.hub.process and made.hub.process.poll() is None:
        made.hub.kill()
