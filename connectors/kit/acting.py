"""The demonstration's part of a channel: the customer there, and the provider between customer and hub.

A plugin that takes part has an `actor.py` with a subclass of Actor; `connectors/cast.py` says who enters, and in which
order. Everything an actor says reaches the hub as it would from the real provider: signed, and from outside.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, ClassVar, Generic, Self, TypeVar

import requests

from connectors.kit.fixtures import WireRequest

T = TypeVar("T")
P = TypeVar("P", bound=AbstractContextManager[Any])
SECONDS = 20.0
LOOK_EVERY = 0.05


class NotTaken(Exception):
    """The hub did not take what the customer said; the text says what it answered."""


@dataclass(frozen=True)
class Role:
    """The customer: one person, however they write."""

    name: str = "Ana Lima"
    email: str = "ana@example.com"
    phone: str = "+447700900222"
    number: str = "1001"
    """Where people go by numbers."""


@dataclass(frozen=True)
class Scene:
    hub: str
    """Its address, without a slash at the end."""
    mail: tuple[str, int]
    """Host and port where it takes mail by SMTP."""
    role: Role = Role()


class Actor(ABC, Generic[P]):
    """One connector of the demonstration. A context manager: within it the provider answers."""

    connector: ClassVar[str]
    """Its name in the configuration."""
    line: ClassVar[str]
    """What the customer writes there at first."""

    def __init__(self, scene: Scene, provider: P) -> None:
        self.scene = scene
        self.provider = provider

    @abstractmethod
    def entry(self) -> Mapping[str, Any]:
        """The connector's configuration, `plugin` included, while the provider answers."""

    @abstractmethod
    def say(self, text: str) -> None:
        """Returns when the hub has acknowledged it. Raises NotTaken."""

    @abstractmethod
    def heard(self) -> Sequence[str]:
        """What reached the customer by this channel so far, in order."""

    def page(self) -> str | None:
        """Where one may go on writing as the customer; None where there is no such page."""
        return None

    def __enter__(self) -> Self:
        self.provider.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.provider.__exit__(kind, error, trace)


def post(request: WireRequest, hub: str) -> None:
    """Posts a provider's request to the hub. Raises NotTaken."""
    with requests.Session() as session:
        session.trust_env = False  # a proxy of the surroundings has no part in this
        answer = session.request(
            request.method, hub + request.path, headers=dict(request.headers), data=request.body, timeout=SECONDS
        )
    if answer.status_code // 100 != 2:
        raise NotTaken(f"{request.path}: {answer.status_code} {answer.text[:200]}")


def until(found: Callable[[], T | None], what: str, seconds: float = SECONDS) -> T:
    """What is found at last. Raises TimeoutError."""
    ends = time.monotonic() + seconds
    while (value := found()) is None:
        if time.monotonic() > ends:
            raise TimeoutError(f"{what} did not happen within {seconds:g} s")
        time.sleep(LOOK_EVERY)
    return value
