"""What makes a process unready, or dead, that cannot be brought about from outside it."""

import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
import requests

from connectors.kit.secret import Secret
from gateway.hub import Hub
from gateway.roles import ALL, Role
from gateway.store.writer import Writer
from tests.end_to_end.hub_process import free_port
from tests.web.parrot import Served, make_hub, serving


def reasons(served: Served) -> list[str]:
    answer = requests.get(f"{served.url}/readyz", timeout=10)
    return [error["path"] for error in answer.json().get("errors", ())] if answer.status_code == 503 else []


@pytest.mark.parametrize(
    ("roles", "expected"),
    [(frozenset({Role.RELAY}), ["bus"]), (frozenset({Role.RELAY, Role.STREAM}), []), (ALL, [])],
    ids=["relay", "relay and stream", "all"],
)
def test_a_broker_that_is_away_makes_only_those_unready_that_do_nothing_but_relay(
    tmp_path: Path, roles: frozenset[Role], expected: list[str]
) -> None:
    settings = make_hub(tmp_path).settings
    away = msgspec.structs.replace(settings, bus_url=Secret(f"amqp://guest:guest@127.0.0.1:{free_port()}//"))
    with serving(Hub(away, roles)) as served:
        end = time.monotonic() + 10
        while reasons(served) != expected:
            assert time.monotonic() < end
        assert reasons(served) == expected
        assert requests.get(f"{served.url}/healthz", timeout=5).status_code == 200


def slowly(_: Any, items: Any) -> list[None]:
    time.sleep(0.05 * len(items))
    return [None] * len(items)


def test_whoever_is_behind_with_writing_is_not_ready(tmp_path: Path) -> None:
    with serving(make_hub(tmp_path)) as served:
        writer: Writer = served.hub.writer
        futures = [writer.submit(slowly, None) for _ in range(20)]
        futures[0].result(10)
        futures += [writer.submit(slowly, None) for _ in range(600)]
        assert reasons(served) == ["store"]
        detail = requests.get(f"{served.url}/readyz", timeout=10).json()["detail"]
        assert detail.startswith("the writer is behind: what comes now would be written after ")
        assert requests.get(f"{served.url}/healthz", timeout=5).status_code == 200
        for future in futures:
            future.result(60)
        assert reasons(served) == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_writer_that_has_died_is_for_a_restart(tmp_path: Path) -> None:
    def dies(_: Any, items: Any) -> list[None]:
        sys.exit("the thread ends")

    with serving(make_hub(tmp_path)) as served:
        served.hub.writer.submit(dies, None)
        end = time.monotonic() + 10
        while (answer := requests.get(f"{served.url}/healthz", timeout=5)).status_code != 503:
            assert time.monotonic() < end
        assert answer.json()["detail"] == "the writer's thread has ended: nothing can be recorded"
