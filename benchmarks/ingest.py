"""Durable ingest against bare handlers: `make bench`, or `python -m benchmarks.ingest`.

One core serves, the other makes the load: 64 connections that stay, Telegram text updates, each with a number of its
own, over 200 chats. Rounds of the contenders take turns, so that what else the machine does meets all of them; the
median counts. After each round of the hub its store must hold every message that was acknowledged.
"""

import argparse
import json
import os
import platform
import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.contenders import CONTENDERS, Running, hub
from benchmarks.load import CHATS, CONNECTIONS, Flood, Paced, flood, paced

HERE = Path(__file__).parent
RESULT = HERE / "results" / "ingest.json"
FIRST = 100_000_000
WARM_UP = 1
BUDGET = {"ratio_flask": 1.0, "ratio_asgi": 0.25, "p99_ms": 10.0}
METHOD = (
    "wrk -t1 -c64 on core 1, server on core 0; medians of interleaved rounds; a fresh SQLite store (WAL,"
    " synchronous=FULL) per hub round, on the disk this checkout is on. p50_ms and p99_ms: acknowledgement at half of"
    " durable_rps, by an open-loop generator with 64 connections; each latency counts from when its request was due,"
    " the generator's own lateness (up to 1 ms of tick) included; median of the rounds' percentiles."
    " requests_per_cpu_second counts the server's CPU time only and moves little when others use the machine."
)


def main() -> None:
    wanted = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wanted.add_argument("--rounds", type=int, default=5)
    wanted.add_argument("--seconds", type=int, default=3, help="length of a round")
    told = wanted.parse_args()
    _fit_machine()
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in CONTENDERS}
    for n in range(told.rounds):
        for name in CONTENDERS:
            rounds[name].append(_flood_round(name, told.seconds))
            print(f"round {n + 1}: {name} {rounds[name][-1]['rps']:.0f}/s", flush=True)
    rps = {name: median(each["rps"] for each in rounds[name]) for name in CONTENDERS}
    quiet = [_half_load(rps["hub"] / 2, told.seconds) for _ in range(told.rounds)]
    result = {
        "durable_rps": round(rps["hub"]),
        "flask_rps": round(rps["flask"]),
        "asgi_rps": round(rps["asgi"]),
        "ratio_flask": round(rps["hub"] / rps["flask"], 2),
        "ratio_asgi": round(rps["hub"] / rps["asgi"], 2),
        "p50_ms": round(median(each.percentile_ms(0.50) for each in quiet), 2),
        "p99_ms": round(median(each.percentile_ms(0.99) for each in quiet), 2),
        "half_load_rps": round(rps["hub"] / 2),
        "method": METHOD,
        "connections": CONNECTIONS,
        "chats": CHATS,
        "rounds": rounds,
        "machine": machine("uvicorn", "uvloop", "httptools", "granian", "flask", "msgspec"),
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    _say(result)


def _fit_machine() -> None:
    if (os.cpu_count() or 1) < 2:
        raise SystemExit("the benchmark needs two cores: one serves, the other makes the load")
    for tool, package in (("taskset", "util-linux"), ("wrk", "wrk")):
        if shutil.which(tool) is None:
            raise SystemExit(f"{tool} is missing; install it with: apt-get install {package}")


def _flood_round(name: str, seconds: int) -> dict[str, float]:
    with TemporaryDirectory(dir=HERE, prefix="round-") as made:
        with CONTENDERS[name](Path(made)) as server:
            warm = flood(server.port, WARM_UP, FIRST)
            before = server.cpu_seconds()
            seen = flood(server.port, seconds, FIRST + warm.issued)
            spent = server.cpu_seconds() - before
        _insist(name, seen)
        if name == "hub":
            _all_there(server, warm, seen)
    return {
        "rps": round(seen.rps, 1),
        "requests_per_cpu_second": round(seen.answered / spent, 1),
        "full_load_p50_ms": seen.p50_ms,
        "full_load_p99_ms": seen.p99_ms,
    }


def _insist(name: str, seen: Flood) -> None:
    if seen.not_2xx or seen.broken:
        raise SystemExit(f"{name}: {seen.not_2xx} answers were not 2xx, {seen.broken} connections broke")


def _all_there(server: Running, *floods: Flood) -> None:
    """Each update has a number of its own, so equal counts mean equal sets, but for what was under way at the end."""
    recorded = len(_recorded(server))
    answered, issued = sum(each.answered for each in floods), sum(each.issued for each in floods)
    if not answered <= recorded <= issued:
        raise SystemExit(f"hub: {answered} messages were acknowledged, {issued} sent and {recorded} recorded")


def _half_load(rate: float, seconds: int) -> Paced:
    with TemporaryDirectory(dir=HERE, prefix="round-") as made:
        with hub(Path(made)) as server:
            warm = paced(server.port, rate, WARM_UP, FIRST)
            seen = paced(server.port, rate, seconds, FIRST + len(warm.latencies))
        recorded = _recorded(server)
    acknowledged = {str(number) for each in (warm, seen) for number in each.acknowledged}
    if seen.refused or len(seen.latencies) < int(rate * seconds):
        raise SystemExit(f"hub: {seen.refused} refused and {int(rate * seconds) - len(seen.latencies)} unanswered")
    if lost := acknowledged - recorded:
        raise SystemExit(f"hub: {len(lost)} acknowledged messages are not in the store, {min(lost)} the first")
    return seen


def _recorded(server: Running) -> set[str]:
    """The numbers of the messages in the store, each of which must stand there once, with its event."""
    with closing(sqlite3.connect(server.store)) as store:
        bodies = [body for (body,) in store.execute("SELECT body FROM messages")]
        (events,) = store.execute("SELECT count(*) FROM events WHERE type = 'message.received'").fetchone()
    numbers = {json.loads(body)["external_ids"][0].partition(":")[0] for body in bodies}
    if not len(numbers) == len(bodies) == events:
        raise SystemExit(f"hub: {len(numbers)} numbers, {len(bodies)} messages and {events} events in the store")
    return numbers


def machine(*packages: str) -> dict[str, Any]:
    """What it was measured on, with the versions of these packages."""
    models = (line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name"))
    model = next(models, platform.machine()).rpartition(":")[2].strip()
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "versions": {name: version(name) for name in packages},
        "load_average_at_the_end": os.getloadavg()[0],
    }


def judge(result: Mapping[str, Any], budget: Mapping[str, float]) -> None:
    """Says of each figure whether it keeps within its budget: times from above, all others from below."""
    for name, wanted in budget.items():
        met = result[name] <= wanted if name.endswith("_ms") else result[name] >= wanted
        print(f"{name}: {result[name]} (budget {wanted}, {'met' if met else 'missed'})")


def _say(result: dict[str, Any]) -> None:
    print(f"durable {result['durable_rps']}/s, Flask {result['flask_rps']}/s, ASGI {result['asgi_rps']}/s")
    judge(result, BUDGET)
    print(f"written to {RESULT.relative_to(HERE.parent)}")


if __name__ == "__main__":
    main()
