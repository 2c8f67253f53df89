"""A customer who waits for an answer is notified in their browser; nobody is asked before they click.

Real are the page, its service worker, the permission, the notification, the hub, and the encrypted message to a push
service (the simulator, which opens it). Two ends are not: Chromium gives no subscription without Google's push service,
so the page's `PushManager` gives out those of the simulator's browsers, and what that opened is handed to the worker by
DevTools; and no tool can tap a notification, so the worker is told of a tap, and who opens windows is watched.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Worker, expect

from connectors.channels.web_push.simulator import Simulator
from tests.browser.conftest import Come
from tests.browser.customer import PATIENCE, Customer
from tests.browser.desk import Desk
from tests.browser.test_browser_access import AXE, violations
from tests.chat.talk import USERS, token

pytestmark = pytest.mark.server("chromium")
VAPID = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA"
NOTIFY, STOP = "Notify me when you answer", "Stop notifying me"
NOT_REAL = """
for (const [name, work] of Object.entries({
  async subscribe({ applicationServerKey: key, userVisibleOnly }) {
    if (!userVisibleOnly || Notification.permission !== "granted") throw new DOMException("no", "NotAllowedError");
    const number = Number(localStorage.subscribed ?? 0) + 1;
    localStorage.subscribed = number;
    localStorage.subscription = JSON.stringify({ number, key });
    return this.getSubscription();
  },
  async getSubscription() {
    if (!localStorage.subscription) return null;
    const { number, key } = JSON.parse(localStorage.subscription);
    const told = BROWSERS[number - 1];
    const octets = Uint8Array.from(atob(key.replace(/-/g, "+").replace(/_/g, "/")), (each) => each.charCodeAt());
    const unsubscribe = async () => (localStorage.removeItem("subscription"), true);
    const { endpoint } = told;
    return { endpoint, options: { applicationServerKey: octets.buffer }, toJSON: () => told, unsubscribe };
  },
})) PushManager.prototype[name] = work;
"""
"""The page's end of the push service: subscriptions of the simulator's browsers, as many as are asked for."""
WATCHED = """() => {
  const show = registration.showNotification.bind(registration);
  registration.showNotification = (...told) => show(...told).then(() => { self.shown = true; });
}"""
"""Who asks for the list of notifications while one comes makes Chromium forget it, so nobody does before it came."""
TAPPED = """async () => {
  const [notification] = await registration.getNotifications();
  const event = new NotificationEvent("notificationclick", { notification });
  const done = [];
  event.waitUntil = (work) => done.push(work);
  const opened = [];
  clients.openWindow = async (url) => opened.push(url);
  WindowClient.prototype.focus = async function () { opened.push("focus " + this.url); };
  dispatchEvent(event);
  await Promise.all(done);
  return { opened, left: (await registration.getNotifications()).length };
}"""


class Pushing:
    """A hub with a chat and its users' browsers, and the push service."""

    def __init__(self, desk: Desk, provider: Simulator) -> None:
        self.desk, self.provider = desk, provider

    def init(self, sub: str) -> str:
        """What an app does before the chat is there, and a browser whose subscriptions are the simulator's."""
        browsers = [self.provider.browser(f"{sub}-{number}") for number in range(1, 5)]
        mint = f"async () => localStorage.out ? null : '{token(sub)}'"
        give = f"Object.assign(document.querySelector('onethread-chat') ?? {{}}, {{ getToken: {mint} }})"
        here = f"const BROWSERS = {json.dumps(browsers)};{NOT_REAL}"
        return f"{{{here}}} addEventListener('DOMContentLoaded', () => {{ {give}; }});"

    def statuses(self, message: str) -> set[str]:
        told = self.desk.events("delivery.updated")
        return {
            each["data"]["delivery"]["status"] for each in told if each["data"]["delivery"]["message_id"] == message
        }


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A website of its own origin, and its folder."""
    folder = tmp_path_factory.mktemp("site")
    quiet = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", folder
        server.shutdown()


@pytest.fixture(scope="module")
def pushing(tmp_path_factory: pytest.TempPathFactory, site: tuple[str, Path]) -> Iterator[Pushing]:
    desk = Desk(tmp_path_factory.mktemp("pushing"))
    settings = {
        "users": "app",
        "jwt_secret": USERS,
        "vapid_private_key": VAPID,
        "subject": "mailto:push@acme.example.com",
        "title": "Acme",
        "origins": [site[0]],
    }
    with Simulator(settings, f"{desk.url}/in/browsers") as provider:
        told = json.loads(desk.config.read_text())
        told["connectors"]["browsers"] = {"plugin": "web_push", **provider.settings()}
        desk.config.write_text(json.dumps(told))
        with desk:
            yield Pushing(desk, provider)


def come(pushing: Pushing, stranger: Come, sub: str, url: str = "", init: str = "", **options: Any) -> Customer:
    """A signed-in customer whom the browser lets be notified."""
    customer = stranger(url or pushing.desk.page, init=pushing.init(sub) + init, **options)
    customer.context.grant_permissions(["notifications"])
    return customer.come()


def offer(customer: Customer, name: str = NOTIFY) -> Locator:
    return customer.log.get_by_role("button", name=name)


def bell(customer: Customer) -> Locator:
    return customer.page.locator("header button")


def turn_on(customer: Customer) -> None:
    offer(customer).click()
    expect(customer.log.get_by_role("status")).to_have_text("You will be notified on this device.")


def until(customer: Customer, true: Callable[[], object]) -> None:
    ends = time.monotonic() + PATIENCE / 1000
    while not true():
        assert time.monotonic() < ends, "it did not come about in time"
        customer.page.wait_for_timeout(20)


def deliver(customer: Customer, sent: dict[str, Any]) -> Worker:
    """Brings what the push service was sent to the worker; that of the chat, once it has shown it."""
    session = customer.context.new_cdp_session(customer.page)
    [worker] = customer.context.service_workers
    scope, origin = worker.evaluate("[registration.scope, origin]")
    worker.evaluate(WATCHED)
    found: list[str] = []

    def note(told: dict[str, Any]) -> None:
        every = told["registrations"]
        found.extend(each["registrationId"] for each in every if each["scopeURL"] == scope and not each["isDeleted"])

    session.on("ServiceWorker.workerRegistrationUpdated", note)
    session.send("ServiceWorker.enable")
    until(customer, lambda: found)
    push = {"origin": origin, "registrationId": found[-1], "data": json.dumps(sent)}
    session.send("ServiceWorker.deliverPushMessage", push)
    until(customer, lambda: worker.evaluate("self.shown"))
    return worker


def pushed(pushing: Pushing, customer: Customer, browser: str, conversation: str) -> tuple[str, dict[str, Any]]:
    """An answer that goes by push: its id, and what the push service sent the browser."""
    before = len(pushing.provider.shown.get(browser, ()))
    message = pushing.desk.answer(conversation, "It left today.", channel="push")
    until(customer, lambda: len(pushing.provider.shown.get(browser, ())) > before)
    return message, pushing.provider.shown[browser][-1]


def until_told(pushing: Pushing, customer: Customer, message: str, status: str) -> None:
    until(customer, lambda: status in pushing.statuses(message))


def notified(pushing: Pushing, customer: Customer, browser: str, asked: str) -> Worker:
    """The answer to what they asked is shown, and a tap on it leads to their page; the hub is told of both."""
    message, sent = pushed(pushing, customer, browser, pushing.desk.conversation_of(asked))
    worker = deliver(customer, sent)
    shown = worker.evaluate("registration.getNotifications().then(([one]) => [one.title, one.body, one.data.message])")
    assert shown == ["Acme", "You have an answer", message]
    until_told(pushing, customer, message, "delivered")
    assert worker.evaluate(TAPPED) == {"opened": [f"focus {customer.url}"], "left": 0}
    until_told(pushing, customer, message, "read")
    return worker


def test_who_waits_is_offered_it_and_told_of_the_answer_and_the_hub_of_what_was_shown_and_opened(
    pushing: Pushing, stranger: Come
) -> None:
    asked = "Notification.requestPermission = async () => ((window.asked ??= []).push(1), 'granted');"
    customer = come(pushing, stranger, "waits", init=asked)
    expect(offer(customer)).to_have_count(0)
    expect(bell(customer)).to_have_attribute("aria-label", NOTIFY)
    customer.write("waits for an answer")
    expect(offer(customer)).to_be_visible()
    assert customer.page.evaluate("window.asked") is None
    turn_on(customer)
    assert customer.page.evaluate("window.asked") == [1]
    expect(bell(customer)).to_have_attribute("aria-label", STOP)
    notified(pushing, customer, "waits-1", "waits for an answer")
    customer.message("It left today.").wait_for()
    expect(customer.log.get_by_role("status")).to_have_count(0)


def test_it_stays_on_and_is_registered_again_when_the_page_is_loaded_anew(pushing: Pushing, stranger: Come) -> None:
    customer = come(pushing, stranger, "stays")
    customer.write("I stay")
    turn_on(customer)
    with customer.page.expect_request(lambda request: request.url.endswith("/in/browsers")) as again:
        customer.come()
    assert again.value.post_data_json == {"device": pushing.provider.browser("stays-1")}
    expect(bell(customer)).to_have_attribute("aria-label", STOP)
    customer.message("I stay").wait_for()
    expect(offer(customer)).to_have_count(0)


def test_another_subscription_takes_the_place_of_the_former(pushing: Pushing, stranger: Come) -> None:
    customer = come(pushing, stranger, "renews")
    customer.write("I am renewed")
    turn_on(customer)
    customer.page.evaluate("localStorage.removeItem('subscription')")
    with customer.page.expect_request(lambda request: request.url.endswith("/in/browsers")) as again:
        [worker] = customer.context.service_workers
        worker.evaluate(
            """() => {
              const event = new Event("pushsubscriptionchange");
              event.newSubscription = {};
              event.waitUntil = () => {};
              dispatchEvent(event);
            }"""
        )
    first, second = (pushing.provider.browser(f"renews-{number}") for number in (1, 2))
    assert again.value.post_data_json == {"device": second, "before": first}
    assert again.value.response()
    pushed(pushing, customer, "renews-2", pushing.desk.conversation_of("I am renewed"))
    assert "renews-1" not in pushing.provider.shown


def test_not_now_is_remembered_and_the_bell_stays(pushing: Pushing, stranger: Come) -> None:
    customer = come(pushing, stranger, "not-now")
    customer.write("I only ask")
    customer.log.get_by_role("button", name="Not now").press("Enter")
    expect(offer(customer)).to_have_count(0)
    expect(bell(customer)).to_be_focused()
    customer.come()
    customer.message("I only ask").wait_for()
    expect(offer(customer)).to_have_count(0)
    bell(customer).press("Enter")
    expect(bell(customer)).to_have_attribute("aria-label", STOP)
    bell(customer).press("Enter")
    expect(bell(customer)).to_have_attribute("aria-label", NOTIFY)
    customer.page.wait_for_function("!localStorage.subscription")
    body = {"conversation_id": pushing.desk.conversation_of("I only ask"), "text": "no", "channel": "push"}
    until(customer, lambda: pushing.desk.post("/v1/messages", body).status_code == 422)


@pytest.mark.parametrize(
    "leave", ["chat => chat.forget()", "chat => { localStorage.out = 1; chat.token = null; }"], ids=["forget", "token"]
)
def test_who_signs_out_takes_it_along(pushing: Pushing, stranger: Come, leave: str) -> None:
    sub = f"leaves-by-{leave.count('token')}"
    customer = come(pushing, stranger, sub)
    customer.write(f"{sub} and goes")
    turn_on(customer)
    with customer.page.expect_request(lambda request: request.url.endswith("/in/browsers")) as gone:
        customer.page.evaluate("localStorage.out = 1")
        customer.chat.evaluate(leave)
    assert gone.value.post_data_json == {"device": pushing.provider.browser(f"{sub}-1"), "on": False}
    expect(bell(customer)).to_be_hidden()
    assert customer.page.evaluate("localStorage.subscription") is None


def test_who_signed_out_elsewhere_is_let_go_when_the_page_comes_again(pushing: Pushing, stranger: Come) -> None:
    customer = come(pushing, stranger, "elsewhere")
    customer.write("I sign out elsewhere")
    turn_on(customer)
    customer.page.evaluate("localStorage.out = 1")
    customer.come()
    customer.page.wait_for_function("!localStorage.subscription")
    expect(bell(customer)).to_be_hidden()


def test_a_visitor_and_who_forbids_notifications_are_offered_nothing(pushing: Pushing, stranger: Come) -> None:
    visitor = stranger(pushing.desk.page)
    visitor.context.grant_permissions(["notifications"])
    visitor.come().write("I am nobody")
    visitor.sent()
    denied = "Object.defineProperty(Notification, 'permission', { value: 'denied' });"
    forbids = come(pushing, stranger, "forbids", init=denied)
    forbids.write("I forbid it")
    forbids.sent()
    for customer in (visitor, forbids):
        expect(bell(customer)).to_be_hidden()
        expect(bell(customer)).to_have_count(1)
        expect(offer(customer)).to_have_count(0)


def test_in_a_frame_nobody_is_asked(pushing: Pushing, stranger: Come, site: tuple[str, Path]) -> None:
    url, folder = site
    (folder / "framed.html").write_text(f'<title>Shop</title><iframe src="{pushing.desk.page}"></iframe>')
    customer = stranger(f"{url}/framed.html", init=pushing.init("framed"))
    customer.context.grant_permissions(["notifications"])
    customer.page.goto(customer.url)
    frame = customer.page.frame_locator("iframe")
    frame.locator("textarea").fill("from a frame")
    frame.locator("textarea").press("Enter")
    expect(frame.get_by_role("log").get_by_role("article")).to_have_count(1)
    expect(frame.locator("header button")).to_have_count(1)
    expect(frame.locator("header button")).to_be_hidden()
    expect(frame.get_by_role("button", name=NOTIFY)).to_have_count(0)


def test_a_refusal_is_said_and_asked_again_only_by_a_click(pushing: Pushing, stranger: Come) -> None:
    fails = "PushManager.prototype.subscribe = async () => { throw new DOMException('no service', 'AbortError'); };"
    customer = come(pushing, stranger, "fails", init=fails)
    errors = "chat => chat.addEventListener('onethread:error', ({ detail }) => (window.error = detail))"
    customer.chat.evaluate(errors)
    customer.write("it will not be")
    offer(customer).click()
    expect(customer.log.get_by_role("status")).to_have_text("This device cannot be notified just now.")
    assert customer.page.evaluate("window.error") == {"code": "push", "detail": "no service"}
    expect(offer(customer)).to_be_visible()
    expect(bell(customer)).to_have_attribute("aria-label", NOTIFY)


def test_a_website_names_its_own_worker(pushing: Pushing, stranger: Come, site: tuple[str, Path]) -> None:
    url, folder = site
    page = f'<title>Shop</title><script type="module" src="{pushing.desk.page}chat.js"></script><onethread-chat{{}}>'
    (folder / "help.html").write_text(page.format(' worker="/onethread-worker.js"'))
    (folder / "none.html").write_text(page.format(""))
    (folder / "onethread-worker.js").write_text(f'importScripts("{pushing.desk.page}worker.js");\n')
    without = come(pushing, stranger, "site", f"{url}/none.html")
    without.write("from a page without a worker")
    without.sent()
    expect(bell(without)).to_be_hidden()
    customer = come(pushing, stranger, "site", f"{url}/help.html")
    turn_on(customer)
    worker = notified(pushing, customer, "site-1", "from a page without a worker")
    assert worker.url == f"{url}/onethread-worker.js"


def test_what_others_push_to_a_websites_worker_is_left_to_it(pushing: Pushing, stranger: Come) -> None:
    customer = come(pushing, stranger, "others")
    customer.write("others push too")
    turn_on(customer)
    worker = deliver(customer, {"title": "Acme", "data": {"receipt": "1.x"}})
    shown = worker.evaluate(
        """async () => {
          const pushed = async (data) => {
            const event = new PushEvent("push", { data });
            event.waitUntil = (work) => (event.work = work);
            dispatchEvent(event);
            await event.work;
            return (await registration.getNotifications()).length;
          };
          return [await pushed("no JSON"), await pushed('{"title": "theirs"}'), await pushed(undefined)];
        }"""
    )
    assert shown == [1, 1, 1]


SPOKEN = {"zh": "有回复时通知我", "de": "Bei Antwort benachrichtigen", "ar": "أعلمني عند الرد"}


@pytest.mark.parametrize("language", SPOKEN)
def test_it_is_offered_in_their_language(pushing: Pushing, stranger: Come, language: str) -> None:
    customer = come(pushing, stranger, f"speaks-{language}", locale=language)
    customer.write(f"I speak {language}")
    expect(offer(customer, SPOKEN[language])).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_it_and_nothing_moves(pushing: Pushing, stranger: Come, scheme: str) -> None:
    axe = AXE.read_text()
    # axe measures with styles of its own, which the page's policy would not let it
    customer = come(pushing, stranger, f"axe-{scheme}", init=axe, bypass_csp=True, color_scheme=scheme)
    before = customer.box.bounding_box(), customer.page.locator("header").bounding_box()
    customer.write(f"axe {scheme}")
    expect(offer(customer)).to_be_in_viewport()
    assert violations(customer.page) == []
    turn_on(customer)
    assert violations(customer.page) == []
    assert (customer.box.bounding_box(), customer.page.locator("header").bounding_box()) == before
