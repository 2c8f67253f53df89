"""Comments under posts, as Facebook and Instagram both have them: who speaks where, and how one is answered.

A comment and the answers to it are a thread, and a thread is a group that everybody reads. It is addressed by the name
of what it began with, `comment:<id>`, under which answers are written; so no answer of a thread can be taken for a
message to a person, nor the other way round.
"""

import re
from typing import Annotated, Any, Final

import msgspec

from connectors.families.meta.graph import Graph
from connectors.families.meta.thread import Who
from connectors.kit.base import Outbound, Sent
from connectors.kit.errors import BadPayload, Refused
from normalizer.context import Context, Said
from normalizer.errors import ErrorCode
from normalizer.inbound import Address, Peer, Person
from normalizer.model import ConversationKind, Visibility

THREAD: Final = "comment:"
NAME: Final = re.compile(r"[0-9]{1,32}(?:_[0-9]{1,32}){0,2}", re.ASCII)
"""Of a post or a comment; it stands in the path of what is asked."""
LONGEST_URL: Final = 4096


class Speaker(Who, frozen=True, kw_only=True):
    name: str | None = None
    username: str | None = None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    field: str
    value: msgspec.Raw


class _Made(msgspec.Struct, frozen=True, kw_only=True):
    id: Annotated[str, msgspec.Meta(min_length=1)]


CHANGE: Final = msgspec.json.Decoder(Change)
MADE: Final = msgspec.json.Decoder(_Made)


def named(name: str | None) -> str:
    """Raises BadPayload for what is no name of a post or comment."""
    if name is None or not NAME.fullmatch(name):
        raise BadPayload("no name of a post or comment")
    return name


def peer(scheme: str, began: str) -> Peer:
    """The thread that began with this post or comment."""
    address = Address(scheme=scheme, value=f"{THREAD}{began}")
    return Peer(person=Person(address=address), kind=ConversationKind.GROUP, visibility=Visibility.PUBLIC)


def person(scheme: str, speaker: Speaker | None) -> Person | None:
    """None for whom Meta does not name to this app."""
    if speaker is None or speaker.id is None:
        return None
    address = Address(scheme=scheme, value=speaker.id)
    return Person(address=address, name=speaker.name or None, handle=speaker.username or None)


def shown_at(url: str | None) -> Context | None:
    if not url or not url.startswith("https://") or len(url) > LONGEST_URL:
        return None
    return Context(page=Said(value=url, signed=True))


def is_thread(address: Address) -> bool:
    return address.value.startswith(THREAD)


async def answer(graph: Graph, edge: str, outbound: Outbound) -> Sent:
    """Writes under what the thread began with. Raises the sending errors."""
    began = outbound.address.value.removeprefix(THREAD)
    if not NAME.fullmatch(began):
        raise Refused("no thread of comments", code=ErrorCode.INVALID_ADDRESS)
    return Sent(((await graph.send(f"{began}/{edge}", _body(outbound), MADE)).id,))


def _body(outbound: Outbound) -> dict[str, Any]:
    payload = outbound.payload
    other = payload.media or payload.actions or payload.location or payload.contact_card or payload.cards
    if other or payload.template or not payload.text.strip():
        raise Refused("a comment is a text", code=ErrorCode.CONTENT_UNSUPPORTED)
    return {"message": payload.text}
