"""A visitor who signs in takes along what they wrote; who comes after they signed out is another."""

import json

import pytest
from playwright.sync_api import Request, expect

from tests.browser.conftest import Come
from tests.browser.customer import Customer
from tests.browser.desk import Desk
from tests.browser.test_browser_doors import NO_STORAGE, signed_in
from tests.browser.test_browser_files import give
from tests.chat.talk import token

pytestmark = pytest.mark.server("chromium")


def sign_in(customer: Customer, sub: str) -> None:
    customer.chat.evaluate("(chat, token) => (chat.token = token)", token(sub))


def sign_out(customer: Customer) -> None:
    customer.chat.evaluate("chat => (chat.token = null)")


def kept(customer: Customer) -> list[str]:
    """What the browser keeps of a visitor."""
    return customer.page.evaluate("Object.keys(localStorage).filter((key) => /token$|:visitor:/.test(key))")


def joinings(customer: Customer) -> list[bool]:
    """For each time a visitor's token went along with a user's from now on, whether they were joined."""
    answers: list[bool] = []

    def note(request: Request) -> None:
        if request.url.endswith("/session") and "visitor" in (request.post_data or ""):
            answer = request.response()
            assert answer
            answers.append(answer.json()["joined"])

    customer.context.on("requestfinished", note)
    return answers


def test_who_signs_in_sees_what_they_wrote_as_a_visitor(desk: Desk, stranger: Come) -> None:
    customer = stranger(desk.page).come()
    customer.write("before I signed in")
    customer.sent()
    desk.answer(desk.conversation_of("before I signed in"), "who is it?")
    customer.sees("before I signed in", "who is it?")
    joined = joinings(customer)
    sign_in(customer, "was-a-visitor")
    expect(customer.chat).to_have_attribute("state", "live")
    customer.write("it is me")
    customer.sent()
    customer.sees("before I signed in", "who is it?", "it is me")
    assert (joined, kept(customer)) == ([True], [])
    elsewhere = stranger(desk.page)
    elsewhere.page.goto(desk.page)
    sign_in(elsewhere, "was-a-visitor")
    elsewhere.sees("before I signed in", "who is it?", "it is me")
    desk.answer(desk.conversation_of("before I signed in"), "welcome back")
    for device in (customer, elsewhere):
        device.sees("before I signed in", "who is it?", "it is me", "welcome back")


def test_it_is_asked_once(desk: Desk, stranger: Come) -> None:
    customer = stranger(desk.page).come()
    customer.write("asked once")
    customer.sent()
    joined = joinings(customer)
    sign_in(customer, "asked-once")
    customer.until_live()
    customer.sees("asked once")
    customer.context.set_offline(True)
    expect(customer.chat).to_have_attribute("state", "away")
    customer.context.set_offline(False)
    customer.until_live()
    customer.page.add_init_script(signed_in("asked-once"))
    customer.page.reload()
    customer.until_live()
    customer.sees("asked once")
    assert (joined, kept(customer)) == ([True], [])


def test_after_signing_out_somebody_new_writes(desk: Desk, stranger: Come) -> None:
    customer = stranger(desk.page).come()
    customer.write("mine as a visitor")
    customer.sent()
    sign_in(customer, "leaves-again")
    customer.until_live()
    customer.write("mine as a user")
    customer.sent()
    customer.box.fill("not to be seen by who comes")
    give(customer, "paste", "textarea")
    sign_out(customer)
    customer.sees()
    expect(customer.box).to_have_value("")
    expect(customer.page.locator(".files li")).to_have_count(0)
    customer.until_live()
    customer.write("somebody new")
    customer.sent()
    customer.sees("somebody new")
    assert desk.conversation_of("somebody new") != desk.conversation_of("mine as a user")
    sign_in(customer, "another-user")
    customer.sees("somebody new")
    customer.until_live()
    sign_out(customer)
    sign_in(customer, "leaves-again")
    customer.sees("mine as a visitor", "mine as a user")


