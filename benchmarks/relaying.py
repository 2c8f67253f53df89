"""The rounds of `benchmarks.relay`: a hub with a subscriber, and what each is measured by."""

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.backlog import FIRST, Backlog, events_in
from benchmarks.broker import PATIENCE, URL, Filling, fresh_name, queue
from benchmarks.contenders import ROOT, SERVER_CORE, Running, hub, memory_hub
from benchmarks.load import LOAD_CORE, flood, paced
from gateway.bus.names import queue_of

HERE = Path(__file__).parent
WARM_UP = 1
BUS = f"bus: {URL}\n"
SUBSCRIBED = BUS + "subscriptions:\n  {name}: {{queue: true, start: {start}, cursor_every: 0}}\n"
Round = dict[str, float]
Seen = Sequence[tuple[float, float]]
"""Of each event when it was recorded, in seconds since 1970 UTC, and how much later the consumer had it."""


def relay_round(backlog: Backlog, count: int) -> Round:
    """So many copies of the backlog, into the queue."""
    with _subscribed("oldest", backlog) as (server, filling, _):
        before, (began, at_first) = server.cpu_seconds(), filling.until(max(1, filling.depth))
        ended, at_last = filling.until(max(count, at_first + count // 2))
        spent = server.cpu_seconds() - before
    copies = at_last - at_first
    return {"rps": copies / (ended - began), "cpu_us": spent / copies * 1e6}


def memory_round(backlog: Backlog) -> Round:
    """The whole backlog over a bus in memory, to a consumer in the hub's process, whose time counts too."""
    with TemporaryDirectory(dir=HERE, prefix="round-") as made:
        folder = Path(made)
        backlog.put_into(folder)
        name = fresh_name()
        with memory_hub(folder, name, "oldest") as server:
            _until_relayed(server, name, backlog.events)
            spent = server.cpu_seconds()
        at = sorted(at for _, at in json.loads((folder / "seen.json").read_text()))
    first, last = len(at) // 10, len(at) - len(at) // 10
    return {"rps": (last - first) / (at[last - 1] - at[first]), "cpu_us": spent / len(at) * 1e6}


def _until_relayed(server: Running, name: str, position: int) -> None:
    until = time.monotonic() + PATIENCE
    with closing(sqlite3.connect(server.store)) as store:
        while time.monotonic() < until:
            (at,) = store.execute("SELECT position FROM subscriptions WHERE name = ?", (name,)).fetchone()
            if at >= position:
                return
            time.sleep(0.05)
    raise SystemExit(f"the subscription did not come to position {position}")


def publisher_round(backlog: Backlog, count: int) -> Round:
    name = queue_of(fresh_name())
    command = [sys.executable, "-m", "benchmarks.bare_publisher", str(backlog.store), name, str(count)]
    with queue(name):
        ran = subprocess.run(["taskset", "-c", SERVER_CORE, *command], cwd=ROOT, capture_output=True, check=True)
    seen = json.loads(ran.stdout)
    return {"rps": seen["copies"] / seen["seconds"], "cpu_us": seen["cpu_seconds"] / seen["copies"] * 1e6}


def ingest_round(backlog: Backlog, seconds: int) -> Round:
    """Over a store with the backlog, and without a bus."""
    with _hub("", backlog) as server:
        return _flooded(server, backlog, seconds)


def bus_round(backlog: Backlog, seconds: int) -> Round:
    """With a bus, and no subscription but the built-in topic."""
    with _hub(BUS, backlog) as server:
        return _flooded(server, backlog, seconds)


def beside_round(backlog: Backlog, seconds: int) -> Round:
    """With a subscriber that catches up, and does not come to the end of it."""
    with _subscribed("oldest", backlog) as (server, filling, _):
        filling.until(1)
        before, began = filling.depth, time.perf_counter()
        seen = _flooded(server, backlog, seconds)
        relayed, took = filling.depth - before, time.perf_counter() - began
        if filling.depth >= backlog.events:
            raise SystemExit("the subscriber caught up before the round ended: use a longer --backlog")
    return {**seen, "relay_rps": relayed / took}


def lag_round(rate: float, seconds: int) -> Round:
    """How late events come to a consumer, at a rate of messages. Every event must come."""
    with _subscribed("newest") as (server, _, name), _consumer(name, server.folder / "seen.json") as ended:
        warm = paced(server.port, rate, WARM_UP, FIRST)
        began = time.time()
        told = paced(server.port, rate, seconds, FIRST + len(warm.latencies))
        until = time.time()
        seen = ended()
        recorded = events_in(server.store)
    if told.refused or len(seen) < recorded:
        raise SystemExit(f"{told.refused} messages were refused; of {recorded} events {len(seen)} came")
    late = sorted(lag for at, lag in seen if began <= at <= until)
    return {"p50_ms": _share(late, 0.5) * 1e3, "p99_ms": _share(late, 0.99) * 1e3, "rps": told.rate}


def far_round(backlog: Backlog, rate: float, seconds: int) -> Round:
    """A subscriber with a consumer catches up from the beginning, at first beside messages at a steady rate."""
    first = FIRST + 2 * backlog.events
    with _hub("", backlog) as server:
        alone = paced(server.port, rate, seconds, first)
    with (
        _subscribed("oldest", backlog) as (server, _, name),
        _consumer(name, server.folder / "seen.json", backlog.events) as ended,
    ):
        beside = paced(server.port, rate, seconds, first)
        seen = ended()
    came = sorted(at + lag for at, lag in seen)[: backlog.events]
    tenth = backlog.events // 10
    return {
        "events": backlog.events,
        "seconds": came[-1] - came[0],
        "relay_rps": len(came) / (came[-1] - came[0]),
        "first_tenth_rps": tenth / (came[tenth] - came[0]),
        "last_tenth_rps": tenth / (came[-1] - came[-1 - tenth]),
        "messages_rps": rate,
        **{f"ack_{name}_ms": beside.percentile_ms(share) for name, share in (("p50", 0.5), ("p99", 0.99))},
        **{f"ack_alone_{name}_ms": alone.percentile_ms(share) for name, share in (("p50", 0.5), ("p99", 0.99))},
    }


@contextmanager
def _hub(more: str, backlog: Backlog | None = None) -> Iterator[Running]:
    with TemporaryDirectory(dir=HERE, prefix="round-") as made:
        folder = Path(made)
        if backlog:
            backlog.put_into(folder)
        with hub(folder, more=more) as server:
            yield server


@contextmanager
def _subscribed(start: str, backlog: Backlog | None = None) -> Iterator[tuple[Running, Filling, str]]:
    """A hub with one subscriber's queue, and how full that is from before the hub starts."""
    name = fresh_name()
    more = SUBSCRIBED.format(name=name, start=start)
    with queue(queue_of(name)), Filling(queue_of(name)) as filling, _hub(more, backlog) as server:
        yield server, filling, queue_of(name)


def _flooded(server: Running, backlog: Backlog, seconds: int) -> Round:
    first = FIRST + 2 * backlog.events
    warm = flood(server.port, WARM_UP, first)
    before = server.cpu_seconds()
    seen = flood(server.port, seconds, first + warm.issued)
    spent = server.cpu_seconds() - before
    if seen.not_2xx or seen.broken:
        raise SystemExit(f"hub: {seen.not_2xx} answers were not 2xx, {seen.broken} connections broke")
    return {"rps": seen.rps, "requests_per_cpu_second": seen.answered / spent}


@contextmanager
def _consumer(name: str, result: Path, count: int = 0) -> Iterator[Callable[[], Seen]]:
    """What it saw, once it is ended: when it saw so many and it has been quiet since."""
    command = [sys.executable, "-m", "benchmarks.bare_consumer", name, str(result), str(count)]
    process = subprocess.Popen(["taskset", "-c", LOAD_CORE, *command], cwd=ROOT)

    def ended() -> Seen:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)
        found: Seen = json.loads(result.read_text())
        return found

    try:
        yield ended
    finally:
        process.kill()
        process.wait()


def _share(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
