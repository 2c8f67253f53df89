"""What a client says: looked at, recorded as any provider's request is, and acknowledged after the commit."""

from collections.abc import Sequence

import msgspec

from connectors.kit.base import Outcome
from connectors.kit.chat import Caller
from connectors.kit.errors import BadPayload, BadSignature
from gateway.api.problems import Code, Problem, not_found, overloaded
from gateway.api.queries import Rows, snapshot
from gateway.arrival import Arrival, raw_of
from gateway.hub import Hub
from gateway.metrics import received
from gateway.receive import COME_AGAIN, tell_put_off
from gateway.record.arrivals import record
from gateway.store.transaction import listed
from gateway.web.chat.asking import Asked, unauthorised
from gateway.web.chat.audience import Audience
from gateway.web.chat.frames import Ack
from gateway.web.chat.showing import OWN
from gateway.web.chat.view import has_left, own_addresses
from normalizer.codec import decoder, encode
from normalizer.inbound import Inbound, TypingChanged
from normalizer.model import Message

RECEIPTS = frozenset({"read", "received"})
QUARANTINED = "quarantined"
_NAMED = (
    "SELECT count(DISTINCT d.message_id) FROM deliveries d JOIN routes r ON r.id = d.route_id"
    " WHERE d.message_id IN (SELECT value FROM json_each(?)) AND d.kind = 'message'"
    " AND r.connector_id = ? AND r.address IN (SELECT value FROM json_each(?))"
)
_OWN = "SELECT count(*) FROM arrivals WHERE connector_id = ? AND key IN (SELECT value FROM json_each(?))"
_FILES = (
    "SELECT id, media_type, name, size FROM attachments WHERE id IN (SELECT value FROM json_each(?))"
    " AND connector_id = ? AND source IN (SELECT value FROM json_each(?)) AND state = 'stored'"
)
_WRITTEN = (
    "SELECT m.id, m.conversation_id, e.sequence FROM arrivals a JOIN message_heads m ON m.id = a.message_id"
    " JOIN events e ON e.position = m.position WHERE a.connector_id = ? AND a.key IN (SELECT value FROM json_each(?))"
)


class Named(msgspec.Struct, frozen=True):
    """What of a frame is looked at before the plugin reads it."""

    type: str
    client_id: str | None = None
    text: str = ""
    ref: str | None = None
    refs: tuple[str, ...] = ()
    reply_to: str | None = None
    files: tuple[str, ...] = ()
    priority: str | None = None

    def messages(self) -> set[str]:
        return {name for name in (self.ref, self.reply_to, *self.refs) if name is not None}


class _File(msgspec.Struct, frozen=True):
    id: str
    media_type: str
    name: str | None
    size: int | None


_named = msgspec.json.Decoder(Named)
_message = decoder(Message)


def named(body: bytes) -> Named:
    """Raises Problem (400)."""
    try:
        return _named.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise malformed(str(error)) from error


def malformed(detail: str) -> Problem:
    return Problem(400, Code.MALFORMED, detail)


def joined() -> Problem:
    return Problem(403, "joined", "this visitor is a signed-in user by now: go on as the user, or as another visitor")


