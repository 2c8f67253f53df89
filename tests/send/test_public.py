"""A connector with private routes and public ones: each carries what its visibility says."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.send.asks import Accepted, Refusal, Rejected
from gateway.send.preview import preview
from gateway.send.typing import show_typing
from normalizer.capability import ActionLimit, Capability, TextLimit
from normalizer.commands import SendMessage, SetReaction, SetTyping
from normalizer.inbound import Address, MessageReceived, Peer, Person
from normalizer.model import ConversationKind, Visibility
from normalizer.parts import ReplyAction
from normalizer.payload import Payload
from tests.record.conftest import said
from tests.send.conftest import Desk, run

DAY = 86_400
PUBLIC = Capability(text=TextLimit(most=40))
BUTTONS = ActionLimit(types=frozenset({"reply"}), most=3, label=TextLimit(most=20))


class TwoVoices(Desk):
    """Customer 7 has written in private, and customer 8 under a post; both more than a day ago."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        info = self.plugin.info
        can = msgspec.structs.replace(info.capability, typing=True, window=DAY, actions=BUTTONS)
        vars(self.plugin)["info"] = replace(info, capability=can, public=PUBLIC)
        self.place = replace(self.place, window=DAY, window_in_public=self.plugin.info.on(Visibility.PUBLIC).window)
        self.connector = replace(self.connector, place=self.place)
        self.connectors = {"support": self.connector}
        before = datetime.now(UTC) - timedelta(hours=25)
        self.record(said("again", n=2, occurred_at=before), comment(before))
        [(self.thread,)] = self.rows("SELECT id FROM conversations WHERE kind = 'group'")
        [(self.comment,)] = self.rows("SELECT id FROM messages WHERE conversation_id = ?", self.thread)


def comment(at: datetime) -> MessageReceived:
    return MessageReceived(
        key="comment:1",
        external_id="1",
        peer=Peer(
            person=Person(address=Address(scheme="pigeon", value="comment:1")),
            kind=ConversationKind.GROUP,
            visibility=Visibility.PUBLIC,
        ),
        author=Person(address=Address(scheme="pigeon", value="8")),
        text="What does it cost?",
        occurred_at=at,
    )


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[TwoVoices]:
    desk = TwoVoices(tmp_path)
    try:
        yield desk
    finally:
        desk.close()


def asked(desk: TwoVoices, conversation: str, **more: Any) -> Accepted | Rejected:
    return desk.ask(SendMessage(conversation_id=conversation, text="Twenty.", **more))


def test_only_a_private_route_has_the_window(desk: TwoVoices) -> None:
    refused = asked(desk, desk.conversation_id)
    assert isinstance(refused, Rejected)
    assert refused.code == "window_closed"
    assert isinstance(asked(desk, desk.thread), Accepted)


def test_what_leaves_in_public_is_what_public_routes_carry(desk: TwoVoices) -> None:
    command = SendMessage(conversation_id=desk.thread, text="Which?", actions=(ReplyAction(label="Red"),))
    shown = preview(desk.engine, desk.connectors, lambda id_: id_, command)
    private = msgspec.structs.replace(command, conversation_id=desk.conversation_id)
    assert [one.payloads for one in shown] == [(Payload(text="Which?\n1. Red"),)]
    [other] = preview(desk.engine, desk.connectors, lambda id_: id_, private)
    assert other.payloads == (Payload(text="Which?", actions=(ReplyAction(label="Red"),)),)
    assert isinstance(desk.ask(command), Accepted)
    run(desk, accepted=1)
    [sent] = desk.plugin.sent
    assert (sent.address.value, sent.payload) == ("comment:1", Payload(text="Which?\n1. Red"))


def test_what_leaves_says_when_they_last_wrote(desk: TwoVoices) -> None:
    asked(desk, desk.thread)
    run(desk, accepted=1)
    [(heard,)] = desk.rows("SELECT last_inbound_at FROM routes WHERE visibility = 'public'")
    [sent] = desk.plugin.sent
    assert sent.heard_at == datetime.fromtimestamp(heard / 1_000_000, UTC)


def test_what_only_private_routes_show_is_refused_in_public(desk: TwoVoices) -> None:
    refused = desk.order(SetReaction(message_id=desk.comment, reaction="👍"))
    assert isinstance(refused, Rejected)
    assert refused.code == "content_unsupported"
    with pytest.raises(Refusal, match="cannot show that somebody is writing"):
        asyncio.run(show_typing(desk.engine, desk.connectors, SetTyping(conversation_id=desk.thread)))
