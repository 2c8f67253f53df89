"""A hub of its own for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.hub import Hub
from tests.web.parrot import Served, make_hub, serving


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    return make_hub(tmp_path)


@pytest.fixture
def served(hub: Hub) -> Iterator[Served]:
    with serving(hub) as served:
        yield served
