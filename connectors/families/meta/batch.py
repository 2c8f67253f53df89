"""A webhook is a batch of batches: up to a thousand entries, each with changes or messaging items.

Each piece is read on its own, so that what is wrong with one harms no other. Source:
developers.facebook.com/docs/graph-api/webhooks/getting-started (read 2026-11).
"""

from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from typing import Final, NamedTuple

import msgspec

from connectors.families.meta.moment import Stamp
from connectors.kit.errors import BadPayload
from connectors.kit.request import decode
from normalizer.inbound import Inbound, Unreadable


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    object: str
    """Which product speaks: `whatsapp_business_account`, `page`, `instagram`."""
    entry: list[msgspec.Raw]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    time: Stamp = 0
    """When Meta told it."""
    field: str | None = None
    """Of an entry that is itself a change, as Instagram's own login has them."""
    changes: list[msgspec.Raw] = []
    messaging: list[msgspec.Raw] = []
    standby: list[msgspec.Raw] = []
    """Messaging items of a thread that another app has."""


class Piece(NamedTuple):
    owner: str
    """The id of the entry: an account."""
    kind: str
    """`changes`, `messaging` or `standby`."""
    body: bytes
    time: Stamp = 0
    """When Meta told the entry."""


BATCH: Final = msgspec.json.Decoder(Batch)
ENTRY: Final = msgspec.json.Decoder(Entry)
LONGEST: Final = 300
"""Characters of a reason."""


def read(body: bytes, product: str, reader: Callable[[Piece], Iterable[Inbound]]) -> list[Inbound]:
    """What `reader` makes of every piece, each under a key of its own. Raises BadPayload where not even the entries
    can be told apart, or another product speaks."""
    batch = decode(body, BATCH)
    if batch.object != product:
        raise BadPayload(f"a webhook of another product: {batch.object[:64]}")
    found: dict[str, Inbound] = {}
    for entry in batch.entry:
        for item in _entry(bytes(entry), reader):
            found.setdefault(item.key, item)
    return list(found.values())


def unreadable(body: bytes, error: BadPayload) -> Unreadable:
    return Unreadable(key=f"unreadable:{sha256(body).hexdigest()}", slice=body, reason=error.detail[:LONGEST])


def _entry(body: bytes, reader: Callable[[Piece], Iterable[Inbound]]) -> Iterator[Inbound]:
    try:
        entry = decode(body, ENTRY)
    except BadPayload as error:
        yield unreadable(body, error)
        return
    pieces = [(kind, bytes(raw)) for kind in ("changes", "messaging", "standby") for raw in getattr(entry, kind)]
    if entry.field is not None:
        pieces.append(("changes", body))
    for kind, told in pieces:
        try:
            yield from list(reader(Piece(entry.id, kind, told, entry.time)))
        except BadPayload as error:
            yield unreadable(told, error)
