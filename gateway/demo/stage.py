"""The hub of the demonstration: a process of its own, on a store that is thrown away."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import requests

from connectors.cast import CAST
from connectors.kit.acting import SECONDS, Actor, Scene, until
from gateway.keys import Scope, create_key
from gateway.store.engine import open_store

FILE = "onethread.yaml"
GRACE = 20.0
"""Seconds the hub gets to end."""


class NotPlayed(Exception):
    """The demonstration could not go on; the text is one sentence for people."""


class Api:
    """The hub's API, as a helpdesk uses it."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy of the surroundings has no part in this
        self._session.headers["authorization"] = f"Bearer {key}"

    def get(self, path: str, **query: str | int) -> Any:
        return self._answer(self._session.get(self._url + path, params=query, timeout=2 * SECONDS))

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        return self._answer(self._session.post(self._url + path, json=body, timeout=SECONDS))

    def _answer(self, answer: requests.Response) -> Any:
        """Raises NotPlayed."""
        if not answer.ok:
            raise NotPlayed(f"{answer.request.method} {answer.url}: {answer.status_code} {answer.text[:300]}")
        return answer.json()


@dataclass(frozen=True)
class Stage:
    actors: Sequence[Actor[Any]]
    api: Api
    url: str


@contextmanager
def staged(folder: Path, port: int) -> Iterator[Stage]:
    """Providers, hub and a key, until the end. Port 0 takes a free one. Raises NotPlayed."""
    port = port or free_port()
    scene = Scene(f"http://127.0.0.1:{port}", ("127.0.0.1", free_port()))
    with ExitStack() as stack:
        actors = [stack.enter_context(_actor(name)(scene)) for name in CAST]
        config = folder / FILE
        config.write_text(json.dumps(_configuration(scene, port, actors)))  # JSON is YAML
        stack.enter_context(_hub(config, scene.hub))
        yield Stage(actors, Api(scene.hub, _key(folder)), scene.hub)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _actor(name: str) -> Callable[[Scene], Actor[Any]]:
    module, _, kind = name.partition(":")
    found: Callable[[Scene], Actor[Any]] = getattr(import_module(module), kind)
    return found


def _configuration(scene: Scene, port: int, actors: Sequence[Actor[Any]]) -> Mapping[str, Any]:
    host, mail = scene.mail
    return {
        "public_url": scene.hub,
        "listen": f"127.0.0.1:{port}",
        "store": "sqlite:///demo.db",
        "files": "./files",
        "listeners": {"smtp": f"{host}:{mail}"},
        "connectors": {actor.connector: dict(actor.entry()) for actor in actors},
    }


def _key(folder: Path) -> str:
    engine = open_store(f"sqlite:///{folder / 'demo.db'}")
    try:
        return create_key(engine, "demo", [Scope.ADMIN])[0]
    finally:
        engine.dispose()


@contextmanager
def _hub(config: Path, url: str) -> Iterator[None]:
    command = [sys.executable, "-m", "gateway.cli", "serve", "--config", str(config)]
    log = config.with_suffix(".log")
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603 - our own program
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env={**os.environ, "PYTHONUNBUFFERED": "1"}
        )
        try:
            until(lambda: _answers(process, url, log), "the hub's start")
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(GRACE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _answers(process: "subprocess.Popen[bytes]", url: str, log: Path) -> bool | None:
    if process.poll() is not None:
        last = log.read_text(errors="replace").strip().splitlines()[-1:]
        raise NotPlayed(f"the hub did not start: {''.join(last)}")
    with suppress(requests.RequestException):
        return requests.get(f"{url}/readyz", timeout=SECONDS).ok or None
    return None
