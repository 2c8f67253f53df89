"""line-bot-sdk signs, reads and words the same by its own classes; both must say the same."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from line_channel import FIXTURES, SECRET
from linebot.v3.exceptions import InvalidSignatureError
from linebot.v3.messaging import PushMessageRequest, ShowLoadingAnimationRequest
from linebot.v3.models.events import UnknownEvent
from linebot.v3.webhook import SignatureValidator, WebhookParser
from linebot.v3.webhooks import (
    Event,
    FollowEvent,
    JoinEvent,
    LeaveEvent,
    LocationMessageContent,
    MessageEditedEvent,
    MessageEvent,
    PostbackEvent,
    TextMessageContent,
    UnfollowEvent,
    UnsendEvent,
)

from connectors.channels.line.choices import read
from connectors.channels.line.kinds import IGNORED
from connectors.channels.line.parse import READERS
from connectors.channels.line.signature import HEADER, sign
from connectors.kit.fixtures import InboundCase, OutboundCase, read_fixtures
from connectors.kit.secret import Secret
from normalizer.inbound import (
    ConsentChanged,
    Ignored,
    Inbound,
    MessageEdited,
    MessageReceived,
    MessageRedacted,
    Unreadable,
)
from normalizer.model import ConsentState, ConversationKind
from normalizer.parts import LocationPart, TextPart

FOUND = read_fixtures(FIXTURES)
BROKEN = ("batch_with_one_unreadable", "message_of_unknown_kind")
"""The SDK gives up on the whole request, or knows the kind of content no more than we do."""
OPTED_IN, OPTED_OUT = (FollowEvent, JoinEvent), (UnfollowEvent, LeaveEvent)


def theirs(case: InboundCase) -> list[Any]:
    return WebhookParser(SECRET).parse(case.request.body.decode(), case.request.headers[HEADER])


def pairs() -> Iterator[Any]:
    for case in FOUND.inbound:
        if case.name not in BROKEN:
            events = theirs(case)
            assert len(events) == len(case.expected)
            for n, (event, ours) in enumerate(zip(events, case.expected, strict=True)):
                yield pytest.param(event, ours, id=f"{case.name}-{n}")


PAIRS = list(pairs())


def place_of(event: Event) -> str:
    source = event.source
    return getattr(source, "group_id", None) or getattr(source, "room_id", None) or source.user_id


@pytest.mark.parametrize("case", FOUND.inbound, ids=str)
def test_both_sign_every_request_alike(case: InboundCase) -> None:
    presented = case.request.headers[HEADER]
    assert sign(Secret(SECRET), case.request.body) == presented
    assert SignatureValidator(SECRET).validate(case.request.body.decode(), presented)


def test_both_refuse_another_secret() -> None:
    (case, *_) = FOUND.inbound
    forged = sign(Secret("another secret"), case.request.body)
    with pytest.raises(InvalidSignatureError):
        WebhookParser(SECRET).parse(case.request.body.decode(), forged)
    assert forged != case.request.headers[HEADER]


@pytest.mark.parametrize(("event", "ours"), PAIRS)
def test_every_event_is_known_by_the_same_id_and_time(event: Event, ours: Inbound) -> None:
    assert not isinstance(event, UnknownEvent)
    assert ours.key == f"event:{event.webhook_event_id}"
    if not isinstance(ours, Ignored | Unreadable):
        assert ours.occurred_at.timestamp() == pytest.approx(event.timestamp / 1000, abs=1e-6)


@pytest.mark.parametrize(("event", "ours"), PAIRS)
def test_events_mean_the_same_to_both(event: Event, ours: Inbound) -> None:
    standby = event.mode == "standby"
    if isinstance(event, OPTED_IN + OPTED_OUT):
        assert isinstance(ours, ConsentChanged)
        assert ours.state is (ConsentState.OPTED_IN if isinstance(event, OPTED_IN) else ConsentState.OPTED_OUT)
        assert ours.peer is not None
        assert ours.peer.person.address.value == place_of(event)
    elif isinstance(event, UnsendEvent):
        assert isinstance(ours, MessageRedacted)
        assert ours.external_id == event.unsend.message_id
    elif isinstance(event, MessageEditedEvent):
        assert isinstance(ours, MessageEdited)
        assert (ours.external_id, ours.text) == (event.message.id, event.message.text)
    elif isinstance(event, PostbackEvent):
        assert isinstance(ours, MessageReceived)
        assert ours.parts == (read(event.postback.data),)
    elif isinstance(event, MessageEvent) and not standby:
        assert isinstance(ours, MessageReceived)
        assert ours.external_id == event.message.id
    else:
        assert isinstance(ours, Ignored)


MESSAGES = [pair for pair in PAIRS if isinstance(pair.values[0], MessageEvent) and pair.values[0].mode == "active"]


@pytest.mark.parametrize(("event", "ours"), MESSAGES)
def test_who_wrote_where_is_read_alike(event: MessageEvent, ours: MessageReceived) -> None:
    assert ours.peer.person.address.value == place_of(event)
    assert (ours.peer.kind is ConversationKind.GROUP) == (event.source.type != "user")
    writer = event.source.user_id if event.source.type != "user" else None
    assert (ours.author.address.value if ours.author else None) == writer


@pytest.mark.parametrize(("event", "ours"), MESSAGES)
def test_texts_places_and_files_are_read_alike(event: MessageEvent, ours: MessageReceived) -> None:
    message = event.message
    assert ours.reply_to == getattr(message, "quoted_message_id", None)
    if isinstance(message, TextMessageContent):
        assert ours.text == message.text
        units = message.text.encode("utf-16-le")
        marked = [
            units[2 * one.index : 2 * (one.index + one.length)].decode("utf-16-le")
            for one in (message.mention.mentionees if message.mention else ())
        ]
        form = next((part for part in ours.parts if isinstance(part, TextPart)), None)
        assert [form.text[span.offset :][: span.length] for span in form.spans] == marked if form else not marked
    if isinstance(message, LocationMessageContent):
        (place,) = ours.parts
        assert place == LocationPart(
            latitude=message.latitude, longitude=message.longitude, name=message.title, address=message.address
        )
    duration = getattr(message, "duration", None)
    assert [media.duration for media in ours.media if duration is not None] == ([duration / 1000] if duration else [])
    images = getattr(message, "image_set", None)
    assert (ours.fragment.group if ours.fragment else None) == (images.id if images else None)


@pytest.mark.parametrize("case", [case for case in FOUND.outbound if case.ability == "send"], ids=str)
def test_every_body_we_push_is_one_the_sdk_would_send(case: OutboundCase) -> None:
    body = json.loads(case.wire[0].body)
    read = json.loads(PushMessageRequest.from_dict(body).to_json())
    assert within(body, read) == []


def test_the_loading_sign_is_asked_for_as_the_sdk_does() -> None:
    (case,) = [case for case in FOUND.outbound if case.ability == "typing"]
    body = json.loads(case.wire[0].body)
    assert json.loads(ShowLoadingAnimationRequest.from_dict(body).to_json()) == body


def test_every_kind_the_sdk_knows_is_understood_or_said() -> None:
    assert set(Event._Event__discriminator_value_class_map) == READERS.keys() | IGNORED.keys()


def within(ours: Any, theirs: Any, path: str = "$") -> list[str]:
    """Where the SDK's reading of our body, which also writes its defaults, has lost or changed something."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return [lost for name, value in ours.items() for lost in within(value, theirs.get(name), f"{path}.{name}")]
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        return [lost for n, value in enumerate(ours) for lost in within(value, theirs[n], f"{path}[{n}]")]
    return [] if ours == theirs else [f"{path}: {ours!r} became {theirs!r}"]
