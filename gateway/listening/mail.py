"""Mail taken: each connector that takes a recipient records its own copy; the answer comes after all commits."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

import structlog

from connectors.kit.errors import BadSignature
from connectors.kit.request import Request
from gateway.arrival import Arrival, Recorded, raw_of
from gateway.files import NO_ROOM, StoredFile
from gateway.hub import Hub
from gateway.ids import new_id
from gateway.live import LiveConnector
from gateway.metrics import received
from gateway.receive import read
from gateway.record.arrivals import record
from gateway.store.session import UNAVAILABLE
from gateway.store.writer import Closed, Overloaded

log = structlog.get_logger()
PATIENCE = 240.0
"""Seconds a large message waits for its turn and is read, while its sender waits for the answer."""


class Verdict(Enum):
    """What became of a copy."""

    TAKEN = "taken"
    REFUSED = "refused"
    LATER = "later"
    """Through no fault of its sender; it should come again."""
    FULL = "full"
    """The same, for want of room: too much waits for the store, or a disk is full."""


@dataclass(frozen=True)
class Recipient:
    address: str
    connector: LiveConnector


@dataclass(frozen=True)
class Envelope:
    listener: str
    sender: str
    """Empty for a bounce."""
    recipients: Sequence[Recipient]
    helo: str
    peer: str
    user: str | None = None
    tls: str | None = None


@dataclass(frozen=True)
class Content:
    """A message. A large one lies in a file, `octets` being its beginning."""

    octets: bytes
    file: StoredFile | None = None

    @property
    def size(self) -> int:
        return self.file.size if self.file else len(self.octets)


async def take(hub: Hub, envelope: Envelope, content: Content, came: datetime) -> Mapping[str, Verdict]:
    """What became of each connector's copy, by connector. Raises nothing."""
    connectors = {one.connector.id: one.connector for one in envelope.recipients}
    requests = {id_: _request(envelope, content, connector, came) for id_, connector in connectors.items()}
    copies = (_take(hub, connectors[id_], request, content.file) for id_, request in requests.items())
    verdicts = dict(zip(connectors, await asyncio.gather(*copies), strict=True))
    log.info(
        "mail",
        listener=envelope.listener,
        peer=envelope.peer,
        size=content.size,
        verdicts={id_: verdict.value for id_, verdict in verdicts.items()},
        raws=[request.raw for request in requests.values()],
    )
    return verdicts


def _request(envelope: Envelope, content: Content, connector: LiveConnector, came: datetime) -> Request:
    mine = [one.address for one in envelope.recipients if one.connector is connector]
    headers = {
        "mail-from": envelope.sender,
        "rcpt-to": ", ".join(dict.fromkeys(mine)),
        "helo": envelope.helo,
        "peer": envelope.peer,
        "user": envelope.user,
        "tls": envelope.tls,
    }
    present = {name: value for name, value in headers.items() if value is not None}
    url = f"smtp://{envelope.listener}/{connector.id}"
    return Request("SMTP", url, present, content.octets, came, new_id(), envelope.peer)


async def _take(hub: Hub, connector: LiveConnector, request: Request, file: StoredFile | None) -> Verdict:
    try:
        hub.writer.admit()
        arrival = await _read(hub, connector, request, file)
        recorded = await asyncio.wrap_future(hub.writer.submit(record, arrival))
    except BadSignature as error:
        received(connector.id, "refused").inc()
        log.warning("refused", connector=connector.id, reason=error.detail)
        return Verdict.REFUSED
    except (Overloaded, *UNAVAILABLE) as error:
        return _later(connector, request, str(error), Verdict.FULL)
    except Closed as error:
        return _later(connector, request, str(error))
    except OSError as error:  # TimeoutError is one of them
        return _later(connector, request, repr(error), Verdict.FULL if error.errno in NO_ROOM else Verdict.LATER)
    except Exception as error:
        log.exception("mail was not taken", connector=connector.id, raw=request.raw)
        return _later(connector, request, repr(error))
    return _taken(hub, connector, recorded)


async def _read(hub: Hub, connector: LiveConnector, request: Request, file: StoredFile | None) -> Arrival:
    if file is None:
        return read(connector, request)
    async with asyncio.timeout(PATIENCE):  # who is given up waits no longer, and costs nothing
        items = await asyncio.wrap_future(hub.apart.read(connector, request, file.path))
    return Arrival(connector.place, raw_of(request, file.sha256), items)


def _taken(hub: Hub, connector: LiveConnector, recorded: Recorded) -> Verdict:
    received(connector.id, recorded.outcome).inc()
    hub.confirm(connector, recorded.inbound)
    return Verdict.TAKEN


def _later(connector: LiveConnector, request: Request, reason: str, verdict: Verdict = Verdict.LATER) -> Verdict:
    received(connector.id, "overloaded").inc()
    log.error("put off", connector=connector.id, raw=request.raw, reason=reason)
    return verdict
