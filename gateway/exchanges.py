"""The exchange log: what was said to providers and what they answered, redacted, for the operator."""

import asyncio
import threading
from collections.abc import Sequence
from itertools import chain

import structlog

from connectors.kit.http import Exchange
from gateway.ids import new_id
from gateway.store import schema
from gateway.store.session import beside_others
from gateway.store.transaction import Transaction
from gateway.store.writer import Closed, Overloaded, Writer
from normalizer.codec import encode

log = structlog.get_logger()


class Exchanges:
    """Keeps exchanges as they happen, those of one turn of the event loop together. From any thread."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._loop: asyncio.AbstractEventLoop | None = None
        self._turn: list[Exchange] = []
        self._lock = threading.Lock()

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()

    def keep(self, exchange: Exchange) -> None:
        with self._lock:
            self._turn.append(exchange)
            waits = len(self._turn) > 1
        if waits:
            return
        if self._loop is None or self._loop.is_closed():
            self.flush()
        else:
            self._loop.call_soon_threadsafe(self.flush)

    def flush(self) -> None:
        """Hands over what is there, before anything that is written later."""
        with self._lock:
            exchanges, self._turn = self._turn, []
        if not exchanges:
            return
        try:
            self._writer.submit(keep_exchanges, exchanges)
        except (Overloaded, Closed) as error:  # the log of exchanges gives way to messages
            log.warning("exchanges were not kept", connector=exchanges[0].connector, reason=str(error))


@beside_others
def keep_exchanges(transaction: Transaction, turns: Sequence[Sequence[Exchange]]) -> list[None]:
    """Stores exchanges; `body` is the JSON of an `Exchange`, `at` the time of the commit."""
    for exchange in chain.from_iterable(turns):
        transaction.insert(
            schema.exchanges, new_id(), exchange.connector, exchange.subject, transaction.now_us, encode(exchange)
        )
    return [None] * len(turns)
