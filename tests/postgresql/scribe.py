"""A process that records what customers say: `python -m tests.postgresql.scribe URL FIRST COUNT PEOPLE SLOW`.

Its customers are those of every other scribe too. It prints the key of each message that was acknowledged.
"""

import sys
import time
from collections import deque
from concurrent.futures import Future
from typing import Any

from gateway.arrival import Arrival, Place, Raw
from gateway.ids import new_id
from gateway.record.arrivals import record
from gateway.store.engine import connect
from gateway.store.session import UNAVAILABLE
from gateway.store.writer import Writer
from normalizer.model import Inbox
from tests.record.conftest import AT, said

PLACE = Place("support", "pigeon", "pigeon", Inbox(id="main"))
AT_ONCE = 300
TRIES = 30


def arrival(n: int, people: int) -> Arrival:
    raw = Raw(id=new_id(), received_at=AT, method="POST", url="/in/support", headers=b"{}", body=b"raw")
    return Arrival(PLACE, raw, (said(f"message {n}", n, sender=str(n % people)),))


def main(url: str, first: int, count: int, people: int, slow: float) -> None:
    engine = connect(url)
    writer = Writer(engine)
    writer.start()
    waiting: deque[tuple[int, Future[Any]]] = deque()
    coming = iter(range(first, first + count))
    for n in coming:
        waiting.append((n, writer.submit(record, arrival(n, people))))
        if len(waiting) >= AT_ONCE:
            _acknowledge(writer, people, *waiting.popleft())
        time.sleep(slow)
    while waiting:
        _acknowledge(writer, people, *waiting.popleft())
    writer.stop()
    engine.dispose()


def _acknowledge(writer: Writer, people: int, n: int, future: Future[Any]) -> None:
    """A provider comes again with what was not taken."""
    for _ in range(TRIES):
        try:
            recorded = future.result(300)
        except UNAVAILABLE:
            time.sleep(0.5)
            future = writer.submit(record, arrival(n, people))
        else:
            print(n, recorded.outcome, flush=True)  # noqa: T201
            return
    raise AssertionError(f"message {n} was never taken")


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:5]), float(sys.argv[5]))
