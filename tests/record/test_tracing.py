"""One trace id from the webhook or the command to whoever reads the event."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog

from connectors.kit.errors import OptedOut, Refused
from connectors.kit.request import Request
from gateway.arrival import raw_of
from gateway.bus.asked import read
from gateway.bus.contract import Incoming
from gateway.ids import new_id
from gateway.keys import Scope
from gateway.record.arrivals import record
from gateway.record.attachments import Stored, settle
from gateway.record.echoes import Echo, look_again
from gateway.record.fragments import Whole, put_together
from gateway.send.accept import accept
from gateway.send.asks import Accepted, Ask
from gateway.send.commanded import Commanded, carry_out
from gateway.store.engine import writing
from gateway.tracing import id_behind, new_trace, trace_from, trace_in_hand, trace_named, trace_of, traceparent
from normalizer.commands import EditMessage, SendMessage, SetReaction
from normalizer.inbound import Fragment, Inbound, Media, StatusChanged
from normalizer.parts import MediaKind
from normalizer.status import Status
from tests.api.conftest import Api
from tests.record.conftest import AT, Store, said
from tests.send.conftest import AGENT, Desk, run
from tests.send.test_fallback import SMOKE, on_two_channels
from tests.web.parrot import make_hub, running

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
OTHER = "0af7651916cd43dd8448eb211c80319c"
ANOTHER = f"00-{OTHER}-00f067aa0ba902b7-01"


def arrive(store: Store, *items: Inbound, trace: str | None = None) -> str:
    """The id of the request they came in."""
    arrival = store.arrival(*items)
    headers = msgspec.json.encode({"traceparent": f"00-{trace}-00f067aa0ba902b7-01"} if trace else {})
    raw = msgspec.structs.replace(arrival.raw, trace=trace, headers=headers)
    store.writer.submit(record, msgspec.structs.replace(arrival, raw=raw)).result(10)
    return raw.id


def traces(store: Store, *types: str) -> list[str | None]:
    """Of all events of these types, in order."""
    wire = {f"onethread.{type_}.v1" for type_ in types}
    return [trace_of(event.get("traceparent")) for event in store.events() if event["type"] in wire]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.close()


def test_events_continue_the_trace_their_webhook_came_with(store: Store) -> None:
    arrival = store.arrival(said("hello", 1))
    raw = msgspec.structs.replace(arrival.raw, trace=TRACE)
    store.writer.submit(record, msgspec.structs.replace(arrival, raw=raw)).result(10)
    parents = [event["traceparent"] for event in store.events()]
    assert {trace_of(parent) for parent in parents} == {TRACE}
    assert len(set(parents)) == len(parents)


def test_a_webhook_without_a_trace_begins_one_by_its_own_id(store: Store) -> None:
    arrivals = [store.arrival(said("hello", n)) for n in (1, 2)]
    for future in [store.writer.submit(record, arrival) for arrival in arrivals]:
        future.result(10)
    received = [event for event in store.events() if event["type"] == "onethread.message.received.v1"]
    assert [trace_of(event["traceparent"]) for event in received] == [
        arrival.raw.id.replace("-", "") for arrival in arrivals
    ]


def test_a_raw_request_knows_its_trace() -> None:
    headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    assert raw_of(Request("POST", "http://hub/in/x", headers, b"", AT)).trace == TRACE


@pytest.mark.parametrize("trace", [None, TRACE])
def test_pieces_continue_the_trace_of_the_first(store: Store, trace: str | None) -> None:
    raw = arrive(store, said("one", 1, fragment=Fragment(group="g", order=1, count=2)), trace=trace)
    arrive(store, said("two", 2, fragment=Fragment(group="g", order=2, count=2)), trace=OTHER)
    store.writer.submit(put_together, Whole(store.place, "g")).result(10)
    assert traces(store, "message.received") == [trace or trace_from(raw)]


def test_a_fetched_file_continues_the_trace_of_its_message(store: Store) -> None:
    photo = Media(source="file-1", kind=MediaKind.IMAGE, media_type="image/png", name=None)
    arrive(store, said("look", 1, media=(photo,)), trace=TRACE)
    [(file,)] = store.rows("SELECT id FROM attachments")
    done = Stored(file, store.place, os.urandom(32).hex(), 1, "image/png", None)
    store.writer.submit(settle, done).result(10)
    assert traces(store, "attachment.stored") == [TRACE]


def ask(desk: Desk, text: str = "hi", trace: str | None = TRACE, **more: Any) -> Accepted:
    command = SendMessage(**{"conversation_id": desk.conversation_id, "text": text} | more)
    accepted = desk.writer.submit(accept, Ask("principal", AGENT, command, desk.connectors, trace=trace)).result(10)
    assert isinstance(accepted, Accepted), accepted
    return accepted


def test_what_becomes_of_a_message_continues_the_trace_of_its_command(desk: Desk) -> None:
    ask(desk)
    ask(desk, trace=OTHER)
    run(desk, accepted=2)
    assert traces(desk, "message.created") == [TRACE, OTHER]
    assert sorted(map(str, traces(desk, "delivery.updated"))) == sorted([TRACE, OTHER])


def test_a_report_continues_the_trace_of_what_it_is_about(desk: Desk) -> None:
    ask(desk)
    run(desk, accepted=1)
    arrive(desk, StatusChanged(key="r", external_id="out:1", status=Status.READ), trace=OTHER)
    assert traces(desk, "delivery.updated") == [TRACE, TRACE]


def test_a_fallback_continues_the_trace_of_what_failed(desk: Desk) -> None:
    conversation = on_two_channels(desk)
    ask(desk, conversation_id=conversation, channel="pigeon", fallback=SMOKE)
    desk.plugin.script = [Refused("no")]
    run(desk, rerouted=1, queued=1)
    plans = [msgspec.json.decode(body) for (body,) in desk.rows("SELECT body FROM deliveries ORDER BY id")]
    assert [plan["trace"] for plan in plans] == [TRACE, TRACE]


def test_consent_lost_by_sending_continues_the_trace_of_what_was_sent(desk: Desk) -> None:
    ask(desk)
    desk.plugin.script = [OptedOut("blocked")]
    run(desk, failed=1)
    assert traces(desk, "consent.changed") == [TRACE]


def test_a_message_of_ours_told_by_the_provider_continues_the_trace_of_its_telling(desk: Desk) -> None:
    ask(desk)
    with writing(desk.engine) as connection:
        connection.exec_driver_sql("UPDATE deliveries SET status = 'sending'")
    raw = arrive(desk, said("written elsewhere", 9, key="echo:9", external_id="theirs", from_us=True))
    with writing(desk.engine) as connection:
        connection.exec_driver_sql("UPDATE deliveries SET status = 'accepted'")
    desk.writer.submit(look_again, Echo(desk.place, "echo:9")).result(10)
    assert traces(desk, "message.created") == [TRACE, trace_from(raw)]


def test_a_command_and_its_answer_are_of_one_trace(desk: Desk) -> None:
    sent = ask(desk, trace=OTHER)
    run(desk, accepted=1)
    wanted = [
        SendMessage(conversation_id=desk.conversation_id, text="hello"),
        EditMessage(message_id=sent.message.id, text="hi!"),
        SetReaction(message_id=sent.message.id, reaction="👍"),
        SendMessage(conversation_id="none", text="hello"),
    ]
    bulk = [
        Commanded("crm", f"c-{n}", "t", one, repr(one).encode(), desk.connectors, trace=f"{n:032x}")
        for n, one in enumerate(wanted, 1)
    ]
    desk.writer.submit(carry_out, bulk).result(10)
    brought = traces(desk, "message.edited", "reaction.added", "command.accepted", "command.rejected")
    two, three = f"{2:032x}", f"{3:032x}"
    assert brought == [f"{1:032x}", two, two, three, three, f"{4:032x}"]
    assert traces(desk, "message.created") == [OTHER, f"{1:032x}"]
    run(desk, accepted=4)
    assert sorted(map(str, traces(desk, "delivery.updated")[1:])) == [f"{n:032x}" for n in (1, 2, 3)]


@pytest.mark.parametrize(
    ("attribute", "header", "trace"),
    [
        (PARENT, None, TRACE),
        (PARENT, f"00-{OTHER}-00f067aa0ba902b7-01", TRACE),
        (None, PARENT, TRACE),
        (7, PARENT, TRACE),
    ],
)
def test_a_command_brings_its_trace_along(attribute: object, header: str | None, trace: str) -> None:
    assert commanded(attribute, header) == trace


@pytest.mark.parametrize("attribute", [None, 7, "", "00-nothing", {"a": 1}])
def test_a_command_without_a_trace_begins_one(attribute: object) -> None:
    assert id_behind(commanded(attribute, None))


def commanded(attribute: object, header: str | None) -> str:
    event = {
        "specversion": "1.0",
        "id": "c",
        "source": "/x",
        "type": "onethread.message.send.v1",
        "data": {"text": "x"},
    }
    body = msgspec.json.encode(event | ({"traceparent": attribute} if attribute is not None else {}))
    return read(Incoming(body, headers={"traceparent": header} if header else {}), frozenset({Scope.WRITE}), AT).trace


def test_what_cannot_be_read_keeps_the_trace_of_its_message() -> None:
    assert read(Incoming(b"{", headers={"traceparent": PARENT}), frozenset(), AT).trace == TRACE


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    with running(make_hub(tmp_path, "perch")) as hub:
        yield Api(hub)


def test_what_is_asked_over_http_is_of_the_trace_it_was_asked_with(api: Api) -> None:
    api.hear("hello")
    conversation, headers = api.conversation()["id"], {"traceparent": PARENT}
    command = {"conversation_id": conversation, "text": "hi"}
    api.ask("POST", "/v1/messages", status=202, json=command, headers=headers)
    api.ask("PATCH", f"/v1/conversations/{conversation}", json={"team": "blue"}, headers=headers)
    found = api.events("message.created,conversation.updated")
    assert [trace_of(event["traceparent"]) for event in found] == [TRACE, TRACE]


def test_what_is_asked_over_http_without_a_trace_begins_one(api: Api) -> None:
    api.hear("hello")
    command = {"conversation_id": api.conversation()["id"], "text": "hi"}
    api.ask("POST", "/v1/messages", status=202, json=command)
    [event] = api.events("message.created")
    assert id_behind(str(trace_of(event["traceparent"])))


def test_a_trace_that_begins_here_goes_by_an_id() -> None:
    id_ = new_id()
    assert id_behind(trace_from(id_)) == id_
    assert id_behind(new_trace())
    assert id_behind(TRACE) is None


@pytest.mark.parametrize(
    ("name", "trace"),
    [(TRACE, TRACE), (TRACE.upper(), TRACE), (PARENT, TRACE), (PARENT.upper(), TRACE), ("0" * 32, None), ("7", None)],
)
def test_a_trace_is_named_by_its_id_or_a_context(name: str, trace: str | None) -> None:
    assert trace_named(name) == trace


def test_the_trace_in_hand_is_that_of_the_log_lines() -> None:
    assert trace_in_hand() is None
    with structlog.contextvars.bound_contextvars(trace_id=TRACE):
        assert trace_in_hand() == TRACE


@pytest.mark.parametrize(
    "sent",
    [
        None,
        "",
        "00",
        f"00-{TRACE}-00f067aa0ba902b7",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"ff-{TRACE}-00f067aa0ba902b7-01",
        f"00-{TRACE.upper()}-00f067aa0ba902b7-01",
        f"00-{TRACE}-00f067aa0ba902b7-01\n",
    ],
)
def test_what_is_no_trace_context_is_none(sent: str | None) -> None:
    assert trace_of(sent) is None


def test_an_event_is_the_parent_of_what_it_causes() -> None:
    parent = traceparent(TRACE, "01a200fb-bc56-76b9-ad26-0091001cc890")
    assert parent == f"00-{TRACE}-ad260091001cc890-01"
    assert trace_of(parent) == TRACE
