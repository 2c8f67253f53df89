"""Processes of one role each on one PostgreSQL and one RabbitMQ; killed in turn, each with a twin beside it."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests

from connectors.channels.telegram.simulator import Simulator
from gateway.roles import Role
from gateway.settings import addresses
from tests.end_to_end.hub_process import ONETHREAD, READY, SECRET, TOKEN, free_port
from tests.roles.parted import Parted, archived, chats, configure, typing, until, whole_way
from tests.servers import ADDRESSES

pytestmark = [pytest.mark.server("rabbitmq", "postgresql"), pytest.mark.kill]
TAKEN_OVER = 10.0
"""Seconds after a kill within which everything goes on."""
HANDED_OVER = 2.5
"""Seconds after an orderly end; one of them until a command of the test's has found its way."""


@pytest.fixture
def store() -> Iterator[str]:
    """A database that is nobody else's."""
    try:
        addresses.store(ADDRESSES["postgresql"])
    except ValueError as error:
        pytest.skip(f"this release: {error}")
    name = f"roles_{uuid4().hex[:12]}"
    psql = ["psql", ADDRESSES["postgresql"], "-qc"]
    subprocess.run([*psql, f"CREATE DATABASE {name}"], check=True, timeout=60)
    yield f"{ADDRESSES['postgresql'].rpartition('/')[0]}/{name}"
    subprocess.run([*psql, f"DROP DATABASE {name} WITH (FORCE)"], check=True, timeout=60)


class Process:
    """`onethread serve --role …`."""

    def __init__(self, folder: Path, role: Role) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = folder / f"{role}-{self.port}.log"
        command = [*ONETHREAD, "serve", "--role", role, "--port", str(self.port)]
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=folder, stdout=log, stderr=log, env={**os.environ, "PYTHONWARNINGS": "error"}
            )
        end = time.monotonic() + READY
        while not self._ready():
            assert self.process.poll() is None, self._log.read_text()
            assert time.monotonic() < end, self._log.read_text()
            time.sleep(0.05)

    def _ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        """In good order."""
        if self.process.poll() is None:
            self.process.terminate()
            assert self.process.wait(30) == 0, self._log.read_text()


class Apart:
    """One process for each role, and those that were started beside them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.processes = {role: Process(folder, role) for role in Role}

    def join(self, role: Role) -> Process:
        return Process(self._folder, role)


@contextmanager
def apart(folder: Path, telegram: Simulator, archive: str, store: str, **more: Any) -> Iterator[tuple[Parted, Apart]]:
    configure(folder, telegram, archive, store, **more)
    create = [*ONETHREAD, "keys", "create", "--scope", "admin", "--json"]
    made = subprocess.run(create, cwd=folder, capture_output=True, check=True, timeout=60)
    spread = Apart(folder)
    urls = {role: process.url for role, process in spread.processes.items()}
    try:
        yield Parted(urls, json.loads(made.stdout)["key"], archive, telegram), spread
    finally:
        for process in spread.processes.values():
            process.end()


@pytest.fixture
def telegram() -> Iterator[Simulator]:
    with Simulator({"token": TOKEN, "secret_token": SECRET}) as simulator:
        yield simulator


@pytest.mark.timeout(300)
def test_five_processes_do_what_one_does_and_each_can_be_killed(
    tmp_path: Path, telegram: Simulator, store: str
) -> None:
    with archived() as archive, apart(tmp_path, telegram, archive, store) as (parted, spread):
        whole_way(parted)
        chats(parted)
        for role in Role:
            twin = spread.join(role)
            spread.processes[role].kill()
            spread.processes[role], parted.urls[role] = twin, twin.url
            began = time.monotonic()
            whole_way(parted, f"after {role} was killed")
            assert time.monotonic() - began < TAKEN_OVER + 1, role  # a promise of one second is part of the way
        chats(parted)
        for process in spread.processes.values():
            process.end()


@pytest.mark.timeout(300)
def test_what_ends_in_good_order_is_taken_over_within_a_second(tmp_path: Path, telegram: Simulator, store: str) -> None:
    with archived() as archive, apart(tmp_path, telegram, archive, store) as (parted, spread):
        whole_way(parted)
        conversation = parted.received("Where is it?")["data"]["message"]["conversation_id"]
        for role in (Role.DELIVER, Role.RELAY):
            twin = spread.join(role)
            spread.processes[role].end()
            spread.processes[role] = twin
            began = time.monotonic()
            parted.hear(f"{role} ended")
            parted.answer(conversation, f"{role} ended")
            until(lambda text=f"{role} ended": text in parted.said())  # type: ignore[misc]
            until(lambda text=f"{role} ended": text in parted.queued())  # type: ignore[misc]
            assert time.monotonic() - began < HANDED_OVER, role


@pytest.mark.timeout(300)
def test_of_two_relays_that_share_a_queue_one_is_killed_and_nothing_is_missing(
    tmp_path: Path, telegram: Simulator, store: str
) -> None:
    with archived() as archive, apart(tmp_path, telegram, archive, store) as (parted, spread):
        twin, texts, seen = spread.join(Role.RELAY), [f"n {n}" for n in range(60)], set[str]()
        for n, text in enumerate(texts):
            parted.hear(text)
            if n == 30:
                spread.processes[Role.RELAY].kill()
                spread.processes[Role.RELAY] = twin
        end = time.monotonic() + TAKEN_OVER
        while seen != set(texts):
            seen |= set(parted.queued())
            assert time.monotonic() < end, sorted(set(texts) - seen)
            time.sleep(0.1)


@pytest.mark.timeout(120)
def test_typing_finds_its_way_between_processes(tmp_path: Path, telegram: Simulator, store: str) -> None:
    with archived() as archive, apart(tmp_path, telegram, archive, store) as (parted, _):
        typing(parted)
