"""The way out: `python -m benchmarks.relay`, a part of `make bench`. Needs RabbitMQ beside what ingest needs.

Three questions. How fast does the hub bring a backlog to a queue, against a bare publisher of the same copies, and to a
consumer over a bus in memory? How late does an event reach a consumer, at half and a quarter of the load the hub can
take in? And how much is taken in while a subscriber catches up? Rounds take turns, and medians count, as in
`benchmarks.ingest`. With `--far 1000000` a subscriber catches up on so many events too.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.backlog import Backlog
from benchmarks.ingest import _fit_machine, judge, machine
from benchmarks.relaying import (
    Round,
    beside_round,
    bus_round,
    far_round,
    ingest_round,
    lag_round,
    memory_round,
    publisher_round,
    relay_round,
)

HERE = Path(__file__).parent
RESULT = HERE / "results" / "relay.json"
BUDGET = {"ratio_publisher": 0.5, "lag_p99_ms": 25.0}
METHOD = (
    "Hub and bare publisher on core 0, load and consumer on core 1, RabbitMQ wherever it is put; medians of interleaved"
    " rounds. relay_rps: a backlog of recorded events through a queue subscription, between two looks at the queue;"
    " publisher_rps: py-amqp alone publishing the same copies, ready in memory. Both to a quorum queue, with confirms,"
    " up to 1,000 copies unconfirmed at the broker. memory_rps: the whole backlog over a bus in memory, into the hands"
    " of a kombu consumer in the hub's own process, whose time counts too, and the hub's start in memory_cpu_us."
    " ingest_rps: as in ingest.json, over a store with that backlog and"
    " without a bus; ingest_bus_rps: with one, and nothing but the built-in topic, whose copies nobody takes;"
    " ingest_beside_rps: with a subscriber who catches up meanwhile, at beside_relay_rps. lag: from an event's time,"
    " when the transaction that recorded it began, to the consumer's having it, at half (quarter: at a quarter) of"
    " ingest_rps by an open-loop generator; the built-in topic gets every event too. cpu_us and requests_per_cpu_second"
    " count the time of the hub's or the publisher's process only and move little when others use the machine."
)


def main() -> None:
    told = _arguments()
    _fit_machine()
    with TemporaryDirectory(dir=HERE, prefix="round-") as made:
        backlog = Backlog(Path(made), told.backlog)
        print(f"a backlog of {backlog.events} events", flush=True)
        rounds = _rounds(backlog, told)
    half = median(each["rps"] for each in rounds["ingest"]) / 2
    for n in range(told.rounds):
        for name, rate in (("lag", half), ("quarter_lag", half / 2)):
            rounds.setdefault(name, []).append(lag_round(rate, told.seconds))
            print(f"round {n + 1}: {name} p99 {rounds[name][-1]['p99_ms']:.0f} ms", flush=True)
    far = _far(told, half) if told.far else None
    result = {**_medians(rounds), "method": METHOD, "copies": told.copies, "backlog": backlog.events}
    if far:
        result["far"] = far
    rounded = {name: [_rounded(each) for each in found] for name, found in rounds.items()}
    result |= {"rounds": rounded, "machine": machine("uvicorn", "uvloop", "kombu", "amqp", "msgspec")}
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    _say(result)


def _arguments() -> argparse.Namespace:
    wanted = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wanted.add_argument("--rounds", type=int, default=5)
    wanted.add_argument("--seconds", type=int, default=3, help="length of a round of ingest")
    wanted.add_argument("--copies", type=int, default=30_000, help="how many of the backlog are relayed in a round")
    wanted.add_argument("--backlog", type=int, default=100_000, help="how many events a subscriber is behind")
    wanted.add_argument("--far", type=int, default=0, help="lets a subscriber catch up on so many events, once")
    return wanted.parse_args()


def _rounds(backlog: Backlog, told: argparse.Namespace) -> dict[str, list[Round]]:
    takes: dict[str, Callable[[], Round]] = {
        "relay": lambda: relay_round(backlog, told.copies),
        "memory": lambda: memory_round(backlog),
        "publisher": lambda: publisher_round(backlog, told.copies),
        "ingest": lambda: ingest_round(backlog, told.seconds),
        "bus": lambda: bus_round(backlog, told.seconds),
        "beside": lambda: beside_round(backlog, told.seconds),
    }
    rounds: dict[str, list[Round]] = {name: [] for name in takes}
    for n in range(told.rounds):
        for name, take in takes.items():
            rounds[name].append(take())
            print(f"round {n + 1}: {name} {rounds[name][-1]['rps']:.0f}/s", flush=True)
    return rounds


def _far(told: argparse.Namespace, rate: float) -> Round:
    with TemporaryDirectory(dir=HERE, prefix="round-") as made:
        backlog = Backlog(Path(made), told.far)
        print(f"a backlog of {backlog.events} events", flush=True)
        return _rounded(far_round(backlog, rate, 10 * told.seconds))


def _medians(rounds: dict[str, list[Round]]) -> dict[str, Any]:
    middle = {name: {key: median(each[key] for each in found) for key in found[0]} for name, found in rounds.items()}
    rps = {name: found["rps"] for name, found in middle.items()}
    return {
        "relay_rps": round(rps["relay"]),
        "publisher_rps": round(rps["publisher"]),
        "ratio_publisher": round(rps["relay"] / rps["publisher"], 2),
        "memory_rps": round(rps["memory"]),
        "memory_cpu_us": round(middle["memory"]["cpu_us"], 1),
        "relay_cpu_us": round(middle["relay"]["cpu_us"], 1),
        "publisher_cpu_us": round(middle["publisher"]["cpu_us"], 1),
        "lag_p50_ms": round(middle["lag"]["p50_ms"], 2),
        "lag_p99_ms": round(middle["lag"]["p99_ms"], 2),
        "half_load_rps": round(rps["lag"]),
        "quarter_lag_p50_ms": round(middle["quarter_lag"]["p50_ms"], 2),
        "quarter_lag_p99_ms": round(middle["quarter_lag"]["p99_ms"], 2),
        "ingest_rps": round(rps["ingest"]),
        "ingest_bus_rps": round(rps["bus"]),
        "ingest_beside_rps": round(rps["beside"]),
        "ratio_bus": round(rps["bus"] / rps["ingest"], 2),
        "ratio_beside": round(rps["beside"] / rps["ingest"], 2),
        "beside_relay_rps": round(middle["beside"]["relay_rps"]),
    }


def _rounded(figures: Round) -> Round:
    return {name: round(figure, 1) for name, figure in figures.items()}


def _say(result: dict[str, Any]) -> None:
    print(f"relay {result['relay_rps']}/s, in memory {result['memory_rps']}/s, publisher {result['publisher_rps']}/s;")
    print(f"ingest {result['ingest_rps']}/s,", end=" ")
    print(f"with a bus {result['ingest_bus_rps']}/s, beside who catches up {result['ingest_beside_rps']}/s")
    judge(result, BUDGET)
    print(f"written to {RESULT.relative_to(HERE.parent)}")


if __name__ == "__main__":
    main()
