"""One Chromium and one hub for all tests; for each customer a browser profile of their own."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.customer import Customer
from tests.browser.desk import Desk

Come = Callable[..., Customer]


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Ended with these tests: while it lives there is a loop in this thread, and `asyncio.run` wants none."""
    with sync_playwright() as playwright:
        # the sandbox needs what containers do not give; every page it is shown is ours
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with Desk(tmp_path_factory.mktemp("desk")) as desk:
        yield desk


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


@pytest.fixture
def stranger(chromium: Browser) -> Iterator[Come]:
    """A new customer with a browser of their own: `stranger(url, **context options)`; no page may complain."""
    contexts, customers = [], []

    def come(url: str, init: str = "", **options: Any) -> Customer:
        context = chromium.new_context(**{"locale": "en-GB", **options})
        contexts.append(context)
        if init:
            context.add_init_script(init)
        customers.append(Customer(context, url))
        return customers[-1]

    yield come
    for context in contexts:
        context.close()
    assert [customer.faults for customer in customers if customer.faults] == []


@pytest.fixture
def customer(stranger: Come, desk: Desk) -> Customer:
    """Somebody new, before the page of the shared hub."""
    return stranger(desk.page).come()
