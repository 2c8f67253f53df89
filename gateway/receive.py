"""Receiving: what a provider sends is verified, read, recorded, and only then acknowledged.

What would wait too long for its commit is asked to come again before anything is read of it.

`read` is pure. Two doors lead through it: `receive` awaits the commit on the event loop, `receive_blocking` waits for
it in a thread of any WSGI server. Neither answers success before the commit. Where the provider waits for so long only
(`Info.answers_within`), it hears that it is late, and what it sent stays queued.
"""

import asyncio
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TookTooLong
from time import monotonic

import structlog

from connectors.kit.base import ANSWERS, Outcome
from connectors.kit.errors import BadPayload, BadSignature, UnknownKey
from connectors.kit.request import Request, Response
from gateway.arrival import Arrival, Recorded, raw_of
from gateway.hub import Hub
from gateway.live import LiveConnector
from gateway.metrics import received
from gateway.record.arrivals import record
from gateway.store.session import UNAVAILABLE
from gateway.store.writer import Closed, Overloaded
from normalizer.inbound import Unreadable

log = structlog.get_logger()
COME_AGAIN = (Overloaded, Closed, *UNAVAILABLE)
"""Nothing was stored, and nothing is wrong with what was sent."""
TELL_EVERY = 1.0
"""Seconds between words about a connector whose requests are put off; the metric counts them all."""
_told: dict[str, float] = {}


def read(connector: LiveConnector, request: Request) -> Arrival:
    """One delivery from a provider, to what shall be recorded. Pure. Raises BadSignature."""
    try:
        connector.plugin.verify(request)
    except BadPayload as error:  # what cannot be read so far was not signed by anybody
        raise BadSignature(f"cannot be verified: {error.detail}") from error
    request = connector.plugin.kept(request)
    raw = raw_of(request)
    try:
        items = connector.plugin.parse(request)
    except BadPayload as error:
        items = [Unreadable(key=f"raw:{raw.id}", slice=request.body, reason=str(error))]
    except Exception as error:
        log.exception("a plugin failed to read", connector=connector.id, raw=raw.id)
        items = [Unreadable(key=f"raw:{raw.id}", slice=request.body, reason=f"plugin fault: {error!r}")]
    return Arrival(connector.place, raw, items)


async def _read(hub: Hub, connector: LiveConnector, request: Request) -> Arrival:
    """As `read`, once more where a key had to be learnt, and with the message it stands for in its place. Raises
    BadSignature, Overloaded."""
    try:
        arrival = read(connector, request)
    except UnknownKey as error:
        await hub.learning.learn(connector, error.key)
        arrival = read(connector, request)
    if connector.bringing is None:
        return arrival
    from gateway.bringing import brought  # what is brought is read by this module

    return await brought(hub, connector, connector.bringing, request, arrival)


async def receive(hub: Hub, connector: LiveConnector, request: Request) -> Response:
    """What the provider hears, after the commit."""
    try:
        hub.writer.admit()
        writing = hub.writer.write(record, await _read(hub, connector, request))
        if (within := connector.plugin.info.answers_within) is not None:
            await asyncio.wait([writing], timeout=within)
            if not writing.done():
                return late(hub, connector, request, writing)
        recorded = await writing
    except BadSignature as error:
        return refuse(connector, error)
    except COME_AGAIN as error:
        return put_off(connector, request, error)
    return answer(hub, connector, request, recorded)


def _read_blocking(hub: Hub, connector: LiveConnector, request: Request) -> Arrival:
    if connector.bringing is not None:
        return asyncio.run_coroutine_threadsafe(_read(hub, connector, request), hub.loop).result()
    try:
        return read(connector, request)
    except UnknownKey as error:
        key = error.key
    asyncio.run_coroutine_threadsafe(hub.learning.learn(connector, key), hub.loop).result()
    return read(connector, request)


def receive_blocking(hub: Hub, connector: LiveConnector, request: Request) -> Response:
    """`receive` for a thread that may wait."""
    try:
        hub.writer.admit()
        writing = hub.writer.submit(record, _read_blocking(hub, connector, request))
        try:
            recorded = writing.result(connector.plugin.info.answers_within)
        except TookTooLong:
            return late(hub, connector, request, writing)
    except BadSignature as error:
        return refuse(connector, error)
    except COME_AGAIN as error:
        return put_off(connector, request, error)
    return answer(hub, connector, request, recorded)


def answer(hub: Hub, connector: LiveConnector, request: Request, recorded: Recorded) -> Response:
    received(connector.id, recorded.outcome).inc()
    hub.confirm(connector, recorded.inbound)
    return connector.plugin.respond(request, recorded.outcome)


def late(
    hub: Hub, connector: LiveConnector, request: Request, writing: "asyncio.Future[Recorded] | Future[Recorded]"
) -> Response:
    """What the provider hears that cannot wait for the commit, which is waited for all the same."""

    def committed(done: "asyncio.Future[Recorded] | Future[Recorded]") -> None:
        if done.cancelled():
            return
        if (error := done.exception()) is not None:
            log.error("not recorded, and answered as late", connector=connector.id, reason=str(error))
            return
        hub.confirm(connector, done.result().inbound)

    writing.add_done_callback(committed)
    received(connector.id, Outcome.LATE).inc()
    log.warning("answered before the commit", connector=connector.id, raw=request.raw)
    return connector.plugin.respond(request, Outcome.LATE)


def refuse(connector: LiveConnector, error: BadSignature) -> Response:
    received(connector.id, "refused").inc()
    log.warning("refused", connector=connector.id, reason=error.detail)
    if error.again:
        return ANSWERS[Outcome.OVERLOADED]
    return Response(401 if error.missing else 403)


def put_off(connector: LiveConnector, request: Request, error: Exception) -> Response:
    tell_put_off(connector, error)
    return connector.plugin.respond(request, Outcome.OVERLOADED)


def tell_put_off(connector: LiveConnector, error: Exception) -> None:
    """Counts each, and logs one a second: a flood must not become one of the log."""
    received(connector.id, Outcome.OVERLOADED).inc()
    if monotonic() - _told.get(connector.id, -TELL_EVERY) >= TELL_EVERY:
        _told[connector.id] = monotonic()
        log.error("put off", connector=connector.id, reason=str(error))
