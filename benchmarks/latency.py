"""How late acknowledgements and events are: `python -m benchmarks.latency`, a part of `make bench`. Needs RabbitMQ.

Somebody reads the events of what comes in: nobody, over the feed's stream, over the feed's pages with a wait at the
end, over a bus in memory in the hub's own process, over RabbitMQ. First it is measured how much the hub takes in with
each; then an open-loop generator sends half of that. Every message must come to its reader. Rounds take turns, and
medians count.
"""

import argparse
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.broker import URL, fresh_name, queue
from benchmarks.contenders import ROOT, SUBSCRIBED, Running, hub, memory_hub
from benchmarks.earlier import earlier
from benchmarks.ingest import _fit_machine, judge, machine
from benchmarks.load import LOAD_CORE, Paced, flood, paced, percentile_ms
from gateway.bus.names import queue_of
from gateway.keys import Scope, create_key
from gateway.store.engine import open_store

HERE = Path(__file__).parent
RESULT = HERE / "results" / "latency.json"
FIRST = 100_000_000
WARM_UP = 1
PATIENCE = 60.0
BUDGET = {
    "ack_p99_ms": 10.0,
    **{f"{name}_lag_p99_ms": 25.0 for name in ("sse", "poll", "memory", "rabbitmq")},
}
METHOD = (
    "Hub on core 0, load and reader on core 1, RabbitMQ wherever it is put; a fresh SQLite store (WAL,"
    " synchronous=FULL) per round; medians of the percentiles of interleaved rounds. capacity_rps: what wrk gets in by"
    " 64 connections while somebody reads, or nobody. All else at half of its own capacity, by an open-loop generator"
    " with 64 connections: ack_ms from when a request"
    " was due to its answer, lag_ms from when it was due to its event in the reader's hands, after_ack_ms from its"
    " answer to its event in the reader's hands (negative where the event was there first). The reader decodes each"
    " event. memory: a kombu consumer in a thread of the hub's process, polling every 5 ms."
)
Round = dict[str, float]
Seen = dict[int, float]


def main() -> None:
    wanted = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wanted.add_argument("--rounds", type=int, default=5)
    wanted.add_argument("--seconds", type=int, default=3, help="length of a round")
    wanted.add_argument("--add", action="store_true", help="add the rounds to those of the file of results")
    told = wanted.parse_args()
    _fit_machine()
    before = earlier(RESULT, told.add)
    floods = before.get("capacity") or [_capacities(told.seconds) for _ in range(told.rounds)]
    capacity = {name: median(each[name] for each in floods) for name in READERS}
    print(f"capacity {capacity}", flush=True)
    rounds: dict[str, list[Round]] = {name: before.get(name, []) for name in READERS}
    for n in range(told.rounds):
        for name, found in rounds.items():
            found.append(_round(READERS[name], capacity[name] / 2, told.seconds))
            print(f"round {n + 1}: {name} {found[-1]}", flush=True)
    result = _result(capacity, rounds)
    result["rounds"]["capacity"] = floods
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    judge(result, BUDGET)
    print(f"written to {RESULT.relative_to(HERE.parent)}")


def _result(capacity: dict[str, float], rounds: dict[str, list[Round]]) -> dict[str, Any]:
    middle = {
        name: {key: round(median(each[key] for each in found), 2) for key in found[0]} for name, found in rounds.items()
    }
    nobody = middle["nobody"]
    return {
        "capacity_rps": {name: round(rps) for name, rps in capacity.items()},
        "ack_p50_ms": nobody["ack_p50_ms"],
        "ack_p99_ms": nobody["ack_p99_ms"],
        **{
            f"{name}_{key}": value for name, found in middle.items() if name != "nobody" for key, value in found.items()
        },
        "method": METHOD,
        "rounds": dict(rounds),
        "machine": machine("uvicorn", "uvloop", "aiohttp", "kombu", "amqp", "msgspec"),
    }


def _capacities(seconds: int) -> Round:
    return {name: _capacity(reading, seconds) for name, reading in READERS.items()}


