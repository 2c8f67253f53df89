"""The hub on a long history: `python -m benchmarks.history`, a part of `make bench`.

Does it matter how much is in the store? Stores of so many messages are made first, each a multiple of what the hub
itself wrote (`benchmarks.multiplied`); then rounds over all of them take turns. Of each round: how many messages a
second are taken in from 200 customers who are strewn over the whole history, and from 20,000 such; how long a page of a
conversation takes over the API, the newest and one deep in, and one of a contact's timeline. What was asked before is
asked again, so that pages are warm; `--cold` measures the first time too, after the system was told to forget the file.

Stores of 10 million take 40 GB and a quarter of an hour to make. With `--folder` they are kept and found again there.
"""

import argparse
import json
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.earlier import earlier
from benchmarks.ingest import _fit_machine, judge, machine
from benchmarks.paging import Aged, Round, cold_ms, round_over

HERE = Path(__file__).parent
RESULT = HERE / "results" / "history.json"
PAGES = ("page", "deep", "timeline")
BUDGET = {
    f"{name}_{kind}": most
    for kind in ("slowdown", "cpu_slowdown")
    for name, most in (("ingest", 1.15), *((page, 1.3) for page in PAGES))
}
METHOD = (
    "Hub on core 0, load on core 1; medians of rounds that take turns over the stores. Every store is a multiple of one"
    " of 10,000 messages and 1,000 customers that the hub wrote: rows, sizes and indexes are its own. ingest_rps: wrk,"
    " 64 connections, updates of 200 customers strewn over the store; strewn_rps: of 20,000, or all there are. page_ms,"
    " deep_ms, timeline_ms: GET of 50 messages of a conversation, the newest and from its middle, and of its contact's"
    " timeline, one at a time, of 8 conversations of 150 to 1,500 events each, the same in every store, median; cpu_ms:"
    " the hub's CPU time for each, which moves little when others use the machine."
    " cold_ms: the first time after the store's file was dropped from the system's cache. The smallest store is made"
    " anew for each round, the others grow by what the rounds bring."
)


def main() -> None:
    told = _arguments()
    _fit_machine()
    with TemporaryDirectory(prefix="onethread-bench-") as made:
        folder = told.folder or Path(made)
        folder.mkdir(exist_ok=True)
        stores = [Aged(folder, size) for size in sorted(told.sizes)]
        before = earlier(RESULT, told.add)
        rounds: dict[int, list[Round]] = {each.size: before.get(str(each.size), []) for each in stores}
        for n in range(told.rounds):
            for each in stores:
                rounds[each.size].append(round_over(each, told.seconds))
                print(f"round {n + 1}: {each.size} {rounds[each.size][-1]}", flush=True)
        octets = {each.size: each.octets for each in stores}
        cold = {str(each.size): cold_ms(each) for each in stores} if told.cold else {}
    result = _result(rounds, octets)
    if cold:
        result["cold_ms"] = cold
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result["sizes"], indent=2))
    judge(result, BUDGET)
    print(f"written to {RESULT.relative_to(HERE.parent)}")


def _arguments() -> argparse.Namespace:
    wanted = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wanted.add_argument("--sizes", type=int, nargs="+", default=[10_000, 1_000_000], help="messages of each store")
    wanted.add_argument("--folder", type=Path, help="where the stores are kept; else they are deleted at the end")
    wanted.add_argument("--rounds", type=int, default=5)
    wanted.add_argument("--seconds", type=int, default=3, help="length of a round of ingest")
    wanted.add_argument("--cold", action="store_true", help="afterwards, pages that are not in memory")
    wanted.add_argument("--add", action="store_true", help="add the rounds to those of the file of results")
    return wanted.parse_args()


def _result(rounds: dict[int, list[Round]], octets: dict[int, int]) -> dict[str, Any]:
    sizes = {
        size: {name: round(median(each[name] for each in found), 2) for name in found[0]}
        for size, found in rounds.items()
    }
    least, most = min(sizes), max(sizes)
    return {
        "least": least,
        "most": most,
        "ingest_slowdown": _slowdown(sizes[least], sizes[most], "ingest_rps"),
        "ingest_cpu_slowdown": _slowdown(sizes[least], sizes[most], "requests_per_cpu_second"),
        **{f"{name}_slowdown": _slowdown(sizes[most], sizes[least], f"{name}_ms") for name in PAGES},
        **{f"{name}_cpu_slowdown": _slowdown(sizes[most], sizes[least], f"{name}_cpu_ms") for name in PAGES},
        "octets_per_message": round(octets[most] / most),
        "sizes": {str(size): {**figures, "octets": octets[size]} for size, figures in sizes.items()},
        "method": METHOD,
        "rounds": {str(size): found for size, found in rounds.items()},
        "machine": machine("uvicorn", "uvloop", "flask", "msgspec"),
    }


def _slowdown(more: Round, less: Round, name: str) -> float:
    return round(more[name] / less[name], 2)


if __name__ == "__main__":
    main()
