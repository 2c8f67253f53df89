"""A hub and the provider it talks to, over real sockets."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.channels.telegram.simulator import Simulator
from tests.end_to_end.hub_process import SECRET, TOKEN, HubProcess


@pytest.fixture
def telegram() -> Iterator[Simulator]:
    with Simulator({"token": TOKEN, "secret_token": SECRET}) as simulator:
        yield simulator


@pytest.fixture
def hub(tmp_path: Path, telegram: Simulator) -> Iterator[HubProcess]:
    with HubProcess(tmp_path, telegram.url) as hub:
        yield hub