def _capacity(reading: "Reading", seconds: int) -> float:
    with TemporaryDirectory(dir=HERE, prefix="round-") as made, reading(Path(made)) as (server, _):
        warm = flood(server.port, WARM_UP, FIRST)
        return round(flood(server.port, seconds, FIRST + warm.issued).rps, 1)


def _round(reading: "Reading", rate: float, seconds: int) -> Round:
    with TemporaryDirectory(dir=HERE, prefix="round-") as made:
        with reading(Path(made)) as (server, ended):
            warm = paced(server.port, rate, WARM_UP, FIRST)
            told = paced(server.port, rate, seconds, FIRST + len(warm.latencies))
            seen = ended()
        seen = seen if seen is not None else _left(Path(made))
    if told.refused or len(told.latencies) < int(rate * seconds):
        raise SystemExit(f"{told.refused} refused and {int(rate * seconds) - len(told.latencies)} unanswered")
    return {
        "ack_p50_ms": round(told.percentile_ms(0.5), 2),
        "ack_p99_ms": round(told.percentile_ms(0.99), 2),
        **(_lags(told, seen) if seen else {}),
    }


def _lags(told: Paced, seen: Seen) -> Round:
    if missing := told.when.keys() - seen.keys():
        raise SystemExit(f"{len(missing)} of {len(told.when)} acknowledged messages did not come to their reader")
    since = {
        "lag": [seen[number] - due for number, (due, _) in told.when.items()],
        "after_ack": [seen[number] - answered for number, (_, answered) in told.when.items()],
    }
    return {
        f"{name}_{share_name}_ms": round(percentile_ms(late, share), 2)
        for name, late in since.items()
        for share_name, share in (("p50", 0.5), ("p99", 0.99))
    }


# --- who reads --------------------------------------------------------------------------------------------------------


@contextmanager
def _nobody(folder: Path) -> Iterator[tuple[Running, Callable[[], Seen | None]]]:
    with hub(folder) as server:
        yield server, dict


def _over_http(kind: str) -> "Reading":
    @contextmanager
    def reading(folder: Path) -> Iterator[tuple[Running, Callable[[], Seen | None]]]:
        with hub(folder) as server, _reader(folder, kind, f"http://127.0.0.1:{server.port}", _key(server)) as ended:
            yield server, ended

    return reading


@contextmanager
def _over_rabbitmq(folder: Path) -> Iterator[tuple[Running, Callable[[], Seen | None]]]:
    name = fresh_name()
    more = SUBSCRIBED.format(bus=URL, name=name, start="newest")
    with (
        queue(queue_of(name)),
        hub(folder, more=more) as server,
        _reader(folder, "rabbitmq", queue_of(name), "-") as ended,
    ):
        yield server, ended


@contextmanager
def _over_memory(folder: Path) -> Iterator[tuple[Running, Callable[[], Seen | None]]]:
    """What was seen is told when the hub has ended."""
    with memory_hub(folder, fresh_name()) as server:
        yield server, lambda: None


@contextmanager
def _reader(folder: Path, kind: str, where: str, key: str) -> Iterator[Callable[[], Seen]]:
    command = [sys.executable, "-m", "benchmarks.readers", kind, where, key, str(folder / "seen.json")]
    with subprocess.Popen(
        ["taskset", "-c", LOAD_CORE, *command], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        if process.stdout.readline().strip() != "reading":
            raise SystemExit(f"the reader of {kind} did not come up")

        def ended() -> Seen:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE)
            return _left(folder)

        try:
            yield ended
        finally:
            process.kill()


def _left(folder: Path) -> Seen:
    """What a reader wrote at its end: the first time it had each."""
    seen: list[tuple[int, float]] = json.loads((folder / "seen.json").read_text())
    return dict(reversed(seen))


def _key(server: Running) -> str:
    engine = open_store(f"sqlite:///{server.store}")
    try:
        return create_key(engine, "bench", [Scope.READ])[0]
    finally:
        engine.dispose()


Reading = Callable[[Path], Any]
READERS: dict[str, Reading] = {
    "nobody": _nobody,
    "sse": _over_http("sse"),
    "poll": _over_http("poll"),
    "memory": _over_memory,
    "rabbitmq": _over_rabbitmq,
}

if __name__ == "__main__":
    main()
