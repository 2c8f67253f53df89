"""Files of customers: taken as they stream in, looked at, and given out by links that were signed for them."""

from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple
from urllib.parse import quote

import msgspec

from connectors.kit.chat import Caller
from gateway.api.problems import Code, Problem, not_found, too_large
from gateway.api.queries import snapshot
from gateway.board import Seat
from gateway.files import StoredFile, TooLarge, plain_name
from gateway.hub import Hub
from gateway.ids import new_id
from gateway.live import LiveConnector
from gateway.receive import COME_AGAIN
from gateway.store import schema
from gateway.store.transaction import Transaction
from gateway.web.asgi import Disconnected, Receive, Scope, header
from gateway.web.chat.asking import Asked
from gateway.web.chat.history import Archive
from gateway.web.chat.sniff import ANY, ENOUGH, allowed, sniffed
from gateway.web.patience import Patience

DAY = 86_400


class Upload(msgspec.Struct, frozen=True):
    id: str
    media_type: str
    size: int | None
    name: str | None
    url: str


class Kept(NamedTuple):
    """A row to come. `seat` is whose it is: nobody else can send it."""

    id: str
    seat: Seat
    stored: StoredFile
    media_type: str
    name: str | None


class Shelf:
    def __init__(self, hub: Hub, patience: Patience) -> None:
        self._hub = hub
        self._patience = patience

    def link(self, connector: LiveConnector, attachment_id: str) -> str:
        query = self._hub.links.query(attachment_id, DAY)
        place = f"{self._hub.settings.public_url}/chat/{quote(connector.id, safe='')}/files"
        return f"{place}/{quote(attachment_id, safe='')}?{query}"

    async def take(self, asked: Asked, caller: Caller, scope: Scope, receive: Receive, name: str | None) -> Upload:
        """Keeps the body. Raises Problem, Disconnected."""
        most = min(asked.doorway.file_octets, self._hub.settings.limits.file)
        length = header(scope, b"content-length")
        if length is not None and (not length.isdecimal() or int(length) > most):
            raise too_large(most)
        body = _Body(receive, self._patience)
        begun = await body.begun()
        media_type = sniffed(begun, header(scope, b"content-type") or ANY)
        if not begun:
            raise Problem(422, Code.INVALID, "the file is empty")
        if not allowed(media_type, asked.doorway.types):
            raise Problem(415, Code.UNSUPPORTED_MEDIA_TYPE, f"files of type {media_type} are not taken here")
        try:
            stored = await self._hub.files.save_async(body.chunks(), most)
        except TooLarge as error:
            raise too_large(most) from error
        kept = Kept(new_id(), asked.seat(caller), stored, media_type, plain_name(name))
        try:
            await self._hub.writer.write(keep, kept)
        except COME_AGAIN as error:
            raise Problem(503, Code.OVERLOADED, "send it again", headers={"retry-after": "5"}) from error
        return Upload(kept.id, media_type, stored.size, kept.name, self.link(asked.connector, kept.id))

    def look(self, asked: Asked, caller: Caller, archive: Archive, id_: str, message_id: str | None) -> Upload:
        """A file of theirs, or of a message they can see. In a thread. Raises Problem (404)."""
        with snapshot(self._hub.engine) as rows:
            found = rows.one(_FILE, id_)
        own = found is not None and tuple(found[3:]) == asked.seat(caller)
        if found is None or not (own or (message_id and archive.shows_file(caller, message_id, id_))):
            raise not_found("file")
        return Upload(id_, found[0], found[1], found[2], self.link(asked.connector, id_))


_FILE = "SELECT media_type, size, name, connector_id, source FROM attachments WHERE id = ?"


class _Body:
    """A body as it comes: its beginning first, then all of it. Raises Problem (408), Disconnected."""

    def __init__(self, receive: Receive, patience: Patience) -> None:
        self._receive = receive
        self._patience = patience
        self._more = True
        self._begun = b""

    async def begun(self) -> bytes:
        while self._more and len(self._begun) < ENOUGH:
            self._begun += await self._next()
        return self._begun[:ENOUGH]

    async def chunks(self) -> AsyncIterator[bytes]:
        yield self._begun
        while self._more:
            yield await self._next()

    async def _next(self) -> bytes:
        try:
            with self._patience:
                message = await self._receive()
        except TimeoutError:
            raise Problem(408, Code.SLOW, "the body did not come in time") from None
        if message["type"] == "http.disconnect":
            raise Disconnected
        self._more = message.get("more_body", False)
        return bytes(message.get("body", b""))


def keep(transaction: Transaction, uploads: Sequence[Kept]) -> list[None]:
    """Writes uploads whose files are stored; `connector_id` and `source` say whose they are."""
    for kept in uploads:
        transaction.insert(
            schema.attachments,
            kept.id,
            None,
            kept.seat.connector_id,
            kept.seat.address,
            "stored",
            kept.stored.sha256,
            kept.media_type,
            kept.stored.size,
            kept.name,
            None,
            0,
            None,
            transaction.now_us,
        )
    return [None] * len(uploads)
