"""How connectors do: why nothing leaves a lane for a while, and when it is well again.

A lane has a breaker. `FAILURES` requests in a row that did not get through, or got no answer, open it: the lane pauses,
and after that one delivery at a time is tried (half-open, `gateway.send.claim`) until an answer, of whatever kind,
closes it. Each trial that fails doubles the pause. All of it stands in the store, so that a restart does not hammer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from connectors.kit.errors import KitError, Misconfigured, OutcomeUnknown, Temporary
from gateway.arrival import Place
from gateway.send.rate import PutBack
from gateway.store.times import SECOND
from gateway.store.transaction import Transaction
from normalizer.events import ConnectorData

LONGEST_PAUSE = 86_400.0
"""Seconds a provider may make a lane wait at the most."""
MISCONFIGURED_WAIT = 60.0
"""Seconds until a lane whose set-up is wrong is tried again by itself; a new configuration tries at once."""
FAILURES = 5
"""So many in a row open the breaker …"""
FIRST_OPEN, LONGEST_OPEN = 5.0, 300.0
"""… for so many seconds, doubling."""
TRIALS = 3
"""So many trials that failed, and the connector is `down` rather than `degraded`."""
_SELECT = "SELECT paused_until, paused_why, state, failures FROM lanes WHERE connector_id = ?"
_SAVE = "UPDATE lanes SET paused_until = ?, paused_why = ?, state = ?, failures = ? WHERE connector_id = ?"
_UNPAUSE = "UPDATE lanes SET paused_until = NULL, paused_why = NULL WHERE connector_id = ?"


class State(StrEnum):
    """What was told last of a connector. `paused` is no state of these: it passes by itself."""

    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"


@dataclass(slots=True, eq=False)
class Condition:
    """Of `lanes`: how a connector does."""

    paused_until: int | None = None
    paused_why: str | None = None
    state: str = State.UP
    failures: int = 0
    """In a row."""

    def remedy(self, connector_id: str, paused: bool) -> str | None:
        """What an operator can do about it."""
        if self.failures >= FAILURES:
            return "nothing, if the provider is in trouble: one message at a time is tried; else look at the network"
        if self.state == State.DOWN:
            return f"correct the connector's settings, then run: onethread connectors check {connector_id}"
        return "it goes on by itself; `rate` keeps a connector below its provider's limit" if paused else None


class Doctor:
    """The condition of all connectors a batch is about: each read once, written once."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._known: dict[str, Condition] = {}
        self._changed: set[str] = set()

    def accepted(self, place: Place) -> None:
        """The provider took something."""
        self._answered(place, accepted=True)

    def failed(self, place: Place, error: KitError) -> None:
        """A request ended in an error; what it says of the connector rather than of the message."""
        match error:
            case Misconfigured():
                self._pause(place, MISCONFIGURED_WAIT, error.detail)
                self._turn(place, State.DOWN, error.detail)
            case Temporary(retry_after=float() | int() as seconds):
                self._answered(place, accepted=False)
                self._pause(place, seconds, error.detail)
            case Temporary(alone=True):
                self._answered(place, accepted=False)
            case Temporary() | OutcomeUnknown():
                self._stumbled(place, error.detail)
            case PutBack():
                pass
            case _:
                self._answered(place, accepted=False)

    def save(self) -> None:
        for connector_id in self._changed:
            condition = self._known[connector_id]
            self._transaction.change(
                _SAVE, condition.paused_until, condition.paused_why, condition.state, condition.failures, connector_id
            )
        self._changed.clear()

    def _of(self, place: Place) -> Condition:
        if place.connector_id not in self._known:
            row = self._transaction.row(_SELECT, place.connector_id)
            self._known[place.connector_id] = Condition(*row) if row else Condition()
        return self._known[place.connector_id]

    def _answered(self, place: Place, *, accepted: bool) -> None:
        condition = self._of(place)
        broken = condition.failures >= FAILURES
        if condition.failures:
            condition.failures = 0
            self._changed.add(place.connector_id)
        if condition.state != State.UP and (accepted or broken):
            condition.paused_until = condition.paused_why = None
            self._turn(place, State.UP, None)

    def _stumbled(self, place: Place, why: str) -> None:
        condition = self._of(place)
        if condition.failures >= FAILURES and (condition.paused_until or 0) > self._transaction.now_us:
            return  # it had left before the breaker opened
        condition.failures += 1
        self._changed.add(place.connector_id)
        trials = condition.failures - FAILURES
        if trials >= 0:
            why = f"{condition.failures} requests in a row did not get through: {why}"
            self._pause(place, min(LONGEST_OPEN, FIRST_OPEN * 2.0 ** min(trials, 10)), why)
            self._turn(place, State.DOWN if trials >= TRIALS else State.DEGRADED, why)

    def _pause(self, place: Place, seconds: float, why: str) -> None:
        """Nothing leaves the lane for so long, or longer where it was paused for longer."""
        condition = self._of(place)
        until = self._transaction.now_us + int(min(seconds, LONGEST_PAUSE) * SECOND)
        if until > (condition.paused_until or 0):
            condition.paused_until, condition.paused_why = until, why
            self._changed.add(place.connector_id)

    def _turn(self, place: Place, state: State, reason: str | None) -> None:
        """Says so once; what is down does not become better by being degraded."""
        condition = self._of(place)
        if condition.state == state or (condition.state, state) == (State.DOWN, State.DEGRADED):
            return
        condition.state = state
        self._changed.add(place.connector_id)
        remedy = condition.remedy(place.connector_id, False)
        self._transaction.emit(
            f"connector.{state}",
            ConnectorData(connector=place.connector_id, state=state, reason=reason, remedy=remedy),
            source=f"/connectors/{place.connector_id}",
            subject=place.connector_id,
            partition=place.connector_id,
            channel=place.channel,
            connector=place.connector_id,
            inbox=place.inbox.id,
        )


def unpause(transaction: Transaction, connector_ids: Sequence[str]) -> list[None]:
    """Lets lanes try at once, as after a new configuration."""
    for connector_id in connector_ids:
        transaction.change(_UNPAUSE, connector_id)
        transaction.wake("lane", connector_id)
    return [None for _ in connector_ids]
