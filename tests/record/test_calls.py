"""Calls as they are recorded: events in order, a message where one has to stand for the call, nothing told twice."""

from datetime import timedelta
from itertools import permutations

import pytest

from normalizer.context import Context, Said
from normalizer.inbound import CallChanged, CallState, Media, MessageRedacted
from normalizer.model import Direction
from normalizer.parts import CallStatus, MediaKind
from tests.record.conftest import AT, peer, said


def told(state, n=0, call="C1", **more):
    at = AT + timedelta(seconds=n)
    return CallChanged(
        key=f"call:{call}:{state}:{n}", external_id=call, peer=peer(), state=state, occurred_at=at, **more
    )


def started(n=0, **more):
    return told(CallState.STARTED, n, **more)


def updated(n, **more):
    return told(CallState.UPDATED, n, **more)


def ended(n, **more):
    return told(CallState.ENDED, n, **more)


def recording(seconds=12.0):
    return Media(source="https://x/RE1", kind=MediaKind.VOICE, media_type="audio/wav", duration=seconds)


def calls(store):
    return [
        (event["type"].split(".")[2], event["data"]["call"]["status"])
        for event in store.events()
        if ".call." in event["type"]
    ]


def messages(store):
    return [text for (text,) in store.rows("SELECT CAST(body AS TEXT) ->> '$.text' FROM messages ORDER BY id")]


def test_a_call_stands_in_the_conversation_with_what_became_of_it(store):
    context = Context(page=Said(value="/basket"))
    store.record(said("hello"))
    store.record(started(status=CallStatus.CHOOSING, context=context))
    store.record(updated(3, choice="orders", status=CallStatus.CONNECTING))
    store.record(updated(9, status=CallStatus.ANSWERED, answered_by="ada"))
    store.record(ended(69, duration=69.0))
    assert store.types()[-4:] == ["call.started", "call.updated", "call.updated", "call.ended"]
    events = store.events()
    assert len({event["source"] for event in events if ".call." in event["type"]}) == 1
    assert [int(event["sequence"]) for event in events[-4:]] == [4, 5, 6, 7]
    assert events[-4]["data"]["call"]["context"]["page"] == {"value": "/basket", "signed": False}
    last = events[-1]["data"]
    assert (last["contact"]["name"], last["route"]["address"]) == ("Mina", "7")
    call = last["call"]
    assert (call["status"], call["choices"], call["answered_by"]) == ("completed", ["orders"], "ada")
    assert (call["duration"], call["message_id"]) == (69.0, None)
    assert messages(store) == ["hello"]


def test_a_call_nobody_answered_leaves_a_message(store):
    store.record(started())
    store.record(ended(5))
    assert calls(store) == [("started", "ringing"), ("ended", "missed")]
    assert messages(store) == ["Missed call"]
    received = next(event for event in store.events() if ".message.received." in event["type"])
    assert [part["type"] for part in received["data"]["message"]["parts"]] == ["call"]


def test_a_voicemail_is_a_message_with_its_recording_and_then_its_transcript(store):
    store.record(started())
    store.record(updated(8, status=CallStatus.VOICEMAIL))
    store.record(ended(20))
    assert messages(store) == ["Voicemail without recording"]
    store.record(updated(25, recording=recording()))
    assert messages(store) == ["Voicemail, 12 s"]
    store.record(updated(40, transcript="please call me"))
    assert messages(store) == ["Voicemail, 12 s: please call me"]
    assert store.rows("SELECT source, state FROM attachments") == [("https://x/RE1", "pending")]
    assert store.types()[-4:] == ["call.ended", "message.edited", "call.updated", "message.edited"]


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_whatever_comes_first_a_voicemail_ends_as_one_message(store, order):
    items = [
        updated(8, status=CallStatus.VOICEMAIL),
        ended(20),
        updated(25, recording=recording()),
        updated(40, transcript="please call me"),
    ]
    for n in order:
        store.record(items[n])
    types = [kind for kind, _ in calls(store)]
    assert (types[0], types.count("started"), types.count("ended")) == ("started", 1, 1)
    assert messages(store) == ["Voicemail, 12 s: please call me"]


def test_an_end_is_final_and_told_once(store):
    store.record(started())
    store.record(ended(5), ended(6))
    store.record(updated(7, status=CallStatus.RINGING))
    store.record(updated(8, status=CallStatus.ANSWERED))
    assert calls(store) == [("started", "ringing"), ("ended", "missed")]


def test_a_smaller_number_does_not_take_a_status_back(store):
    out = {"direction": Direction.OUT}
    store.record(updated(2, status=CallStatus.ANSWERED, order=2, **out))
    store.record(updated(1, status=CallStatus.RINGING, order=1, **out))
    store.record(ended(9, status=CallStatus.COMPLETED, order=3, **out))
    assert calls(store) == [("started", "ringing"), ("updated", "answered"), ("ended", "completed")]
    assert messages(store) == []


def test_a_call_back_is_asked_for_at_once_and_stays_one_message(store):
    store.record(started())
    store.record(updated(4, status=CallStatus.CALLBACK, choice="call me"))
    assert messages(store) == ["Call-back request"]
    store.record(ended(6))
    assert calls(store)[-1] == ("ended", "callback")
    assert messages(store) == ["Call-back request"]


def test_a_whole_call_in_one_batch_reads_as_one_told_slowly(store):
    store.record(started(), updated(8, status=CallStatus.VOICEMAIL), updated(9, recording=recording()), ended(20))
    assert [kind for kind, _ in calls(store)] == ["started", "updated", "updated", "ended"]
    assert messages(store) == ["Voicemail, 12 s"]


def test_a_redelivery_is_recorded_once(store):
    store.record(started())
    store.record(started())
    store.record(ended(5))
    store.record(ended(5))
    assert calls(store) == [("started", "ringing"), ("ended", "missed")]


def test_what_was_deleted_does_not_come_back_with_a_transcript(store):
    store.record(started())
    store.record(updated(9, recording=recording(), status=CallStatus.VOICEMAIL))
    store.record(MessageRedacted(key="r", external_id="call:C1", occurred_at=AT))
    store.record(updated(40, transcript="please call me"))
    assert messages(store) == [""]
    assert b"please call me" not in b"".join(bytes(body) for (body,) in store.rows("SELECT body FROM events"))


def test_a_recording_of_a_call_that_was_answered_is_a_message_of_its_own(store):
    store.record(started())
    store.record(updated(2, status=CallStatus.ANSWERED))
    store.record(ended(80, duration=80.0))
    store.record(updated(90, recording=recording(78.0)))
    assert messages(store) == ["Call, 1 min 18 s"]
