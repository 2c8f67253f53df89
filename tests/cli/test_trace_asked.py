"""What principals asked is found by the names they gave it: commands off the bus, keys, references, tokens."""

from collections.abc import Iterator

import pytest
from test_trace import settings_in, texts

from gateway.send.asks import Accepted, Rejected
from gateway.send.commanded import Commanded, carry_out
from gateway.send.pieces import token_of
from gateway.store.engine import writing
from gateway.trace import Story, trace
from normalizer.commands import EditMessage, SendMessage
from tests.send.conftest import Desk, run

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


class Asked(Desk):
    """A customer said hello; a subscription may command, and a key may send."""

    def command(self, id_: str, wanted: object, name: str = "crm") -> None:
        one = Commanded(
            subscription=name,
            id=id_,
            type="onethread.message.send.v1",
            wanted=wanted,
            said=repr(wanted).encode(),
            connectors=self.connectors,
            trace=TRACE,
        )
        self.writer.submit(carry_out, [one]).result(10)

    def answer(self, text: str) -> SendMessage:
        return SendMessage(conversation_id=self.conversation_id, text=text)

    def find(self, asked: str) -> Story | None:
        return trace(self.engine, asked, self.settings)

    def story(self, asked: str) -> Story:
        story = self.find(asked)
        assert story is not None
        return story


@pytest.fixture
def asked(tmp_path) -> Iterator[Asked]:
    asked = Asked(tmp_path)
    asked.settings = settings_in(tmp_path, subscriptions={"crm": {"queue": True, "types": ["command.*"]}})
    yield asked
    asked.close()


def clues(story: Story) -> list[tuple[str, str]]:
    return [(clue.kind, clue.name) for clue in story.clues]


def forget(asked: Asked) -> None:
    """As after seven days."""
    with writing(asked.engine) as connection:
        connection.exec_driver_sql("DELETE FROM idempotency")


def test_a_command_is_found_by_its_id_with_its_message_and_its_answer(asked):
    asked.command("c-1", asked.answer("On its way."))
    asked.command("c-2", asked.answer("Another."))
    for _ in range(2):
        story = asked.story("c-1")
        assert clues(story) == [("command", "crm c-1")]
        assert texts(story) == ["On its way."]
        [chapter] = story.chapters
        assert [event.type for event in chapter.events] == ["message.created", "command.accepted"]
        assert {event.trace for event in chapter.events} == {TRACE}
        assert chapter.events[1].says == "onethread.message.send.v1 c-1"
        assert [sending.delivery.status for sending in chapter.deliveries] == ["queued"]
        forget(asked)


def test_a_delivery_is_due_at_no_time_while_it_waits_for_another_of_its_route(asked):
    asked.command("c-1", asked.answer("First."))
    asked.command("c-2", asked.answer("Second."))
    [one], [other] = (asked.story(id_).chapters for id_ in ("c-1", "c-2"))
    [first], [second] = one.deliveries, other.deliveries
    assert (first.due_at, second.due_at) == (first.created_at, None)
    assert (first.delivery.status, second.delivery.status) == ("queued", "queued")


def test_a_rejected_command_is_found_with_its_answer(asked):
    asked.command("c-1", Rejected(403, "forbidden", "not with this scope"))
    for _ in range(2):
        story = asked.story("c-1")
        assert (clues(story), story.chapters) == ([("command", "crm c-1")], ())
        assert [(event.type, event.says) for event in story.events] == [
            ("command.rejected", "onethread.message.send.v1 c-1: not with this scope")
        ]
        forget(asked)


def test_one_id_of_two_subscriptions_is_two_commands(asked):
    for name in ("crm", "bot"):
        asked.command("c-1", asked.answer(f"from {name}"), name)
    story = asked.story("c-1")
    assert clues(story) == [("command", "crm c-1"), ("command", "bot c-1")]
    assert sorted(texts(story)) == ["from bot", "from crm"]


def test_the_answer_goes_to_who_wants_answers(asked):
    asked.command("c-1", asked.answer("On its way."))
    [chapter] = asked.story("c-1").chapters
    [crm] = asked.story("c-1").subscribers
    created, accepted = (event.position for event in chapter.events)
    assert (crm.waiting, created in crm.unwanted) == ((accepted,), True)


def test_a_message_shows_the_command_that_changed_it(asked):
    accepted = asked.say("Helo")
    run(asked, accepted=1)
    asked.command("c-9", EditMessage(message_id=accepted.message.id, text="Hello"))
    [chapter] = asked.story(accepted.message.id).chapters
    assert [event.type for event in chapter.events] == [
        "message.created",
        "delivery.updated",
        "message.edited",
        "command.accepted",
    ]
    assert texts(asked.story("c-9")) == ["Hello"]


def test_what_was_sent_over_http_is_found_by_its_key_and_its_reference(asked):
    by_key = asked.ask(asked.answer("by key"), "idem-1")
    by_reference = asked.ask(SendMessage(conversation_id=asked.conversation_id, text="by ref", client_ref="ref-1"))
    assert isinstance(by_key, Accepted)
    assert isinstance(by_reference, Accepted)
    assert (clues(asked.story("idem-1")), texts(asked.story("idem-1"))) == (
        [("idempotency key", "principal idem-1")],
        ["by key"],
    )
    assert (clues(asked.story("ref-1")), texts(asked.story("ref-1"))) == (
        [("client ref", "principal ref-1")],
        ["by ref"],
    )


def test_a_delivery_is_found_by_the_token_its_provider_was_given(asked):
    accepted = asked.say("hello")
    assert accepted.delivery
    story = asked.story(token_of(accepted.delivery.id, 0))
    assert clues(story) == [("delivery", accepted.delivery.id)]
    assert texts(story) == ["hello"]
    assert asked.find(f"{accepted.delivery.id}.0") is None


def test_a_trace_that_came_with_a_command_leads_to_all_it_brought_about(asked):
    asked.command("c-1", asked.answer("On its way."))
    story = asked.story(TRACE)
    assert clues(story) == [("trace", TRACE)]
    assert texts(story) == ["On its way."]
