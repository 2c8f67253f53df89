"""What a provider tells us of our own sends: the same message, whichever is heard first, the echo or the answer."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.kit.base import Sent
from connectors.kit.errors import Refused
from gateway.record.echoes import LONGEST, Echo, look_again
from gateway.store.engine import writing
from normalizer.inbound import MessageEdited, MessageReceived, StatusChanged
from normalizer.status import Status
from tests.background.heronry import Heron, change, eventually, live, rows, run, running, settings_in
from tests.record.conftest import AT, said
from tests.send.conftest import Desk
from tests.send.test_reports import answer, claimed

KEYS = ["message:out:1", "echo:9"]


def echo(key: str = "echo:9", text: str = "hi", name: str = "out:1", **more: Any) -> MessageReceived:
    return said(text, 9, key=key, external_id=name, from_us=True, **more)


def look(desk: Desk, key: str = "echo:9") -> None:
    """As the clock does when its timer is due."""
    desk.writer.submit(look_again, Echo(desk.place, key)).result(10)


def texts(desk: Desk) -> list[str]:
    created = [event for event in desk.events() if event["type"] == "onethread.message.created.v1"]
    return [event["data"]["message"]["text"] for event in created]


@pytest.mark.parametrize("key", KEYS)
def test_an_echo_before_the_answer_is_the_message_that_is_being_sent(desk: Desk, key: str) -> None:
    accepted = desk.say("hi")
    one = claimed(desk)
    desk.record(echo(key))
    assert texts(desk) == ["hi"]
    answer(desk, one, Sent(("out:1",)))
    look(desk, key)
    assert texts(desk) == ["hi"]
    for table in ("waiting_reports", "timers"):
        assert desk.rows(f"SELECT count(*) FROM {table}") == [(0,)]  # noqa: S608
    assert desk.rows("SELECT message_id FROM arrivals WHERE key = ?", key) == [(accepted.message.id,)]
    desk.record(StatusChanged(key="s", external_id="out:1", status=Status.READ))
    assert desk.deliveries() == [("read", 1)]


def test_a_report_by_token_tells_the_echo_too(desk: Desk) -> None:
    desk.say("hi")
    one = claimed(desk)
    desk.record(echo())
    report = StatusChanged(key="s", external_id="out:1", status=Status.ACCEPTED, token=f"{one.parcel.id}.1")
    desk.record(report)
    assert desk.rows("SELECT count(*) FROM waiting_reports") == [(0,)]
    look(desk)
    assert texts(desk) == ["hi"]


def test_what_the_owner_wrote_elsewhere_meanwhile_is_a_message_of_its_own(desk: Desk) -> None:
    desk.say("hi")
    one = claimed(desk)
    desk.record(echo(text="from my telephone", name="theirs"))
    desk.record(MessageEdited(key="e", external_id="theirs", text="from my phone", occurred_at=AT + timedelta(1)))
    look(desk)
    assert texts(desk) == ["hi"]  # it is still being sent
    answer(desk, one, Sent(("out:1",)))
    look(desk)
    assert texts(desk) == ["hi", "from my telephone"]
    assert desk.types()[-1] == "message.edited"
    look(desk)
    desk.record(echo(text="from my telephone", name="theirs"))
    assert texts(desk) == ["hi", "from my telephone"]
    [(received_at,)] = desk.rows(
        "SELECT received_at FROM raws WHERE id = (SELECT raw_id FROM arrivals WHERE key = 'echo:9')"
    )
    message = desk.events()[-2]["data"]["message"]
    assert (message["received_at"], received_at) == ("2026-11-21T10:00:00Z", int(AT.timestamp() * 1_000_000))


def test_an_echo_of_what_was_refused_after_all_is_a_message(desk: Desk) -> None:
    desk.say("hi")
    one = claimed(desk)
    desk.record(echo())
    answer(desk, one, Refused("no"))
    look(desk)
    assert texts(desk) == ["hi", "hi"]


def test_an_echo_does_not_wait_longer_than_a_request_can_last(desk: Desk) -> None:
    desk.say("hi")
    claimed(desk)
    desk.record(echo())
    with writing(desk.engine) as connection:
        connection.exec_driver_sql("UPDATE waiting_reports SET created_at = created_at - ?", (LONGEST,))
    look(desk)
    assert texts(desk) == ["hi", "hi"]


@pytest.mark.parametrize("sender", ["7", "8"])
def test_nothing_waits_while_nothing_is_sent_there(desk: Desk, sender: str) -> None:
    desk.say("hi")
    if sender == "8":
        claimed(desk)
    desk.record(said("from my telephone", 9, sender=sender, from_us=True))
    assert texts(desk) == ["hi", "from my telephone"]


def test_the_clock_looks_again(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(settings_in(tmp_path), live(Heron)) as hub:
            await change(hub, "INSERT INTO timers (kind, subject, due_at) VALUES ('echo', ?, 0)", "pond\nnobody's")
            hub.clock.wake("")
            await eventually(lambda: rows(hub, "SELECT count(*) FROM timers") == [(0,)])

    run(test)


def test_a_report_about_what_was_written_elsewhere_does_not_wait_for_a_delivery(desk: Desk) -> None:
    desk.record(said("from my telephone", 9, external_id="elsewhere", from_us=True))
    desk.record(StatusChanged(key="d1", external_id="elsewhere", status=Status.DELIVERED))
    assert desk.rows("SELECT count(*) FROM waiting_reports") == [(0,)]
