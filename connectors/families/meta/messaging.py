"""One request of Messenger or Instagram to what the hub records. Pure; what is not understood is said.

Echoes are messages of the account itself, whoever wrote them: in an inbox of Meta's, an app on a telephone, or here.
Of a thread that another app has (`standby`) everything is recorded and nothing answered by itself. Source: as in
`thread`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any, Final

import msgspec

from connectors.families.meta import batch
from connectors.families.meta.attached import DEEPEST, content
from connectors.families.meta.moment import moment
from connectors.families.meta.thread import ITEM, RAW, Item, Postback
from connectors.kit.errors import BadPayload
from connectors.kit.nested import bounded
from connectors.kit.request import decode
from normalizer.inbound import (
    Address,
    ConsentChanged,
    Ignored,
    Inbound,
    MessageEdited,
    MessageReceived,
    MessageRedacted,
    Peer,
    Person,
    ReactionChanged,
    ReadUpTo,
    StatusChanged,
)
from normalizer.model import ConsentState, Purpose
from normalizer.parts import ChoicePart, NativePart, Part
from normalizer.status import Status

STANDBY: Final = "standby"
MARKETING: Final = "notification_messages"
STATES: Final[Mapping[str | None, ConsentState]] = {
    None: ConsentState.OPTED_IN,
    "RESUME_NOTIFICATIONS": ConsentState.OPTED_IN,
    "STOP_NOTIFICATIONS": ConsentState.OPTED_OUT,
}
IGNORED: Final[Mapping[str, str]] = {
    "referral": "somebody came by a link and has said nothing yet",
    "pass_thread_control": "which app has the thread",
    "take_thread_control": "which app has the thread",
    "request_thread_control": "which app has the thread",
    "app_roles": "which app has the thread",
    "policy_enforcement": "about the account",
    "account_linking": "accounts are not linked here",
    "messaging_feedback": "Meta's own question whether somebody was content",
    "response_feedback": "whether somebody liked an answer",
    "thread_labels": "labels of Meta's inbox",
    "message_context": "where a chat was opened from",
    "game_play": "games are not served",
}
"""Kinds of item that are understood and not kept."""


class Said(msgspec.Struct, frozen=True):
    """One item, whose it is and how its key begins."""

    item: Item
    raw: Mapping[str, Any]
    scheme: str
    account: str
    standby: bool

    @property
    def user(self) -> str:
        """Whoever is at the other end. Raises BadPayload."""
        echo = self.item.message is not None and self.item.message.is_echo
        both = (self.item.recipient, self.item.sender) if echo else (self.item.sender, self.item.recipient)
        found = next((one.id for one in both if one.id and one.id != self.account), None)
        if found is None:
            raise BadPayload("an item of nobody")
        return found

    @property
    def person(self) -> Person:
        return Person(address=Address(scheme=self.scheme, value=self.user))

    @property
    def peer(self) -> Peer:
        return Peer(person=self.person)


Ours = Callable[[str], str | None]
"""Our token of a message, by the words it carried."""
Changed = Callable[[batch.Piece], Iterable[Inbound]]
"""What a change says, which is no message of anybody's in private."""


def unheard(piece: batch.Piece) -> Iterable[Inbound]:
    """Of an account whose comments are not asked for."""
    return [Ignored(key=_key("change", piece.body), reason="a change that is no message")]


def parse(
    body: bytes, product: str, scheme: str, account: str, ours: Ours, changed: Changed = unheard
) -> list[Inbound]:
    """What one request says to the account of this id. Raises BadPayload where its entries cannot be told apart."""
    return batch.read(body, product, lambda piece: _piece(piece, scheme, account, ours, changed))


def _piece(piece: batch.Piece, scheme: str, account: str, ours: Ours, changed: Changed) -> Iterable[Inbound]:
    if piece.owner != account:
        return [Ignored(key=_key("item", piece.body), reason="for another account of this app")]
    if piece.kind == "changes":
        return changed(piece)
    raw = decode(piece.body, RAW)
    said = Said(decode(piece.body, ITEM), raw, scheme, account, piece.kind == STANDBY)
    for name, reader in READERS.items():
        if raw.get(name) is not None:
            return list(reader(said, ours))
    for name, reason in IGNORED.items():
        if name in raw:
            return [Ignored(key=_key(name, piece.body), reason=reason)]
    raise BadPayload("an item of a kind we do not know")


def _message(said: Said, ours: Ours) -> Iterator[Inbound]:
    message = said.item.message
    assert message is not None
    at = moment(said.item.timestamp)
    if message.is_deleted:
        yield MessageRedacted(key=f"deleted:{message.mid}", external_id=message.mid, occurred_at=at)
        return
    token = ours(message.metadata) if message.is_echo and message.metadata else None
    if token is not None:  # it was sent from here, which settles what was uncertain
        yield StatusChanged(
            key=f"echo:{message.mid}", external_id=message.mid, token=token, status=Status.ACCEPTED, occurred_at=at
        )
        return
    raw = said.raw["message"]
    told = content(message, raw if isinstance(raw, dict) else {})
    yield MessageReceived(
        key=f"message:{message.mid}",
        external_id=message.mid,
        peer=said.peer,
        from_us=message.is_echo,
        text=told.text,
        parts=told.parts,
        media=told.media,
        reply_to=message.reply_to.mid,
        occurred_at=at,
        auto=said.standby and not message.is_echo,
    )


