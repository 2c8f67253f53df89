"""The socket: what is written is recorded once, and every device of its writer is told everything, in order."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import requests

from tests.chat.talk import PATIENCE, Device, answer, by, chatting, command, live, token, visitor
from tests.web.parrot import Served


def test_a_message_goes_in_and_its_answer_comes_out(served: Served) -> None:
    with live(served, visitor(served.url)) as ann:
        ack = ann.write("Where is my order?", "m-1")
        assert {**ack, "id": "", "conversation": ""} == {
            "type": "ack",
            "of": "message",
            "client_id": "m-1",
            "id": "",
            "conversation": "",
            "sequence": 3,
        }
        answer(served, ack["conversation"], "On its way.")
        ann.until_texts("Where is my order?", "On its way.")
        mine, theirs = ann.messages.values()
        assert (mine["id"], mine["from"], mine["client_id"], mine["ref"]) == (ack["id"], "me", "m-1", "c:m-1")
        assert (theirs["from"], theirs["ref"], theirs["confirm"]) == ("them", theirs["id"], True)


def test_a_message_sent_again_is_acknowledged_as_the_first_was(served: Served) -> None:
    with live(served, token()) as device:
        first = device.write("once", "m-1")
        assert device.write("once", "m-1") == first
        assert device.write("something else under the same name", "m-1") == first
    assert texts_of(served) == ["once"]


def test_two_tabs_and_a_post_that_send_the_same_at_once_make_one_message(served: Served) -> None:
    shown = token()

    def post(_: int) -> dict[str, Any]:
        body = {"type": "message", "client_id": "m-1", "text": "once"}
        done = requests.post(f"{served.url}/chat/app/send", json=body, headers=by(shown), timeout=PATIENCE)
        assert done.status_code == 200, done.text
        return dict(done.json())

    with live(served, shown) as one, live(served, shown) as other, ThreadPoolExecutor(8) as pool:
        posts = [pool.submit(post, n) for n in range(8)]
        for device in (one, other):
            device.say("message", client_id="m-1", text="once")
        acks = [one.until("ack"), other.until("ack"), *(done.result() for done in posts)]
    assert len({ack["id"] for ack in acks}) == 1
    assert texts_of(served) == ["once"]


def test_the_same_client_id_of_another_person_is_another_message(served: Served) -> None:
    for sub in ("u1", "u2"):
        with live(served, token(sub)) as device:
            device.write(f"from {sub}", "m-1")
    assert texts_of(served) == ["from u1", "from u2"]


def test_every_device_of_a_person_shows_the_same(served: Served) -> None:
    with live(served, token()) as phone, live(served, token()) as laptop:
        ack = phone.write("from the phone", "m-1")
        laptop.write("from the laptop", "m-2")
        answer(served, ack["conversation"], "to both")
        for device in (phone, laptop):
            device.until_texts("from the phone", "from the laptop", "to both")
        assert phone.messages == laptop.messages
    with live(served, token()) as tablet:
        assert tablet.texts() == ["from the phone", "from the laptop", "to both"]


def test_who_comes_back_with_a_cursor_is_told_what_was_missed_and_nothing_else(served: Served) -> None:
    with live(served, token()) as before:
        conversation = before.write("one", "m-1")["conversation"]
        before.until_texts("one")
    for text in ("two", "three"):
        answer(served, conversation, text)
    with live(served, token(), before.after) as after:
        assert [frame["type"] for frame in after.frames if frame["type"] in ("history", "message")] == ["message"] * 2
        assert after.texts() == ["two", "three"]
    with live(served, token(), after.after) as again:
        assert [frame["type"] for frame in again.frames if frame["type"] == "message"] == []


def test_every_cursor_leads_to_the_same_history(served: Served) -> None:
    with live(served, token()) as watching:
        conversation = watching.write("0", "m-0")["conversation"]
        for n in range(1, 6):
            answer(served, conversation, f"answer {n}")
            watching.write(f"{n}", f"m-{n}")
            watching.say("reaction", client_id=f"r-{n}", ref=f"c:m-{n}", add=["👍"])
            watching.until("reaction")
        while [message["status"] for message in watching.messages.values()].count("accepted") < 5 and (
            sum(frame["type"] == "status" for frame in watching.frames) < 5
        ):
            watching.next()
        told = [frame for frame in watching.frames if frame.get("cursor") and frame["type"] != "live"]
    assert len(told) > 15
    for at in range(len(told)):
        with live(served, token(), told[at]["cursor"]) as back:
            missed = [frame for frame in back.frames if frame.get("cursor") and frame["type"] != "live"]
        assert [_identity(frame) for frame in missed] == [_identity(frame) for frame in told[at + 1 :]]


def _identity(frame: dict[str, Any]) -> tuple[Any, ...]:
    """What a frame is about, without what has changed since."""
    message = frame.get("message")
    return frame["type"], frame["cursor"].split("-")[0], message["id"] if isinstance(message, dict) else message


def test_who_missed_too_much_gets_the_newest_page_and_reads_on_backwards(tmp_path: Path) -> None:
    with chatting(tmp_path, messages_per_minute=100_000) as served:
        with live(served, token()) as before:
            conversation = before.write("0", "m-0")["conversation"]
            before.until_texts("0")
        for n in range(1, 211):
            answer(served, conversation, str(n))
        with live(served, token(), before.after) as after:
            history = next(frame for frame in after.frames if frame["type"] == "history")
            assert (history["reset"], after.texts()) == (True, [str(n) for n in range(161, 211)])
            seen = after.texts()
            while history["older"]:
                after.say("history", before=history["older"], limit=40)
                history = after.until("history")
                assert history["cursor"] is None
                seen = [message["text"] for message in history["messages"]] + seen
            assert seen == [str(n) for n in range(211)]


def test_an_unreadable_cursor_counts_as_none(served: Served) -> None:
    with live(served, token()) as before:
        before.write("one", "m-1")
    for cursor in ("", "x", "9-", "99999999-00000000", "1-00000000", "-1-aa", "٣-00000000"):
        with live(served, token(), cursor) as after:
            assert after.texts() == ["one"], cursor


def test_messages_written_while_others_come_in_are_all_told_in_one_order(tmp_path: Path) -> None:
    with chatting(tmp_path, messages_per_minute=100_000) as served, live(served, token()) as watching:
        with live(served, token()) as device:
            conversation = device.write("first", "m-0")["conversation"]
        writing = threading.Thread(target=_write, args=(served, 30), daemon=True)
        writing.start()
        for n in range(30):
            answer(served, conversation, f"answer {n}")
        writing.join()
        while len(watching.messages) < 61:
            watching.next()
        with live(served, token()) as fresh:
            assert fresh.texts() == watching.texts()[-50:]


def _write(served: Served, count: int) -> None:
    with live(served, token()) as device:
        for n in range(count):
            device.write(f"message {n}", f"m-{n + 1}")


def test_what_is_edited_deleted_and_reacted_to_is_told(served: Served) -> None:
    with live(served, token()) as device:
        conversation = device.write("Hi", "m-1")["conversation"]
        message = answer(served, conversation, "Hallo")
        device.until_texts("Hi", "Hallo")
        if device.messages[message["id"]]["status"] is None:
            device.until("status", message=message["id"])
        command(served, "message.edit", message_id=message["id"], text="Hello")
        device.until_texts("Hi", "Hello")
        assert device.messages[message["id"]]["revision"] == 1
        command(served, "reaction.set", message_id=message["id"], reaction="🎉")
        device.until("reaction", by="them", reaction="🎉", on=True)
        device.say("reaction", client_id="r-1", ref=message["id"], add=["👍"])
        told = device.until("reaction", by="me")
        assert {**told, "cursor": ""} == {
            "type": "reaction",
            "cursor": "",
            "message": message["id"],
            "reaction": "👍",
            "by": "me",
            "on": True,
        }
    with live(served, token()) as fresh:
        assert fresh.messages[message["id"]]["reactions"] == [
            {"reaction": "🎉", "by": "them"},
            {"reaction": "👍", "by": "me"},
        ]


def test_an_answer_is_accepted_then_delivered_then_read(served: Served) -> None:
    with live(served, token()) as device:
        conversation = device.write("Hi", "m-1")["conversation"]
        message = answer(served, conversation, "Hello")
        device.until("status", message=message["id"], status="accepted")
        device.say("received", refs=[message["id"]])
        device.until("status", message=message["id"], status="delivered")
        device.say("read", ref=message["id"])
        device.until("status", message=message["id"], status="read")
    found = served.ask("GET", f"/v1/messages/{message['id']}").json()
    assert [delivery["status"] for delivery in found["deliveries"]] == ["read"]


def test_a_choice_answers_the_message_that_offered_it(served: Served) -> None:
    with live(served, token()) as device:
        conversation = device.write("Hi", "m-1")["conversation"]
        actions = [{"type": "reply", "label": "Blue", "value": "b"}]
        offered = answer(served, conversation, "Which one?", actions=actions)
        device.until("status", message=offered["id"])
        assert device.messages[offered["id"]]["actions"] == actions
        device.say("message", client_id="m-2", reply_to=offered["id"], choice={"value": "b", "label": "Blue"})
        ack = device.until("ack", client_id="m-2")
    found = served.ask("GET", f"/v1/messages/{ack['id']}").json()["message"]
    assert (found["text"], found["reply_to"]) == ("Blue", offered["id"])
    assert found["parts"] == [{"type": "choice", "value": "b", "label": "Blue", "message_id": offered["id"]}]


def test_typing_is_shown_both_ways_and_stored_nowhere(served: Served) -> None:
    with live(served, token()) as device:
        ack = device.write("Hi", "m-1")
        conversation = ack["conversation"]
        newest = served.hub.feed.newest()
        command(served, "typing.set", conversation_id=conversation)
        assert device.until("typing") == {"type": "typing", "on": True, "seconds": 8}
        device.say("typing", on=True)
        device.say("ping")
        device.until("pong")
        [route] = writing(served, conversation)
        assert served.ask("GET", f"/v1/messages/{ack['id']}").json()["message"]["route_id"] == route
        device.say("typing", on=False)
        device.say("ping")
        device.until("pong")
        assert writing(served, conversation) == []
        assert served.hub.feed.newest() == newest


def test_a_hub_that_stops_closes_its_sockets_with_1012(tmp_path: Path) -> None:
    begun = time.monotonic()
    with chatting(tmp_path) as served, Device(served.url, token()) as device:
        device.greet()
        served.end()
        assert device.closed() == 1012
    assert time.monotonic() - begun < PATIENCE


def texts_of(served: Served) -> list[str]:
    events = served.ask("GET", "/v1/events?types=message.received").json()["events"]
    return [event["data"]["message"]["text"] for event in events]


def writing(served: Served, conversation: str) -> list[str]:
    return list(served.ask("GET", f"/v1/conversations/{conversation}/typing").json()["routes"])
