"""One person on several channels: who is signed in sees the whole of it, whoever proved nothing only their own."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
import requests

from connectors.channels.twilio_sms.simulator import Simulator
from gateway.record.desk import Desk
from gateway.store.transaction import Transaction
from gateway.web.chat.showing import words
from normalizer.model import Author, AuthorKind, Direction, Message
from normalizer.parts import LocationPart, NativePart, Part
from tests.chat.talk import PATIENCE, PUBLIC, by, live, make_hub, token, visitor
from tests.web.parrot import Served, serving

pytestmark = pytest.mark.engine("sqlite", "postgresql")

MINA = "+447700900222"
SMS = {
    "plugin": "twilio_sms",
    "account_sid": "AC9d0c1f3e5a7b2d4f6a8c0e1b3d5f7a9c",
    "auth_token": "token-nobody_shall_see-0000000001",
    "sender": "+447700900111",
    "backfill": False,
}
OTHER = {"inbox": "other"}


@pytest.fixture
def sms() -> Simulator:
    return Simulator(SMS, f"{PUBLIC}/in/sms-uk")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(make_hub(tmp_path, others={"sms-uk": SMS})) as served:
        yield served


def text(served: Served, sms: Simulator, said: str, sender: str = MINA) -> None:
    """A text message comes in."""
    wire = sms.genuine(sms.message(said, sender))
    done = requests.post(f"{served.url}{wire.path}", wire.body, headers=dict(wire.headers), timeout=PATIENCE)
    assert done.status_code == 200, done.text


def proven(sub: str = "u1") -> str:
    """The token of a user whose telephone number the app has checked."""
    return token(sub, phone_number=MINA, phone_number_verified=True)


def test_who_signs_in_with_a_proven_number_sees_what_was_texted_before_writing_anything(
    served: Served, sms: Simulator
) -> None:
    text(served, sms, "texted before")
    with live(served, proven()) as device:
        [message] = device.messages.values()
        assert (message["text"], message["from"], message["channel"]) == ("texted before", "me", "sms")
        assert (message["ref"], message["confirm"]) == (None, False)
    for stranger in (token("u2", phone_number=MINA), token("u2"), visitor(served.url)):
        with live(served, stranger) as device:
            assert device.messages == {}


def test_what_no_part_expresses_reads_as_its_text() -> None:
    def message(text: str, *parts: Part) -> Message:
        named = {"id": "m", "conversation_id": "c", "route_id": "r", "author": Author(kind=AuthorKind.CONTACT)}
        times = dict.fromkeys(("occurred_at", "received_at", "recorded_at"), datetime.now(UTC))
        return Message(sequence=1, direction=Direction.IN, text=text, parts=parts, **named, **times)

    poll, place = NativePart(kind="poll"), LocationPart(latitude=1.5, longitude=2.5)
    shown = [words(message("[poll]", poll)), words(message("[location]", place)), words(message("Here", place))]
    assert shown == ["[poll]", "", "Here"]


def test_what_somebody_in_copy_wrote_is_not_the_customers_own(served: Served, sms: Simulator) -> None:
    text(served, sms, "as I said")
    bob = Author(kind=AuthorKind.CONTACT, ref="01a1a6ad-8000-7000-8000-0000000000b0", name="Bob")

    def by_bob(transaction: Transaction, conversations: Sequence[str]) -> list[bytes]:
        desk = Desk(transaction)
        found = transaction.rows("SELECT id FROM messages WHERE conversation_id = ?", *conversations)
        return [desk.rewrite(msgspec.structs.replace(desk.message(id_), author=bob)) for (id_,) in found]

    [conversation] = served.ask("GET", "/v1/conversations").json()["conversations"]
    served.hub.writer.submit(by_bob, conversation["id"]).result(10)
    with live(served, proven()) as device:
        [message] = device.messages.values()
    assert (message["from"], message["author"]) == ("them", {"kind": "contact", "name": "Bob"})


def test_it_is_one_conversation_and_what_is_texted_comes_live(served: Served, sms: Simulator) -> None:
    text(served, sms, "by text")
    with live(served, proven()) as device:
        ack = device.write("in the app", "m-1")
        device.until_texts("by text", "in the app")
        assert len({message["conversation"] for message in device.messages.values()}) == 1
        text(served, sms, "by text again")
        device.until_texts("by text", "in the app", "by text again")
    assert ack["conversation"] in {message["conversation"] for message in device.messages.values()}
    assert len(served.ask("GET", "/v1/conversations").json()["conversations"]) == 1


def test_a_history_that_turns_out_to_be_longer_replaces_what_a_device_had(served: Served, sms: Simulator) -> None:
    text(served, sms, "texted first")
    with live(served, token("u1")) as before:
        before.write("written before the proof", "m-1")
        before.until_texts("written before the proof")
    with live(served, proven("u1"), before.after) as after:
        assert [frame["reset"] for frame in after.frames if frame["type"] == "history"] == [True]
        assert after.texts() == ["texted first", "written before the proof"]
        after.write("written with it", "m-2")
        while sorted(after.texts()) != ["texted first", "written before the proof", "written with it"]:
            after.next()


def test_a_visitor_whose_contact_was_merged_still_sees_their_own_route_only(served: Served, sms: Simulator) -> None:
    text(served, sms, "texted, and private")
    ann = visitor(served.url)
    with live(served, ann) as device:
        device.write("who am I?", "m-1")
        device.until_texts("who am I?")
    received = served.ask("GET", "/v1/events?types=message.received").json()["events"]
    contacts = [event["data"]["contact"]["id"] for event in received]
    merged = served.ask("POST", f"/v1/contacts/{contacts[0]}/merge", json={"contact_id": contacts[1]})
    assert merged.status_code == 200, merged.text
    with live(served, ann) as device:
        assert device.texts() == ["who am I?"]
    asked = requests.get(f"{served.url}/chat/app/history", headers=by(ann), timeout=PATIENCE).json()
    assert [message["text"] for message in asked["messages"]] == ["who am I?"]
