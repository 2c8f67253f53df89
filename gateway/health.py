"""Whether a process lives, which a restart would mend, and whether it is ready for what is sent to it.

Liveness asks nobody outside: a store, a broker or a provider in trouble is not mended by a restart. Readiness says
whether what comes here now is taken.
"""

from collections.abc import Iterator
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import DBAPIError

from gateway.bus.addresses import MEMORY
from gateway.roles import Role
from gateway.store import revisions, schema
from gateway.store.session import beside_others, sentence
from gateway.store.transaction import Transaction
from gateway.waiting import TROUBLE

if TYPE_CHECKING:
    from gateway.hub import Hub

READY_SECONDS = 3.0
"""How long the store may take for the row that is written to see whether it can be."""
PROBE = "readyz"


def ailment(hub: "Hub") -> str | None:
    """Why only a restart helps. Asked on the event loop, whose answer is the other half of it."""
    return None if hub.writer.alive else "the writer's thread has ended: nothing can be recorded"


def hindrances(hub: "Hub") -> Iterator[tuple[str, str]]:
    """Why this process should be sent nothing now: what it is about, and a sentence. Blocks."""
    if hub.draining:
        yield "process", "the hub was told to end, and takes nothing new"
    for name, reason in hub.listening.problems().items():
        yield f"listeners.{name}", reason
    store = _store(hub)
    if store is not None:
        yield "store", store
    elif (behind := _schema(hub)) is not None:
        yield "schema", behind
    if hub.roles == {Role.RELAY} and hub.settings.bus_url.reveal() != MEMORY and (problem := hub.bus.problem):
        yield "bus", problem


def _store(hub: "Hub") -> str | None:
    """A row comes and goes, all the way through the writer: it keeps up, the store can be locked and has room."""
    writer = hub.writer
    if writer.late:
        return f"the writer is behind: what comes now would be written after {writer.wait:.1f} s"
    try:
        writer.submit(_come_and_go, None).result(READY_SECONDS)
    except (*TROUBLE, TimeoutError, CancelledError) as error:
        return f"the store takes no writes: {str(error) or type(error).__name__}"
    return None


@beside_others
def _come_and_go(transaction: Transaction, items: Any) -> list[None]:
    """An UPDATE to what stands already would be written nowhere."""
    transaction.insert(schema.own_secrets, PROBE, b"")
    transaction.change("DELETE FROM own_secrets WHERE name = ?", PROBE)
    return [None] * len(items)


def _schema(hub: "Hub") -> str | None:
    """A schema that is newer was made by a later release beside this one, which goes on as long as writes succeed."""
    try:
        with hub.engine.connect() as connection:
            present = revisions.present(connection)
    except DBAPIError as error:
        return f"the store cannot be read: {sentence(error)}"
    if present == revisions.newest() or (present is not None and not revisions.known(present)):
        return None
    return f"the store's schema is {present}, and this release needs {revisions.newest()}: a migration is missing"
