import msgspec
import pytest
from line_channel import GROUP, MINA, SETTINGS, plugin, request

from connectors.channels.line.signature import HEADER, sign
from connectors.channels.line.simulator import Simulator
from connectors.kit.errors import BadPayload, BadSignature
from connectors.kit.request import Request
from connectors.kit.secret import Secret
from normalizer.assemble import assemble
from normalizer.inbound import Inbound, MessageReceived, Unreadable
from normalizer.parts import NativePart, SpanKind, TextPart

PROVIDER = Simulator(SETTINGS)


def came(**event: object) -> Inbound:
    (item,) = plugin().parse(request(PROVIDER.genuine(PROVIDER.event(MINA, **event))))
    return item


def message(**told: object) -> MessageReceived:
    item = came(type="message", message={"id": "7", **told})
    assert isinstance(item, MessageReceived)
    return item


# --- whose request it is ----------------------------------------------------------------------------------------------


VECTOR = "DXlRMi6cvVjKkZKDs5ddVnELqwWUh2CQU2ucNPuZmRM="
"""Computed once with OpenSSL: `openssl dgst -sha256 -hmac SECRET -binary | base64`."""


def test_it_is_signed_as_openssl_does() -> None:
    assert sign(Secret("SECRET"), b'{"destination":"U0","events":[]}') == VECTOR


@pytest.mark.parametrize(("presented", "missing"), [(None, True), ("", False), ("AAAA", False), ("é", False)])
def test_a_wrong_signature_is_refused(presented: str | None, missing: bool) -> None:
    wire = PROVIDER.genuine(PROVIDER.message())
    headers = {name: value for name, value in wire.headers.items() if name != HEADER}
    if presented is not None:
        headers[HEADER] = presented
    genuine = request(wire)
    forged = Request(genuine.method, genuine.url, headers, genuine.body, genuine.received_at)
    with pytest.raises(BadSignature) as error:
        plugin().verify(forged)
    assert error.value.missing is missing


def test_the_same_json_written_otherwise_is_refused() -> None:
    genuine = request(PROVIDER.genuine('{"destination":"U0","events":[],"x":"🎲"}'.encode()))
    plugin().verify(genuine)
    rewritten = msgspec.json.format(genuine.body, indent=1)
    with pytest.raises(BadSignature):
        plugin().verify(Request("POST", genuine.url, genuine.headers, rewritten, genuine.received_at))


# --- what it says -----------------------------------------------------------------------------------------------------


def test_an_event_that_comes_again_has_the_same_key() -> None:
    event = msgspec.json.decode(PROVIDER.message("once"))
    again = msgspec.json.decode(msgspec.json.encode(event))
    again["events"][0]["deliveryContext"]["isRedelivery"] = True
    first, second = (plugin().parse(request(PROVIDER.genuine(msgspec.json.encode(body)))) for body in (event, again))
    assert first == second


def test_what_is_wrong_with_one_event_harms_no_other() -> None:
    whole = msgspec.json.decode(PROVIDER.message("whole"))["events"][0]
    broken = {**whole, "webhookEventId": "01BROKEN", "source": {"type": "user"}}
    nameless = {"type": "message"}
    body = msgspec.json.encode({"destination": "U0", "events": [broken, nameless, 7, whole]})
    first, second, third, fourth = plugin().parse(request(PROVIDER.genuine(body)))
    assert first == Unreadable(
        key="event:01BROKEN", slice=msgspec.json.encode(broken), reason="an event of nobody: user"
    )
    assert isinstance(second, Unreadable)
    assert isinstance(third, Unreadable)
    assert (second.key.partition(":")[0], second.slice, third.slice) == ("unreadable", b'{"type":"message"}', b"7")
    assert second.key != third.key
    assert isinstance(fourth, MessageReceived)
    assert fourth.text == "whole"


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"events":7}', b"\xff"])
def test_a_request_without_events_to_tell_apart_is_a_bad_payload(body: bytes) -> None:
    with pytest.raises(BadPayload):
        plugin().parse(request(PROVIDER.genuine(body)))


def test_pictures_sent_together_are_put_together_whatever_their_order() -> None:
    pieces = [
        came(
            type="message",
            message={
                "type": "image",
                "id": str(n),
                "contentProvider": {"type": "line"},
                "imageSet": {"id": "S", "index": n, "total": 3},
            },
        )
        for n in (3, 1, 2)
    ]
    whole = assemble(pieces)  # type: ignore[arg-type] # all of them are messages
    assert [media.source for media in whole.media] == ["image:1", "image:2", "image:3"]
    assert whole.text == "[image] [image] [image]"


@pytest.mark.parametrize(
    ("index", "length", "covered"),
    [(0, 2, "👋"), (3, 5, "@Mina"), (3, 500, "@Mina!"), (900, 1, None), (4, 0, None)],
)
def test_mentions_count_as_line_counts(index: int, length: int, covered: str | None) -> None:
    words = "👋 @Mina!"
    item = message(
        type="text", text=words, mention={"mentionees": [{"type": "user", "index": index, "length": length}]}
    )
    if covered is None:
        assert item.parts == ()
        return
    (form,) = item.parts
    assert isinstance(form, TextPart)
    (span,) = form.spans
    assert (span.kind, words[span.offset :][: span.length]) == (SpanKind.MENTION, covered)


def test_a_message_of_an_unknown_kind_is_kept_with_what_it_brought() -> None:
    item = message(type="hologram", quoteToken="q", hologram={"depth": 3})
    assert item.text == "[hologram]"
    assert item.parts == (NativePart(kind="hologram", data={"hologram": {"depth": 3}}),)


def test_an_unknown_message_nested_too_deeply_is_quarantined() -> None:
    deep: object = 1
    for _ in range(40):
        deep = [deep]
    item = came(type="message", message={"id": "7", "type": "hologram", "deep": deep})
    assert isinstance(item, Unreadable)
    assert item.reason == "nested too deeply"


@pytest.mark.parametrize(
    "told",
    [
        {"type": "text"},
        {"type": "location", "title": "nowhere"},
        {"type": "location", "latitude": 91, "longitude": 0},
        {"type": "image", "contentProvider": {"type": "external"}},
    ],
)
def test_a_message_without_its_content_is_quarantined(told: dict[str, object]) -> None:
    assert isinstance(came(type="message", message={"id": "7", **told}), Unreadable)


def test_a_press_in_a_group_says_who_pressed() -> None:
    item = came(type="postback", source={"type": "group", "groupId": GROUP, "userId": MINA}, postback={"data": "yes"})
    assert isinstance(item, MessageReceived)
    assert item.author is not None
    assert (item.peer.person.address.value, item.author.address.value, item.text) == (GROUP, MINA, "yes")
