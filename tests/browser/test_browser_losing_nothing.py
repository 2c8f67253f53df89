"""Type, kill the tab, restart the hub, come back: nothing is lost and nothing is there twice."""

import pytest

from tests.browser.conftest import Come
from tests.browser.customer import Customer
from tests.browser.desk import Desk

pytestmark = pytest.mark.server("chromium")


@pytest.mark.kill
def test_a_killed_tab_and_a_killed_hub_lose_nothing(desk: Desk, stranger: Come) -> None:
    customer = stranger(desk.page).come()
    customer.write("before")
    customer.sent()
    desk.kill()
    customer.write("into the void")
    customer.write("and again")
    customer.sees("before", "into the void", "and again")
    customer.page.close(run_before_unload=False)
    desk.start()
    back = Customer(customer.context, desk.page).come()
    back.sees("before", "into the void", "and again")
    back.sent()
    conversation = desk.conversation_of("before")
    assert desk.texts(conversation) == ["before", "into the void", "and again"]
    desk.answer(conversation, "all there")
    back.sees("before", "into the void", "and again", "all there")


@pytest.mark.kill
def test_a_tab_that_stays_comes_back_by_itself_after_a_restart_and_sends_what_was_left(
    desk: Desk, stranger: Come
) -> None:
    customer = stranger(desk.page).come()
    customer.write("one")
    customer.sent()
    conversation = desk.conversation_of("one")
    desk.stop()
    customer.write("two")
    desk.start()
    desk.answer(conversation, "while you were away")
    customer.until_live()
    customer.sent()
    assert desk.texts(conversation) == ["one", "two"]
    assert sorted(customer.log.locator(".m > p").all_inner_texts()) == ["one", "two", "while you were away"]


def test_a_tab_killed_in_the_middle_of_sending_sends_it_once(desk: Desk, stranger: Come) -> None:
    """The frame has left and its acknowledgement never came: the next tab says it again, under the same id."""
    customer = stranger(desk.page, init=DEAF).come()
    customer.write("killed in mid-send")
    conversation = desk.conversation_of("killed in mid-send")
    customer.page.close(run_before_unload=False)
    back = Customer(customer.context, desk.page).come()
    back.sent()
    back.sees("killed in mid-send")
    assert desk.texts(conversation) == ["killed in mid-send"]


DEAF = """
if (!localStorage.getItem("deaf")) {
  localStorage.setItem("deaf", "once");
  globalThis.WebSocket = class extends WebSocket {
    set onmessage(heard) {
      super.onmessage = (event) => ["ack", "message"].includes(JSON.parse(event.data).type) || heard(event);
    }
  };
}
"""
"""The first tab of a browser hears no acknowledgements and no messages."""


def test_two_tabs_share_one_outbox_and_one_visitor(desk: Desk, stranger: Come) -> None:
    first = stranger(desk.page).come()
    second = Customer(first.context, desk.page).come()
    first.context.set_offline(True)
    first.write("from the first")
    second.write("from the second")
    second.sees("from the first", "from the second")
    first.context.set_offline(False)
    for tab in (first, second):
        tab.sent()
        tab.sees("from the first", "from the second")
    assert desk.texts(desk.conversation_of("from the first")) == ["from the first", "from the second"]


def test_tabs_opened_at_once_are_one_visitor(desk: Desk, stranger: Come) -> None:
    """What one tab keeps reaches another a moment after the lock does, for they are processes of their own."""
    first = stranger(desk.page)
    tabs = [first, *(Customer(first.context, desk.page) for _ in range(3))]
    for tab in tabs:
        tab.page.goto(desk.page, wait_until="commit")
    for n, tab in enumerate(tabs):
        tab.until_live()
        tab.write(f"tab {n} of one visitor")
        tab.sent()
    assert len({desk.conversation_of(f"tab {n} of one visitor") for n in range(4)}) == 1
