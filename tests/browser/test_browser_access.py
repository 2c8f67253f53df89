"""For everybody: by keyboard alone, read out, in the dark, from right to left, in their language."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from connectors.channels.chat import PAGE
from tests.browser.conftest import Come
from tests.browser.customer import Customer
from tests.browser.desk import Desk
from tests.browser.test_browser_files import give

pytestmark = pytest.mark.server("chromium")
AXE = Path(__file__).parent / "vendored" / "axe.min.js"
OFFERED = [
    {"type": "reply", "label": "Yes", "value": "y"},
    {"type": "link", "label": "More", "url": "https://example.com/"},
]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def violations(page: Page) -> list[Any]:
    page.evaluate(
        "Promise.all(document.querySelector('onethread-chat').shadowRoot.getAnimations().map((each) => each.finished))"
    )
    found = page.evaluate("async (rules) => (await axe.run(document, rules)).violations", RULES)
    return [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]


@pytest.fixture
def audited(desk: Desk, stranger: Come) -> Callable[..., Customer]:
    """A customer before a chat that shows one of everything."""

    def come(**options: Any) -> Customer:
        # axe measures with styles of its own, which the page's policy would not let it
        customer = stranger(desk.page, init=AXE.read_text(), bypass_csp=True, **options).come()
        mode = "-".join(options.values())
        give(customer, "paste", "textarea")
        expect(customer.page.locator(".files li")).to_have_count(1)
        customer.write(f"seen {mode} https://example.com/x")
        customer.sent()
        id_ = desk.conversation_of(f"seen {mode} https://example.com/x")
        desk.answer(id_, "Is it this one?", actions=OFFERED)
        desk.command("reaction.set", message_id=desk.received(id_)[0]["id"], reaction="👍")
        expect(customer.page.get_by_role("button", name="Yes")).to_be_visible()
        customer.message("Is it this one?").get_by_role("button").nth(1).click()
        customer.box.fill("and a draft")
        give(customer, "paste", "textarea")
        desk.command("typing.set", conversation_id=id_)
        return customer

    return come


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(audited: Callable[..., Customer], scheme: str) -> None:
    customer = audited(color_scheme=scheme)
    assert violations(customer.page) == []
    customer.page.locator(".alarm").click()
    expect(customer.page.get_by_role("dialog")).to_be_visible()
    assert violations(customer.page) == []


def test_from_right_to_left(audited: Callable[..., Customer]) -> None:
    customer = audited(locale="ar")
    assert violations(customer.page) == []
    mine, theirs = (
        customer.page.locator(".m.me").first.bounding_box(),
        customer.page.locator(".m.them").first.bounding_box(),
    )
    assert mine
    assert theirs
    assert mine["x"] < theirs["x"] + theirs["width"] - mine["width"]
    expect(customer.page.locator(".send")).to_have_text("إرسال")
    send, box = customer.page.locator(".send").bounding_box(), customer.box.bounding_box()
    assert send
    assert box
    assert send["x"] < box["x"]


def test_by_keyboard_alone(customer: Customer, desk: Desk) -> None:
    keyboard = customer.page.keyboard
    customer.box.focus()
    keyboard.type("one line")
    keyboard.press("Shift+Enter")
    keyboard.type("and another")
    keyboard.press("Enter")
    customer.sees("one line\nand another")
    expect(customer.box).to_be_focused()
    customer.sent()
    id_ = desk.conversation_of("one line\nand another")
    desk.answer(id_, "Really?", actions=OFFERED)
    customer.sees("one line\nand another", "Really?")
    customer.log.focus()
    keyboard.press("ArrowUp")
    expect(customer.message("Really?")).to_be_focused()
    keyboard.press("ArrowUp")
    expect(customer.messages.first).to_be_focused()
    keyboard.press("End")
    keyboard.press("Tab")
    expect(customer.page.get_by_role("button", name="Yes")).to_be_focused()
    keyboard.press("Enter")
    customer.sees("one line\nand another", "Really?", "Yes")
    customer.log.focus()
    keyboard.press("ArrowUp")
    keyboard.press("Escape")
    expect(customer.box).to_be_focused()
    customer.message("Really?").get_by_role("button", name="Reply").press("Enter")
    expect(customer.page.locator(".quote")).to_contain_text("Reply to")
    expect(customer.box).to_be_focused()
    keyboard.press("Escape")
    expect(customer.page.locator(".quote")).to_be_hidden()


def test_who_looks_at_what_waits_is_still_in_the_log_once_it_is_sent(customer: Customer) -> None:
    customer.page.context.set_offline(True)
    customer.write("on my way")
    expect(customer.unsent).to_have_count(1)
    customer.log.focus()
    customer.page.keyboard.press("ArrowUp")
    customer.page.context.set_offline(False)
    customer.sent()
    expect(customer.log).to_be_focused()
    customer.page.keyboard.press("Escape")
    expect(customer.box).to_be_focused()


def test_new_messages_are_read_out_and_old_ones_are_not(customer: Customer) -> None:
    expect(customer.log).to_have_attribute("aria-live", "polite")
    customer.write("said before")
    customer.sent()
    busy = """chat => new Promise((seen) => {
      chat.lang = "de";
      new MutationObserver(() => seen(chat.shadowRoot.querySelector("[role=log]").getAttribute("aria-busy")))
        .observe(chat.shadowRoot, { childList: true });
    })"""
    assert customer.chat.evaluate(busy) == "true"
    customer.sees("said before")


def test_it_speaks_their_language_or_english(customer: Customer) -> None:
    for language in ("de", "zh", "pt-BR", "fa", "no such"):
        customer.chat.evaluate("(chat, language) => (chat.lang = language)", language)
        file = PAGE / f"texts.{language.partition('-')[0]}.js"
        said = (file if file.exists() else PAGE / "texts.en.js").read_text().split("|")
        expect(customer.box).to_have_attribute("aria-label", said[2])
        expect(customer.page.locator(".chat")).to_have_attribute("dir", "rtl" if language == "fa" else "ltr")


def test_an_app_words_and_colours_it_as_it_likes(customer: Customer) -> None:
    customer.chat.evaluate(
        """chat => {
          chat.texts = { send: "Off it goes" };
          chat.style.setProperty("--onethread-accent", "rgb(11, 107, 58)");
        }"""
    )
    send = customer.page.get_by_role("button", name="Off it goes")
    expect(send).to_have_css("background-color", "rgb(11, 107, 58)")
    expect(customer.box).to_have_attribute("placeholder", "Write a message")
