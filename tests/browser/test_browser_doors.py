"""Who comes, and by which way: signed-in users, two devices, without WebSocket or storage, from other origins."""

import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import expect

from connectors.channels.chat import PAGE
from tests.browser.conftest import Come
from tests.browser.customer import Customer
from tests.browser.desk import Desk
from tests.browser.test_browser_files import give
from tests.chat.talk import token

pytestmark = pytest.mark.server("chromium")
NO_SOCKET = "delete globalThis.WebSocket;"
DEAD_SOCKET = """
globalThis.WebSocket = class { constructor() { setTimeout(() => this.onclose?.({ code: 1006 }), 10); } close() {} };
"""
"""As behind a proxy that lets none through."""
NO_LOCKS = 'Object.defineProperty(Navigator.prototype, "locks", { value: undefined });'
NO_STORAGE = """
Object.defineProperty(window, "localStorage", { get() { throw new DOMException("blocked", "SecurityError"); } });
"""
FULL = 'Storage.prototype.setItem = () => { throw new DOMException("full", "QuotaExceededError"); };'


def signed_in(sub: str, **claims: object) -> str:
    """What an app's page does before the chat is there."""
    given = f"document.querySelector('onethread-chat').token = '{token(sub, **claims)}'"
    return f"addEventListener('DOMContentLoaded', () => {{ {given}; }});"


def test_the_page_asks_for_few_files_whatever_is_done_on_it(desk: Desk, stranger: Come) -> None:
    customer = stranger(desk.page, locale="de-AT")
    asked: list[str] = []
    customer.page.on("request", lambda request: asked.append(request.url.removeprefix(desk.page)))
    customer.come()
    give(customer, "paste", "textarea")
    expect(customer.page.locator(".files li")).to_have_count(1)
    customer.write("with all there is")
    customer.sent()
    id_ = desk.conversation_of("with all there is")
    desk.answer(id_, "Here", parts=[{"type": "cards", "cards": [{"title": "Here"}]}])
    customer.message("with all there is").get_by_role("button", name="Reagieren").click()
    expect(customer.page.locator(".cards")).to_be_visible()
    customer.page.get_by_role("button", name="Notfall").click()
    expect(customer.page.get_by_role("dialog")).to_be_visible()
    files = [each for each in asked if re.fullmatch(r"|[\w.]+\.\w+", each)]
    assert sorted(files) == ["", "chat.css", "page.css", "page.js", "texts.de.js"]


def test_two_devices_of_a_user_show_the_same(desk: Desk, stranger: Come) -> None:
    phone = stranger(desk.page, init=signed_in("two-devices")).come()
    phone.write("from the phone")
    phone.sent()
    laptop = stranger(desk.page, init=signed_in("two-devices")).come()
    laptop.sees("from the phone")
    laptop.write("from the laptop")
    laptop.sent()
    desk.answer(desk.conversation_of("from the phone"), "to both")
    for device in (phone, laptop):
        device.sees("from the phone", "from the laptop", "to both")
        assert device.page.evaluate("Object.keys(localStorage).filter((key) => key.endsWith('token'))") == []


def test_a_token_that_expires_is_asked_for_again_and_nothing_is_lost(desk: Desk, stranger: Come) -> None:
    customer = stranger(desk.page)
    customer.page.expose_function("mint", lambda: token("renewed"))
    expired = token("renewed", exp=1_700_000_000)
    customer.context.add_init_script(
        f"""let asked = 0;
        addEventListener("DOMContentLoaded", () => {{
          document.querySelector("onethread-chat").getToken = async () => asked++ ? mint() : "{expired}";
        }});"""
    )
    customer.page.goto(desk.page)
    customer.write("before I am let in")
    customer.until_live()
    customer.sent()
    [message] = desk.received(desk.conversation_of("before I am let in"))
    assert message["author"]["kind"] == "contact"


