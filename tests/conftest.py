"""How properties are searched: afresh on a developer's machine, the same way every time in continuous integration.
And on what engine each test keeps its store."""

import os
import signal
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

from tests import stores
from tests.servers import require

settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("local", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "local")
signal.signal(signal.SIGINT, signal.default_int_handler)
"""A shell starts what runs in its background deaf to Ctrl-C, and so would every program be that a test starts."""


def pytest_runtest_setup(item: pytest.Item) -> None:
    require(item)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    stores.parametrize(metafunc)


def pytest_sessionfinish() -> None:
    stores.remove()


@pytest.fixture(autouse=True)
def store_engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of the engine the test's stores are on."""
    with stores.on(getattr(request, "param", "sqlite")) as engine:
        yield engine


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """What a test sets up of logging ends with it: else others in its process see less, or nothing, of what is said."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)
