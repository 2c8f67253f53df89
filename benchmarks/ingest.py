"""Durable ingest against bare handlers and the naive design: `make bench`, or `python -m benchmarks.ingest`.

One core serves, the other makes the load: 64 connections that stay, Telegram text updates, each with a number of its
own, over 200 chats. Rounds of the contenders take turns, so that what else the machine does meets all of them; the
median counts. After each round of the hub its store must hold every message that was acknowledged.

The naive design is a Flask handler that commits through the ORM and publishes with confirms in each request; it needs
RabbitMQ. With `--store postgresql://…` the hub writes there, to a database made for each round, and `--processes 1 2`
measures one process and two that share it.
"""

import argparse
import json
import os
import platform
import shutil
import signal
import sqlite3
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any

from benchmarks.contenders import CONTENDERS, SERVER_CORE, SQLITE, Running, hub
from benchmarks.load import CHATS, CONNECTIONS, Flood, Paced, flood, paced, percentile_ms
from benchmarks.stores import fresh, recorded, shared, version_of

HERE = Path(__file__).parent
RESULTS = HERE / "results"
FIRST, APART = 100_000_000, 300_000_000
"""The first number of a message, and how far apart those are that several processes are given at a time."""
WARM_UP = 1
BUDGET = {"ratio_flask": 1.0, "ratio_asgi": 0.25, "p99_ms": 10.0}
SHARED_BUDGET = {"ratio_processes": 1.7, "cpu_processes": 1.7}
REFERENCES = ("flask", "asgi", "naive")
METHOD = (
    "wrk -t1 -c64 on core 1, server on core 0; medians of interleaved rounds; a fresh SQLite store (WAL,"
    " synchronous=FULL) per hub round, on the disk this checkout is on. p50_ms and p99_ms: acknowledgement at half of"
    " durable_rps, by an open-loop generator with 64 connections; each latency counts from when its request was due,"
    " the generator's own lateness (up to 1 ms of tick) included; median of the rounds' percentiles."
    " requests_per_cpu_second counts the server's CPU time only and moves little when others use the machine."
    " naive: Flask under granian, SQLite through the ORM and a confirmed publish to RabbitMQ, in each request."
)


def main() -> None:
    wanted = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wanted.add_argument("--rounds", type=int, default=5)
    wanted.add_argument("--seconds", type=int, default=3, help="length of a round")
    wanted.add_argument("--store", default=SQLITE, help="sqlite:///hub.db, or postgresql://… of a server")
    wanted.add_argument("--processes", type=int, nargs="+", default=[1], help="how many share a postgresql store")
    told = wanted.parse_args()
    if told.processes != [1] and not shared(told.store):
        wanted.error("several processes need a store they can share: --store postgresql://…")
    _fit_machine()
    rounds = _rounds(told)
    rps = {name: median(each["rps"] for each in found) for name, found in rounds.items()}
    alone = _hubs(told.processes)[0]
    quiet = [_half_load(told.store, rps[alone] / 2, told.seconds) for _ in range(told.rounds)]
    result = {
        "durable_rps": round(rps[alone]),
        **{f"{name}_rps": round(rps[name]) for name in REFERENCES},
        **{f"ratio_{name}": round(rps[alone] / rps[name], 2) for name in REFERENCES},
        **_shared_figures(told.processes, rps, rounds),
        "p50_ms": round(median(each.percentile_ms(0.50) for each in quiet), 2),
        "p99_ms": round(median(each.percentile_ms(0.99) for each in quiet), 2),
        "half_load_rps": round(rps[alone] / 2),
        "method": METHOD,
        "connections": CONNECTIONS,
        "chats": CHATS,
        "rounds": rounds,
        "machine": machine("uvicorn", "uvloop", "httptools", "granian", "flask", "msgspec"),
    }
    if shared(told.store):
        result["machine"]["store"] = version_of(told.store)
    _say(result, "ingest-postgresql" if shared(told.store) else "ingest")


