"""How properties are searched: afresh on a developer's machine, the same way every time in continuous integration."""

import os

import pytest
from hypothesis import settings

from tests.servers import require

settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("local", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "local")


def pytest_runtest_setup(item: pytest.Item) -> None:
    require(item)
