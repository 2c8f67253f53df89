"""Outbound through a simulated provider: `make bench`, or `python -m benchmarks.deliver`.

One core serves, on the other runs the Bot API's simulator. A queue of messages to 200 chats is emptied: claimed,
rendered, sent by the channel's plugin and its SDK, and recorded, each commit durable. After each round every message
must have been taken once. The parts that a message passes are measured alone too, so that one sees where its time goes.
"""

import argparse
import json
import os
import shutil
import sqlite3
import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.contenders import Running
from benchmarks.ingest import judge, machine
from benchmarks.load import CHATS, LOAD_CORE
from benchmarks.outbound import CONCURRENCY, PARTS, configured, cost, fill, provider, sending

HERE = Path(__file__).parent
RESULT = HERE / "results" / "deliver.json"
BUDGET = {"messages_per_second": 2000}
PATIENCE = 300.0
METHOD = (
    "Hub on core 0, simulator on core 1; a fresh SQLite store (WAL, synchronous=FULL) per round, filled before the hub"
    " starts. Counted between the first and the last tenth of the queue, by what is committed as accepted."
    " messages_per_cpu_second counts the hub's CPU time only, both threads, and moves little when others use the"
    " machine. microseconds are CPU time a message, each part alone in a process on core 0: `aiohttp` its bare request;"
    " `http_client` what the hub's client adds (limits, guard, redacted log of exchanges); `sdk` what plugin and"
    " python-telegram-bot add; `lane` claiming, rendering and recording, with a provider that answers at once;"
    " `together` the rest of a whole message: the log of exchanges kept, and two threads sharing one core."
)


def main() -> None:
    wanted = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wanted.add_argument("--rounds", type=int, default=5)
    wanted.add_argument("--messages", type=int, default=8_000, help="of a round; whole multiples of the chats")
    told = wanted.parse_args()
    _fit_machine()
    os.sched_setaffinity(0, {int(LOAD_CORE)})  # who counts takes nothing from who sends
    rounds, parts = [], []
    with provider() as address:
        for n in range(told.rounds):
            rounds.append(_round(address, told.messages))
            parts.append({name: cost(name, address, told.messages // 2) for name in PARTS})
            print(f"round {n + 1}: {rounds[-1]['messages_per_second']:.0f}/s", flush=True)
    whole = {name: round(median(each[name] for each in rounds)) for name in rounds[0]}
    result = {
        **whole,
        "microseconds": _shares({name: median(each[name] for each in parts) for name in PARTS}, whole),
        "method": METHOD,
        "chats": CHATS,
        "concurrency": CONCURRENCY,
        "messages": told.messages,
        "rounds": rounds,
        "machine": machine("uvloop", "aiohttp", "python-telegram-bot", "msgspec"),
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    _say(result)


def _fit_machine() -> None:
    if (os.cpu_count() or 1) < 2:
        raise SystemExit("the benchmark needs two cores: one sends, the other is the provider")
    if shutil.which("taskset") is None:
        raise SystemExit("taskset is missing; install it with: apt-get install util-linux")


def _round(address: str, messages: int) -> dict[str, float]:
    with TemporaryDirectory(dir=HERE, prefix="round-") as made:
        config = configured(Path(made), address)
        fill(config, messages)
        with sending(config) as hub:
            first = _until(hub, messages // 10)
            last = _until(hub, messages - messages // 10)
            _until(hub, messages)
        _insist(hub, messages)
    counts, seconds, spent = (after - before for before, after in zip(first, last, strict=True))
    return {"messages_per_second": round(counts / seconds, 1), "messages_per_cpu_second": round(counts / spent, 1)}


def _until(hub: Running, wanted: int) -> tuple[float, float, float]:
    """How many are accepted, when, and the hub's CPU time by then; once there are as many as wanted."""
    until = time.monotonic() + PATIENCE
    with closing(sqlite3.connect(hub.store)) as store:
        while time.monotonic() < until:
            (count,) = store.execute("SELECT count(*) FROM events WHERE type = 'delivery.updated'").fetchone()
            if count >= wanted:
                return count, time.perf_counter(), hub.cpu_seconds()
            time.sleep(0.1)
    raise SystemExit(f"the hub did not send {wanted} messages:\n{(hub.folder / 'log').read_text()[-2000:]}")


def _insist(hub: Running, messages: int) -> None:
    """Each was accepted, and the provider numbered those of a chat without a gap: none was sent twice."""
    with closing(sqlite3.connect(hub.store)) as store:
        states = dict(store.execute("SELECT status, count(*) FROM deliveries GROUP BY status"))
        names = [
            name for (name,) in store.execute("SELECT external_id FROM external_ids WHERE delivery_id IS NOT NULL")
        ]
    numbers: defaultdict[str, list[int]] = defaultdict(list)
    for number, chat in (name.split(":")[:2] for name in names):
        numbers[chat].append(int(number))
    once = all(max(each) - min(each) + 1 == len(set(each)) == len(each) for each in numbers.values())
    if states != {"accepted": messages} or len(names) != messages or not once:
        raise SystemExit(f"hub: {states} of {messages} messages, {len(names)} names, each once: {once}")


def _shares(parts: Mapping[str, float], whole: Mapping[str, float]) -> dict[str, int]:
    """Of one message, what each layer adds."""
    message = 1e6 / whole["messages_per_cpu_second"]
    layers = {
        "aiohttp": parts["session"],
        "http_client": parts["client"] - parts["session"],
        "sdk": parts["channel"] - parts["client"],
        "lane": parts["lane"],
        "together": message - parts["channel"] - parts["lane"],
        "message": message,
    }
    return {name: round(microseconds) for name, microseconds in layers.items()}


def _say(result: dict[str, Any]) -> None:
    judge(result, BUDGET)
    print(f"{result['messages_per_cpu_second']} a CPU second")
    print("a message takes, in microseconds:", result["microseconds"])
    print(f"written to {RESULT.relative_to(HERE.parent)}")


if __name__ == "__main__":
    main()
