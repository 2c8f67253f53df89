"""What customer and agent say to each other, in a browser before the real hub."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import WebSocketRoute, expect

from tests.browser.conftest import Come
from tests.browser.customer import Customer
from tests.browser.desk import Desk

pytestmark = pytest.mark.server("chromium")


def conversation(customer: Customer, desk: Desk, text: str) -> str:
    """Begun by the customer with this text."""
    customer.write(text)
    customer.sent()
    return desk.conversation_of(text)


def listen(customer: Customer, name: str) -> Callable[[], list[Any]]:
    """What the app hears from now on by `onethread:<name>`."""
    customer.chat.evaluate(
        "(chat, name) => chat.addEventListener(`onethread:${name}`, (e) => (window[name] ??= []).push(e.detail))",
        name,
    )
    return lambda: customer.page.evaluate("name => window[name] ?? []", name)


def test_a_choice_is_answered_with_a_click_and_can_no_longer_be_once_there_is_a_newer_message(
    customer: Customer, desk: Desk
) -> None:
    id_ = conversation(customer, desk, "I want one")
    offered = [
        {"type": "reply", "label": "Blue", "value": "b"},
        {"type": "link", "label": "All", "url": "https://example.com/all"},
    ]
    desk.answer(id_, "Which one?", actions=offered)
    link = customer.message("Which one?").get_by_role("link", name="All")
    expect(link).to_have_attribute("href", "https://example.com/all")
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    customer.page.get_by_role("button", name="Blue").click()
    customer.sees("I want one", "Which one?", "Blue")
    customer.sent()
    choice = desk.received(id_)[-1]["parts"][0]
    assert (choice["type"], choice["value"], choice["label"]) == ("choice", "b", "Blue")
    desk.answer(id_, "Noted")
    customer.sees("I want one", "Which one?", "Blue", "Noted")
    expect(customer.page.get_by_role("button", name="Blue")).to_have_count(0)
    expect(link).to_be_visible()


def test_words_are_never_markup_and_lead_only_to_where_one_may_go(customer: Customer, desk: Desk) -> None:
    evil = '<img src=x onerror="window.hit=1"><script>window.hit=1</script>'
    id_ = conversation(customer, desk, evil)
    actions = [{"type": "link", "label": "Click", "url": "javascript:window.hit=1"}]
    desk.answer(id_, f"{evil} see https://example.com/a?b=1.", actions=actions)
    customer.sees(evil, f"{evil} see https://example.com/a?b=1.")
    expect(customer.log.locator("img, script")).to_have_count(0)
    expect(customer.log.get_by_role("link")).to_have_count(1)
    expect(customer.log.get_by_role("link")).to_have_attribute("href", "https://example.com/a?b=1")
    customer.log.get_by_text("Click").click()
    assert customer.page.evaluate("window.hit ?? null") is None


def test_an_edit_replaces_what_was_there(customer: Customer, desk: Desk) -> None:
    id_ = conversation(customer, desk, "hello")
    wrong = desk.answer(id_, "It is bleu")
    desk.answer(id_, "Anything else?")
    customer.sees("hello", "It is bleu", "Anything else?")
    desk.command("message.edit", message_id=wrong, text="It is blue")
    customer.sees("hello", "It is blue", "Anything else?")
    expect(customer.message("It is blue")).to_contain_text("edited")


def test_one_answers_and_reacts_to_a_message(customer: Customer, desk: Desk) -> None:
    id_ = conversation(customer, desk, "two questions")
    asked = desk.answer(id_, "First?")
    desk.answer(id_, "Second?")
    first = customer.message("First?")
    first.get_by_role("button", name="Reply").click()
    customer.write("to the first")
    customer.sent()
    expect(customer.message("to the first").locator("blockquote")).to_have_text("First?")
    assert desk.received(id_)[-1]["reply_to"] == asked
    first.get_by_role("button", name="React").click()
    first.get_by_role("button", name="👍").click()
    expect(first.locator("button[aria-pressed=true]")).to_have_text("👍")
    [added] = [event for event in desk.until("reaction.added") if event["data"]["message_id"] == asked]
    assert added["data"]["reaction"] == "👍"
    first.locator("button[aria-pressed=true]").click()
    desk.command("reaction.set", message_id=desk.received(id_)[0]["id"], reaction="🎉")
    expect(customer.message("two questions")).to_contain_text("🎉")
    expect(first.locator("button[aria-pressed]")).to_have_count(0)


def test_the_app_hears_of_messages_and_how_many_were_not_seen(customer: Customer, desk: Desk) -> None:
    id_ = conversation(customer, desk, "I look away")
    messages, unread = listen(customer, "message"), listen(customer, "unread")
    customer.chat.evaluate("chat => (chat.hidden = true)")
    desk.answer(id_, "Are you there?")
    expect(customer.chat).to_have_js_property("unread", 1)
    assert [message["text"] for message in messages()] == ["Are you there?"]
    assert unread() == [{"count": 1}]
    customer.chat.evaluate("chat => (chat.hidden = false)")
    customer.page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(customer.chat).to_have_js_property("unread", 0)
    statuses = {event["data"]["delivery"]["status"] for event in desk.events("delivery.updated")}
    assert "read" in statuses


def test_both_see_that_the_other_one_writes(customer: Customer, desk: Desk) -> None:
    id_ = conversation(customer, desk, "somebody?")
    desk.command("typing.set", conversation_id=id_)
    expect(customer.log.get_by_text("Somebody is writing…")).to_be_visible()
    desk.answer(id_, "Here I am")
    expect(customer.log.get_by_text("Somebody is writing…")).to_be_hidden()


def test_older_messages_come_as_one_scrolls_to_them(customer: Customer, desk: Desk) -> None:
    id_ = conversation(customer, desk, "first of many")
    for n in range(60):
        desk.answer(id_, f"answer {n}")
    customer.page.reload()
    customer.until_live()
    expect(customer.log.locator(".m > p")).to_have_count(50)
    customer.log.hover()
    customer.page.mouse.wheel(0, -100_000)
    customer.sees("first of many", *(f"answer {n}" for n in range(60)))


def test_the_context_of_the_app_goes_along(customer: Customer, desk: Desk) -> None:
    customer.chat.evaluate("chat => chat.setContext({ order: '4711', error_code: 'E-12' })")
    id_ = conversation(customer, desk, "about my order")
    context = desk.received(id_)[-1]["context"]
    assert context["order"] == {"value": "4711", "signed": False}
    assert context["error_code"] == {"value": "E-12", "signed": False}


def test_an_emergency_asks_before_it_goes(customer: Customer, desk: Desk) -> None:
    customer.box.fill("there is smoke")
    alarm = customer.page.get_by_role("button", name="Emergency")
    alarm.click()
    expect(customer.page.get_by_role("dialog")).to_be_visible()
    customer.page.keyboard.press("Escape")
    expect(customer.page.get_by_role("dialog")).to_have_count(0)
    customer.sees()
    alarm.click()
    customer.page.get_by_role("dialog").get_by_role("button", name="Send").click()
    customer.sees("there is smoke")
    customer.sent()
    id_ = desk.conversation_of("there is smoke")
    assert desk.get(f"/v1/conversations/{id_}")["conversation"]["priority"] == "emergency"


def test_the_page_stays_in_order_where_words_are_long(customer: Customer, desk: Desk) -> None:
    customer.page.set_viewport_size({"width": 320, "height": 480})
    customer.write("w" * 500 + " " + re.sub("x", "https://example.com/", "x" * 3))
    customer.sent()
    assert customer.page.evaluate("document.documentElement.scrollWidth") <= 320


def test_formatting_cards_and_places_are_shown(customer: Customer, desk: Desk) -> None:
    id_ = conversation(customer, desk, "show me")
    spans = [
        {"kind": "bold", "offset": 2, "length": 5},
        {"kind": "link", "offset": 0, "length": 4, "url": "https://example.com/go"},
        {"kind": "link", "offset": 8, "length": 3, "url": "javascript:window.hit=1"},
    ]
    desk.answer(id_, "👋 bold or not", parts=[{"type": "text", "text": "👋 bold or not", "spans": spans}])
    formatted = customer.message("👋 bold or not")
    expect(formatted.locator("b")).to_have_text(["bo", "ld "])
    links = formatted.get_by_role("link").evaluate_all("links => links.map((link) => link.href)")
    assert set(links) == {"https://example.com/go"}
    cards = [
        {"title": "Red", "text": "like fire", "actions": [{"type": "reply", "label": "Take red", "value": "r"}]},
        {"title": "Blue"},
    ]
    desk.answer(id_, "Red\nBlue", parts=[{"type": "cards", "cards": cards}])
    shown = customer.log.locator(".cards li")
    expect(shown).to_have_count(2)
    desk.answer(id_, "", parts=[{"type": "location", "latitude": 48.2082, "longitude": 16.3738, "name": "Shop"}])
    place = customer.log.get_by_role("link", name="Shop")
    expect(place).to_have_attribute(
        "href", "https://www.openstreetmap.org/?mlat=48.2082&mlon=16.3738#map=16/48.2082/16.3738"
    )


def test_a_place_is_shared_when_it_is_asked_for(customer: Customer, desk: Desk) -> None:
    customer.context.grant_permissions(["geolocation"])
    customer.context.set_geolocation({"latitude": 48.2082, "longitude": 16.3738})
    id_ = conversation(customer, desk, "where are you?")
    desk.answer(id_, "Where are you yourself?", actions=[{"type": "share_location", "label": "Here"}])
    customer.page.get_by_role("button", name="Here").click()
    expect(customer.log.get_by_role("link", name="48.2082,16.3738")).to_be_visible()
    customer.sent()
    [part] = desk.received(id_)[-1]["parts"]
    assert (part["type"], part["latitude"], part["longitude"]) == ("location", 48.2082, 16.3738)


def test_a_deletion_leaves_a_word(stranger: Come, desk: Desk) -> None:
    """No channel of this hub deletes yet; the frame the protocol has for it is made of a real one on its way."""
    customer = stranger(desk.page)

    def pass_on(socket: WebSocketRoute) -> None:
        hub = socket.connect_to_server()
        hub.on_message(lambda frame: [socket.send(each) for each in (frame, *deleted(json.loads(frame)))])

    customer.page.route_web_socket(re.compile("/socket"), pass_on)
    customer.come()
    id_ = conversation(customer, desk, "hello?")
    desk.answer(id_, "not for you")
    expect(customer.messages.nth(1)).to_contain_text("Deleted")
    customer.sees("hello?")


def deleted(frame: dict[str, Any]) -> list[str]:
    """What follows the frame of the message that is to be deleted."""
    if frame["type"] != "message" or frame["message"]["text"] != "not for you":
        return []
    gone = {"text": "", "parts": [], "actions": [], "redacted": True, "revision": 1}
    return [json.dumps({**frame, "message": frame["message"] | gone})]
