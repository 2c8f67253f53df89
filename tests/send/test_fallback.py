"""A message that failed on one channel goes on by the next; one that may have arrived does not."""

import pytest

from connectors.kit.base import Sent
from connectors.kit.errors import OptedOut, OutcomeUnknown, Refused
from gateway.arrival import Place
from gateway.live import LiveConnector
from gateway.send.asks import Accepted, Rejected
from gateway.store.engine import writing
from normalizer.commands import MAX_AFTER, Fallback, SendMessage
from normalizer.inbound import Address, Peer, Person, StatusChanged
from normalizer.model import Inbox
from normalizer.status import Status
from tests.record.conftest import said
from tests.send.conftest import Desk, run

NUMBER = Address(scheme="tel", value="+447700900222")
SMOKE = (Fallback(channel="smoke"),)


def on_two_channels(desk: Desk) -> str:
    """One person, known on both: the conversation."""
    mina = Peer(person=Person(address=NUMBER, name="Mina"))
    smoke = Place("hill", "smoke", "tel", Inbox(id="main"))
    desk.record(said("by smoke", 1, sender="smoke", peer=mina), place=smoke)
    desk.record(said("by pigeon", 1, sender="pigeon", peer=mina))
    desk.connectors["hill"] = elsewhere(desk, smoke.inbox)
    [(conversation_id,)] = desk.rows("SELECT conversation_id FROM routes WHERE connector_id = 'hill'")
    return conversation_id


def elsewhere(desk: Desk, inbox: Inbox) -> LiveConnector:
    """A second connector, on the hill."""
    place = Place("hill", "smoke", "tel", inbox)
    one = desk.connector
    return LiveConnector(one.settings, place, one.plugin, one.http, "https://hub.example.com/in/hill")


def say(desk: Desk, conversation_id: str, error: Exception | Sent) -> str:
    command = SendMessage(conversation_id=conversation_id, text="hi", channel="pigeon", fallback=SMOKE)
    accepted = desk.ask(command)
    assert isinstance(accepted, Accepted), accepted
    desk.plugin.script = [error]
    return accepted.message.id


@pytest.mark.parametrize("error", [Refused("no"), OptedOut("blocked")], ids=["refused", "opted out"])
def test_what_failed_goes_on_by_the_next_channel(desk: Desk, error: Exception) -> None:
    message_id = say(desk, on_two_channels(desk), error)
    run(desk, rerouted=1, queued=1)
    rows = desk.rows("SELECT connector_id, message_id, status FROM deliveries ORDER BY id")
    assert rows == [("support", message_id, "rerouted"), ("hill", message_id, "queued")]
    [(body,)] = desk.rows("SELECT body FROM deliveries WHERE connector_id = 'hill'")
    assert b'"why":"fallback to smoke after ' in body


def test_what_may_have_arrived_does_not(desk: Desk) -> None:
    say(desk, on_two_channels(desk), OutcomeUnknown("reset"))
    run(desk, uncertain=1)
    assert desk.rows("SELECT count(*) FROM deliveries") == [(1,)]


def test_a_fallback_that_leads_nowhere_leaves_the_failure(desk: Desk) -> None:
    say(desk, desk.conversation_id, Refused("no"))
    run(desk, failed=1)
    assert desk.rows("SELECT count(*) FROM deliveries") == [(1,)]


@pytest.mark.parametrize(
    "step",
    [
        Fallback(channel="smoke", unless="read"),
        Fallback(channel="smoke", uncertain=True),
        Fallback(channel="smoke", after=MAX_AFTER + 1),
        Fallback(channel="smoke", after=10**30),
    ],
)
def test_a_condition_that_could_not_be_kept_is_refused_rather_than_forgotten(desk: Desk, step: Fallback) -> None:
    answer = desk.ask(SendMessage(conversation_id=desk.conversation_id, text="hi", fallback=(step,)))
    assert isinstance(answer, Rejected)
    assert (answer.status, answer.code) == (422, "invalid_fallback")


def test_private_words_do_not_fall_back_to_a_public_route(desk: Desk) -> None:
    conversation_id = on_two_channels(desk)
    _set(desk, "UPDATE routes SET visibility = 'public' WHERE connector_id = 'hill'")
    say(desk, conversation_id, Refused("no"))
    run(desk, failed=1)
    assert desk.rows("SELECT count(*) FROM deliveries") == [(1,)]


def test_a_fallback_stays_with_the_inbox(desk: Desk) -> None:
    conversation_id = on_two_channels(desk)
    desk.connectors["hill"] = elsewhere(desk, Inbox(id="another brand"))
    say(desk, conversation_id, Refused("no"))
    run(desk, failed=1)
    assert desk.rows("SELECT count(*) FROM deliveries") == [(1,)]


def test_a_fallback_takes_no_channel_that_is_not_configured(desk: Desk) -> None:
    conversation_id = on_two_channels(desk)
    del desk.connectors["hill"]
    say(desk, conversation_id, Refused("no"))
    run(desk, failed=1)
    assert desk.rows("SELECT count(*) FROM deliveries") == [(1,)]


def test_a_failure_the_provider_reports_later_falls_back_alike(desk: Desk) -> None:
    say(desk, on_two_channels(desk), Sent(("out:1",)))
    run(desk, accepted=1)
    desk.record(StatusChanged(key="s1", external_id="out:1", status=Status.FAILED))
    rows = desk.rows("SELECT connector_id, status FROM deliveries ORDER BY id")
    assert rows == [("support", "rerouted"), ("hill", "queued")]


def _set(desk: Desk, sql: str) -> None:
    with writing(desk.engine) as connection:
        connection.exec_driver_sql(sql)


def test_what_arrived_in_part_is_not_sent_whole_by_another_channel(desk: Desk) -> None:
    conversation_id = on_two_channels(desk)
    text = "one two three four five six seven eight"
    command = SendMessage(conversation_id=conversation_id, text=text, channel="pigeon", fallback=SMOKE)
    assert isinstance(desk.ask(command), Accepted)
    desk.plugin.script = [Sent(("a",)), Refused("no")]
    run(desk, failed=1)
    assert desk.rows("SELECT count(*) FROM deliveries") == [(1,)]
