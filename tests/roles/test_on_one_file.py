"""Roles that run apart on one store: each does its own part, and whoever is left takes over.

On SQLite, in one process, so that what wakes other processes is missing: what is shown here rests on looking alone.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.channels.telegram.simulator import Simulator
from gateway.roles import Role
from gateway.store.engine import writing
from gateway.store.times import SECOND, now_us
from tests.end_to_end.hub_process import SECRET, TOKEN
from tests.roles.parted import OnOneFile, archived, chats, until, whole_way

pytestmark = pytest.mark.server("rabbitmq")


@pytest.fixture
def telegram() -> Iterator[Simulator]:
    with Simulator({"token": TOKEN, "secret_token": SECRET}) as simulator:
        yield simulator


@pytest.fixture
def archive() -> Iterator[str]:
    with archived() as name:
        yield name


def test_five_hubs_of_one_role_do_together_what_one_of_all_does(
    tmp_path: Path, telegram: Simulator, archive: str
) -> None:
    with OnOneFile(tmp_path, telegram, archive) as spread:
        whole_way(spread.parted)
        chats(spread.parted)
        hubs = {role: served.hub for role, served in spread.served.items()}
        assert {role for role, hub in hubs.items() if hub.bus.up} == {Role.RELAY}
        with hubs[Role.CLOCK].engine.connect() as store:
            lanes = set(store.exec_driver_sql("SELECT owner FROM lanes").scalars())
            subscriptions = set(store.exec_driver_sql("SELECT owner FROM subscriptions").scalars())
        assert (lanes, subscriptions) == ({hubs[Role.DELIVER].name}, {hubs[Role.RELAY].name})


def test_who_is_left_goes_on_at_once_where_another_ended_in_good_order(
    tmp_path: Path, telegram: Simulator, archive: str
) -> None:
    with OnOneFile(tmp_path, telegram, archive) as spread:
        spread.parted.hear("one")
        conversation = spread.parted.received("one")["data"]["message"]["conversation_id"]
        until(lambda: "one" in spread.parted.queued())
        for role in (Role.DELIVER, Role.RELAY):
            spread.join(role)
            time.sleep(1.5)  # it has asked for the leases, and did not get them
            spread.served[role].end()
        began = time.monotonic()
        spread.parted.hear("two")
        spread.parted.answer(conversation, "two")
        until(lambda: "two" in spread.parted.said())
        until(lambda: "two" in spread.parted.queued())
        assert time.monotonic() - began < 4.0  # the lease alone would last five seconds


def test_what_a_dead_process_held_is_taken_over_when_its_lease_lapses(
    tmp_path: Path, telegram: Simulator, archive: str
) -> None:
    with OnOneFile(tmp_path, telegram, archive) as spread:
        spread.parted.hear("one")
        conversation = spread.parted.received("one")["data"]["message"]["conversation_id"]
        for role in (Role.DELIVER, Role.RELAY):
            spread.served[role].end()
        until(lambda: not any(spread.served[role].running() for role in (Role.DELIVER, Role.RELAY)))
        with writing(spread.served[Role.CLOCK].hub.engine) as store:
            lapses = now_us() + 5 * SECOND
            for table in ("lanes", "subscriptions"):
                store.exec_driver_sql(f"UPDATE {table} SET owner = 'dead', lease_until = ?", (lapses,))  # noqa: S608
        began = time.monotonic()
        spread.join(Role.DELIVER)
        spread.join(Role.RELAY)
        spread.parted.answer(conversation, "late")
        spread.parted.hear("late")
        until(lambda: "late" in spread.parted.said())
        until(lambda: "late" in spread.parted.queued())
        assert 3.0 < time.monotonic() - began < 10.0


def test_an_idle_lease_is_kept_while_others_wait_for_it(tmp_path: Path, telegram: Simulator, archive: str) -> None:
    def fences() -> list[int]:
        with spread.served[Role.CLOCK].hub.engine.connect() as store:
            sql = "SELECT fence FROM lanes UNION ALL SELECT fence FROM subscriptions"
            return list(store.exec_driver_sql(sql).scalars())

    with OnOneFile(tmp_path, telegram, archive) as spread:
        spread.join(Role.DELIVER)
        spread.join(Role.RELAY)
        until(lambda: len(fences()) == 4)
        before = fences()
        time.sleep(7)
        assert fences() == before == [1] * 4
