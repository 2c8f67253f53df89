"""A hub as its operators run it: a process of its own, a configuration file, a key, and HTTP."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

import requests

from tests.stores import url_of

ONETHREAD = [sys.executable, "-m", "gateway.cli"]
READY = 20.0
"""Seconds a start may take on a busy machine."""
TOKEN = "123456:AAtesttoken"
SECRET = "webhook-secret"


class HubProcess:
    """`onethread serve` in a folder; killed and started again at will."""

    def __init__(self, folder: Path, api_base: str = "http://127.0.0.1:9", **telegram: Any) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.config = folder / "onethread.yaml"
        settings = {"plugin": "telegram", "token": TOKEN, "secret_token": SECRET, "api_base": api_base, **telegram}
        self.config.write_text(
            json.dumps(
                {
                    "public_url": self.url,
                    "store": url_of(folder / "onethread.db", made=False),
                    "limits": {"lease": 1},
                    "connectors": {"support-telegram": settings},
                }
            )
        )
        self.process: subprocess.Popen[bytes] | None = None
        self.session = requests.Session()
        self._updates = 0

    def __enter__(self) -> Self:
        self.start()
        key = self.run("keys", "create", "--scope", "admin", "--json")["key"]
        self.session.headers["Authorization"] = f"Bearer {key}"
        return self

    def __exit__(self, *_: object) -> None:
        self.session.close()
        self.stop()

    def run(self, *arguments: str) -> Any:
        """A command of the command line, its JSON."""
        command = [*ONETHREAD, *arguments, "--config", str(self.config)]
        done = subprocess.run(command, capture_output=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout)

    def start(self) -> None:
        log = (self.folder / "hub.log").open("ab")
        command = [*ONETHREAD, "serve", "--config", str(self.config), "--port", str(self.port)]
        self.process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "PYTHONWARNINGS": "error"})
        log.close()
        self.wait_ready()

    def wait_ready(self) -> None:
        end = time.monotonic() + READY
        while time.monotonic() < end:
            assert self.process
            assert self.process.poll() is None, self.log()
            try:
                if requests.get(f"{self.url}/readyz", timeout=30).status_code == 200:
                    return
            except (requests.ConnectionError, requests.Timeout):  # not there yet, or a busy machine
                time.sleep(0.05)
        raise AssertionError(self.log())

    def log(self) -> str:
        """What it has said so far."""
        return (self.folder / "hub.log").read_text()

    def kill(self) -> None:
        """As the machine's power would: kill -9."""
        assert self.process
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            assert self.process.wait(30) == 0, self.log()

    def get(self, path: str, **parameters: Any) -> Any:
        answer = self.session.get(f"{self.url}{path}", params=parameters, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any, **headers: str) -> requests.Response:
        return self.session.post(f"{self.url}{path}", json=body, headers=headers, timeout=30)

    def events(self, types: str = "") -> list[dict[str, Any]]:
        """The whole feed, page by page."""
        found: list[dict[str, Any]] = []
        after = ""
        while page := self.get("/v1/events", after=after, types=types, limit=500):
            found += page["events"]
            if not page["events"]:
                return found
            after = page["next"]
        return found

    def until(self, types: str, count: int = 1) -> list[dict[str, Any]]:
        """The events of these types, once there are so many."""
        end = time.monotonic() + 20
        while len(found := self.events(types)) < count:
            assert time.monotonic() < end, [event["type"] for event in self.events()]
            self.get("/v1/events", after=self.get("/v1/events", limit=1000)["next"], wait=1)
        return found

    def update(self, chat: int = 5012345678, **message: Any) -> dict[str, Any]:
        """A Telegram update of its own."""
        self._updates += 1
        n = self._updates
        person = {"id": chat, "is_bot": False, "first_name": "Mina", "language_code": "en"}
        defaults = {
            "message_id": n,
            "from": person,
            "chat": {"id": chat, "type": "private", "first_name": "Mina"},
            "date": 1790000000 + n,
        }
        return {"update_id": 880142000 + n, "message": {**defaults, **message}}

    def tell(self, update: dict[str, Any], secret: str | None = SECRET) -> requests.Response:
        """Posts an update as Telegram does."""
        headers = {} if secret is None else {"X-Telegram-Bot-Api-Secret-Token": secret}
        return requests.post(f"{self.url}/in/support-telegram", json=update, headers=headers, timeout=30)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
