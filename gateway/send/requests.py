"""Provider requests of a delivery: what is left of it, as the plugin's own abilities take it."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from connectors.kit.base import Edits, File, Outbound, OutboundEdit, OutboundReaction, Plugin, Reacts, Sent
from connectors.kit.errors import Refused
from gateway.files import plain_name, plain_type
from gateway.send.claim import Claimed
from gateway.send.drafts import Draft
from gateway.send.pieces import token_of
from normalizer.errors import ErrorCode
from normalizer.model import DeliveryKind
from normalizer.payload import Payload
from normalizer.status import OPEN

if TYPE_CHECKING:
    from gateway.send.work import Lane


class Errand(msgspec.Struct, frozen=True):
    """The nth payload (from 0) of a delivery, ready to hand over."""

    kind: DeliveryKind
    n: int
    outbound: Outbound | OutboundReaction


async def _send(plugin: Plugin[Any], outbound: Any) -> Sent:
    return await plugin.send(outbound)


async def _edit(plugin: Plugin[Any], outbound: Any) -> Sent:
    if not isinstance(plugin, Edits):
        raise Refused("this channel cannot edit", code=ErrorCode.CONTENT_UNSUPPORTED)
    return await plugin.edit(outbound)


async def _react(plugin: Plugin[Any], outbound: Any) -> Sent:
    if not isinstance(plugin, Reacts):
        raise Refused("this channel cannot react", code=ErrorCode.CONTENT_UNSUPPORTED)
    return await plugin.react(outbound)


def sound(sent: Sent) -> Sent:
    """What a plugin answered. Raises TypeError where that names messages by anything but text."""
    if not all(isinstance(name, str) for name in sent.external_ids):
        raise TypeError("an external id is text")
    return sent


SEND: Mapping[DeliveryKind, Callable[[Plugin[Any], Any], Awaitable[Sent]]] = {
    DeliveryKind.MESSAGE: _send,
    DeliveryKind.EDIT: _edit,
    DeliveryKind.REACTION: _react,
}


def errands(lane: "Lane", claimed: Claimed) -> Iterator[Errand]:
    """What the provider has not accepted yet, in order. Raises Refused where there is nothing it could be sent."""
    parcel, plan, draft = claimed.parcel, claimed.plan, claimed.draft
    kind = DeliveryKind(parcel.kind)
    if kind == DeliveryKind.REACTION:
        reaction = OutboundReaction(
            address=draft.address, external_id=plan.target or "", reaction=plan.reaction, thread=draft.thread
        )
        yield Errand(kind, 0, reaction)
        return
    if not plan.payloads:
        raise Refused("nothing of it can be expressed on this channel", code=ErrorCode.CONTENT_UNSUPPORTED)
    for n, frozen in enumerate(plan.payloads):
        if frozen.status in OPEN:
            common: dict[str, Any] = {
                "token": token_of(parcel.id, n),
                "message_id": parcel.message_id,
                "conversation_id": parcel.conversation_id,
                "address": draft.address,
                "payload": frozen.body,
                "thread": draft.thread,
                "reply_to": plan.quote if frozen.body.quotes else None,
                "subject": draft.within.subject,
                "references": draft.within.references,
                "to": draft.to,
                "copied": tuple(one.address for one in draft.message.copied),
                "auto": draft.message.auto,
                "heard_at": draft.heard_at,
                "files": _files(lane, draft, frozen.body),
            }
            edits = kind == DeliveryKind.EDIT
            yield Errand(
                kind, n, OutboundEdit(**common, external_id=plan.target or "") if edits else Outbound(**common)
            )


def _files(lane: "Lane", draft: Draft, payload: Payload) -> dict[str, File]:
    if not payload.media and not payload.cards:
        return {}
    stored = {file.id: file for file in draft.files}
    found = {}
    wanted = [(part.attachment_id, part.name) for part in payload.media]
    wanted += [(card.image, None) for card in payload.cards if card.image]
    for id_, name in wanted:
        file = stored.get(id_)
        if file is None or file.sha256 is None or not lane.files.exists(file.sha256):
            raise Refused(f"the file {id_} is not stored", code=ErrorCode.MEDIA_UNREACHABLE)
        found[file.id] = File(
            attachment_id=file.id,
            path=lane.files.path(file.sha256),
            media_type=plain_type(file.media_type),
            name=plain_name(name) or plain_name(file.name) or file.id,
            size=file.size or 0,
            url=lane.link(file.id),
        )
    return found
