"""Runs the benchmarks and prints one table of what they found: `make bench`.

python -m benchmarks.table runs all of them, in sizes that take a quarter of an hour together; with names it runs those,
and with `--show` none. The table is made of the files in `benchmarks/results`, each written by a real run, and put into
docs/explanation/performance.md.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.ingest import meets

RESULTS = Path(__file__).parent / "results"
PAGE = Path(__file__).parent.parent / "docs/explanation/performance.md"
BEGINS, ENDS = "<!-- what `make bench` writes -->\n", "<!-- until here -->\n"
POSTGRESQL = os.environ.get("BENCH_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432/test")
"""A server that lets us make databases."""
ARGUMENTS: Mapping[str, Sequence[str]] = {
    "ingest": ("--rounds", "3"),
    "ingest-postgresql": ("--rounds", "3", "--store", POSTGRESQL, "--processes", "1", "2"),
    "latency": ("--rounds", "3"),
    "deliver": ("--rounds", "3", "--messages", "4000"),
    "relay": ("--rounds", "3", "--backlog", "60000", "--copies", "20000"),
    "history": (
        "--rounds",
        "3",
    ),
    "streams": ("--answered", "1000"),
    "start": ("--rounds", "3"),
}
"""What each is run with when nothing else is said. What follows a hyphen says on what."""


class Figure(NamedTuple):
    """One line: a figure of a file of results, and what it is judged by, each by its name there."""

    results: str
    name: str
    says: str
    reference: str | None = None
    ratio: str | None = None
    budget: float | None = None
    """Of the ratio where there is one, else of the figure."""


FIGURES = (
    Figure("ingest", "durable_rps", "durable ingest, against bare Flask", "flask_rps", "ratio_flask", 1.0),
    Figure("ingest", "durable_rps", "… against bare ASGI", "asgi_rps", "ratio_asgi", 0.25),
    Figure("ingest", "durable_rps", "… against the naive design", "naive_rps", "ratio_naive"),
    Figure("ingest", "p99_ms", "acknowledgement p99 at half load", budget=10.0),
    Figure("ingest-postgresql", "durable_rps", "… on PostgreSQL, against bare Flask", "flask_rps", "ratio_flask"),
    Figure("ingest-postgresql", "hub_2_rps", "… by two processes, against one", "durable_rps", "ratio_processes", 1.7),
    Figure("ingest-postgresql", "cpu_processes", "… were there a core for each, by CPU time", budget=1.7),
    Figure("ingest-postgresql", "p99_ms", "acknowledgement p99 at half load", budget=10.0),
    Figure("latency", "ack_p99_ms", "acknowledgement p99 at half load", budget=10.0),
    *(
        Figure("latency", f"{kind}_lag_p99_ms", f"lag p99 at half load, {words}", budget=25.0)
        for kind, words in (
            ("sse", "stream"),
            ("poll", "long poll"),
            ("memory", "bus in memory"),
            ("rabbitmq", "RabbitMQ"),
        )
    ),
    Figure("deliver", "messages_per_second", "outbound through a simulator", budget=2_000),
    Figure("relay", "relay_rps", "events to RabbitMQ, against py-amqp", "publisher_rps", "ratio_publisher", 0.5),
    Figure("relay", "memory_rps", "events over a bus in memory"),
    Figure("relay", "ingest_bus_rps", "ingest with a bus, against without", "ingest_rps", "ratio_bus"),
    *(
        Figure("history", f"{name}_{kind}", f"{words}, longest history against shortest{by}", budget=most)
        for kind, by in (("slowdown", ""), ("cpu_slowdown", ", CPU"))
        for name, words, most in (
            ("ingest", "ingest", 1.15),
            ("page", "newest page", 1.3),
            ("deep", "page deep in", 1.3),
            ("timeline", "page of a timeline", 1.3),
        )
    ),
    Figure("streams", "idle_kb", "memory of an idle chat, KB", budget=30.0),
    Figure("start", "help_ms", "onethread --help", budget=150.0),
    Figure("start", "ready_ms", "ready, empty store, against Flask", "flask_ready_ms", budget=2_000.0),
    Figure("start", "ready_full_ms", "ready, 100,000 messages", budget=2_000.0),
    Figure("start", "memory_mb", "memory once ready, MB, against Flask", "flask_memory_mb"),
    Figure("start", "grown_mb", "memory grown over 40,000 messages, MB", budget=10.0),
)
COLUMNS = ("benchmark", "figure", "", "reference", "ratio", "budget", "")


def main() -> None:
    wanted = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wanted.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(ARGUMENTS)}; none: all")
    wanted.add_argument("--with", dest="arguments", default="", help="arguments of the one that is named")
    wanted.add_argument("--show", action="store_true", help="only make the table anew")
    told = wanted.parse_args()
    if unknown := set(told.names) - set(ARGUMENTS):
        wanted.error(f"there is no {', '.join(sorted(unknown))}")
    for name in () if told.show else told.names or ARGUMENTS:
        given = told.arguments.split() or ARGUMENTS[name]
        print(f"--- {name} {' '.join(given)}", flush=True)
        module = f"benchmarks.{name.partition('-')[0]}"
        if subprocess.run([sys.executable, "-m", module, *given], check=False).returncode:
            raise SystemExit(f"{name} was not measured; what stands above says why")
    print("\n".join(lines()))
    PAGE.write_text(page(PAGE.read_text()))


def page(text: str) -> str:
    """The page with the table as it is now."""
    before, _, rest = text.partition(BEGINS)
    return before + BEGINS + "\n".join(lines()) + "\n" + ENDS + rest.partition(ENDS)[2]


def lines() -> list[str]:
    """The table, as Markdown."""
    rows = [row(figure, found) for figure in FIGURES if figure.name in (found := _found(figure.results))]
    return [f"| {' | '.join(each)} |" for each in (COLUMNS, ("---",) * len(COLUMNS), *rows)]


def _found(results: str) -> dict[str, Any]:
    """What a file of results says; nothing where that was not measured, as on a machine without its server."""
    path = RESULTS / f"{results}.json"
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found


def row(figure: Figure, found: dict[str, Any]) -> tuple[str, ...]:
    judged = figure.ratio or figure.name
    met = "" if figure.budget is None else "met" if meets(judged, found[judged], figure.budget) else "missed"
    return (
        figure.results,
        figure.says,
        _plain(found[figure.name]),
        _plain(found[figure.reference]) if figure.reference else "",
        _plain(found[figure.ratio]) if figure.ratio else "",
        _budget(judged, figure.budget),
        met,
    )


def _budget(name: str, budget: float | None) -> str:
    if budget is None:
        return ""
    return f"{'≤' if meets(name, budget - 1, budget) else '≥'} {_plain(budget)}"


def _plain(figure: float) -> str:
    return f"{figure:,.0f}" if abs(figure) >= 1_000 else f"{figure:g}"


if __name__ == "__main__":
    main()
