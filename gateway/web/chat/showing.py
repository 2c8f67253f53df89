"""Messages as a customer sees them, and the frames that tell of events: always by what stands in the store now."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from connectors.kit.chat import Caller
from gateway.api.queries import Rows
from gateway.arrival import Place
from gateway.store.transaction import listed
from gateway.web.chat.frames import (
    AuthorShown,
    ConversationTold,
    MessageShown,
    MessageTold,
    ReactionShown,
    ReactionTold,
    ReadTold,
    StatusTold,
    Told,
    told,
)
from gateway.web.chat.seen import own_up_to
from gateway.web.chat.view import View
from normalizer.codec import decoder
from normalizer.model import AuthorKind, Direction, Message
from normalizer.parts import CallPart, ChoicePart, NativePart, OriginalPart, TemplatePart
from normalizer.placeholder import placeholder
from normalizer.status import RANK, Status

SHOWN = {
    "message.received": "message",
    "message.created": "message",
    "message.edited": "message",
    "message.redacted": "message",
    "attachment.stored": "message",
    "reaction.added": "reaction",
    "reaction.removed": "reaction",
    "delivery.updated": "status",
    "conversation.opened": "conversation",
    "conversation.updated": "conversation",
    "conversation.closed": "conversation",
    "conversation.read": "read",
}
"""Events that a client hears of, and by which frame."""
WORDED = ChoicePart | NativePart | TemplatePart | CallPart
"""Parts that a client shows by the message's words."""
STATUSES = {
    Status.UNCERTAIN: "accepted",
    Status.ACCEPTED: "accepted",
    Status.DELIVERED: "delivered",
    Status.READ: "read",
    Status.FAILED: "failed",
    Status.EXPIRED: "failed",
}
OWN = "c:"
"""Before the client id where a client names a message of its own."""
_MESSAGES = (
    "SELECT m.id, m.body, r.connector_id, r.channel FROM messages m LEFT JOIN routes r ON r.id = m.route_id"
    " WHERE m.id IN (SELECT value FROM json_each(?))"
)
_DELIVERIES = (
    "SELECT message_id, status FROM deliveries WHERE kind = 'message' AND message_id IN"
    " (SELECT value FROM json_each(?))"
)
_message = decoder(Message)


class _Delivery(msgspec.Struct):
    message_id: str


class _Conversation(msgspec.Struct):
    id: str
    state: str
    contact_id: str | None = None


class _Route(msgspec.Struct):
    connector_id: str
    address: str


class _Ref(msgspec.Struct):
    id: str


class Data(msgspec.Struct):
    """What is read of the events in `SHOWN`, and of those that change what can be seen."""

    message_id: str | None = None
    reaction: str | None = None
    author_kind: str | None = None
    delivery: _Delivery | None = None
    conversation: _Conversation | None = None
    route: _Route | None = None
    merged: _Ref | None = None
    read_up_to: int | None = None


class Envelope(msgspec.Struct):
    subject: str
    partitionkey: str
    data: Data


class Event(NamedTuple):
    position: int
    type: str
    envelope: Envelope

    @property
    def message_id(self) -> str | None:
        """Of the message it is about."""
        data = self.envelope.data
        if data.delivery is not None:
            return data.delivery.message_id
        return data.message_id or (self.envelope.subject if self.type.startswith("message.") else None)


_envelope = msgspec.json.Decoder(Envelope)


def read_event(position: int, type_: str, body: bytes) -> Event:
    return Event(position, type_, _envelope.decode(body))


