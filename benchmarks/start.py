"""How soon the hub is there, and what it weighs: `python -m benchmarks.start`, a part of `make bench`.

`onethread --help`, the import of everything that serves, from the start of the process to `/readyz` on an empty store
and on one of 100,000 messages; the memory that is resident then, and after 50,000 messages. A bare Flask handler under
granian and a bare ASGI one under uvicorn are started in the same run. Code is compiled beforehand, as an installation
has it.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.contenders import SERVER_CORE, Running, asgi, flask, hub
from benchmarks.earlier import earlier
from benchmarks.ingest import _fit_machine, judge, machine
from benchmarks.load import flood
from benchmarks.paging import Aged

HERE = Path(__file__).parent
RESULT = HERE / "results" / "start.json"
BUDGET = {"help_ms": 150.0, "ready_ms": 2000.0, "ready_full_ms": 2000.0}
FULL = 100_000
MESSAGES, FEW = 50_000, 10_000
FIRST = 100_000_000
TIMES = 7
MB = 1 << 20
IMPORT = "import time; t = time.perf_counter(); import gateway.cli, gateway.server; print(time.perf_counter() - t)"
METHOD = (
    "All on core 0, load on core 1; medians of interleaved rounds. help_ms: a whole process, the median of seven."
    " ready_ms: from the start of the process to the first 200 of /readyz (of the bare handlers: to the first answer),"
    " asked every 5 ms. ready_full_ms: the same on a store of 100,000 messages. memory_mb: resident (VmRSS), all"
    " processes of a server, once ready; used_mb: after 50,000 requests as fast as they are answered; grown_mb: how"
    " much of that came after the first 10,000."
)
Round = dict[str, float]
Server = Callable[[Path], AbstractContextManager[Running]]


def main() -> None:
    wanted = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wanted.add_argument("--rounds", type=int, default=5)
    wanted.add_argument("--folder", type=Path, help="where benchmarks.history keeps its stores")
    wanted.add_argument("--add", action="store_true", help="add the rounds to those of the file of results")
    told = wanted.parse_args()
    _fit_machine()
    before = earlier(RESULT, told.add)
    rounds: dict[str, list[Round]] = {name: before.get(name, []) for name in ("commands", "hub", "flask", "asgi")}
    with TemporaryDirectory(prefix="onethread-bench-") as made, _compiled(Path(made)):
        full = Aged(told.folder or Path(made), FULL)
        for n in range(told.rounds):
            rounds["commands"].append(_commands())
            rounds["hub"].append({**_round(hub), **_full(full)})
            for name, server in (("flask", flask), ("asgi", asgi)):
                rounds[name].append(_round(server))
            print(f"round {n + 1}: { ({name: found[-1] for name, found in rounds.items()}) }", flush=True)
    middle = {
        name: {key: round(median(each[key] for each in found), 1) for key in found[0]} for name, found in rounds.items()
    }
    result = {
        **middle["commands"],
        **middle["hub"],
        **{f"{name}_{key}": value for name in ("flask", "asgi") for key, value in middle[name].items()},
        "method": METHOD,
        "rounds": rounds,
        "machine": machine("uvicorn", "granian", "flask", "typer", "sqlalchemy", "alembic"),
    }
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    judge(result, BUDGET)
    print(f"written to {RESULT.relative_to(HERE.parent)}")


@contextmanager
def _compiled(folder: Path) -> Iterator[None]:
    """Every process from here on finds its modules compiled, wherever they were before."""
    before = os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(folder / "pycache")
    try:
        _commands()
        for server in (hub, flask, asgi):
            _round(server, 100)
        yield
    finally:
        del os.environ["PYTHONPYCACHEPREFIX"]
        if before is not None:
            os.environ["PYTHONDONTWRITEBYTECODE"] = before


def _commands() -> Round:
    took = []
    for _ in range(TIMES):
        began = time.perf_counter()
        _run(str(Path(sys.executable).with_name("onethread")), "--help")
        took.append(time.perf_counter() - began)
    return {"help_ms": _ms(median(took)), "import_ms": _ms(float(_run(sys.executable, "-c", IMPORT)))}


def _run(*command: str) -> str:
    ran = subprocess.run(["taskset", "-c", SERVER_CORE, *command], capture_output=True, text=True, check=True)
    return ran.stdout


def _round(server: Server, messages: int = MESSAGES) -> Round:
    with TemporaryDirectory(dir=HERE, prefix="round-") as made, server(Path(made)) as running:
        figures = {"ready_ms": _ms(running.ready_seconds), "memory_mb": _mb(running)}
        _take(running, FEW, 0)
        few = _mb(running)
        _take(running, messages, FEW)
        return {**figures, "used_mb": _mb(running), "grown_mb": round(_mb(running) - few, 1)}


def _full(store: Aged) -> Round:
    with store.opened() as folder, hub(folder) as running:
        return {"ready_full_ms": _ms(running.ready_seconds), "memory_full_mb": _mb(running)}


def _take(server: Running, messages: int, before: int) -> None:
    """Until so many were answered in all."""
    while before < messages:
        seen = flood(server.port, 1, FIRST + 2 * before)
        if seen.not_2xx or seen.broken:
            raise SystemExit(f"{server.name}: {seen.not_2xx} answers were not 2xx, {seen.broken} connections broke")
        before += seen.answered


def _ms(seconds: float) -> float:
    return round(seconds * 1e3, 1)


def _mb(server: Running) -> float:
    return round(server.memory() / MB, 1)


if __name__ == "__main__":
    main()