def test_a_token_is_renewed_before_it_expires_without_a_break(desk: Desk, stranger: Come) -> None:
    customer = stranger(desk.page)
    minted: list[str] = []

    def mint() -> str:
        minted.append(token("in-time", name=f"name {len(minted)}"))
        return minted[-1]

    customer.page.expose_function("mint", mint)
    customer.context.add_init_script(
        """addEventListener("DOMContentLoaded", () => {
          const chat = document.querySelector("onethread-chat");
          chat.getToken = mint;
          chat.addEventListener("onethread:state", ({ detail: { state } }) => (window.states ??= []).push(state));
        });"""
    )
    customer.page.clock.install()
    customer.come()
    assert len(minted) == 1
    customer.page.clock.fast_forward("59:10")
    customer.page.wait_for_timeout(100)
    customer.write("an hour later")
    customer.sent()
    [message] = desk.received(desk.conversation_of("an hour later"))
    assert message["author"]["name"] == f"name {len(minted) - 1}" != "name 0"
    assert set(customer.page.evaluate("states")[1:]) == {"live"}


def test_a_token_that_is_none_is_said_to_be_and_not_tried_again(desk: Desk, stranger: Come) -> None:
    customer = stranger(desk.page, init=signed_in("u1", aud="somebody else").replace("eyJ", "eyJx", 1))
    customer.page.goto(desk.page)
    customer.page.locator("onethread-chat[state=refused]").wait_for(state="attached")
    expect(customer.page.get_by_role("status")).to_have_text("You are not signed in.")
    customer.chat.evaluate("(chat, token) => (chat.token = token)", token("now-good"))
    customer.until_live()


@pytest.mark.parametrize("init", [NO_SOCKET, DEAD_SOCKET], ids=["none", "blocked"])
def test_without_a_websocket_it_goes_by_events_and_posts(desk: Desk, stranger: Come, init: str) -> None:
    customer = stranger(desk.page, init=init).come()
    text = f"by post {len(init)}"
    customer.write(text)
    customer.sent()
    desk.answer(desk.conversation_of(text), "by event")
    customer.sees(text, "by event")


@pytest.mark.parametrize("init", [NO_STORAGE, FULL], ids=["blocked", "full"])
def test_without_storage_it_works_and_says_so(desk: Desk, stranger: Come, init: str) -> None:
    customer = stranger(desk.page, init=init).come()
    expect(customer.page.get_by_role("status")).to_contain_text("This browser keeps nothing")
    text = f"kept nowhere {len(init)}"
    customer.write(text)
    customer.sent()
    assert desk.texts(desk.conversation_of(text)) == [text]


def test_without_locks_two_tabs_still_send_each_message_once(desk: Desk, stranger: Come) -> None:
    first = stranger(desk.page, init=NO_LOCKS).come()
    second = Customer(first.context, desk.page).come()
    first.context.set_offline(True)
    for n in range(3):
        first.write(f"lease {n}")
    first.context.set_offline(False)
    for tab in (first, second):
        tab.sees("lease 0", "lease 1", "lease 2")
        tab.sent()
    assert desk.texts(desk.conversation_of("lease 0")) == ["lease 0", "lease 1", "lease 2"]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def shop(tmp_path: Path, desk: Desk) -> Iterator[str]:
    """The website of the examples, of another origin than the hub; at `/in.html` its users are signed in."""
    page = (PAGE / "examples" / "website.html").read_text().replace("https://hub.example.com/chat/app/", desk.page)
    (tmp_path / "index.html").write_text(page)
    assert "// document" in page
    (tmp_path / "in.html").write_text(page.replace("// document", "document"))
    (tmp_path / "chat-token").write_text(token("shopper"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_website_embeds_it(desk: Desk, stranger: Come, shop: str) -> None:
    customer = stranger(shop)
    customer.page.goto(shop)
    customer.page.get_by_role("button", name="Chat with us").click()
    customer.until_live()
    customer.write("from the shop")
    customer.sent()
    id_ = desk.conversation_of("from the shop")
    assert desk.received(id_)[0]["context"]["page"] == {"value": "/", "signed": False}
    customer.page.get_by_role("button", name="Chat with us").click()
    desk.answer(id_, "we have it")
    expect(customer.page.get_by_role("button", name="Chat with us (1)")).to_be_visible()


def test_a_website_signs_its_users_in(desk: Desk, stranger: Come, shop: str) -> None:
    customer = stranger(f"{shop}in.html")
    customer.page.goto(customer.url)
    customer.page.get_by_role("button", name="Chat with us").click()
    customer.until_live()
    customer.write("signed in at the shop")
    customer.sent()
    at_home = stranger(desk.page, init=signed_in("shopper")).come()
    at_home.sees("signed in at the shop")
    assert customer.page.evaluate("Object.keys(localStorage).filter((key) => key.endsWith('token'))") == []
