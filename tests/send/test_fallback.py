"""A message that failed on one channel goes on by the next; one that may have arrived does not."""

import pytest

from connectors.kit.errors import OptedOut, OutcomeUnknown, Refused
from gateway.arrival import Place
from gateway.send.asks import Accepted, Rejected
from normalizer.commands import Fallback, SendMessage
from normalizer.inbound import Address, Peer, Person
from normalizer.model import Inbox
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
    [(conversation_id,)] = desk.rows("SELECT conversation_id FROM routes WHERE connector_id = 'hill'")
    return conversation_id


def say(desk: Desk, conversation_id: str, error: Exception) -> str:
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


def test_a_fallback_that_would_have_to_wait_is_refused_rather_than_forgotten(desk: Desk) -> None:
    fallback = (Fallback(channel="smoke", after=120, unless="read"),)
    answer = desk.ask(SendMessage(conversation_id=desk.conversation_id, text="hi", fallback=fallback))
    assert isinstance(answer, Rejected)
    assert (answer.status, answer.code) == (422, "fallback_unsupported")