def _rounds(told: argparse.Namespace) -> dict[str, list[dict[str, float]]]:
    hubs = dict(zip(_hubs(told.processes), told.processes, strict=True))
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in (*hubs, *REFERENCES)}
    for n in range(told.rounds):
        for name, found in rounds.items():
            if name in hubs:
                found.append(_hub_round(told.store, hubs[name], told.seconds))
            else:
                found.append(_flood_round(name, told.seconds))
            print(f"round {n + 1}: {name} {found[-1]['rps']:.0f}/s", flush=True)
    return rounds


def _hubs(processes: Sequence[int]) -> list[str]:
    """What a hub of so many processes goes by; the first is what the references are compared with."""
    return ["hub" if count == 1 else f"hub_{count}" for count in processes]


def _shared_figures(
    processes: Sequence[int], rps: Mapping[str, float], rounds: Mapping[str, Sequence[Mapping[str, float]]]
) -> dict[str, Any]:
    """`cpu_processes`: how many processes are worth, were there a core for each: what all get done in a second of CPU
    time against what one does, times their number."""
    if len(processes) == 1:
        return {}
    names = _hubs(processes)
    cpu = {name: median(each["requests_per_cpu_second"] for each in rounds[name]) for name in names}
    return {
        **{f"{name}_rps": round(rps[name]) for name in names[1:]},
        "ratio_processes": round(rps[names[-1]] / rps[names[0]], 2),
        "cpu_processes": round(processes[-1] / processes[0] * cpu[names[-1]] / cpu[names[0]], 2),
    }


def _fit_machine() -> None:
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # not without ending what was started
    if (os.cpu_count() or 1) < 2:
        raise SystemExit("the benchmark needs two cores: one serves, the other makes the load")
    for tool, package in (("taskset", "util-linux"), ("wrk", "wrk")):
        if shutil.which(tool) is None:
            raise SystemExit(f"{tool} is missing; install it with: apt-get install {package}")


def _flood_round(name: str, seconds: int) -> dict[str, float]:
    """Of a reference."""
    with TemporaryDirectory(dir=HERE, prefix="round-") as made, CONTENDERS[name](Path(made)) as server:
        _, seen, spent = _flooded([server], seconds)
    return _figures(seen, spent)


def _hub_round(store: str, processes: int, seconds: int) -> dict[str, float]:
    with _running(store, processes) as (servers, url):
        warm, seen, spent = _flooded(servers, seconds)
        _all_there(url, *warm, *seen)
    return _figures(seen, spent)


@contextmanager
def _running(store: str, processes: int) -> Iterator[tuple[list[Running], str]]:
    """So many hubs on one store, and its address. Each has a core of its own while one is left for the load."""
    with TemporaryDirectory(dir=HERE, prefix="round-") as made, fresh(store, Path(made)) as url, ExitStack() as stack:
        servers = []
        for n in range(processes):
            (folder := Path(made) / str(n)).mkdir()
            core = SERVER_CORE if n == 0 else str(1 + n % ((os.cpu_count() or 2) - 1))
            servers.append(stack.enter_context(hub(folder, url, cores=core)))
        yield servers, url


def _flooded(servers: Sequence[Running], seconds: int) -> tuple[list[Flood], list[Flood], float]:
    """The warm-up of each, then what counts, and the CPU seconds that all of them took for that."""
    warm = _together(servers, WARM_UP, [FIRST + n * APART for n in range(len(servers))])
    before = sum(each.cpu_seconds() for each in servers)
    seen = _together(servers, seconds, [FIRST + n * APART + one.issued for n, one in enumerate(warm)])
    spent = sum(each.cpu_seconds() for each in servers) - before
    for server, flooded in zip(servers, seen, strict=True):
        if flooded.not_2xx or flooded.broken:
            raise SystemExit(
                f"{server.name}: {flooded.not_2xx} answers were not 2xx, {flooded.broken} connections broke"
            )
    return warm, seen, spent


