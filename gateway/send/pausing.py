"""Why nothing leaves a lane for a while, and when it is well again."""

from collections.abc import Sequence

from gateway.arrival import Place
from gateway.store.times import SECOND
from gateway.store.transaction import Transaction
from normalizer.events import ConnectorData

LONGEST_PAUSE = 86_400.0
"""Seconds a provider may make a lane wait at the most."""
MISCONFIGURED_WAIT = 60.0
"""Seconds until a lane whose set-up is wrong is tried again by itself; a new configuration tries at once."""
_PAUSE = "UPDATE lanes SET paused_until = ?, paused_why = ? WHERE connector_id = ?"


_PAUSE_LONGER = (
    "UPDATE lanes SET paused_until = ?, paused_why = ? WHERE connector_id = ? AND coalesce(paused_until, 0) < ?"
)


def pause(transaction: Transaction, connector_id: str, seconds: float, why: str) -> None:
    """Nothing leaves the lane for so long, or longer where it was paused for longer."""
    until = transaction.now_us + int(min(seconds, LONGEST_PAUSE) * SECOND)
    transaction.change(_PAUSE_LONGER, until, why, connector_id, until)


def hold(transaction: Transaction, place: Place, why: str) -> None:
    """Pauses a lane that only an operator can mend; says so once."""
    pause(transaction, place.connector_id, MISCONFIGURED_WAIT, why)
    if not _is_down(transaction, place):
        remedy = f"correct the connector's settings, then run: onethread connectors check {place.connector_id}"
        _tell(transaction, place, True, why, remedy)


def recovered(transaction: Transaction, place: Place) -> None:
    """Something was accepted: says that a lane that was down is up."""
    if _is_down(transaction, place):
        transaction.change(_PAUSE, None, None, place.connector_id)
        _tell(transaction, place, False, None, None)


def unpause(transaction: Transaction, connector_ids: Sequence[str]) -> list[None]:
    """Lets lanes try at once, as after a new configuration."""
    for connector_id in connector_ids:
        transaction.change(_PAUSE, None, None, connector_id)
        transaction.wake("lane", connector_id)
    return [None for _ in connector_ids]


def _is_down(transaction: Transaction, place: Place) -> bool:
    transaction.flush()
    row = transaction.row("SELECT down FROM lanes WHERE connector_id = ?", place.connector_id)
    return bool(row and row[0])


def _tell(transaction: Transaction, place: Place, down: bool, reason: str | None, remedy: str | None) -> None:
    transaction.change("UPDATE lanes SET down = ? WHERE connector_id = ?", down, place.connector_id)
    state = "down" if down else "up"
    transaction.emit(
        f"connector.{state}",
        ConnectorData(connector=place.connector_id, state=state, reason=reason, remedy=remedy),
        source=f"/connectors/{place.connector_id}",
        subject=place.connector_id,
        partition=place.connector_id,
        channel=place.channel,
        connector=place.connector_id,
        inbox=place.inbox.id,
    )
