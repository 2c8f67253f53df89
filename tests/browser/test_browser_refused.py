"""A message that is refused for good: shown as not sent, never sent again, put away by who wrote it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Come
from tests.browser.customer import Customer
from tests.browser.test_browser_access import AXE, violations
from tests.browser.test_browser_doors import NO_SOCKET
from tests.chat.talk import chatting
from tests.chat.test_chat_refused import FAULT, run
from tests.web.parrot import Served

pytestmark = pytest.mark.server("chromium")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with chatting(tmp_path) as served:
        yield served


def frames(customer: Customer) -> list[str]:
    """Texts of the messages that go out by socket or post from now on."""
    customer.page.on("websocket", lambda socket: socket.on("framesent", lambda sent: said.append(str(sent))))
    customer.page.on("request", lambda request: said.append(request.post_data or ""))
    said: list[str] = []
    return said


@pytest.mark.parametrize("init", ["", NO_SOCKET], ids=["socket", "posts"])
def test_it_is_shown_and_not_sent_again(served: Served, stranger: Come, init: str) -> None:
    # axe measures with styles of its own, which the page's policy would not let it
    customer = stranger(f"{served.url}/chat/app/", init=AXE.read_text() + init, bypass_csp=True)
    said = frames(customer)
    customer.come()
    run(served, FAULT)
    customer.write("nobody can take this")
    failed = customer.page.locator(".m.failed")
    expect(failed).to_contain_text("Not sent")
    expect(failed.get_by_role("button")).to_have_text(["Remove"])
    assert violations(customer.page) == []
    run(served, "DROP TRIGGER fault")
    customer.write("but this")
    customer.sees("but this", "nobody can take this")
    customer.page.reload()
    customer.until_live()
    customer.sees("but this", "nobody can take this")
    customer.write("and this")
    customer.sees("but this", "and this", "nobody can take this")
    expect(customer.page.locator(".m.sending")).to_have_count(0)
    assert len([each for each in said if "nobody can take this" in each]) == 1
    failed.get_by_role("button", name="Remove").click()
    customer.sees("but this", "and this")
    customer.page.reload()
    customer.until_live()
    customer.sees("but this", "and this")


def test_it_is_no_longer_failed_once_the_operator_brought_it_in(served: Served, stranger: Come) -> None:
    customer = stranger(f"{served.url}/chat/app/").come()
    run(served, FAULT)
    customer.write("brought in later")
    expect(customer.page.locator(".m.failed")).to_have_count(1)
    run(served, "DROP TRIGGER fault")
    [item] = served.ask("GET", "/v1/quarantine").json()["quarantine"]
    assert served.ask("POST", f"/v1/quarantine/{item['id']}/replay").json()["recorded"] == 1
    customer.sent()
    customer.sees("brought in later")
    assert customer.page.evaluate("Object.keys(localStorage).filter((key) => key.includes(':out:'))") == []