def _postback(said: Said, _: Ours) -> Iterator[Inbound]:
    postback = said.item.postback
    assert postback is not None
    name = postback.mid or _unnamed(said, postback)
    value = postback.payload or postback.title
    if not value:
        raise BadPayload("a postback that says nothing")
    parts: tuple[Part, ...] = (ChoicePart(value=value, label=postback.title or None),)
    if postback.referral:
        parts = (*parts, NativePart(kind="referral", data=bounded(postback.referral, DEEPEST)))
    yield MessageReceived(
        key=f"message:{name}",
        external_id=name,
        peer=said.peer,
        text=postback.title or value,
        parts=parts,
        occurred_at=moment(said.item.timestamp),
        auto=said.standby,
    )


def _edited(said: Said, _: Ours) -> Iterator[Inbound]:
    edit = said.item.message_edit
    assert edit is not None
    at = moment(said.item.timestamp)
    yield MessageEdited(
        key=f"edit:{edit.mid}:{str(edit.num_edit)[:20]}:{said.item.timestamp}",
        external_id=edit.mid,
        text=edit.text,
        occurred_at=at,
    )


def _reacted(said: Said, _: Ours) -> Iterator[Inbound]:
    told = said.item.reaction
    assert told is not None
    key = f"reaction:{told.mid}:{said.item.timestamp}:{told.action[:20]}:{(told.emoji or told.reaction or '')[:40]}"
    if said.item.sender.id == said.account:
        yield Ignored(key=key, reason="a reaction of our own")
        return
    emoji = told.emoji or told.reaction or ""
    added = told.action == "react"
    if not added and told.action != "unreact":
        raise BadPayload(f"a reaction we do not know: {told.action[:32]}")
    yield ReactionChanged(
        key=key,
        external_id=told.mid,
        author=said.person,
        added=(emoji,) if added and emoji else (),
        removed=() if added else (emoji,),  # which one it was, Meta need not say
        occurred_at=moment(said.item.timestamp),
    )


def _delivered(said: Said, _: Ours) -> Iterator[Inbound]:
    told = said.item.delivery
    assert told is not None
    at = moment(said.item.timestamp or told.watermark or 0)
    for mid in told.mids:
        yield StatusChanged(key=f"delivered:{mid}", external_id=mid, status=Status.DELIVERED, occurred_at=at)
    if told.watermark is not None:
        yield _watermark(said, told.watermark, seen=False)


def _read(said: Said, _: Ours) -> Iterator[Inbound]:
    told = said.item.read
    assert told is not None
    if told.mid is not None:
        at = moment(said.item.timestamp)
        yield ReadUpTo(key=f"read:{told.mid}", peer=said.peer, external_id=told.mid, occurred_at=at)
    elif told.watermark is not None:
        yield _watermark(said, told.watermark, seen=True)
    else:
        raise BadPayload("somebody read nothing")


def _watermark(said: Said, watermark: int | str, *, seen: bool) -> Inbound:
    until = moment(watermark)
    key = f"{'read' if seen else 'delivered'}:{said.user}:{watermark}"
    return ReadUpTo(
        key=key, peer=said.peer, until=until, seen=seen, occurred_at=moment(said.item.timestamp or watermark)
    )


def _optin(said: Said, _: Ours) -> Iterator[Inbound]:
    told = said.item.optin
    assert told is not None
    if told.type != MARKETING:
        yield Ignored(key=_key("optin", msgspec.json.encode(said.raw)), reason="an opt-in that names no message")
        return
    state = STATES.get(told.notification_messages_status)
    if state is None:
        raise BadPayload("a word on marketing we do not know")
    yield ConsentChanged(
        key=f"optin:{said.user}:{said.item.timestamp}:{state}",
        peer=said.peer,
        state=state,
        purpose=Purpose.MARKETING,
        source=f"optin: {told.notification_messages_status or MARKETING}".lower(),
        occurred_at=moment(said.item.timestamp),
    )


def _unnamed(said: Said, postback: Postback) -> str:
    """Of a press that has no name of its own."""
    told = f"{said.user}:{said.item.timestamp}:{postback.payload or postback.title}"
    return f"postback:{sha256(told.encode()).hexdigest()}"


def _key(begin: str, body: bytes) -> str:
    return f"{begin}:{sha256(body).hexdigest()}"


READERS: Final[Mapping[str, Callable[[Said, Ours], Iterable[Inbound]]]] = {
    "message": _message,
    "postback": _postback,
    "message_edit": _edited,
    "reaction": _reacted,
    "delivery": _delivered,
    "read": _read,
    "optin": _optin,
}
