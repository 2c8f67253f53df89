from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chat.talk import chatting
from tests.web.parrot import Served


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A hub with a chat `app`."""
    with chatting(tmp_path) as served:
        yield served
