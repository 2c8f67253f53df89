"""A code that was sent to an address and came back on a proven channel; and every way in which it does not."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.people.wording import TEXTS, code_text
from gateway.send.asks import Rejected
from normalizer.model import Proof
from normalizer.proving import ATTEMPTS, Link
from tests.people.conftest import MAIL, PHONE
from tests.people.sending import Sending

DOTS = "••••••"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Sending]:
    world = Sending(tmp_path)
    yield world
    world.whole()
    world.close()


def code_of(world: Sending) -> str:
    """The code in the newest mail that left."""
    [code] = re.findall(r"\b[0-9]{6}\b", world.deliver("mail")[-1].payload.text)
    return str(code)


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def asking(world: Sending) -> tuple[str, Link]:
    """Mina writes in the app and asks to be known by her mail address too."""
    world.hear(world.app, "mina", "hello")
    contact = world.contact("mina")
    return contact, world.asked(contact, MAIL)


def told(world: Sending, type_: str) -> list[dict[str, Any]]:
    return [event["data"] for event in world.events() if event["type"] == f"onethread.verification.{type_}.v1"]


def test_a_code_that_comes_back_on_the_proven_channel_makes_the_two_one(world: Sending) -> None:
    world.hear(world.mailbox, MAIL, "by mail")
    _, link = asking(world)
    assert (link.state, link.connector, link.address, link.attempts_left) == ("pending", "mail", MAIL, ATTEMPTS)
    code = code_of(world)
    world.hear(world.app, "mina", f" {code[:3]} {code[3:]} ")
    assert world.contact("mina") == world.contact(MAIL)
    assert world.rows("SELECT proof FROM identities WHERE value = ?", MAIL) == [("verified",)]
    [passed] = told(world, "passed")
    assert (passed["link"]["id"], passed["link"]["contact_id"]) == (link.id, world.contact(MAIL))
    assert world.told()[-1] == (1, DOTS)
    assert told(world, "failed") == []


def test_the_code_stands_nowhere_once_it_was_used(world: Sending) -> None:
    asking(world)
    code = code_of(world)
    world.rows_changed(
        "INSERT INTO exchanges SELECT id, connector_id, id, created_at, ? FROM deliveries",
        f'{{"request": "Body=Your+code+is+{code}."}}'.encode(),
    )
    world.hear(world.app, "mina", code)
    kept = b"".join(
        column if isinstance(column, bytes) else str(column).encode()
        for table in ("messages", "events", "deliveries", "verifications", "exchanges", "idempotency")
        for row in world.rows(f"SELECT * FROM {table}")  # noqa: S608 - a name from above
        for column in row
    )
    assert DOTS.encode() in kept
    assert world.rows("SELECT body FROM exchanges") == [(f'{{"request": "Body=Your+code+is+{DOTS}."}}'.encode(),)]
    assert not re.search(rb"(?<![0-9a-f-])" + code.encode() + rb"(?![0-9a-f-])", kept)


def test_what_stands_in_the_history_shows_dots(world: Sending) -> None:
    asking(world)
    sent = world.deliver("mail")[-1].payload.text
    shown = [text for _, text in world.told() if DOTS in text]
    assert shown == [re.sub(r"\b[0-9]{6}\b", DOTS, sent)]


def test_a_code_handed_in_over_the_api_passes_once(world: Sending) -> None:
    contact, link = asking(world)
    code = code_of(world)
    passed = world.confirm(contact, link.id, code)
    assert isinstance(passed, Link)
    assert passed.state == "passed"
    assert world.contact(MAIL) == contact
    assert world.confirm(contact, link.id, code) == passed
    assert len(told(world, "passed")) == 1


def test_wrong_codes_are_counted_and_the_last_one_ends_it(world: Sending) -> None:
    contact, link = asking(world)
    code = code_of(world)
    for _ in range(ATTEMPTS - 1):
        refused = world.confirm(contact, link.id, other_than(code))
        assert isinstance(refused, Rejected)
        assert (refused.status, refused.code) == (422, "wrong_code")
    assert told(world, "failed") == []
    world.hear(world.app, "mina", other_than(code))
    assert [(data["why"], data["link"]["attempts_left"]) for data in told(world, "failed")] == [("wrong_code", 0)]
    refused = world.confirm(contact, link.id, code)
    assert isinstance(refused, Rejected)
    assert (refused.status, refused.code) == (422, "expired")
    assert world.contact(MAIL) != contact


def test_a_wrong_code_is_an_ordinary_message(world: Sending) -> None:
    asking(world)
    wrong = other_than(code_of(world))
    world.hear(world.app, "mina", wrong)
    assert world.told()[-1][1] == wrong


def test_a_code_comes_too_late(world: Sending) -> None:
    contact, link = asking(world)
    code = code_of(world)
    world.expire(link.id)
    assert told(world, "failed") == []
    world.rows_changed("UPDATE verifications SET expires_at = 1")
    refused = world.confirm(contact, link.id, code)
    assert isinstance(refused, Rejected)
    assert (refused.status, refused.code) == (422, "expired")
    assert [data["why"] for data in told(world, "failed")] == ["expired"]


def test_a_verification_expires_by_itself(world: Sending) -> None:
    _, link = asking(world)
    assert world.rows("SELECT kind, subject FROM timers") == [("verification", link.id)]
    world.rows_changed("UPDATE verifications SET expires_at = 1")
    world.expire(link.id)
    assert [data["link"]["state"] for data in told(world, "failed")] == ["expired"]
    assert world.rows("SELECT count(*) FROM timers") == [(0,)]
    world.hear(world.app, "mina", "123456")
    assert world.told()[-1][1] == "123456"


def test_a_code_that_comes_from_the_very_address_it_was_sent_to_proves_nothing(world: Sending) -> None:
    contact, _ = asking(world)
    world.hear(world.mailbox, MAIL, code_of(world))
    assert world.contact(MAIL) != contact
    assert told(world, "passed") == []


def test_not_even_where_the_address_is_the_contacts_already(world: Sending) -> None:
    world.hear(world.mailbox, MAIL, "by mail")
    world.hear(world.app, "mina", "hello")
    world.merge(world.contact(MAIL), world.contact("mina"))
    world.asked(world.contact("mina"), MAIL)
    code = code_of(world)
    world.hear(world.mailbox, MAIL, code)
    assert told(world, "passed") == []
    world.hear(world.app, "mina", code)
    assert world.rows("SELECT proof FROM identities WHERE value = ?", MAIL) == [("verified",)]


def test_nobody_elses_code_counts(world: Sending) -> None:
    contact, link = asking(world)
    code = code_of(world)
    world.hear(world.app, "omar", code)
    refused = world.confirm(world.contact("omar"), link.id, code)
    assert isinstance(refused, Rejected)
    assert (refused.status, refused.code) == (404, "not_found")
    assert world.contact(MAIL) != contact
    assert told(world, "passed") == []


def test_a_code_in_a_forged_message_does_not_count(world: Sending) -> None:
    contact, _ = asking(world)
    code = code_of(world)
    world.hear(world.app, "mina", code, proof=Proof.ASSERTED)
    world.hear(world.app, "mina", code, trust=Proof.ASSERTED)
    assert world.contact(MAIL) != contact


def test_whoever_has_proven_nothing_may_link_nothing(world: Sending) -> None:
    world.hear(world.mailbox, "forged@example.com", proof=Proof.ASSERTED)
    refused = world.ask(world.contact("forged@example.com"), MAIL)
    assert isinstance(refused, Rejected)
    assert (refused.status, refused.code) == (422, "unproven")


def test_a_newer_code_takes_the_place_of_the_one_before(world: Sending) -> None:
    contact, link = asking(world)
    first = code_of(world)
    world.asked(contact, MAIL)
    second = code_of(world)
    assert [(data["link"]["id"], data["why"]) for data in told(world, "failed")] == [(link.id, "superseded")]
    if first != second:
        world.hear(world.app, "mina", first)
        assert world.contact(MAIL) != contact
    world.hear(world.app, "mina", second)
    assert world.contact(MAIL) == contact


def test_codes_are_sent_so_often_and_no_more(world: Sending) -> None:
    contact, _ = asking(world)
    world.asked(contact, MAIL)
    world.asked(contact, MAIL)
    refused = world.ask(contact, MAIL)
    assert isinstance(refused, Rejected)
    assert (refused.status, refused.code) == (429, "rate_limited")
    for n in range(2):
        world.asked(contact, f"other{n}@example.com")
    assert isinstance(world.ask(contact, "another@example.com"), Rejected)


def test_the_same_request_again_sends_no_other_code(world: Sending) -> None:
    world.hear(world.app, "mina")
    first = world.asked(world.contact("mina"), MAIL, key="once")
    assert world.asked(world.contact("mina"), MAIL, key="once") == first
    assert len(world.deliver("mail")) == 1
    other = world.ask(world.contact("mina"), "other@example.com", key="once")
    assert isinstance(other, Rejected)
    assert other.code == "idempotency_mismatch"


def test_an_address_that_is_proven_already_gets_no_code(world: Sending) -> None:
    contact, link = asking(world)
    world.confirm(contact, link.id, code_of(world))
    refused = world.ask(contact, MAIL)
    assert isinstance(refused, Rejected)
    assert (refused.status, refused.code) == (409, "conflict")


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"address": "no address"}, "invalid_address"),
        ({"address": PHONE, "connector": "nowhere"}, "no_route"),
        ({"address": PHONE, "channel": "chat"}, "no_route"),
        ({"address": PHONE, "channel": "sms", "connector": "sms"}, "invalid_target"),
        ({"address": MAIL, "text": "no place for it"}, "invalid"),
    ],
)
def test_what_cannot_be_sent_is_refused_and_leaves_no_trace(world: Sending, wanted: dict[str, Any], code: str) -> None:
    world.hear(world.app, "mina")
    before = world.events()
    refused = world.ask(world.contact("mina"), **wanted)
    assert isinstance(refused, Rejected)
    assert (refused.status, refused.code) == (422, code)
    assert world.events() == before
    assert world.rows("SELECT count(*) FROM verifications") == [(0,)]


def test_a_code_goes_by_any_channel_in_words_of_ones_own(world: Sending) -> None:
    world.hear(world.app, "mina")
    world.asked(world.contact("mina"), PHONE, channel="sms", text="Blue Bird: {code}")
    assert re.fullmatch("Blue Bird: [0-9]{6}", world.deliver("sms")[-1].payload.text)


def test_an_address_of_another_user_of_the_app_stays_theirs(world: Sending) -> None:
    world.sign_in("omar", text="hello")
    world.merge(world.contact("omar"), contact_by_mail(world), vouched=True)
    world.sign_in("mina", text="hello")
    link = world.asked(world.contact("mina"), MAIL)
    refused = world.confirm(world.contact("mina"), link.id, code_of(world))
    assert isinstance(refused, Rejected)
    assert (refused.status, refused.code) == (409, "conflict")
    assert world.contact(MAIL) == world.contact("omar")
    assert [data["why"] for data in told(world, "failed")] == ["conflict"]


def contact_by_mail(world: Sending) -> str:
    world.hear(world.mailbox, MAIL)
    return world.contact(MAIL)


def test_every_language_has_a_place_for_the_code() -> None:
    assert all(text.count("{code}") == 1 for text in TEXTS.values())
    assert code_text(None, "zh-Hant", "de") == TEXTS["zh"]
    assert code_text("xx", None) == TEXTS["en"]


def test_a_verification_shows_no_code(world: Sending) -> None:
    _, link = asking(world)
    code = code_of(world)
    [requested] = told(world, "requested")
    assert code not in msgspec.json.encode(requested).decode().replace(link.id, "").replace(link.message_id, "")