def test_two_tabs_sign_in_at_once(desk: Desk, stranger: Come) -> None:
    first = stranger(desk.page).come()
    second = Customer(first.context, desk.page).come()
    first.write("from the first tab")
    first.sent()
    second.write("from the second tab")
    second.sent()
    joined = joinings(first)
    for tab in (first, second):
        sign_in(tab, "two-tabs-at-once")
    for tab in (first, second):
        tab.until_live()
        tab.sees("from the first tab", "from the second tab")
    desk.answer(desk.conversation_of("from the first tab"), "to both tabs")
    for tab in (first, second):
        tab.sees("from the first tab", "from the second tab", "to both tabs")
    assert (joined, kept(first)) == ([True], [])


def test_a_tab_that_is_still_the_visitors_loses_nothing(desk: Desk, stranger: Come) -> None:
    """The visitor is a user by now, so who writes there is a new one, until this tab signs in too."""
    first = stranger(desk.page).come()
    second = Customer(first.context, desk.page).come()
    first.write("before one tab signs in")
    first.sent()
    sign_in(first, "one-tab")
    first.until_live()
    first.sees("before one tab signs in")
    second.write("after one tab signed in")
    second.sent()
    second.sees("after one tab signed in")
    sign_in(second, "one-tab")
    for tab in (first, second):
        tab.sees("before one tab signs in", "after one tab signed in")
    assert desk.texts(desk.conversation_of("after one tab signed in"))[-1] == "after one tab signed in"
    assert kept(first) == []


def test_who_wrote_nothing_stays_a_visitor_and_what_they_begin_goes_along(desk: Desk, stranger: Come) -> None:
    customer = stranger(desk.page).come()
    customer.box.fill("begun as a visitor")
    joined = joinings(customer)
    customer.page.goto("about:blank")
    user = Customer(customer.context, f"{desk.page}?in")
    user.page.add_init_script(signed_in("begins"))
    user.come()
    expect(user.box).to_have_value("begun as a visitor")
    user.box.press("Enter")
    user.sent()
    sign_out(user)
    expect(user.chat).to_have_attribute("state", "live")
    user.sees()
    assert joined == [False]


@pytest.mark.parametrize("init", ["", NO_STORAGE], ids=["kept", "in memory"])
def test_what_the_visitor_had_not_sent_goes_along(desk: Desk, stranger: Come, init: str) -> None:
    customer = stranger(desk.page, init=init).come()
    first, second = f"sent {len(init)}", f"unsent {len(init)}"
    customer.write(first)
    customer.sent()
    customer.context.set_offline(True)
    customer.write(second)
    sign_in(customer, f"unsent-{len(init)}")
    customer.context.set_offline(False)
    customer.until_live()
    customer.sees(first, second)
    customer.sent()
    [event] = [each for each in desk.events("message.received") if each["data"]["message"]["text"] == second]
    assert event["data"]["message"]["conversation_id"] == desk.conversation_of(first)


def test_what_is_being_written_goes_along_and_files_go_anew(desk: Desk, stranger: Come) -> None:
    customer = stranger(desk.page).come()
    customer.box.fill("with a picture")
    give(customer, "paste", "textarea")
    expect(customer.page.locator(".files li")).to_have_count(1)
    expect(customer.page.locator(".files progress")).to_have_count(0)
    sign_in(customer, "with-a-file")
    customer.until_live()
    expect(customer.box).to_have_value("with a picture")
    customer.box.press("Enter")
    customer.sent()
    expect(customer.message("with a picture").get_by_role("img")).to_have_js_property("naturalWidth", 8)
    [message] = desk.received(desk.conversation_of("with a picture"))
    assert [part["name"] for part in message["parts"] if part["type"] == "media"] == ["paste.png"]


def test_a_visitors_token_that_is_no_longer_one_keeps_nobody_out(desk: Desk, stranger: Come) -> None:
    spoilt = f"""
      const key = "onethread:{desk.page}:token";
      if (!localStorage.getItem(key)) localStorage.setItem(key, {json.dumps(json.dumps("eyJ.no.token"))});
    """
    visitor = stranger(desk.page, init=spoilt).come()
    visitor.write("with a new token")
    visitor.sent()
    user = stranger(desk.page, init=f"{spoilt}")
    user.page.goto(desk.page)
    sign_in(user, "spoilt-visitor")
    user.until_live()
    user.write("let in all the same")
    user.sent()
    assert desk.texts(desk.conversation_of("let in all the same")) == ["let in all the same"]