class Hearing:
    """Takes the frames of every client."""

    def __init__(self, hub: Hub, audience: Audience) -> None:
        self._hub = hub
        self._audience = audience

    async def hear(self, asked: Asked, caller: Caller, token: str, body: bytes) -> Ack | None:
        """What the client hears once all of it is recorded; None for what is not recorded at all. Raises Problem."""
        frame = named(body)
        if frame.type in RECEIPTS:
            asked.admit_receipt(caller)
        elif frame.type != "typing":
            asked.admit_message(caller)
        if frame.priority == "emergency" and not asked.doorway.emergency:
            raise Problem(403, Code.FORBIDDEN, "the emergency action is not offered here")
        headers: dict[str, str] = {}
        if frame.type != "typing":
            found = await self._audience.in_thread(self._looked_up, asked, caller, frame)
            if isinstance(found, Ack):
                return found
            headers = found
        request = asked.request(token, body, caller=caller.told, **headers)
        connector = asked.connector
        try:
            connector.plugin.verify(request)
            items = connector.plugin.parse(request)
        except BadSignature as error:
            raise unauthorised(error) from error
        except BadPayload as error:  # its sender is there and hears it: nothing is kept for an operator to look at
            raise malformed(error.detail) from error
        if all(isinstance(item, TypingChanged) for item in items):
            for item in items:
                self._hub.board.heard(asked.seat(caller), isinstance(item, TypingChanged) and item.on)
            return None
        try:
            self._hub.writer.admit()
            recorded = await self._hub.writer.write(record, Arrival(connector.place, raw_of(request), items))
        except COME_AGAIN as error:
            tell_put_off(connector, error)
            raise overloaded("the hub has too much to write; nothing was stored") from error
        received(connector.id, recorded.outcome).inc()
        if recorded.outcome == Outcome.QUARANTINED:
            raise Problem(422, QUARANTINED, "it could not be recorded, and is kept for the operator")
        return await self._audience.in_thread(self._acknowledged, connector.id, frame, items)

    def _looked_up(self, asked: Asked, caller: Caller, frame: Named) -> dict[str, str] | Ack:
        """Whether all that the frame names is theirs to name; what the plugin wants to know of it. An `ack` at once for
        what the caller said before as a visitor who signed in meanwhile. Raises Problem."""
        place = asked.connector.place
        with snapshot(self._hub.engine) as rows:
            addresses = own_addresses(rows, place, caller)
            left = has_left(rows, place, caller)
            if (left or len(addresses) > 1) and (ack := _said(rows, place.connector_id, addresses, frame)):
                return ack
            if left:
                raise joined()
            if not _may_name(rows, asked, caller, addresses, frame.messages()):
                raise not_found("message")
            if not frame.files:
                return {}
            found = rows.all(_FILES, listed(frame.files), asked.connector.id, listed(addresses))
            if len(found) < len(set(frame.files)):
                raise not_found("file")
            return {"files": encode([_File(*row) for row in found]).decode()}

    def _acknowledged(self, connector_id: str, frame: Named, items: Sequence[Inbound]) -> Ack:
        with snapshot(self._hub.engine) as rows:
            written = rows.one(_WRITTEN, connector_id, listed([items[0].key])) if frame.type == "message" else None
        return _ack(frame, written)


def _ack(frame: Named, written: tuple[str, str, int] | None) -> Ack:
    id_, conversation, sequence = written or (None, None, None)
    return Ack(of=frame.type, client_id=frame.client_id, id=id_, conversation=conversation, sequence=sequence)


def _said(rows: Rows, connector_id: str, addresses: Sequence[str], frame: Named) -> Ack | None:
    """Of a message that stands under any of these addresses; None for one that is new there, or says something else."""
    if frame.type != "message" or frame.client_id is None:
        return None
    keys = listed(f"message:{address}/{frame.client_id}" for address in addresses)
    written = rows.one(_WRITTEN, connector_id, keys)
    row = rows.one("SELECT body FROM messages WHERE id = ?", written[0]) if written else None
    if row is None or (frame.text.strip() and _message.decode(row[0]).text != frame.text):
        return None
    return _ack(frame, written)


def _may_name(rows: Rows, asked: Asked, caller: Caller, addresses: Sequence[str], names: set[str]) -> bool:
    """Whether each is a message to this caller on a route of their own, or one of theirs."""
    own = {f"message:{caller.address}/{name.removeprefix(OWN)}" for name in names if name.startswith(OWN)}
    ours = {name for name in names if not name.startswith(OWN)}
    connector_id = asked.connector.id
    if own and rows.one(_OWN, connector_id, listed(own)) != (len(own),):
        return False
    return not ours or rows.one(_NAMED, listed(ours), connector_id, listed(addresses)) == (len(ours),)
