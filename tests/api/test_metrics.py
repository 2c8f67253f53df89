"""What an operator is told in numbers: per connector, per subscription, and no longer than they are there."""

import asyncio
import re
from pathlib import Path

import pytest
import yaml
from prometheus_client import generate_latest

from gateway.hub import Hub
from gateway.measuring import measure
from gateway.metrics import RELAYED, SENT, SUBSCRIPTION_LAG, received
from gateway.store.engine import writing
from gateway.store.times import SECOND, now, to_us
from tests.api.conftest import Api
from tests.project.tree import ROOT
from tests.web.parrot import make_hub

SAMPLE = re.compile(r"(?P<name>\w+)(?:\{(?P<labels>.*)\})? (?P<value>\S+)")


def measured(hub: Hub) -> dict[tuple[str, ...], float]:
    """The numbers by their names and the values of their labels."""
    measure(hub)
    found = {}
    for line in generate_latest().decode().splitlines():
        if sample := SAMPLE.fullmatch(line):
            labels = re.findall(r'="([^"]*)"', sample["labels"] or "")
            found[(sample["name"].removeprefix("onethread_"), *labels)] = float(sample["value"])
    return found


def change(hub: Hub, statement: str, *rows: tuple[object, ...]) -> None:
    with writing(hub.engine) as connection:
        for row in rows or ((),):
            connection.exec_driver_sql(statement, row)


@pytest.fixture
def idle(tmp_path: Path) -> Hub:
    """A hub with two connectors that does nothing by itself."""
    return make_hub(tmp_path, "perch", "attic")


def test_a_connector_that_did_nothing_yet_has_numbers(idle: Hub) -> None:
    found = measured(idle)
    states = {state: found["connector_state", "attic", state] for state in ("up", "degraded", "down")}
    assert states == {"up": 1, "degraded": 0, "down": 0}
    assert [found["deliveries", "attic", status] for status in ("queued", "sending", "uncertain")] == [0, 0, 0]
    for name in ("lane_paused", "lane_breaker_open", "delivery_overdue_seconds", "connector_quarantine_open"):
        assert found[name, "attic"] == 0


def test_a_lane_that_is_broken_and_paused_shows(idle: Hub) -> None:
    later = to_us(now()) + 60 * SECOND
    change(idle, "INSERT INTO lanes (connector_id, owner, fence, lease_until) VALUES ('attic', '', 1, 0)")
    change(idle, "UPDATE lanes SET state = 'down', failures = 8, paused_until = ?", (later,))
    found = measured(idle)
    assert [found["connector_state", "attic", state] for state in ("up", "degraded", "down")] == [0, 0, 1]
    assert (found["lane_paused", "attic"], found["lane_breaker_open", "attic"]) == (1, 1)
    assert (found["lane_paused", "perch"], found["lane_breaker_open", "perch"]) == (0, 0)
    change(idle, "UPDATE lanes SET state = 'up', failures = 4, paused_until = 1")
    found = measured(idle)
    assert (found["lane_paused", "attic"], found["lane_breaker_open", "attic"]) == (0, 0)


def test_deliveries_that_are_not_settled_are_counted(idle: Hub) -> None:
    ago = to_us(now()) - 90 * SECOND
    rows = [
        (str(n), status, ago + n) for n, status in enumerate(("queued", "queued", "sending", "uncertain", "delivered"))
    ]
    change(
        idle,
        "INSERT INTO deliveries VALUES (?1, 'm', 'c', 'r', 'perch', 'message', 2, 1, ?2, ?3, NULL, 0, x'7b7d', ?3, ?3)",
        *rows,
    )
    found = measured(idle)
    assert [found["deliveries", "perch", status] for status in ("queued", "sending", "uncertain")] == [2, 1, 1]
    assert 90 <= found["delivery_overdue_seconds", "perch"] < 120
    assert ("deliveries", "perch", "delivered") not in found


def test_quarantine_is_counted_for_each_connector_also_for_one_that_is_gone(idle: Hub) -> None:
    rows = [("1", "perch"), ("2", "gone")]
    change(idle, "INSERT INTO quarantine VALUES (?1, ?2, 'r', ?1, 'why', x'', 'open', 1, NULL)", *rows)
    found = measured(idle)
    assert [found["connector_quarantine_open", name] for name in ("perch", "attic", "gone")] == [1, 0, 1]
    assert found[("quarantine_open",)] == 2
    change(idle, "UPDATE quarantine SET state = 'replayed'")
    found = measured(idle)
    assert found["connector_quarantine_open", "perch"] == 0
    assert ("connector_quarantine_open", "gone") not in found


@pytest.mark.engine("sqlite")  # the numbers are of the process: a second run begins with those of the first
def test_the_numbers_of_a_connector_go_with_it_and_begin_anew(idle: Hub) -> None:
    received("attic", "recorded").inc(3)
    SENT.labels("attic", "accepted").inc()
    assert measured(idle)["received_total", "attic", "recorded"] == 3
    connectors = idle.connectors
    idle.connectors = {"perch": connectors["perch"]}
    assert [key for key in measured(idle) if "attic" in key] == []
    idle.connectors = connectors
    received("attic", "recorded").inc()
    assert measured(idle)["received_total", "attic", "recorded"] == 1


def test_the_numbers_of_a_subscription_go_with_it(idle: Hub) -> None:
    RELAYED.labels("nobody", "taken").inc()
    SUBSCRIPTION_LAG.labels("nobody").set(7)
    assert [key for key in measured(idle) if "nobody" in key] == []


def test_the_bus_is_up_while_the_hub_runs(idle: Hub, api: Api) -> None:
    assert (measured(idle)[("bus_up",)], measured(idle)[("bus_blocked",)]) == (0, 0)
    assert (measured(api.hub)[("bus_up",)], measured(api.hub)[("bus_blocked",)]) == (1, 0)


def test_what_comes_and_leaves_is_counted_and_timed(api: Api) -> None:
    before = measured(api.hub)
    api.hear("hello")
    command = {"conversation_id": api.conversation()["id"], "text": "hi"}
    api.ask("POST", "/v1/messages", status=202, json=command)
    while not api.events("delivery.updated"):
        news = api.hub.feed.wait(api.hub.feed.newest(), 1.0)
        asyncio.run_coroutine_threadsafe(news, api.hub.loop).result(20)
    after = measured(api.hub)
    for key in (
        ("received_total", "perch", "recorded"),
        ("sent_total", "perch", "accepted"),
        ("send_seconds_count", "perch"),
    ):
        assert after[key] == before.get(key, 0) + 1, key


def test_the_endpoint_gives_what_was_measured(api: Api) -> None:
    measure(api.hub)
    assert 'onethread_connector_state{connector="perch",state="up"} 1.0' in api.client.get("/metrics").text


def test_alerts_name_only_metrics_and_labels_that_exist() -> None:
    groups = yaml.safe_load((ROOT / "deploy" / "alerts.yaml").read_text())["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    told = {line.split()[2]: line.split()[3] for line in generate_latest().decode().splitlines() if "# TYPE" in line}
    named = {name for rule in rules for name in re.findall(r"onethread_\w+", rule["expr"])}
    assert {name.removesuffix("_bucket") for name in named} <= told.keys()
    assert len({rule["alert"] for rule in rules}) == len(rules) > 0
    for rule in rules:
        assert rule["annotations"].keys() == {"summary", "description"}
        assert rule["labels"]["severity"] in ("page", "ticket")
