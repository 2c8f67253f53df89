"""The database's server is stopped at once and started again, under load: the hub stays up and goes on by itself."""

import os
import pwd
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from gateway.store.engine import connect
from tests.end_to_end.hub_process import HubProcess, free_port
from tests.postgresql.conftest import check_feed

pytestmark = [pytest.mark.engine("sqlite"), pytest.mark.server("postgres"), pytest.mark.kill]
NOBODY = "nobody"
MOST_TIMES = 6
PATIENCE = 80.0
"""Seconds: a server that was stopped at once mends its files first, on a disk that others write to as well."""


class Server:
    """A server of our own, which runs as somebody who may not be root."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.port = free_port()
        self.url = f"postgresql://hub@127.0.0.1:{self.port}/postgres"
        self._folder = folder
        self._programs = programs
        self._as = {"user": NOBODY} if os.geteuid() == 0 else {}
        self._run("initdb", "-D", str(folder / "data"), "-U", "hub", "-A", "trust", "-E", "UTF8")

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self._folder}"
        self._run(
            "pg_ctl", "-D", str(self._folder / "data"), "-o", options, "-l", str(self._folder / "log"), "-w", "start"
        )

    def stop(self, mode: str = "immediate") -> None:
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-m", mode, "-w", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._programs / program), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=60,
            cwd=self._folder,
            **self._as,
        )
        assert done.returncode == 0, program


@pytest.fixture
def server() -> Iterator[Server]:
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
    folder = Path(tempfile.mkdtemp(prefix="onethread-pg-"))  # not under the test's own, which only root may enter
    if os.geteuid() == 0:
        os.chown(folder, pwd.getpwnam(NOBODY).pw_uid, -1)
    server = Server(folder, programs)
    server.start()
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


def test_the_hub_answers_503_while_it_is_away_and_loses_nothing(tmp_path: Path, server: Server) -> None:
    hub = HubProcess(tmp_path)
    hub.config.write_text(hub.config.read_text().replace(f"sqlite:///{tmp_path}/onethread.db", server.url))
    with hub:
        providers = [Provider(hub, 100 + n) for n in range(4)]
        for provider in providers:
            provider.start()
        for n in range(MOST_TIMES):
            time.sleep(1)
            server.stop()
            time.sleep(1.5)
            assert hub.process
            assert hub.process.poll() is None
            server.start()
            if n and any(503 in provider.statuses for provider in providers):
                break  # not before: of a commit cut off in its midst the server is asked first, and all wait for that
        _until(lambda: all(provider.again for provider in providers), hub)
        for provider in providers:
            provider.end()
        statuses = {status for provider in providers for status in provider.statuses}
        assert statuses <= {200, 503}, (statuses, hub.log())
        assert 503 in statuses, hub.log()
        engine = connect(server.url)
        texts = check_feed_later(engine)
        engine.dispose()
        acknowledged = {text for provider in providers for text in provider.acknowledged}
        assert acknowledged <= set(texts)
        _until(lambda: hub.session.get(f"{hub.url}/readyz", timeout=10).status_code == 200, hub)


class Provider(threading.Thread):
    """Posts messages one after the other, each until it is taken."""

    def __init__(self, hub: HubProcess, chat: int) -> None:
        super().__init__(daemon=True)
        self.acknowledged: list[str] = []
        self.statuses: set[int] = set()
        self.again = 0
        """Messages taken since one was refused last."""
        self._hub = hub
        self._chat = chat
        self._ended = threading.Event()

    def end(self) -> None:
        self._ended.set()
        self.join(60)

    def run(self) -> None:
        n = 0
        while not self._ended.is_set():
            n += 1
            text = f"{self._chat}:{n}"
            update = self._hub.update(text=text, chat=self._chat, message_id=n) | {"update_id": self._chat * 10_000 + n}
            while not self._ended.is_set() and self._post(update) != 200:
                self.again = 0
                time.sleep(0.05)
            self.acknowledged += [text] * (not self._ended.is_set())
            self.again += 1

    def _post(self, update: object) -> int:
        try:
            answer = self._hub.tell(update)  # type: ignore[arg-type]
        except requests.RequestException:
            return 0
        self.statuses.add(answer.status_code)
        return answer.status_code


def check_feed_later(engine: object) -> list[str]:
    """Once what was committed is numbered."""
    end = time.monotonic() + 20
    while True:
        try:
            return check_feed(engine)  # type: ignore[arg-type]
        except AssertionError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def _until(true: Callable[[], bool], hub: HubProcess) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, hub.log()
        time.sleep(0.05)
