"""The page shows what the history holds, so nothing is said to be lost that it shows."""

from types import SimpleNamespace

import pytest

from connectors.channels.chat import Chat
from gateway.web.chat.showing import words
from normalizer.model import Loss
from normalizer.parts import (
    CallAction,
    CallPart,
    CallStatus,
    Card,
    CardsPart,
    ChoicePart,
    ContactCardPart,
    LinkAction,
    LocationPart,
    MediaKind,
    MediaPart,
    NativePart,
    OriginalPart,
    Part,
    PostbackAction,
    ReplyAction,
    ShareLocationAction,
    Span,
    SpanKind,
    TemplatePart,
    TextPart,
)
from normalizer.payload import Payload, Rendered
from normalizer.placeholder import placeholder
from normalizer.render import render

ACTIONS = (
    ReplyAction(label="Yes", value="y"),
    PostbackAction(label="No", value="n"),
    LinkAction(label="Look", url="https://shop.example"),
    CallAction(label="Call", number="+447700900111"),
    ShareLocationAction(label="Here I am"),
)
SHOWN: dict[str, Part] = {
    "text": TextPart(text="words", spans=tuple(Span(kind=kind, offset=0, length=5) for kind in SpanKind)),
    "location": LocationPart(latitude=1.5, longitude=2.5, name="Office", address="1 High Street"),
    "contact_card": ContactCardPart(name="Bea", organization="Acme", phones=("+447700900111",)),
    "cards": CardsPart(cards=(Card(title="Shirt", text="Blue", image="a1", actions=ACTIONS), Card(title="Shoes"))),
    "choice": ChoicePart(value="y", label="Yes", message_id="m"),
}
FILES: dict[str, Part] = {
    f"media:{kind}": MediaPart(attachment_id="a1", kind=kind, media_type="image/png", size=1 << 30)
    for kind in MediaKind
}
RECEIVED: dict[str, tuple[Part, Loss]] = {
    "native": (NativePart(kind="poll"), Loss(what="native poll", became="text")),
    "call": (CallPart(call_id="c", status=CallStatus.MISSED), Loss(what="call", became="nothing")),
    "template": (TemplatePart(name="late", language="en_US"), Loss(what="template late", became="text")),
    "original": (OriginalPart(html="<p>words</p>"), Loss(what="original", became="nothing")),
}
"""What is received elsewhere and never sent: in the chat it reads as its text."""


def rendered(*parts: Part) -> Rendered:
    return render("words", parts, ACTIONS, Chat.info.capability, True, {})


@pytest.mark.parametrize("kind", [*SHOWN, *FILES])
def test_of_a_part_the_page_shows_nothing_is_lost(kind: str) -> None:
    assert rendered((SHOWN | FILES)[kind]).losses == ()


@pytest.mark.parametrize("kind", RECEIVED)
def test_what_is_never_sent_reads_as_its_text(kind: str) -> None:
    part, loss = RECEIVED[kind]
    assert rendered(part).losses == (loss,)


@pytest.mark.parametrize("kind", ["choice", *FILES, *RECEIVED])
def test_words_stand_where_the_page_shows_nothing_else_of_a_part(kind: str) -> None:
    part = {**SHOWN, **FILES, **{name: one for name, (one, _) in RECEIVED.items()}}[kind]
    said = SimpleNamespace(text=placeholder([part]), parts=(part,))
    assert words(said) == ("" if kind in FILES else said.text)  # type: ignore[arg-type]


def test_no_kind_of_part_is_forgotten() -> None:
    parts = [*SHOWN.values(), *FILES.values(), *(part for part, _ in RECEIVED.values())]
    assert {type(part) for part in parts} == set(Part.__args__)


def test_cards_go_as_they_are() -> None:
    cards = SHOWN["cards"]
    assert isinstance(cards, CardsPart)
    quoting, together = rendered(cards).payloads
    assert quoting == Payload(text="words", quotes=True)
    assert together == Payload(cards=cards.cards, actions=ACTIONS)
