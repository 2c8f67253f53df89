"""Delivering: `receive` mirrored. What a lane claimed and rendered is sent, and what became of it is recorded.

A retry continues at the first payload that was not accepted. Every error of the kit leads to one next act (`NEXT` in
`gateway.send.outcome`); anything else that goes wrong after the request may have left is `uncertain`, never repeated.
"""

import asyncio

import structlog

from connectors.kit.base import Sent
from connectors.kit.errors import KitError, OutcomeUnknown
from connectors.kit.http import exchange_subject
from gateway.metrics import SEND_SECONDS, SENT
from gateway.send.claim import Claimed
from gateway.send.outcome import NEXT, Done, Failed
from gateway.send.requests import SEND, Errand, errands
from gateway.send.work import Lane

log = structlog.get_logger()
LONGEST = 120.0
"""Seconds one provider request may take in all."""


async def deliver(lane: Lane, claimed: Claimed) -> None:
    """Carries out a claimed delivery, payload by payload."""
    exchange_subject.set(claimed.parcel.id)
    try:
        for errand in errands(lane, claimed):
            sent = await hand_over(lane, errand)
            if not await lane.record(Done(lane.connector, claimed.parcel, errand.n, sent)):
                return
    except KitError as error:
        SENT.labels(lane.connector.id, error.code).inc()
        log.info("not sent", connector=lane.connector.id, delivery=claimed.parcel.id, code=error.code)
        await lane.record(Failed(lane.connector, claimed.parcel, error, lane.attempts))


async def hand_over(lane: Lane, errand: Errand) -> Sent:
    """One provider request. Raises the kit's sending errors and nothing else."""
    try:
        with SEND_SECONDS.labels(lane.connector.id).time():
            async with asyncio.timeout(LONGEST):
                sent = await SEND[errand.kind](lane.connector.plugin, errand.outbound)
    except tuple(NEXT):
        raise
    except Exception as error:
        log.exception("a plugin failed to send", connector=lane.connector.id)
        raise OutcomeUnknown(f"the plugin failed: {type(error).__name__}") from error
    SENT.labels(lane.connector.id, "accepted").inc()
    return sent