def _together(servers: Sequence[Running], seconds: int, firsts: Sequence[int]) -> list[Flood]:
    with ThreadPoolExecutor(len(servers)) as threads:
        return list(threads.map(lambda one, first: flood(one.port, seconds, first), servers, firsts))


def _figures(seen: Sequence[Flood], spent: float) -> dict[str, float]:
    return {
        "rps": round(sum(each.rps for each in seen), 1),
        "requests_per_cpu_second": round(sum(each.answered for each in seen) / spent, 1),
        "full_load_p50_ms": max(each.p50_ms for each in seen),
        "full_load_p99_ms": max(each.p99_ms for each in seen),
    }


def _all_there(url: str, *floods: Flood) -> None:
    """Each update has a number of its own, so equal counts mean equal sets, but for what was under way at the end."""
    found = len(recorded(url))
    answered, issued = sum(each.answered for each in floods), sum(each.issued for each in floods)
    if not answered <= found <= issued:
        raise SystemExit(f"hub: {answered} messages were acknowledged, {issued} sent and {found} recorded")


def _half_load(store: str, rate: float, seconds: int) -> Paced:
    with _running(store, 1) as ((server,), url):
        warm = paced(server.port, rate, WARM_UP, FIRST)
        seen = paced(server.port, rate, seconds, FIRST + len(warm.latencies))
        found = recorded(url)
    acknowledged = {str(number) for each in (warm, seen) for number in each.acknowledged}
    if seen.refused or len(seen.latencies) < int(rate * seconds):
        raise SystemExit(f"hub: {seen.refused} refused and {int(rate * seconds) - len(seen.latencies)} unanswered")
    if lost := acknowledged - found:
        raise SystemExit(f"hub: {len(lost)} acknowledged messages are not in the store, {min(lost)} the first")
    return seen


def machine(*packages: str) -> dict[str, Any]:
    """What it was measured on, with the versions of these packages."""
    models = (line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name"))
    model = next(models, platform.machine()).rpartition(":")[2].strip()
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        **_disk(),
        "versions": {name: version(name) for name in packages},
        "load_average_at_the_end": os.getloadavg()[0],
    }


def _disk(seconds: float = 2.0) -> dict[str, float]:
    """How the disk of this checkout takes a page for good: how often a second, and how long the slowest take, in ms."""
    waits = []
    with TemporaryFile(dir=HERE) as file:
        began = time.perf_counter()
        while (now := time.perf_counter()) - began < seconds:
            file.write(bytes(4096))
            file.flush()
            os.fdatasync(file.fileno())
            waits.append(time.perf_counter() - now)
    return {
        "fsyncs_per_second": round(len(waits) / seconds),
        "fsync_p99_ms": round(percentile_ms(waits, 0.99), 2),
        "fsync_p999_ms": round(percentile_ms(waits, 0.999), 2),
    }


def judge(result: Mapping[str, Any], budget: Mapping[str, float]) -> None:
    """Says of each figure whether it keeps within its budget."""
    for name, wanted in budget.items():
        print(f"{name}: {result[name]} (budget {wanted}, {'met' if meets(name, result[name], wanted) else 'missed'})")


def meets(name: str, figure: float, budget: float) -> bool:
    """Times, sizes and slowdowns keep below their budget, all others above."""
    return figure <= budget if name.endswith(("_ms", "_mb", "_kb", "slowdown")) else figure >= budget


def _say(result: dict[str, Any], name: str) -> None:
    path = RESULTS / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(result, indent=2) + "\n")
    told = ", ".join(f"{each} {result[f'{each}_rps']}/s" for each in REFERENCES)
    print(f"durable {result['durable_rps']}/s, {told}")
    judge(result, BUDGET | (SHARED_BUDGET if "ratio_processes" in result else {}))
    print(f"written to {path.relative_to(HERE.parent)}")


if __name__ == "__main__":
    main()
