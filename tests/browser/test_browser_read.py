"""That somebody has read what the customer wrote, said under the last of it."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Come
from tests.browser.customer import Customer
from tests.browser.desk import Desk
from tests.browser.test_browser_access import AXE, violations

pytestmark = pytest.mark.server("chromium")
SEEN = {
    "en": "Seen",
    "zh": "已读",
    "ms": "Dibaca",
    "de": "Gelesen",
    "fr": "Vu",
    "es": "Visto",
    "pt": "Visto",
    "ar": "تمت القراءة",
}


def read(desk: Desk, text: str) -> None:
    """Somebody at the desk reads up to what the customer wrote."""
    conversation = desk.conversation_of(text)
    [id_] = [message["id"] for message in desk.received(conversation) if message["text"] == text]
    done = desk.post(f"/v1/conversations/{conversation}/read", {"up_to": id_})
    assert done.status_code in (200, 202), done.text


def told(customer: Customer) -> list[str]:
    """The log, as it is read out: what each message says, and where it is said that it was seen."""
    return customer.log.evaluate("""log => [...log.querySelectorAll(".m > p, .seen")].map((each) => each.innerText)""")


def test_it_is_said_under_the_last_that_was_read(customer: Customer, desk: Desk) -> None:
    for text in ("I wrote one", "I wrote two", "I wrote three"):
        customer.write(text)
        customer.sent()
    seen = customer.log.get_by_text("Seen", exact=True)
    expect(seen).to_have_count(0)
    read(desk, "I wrote one")
    expect(seen).to_be_visible()
    assert told(customer) == ["I wrote one", "Seen", "I wrote two", "I wrote three"]
    read(desk, "I wrote three")
    expect(customer.log.locator(".m:nth-last-child(2)")).to_contain_text("I wrote three")
    assert told(customer) == ["I wrote one", "I wrote two", "I wrote three", "Seen"]
    read(desk, "I wrote two")
    desk.answer(desk.conversation_of("I wrote one"), "I read them")
    customer.sees("I wrote one", "I wrote two", "I wrote three", "I read them")
    customer.write("and four")
    customer.sent()
    assert told(customer) == ["I wrote one", "I wrote two", "I wrote three", "Seen", "I read them", "and four"]
    customer.page.reload()
    customer.until_live()
    expect(seen).to_be_visible()
    assert told(customer) == ["I wrote one", "I wrote two", "I wrote three", "Seen", "I read them", "and four"]


def test_it_is_said_in_their_language_and_read_out(desk: Desk, stranger: Come) -> None:
    # axe measures with styles of its own, which the page's policy would not let it
    customer = stranger(desk.page, init=AXE.read_text(), bypass_csp=True).come()
    customer.write("in which language?")
    customer.sent()
    read(desk, "in which language?")
    for language, word in SEEN.items():
        customer.chat.evaluate("(chat, language) => (chat.lang = language)", language)
        seen = customer.page.get_by_role("log").get_by_text(word, exact=True)
        expect(seen).to_be_visible()
        assert told(customer) == ["in which language?", word]
        assert violations(customer.page) == []


def test_what_was_read_in_an_older_conversation_moves_nothing_back(desk: Desk, customer: Customer) -> None:
    customer.write("first case")
    customer.sent()
    first = desk.conversation_of("first case")
    closed = desk.session.patch(f"{desk.url}/v1/conversations/{first}", json={"state": "closed"}, timeout=30)
    assert closed.status_code == 200, closed.text
    customer.write("second case")
    customer.sent()
    assert desk.conversation_of("second case") != first
    read(desk, "second case")
    expect(customer.log.get_by_text("Seen", exact=True)).to_be_visible()
    read(desk, "first case")
    desk.answer(desk.conversation_of("second case"), "both read")
    customer.sees("first case", "second case", "both read")
    assert told(customer) == ["first case", "second case", "Seen", "both read"]
