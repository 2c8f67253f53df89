"""Delivering: `receive` mirrored. What a lane claimed and rendered is sent, and what became of it is recorded.

A retry continues at the first payload that was not accepted. Every error of the kit leads to one next act (`NEXT` in
`gateway.send.outcome`); anything else that goes wrong after the request may have left is `uncertain`, never repeated.
"""

import structlog

from connectors.kit.base import Sent
from connectors.kit.errors import KitError, OutcomeUnknown
from connectors.kit.http import exchange_subject
from gateway.metrics import SENT
from gateway.send.claim import Claimed
from gateway.send.outcome import NEXT, Done, Failed
from gateway.send.requests import SEND, Errand, errands, sound
from gateway.send.work import Lane

log = structlog.get_logger()


async def deliver(lane: Lane, claimed: Claimed) -> None:
    """Carries out a claimed delivery, payload by payload."""
    connector, parcel = lane.connector, claimed.parcel
    n: int | None = None
    exchange_subject.set(parcel.id)
    try:
        for errand in errands(lane, claimed):
            n = errand.n
            if not await lane.turn(claimed, n):
                return
            sent = await hand_over(lane, errand)
            if not await lane.record(Done(connector, parcel, n, sent)):
                return
            n = None
    except KitError as error:
        SENT.labels(connector.id, error.code).inc()
        log.info("not sent", connector=connector.id, delivery=parcel.id, code=error.code)
        await lane.record(Failed(connector, parcel, n, error, lane.attempts))


async def hand_over(lane: Lane, errand: Errand) -> Sent:
    """One provider request, within a lane's time for it. Raises the kit's sending errors and nothing else."""
    try:
        with lane.seconds.time():
            sent = sound(await lane.within(SEND[errand.kind](lane.connector.plugin, errand.outbound)))
    except tuple(NEXT):
        raise
    except Exception as error:
        log.exception("a plugin failed to send", connector=lane.connector.id)
        raise OutcomeUnknown(f"the plugin failed: {type(error).__name__}") from error
    lane.accepted.inc()
    return sent