class Shower:
    """Shows one caller what the store holds, within one snapshot. `link` gives the URL of an attachment."""

    def __init__(self, rows: Rows, place: Place, caller: Caller, view: View, link: Callable[[str], str]) -> None:
        self._rows = rows
        self._place = place
        self._own = caller.address
        self.view = view
        self._link = link

    def messages(
        self, ids: Iterable[str], reactions: dict[str, list[ReactionShown]] | None = None
    ) -> dict[str, MessageShown]:
        """Those of the messages that can be seen, by id."""
        wanted = listed(set(ids))
        statuses = defaultdict(list)
        for message_id, status in self._rows.all(_DELIVERIES, wanted):
            statuses[message_id].append(Status(status))
        shown = {}
        for id_, body, connector_id, channel in self._rows.all(_MESSAGES, wanted):
            message = _message.decode(body)
            if message.direction != Direction.NOTE and self.view.shows(message.conversation_id, message.route_id):
                said = None if reactions is None else reactions.get(id_, [])
                shown[id_] = self._shown(message, connector_id, channel, statuses[id_], said)
        return shown

    def frames(self, events: Sequence[Event]) -> list[Told]:
        """What a client is told of the events, in their order."""
        messages = self.messages(id_ for event in events if (id_ := event.message_id))
        frames = []
        for event in events:
            cursor = self.view.cursor(event.position)
            if frame := self._frame(event, cursor, messages):
                frames.append(frame)
        return frames

    def _frame(self, event: Event, cursor: str, messages: dict[str, MessageShown]) -> Told | None:
        kind, data = SHOWN[event.type], event.envelope.data
        if kind == "conversation":
            if data.conversation is None or data.conversation.id not in self.view.conversations or self.view.left:
                return None
            state = ConversationTold(cursor=cursor, conversation=data.conversation.id, state=data.conversation.state)
            return told(state, event.position)
        if kind == "read":
            return self._read(event, cursor)
        message = messages.get(event.message_id or "")
        if message is None:
            return None
        if kind == "message":
            return told(MessageTold(cursor=cursor, message=message), event.position)
        if kind == "status":
            if message.status is None:
                return None
            return told(StatusTold(cursor=cursor, message=message.id, status=message.status), event.position)
        reaction = ReactionTold(
            cursor=cursor,
            message=message.id,
            reaction=data.reaction or "",
            by=whose(data.author_kind),
            on=event.type == "reaction.added",
        )
        return told(reaction, event.position)

    def _read(self, event: Event, cursor: str) -> Told | None:
        conversation = event.envelope.partitionkey
        found = own_up_to(self._rows, self.view, conversation, event.envelope.data.read_up_to or 0)
        if found is None:
            return None
        return told(ReadTold(cursor=cursor, conversation=conversation, message=found[1]), event.position)

    def _shown(
        self,
        message: Message,
        connector_id: str | None,
        channel: str | None,
        statuses: Sequence[Status],
        reactions: Sequence[ReactionShown] | None,
    ) -> MessageShown:
        ours = message.direction == Direction.OUT
        here = message.route_id in self.view.routes and connector_id == self._place.connector_id
        writer, client_id = self._written(message) if here and not ours else (None, None)
        named = OWN + client_id if client_id and writer == self._own else None
        status = STATUSES.get(max(statuses, key=RANK.__getitem__)) if ours and statuses else None
        return MessageShown(
            id=message.id,
            conversation=message.conversation_id,
            sequence=message.sequence,
            from_="me" if not ours and message.author.ref in self.view.contacts else "them",
            author=AuthorShown(kind=message.author.kind, name=message.author.name),
            channel=channel,
            text=words(message),
            parts=[self._part(msgspec.to_builtins(part)) for part in message.parts if type(part) is not OriginalPart],
            actions=message.actions,
            reply_to=message.reply_to,
            at=message.occurred_at,
            client_id=client_id,
            ref=(message.id if ours else named) if here else None,
            confirm=here and ours and status in (None, "accepted"),
            revision=message.revision,
            edited_at=message.edited_at,
            redacted=message.redacted_at is not None,
            auto=message.auto,
            status=status,
            reactions=reactions,
        )

    def _written(self, message: Message) -> tuple[str | None, str | None]:
        """At which address of the caller it was written, and its client id there."""
        for name in message.external_ids:
            address, slash, client_id = name.rpartition("/")
            if slash and address in self.view.addresses:
                return address, client_id
        return None, None

    def _part(self, part: dict[str, Any]) -> dict[str, Any]:
        if part["type"] == "media":
            return {**part, "url": self._link(part["attachment_id"])}
        if part["type"] == "cards":
            return {**part, "cards": [self._card(card) for card in part["cards"]]}
        return part

    def _card(self, card: dict[str, Any]) -> dict[str, Any]:
        return {**card, "url": self._link(card["image"])} if card["image"] else card


def files_of(message: MessageShown) -> set[str]:
    """Ids of the attachments a message shows."""
    cards = [card for part in message.parts if part["type"] == "cards" for card in part["cards"]]
    own = {part["attachment_id"] for part in message.parts if part["type"] == "media"}
    return own | {card["image"] for card in cards if card["image"]}


def words(message: Message) -> str:
    """Its text, unless that only says what its parts show."""
    worded = any(isinstance(part, WORDED) for part in message.parts)
    return message.text if worded or message.text != placeholder(message.parts) else ""


def whose(author_kind: str | None) -> str:
    return "me" if author_kind == AuthorKind.CONTACT else "them"
